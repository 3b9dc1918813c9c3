//! Text form of DER (RFC 7468), and the older one with headers (RFC 1421).

use zeroize::Zeroizing;

use crate::asn1;

const BEGIN: &str = "-----BEGIN ";
const END: &str = "-----END ";
const DASHES: &str = "-----";

/// Columns of the base64 that is written (RFC 7468 section 2).
const LINE: usize = 64;

/// One block, still in base64.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Block<'a> {
    /// What stands behind `BEGIN`.
    pub(crate) label: &'a str,
    body: &'a str,
}

impl Block<'_> {
    /// RFC 1421 headers stand before the base64: OpenSSL's old way to encrypt.
    pub(crate) fn has_headers(&self) -> bool {
        self.body.contains(':')
    }

    /// The octets; `None` when the body is no base64.
    pub(crate) fn der(&self) -> Option<Zeroizing<Vec<u8>>> {
        let mut base64 = Zeroizing::new(Vec::with_capacity(self.body.len()));
        base64.extend(self.body.bytes().filter(|octet| !octet.is_ascii_whitespace()));
        data_encoding::BASE64.decode(&base64).ok().map(Zeroizing::new)
    }
}

/// The blocks of a file in order; a block without its end is left out. Comments around them may be in any charset.
pub(crate) fn blocks(file: &[u8]) -> Vec<Block<'_>> {
    let mut blocks = Vec::new();
    for chunk in file.utf8_chunks() {
        let mut rest = chunk.valid();
        while let Some((_, after)) = rest.split_once(BEGIN) {
            let Some((label, body)) = after.split_once(DASHES) else { break };
            let Some((body, after)) = body.split_once(END) else { break };
            blocks.push(Block { label, body });
            rest = after;
        }
    }
    blocks
}

/// Why a file of several objects was not read.
pub(crate) enum FileError {
    /// It holds none.
    Missing,
    /// The body of a block is no base64.
    Malformed,
    /// More than the caller allows.
    TooMany,
}

/// Every object of a PEM file with one of these labels (other blocks are skipped), or the one of a DER file; at least one,
/// and `most` at most.
pub(crate) fn read_all<T, E: From<FileError>>(
    file: &[u8],
    labels: &[&str],
    most: usize,
    read: impl Fn(&[u8]) -> Result<T, E>,
) -> Result<Vec<T>, E> {
    let blocks = blocks(file);
    if blocks.is_empty() {
        return match file.first() {
            Some(&asn1::SEQUENCE) => Ok(vec![read(file)?]),
            _ => Err(FileError::Missing.into()),
        };
    }
    let mut objects = Vec::new();
    for block in blocks.iter().filter(|block| labels.contains(&block.label)) {
        if objects.len() == most {
            return Err(FileError::TooMany.into());
        }
        let der = block.der().ok_or(FileError::Malformed)?;
        objects.push(read(&der)?);
    }
    if objects.is_empty() { Err(FileError::Missing.into()) } else { Ok(objects) }
}

/// One block with this label; lines end with LF.
pub(crate) fn text(label: &str, der: &[u8]) -> Zeroizing<String> {
    let base64 = Zeroizing::new(data_encoding::BASE64.encode(der));
    let mut pem =
        Zeroizing::new(String::with_capacity(base64.len() + base64.len() / LINE + 2 * label.len() + 64));
    for part in [BEGIN, label, DASHES, "\n"] {
        pem.push_str(part);
    }
    let mut rest = base64.as_str();
    while let Some((line, after)) = rest.split_at_checked(LINE) {
        pem.push_str(line);
        pem.push('\n');
        rest = after;
    }
    if !rest.is_empty() {
        pem.push_str(rest);
        pem.push('\n');
    }
    for part in [END, label, DASHES, "\n"] {
        pem.push_str(part);
    }
    pem
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_are_found_between_comments_of_any_charset() {
        let file = b"Gr\xfc\xdfe\n-----BEGIN A-----\r\nAQID\r\n-----END A-----\nmore\n-----BEGIN B-----\nX: y\n\nBAUG\n-----END B-----\n\
                     -----BEGIN C-----\nAAAA";
        let found = blocks(file);
        assert_eq!(found.iter().map(|block| block.label).collect::<Vec<_>>(), ["A", "B"]);
        assert_eq!(found[0].der().unwrap().as_slice(), [1, 2, 3]);
        assert!(found[1].has_headers() && found[1].der().is_none());
    }

    #[test]
    fn lines_have_64_columns() {
        assert_eq!(text("A", &[1, 2, 3]).as_str(), "-----BEGIN A-----\nAQID\n-----END A-----\n");
        let full = text("A", &[0; 48]);
        assert_eq!(full.lines().map(str::len).collect::<Vec<_>>(), [17, 64, 15]);
        assert_eq!(text("A", &[0; 49]).lines().map(str::len).collect::<Vec<_>>(), [17, 64, 4, 15]);
        assert_eq!(blocks(full.as_bytes())[0].der().unwrap().as_slice(), [0; 48]);
    }
}
