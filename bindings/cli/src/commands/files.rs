//! Files and addresses of the command line.

use std::io::Read;
use std::path::{Path, PathBuf};

use client::{CoreError, EmailAddress, FileToSend, Unreadable};

use crate::failure::Failure;

/// Largest file that is attached, in octets.
const MAX_FILE: u64 = 40 * 1024 * 1024;

pub(crate) fn read(path: &Path) -> Result<Vec<u8>, Failure> {
    std::fs::read(path).map_err(|error| Failure::file(path, &error))
}

/// Reads a file; `-` is standard input.
pub(crate) fn read_or_stdin(path: &Path) -> Result<Vec<u8>, Failure> {
    if path.as_os_str() != "-" {
        return read(path);
    }
    let mut octets = Vec::new();
    std::io::stdin()
        .lock()
        .read_to_end(&mut octets)
        .map_err(|error| Failure::file(Path::new("standard input"), &error))?;
    Ok(octets)
}

/// Writes a new file; an existing one is replaced.
pub(crate) fn write(path: &Path, octets: &[u8]) -> Result<(), Failure> {
    use std::io::Write;
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create(true).truncate(true);
    // It may be decrypted content: for its owner only.
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options
        .open(path)
        .and_then(|mut file| file.write_all(octets))
        .map_err(|error| Failure::file(path, &error))
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
        let certificates =
            client::read_certificates(&read(path)?).map_err(|_| unreadable(path, "no certificate"))?;
        all.extend(certificates.into_iter().map(|certificate| certificate.der().to_vec()));
    }
    Ok(all)
}

pub(super) fn unreadable(path: &Path, what: impl ToString) -> Failure {
    Failure::Unreadable { name: path.display().to_string(), what: what.to_string() }
}

/// Text of the command line; `-` is standard input.
pub(crate) fn text(argument: String) -> Result<String, Failure> {
    if argument != "-" {
        return Ok(argument);
    }
    let mut text = String::new();
    std::io::stdin()
        .read_to_string(&mut text)
        .map_err(|error| Failure::file(Path::new("standard input"), &error))?;
    Ok(text)
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
