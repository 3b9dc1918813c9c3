//! EnvelopedData and AuthEnvelopedData, written.

use const_oid::ObjectIdentifier;
use rand_core::CryptoRng;
use rsa::{Oaep, Pkcs1v15Encrypt};
use sha2::Sha256;
use zeroize::Zeroizing;

use super::agreement::{Kdf, Wrap, wrap_aes256};
use super::content::Cipher;
use super::kem;
use super::stream::EncryptingWriter;
use super::{ContentEncryption, EncryptError, MAX_RECIPIENTS, Recipient, RsaTransport};
use crate::ber::write;
use crate::certificate::Certificate;
use crate::key::{self, DigestAlgorithm, KeyAlgorithm, PrivateKey, PublicKey};
use crate::oid;
use crate::signed::issuer_and_serial;
use crate::stream::StreamError;

/// Encrypts `content` (id-data, for mail a MIME entity with CRLF line ends) to all recipients; DER of the ContentInfo.
///
/// A certificate whose key usage forbids encryption, RSA below 2048 bits and signature keys are
/// [`EncryptError::UnusableKey`].
pub fn encrypt(
    content: &[u8],
    recipients: &[Recipient],
    encryption: impl Into<ContentEncryption>,
    rng: &mut dyn CryptoRng,
) -> Result<Vec<u8>, EncryptError> {
    let out = Vec::with_capacity(content.len() + 1024);
    let whole = |error| match error {
        StreamError::Refused(error) => error,
        // Memory takes everything.
        StreamError::Input(_) | StreamError::Output(_) => EncryptError::ContentTooLong,
    };
    let mut writer =
        EncryptingWriter::new(out, recipients, encryption, Some(content.len() as u64), rng).map_err(whole)?;
    writer.take(content).map_err(whole)?;
    writer.finish().map_err(whole)
}

/// The content key and the SET OF RecipientInfo that carries it.
pub(super) struct Sealed {
    pub(super) content_key: Zeroizing<Vec<u8>>,
    pub(super) recipient_infos: Vec<u8>,
    /// CMSVersion of EnvelopedData (RFC 5652 section 6.1).
    pub(super) version: u32,
}

/// Makes a content key and wraps it for every recipient.
pub(super) fn seal_key(
    recipients: &[Recipient],
    cipher: Cipher,
    rng: &mut dyn CryptoRng,
) -> Result<Sealed, EncryptError> {
    if recipients.is_empty() {
        return Err(EncryptError::NoRecipient);
    }
    if recipients.len() > MAX_RECIPIENTS {
        return Err(EncryptError::TooManyRecipients);
    }
    let mut content_key = Zeroizing::new(vec![0; cipher.key_octets()]);
    rng.fill_bytes(&mut content_key);
    let mut infos = Vec::with_capacity(recipients.len());
    let mut version = 0;
    for (index, recipient) in recipients.iter().enumerate() {
        let info = recipient_info(recipient, &content_key, rng).ok_or(EncryptError::UnusableKey(index))?;
        version = version.max(info.version);
        infos.push(info.der);
    }
    Ok(Sealed { content_key, recipient_infos: write::set_of(infos), version })
}

struct RecipientInfo {
    der: Vec<u8>,
    /// The least CMSVersion of an EnvelopedData with it (RFC 5652 section 6.1): 0 for a KeyTransRecipientInfo with
    /// issuer and serial number, 3 for an OtherRecipientInfo.
    version: u32,
}

/// How the RecipientInfo names the recipient.
enum Name<'a> {
    Certificate(&'a Certificate),
    KeyIdentifier([u8; 20]),
}

fn recipient_info(
    recipient: &Recipient,
    content_key: &[u8],
    rng: &mut dyn CryptoRng,
) -> Option<RecipientInfo> {
    let (spki, name, rsa) = match recipient {
        Recipient::Certificate { certificate, rsa } => {
            if !certificate.may_encrypt() {
                return None;
            }
            (certificate.public_key_der(), Name::Certificate(certificate), *rsa)
        }
        Recipient::Key { public_key } => {
            let name = Name::KeyIdentifier(key::key_identifier(public_key));
            (public_key.as_slice(), name, RsaTransport::OaepSha256)
        }
    };
    let key = PublicKey::from_spki(spki).ok()?;
    match key.algorithm() {
        KeyAlgorithm::Rsa(_) => key_transport(&key, &name, rsa, content_key, rng),
        KeyAlgorithm::Ed25519 | KeyAlgorithm::MlDsa44 | KeyAlgorithm::MlDsa65 | KeyAlgorithm::MlDsa87 => None,
        KeyAlgorithm::MlKem512 | KeyAlgorithm::MlKem768 | KeyAlgorithm::MlKem1024 => {
            let identifier = match &name {
                Name::Certificate(certificate) => issuer_and_serial(certificate),
                Name::KeyIdentifier(identifier) => write::context_primitive(0, identifier),
            };
            let der = kem::recipient_info(&key, &identifier, content_key, rng)?;
            Some(RecipientInfo { der, version: 3 })
        }
        curve => {
            let der = key_agreement(curve, &key, &name, content_key, rng)?;
            Some(RecipientInfo { der, version: 2 })
        }
    }
}

