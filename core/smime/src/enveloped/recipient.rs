//! RecipientInfos, read; the content key, recovered.

use std::borrow::Cow;

use rand_core::CryptoRng;
use rsa::Pkcs1v15Encrypt;
use zeroize::Zeroizing;

use super::agreement::{Kdf, Wrap};
use super::kem::{self, Decapsulation, Encapsulation};
use super::{DecryptError, DecryptionKey, MAX_RECIPIENTS, oaep};
use crate::ber::{self, BerError, Element, Reader, Tag};
use crate::key::{AlgorithmIdentifier, DigestAlgorithm, KeyAlgorithm, PrivateKey, PublicKey, hash_and_mgf};
use crate::oid;
use crate::signed::{IssuerAndSerial, key_identifier_fits, key_identifier_names};

/// One encrypted copy of the content key.
pub(super) struct RecipientInfo<'a> {
    name: Name<'a>,
    method: Method<'a>,
    encrypted_key: Cow<'a, [u8]>,
}

enum Name<'a> {
    IssuerAndSerial(IssuerAndSerial),
    KeyIdentifier(Cow<'a, [u8]>),
}

enum Method<'a> {
    Transport(AlgorithmIdentifier<'a>),
    Agreement {
        /// `None`: the originator is named by a certificate, static-static key agreement.
        originator: Option<OriginatorKey<'a>>,
        ukm: Option<Cow<'a, [u8]>>,
        algorithm: AlgorithmIdentifier<'a>,
    },
    Encapsulation(Encapsulation<'a>),
}

#[derive(Clone, Copy)]
struct OriginatorKey<'a> {
    algorithm: AlgorithmIdentifier<'a>,
    bits: &'a [u8],
}

/// Reads the SET OF RecipientInfo; recipients by password, key-encryption key and other ways are left out.
pub(super) fn read_all<'a>(mut set: Reader<'a>) -> Result<Vec<RecipientInfo<'a>>, BerError> {
    let mut recipients = Vec::new();
    let mut count = 0;
    while !set.is_empty() {
        let info = set.any()?;
        count += 1;
        if count > MAX_RECIPIENTS {
            return Err(BerError::Value);
        }
        if info.tag() == ber::SEQUENCE {
            recipients.push(read_transport(info.reader()?)?);
        } else if info.tag() == Tag::context(1) {
            read_agreement(info.reader()?, &mut recipients)?;
        } else if info.tag() == Tag::context(4)
            && let Some(fields) = kem::enter(info.reader()?)?
        {
            recipients.push(read_encapsulation(fields)?);
        }
        if recipients.len() > MAX_RECIPIENTS {
            return Err(BerError::Value);
        }
    }
    Ok(recipients)
}

fn read_transport(mut fields: Reader<'_>) -> Result<RecipientInfo<'_>, BerError> {
    fields.expect(ber::INTEGER)?;
    let name = match fields.optional(Tag::context(0))? {
        Some(identifier) => Name::KeyIdentifier(identifier.octets()?),
        None => Name::IssuerAndSerial(IssuerAndSerial::read(fields.sequence()?)?),
    };
    let algorithm = AlgorithmIdentifier::read(&mut fields)?;
    let encrypted_key = fields.expect(ber::OCTET_STRING)?.octets()?;
    fields.finish()?;
    Ok(RecipientInfo { name, method: Method::Transport(algorithm), encrypted_key })
}

/// KEMRecipientInfo behind its version (RFC 9629 section 3).
fn read_encapsulation(mut fields: Reader<'_>) -> Result<RecipientInfo<'_>, BerError> {
    let name = match fields.optional(Tag::context(0))? {
        Some(identifier) => Name::KeyIdentifier(identifier.octets()?),
        None => Name::IssuerAndSerial(IssuerAndSerial::read(fields.sequence()?)?),
    };
    let encapsulation = Encapsulation::read(&mut fields)?;
    let encrypted_key = fields.expect(ber::OCTET_STRING)?.octets()?;
    fields.finish()?;
    Ok(RecipientInfo { name, method: Method::Encapsulation(encapsulation), encrypted_key })
}

fn read_agreement<'a>(
    mut fields: Reader<'a>,
    recipients: &mut Vec<RecipientInfo<'a>>,
) -> Result<(), BerError> {
    fields.expect(ber::INTEGER)?;
    let originator = read_originator(&fields.expect(Tag::context(0))?.explicit()?)?;
    let ukm = match fields.optional(Tag::context(1))? {
        Some(ukm) => Some(ukm.explicit()?.octets()?),
        None => None,
    };
    let algorithm = AlgorithmIdentifier::read(&mut fields)?;
    let mut keys = fields.sequence()?;
    fields.finish()?;
    while !keys.is_empty() && recipients.len() <= MAX_RECIPIENTS {
        let mut key = keys.sequence()?;
        let name = match key.optional(Tag::context(0))? {
            Some(identifier) => {
                Name::KeyIdentifier(identifier.reader()?.expect(ber::OCTET_STRING)?.octets()?)
            }
            None => Name::IssuerAndSerial(IssuerAndSerial::read(key.sequence()?)?),
        };
        let encrypted_key = key.expect(ber::OCTET_STRING)?.octets()?;
        key.finish()?;
        let method = Method::Agreement { originator, ukm: ukm.clone(), algorithm };
        recipients.push(RecipientInfo { name, method, encrypted_key });
    }
    Ok(())
}

impl OriginatorKey<'_> {
    /// The key is on the curve of our `key`. Parameters may be left out; those that are there name this curve
    /// (RFC 5753 section 3.1.1).
    fn fits(&self, key: KeyAlgorithm) -> bool {
        let curve = match key {
            KeyAlgorithm::P256 => oid::P256,
            KeyAlgorithm::P384 => oid::P384,
            KeyAlgorithm::P521 => oid::P521,
            _ => return self.algorithm.oid() == oid::X25519 && self.algorithm.has_no_parameters(),
        };
        let is_curve = matches!(self.algorithm.oid(), oid::EC_PUBLIC_KEY | oid::EC_DH);
        let named = self.algorithm.parameters().and_then(|parameters| parameters.oid().ok());
        is_curve && (self.algorithm.has_no_parameters() || named == Some(curve))
    }
}

