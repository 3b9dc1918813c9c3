//! Messages for a secret that both sides hold: a key-encryption key, a password, or the content key itself
//! (RFC 5652 sections 6.2.3, 6.2.4 and 8). Read only: no mail program writes them to people, archives and devices do.
//!
//! As with private keys, everything that can go wrong once the secret is used is [`DecryptError::Failed`].

use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

use super::agreement::Wrap;
use super::content::{self, Cipher, Parameters, decrypt_with};
use super::decrypt::{EncryptedContent, Parts, Tail, content_key_or_other};
use super::{DecryptError, Decrypted, MAX_RECIPIENTS};
use crate::ber::{self, Element, Reader, Tag};
use crate::key::AlgorithmIdentifier;
use crate::oid;
use crate::pbe::{Password, PbeError, Pbkdf2, Work};

/// A secret that sender and reader share.
#[derive(Clone, Copy)]
pub enum SharedSecret<'a> {
    /// A key-encryption key: the first KEKRecipientInfo with this name is opened.
    KeyEncryptionKey {
        /// keyIdentifier of the KEKIdentifier.
        identifier: &'a [u8],
        /// The key of AES or 3DES key wrap, in octets.
        key: &'a [u8],
    },
    /// A password (PBKDF2 only): the first PasswordRecipientInfo is opened, for nothing tells them apart.
    Password(&'a str),
    /// The content key of an EncryptedData, in octets.
    ContentKey(&'a [u8]),
}

impl std::fmt::Debug for SharedSecret<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            SharedSecret::KeyEncryptionKey { .. } => "KeyEncryptionKey",
            SharedSecret::Password(_) => "Password",
            SharedSecret::ContentKey(_) => "ContentKey",
        })
    }
}

/// Decrypts an EnvelopedData or AuthEnvelopedData with a key-encryption key or a password, an EncryptedData with its
/// content key.
pub fn decrypt_shared(ber: &[u8], secret: &SharedSecret<'_>) -> Result<Decrypted, DecryptError> {
    let (parts, key_method, key) = match *secret {
        SharedSecret::ContentKey(key) => {
            let parts = encrypted_data(ber)?;
            let key = parts.content.cipher_key(Zeroizing::new(key.to_vec()));
            let key = key.ok_or(DecryptError::Failed)?;
            (parts, "content-key", key)
        }
        SharedSecret::KeyEncryptionKey { identifier, key } => {
            let parts = Parts::read(ber)?;
            let found = recipients(parts.recipients.clone(), Tag::context(2), |fields| {
                key_encryption_recipient(fields, identifier)
            })?;
            let recovered = found.wrap.unwrap(key, &found.encrypted);
            let key = parts.content.key_or_other(key, &found.encrypted, recovered)?;
            (parts, "kek", key)
        }
        SharedSecret::Password(password) => {
            let parts = Parts::read(ber)?;
            let found = recipients(parts.recipients.clone(), Tag::context(3), password_recipient)?;
            let kek = found.key(password)?;
            let recovered = unwrap_pwri(found.cipher, &kek, &found.parameters.iv, &found.encrypted);
            let key = parts.content.key_or_other(&kek, &found.encrypted, recovered)?;
            (parts, "password", key)
        }
    };
    let EncryptedContent { content_type, cipher, parameters, .. } = &parts.content;
    let opened = content::open(
        *cipher,
        &key,
        &parameters.iv,
        &parts.tail.associated,
        &parts.ciphertext,
        &parts.tail.tag,
    );
    Ok(Decrypted {
        content: opened.ok_or(DecryptError::Failed)?,
        content_type: *content_type,
        cipher: cipher.name(),
        key_method: key_method.to_owned(),
        integrity: cipher.is_aead(),
        weak: cipher.is_weak(),
    })
}

impl EncryptedContent {
    /// The cipher's key from the recovered content key, or from one that nobody knows.
    fn key_or_other(
        &self,
        secret: &[u8],
        encrypted: &[u8],
        recovered: Option<Zeroizing<Vec<u8>>>,
    ) -> Result<Zeroizing<Vec<u8>>, DecryptError> {
        let key = content_key_or_other(secret, encrypted, self.cipher.key_octets(), recovered);
        self.cipher_key(key).ok_or(DecryptError::Failed)
    }
}

/// ContentInfo with EncryptedData (RFC 5652 section 8).
fn encrypted_data(ber: &[u8]) -> Result<Parts<'_>, DecryptError> {
    let mut content_info = ber::sequence(ber)?;
    if content_info.oid()? != oid::ENCRYPTED_DATA {
        return Err(DecryptError::NotEncrypted);
    }
    let mut explicit = content_info.expect(Tag::context(0))?.reader()?;
    content_info.finish()?;
    let mut fields = explicit.sequence()?;
    explicit.finish()?;
    fields.expect(ber::INTEGER)?;
    let (content, ciphertext) = EncryptedContent::read_info(&mut fields, false)?;
    fields.optional(Tag::context(1))?;
    fields.finish()?;
    let tail = Tail { associated: Vec::new(), tag: Vec::new() };
    Ok(Parts { recipients: Reader::new(&[]), content, ciphertext, tail })
}

