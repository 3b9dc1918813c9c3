//! EnvelopedData and AuthEnvelopedData, read.

use std::borrow::Cow;

use const_oid::ObjectIdentifier;
use hkdf::Hkdf;
use rand_core::CryptoRng;
use sha2::Sha256;
use zeroize::Zeroizing;

use super::content::{self, Cipher, Parameters};
use super::recipient::{self, RecipientInfo};
use super::{DecryptError, Decrypted, DecryptionKey, binding};
use crate::ber::{self, BerError, Element, Reader, Tag, write};
use crate::key::{AlgorithmIdentifier, PrivateKey};
use crate::oid;

impl From<BerError> for DecryptError {
    fn from(_: BerError) -> Self {
        DecryptError::Malformed
    }
}

/// What is known before the encrypted content: to whom, and how.
pub(super) struct Head<'a> {
    recipients: Vec<RecipientInfo<'a>>,
    pub(super) content: EncryptedContent,
}

/// EncryptedContentInfo without the content (RFC 5652 section 6.1).
#[derive(Clone)]
pub(super) struct EncryptedContent {
    pub(super) content_type: ObjectIdentifier,
    pub(super) cipher: Cipher,
    pub(super) parameters: Parameters,
    /// The cipher's AlgorithmIdentifier, when the content key is bound to it (RFC 9709).
    binding: Option<Vec<u8>>,
}

/// The cipher's key, and how it was reached.
pub(super) struct Unlocked {
    pub(super) cipher_key: Zeroizing<Vec<u8>>,
    pub(super) key_method: &'static str,
}

/// What stands behind the content: authAttrs as SET OF, and the tag; both empty for EnvelopedData.
pub(super) struct Tail {
    pub(super) associated: Vec<u8>,
    pub(super) tag: Vec<u8>,
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
    let Parts { recipients, content, ciphertext, tail } = Parts::read(ber)?;
    let head = Head { recipients: recipient::read_all(recipients)?, content };
    let unlocked = head.unlock(keys, rng)?;
    let EncryptedContent { content_type, cipher, parameters, .. } = head.content;
    let key = &unlocked.cipher_key;
    let content = content::open(cipher, key, &parameters.iv, &tail.associated, &ciphertext, &tail.tag);
    Ok(Decrypted {
        content: content.ok_or(DecryptError::Failed)?,
        content_type,
        cipher: cipher.name(),
        key_method: unlocked.key_method.to_owned(),
        integrity: cipher.is_aead(),
        weak: cipher.is_weak(),
    })
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
    content_key_or_other(&key.to_pkcs8_der(), encrypted, octets, recovered)
}

/// As [`content_key`], with whatever secret opens the encrypted content key.
pub(super) fn content_key_or_other(
    secret: &[u8],
    encrypted: &[u8],
    octets: usize,
    recovered: Option<Zeroizing<Vec<u8>>>,
) -> Zeroizing<Vec<u8>> {
    const LABEL: &[u8] = b"content key in place of one that can't be recovered";
    let mut other = Zeroizing::new(vec![0; octets]);
    let derived = Hkdf::<Sha256>::new(Some(encrypted), secret).expand(LABEL, &mut other);
    match recovered {
        Some(recovered) if recovered.len() == octets && derived.is_ok() => recovered,
        _ => other,
    }
}

impl Head<'_> {
    /// The content key for the first of `keys` that a recipient names.
    pub(super) fn unlock(
        &self,
        keys: &[DecryptionKey],
        rng: &mut dyn CryptoRng,
    ) -> Result<Unlocked, DecryptError> {
        let mut nothing = DecryptError::NoKey;
        for recipient in &self.recipients {
            for key in keys.iter().filter(|key| recipient.names(key)) {
                match recipient.recovery(key.key.algorithm()) {
                    Ok(recovery) => {
                        let encrypted = recipient.encrypted_key();
                        let found = recovery.content_key(&key.key, encrypted, rng);
                        let octets = self.content.cipher.key_octets();
                        let content_key = content_key(&key.key, encrypted, octets, found);
                        return Ok(Unlocked {
                            cipher_key: self.content.cipher_key(content_key).ok_or(DecryptError::Failed)?,
                            key_method: recovery.name(key.key.algorithm()),
                        });
                    }
                    Err(error) => nothing = error,
                }
            }
        }
        Err(nothing)
    }
}

/// The content type of a ContentInfo that is decrypted: whether it is authenticated.
pub(super) fn is_authenticated(kind: &ObjectIdentifier) -> Result<bool, DecryptError> {
    match *kind {
        oid::ENVELOPED_DATA => Ok(false),
        oid::AUTH_ENVELOPED_DATA => Ok(true),
        _ => Err(DecryptError::NotEncrypted),
    }
}

/// AuthEnvelopedData has version 0 (RFC 5083 section 2.1). What EnvelopedData says is no reason to refuse it.
pub(super) fn check_version(version: &Element<'_>, authenticated: bool) -> Result<(), BerError> {
    if authenticated && version.small()? != 0 { Err(BerError::Value) } else { Ok(()) }
}

