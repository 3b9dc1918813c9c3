//! PFX, read (RFC 7292 sections 4 and 5).

use std::borrow::Cow;

use zeroize::Zeroizing;

use super::mac::MacData;
use super::pairing::{Attributes, Found};
use super::{Contents, KEYS, MAX_BAGS, MAX_KEYS, MAX_NESTING, MAX_PKCS12_OCTETS, Pkcs12Error, Warning};
use crate::ber::{self, Element, Reader, Tag};
use crate::certificate::Certificate;
use crate::key::{AlgorithmIdentifier, KeyError, PrivateKey};
use crate::pbe::{self, Password, Work};
use crate::{oid, pem, pkcs8};

/// BMPString.
const BMP_STRING: Tag = Tag::universal(30);
/// PFX.version is v3.
pub(super) const VERSION: u32 = 3;
pub(super) const LABELS: [&str; 2] = ["PKCS12", "PFX"];

/// Reads a file, in DER, BER or PEM armour.
///
/// Without a password, and with an empty one, both of the forms that writers give to "none" are tried. A file with a
/// MAC is read only when the MAC holds.
pub fn read(file: &[u8], password: Option<&str>) -> Result<Contents, Pkcs12Error> {
    if file.len() > MAX_PKCS12_OCTETS {
        return Err(Pkcs12Error::Limit("16 MiB"));
    }
    let armoured = pem::blocks(file).into_iter().find(|block| LABELS.contains(&block.label));
    let unarmoured = match armoured {
        Some(block) => Some(block.der().ok_or(Pkcs12Error::Malformed)?),
        None => None,
    };
    let pfx = Pfx::read(unarmoured.as_deref().map_or(file, Vec::as_slice))?;
    let candidates = match password {
        Some(password) if !password.is_empty() => vec![Password::new(password)],
        _ => vec![Password::new(""), Password::absent()],
    };
    let mut work = Work::new();
    for candidate in &candidates {
        match pfx.open(candidate, &mut work) {
            Err(Pkcs12Error::WrongPassword) => {}
            outcome => return outcome,
        }
    }
    Err(if password.is_some() { Pkcs12Error::WrongPassword } else { Pkcs12Error::PasswordNeeded })
}

struct Pfx<'a> {
    /// The AuthenticatedSafe: what the MAC is computed over.
    content: Cow<'a, [u8]>,
    mac: Option<MacData>,
}

impl<'a> Pfx<'a> {
    fn read(octets: &'a [u8]) -> Result<Self, Pkcs12Error> {
        let mut fields = ber::sequence(octets)?;
        if fields.expect(ber::INTEGER)?.small()? != VERSION {
            return Err(Pkcs12Error::Malformed);
        }
        let (content_type, content) = content_info(fields.sequence()?)?;
        if content_type != oid::DATA {
            return Err(Pkcs12Error::Unsupported(content_type));
        }
        let content = content.filter(|content| content.tag() == ber::OCTET_STRING);
        let content = content.ok_or(Pkcs12Error::Malformed)?.octets()?;
        let mac = if fields.is_empty() { None } else { Some(MacData::read(fields.sequence()?)?) };
        fields.finish()?;
        Ok(Pfx { content, mac })
    }

    fn open(&self, password: &Password, work: &mut Work) -> Result<Contents, Pkcs12Error> {
        let mut opening = Opening { password, work, bags: 0, found: Found::default() };
        match &self.mac {
            Some(mac) if !mac.holds(&self.content, password, opening.work)? => {
                return Err(Pkcs12Error::WrongPassword);
            }
            Some(_) => {}
            None => opening.warn(Warning::NoMac),
        }
        let mut safes = ber::sequence(&self.content)?;
        while !safes.is_empty() {
            opening.count()?;
            opening.safe(safes.sequence()?)?;
        }
        Ok(opening.found.paired())
    }
}

/// contentType and content of a ContentInfo (RFC 5652 section 3).
fn content_info(
    mut fields: Reader<'_>,
) -> Result<(const_oid::ObjectIdentifier, Option<Element<'_>>), Pkcs12Error> {
    let content_type = fields.oid()?;
    let content = match fields.optional(Tag::context(0))? {
        Some(explicit) => Some(explicit.explicit()?),
        None => None,
    };
    fields.finish()?;
    Ok((content_type, content))
}

/// A file in the middle of being read.
struct Opening<'a> {
    password: &'a Password,
    work: &'a mut Work,
    bags: usize,
    found: Found,
}