/// The first recipient under `tag` that `read` takes; an error of one that can't be read counts when there is no other.
fn recipients<'a, T>(
    mut set: Reader<'a>,
    tag: Tag,
    read: impl Fn(Reader<'a>) -> Result<Option<T>, DecryptError>,
) -> Result<T, DecryptError> {
    let mut nothing = DecryptError::NoKey;
    let mut count = 0;
    while !set.is_empty() {
        count += 1;
        if count > MAX_RECIPIENTS {
            return Err(DecryptError::Malformed);
        }
        let info = set.any()?;
        if info.tag() != tag {
            continue;
        }
        match read(info.reader()?) {
            Ok(Some(found)) => return Ok(found),
            Ok(None) => {}
            Err(error) => nothing = error,
        }
    }
    Err(nothing)
}

/// A KEKRecipientInfo (RFC 5652 section 6.2.3).
struct KeyEncryptionRecipient {
    wrap: Wrap,
    encrypted: Vec<u8>,
}

/// `None` when it is for another key.
fn key_encryption_recipient(
    mut fields: Reader<'_>,
    identifier: &[u8],
) -> Result<Option<KeyEncryptionRecipient>, DecryptError> {
    fields.expect(ber::INTEGER)?;
    // KEKIdentifier: date and other attribute may follow.
    let named = fields.sequence()?.expect(ber::OCTET_STRING)?.octets()?;
    let algorithm = AlgorithmIdentifier::read(&mut fields)?;
    let encrypted = fields.expect(ber::OCTET_STRING)?.octets()?.into_owned();
    fields.finish()?;
    if named != identifier {
        return Ok(None);
    }
    let wrap = Wrap::from_oid(&algorithm.oid()).ok_or(DecryptError::Unsupported)?;
    Ok(Some(KeyEncryptionRecipient { wrap, encrypted }))
}

/// A PasswordRecipientInfo (RFC 5652 section 6.2.4).
struct PasswordRecipient {
    derivation: Pbkdf2,
    cipher: Cipher,
    parameters: Parameters,
    encrypted: Vec<u8>,
}

fn password_recipient(mut fields: Reader<'_>) -> Result<Option<PasswordRecipient>, DecryptError> {
    fields.expect(ber::INTEGER)?;
    // Without a derivation the key comes from somewhere else.
    let derivation = fields.optional(Tag::context(0))?.ok_or(DecryptError::Unsupported)?;
    let derivation = AlgorithmIdentifier::from_element(&derivation)?;
    let wrap = AlgorithmIdentifier::read(&mut fields)?;
    let encrypted = fields.expect(ber::OCTET_STRING)?.octets()?.into_owned();
    fields.finish()?;
    if derivation.oid() != oid::PBKDF2 || wrap.oid() != oid::PWRI_KEK {
        return Err(DecryptError::Unsupported);
    }
    let derivation = Pbkdf2::read(sequence(&derivation)?.reader()?).map_err(refused)?;
    let inner = AlgorithmIdentifier::from_element(&sequence(&wrap)?)?;
    // RFC 3211 wraps with CBC; RC2 nobody ever wrapped with.
    let wraps = |cipher: &Cipher| !cipher.is_aead() && !matches!(cipher, Cipher::Rc2Cbc(_));
    let cipher = Cipher::of(&inner).filter(wraps).ok_or(DecryptError::Unsupported)?;
    let parameters = Parameters::read(cipher, &inner)?;
    Ok(Some(PasswordRecipient { derivation, cipher, parameters, encrypted }))
}

/// The parameters, which must be a SEQUENCE.
fn sequence<'a>(algorithm: &AlgorithmIdentifier<'a>) -> Result<Element<'a>, DecryptError> {
    let parameters = algorithm.parameters().filter(|parameters| parameters.tag() == ber::SEQUENCE);
    parameters.ok_or(DecryptError::Malformed)
}

impl PasswordRecipient {
    /// The key-encryption key.
    fn key(&self, password: &str) -> Result<Zeroizing<Vec<u8>>, DecryptError> {
        let octets = self.cipher.key_octets();
        if self.derivation.key_octets().is_some_and(|announced| announced != octets) {
            return Err(DecryptError::Malformed);
        }
        self.derivation.derive(&Password::new(password), octets, &mut Work::new()).map_err(refused)
    }
}

fn refused(error: PbeError) -> DecryptError {
    match error {
        PbeError::Malformed => DecryptError::Malformed,
        PbeError::Unsupported(_) | PbeError::TooCostly | PbeError::WrongPassword => DecryptError::Unsupported,
    }
}

/// Password-based key unwrap (RFC 3211 section 2.3.2): CBC twice, a length octet, three octets that repeat the first of
/// the key as their complement.
fn unwrap_pwri(cipher: Cipher, kek: &[u8], iv: &[u8], encrypted: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
    let block = iv.len();
    let mut octets = Zeroizing::new(encrypted.to_vec());
    if block == 0 || !octets.len().is_multiple_of(block) || octets.len() < 2 * block {
        return None;
    }
    // The last block, under the one before it, is the initialisation vector of the outer layer.
    let before = encrypted.get(octets.len() - 2 * block..octets.len() - block)?;
    let (front, last) = octets.split_at_mut_checked(encrypted.len() - block)?;
    decrypt_with(cipher, kek, before, last)?;
    decrypt_with(cipher, kek, last, front)?;
    decrypt_with(cipher, kek, iv, &mut octets)?;
    let (count, rest) = octets.split_first()?;
    let (check, rest) = rest.split_at_checked(3)?;
    let complement: Vec<u8> = rest.iter().take(3).map(|octet| !octet).collect();
    let right = complement.as_slice().ct_eq(check);
    let key = rest.get(..usize::from(*count))?;
    bool::from(right).then(|| Zeroizing::new(key.to_vec()))
}
