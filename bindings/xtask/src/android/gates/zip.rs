//! The APK as a ZIP file (APPNOTE.TXT 6.3): what it holds, where that lies, how it is stored.

use std::io::Read;

use flate2::read::DeflateDecoder;

use super::octets::{slice, u16_at, u32_at, usize_at};
use crate::error::{Error, Result};

/// Pages of newer phones: a library that is mapped right out of the APK begins on one.
const PAGE: usize = 16384;
/// The resource table is mapped too; Android 11 and later refuse one that is compressed or not on 4.
const WORD: usize = 4;

/// One file in the archive.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Its path.
    pub name: String,
    /// Not compressed.
    pub stored: bool,
    /// Where its octets begin in the archive.
    pub offset: usize,
    /// Octets in the archive.
    pub packed: usize,
}

/// A ZIP file, read.
#[derive(Debug)]
pub struct Archive {
    /// The whole file.
    pub bytes: Vec<u8>,
    /// What it holds, in the order of its directory.
    pub entries: Vec<Entry>,
}

impl Archive {
    /// Reads the directory (section 4.3.12).
    pub fn read(bytes: Vec<u8>) -> Result<Self> {
        let end = bytes
            .windows(4)
            .rposition(|window| window == b"PK\x05\x06")
            .ok_or_else(|| Error::Check("this is no ZIP file".to_owned()))?;
        let (count, mut at) = (u16_at(&bytes, end + 10)?, usize_at(&bytes, end + 16)?);
        let mut entries = Vec::new();
        for _ in 0..count {
            if u32_at(&bytes, at)? != 0x0201_4b50 {
                return Err(Error::Check(format!("no directory entry at octet {at}")));
            }
            let [name, extra, comment] =
                [28, 30, 32].map(|field| u16_at(&bytes, at + field).map(usize::from));
            let (name, extra, comment) = (name?, extra?, comment?);
            let header = usize_at(&bytes, at + 42)?;
            // The extra field of the file's own header has a length of its own: padding stands there.
            let before =
                usize::from(u16_at(&bytes, header + 26)?) + usize::from(u16_at(&bytes, header + 28)?);
            entries.push(Entry {
                name: String::from_utf8_lossy(slice(&bytes, at + 46, name)?).into_owned(),
                stored: u16_at(&bytes, at + 10)? == 0,
                offset: header + 30 + before,
                packed: usize_at(&bytes, at + 20)?,
            });
            at += 46 + name + extra + comment;
        }
        Ok(Archive { bytes, entries })
    }

    /// The file at `entry`, unpacked.
    pub fn content(&self, entry: &Entry) -> Result<Vec<u8>> {
        let packed = slice(&self.bytes, entry.offset, entry.packed)?;
        if entry.stored {
            return Ok(packed.to_vec());
        }
        let mut content = Vec::new();
        let broken = |error| Error::Check(format!("{} can't be unpacked: {error}", entry.name));
        DeflateDecoder::new(packed).read_to_end(&mut content).map_err(broken)?;
        Ok(content)
    }
}

/// What a phone would not map, or not even install.
pub fn faults(archive: &Archive) -> Vec<String> {
    let mut faults = Vec::new();
    for entry in &archive.entries {
        let boundary = match entry.name.as_str() {
            name if name.ends_with(".so") => PAGE,
            "resources.arsc" => WORD,
            _ => continue,
        };
        if !entry.stored {
            faults.push(format!("{} is compressed", entry.name));
        }
        if entry.offset % boundary != 0 {
            faults.push(format!("{} begins at {:#x}, not on {boundary}", entry.name, entry.offset));
        }
    }
    faults
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A ZIP file with one stored entry whose octets begin at `offset`.
    fn archive(name: &str, method: u8, offset: usize) -> Vec<u8> {
        let length = u8::try_from(name.len()).unwrap();
        let padding = offset - 30 - name.len();
        let content = b"octets";
        let sizes = [6, 0, 0, 0, 6, 0, 0, 0];
        let mut zip = b"PK\x03\x04\x0a\0\0\0".to_vec();
        zip.extend([method, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
        zip.extend(sizes);
        zip.extend([length, 0]);
        zip.extend(u16::try_from(padding).unwrap().to_le_bytes());
        zip.extend(name.as_bytes());
        zip.extend(vec![0; padding]);
        zip.extend(content);
        let directory = u32::try_from(zip.len()).unwrap();
        zip.extend(b"PK\x01\x02\x0a\0\x0a\0\0\0");
        zip.extend([method, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
        zip.extend(sizes);
        zip.extend([length, 0]);
        zip.extend([0; 16]);
        zip.extend(name.as_bytes());
        zip.extend(b"PK\x05\x06\0\0\0\0\x01\0\x01\0\0\0\0\0");
        zip.extend(directory.to_le_bytes());
        zip.extend([0, 0]);
        zip
    }

    #[test]
    fn a_stored_library_on_a_page_passes() {
        let archive = Archive::read(archive("lib/x86_64/liba.so", 0, 16384)).unwrap();
        assert_eq!(faults(&archive), Vec::<String>::new());
        assert_eq!(archive.content(&archive.entries[0]).unwrap(), b"octets");
    }

    #[test]
    fn a_library_beside_a_page_is_refused() {
        let archive = Archive::read(archive("lib/x86_64/liba.so", 0, 4096)).unwrap();
        assert_eq!(faults(&archive), ["lib/x86_64/liba.so begins at 0x1000, not on 16384"]);
    }

    #[test]
    fn a_compressed_library_is_refused() {
        let archive = Archive::read(archive("lib/x86_64/liba.so", 8, 16384)).unwrap();
        assert_eq!(faults(&archive), ["lib/x86_64/liba.so is compressed"]);
    }

    #[test]
    fn a_resource_table_on_an_odd_place_is_refused() {
        let archive = Archive::read(archive("resources.arsc", 0, 46)).unwrap();
        assert_eq!(faults(&archive), ["resources.arsc begins at 0x2e, not on 4"]);
    }

    #[test]
    fn a_cut_file_is_an_error() {
        let mut cut = archive("resources.arsc", 0, 48);
        cut.drain(..10);
        assert!(Archive::read(cut).is_err());
        assert!(Archive::read(Vec::new()).is_err());
    }
}