/// A message in memory.
pub(super) struct Parts<'a> {
    /// The members of the SET OF RecipientInfo.
    pub(super) recipients: Reader<'a>,
    pub(super) content: EncryptedContent,
    pub(super) ciphertext: Cow<'a, [u8]>,
    pub(super) tail: Tail,
}

impl<'a> Parts<'a> {
    /// ContentInfo with EnvelopedData (RFC 5652 section 6.1) or AuthEnvelopedData (RFC 5083 section 2.1).
    pub(super) fn read(ber: &'a [u8]) -> Result<Self, DecryptError> {
        let mut content_info = ber::sequence(ber)?;
        let authenticated = is_authenticated(&content_info.oid()?)?;
        let mut explicit = content_info.expect(Tag::context(0))?.reader()?;
        content_info.finish()?;
        let mut fields = explicit.sequence()?;
        explicit.finish()?;
        check_version(&fields.expect(ber::INTEGER)?, authenticated)?;
        fields.optional(Tag::context(0))?;
        let recipients = fields.set()?;
        let (content, ciphertext) = EncryptedContent::read_info(&mut fields, authenticated)?;
        let tail = Tail::read(fields, authenticated, &content.content_type)?;
        content.check_tag(&tail)?;
        Ok(Parts { recipients, content, ciphertext, tail })
    }
}

impl<'a> Head<'a> {
    /// From what was read one by one: the SET OF RecipientInfo, the content's type and algorithm.
    pub(super) fn read(
        recipients: &'a [u8],
        content_type: ObjectIdentifier,
        algorithm: &[u8],
        authenticated: bool,
    ) -> Result<Self, DecryptError> {
        let recipients = recipient::read_all(Reader::new(recipients).set()?)?;
        let algorithm = AlgorithmIdentifier::read(&mut Reader::new(algorithm))?;
        let content = EncryptedContent::read(content_type, &algorithm, authenticated)?;
        Ok(Head { recipients, content })
    }
}

impl EncryptedContent {
    /// The next field, an EncryptedContentInfo with its content.
    pub(super) fn read_info<'a>(
        fields: &mut Reader<'a>,
        authenticated: bool,
    ) -> Result<(Self, Cow<'a, [u8]>), DecryptError> {
        let mut encrypted = fields.sequence()?;
        let content_type = encrypted.oid()?;
        let algorithm = AlgorithmIdentifier::read(&mut encrypted)?;
        let ciphertext = encrypted.expect(Tag::context(0))?.octets()?;
        encrypted.finish()?;
        Ok((Self::read(content_type, &algorithm, authenticated)?, ciphertext))
    }

    fn read(
        content_type: ObjectIdentifier,
        algorithm: &AlgorithmIdentifier<'_>,
        authenticated: bool,
    ) -> Result<Self, DecryptError> {
        let bound = binding::bound_cipher(algorithm);
        let binding = bound.map(|cipher| cipher.raw().to_vec());
        let algorithm = bound.as_ref().unwrap_or(algorithm);
        let cipher = Cipher::of(algorithm).ok_or(DecryptError::Unsupported)?;
        if cipher.is_aead() != authenticated {
            // AES-GCM in EnvelopedData has no tag, AES-CBC in AuthEnvelopedData checks nothing.
            return Err(DecryptError::Malformed);
        }
        let parameters = Parameters::read(cipher, algorithm)?;
        if authenticated && parameters.iv.len() != content::GCM_NONCE {
            return Err(DecryptError::Unsupported);
        }
        Ok(EncryptedContent { content_type, cipher, parameters, binding })
    }

    /// The cipher's key: the content key itself, or what is derived from it.
    pub(super) fn cipher_key(&self, content_key: Zeroizing<Vec<u8>>) -> Option<Zeroizing<Vec<u8>>> {
        match &self.binding {
            Some(cipher) => binding::cipher_key(&content_key, cipher),
            None => Some(content_key),
        }
    }

    /// The tag has the length that the parameters announce, 12 to 16 octets.
    pub(super) fn check_tag(&self, tail: &Tail) -> Result<(), DecryptError> {
        let octets = tail.tag.len();
        if self.cipher.is_aead()
            && (self.parameters.tag_octets != octets || !(12..=content::GCM_TAG).contains(&octets))
        {
            return Err(DecryptError::Malformed);
        }
        Ok(())
    }
}

impl Tail {
    /// The fields behind EncryptedContentInfo, to the end.
    pub(super) fn read(
        mut fields: Reader<'_>,
        authenticated: bool,
        content_type: &ObjectIdentifier,
    ) -> Result<Self, DecryptError> {
        let attributes = fields.optional(Tag::context(1))?;
        let tail = if authenticated {
            let associated = authenticated_attributes(attributes.as_ref(), content_type)?;
            let tag = fields.expect(ber::OCTET_STRING)?.octets()?.into_owned();
            fields.optional(Tag::context(2))?;
            Tail { associated, tag }
        } else {
            Tail { associated: Vec::new(), tag: Vec::new() }
        };
        fields.finish()?;
        Ok(tail)
    }
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
