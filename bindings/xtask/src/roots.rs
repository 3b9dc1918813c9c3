//! The roots for e-mail, taken out of NSS's `certdata.txt`.
//!
//! The file is a list of PKCS#11 objects, one attribute a line: `NAME TYPE VALUE`, where a value of the type
//! `MULTILINE_OCTAL` follows as lines of `\ooo` up to `END`. Certificate and trust are two objects with the same issuer
//! and serial number.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use crate::error::{At, Error, Result};

/// Where the project keeps them.
const ROOTS: &str = "core/client/roots/email-roots.pem";

/// The roots that are trusted for e-mail, and those that are so only for old certificates.
#[derive(Debug, PartialEq, Eq)]
pub struct Roots {
    /// PEM with the label of each as a comment, sorted by label.
    pub pem: String,
    /// How many.
    pub count: usize,
    /// Labels of those with a date after which nothing new is trusted (CKA_NSS_EMAIL_DISTRUST_AFTER).
    pub left_out: Vec<String>,
}

/// Renews the project's copy from a `certdata.txt`.
pub fn renew(root: &Path, certdata: &Path) -> Result<()> {
    let text = fs::read_to_string(certdata).at(certdata)?;
    let roots = email_roots(&text)?;
    let file = root.join(ROOTS);
    fs::write(&file, roots.pem).at(&file)?;
    println!("{} roots for e-mail written to {ROOTS}", roots.count);
    for label in roots.left_out {
        println!("left out, distrusted after a date: {label}");
    }
    println!("Now write revision and date into core/client/roots/README.md.");
    Ok(())
}

/// Takes the roots for e-mail out of the text of a `certdata.txt`.
pub fn email_roots(certdata: &str) -> Result<Roots> {
    let mut certificates: BTreeMap<(&str, Key), Object<'_>> = BTreeMap::new();
    let mut trusted: BTreeMap<Key, bool> = BTreeMap::new();
    for object in objects(certdata)? {
        let key = (object.octets("CKA_ISSUER"), object.octets("CKA_SERIAL_NUMBER"));
        match object.text("CKA_CLASS") {
            "CKO_CERTIFICATE" => _ = certificates.insert((object.text("CKA_LABEL"), key), object),
            "CKO_NSS_TRUST" => {
                let trust = object.text("CKA_TRUST_EMAIL_PROTECTION");
                trusted.insert(key, trust == "CKT_NSS_TRUSTED_DELEGATOR");
            }
            _ => {}
        }
    }
    let mut roots = Roots { pem: String::new(), count: 0, left_out: Vec::new() };
    for ((label, key), object) in &certificates {
        let label = label.trim_matches('"');
        if trusted.get(key) != Some(&true) {
            continue;
        }
        if object.0.get("CKA_NSS_EMAIL_DISTRUST_AFTER").is_some_and(|date| matches!(date, Value::Octets(_))) {
            roots.left_out.push(label.to_owned());
            continue;
        }
        roots.count += 1;
        roots.pem.push_str(&format!("# {label}\n{}\n", pem(&object.octets("CKA_VALUE"))));
    }
    if roots.count == 0 {
        return Err(Error::Check(
            "there is no root for e-mail in this file: is it a certdata.txt of NSS?".to_owned(),
        ));
    }
    Ok(roots)
}

/// Issuer and serial number.
type Key = (Vec<u8>, Vec<u8>);

enum Value<'a> {
    Text(&'a str),
    Octets(Vec<u8>),
}

/// The attributes of one object.
#[derive(Default)]
struct Object<'a>(BTreeMap<&'a str, Value<'a>>);

impl<'a> Object<'a> {
    fn text(&self, name: &str) -> &'a str {
        match self.0.get(name) {
            Some(Value::Text(text)) => text,
            Some(Value::Octets(_)) | None => "",
        }
    }

    fn octets(&self, name: &str) -> Vec<u8> {
        match self.0.get(name) {
            Some(Value::Octets(octets)) => octets.clone(),
            Some(Value::Text(_)) | None => Vec::new(),
        }
    }
}

/// An object begins with CKA_CLASS.
fn objects(certdata: &str) -> Result<Vec<Object<'_>>> {
    let mut objects: Vec<Object<'_>> = Vec::new();
    let mut lines = certdata.lines();
    while let Some(line) = lines.next() {
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let mut words = line.splitn(3, ' ');
        let (Some(name), Some(kind)) = (words.next(), words.next()) else { continue };
        let value = match (kind, words.next()) {
            ("MULTILINE_OCTAL", _) => {
                let mut octets = Vec::new();
                for row in lines.by_ref().take_while(|row| row.trim() != "END") {
                    octets.extend(octal(row)?);
                }
                Value::Octets(octets)
            }
            (_, Some(text)) => Value::Text(text),
            (_, None) => continue,
        };
        if name == "CKA_CLASS" {
            objects.push(Object::default());
        }
        if let Some(object) = objects.last_mut() {
            object.0.insert(name, value);
        }
    }
    Ok(objects)
}

/// `\060\003`.
fn octal(row: &str) -> Result<Vec<u8>> {
    row.trim()
        .split('\\')
        .skip(1)
        .map(|digits| u8::from_str_radix(digits, 8))
        .collect::<std::result::Result<_, _>>()
        .map_err(|_| Error::Check(format!("this is not an octal row of certdata.txt: {row}")))
}