/// OriginatorPublicKey; `None` for originators that are named by certificate.
fn read_originator<'a>(originator: &Element<'a>) -> Result<Option<OriginatorKey<'a>>, BerError> {
    if originator.tag() != Tag::context(1) {
        return Ok(None);
    }
    let mut fields = originator.reader()?;
    let algorithm = AlgorithmIdentifier::read(&mut fields)?;
    let bits = fields.expect(ber::BIT_STRING)?.bits()?;
    fields.finish()?;
    Ok(Some(OriginatorKey { algorithm, bits }))
}

/// How the content key is recovered with the key at hand: known before the private key is used.
pub(super) enum Recovery<'a> {
    Pkcs1,
    Oaep {
        digest: DigestAlgorithm,
        mgf_digest: DigestAlgorithm,
        label: Vec<u8>,
    },
    Agreement {
        originator: OriginatorKeyRef<'a>,
        ukm: Option<&'a [u8]>,
        kdf: Kdf,
        wrap: Wrap,
        wrap_algorithm: &'a [u8],
    },
    Encapsulation(Decapsulation<'a>),
}

/// The octets of the sender's one-time key.
pub(super) struct OriginatorKeyRef<'a>(&'a [u8]);

impl RecipientInfo<'_> {
    /// This recipient is (or may be, by key identifier) `key`.
    pub(super) fn names(&self, key: &DecryptionKey) -> bool {
        match &self.name {
            Name::IssuerAndSerial(name) => key.certificates.iter().any(|certificate| name.names(certificate)),
            Name::KeyIdentifier(identifier) => {
                key.certificates.iter().any(|certificate| key_identifier_names(identifier, certificate))
                    || key_identifier_fits(identifier, &key.key.public_key_der())
            }
        }
    }

    /// The way to the content key; looks at public octets only.
    pub(super) fn recovery(&self, key: KeyAlgorithm) -> Result<Recovery<'_>, DecryptError> {
        match (&self.method, key) {
            (Method::Transport(algorithm), KeyAlgorithm::Rsa(_)) => match algorithm.oid() {
                oid::RSA if algorithm.has_no_parameters() => Ok(Recovery::Pkcs1),
                oid::RSA => Err(DecryptError::Malformed),
                oid::RSA_OAEP => oaep_parameters(algorithm.parameters()),
                _ => Err(DecryptError::Unsupported),
            },
            (
                Method::Agreement { originator: Some(originator), ukm, algorithm },
                KeyAlgorithm::P256 | KeyAlgorithm::P384 | KeyAlgorithm::P521 | KeyAlgorithm::X25519,
            ) => {
                let kdf = Kdf::from_oid(&algorithm.oid()).ok_or(DecryptError::Unsupported)?;
                let wrap = algorithm.parameters().filter(|wrap| wrap.tag() == ber::SEQUENCE);
                let wrap = AlgorithmIdentifier::from_element(&wrap.ok_or(DecryptError::Malformed)?)?;
                if !originator.fits(key) {
                    return Err(DecryptError::Unsupported);
                }
                Ok(Recovery::Agreement {
                    originator: OriginatorKeyRef(originator.bits),
                    ukm: ukm.as_deref(),
                    kdf,
                    wrap: Wrap::from_oid(&wrap.oid()).ok_or(DecryptError::Unsupported)?,
                    wrap_algorithm: wrap.raw(),
                })
            }
            (Method::Encapsulation(encapsulation), key) => {
                encapsulation.recovery(key).map(Recovery::Encapsulation)
            }
            _ => Err(DecryptError::Unsupported),
        }
    }

    /// The encrypted content key.
    pub(super) fn encrypted_key(&self) -> &[u8] {
        &self.encrypted_key
    }
}

