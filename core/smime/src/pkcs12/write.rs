//! PFX, written (RFC 7292 sections 4 and 5).

use rand_core::CryptoRng;

use super::{Pkcs12Error, mac};
use crate::ber::write;
use crate::certificate::Certificate;
use crate::key::{DigestAlgorithm, PrivateKey, key_identifier};
use crate::pbe::{self, MAX_ITERATIONS, Password, Writing};
use crate::{oid, pkcs8};

/// Octets of the MAC's salt.
const MAC_SALT: usize = 16;

/// Which algorithms protect a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// PBES2 with PBKDF2-HMAC-SHA-256 and AES-256-CBC; HMAC-SHA-256 as RFC 7292 has it. OpenSSL 1.1, Windows 10 of 2019
    /// and macOS 15 read it.
    Modern,
    /// The same with PBMAC1 (RFC 9579), for which OpenSSL 3.4, Java 24 or NSS 3.103 is needed.
    Pbmac1,
    /// 3DES and HMAC-SHA-1, for programs that know nothing else.
    Old,
}

/// A private key to write, with its certificate.
#[derive(Clone, Copy, Debug)]
pub struct Entry<'a> {
    /// The key.
    pub key: &'a PrivateKey,
    /// Its certificate.
    pub certificate: Option<&'a Certificate>,
    /// friendlyName of both.
    pub name: Option<&'a str>,
}

/// Writes a file with keys and their certificates, and further certificates (of issuers).
///
/// `iterations` counts for each derivation; [`Pkcs12Error::TooCostly`] for more than
/// [`MAX_ITERATIONS`](crate::pkcs8::MAX_ITERATIONS), or none. [`Pkcs12Error::Key`] when a certificate is not its key's.
pub fn write(
    entries: &[Entry<'_>],
    others: &[Certificate],
    password: &str,
    form: Form,
    iterations: u32,
    rng: &mut dyn CryptoRng,
) -> Result<Vec<u8>, Pkcs12Error> {
    if !(1..=MAX_ITERATIONS).contains(&iterations) {
        return Err(Pkcs12Error::TooCostly);
    }
    let password = Password::new(password);
    let encryption = match form {
        Form::Modern | Form::Pbmac1 => Writing::Pbes2,
        Form::Old => Writing::Pkcs12Tdes,
    };
    let mut certificates = Vec::new();
    let mut keys = Vec::new();
    for entry in entries {
        let identifier = key_identifier(&entry.key.public_key_der());
        let attributes = attributes(entry.name, Some(&identifier));
        if let Some(certificate) = entry.certificate {
            if !certificate.certifies(entry.key) {
                return Err(Pkcs12Error::Key(crate::key::KeyError::WrongAlgorithm));
            }
            certificates.push(certificate_bag(certificate, &attributes));
        }
        let shrouded = pkcs8::encrypt_info(entry.key, encryption, &password, iterations, rng)?;
        keys.push(bag(&oid::SHROUDED_KEY_BAG, &shrouded, &attributes));
    }
    certificates.extend(others.iter().map(|certificate| certificate_bag(certificate, &[])));
    let mut safes = Vec::new();
    if !certificates.is_empty() {
        let contents = write::sequence(&[&certificates.concat()]);
        let (algorithm, ciphertext) = pbe::encrypt(encryption, &contents, &password, iterations, rng)?;
        let content = write::context_primitive(0, &ciphertext);
        let info = write::sequence(&[&write::oid(&oid::DATA), &algorithm, &content]);
        let encrypted = write::sequence(&[&write::small(0), &info]);
        safes.push(content_info(&oid::ENCRYPTED_DATA, &encrypted));
    }
    if !keys.is_empty() {
        safes.push(data(&write::sequence(&[&keys.concat()])));
    }
    let content = write::sequence(&[&safes.concat()]);
    let mut salt = [0; MAC_SALT];
    rng.fill_bytes(&mut salt);
    let mac = match form {
        Form::Modern => mac::write_pkcs12(DigestAlgorithm::Sha256, &content, &password, &salt, iterations),
        Form::Old => mac::write_pkcs12(DigestAlgorithm::Sha1, &content, &password, &salt, iterations),
        Form::Pbmac1 => mac::write_pbmac1(&content, &password, &salt, iterations)?,
    };
    Ok(write::sequence(&[&write::small(3), &data(&content), &mac]))
}

fn content_info(content_type: &const_oid::ObjectIdentifier, content: &[u8]) -> Vec<u8> {
    write::sequence(&[&write::oid(content_type), &write::context(0, &[content])])
}

fn data(content: &[u8]) -> Vec<u8> {
    content_info(&oid::DATA, &write::octet_string(content))
}

fn certificate_bag(certificate: &Certificate, attributes: &[u8]) -> Vec<u8> {
    let value = write::context(0, &[&write::octet_string(certificate.der())]);
    bag(&oid::CERT_BAG, &write::sequence(&[&write::oid(&oid::X509_CERTIFICATE), &value]), attributes)
}

/// SafeBag; `attributes` is a SET or nothing.
fn bag(kind: &const_oid::ObjectIdentifier, value: &[u8], attributes: &[u8]) -> Vec<u8> {
    write::sequence(&[&write::oid(kind), &write::context(0, &[value]), attributes])
}

/// PKCS12Attributes; nothing when there are none.
fn attributes(name: Option<&str>, local_key_id: Option<&[u8]>) -> Vec<u8> {
    let attribute = |kind, value: Vec<u8>| write::sequence(&[&write::oid(kind), &write::set_of(vec![value])]);
    let name = name.map(|name| {
        let units: Vec<u8> = name.encode_utf16().flat_map(u16::to_be_bytes).collect();
        attribute(&oid::FRIENDLY_NAME, write::tlv(0x1E, &units))
    });
    let identifier = local_key_id.map(|id| attribute(&oid::LOCAL_KEY_ID, write::octet_string(id)));
    let all: Vec<Vec<u8>> = name.into_iter().chain(identifier).collect();
    if all.is_empty() { Vec::new() } else { write::set_of(all) }
}
