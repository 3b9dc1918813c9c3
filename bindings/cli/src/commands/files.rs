//! Files and addresses of the command line.

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use client::{CoreError, EmailAddress, FileToSend, Unreadable};

use crate::failure::Failure;
use crate::streams::{read_input, write_octets};

/// Largest file that is attached, in octets.
const MAX_FILE: u64 = 40 * 1024 * 1024;

pub(crate) fn read(path: &Path) -> Result<Vec<u8>, Failure> {
    std::fs::read(path).map_err(|error| Failure::file(path, &error))
}

/// Reads a file; `-` is standard input.
pub(crate) fn read_or_stdin(path: &Path) -> Result<Vec<u8>, Failure> {
    read_at_most(path, u64::MAX)
}

/// As [`read_or_stdin`], but only the first `limit` octets.
pub(crate) fn read_at_most(path: &Path, limit: u64) -> Result<Vec<u8>, Failure> {
    let mut octets = Vec::new();
    if path.as_os_str() == "-" {
        octets = read_input(limit).map_err(|error| Failure::file(Path::new("standard input"), &error))?;
    } else {
        let read = File::open(path).and_then(|file| file.take(limit).read_to_end(&mut octets));
        read.map_err(|error| Failure::file(path, &error))?;
    }
    Ok(octets)
}

/// Writes a new file; an existing one is replaced. One that can't be written whole is removed. `-` is standard output.
pub(crate) fn write(path: &Path, octets: &[u8]) -> Result<(), Failure> {
    use std::io::Write;
    if path.as_os_str() == "-" {
        return write_octets(octets).map_err(|error| Failure::output(Path::new("standard output"), &error));
    }
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create(true).truncate(true);
    // It may be decrypted content: for its owner only.
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(path).map_err(|error| Failure::output(path, &error))?;
    file.write_all(octets).map_err(|error| {
        drop(file);
        // Never a device.
        if path.is_file() {
            let _ = std::fs::remove_file(path);
        }
        Failure::output(path, &error)
    })
}

/// Whether `output` is a file that can be made, and not the input: for what takes long, or asks others.
pub(crate) fn check_output(input: &Path, output: &Path) -> Result<(), Failure> {
    if client::files::is_same(input, output) {
        let name = output.display();
        return Err(Failure::Argument(format!(
            "{name}: input and output are the same file; name another output"
        )));
    }
    let folder = output.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let problem = match (output.is_dir(), std::fs::metadata(folder)) {
        (true, _) => std::io::ErrorKind::IsADirectory,
        (_, Err(error)) => error.kind(),
        (_, Ok(folder)) if !folder.is_dir() => std::io::ErrorKind::NotADirectory,
        _ => return Ok(()),
    };
    Err(Failure::output(output, &problem.into()))
}

pub(crate) fn address(text: &str) -> Result<EmailAddress, Failure> {
    text.parse().map_err(|_| Failure::Argument(format!("{text:?} is not an e-mail address")))
}

pub(crate) fn addresses(texts: &[String]) -> Result<Vec<EmailAddress>, Failure> {
    texts.iter().map(|text| address(text)).collect()
}

/// DER of every certificate in the files.
pub(crate) fn certificates(paths: &[PathBuf]) -> Result<Vec<Vec<u8>>, Failure> {
    let mut all = Vec::new();
    for path in paths {
        let file = read(path)?;
        let certificates =
            client::read_certificates(&file).map_err(|_| unreadable(path, &file, "no certificate"))?;
        all.extend(certificates.into_iter().map(|certificate| certificate.der().to_vec()));
    }
    Ok(all)
}

/// A file that does not hold `what` is asked for.
pub(super) fn unreadable(path: &Path, file: &[u8], what: impl ToString) -> Failure {
    let name = path.display().to_string();
    if client::is_pkcs12(file) {
        return Failure::Argument(format!(
            "{name}: this is a PKCS#12 file; `countersign p12 {name}` shows what it holds"
        ));
    }
    Failure::Unreadable { name, what: what.to_string() }
}

/// Text of the command line; `-` is standard input.
pub(crate) fn text(argument: String) -> Result<String, Failure> {
    if argument != "-" {
        return Ok(argument);
    }
    let failed = |error: std::io::Error| Failure::file(Path::new("standard input"), &error);
    let octets = read_input(u64::MAX).map_err(failed)?;
    String::from_utf8(octets).map_err(|_| failed(std::io::ErrorKind::InvalidData.into()))
}

pub(crate) fn attachments(paths: &[PathBuf]) -> Result<Vec<FileToSend>, Failure> {
    paths.iter().map(|path| attachment(path)).collect()
}

fn attachment(path: &Path) -> Result<FileToSend, Failure> {
    let length = std::fs::metadata(path).map_err(|error| Failure::file(path, &error))?.len();
    if length > MAX_FILE {
        return Err(Failure::Argument(format!("{}: larger than 40 MiB", path.display())));
    }
    let name = path.file_name().and_then(|name| name.to_str());
    let name = name.ok_or(Failure::Core(CoreError::Unreadable(Unreadable::File)))?.to_owned();
    let extension =
        path.extension().and_then(|extension| extension.to_str()).unwrap_or_default().to_lowercase();
    let content_type = match extension.as_str() {
        "pdf" => "application/pdf",
        "txt" => "text/plain",
        "csv" => "text/csv",
        "html" | "htm" => "text/html",
        "png" => "image/png",
        "jpg" | "jpeg" => "image/jpeg",
        "docx" => "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
        "xlsx" => "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
        "pptx" => "application/vnd.openxmlformats-officedocument.presentationml.presentation",
        "odt" => "application/vnd.oasis.opendocument.text",
        "ods" => "application/vnd.oasis.opendocument.spreadsheet",
        "zip" => "application/zip",
        _ => "application/octet-stream",
    };
    Ok(FileToSend { name, content_type: content_type.to_owned(), bytes: read(path)? })
}