impl Recovery<'_> {
    /// `ecdh-p256`, `rsa-oaep`, `rsa-pkcs1`, `x25519`, `ml-kem-768`.
    pub(super) fn name(&self, key: KeyAlgorithm) -> &'static str {
        match (self, key) {
            (Recovery::Pkcs1, _) => "rsa-pkcs1",
            (Recovery::Oaep { .. }, _) => "rsa-oaep",
            (Recovery::Agreement { .. }, KeyAlgorithm::P384) => "ecdh-p384",
            (Recovery::Agreement { .. }, KeyAlgorithm::P521) => "ecdh-p521",
            (Recovery::Agreement { .. }, KeyAlgorithm::X25519) => "x25519",
            (Recovery::Agreement { .. }, _) => "ecdh-p256",
            (Recovery::Encapsulation(_), KeyAlgorithm::MlKem512) => "ml-kem-512",
            (Recovery::Encapsulation(_), KeyAlgorithm::MlKem768) => "ml-kem-768",
            (Recovery::Encapsulation(_), _) => "ml-kem-1024",
        }
    }

    /// The content key; `None` when anything is wrong with the encrypted key.
    pub(super) fn content_key(
        &self,
        key: &PrivateKey,
        encrypted: &[u8],
        rng: &mut dyn CryptoRng,
    ) -> Option<Zeroizing<Vec<u8>>> {
        match self {
            // Wrong padding gives a message that depends on key and ciphertext only (implicit rejection).
            Recovery::Pkcs1 => {
                key.rsa()?.decrypt_blinded(rng, Pkcs1v15Encrypt, encrypted).ok().map(Zeroizing::new)
            }
            Recovery::Oaep { digest, mgf_digest, label } => {
                oaep::decrypt(key.rsa()?, *digest, *mgf_digest, label, encrypted, rng)
            }
            Recovery::Agreement { originator, ukm, kdf, wrap, wrap_algorithm } => {
                let peer = match key.algorithm() {
                    KeyAlgorithm::P256 => PublicKey::from_point(&oid::P256, originator.0),
                    KeyAlgorithm::P384 => PublicKey::from_point(&oid::P384, originator.0),
                    KeyAlgorithm::P521 => PublicKey::from_point(&oid::P521, originator.0),
                    _ => Ok(PublicKey::from_x25519(originator.0.try_into().ok()?)),
                };
                let secret = key.agree(&peer.ok()?)?;
                let kek = wrap.derive_key(*kdf, &secret, wrap_algorithm, *ukm)?;
                wrap.unwrap(&kek, encrypted)
            }
            Recovery::Encapsulation(decapsulation) => decapsulation.content_key(key, encrypted),
        }
    }
}

/// RSAES-OAEP-params (RFC 4055 section 4.1).
fn oaep_parameters(parameters: Option<Element<'_>>) -> Result<Recovery<'_>, DecryptError> {
    let unsupported = |_| DecryptError::Unsupported;
    let (digest, mgf_digest, mut fields) = hash_and_mgf(parameters).map_err(unsupported)?;
    let label = match fields.optional(Tag::context(2))? {
        Some(source) => {
            let source = AlgorithmIdentifier::read(&mut source.reader()?)?;
            if source.oid() != oid::P_SPECIFIED {
                return Err(DecryptError::Unsupported);
            }
            let label = source.parameters().ok_or(DecryptError::Malformed)?;
            if label.tag() != ber::OCTET_STRING {
                return Err(DecryptError::Malformed);
            }
            label.octets()?.into_owned()
        }
        None => Vec::new(),
    };
    fields.finish()?;
    Ok(Recovery::Oaep { digest, mgf_digest, label })
}
