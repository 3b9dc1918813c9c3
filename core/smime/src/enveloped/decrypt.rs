//! EnvelopedData and AuthEnvelopedData, read.

use std::borrow::Cow;

use const_oid::ObjectIdentifier;
use hkdf::Hkdf;
use rand_core::CryptoRng;
use sha2::Sha256;
use zeroize::Zeroizing;

use super::content::{self, Cipher, Parameters};
use super::recipient::{self, RecipientInfo};
use super::{DecryptError, Decrypted, DecryptionKey};
use crate::ber::{self, BerError, Element, Reader, Tag, write};
use crate::key::{AlgorithmIdentifier, PrivateKey};
use crate::oid;

impl From<BerError> for DecryptError {
    fn from(_: BerError) -> Self {
        DecryptError::Malformed
    }
}

/// What was received, before any key is used.
struct Envelope<'a> {
    recipients: Vec<RecipientInfo<'a>>,
    content_type: ObjectIdentifier,
    cipher: Cipher,
    parameters: Parameters,
    ciphertext: Cow<'a, [u8]>,
    /// authAttrs as SET OF, and the tag; both empty for EnvelopedData.
    associated: Vec<u8>,
    tag: Cow<'a, [u8]>,
}

/// Decrypts with the first key that a recipient names; recipients by issuer and serial number, by key identifier
/// (extension, or computed by RFC 5280 method 1 and RFC 7093 method 1).
///
/// Only that one recipient is tried: trying further ones after a failure would tell the sender which one failed
/// (RFC 3218 section 2.3). `rng` feeds the blinding of RSA.
pub fn decrypt(
    ber: &[u8],
    keys: &[DecryptionKey],
    rng: &mut dyn CryptoRng,
) -> Result<Decrypted, DecryptError> {
    let envelope = read(ber)?;
    let mut nothing = DecryptError::NoKey;
    for recipient in &envelope.recipients {
        for key in keys.iter().filter(|key| recipient.names(key)) {
            match recipient.recovery(key.key.algorithm()) {
                Ok(recovery) => {
                    let encrypted = recipient.encrypted_key();
                    let found = recovery.content_key(&key.key, encrypted, rng);
                    let content_key = content_key(&key.key, encrypted, envelope.cipher.key_octets(), found);
                    let content = envelope.open(&content_key).ok_or(DecryptError::Failed)?;
                    return Ok(Decrypted {
                        content,
                        content_type: envelope.content_type,
                        cipher: envelope.cipher.name(),
                        key_method: recovery.name(key.key.algorithm()).to_owned(),
                        integrity: envelope.cipher.is_aead(),
                        weak: envelope.cipher == Cipher::TdesCbc,
                    });
                }
                Err(error) => nothing = error,
            }
        }
    }
    Err(nothing)
}

/// The content key: the recovered one when there is one of the right length, else one that nobody knows.
///
/// The other one depends on the private key and the encrypted content key only, like the implicit rejection of RSA:
/// a fresh random one would give different answers to the same question and so tell that it was used.
fn content_key(
    key: &PrivateKey,
    encrypted: &[u8],
    octets: usize,
    recovered: Option<Zeroizing<Vec<u8>>>,
) -> Zeroizing<Vec<u8>> {
    const LABEL: &[u8] = b"content key in place of one that can't be recovered";
    let mut other = Zeroizing::new(vec![0; octets]);
    let derived = Hkdf::<Sha256>::new(Some(encrypted), &key.to_pkcs8_der()).expand(LABEL, &mut other);
    match recovered {
        Some(recovered) if recovered.len() == octets && derived.is_ok() => recovered,
        _ => other,
    }
}

impl Envelope<'_> {
    fn open(&self, content_key: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
        if self.cipher.is_aead() {
            let iv = &self.parameters.iv;
            content::open(self.cipher, content_key, iv, &self.associated, &self.ciphertext, &self.tag)
        } else {
            content::decrypt_cbc(self.cipher, content_key, &self.parameters.iv, &self.ciphertext)
        }
    }
}

/// ContentInfo with EnvelopedData (RFC 5652 section 6.1) or AuthEnvelopedData (RFC 5083 section 2.1).
fn read(ber: &[u8]) -> Result<Envelope<'_>, DecryptError> {
    let mut content_info = ber::sequence(ber)?;
    let kind = content_info.oid()?;
    let authenticated = match kind {
        oid::ENVELOPED_DATA => false,
        oid::AUTH_ENVELOPED_DATA => true,
        _ => return Err(DecryptError::NotEncrypted),
    };
    let mut explicit = content_info.expect(Tag::context(0))?.reader()?;
    content_info.finish()?;
    let mut fields = explicit.sequence()?;
    explicit.finish()?;
    fields.expect(ber::INTEGER)?;
    fields.optional(Tag::context(0))?;
    let recipients = recipient::read_all(fields.set()?)?;
    let mut content = fields.sequence()?;
    let content_type = content.oid()?;
    let algorithm = AlgorithmIdentifier::read(&mut content)?;
    let ciphertext = content.expect(Tag::context(0))?.octets()?;
    content.finish()?;
    let attributes = fields.optional(Tag::context(1))?;
    let (associated, tag) = if authenticated {
        let associated = authenticated_attributes(attributes.as_ref(), &content_type)?;
        let tag = fields.expect(ber::OCTET_STRING)?.octets()?;
        fields.optional(Tag::context(2))?;
        (associated, tag)
    } else {
        (Vec::new(), Cow::Borrowed(&[][..]))
    };
    fields.finish()?;
    let cipher = Cipher::from_oid(&algorithm.oid()).ok_or(DecryptError::Unsupported)?;
    if cipher.is_aead() != authenticated {
        // AES-GCM in EnvelopedData has no tag, AES-CBC in AuthEnvelopedData checks nothing.
        return Err(DecryptError::Malformed);
    }
    let parameters = Parameters::read(cipher, &algorithm)?;
    if authenticated {
        if parameters.iv.len() != content::GCM_NONCE {
            return Err(DecryptError::Unsupported);
        }
        if parameters.tag_octets != tag.len() || !(12..=content::GCM_TAG).contains(&tag.len()) {
            return Err(DecryptError::Malformed);
        }
    }
    Ok(Envelope { recipients, content_type, cipher, parameters, ciphertext, associated, tag })
}

/// authAttrs as SET OF: the additional authenticated data (RFC 5083 section 2.2).
///
/// They hold the content type, and must be there when it isn't id-data: else it would not be authenticated.
fn authenticated_attributes(
    attributes: Option<&Element<'_>>,
    content_type: &ObjectIdentifier,
) -> Result<Vec<u8>, DecryptError> {
    let Some(attributes) = attributes else {
        return if *content_type == oid::DATA { Ok(Vec::new()) } else { Err(DecryptError::Malformed) };
    };
    let mut members = attributes.reader()?;
    let mut content_types = 0;
    while !members.is_empty() {
        let mut attribute: Reader<'_> = members.sequence()?;
        let kind = attribute.expect(ber::OBJECT_IDENTIFIER)?;
        if kind.content() == oid::CONTENT_TYPE.as_bytes() {
            let mut values = attribute.set()?;
            if values.oid()? != *content_type || !values.is_empty() {
                return Err(DecryptError::Malformed);
            }
            content_types += 1;
        }
    }
    if content_types != 1 {
        return Err(DecryptError::Malformed);
    }
    Ok(write::tlv(0x31, attributes.content()))
}
