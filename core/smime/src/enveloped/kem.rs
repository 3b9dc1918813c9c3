//! KEMRecipientInfo (RFC 9629): the content key wrapped under a key from a key encapsulation, here ML-KEM (RFC 9936).

use std::borrow::Cow;

use rand_core::CryptoRng;
use zeroize::Zeroizing;

use super::DecryptError;
use super::agreement::{Kdf, Wrap, wrap_aes256};
use crate::ber::{self, BerError, Reader, Tag, write};
use crate::key::{AlgorithmIdentifier, DigestAlgorithm, KeyAlgorithm, PrivateKey, PublicKey};
use crate::oid;

/// The fields between the recipient's name and the encrypted content key.
pub(super) struct Encapsulation<'a> {
    kem: AlgorithmIdentifier<'a>,
    ciphertext: Cow<'a, [u8]>,
    kdf: AlgorithmIdentifier<'a>,
    kek_octets: u32,
    ukm: Option<Cow<'a, [u8]>>,
    wrap: AlgorithmIdentifier<'a>,
}

/// The way from the ciphertext to the content key, known before the private key is used.
pub(super) struct Decapsulation<'a> {
    ciphertext: &'a [u8],
    kdf: Kdf,
    wrap: Wrap,
    other_info: Vec<u8>,
}

/// The fields of the KEMRecipientInfo in an OtherRecipientInfo (RFC 5652 section 6.2.5); `None` for other types.
pub(super) fn enter(mut other: Reader<'_>) -> Result<Option<Reader<'_>>, BerError> {
    let kind = other.oid()?;
    let value = other.any()?;
    other.finish()?;
    if kind != oid::ORI_KEM {
        return Ok(None);
    }
    let mut fields =
        if value.tag() == ber::SEQUENCE { value.reader()? } else { return Err(BerError::Unexpected) };
    if fields.expect(ber::INTEGER)?.small()? != 0 {
        return Err(BerError::Value);
    }
    Ok(Some(fields))
}

impl<'a> Encapsulation<'a> {
    /// Reads the fields behind the recipient's name (RFC 9629 section 3).
    pub(super) fn read(fields: &mut Reader<'a>) -> Result<Self, BerError> {
        let kem = AlgorithmIdentifier::read(fields)?;
        let ciphertext = fields.expect(ber::OCTET_STRING)?.octets()?;
        let kdf = AlgorithmIdentifier::read(fields)?;
        let kek_octets = fields.expect(ber::INTEGER)?.small()?;
        let ukm = match fields.optional(Tag::context(0))? {
            Some(ukm) => Some(ukm.explicit()?.octets()?),
            None => None,
        };
        let wrap = AlgorithmIdentifier::read(fields)?;
        Ok(Encapsulation { kem, ciphertext, kdf, kek_octets, ukm, wrap })
    }

    /// How a key of this kind reaches the content key.
    pub(super) fn recovery(&self, key: KeyAlgorithm) -> Result<Decapsulation<'_>, DecryptError> {
        if KeyAlgorithm::from_post_quantum_oid(&self.kem.oid()) != Some(key) || !key.is_kem() {
            return Err(DecryptError::Unsupported);
        }
        let kdf = match self.kdf.oid() {
            oid::HKDF_SHA256 => Kdf::Hkdf(DigestAlgorithm::Sha256),
            oid::HKDF_SHA384 => Kdf::Hkdf(DigestAlgorithm::Sha384),
            oid::HKDF_SHA512 => Kdf::Hkdf(DigestAlgorithm::Sha512),
            _ => return Err(DecryptError::Unsupported),
        };
        let wrap = Wrap::from_oid(&self.wrap.oid()).ok_or(DecryptError::Unsupported)?;
        // Parameters must be absent (RFC 9936 section 2.2.1, RFC 8619, RFC 3565), and the length is that of the wrap.
        let bare = [&self.kem, &self.kdf].iter().all(|algorithm| algorithm.parameters().is_none());
        if !bare || self.kek_octets != u32::from(wrap.key_octets()) {
            return Err(DecryptError::Malformed);
        }
        let other_info = other_info(self.wrap.raw(), wrap, self.ukm.as_deref());
        Ok(Decapsulation { ciphertext: &self.ciphertext, kdf, wrap, other_info })
    }
}

impl Decapsulation<'_> {
    /// The content key; `None` when anything is wrong.
    pub(super) fn content_key(&self, key: &PrivateKey, encrypted: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
        let secret = key.decapsulate(self.ciphertext)?;
        let kek = self.kdf.derive(&secret, &self.other_info, usize::from(self.wrap.key_octets()))?;
        self.wrap.unwrap(&kek, encrypted)
    }
}

/// DER of CMSORIforKEMOtherInfo (RFC 9629 section 5).
fn other_info(wrap_algorithm: &[u8], wrap: Wrap, ukm: Option<&[u8]>) -> Vec<u8> {
    let ukm = ukm.map(|ukm| write::context(0, &[&write::octet_string(ukm)])).unwrap_or_default();
    write::sequence(&[wrap_algorithm, &write::small(wrap.key_octets().into()), &ukm])
}

/// OtherRecipientInfo with a KEMRecipientInfo: HKDF with SHA-256, AES-256 key wrap. `name` is the RecipientIdentifier.
pub(super) fn recipient_info(
    key: &PublicKey,
    name: &[u8],
    content_key: &[u8],
    rng: &mut dyn CryptoRng,
) -> Option<Vec<u8>> {
    let kem = key.algorithm().post_quantum_oid()?;
    let (ciphertext, secret) = key.encapsulate(rng)?;
    let wrap_algorithm = write::algorithm(&oid::AES256_WRAP, &[]);
    let wrap = Wrap::Aes256;
    let info = other_info(&wrap_algorithm, wrap, None);
    let kek = Kdf::Hkdf(DigestAlgorithm::Sha256).derive(&secret, &info, usize::from(wrap.key_octets()))?;
    let value = write::sequence(&[
        &write::small(0),
        name,
        &write::algorithm(&kem, &[]),
        &write::octet_string(&ciphertext),
        &write::algorithm(&oid::HKDF_SHA256, &[]),
        &write::small(wrap.key_octets().into()),
        &wrap_algorithm,
        &write::octet_string(&wrap_aes256(&kek, content_key)?),
    ]);
    Some(write::context(4, &[&write::oid(&oid::ORI_KEM), &value]))
}
