//! The code of the app, as Android's runtime reads it ("Dalvik executable format").

use super::octets::{slice, u16_at, usize_at};
use crate::error::Result;

/// Newest version of the format that API 28 reads.
const NEWEST: u32 = 39;
/// Where the header says where the map is.
const MAP_OFF: usize = 0x34;
/// `TYPE_CALL_SITE_ID_ITEM`: only `invoke-custom` refers to these.
const CALL_SITE_IDS: u16 = 0x0007;

/// What API 28 could not run in a file of this name.
pub fn faults(name: &str, dex: &[u8]) -> Result<Vec<String>> {
    let mut faults = Vec::new();
    let magic = slice(dex, 0, 8)?;
    let version = magic.strip_prefix(b"dex\n").and_then(|rest| rest.strip_suffix(b"\0"));
    let version = version.and_then(|digits| std::str::from_utf8(digits).ok()?.parse::<u32>().ok());
    match version {
        None => return Ok(vec![format!("{name} is no dex file")]),
        Some(version) if version > NEWEST => {
            faults.push(format!("{name} has version {version} of the format, newer than {NEWEST}"));
        }
        Some(_) => {}
    }
    let sites = call_sites(dex)?;
    if sites > 0 {
        faults.push(format!("{name} has {sites} call sites of invoke-custom"));
    }
    Ok(faults)
}

fn call_sites(dex: &[u8]) -> Result<usize> {
    let map = usize_at(dex, MAP_OFF)?;
    let mut sites = 0;
    for item in 0..usize_at(dex, map)? {
        let at = map + 4 + item * 12;
        if u16_at(dex, at)? == CALL_SITE_IDS {
            sites += usize_at(dex, at + 4)?;
        }
    }
    Ok(sites)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A header and a map of a header item and `sites` call sites.
    fn dex(version: &[u8; 3], sites: u8) -> Vec<u8> {
        let mut dex = [b"dex\n".as_slice(), version, b"\0"].concat();
        dex.resize(MAP_OFF, 0);
        dex.extend([0x70, 0, 0, 0]);
        dex.resize(0x70, 0);
        dex.extend([2, 0, 0, 0]);
        dex.extend([0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0]);
        dex.extend([7, 0, 0, 0, sites, 0, 0, 0, 0, 0, 0, 0]);
        dex
    }

    #[test]
    fn plain_code_passes() {
        assert_eq!(faults("classes.dex", &dex(b"039", 0)).unwrap(), Vec::<String>::new());
    }

    #[test]
    fn invoke_custom_is_refused() {
        let found = faults("classes.dex", &dex(b"039", 3)).unwrap();
        assert_eq!(found, ["classes.dex has 3 call sites of invoke-custom"]);
    }

    #[test]
    fn a_newer_format_is_refused() {
        let found = faults("classes.dex", &dex(b"040", 0)).unwrap();
        assert_eq!(found, ["classes.dex has version 40 of the format, newer than 39"]);
    }

    #[test]
    fn something_else_is_refused() {
        assert_eq!(faults("classes.dex", b"PK\x03\x04 and more").unwrap(), ["classes.dex is no dex file"]);
        assert!(faults("classes.dex", b"dex\n039\0").is_err());
    }
}