/// KeyTransRecipientInfo (RFC 5652 section 6.2.1).
fn key_transport(
    key: &PublicKey,
    name: &Name<'_>,
    rsa: RsaTransport,
    content_key: &[u8],
    rng: &mut dyn CryptoRng,
) -> Option<RecipientInfo> {
    let key = key.rsa_for_encryption()?;
    let (algorithm, encrypted) = match rsa {
        RsaTransport::OaepSha256 => {
            let sha256 = write::algorithm(&oid::SHA256, &write::null());
            let parameters = write::sequence(&[
                &write::context(0, &[&sha256]),
                &write::context(1, &[&write::algorithm(&oid::MGF1, &sha256)]),
            ]);
            let encrypted = key.encrypt(rng, Oaep::<Sha256>::new(), content_key).ok()?;
            (write::algorithm(&oid::RSA_OAEP, &parameters), encrypted)
        }
        RsaTransport::Pkcs1 => {
            let encrypted = key.encrypt(rng, Pkcs1v15Encrypt, content_key).ok()?;
            (write::algorithm(&oid::RSA, &write::null()), encrypted)
        }
    };
    let (version, identifier) = match name {
        Name::Certificate(certificate) => (0, issuer_and_serial(certificate)),
        Name::KeyIdentifier(identifier) => (2, write::context_primitive(0, identifier)),
    };
    let der =
        write::sequence(&[&write::small(version), &identifier, &algorithm, &write::octet_string(&encrypted)]);
    Some(RecipientInfo { der, version })
}

/// KeyAgreeRecipientInfo (RFC 5652 section 6.2.2) with a fresh key for this recipient alone.
fn key_agreement(
    curve: KeyAlgorithm,
    key: &PublicKey,
    name: &Name<'_>,
    content_key: &[u8],
    rng: &mut dyn CryptoRng,
) -> Option<Vec<u8>> {
    let (scheme, kdf): (ObjectIdentifier, _) = match curve {
        KeyAlgorithm::P256 => (oid::ECDH_SHA256KDF, Kdf::X963(DigestAlgorithm::Sha256)),
        KeyAlgorithm::P384 => (oid::ECDH_SHA384KDF, Kdf::X963(DigestAlgorithm::Sha384)),
        KeyAlgorithm::P521 => (oid::ECDH_SHA512KDF, Kdf::X963(DigestAlgorithm::Sha512)),
        KeyAlgorithm::X25519 => (oid::ECDH_HKDF_SHA256, Kdf::Hkdf(DigestAlgorithm::Sha256)),
        _ => return None,
    };
    let ephemeral = PrivateKey::generate(curve, rng).ok()?;
    let wrap_algorithm = write::algorithm(&oid::AES256_WRAP, &[]);
    let kek = Wrap::Aes256.derive_key(kdf, &ephemeral.agree(key)?, &wrap_algorithm, None)?;
    let wrapped = wrap_aes256(&kek, content_key)?;
    let ephemeral_spki = ephemeral.public_key_der();
    let key_algorithm = match curve {
        KeyAlgorithm::X25519 => oid::X25519,
        // Parameters are left out: the curve is the recipient's (RFC 5753 section 3.1.1).
        _ => oid::EC_PUBLIC_KEY,
    };
    let originator_key = write::context(
        1,
        &[&write::algorithm(&key_algorithm, &[]), &write::bit_string(key::public_key_bits(&ephemeral_spki)?)],
    );
    let identifier = match name {
        Name::Certificate(certificate) => issuer_and_serial(certificate),
        // RecipientKeyIdentifier.
        Name::KeyIdentifier(identifier) => write::context(0, &[&write::octet_string(identifier)]),
    };
    let encrypted_key = write::sequence(&[&identifier, &write::octet_string(&wrapped)]);
    Some(write::context(
        1,
        &[
            &write::small(3),
            &write::context(0, &[&originator_key]),
            &write::algorithm(&scheme, &wrap_algorithm),
            &write::sequence(&[&encrypted_key]),
        ],
    ))
}