impl Opening<'_> {
    fn warn(&mut self, warning: Warning) {
        self.found.warnings.insert(warning);
    }

    fn count(&mut self) -> Result<(), Pkcs12Error> {
        self.bags += 1;
        if self.bags > MAX_BAGS { Err(Pkcs12Error::Limit("4096 bags")) } else { Ok(()) }
    }

    /// One ContentInfo of the AuthenticatedSafe.
    fn safe(&mut self, fields: Reader<'_>) -> Result<(), Pkcs12Error> {
        let (content_type, content) = content_info(fields)?;
        let content = content.ok_or(Pkcs12Error::Malformed)?;
        match content_type {
            oid::DATA if content.tag() == ber::OCTET_STRING => self.bags(&content.octets()?, 0),
            oid::ENCRYPTED_DATA => {
                let plaintext = self.decrypt(content.reader()?)?;
                // Right padding of a wrong key: then it is no SEQUENCE to its end. A MAC would have told before.
                if ber::sequence(&plaintext).is_err() {
                    return Err(Pkcs12Error::WrongPassword);
                }
                self.bags(&plaintext, 0)
            }
            oid::DATA => Err(Pkcs12Error::Malformed),
            other => Err(Pkcs12Error::Unsupported(other)),
        }
    }

    /// EncryptedData (RFC 5652 section 8).
    fn decrypt(&mut self, mut fields: Reader<'_>) -> Result<Zeroizing<Vec<u8>>, Pkcs12Error> {
        fields.expect(ber::INTEGER)?;
        let mut info = fields.sequence()?;
        let content_type = info.oid()?;
        if content_type != oid::DATA {
            return Err(Pkcs12Error::Unsupported(content_type));
        }
        let algorithm = AlgorithmIdentifier::read(&mut info)?;
        let ciphertext = info.expect(Tag::context(0))?.octets()?;
        info.finish()?;
        self.note_cipher(&algorithm);
        Ok(pbe::decrypt(&algorithm, &ciphertext, self.password, self.work)?)
    }

    fn note_cipher(&mut self, algorithm: &AlgorithmIdentifier<'_>) {
        if matches!(algorithm.oid(), oid::PBE_SHA1_RC2_40 | oid::PBE_SHA1_RC2_128) {
            self.warn(Warning::WeakEncryption);
        }
    }

    /// SafeContents.
    fn bags(&mut self, octets: &[u8], nesting: u8) -> Result<(), Pkcs12Error> {
        if nesting > MAX_NESTING {
            return Err(Pkcs12Error::Limit("8 nested safes"));
        }
        let mut bags = ber::sequence(octets)?;
        while !bags.is_empty() {
            self.count()?;
            let mut bag = bags.sequence()?;
            let kind = bag.oid()?;
            let value = bag.expect(Tag::context(0))?.explicit()?;
            let attributes =
                if bag.is_empty() { Attributes::default() } else { Attributes::read(bag.set()?)? };
            bag.finish()?;
            match kind {
                oid::KEY_BAG => {
                    self.warn(Warning::KeyNotEncrypted);
                    self.key(PrivateKey::from_der(value.raw()).map_err(Pkcs12Error::Key), attributes)?;
                }
                oid::SHROUDED_KEY_BAG => {
                    if let Ok(algorithm) = AlgorithmIdentifier::read(&mut value.reader()?) {
                        self.note_cipher(&algorithm);
                    }
                    let key = pkcs8::decrypt_info(value.raw(), self.password, self.work);
                    self.key(key.map_err(Pkcs12Error::from), attributes)?;
                }
                oid::CERT_BAG => self.certificate(value.reader()?, attributes)?,
                oid::SAFE_CONTENTS_BAG => self.bags(value.raw(), nesting + 1)?,
                _ => self.warn(Warning::UnsupportedBag),
            }
        }
        Ok(())
    }

    /// A key of a kind that is not known does not spoil the rest; one that is wrong does.
    fn key(
        &mut self,
        key: Result<PrivateKey, Pkcs12Error>,
        attributes: Attributes,
    ) -> Result<(), Pkcs12Error> {
        match key {
            Err(Pkcs12Error::Key(KeyError::Unsupported)) => self.warn(Warning::UnsupportedKey),
            key => {
                let key = key?;
                if self.found.keys.len() >= MAX_KEYS {
                    return Err(Pkcs12Error::Limit(KEYS));
                }
                if key.algorithm().is_weak() {
                    self.warn(Warning::WeakKey);
                }
                self.found.keys.push((key, attributes));
            }
        }
        Ok(())
    }

    /// CertBag (RFC 7292 section 4.2.3).
    fn certificate(&mut self, mut fields: Reader<'_>, attributes: Attributes) -> Result<(), Pkcs12Error> {
        if fields.oid()? != oid::X509_CERTIFICATE {
            self.warn(Warning::UnreadableCertificate);
            return Ok(());
        }
        let value = fields.expect(Tag::context(0))?.explicit()?;
        fields.finish()?;
        match Certificate::from_der(&value.octets()?) {
            Ok(certificate) => self.found.certificates.push((certificate, attributes)),
            Err(_) => self.warn(Warning::UnreadableCertificate),
        }
        Ok(())
    }
}

impl Attributes {
    /// SET OF PKCS12Attribute; of one that stands twice the first counts.
    fn read(mut set: Reader<'_>) -> Result<Self, Pkcs12Error> {
        let mut attributes = Attributes::default();
        while !set.is_empty() {
            let mut attribute = set.sequence()?;
            let kind = attribute.oid()?;
            let mut values = attribute.set()?;
            attribute.finish()?;
            if values.is_empty() {
                continue;
            }
            let value = values.any()?;
            match kind {
                oid::FRIENDLY_NAME if attributes.name.is_none() => attributes.name = bmp_text(&value),
                oid::LOCAL_KEY_ID
                    if attributes.local_key_id.is_none() && value.tag() == ber::OCTET_STRING =>
                {
                    attributes.local_key_id = Some(value.octets()?.into_owned());
                }
                _ => {}
            }
        }
        Ok(attributes)
    }
}

/// A BMPString, characters beyond it as surrogates. What is none is replaced, for people to see.
fn bmp_text(value: &Element<'_>) -> Option<String> {
    if value.tag() != BMP_STRING || value.is_constructed() {
        return None;
    }
    let (units, []) = value.content().as_chunks::<2>() else { return None };
    let units: Vec<u16> = units.iter().map(|unit| u16::from_be_bytes(*unit)).collect();
    Some(String::from_utf16_lossy(&units))
}