fn pem(der: &[u8]) -> String {
    let base64 = data_encoding::BASE64.encode(der);
    let mut pem = "-----BEGIN CERTIFICATE-----\n".to_owned();
    let mut rest = base64.as_str();
    while !rest.is_empty() {
        let (line, after) = rest.split_at_checked(64).unwrap_or((rest, ""));
        pem.push_str(line);
        pem.push('\n');
        rest = after;
    }
    pem.push_str("-----END CERTIFICATE-----\n");
    pem
}

#[cfg(test)]
mod tests {
    use super::*;

    fn octal_rows(octets: &[u8]) -> String {
        let rows: Vec<String> =
            octets.chunks(16).map(|row| row.iter().map(|octet| format!("\\{octet:03o}")).collect()).collect();
        format!("MULTILINE_OCTAL\n{}\nEND", rows.join("\n"))
    }

    fn certificate(label: &str, number: u8, value: &[u8], distrust: &str) -> String {
        format!(
            "# Certificate {label}\nCKA_CLASS CK_OBJECT_CLASS CKO_CERTIFICATE\nCKA_TOKEN CK_BBOOL CK_TRUE\n\
             CKA_LABEL UTF8 \"{label}\"\nCKA_ISSUER {}\nCKA_SERIAL_NUMBER {}\nCKA_VALUE {}\n\
             CKA_NSS_EMAIL_DISTRUST_AFTER {distrust}\n\n",
            octal_rows(b"issuer"),
            octal_rows(&[2, 1, number]),
            octal_rows(value)
        )
    }

    fn trust(number: u8, email: &str) -> String {
        format!(
            "CKA_CLASS CK_OBJECT_CLASS CKO_NSS_TRUST\nCKA_LABEL UTF8 \"x\"\nCKA_ISSUER {}\nCKA_SERIAL_NUMBER {}\n\
             CKA_TRUST_SERVER_AUTH CK_TRUST CKT_NSS_TRUSTED_DELEGATOR\nCKA_TRUST_EMAIL_PROTECTION CK_TRUST {email}\n\n",
            octal_rows(b"issuer"),
            octal_rows(&[2, 1, number])
        )
    }

    const YES: &str = "CKT_NSS_TRUSTED_DELEGATOR";
    const NO_DATE: &str = "CK_BBOOL CK_FALSE";

    #[test]
    fn the_shipped_file_comes_out_of_the_data_it_was_made_of() {
        let shipped = include_str!("../../../core/client/roots/email-roots.pem");
        let mut certdata = "BEGINDATA\n".to_owned();
        // Backwards, each with its trust before it: the order of the objects means nothing.
        let blocks: Vec<&str> = shipped.split("\n\n").filter(|block| !block.is_empty()).collect();
        for (number, block) in blocks.iter().enumerate().rev() {
            let (label, body) = block.strip_prefix("# ").unwrap().split_once('\n').unwrap();
            let base64: String = body.lines().filter(|line| !line.starts_with('-')).collect();
            let der = data_encoding::BASE64.decode(base64.as_bytes()).unwrap();
            let number = u8::try_from(number).unwrap();
            certdata.push_str(&trust(number, YES));
            certdata.push_str(&certificate(label, number, &der, NO_DATE));
        }
        let roots = email_roots(&certdata).unwrap();
        assert_eq!((roots.count, roots.left_out.len()), (blocks.len(), 0));
        assert_eq!(roots.pem, shipped);
    }

    #[test]
    fn roots_of_other_uses_and_those_with_a_date_are_left_out() {
        let date = octal_rows(b"240630235959Z");
        let certdata = [
            certificate("B", 1, &[0x30, 1], NO_DATE),
            trust(1, YES),
            certificate("A", 2, &[0x30, 2], NO_DATE),
            trust(2, YES),
            certificate("web only", 3, &[0x30, 3], NO_DATE),
            trust(3, "CKT_NSS_MUST_VERIFY_TRUST"),
            certificate("bad", 4, &[0x30, 4], NO_DATE),
            trust(4, "CKT_NSS_NOT_TRUSTED"),
            certificate("ending", 5, &[0x30, 5], &date),
            trust(5, YES),
            certificate("no word", 6, &[0x30, 6], NO_DATE),
        ]
        .concat();
        let roots = email_roots(&certdata).unwrap();
        assert_eq!(
            roots.pem,
            "# A\n-----BEGIN CERTIFICATE-----\nMAI=\n-----END CERTIFICATE-----\n\n\
             # B\n-----BEGIN CERTIFICATE-----\nMAE=\n-----END CERTIFICATE-----\n\n"
        );
        assert_eq!((roots.count, roots.left_out), (2, vec!["ending".to_owned()]));
    }

    #[test]
    fn another_file_is_refused() {
        assert!(email_roots("hello\nworld\n").is_err());
        assert!(
            email_roots("CKA_CLASS CK_OBJECT_CLASS CKO_CERTIFICATE\nCKA_VALUE MULTILINE_OCTAL\n\\999\nEND\n")
                .is_err()
        );
    }
}
