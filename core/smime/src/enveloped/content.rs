//! Content ciphers: AES-GCM, AES-CBC, 3DES-CBC, RC2-CBC; piece by piece, or a content in memory as one piece.

mod cbc;

use const_oid::ObjectIdentifier;
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

use self::cbc::{CbcDecryptor, CbcEncryptor};
pub(super) use self::cbc::{decrypt_blocks, decrypt_with};
use super::ContentCipher;
use crate::ber::{self, BerError, write};
use crate::key::AlgorithmIdentifier;
use crate::oid;
use crate::primitives::Backend;
use crate::primitives::aes_gcm::{self, Gcm};
use crate::rc2;

/// Length of the GCM nonce (RFC 5084 section 3.2 recommends 12 octets; nothing else is written).
pub(super) const GCM_NONCE: usize = aes_gcm::NONCE;
/// Length of the GCM tag that we write.
pub(super) const GCM_TAG: usize = aes_gcm::TAG;

/// Longest content in CBC that is written.
const MAX_CBC_OCTETS: u64 = 1 << 60;

/// Cipher and key length.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Cipher {
    Aes128Gcm,
    Aes192Gcm,
    Aes256Gcm,
    Aes128Cbc,
    Aes192Cbc,
    Aes256Cbc,
    TdesCbc,
    /// With so many effective key bits; the key has as many octets as they need (RFC 3370 section 5.2).
    Rc2Cbc(usize),
}

/// Ciphers by identifier, with name and key length in octets.
const CIPHERS: [(Cipher, ObjectIdentifier, &str, usize); 7] = [
    (Cipher::Aes128Gcm, oid::AES128_GCM, "aes-128-gcm", 16),
    (Cipher::Aes192Gcm, oid::AES192_GCM, "aes-192-gcm", 24),
    (Cipher::Aes256Gcm, oid::AES256_GCM, "aes-256-gcm", 32),
    (Cipher::Aes128Cbc, oid::AES128_CBC, "aes-128-cbc", 16),
    (Cipher::Aes192Cbc, oid::AES192_CBC, "aes-192-cbc", 24),
    (Cipher::Aes256Cbc, oid::AES256_CBC, "aes-256-cbc", 32),
    (Cipher::TdesCbc, oid::TDES_CBC, "3des-cbc", 24),
];

impl From<ContentCipher> for Cipher {
    fn from(cipher: ContentCipher) -> Self {
        match cipher {
            ContentCipher::Aes256Gcm => Cipher::Aes256Gcm,
            ContentCipher::Aes128Gcm => Cipher::Aes128Gcm,
            ContentCipher::Aes256Cbc => Cipher::Aes256Cbc,
            ContentCipher::Aes128Cbc => Cipher::Aes128Cbc,
        }
    }
}

impl Cipher {
    /// The cipher of a contentEncryptionAlgorithm.
    pub(super) fn of(algorithm: &AlgorithmIdentifier<'_>) -> Option<Self> {
        if algorithm.oid() == oid::RC2_CBC {
            let mut fields = algorithm.parameters()?.reader().ok()?;
            let version = fields.optional(ber::INTEGER).ok()?.map(|version| version.small());
            return rc2::effective_bits(version.transpose().ok()?).map(Cipher::Rc2Cbc);
        }
        CIPHERS.iter().find(|(_, oid, ..)| *oid == algorithm.oid()).map(|(cipher, ..)| *cipher)
    }

    fn row(self) -> (ObjectIdentifier, &'static str, usize) {
        if let Cipher::Rc2Cbc(bits) = self {
            return (oid::RC2_CBC, "rc2-cbc", bits.div_ceil(8));
        }
        let found = CIPHERS.iter().find(|(cipher, ..)| *cipher == self);
        found.map_or((oid::AES256_CBC, "", 32), |(_, oid, name, octets)| (*oid, name, *octets))
    }

    /// Name like `aes-256-gcm`.
    pub(super) fn name(self) -> &'static str {
        self.row().1
    }

    /// Key length in octets.
    pub(super) fn key_octets(self) -> usize {
        self.row().2
    }

    /// Authenticated.
    pub(super) fn is_aead(self) -> bool {
        matches!(self, Cipher::Aes128Gcm | Cipher::Aes192Gcm | Cipher::Aes256Gcm)
    }

    /// Read, but no longer to be trusted with a secret.
    pub(super) fn is_weak(self) -> bool {
        matches!(self, Cipher::TdesCbc | Cipher::Rc2Cbc(_))
    }

    /// AlgorithmIdentifier with this nonce or initialisation vector.
    pub(super) fn algorithm_identifier_der(self, iv: &[u8]) -> Vec<u8> {
        let iv = write::octet_string(iv);
        if self.is_aead() {
            // GCMParameters (RFC 5084 section 3.2): the default tag length is 12.
            let parameters = write::sequence(&[&iv, &write::small(16)]);
            write::algorithm(&self.row().0, &parameters)
        } else {
            write::algorithm(&self.row().0, &iv)
        }
    }
}

/// Nonce or initialisation vector, and the length of the tag (GCM only).
#[derive(Clone)]
pub(super) struct Parameters {
    pub(super) iv: Vec<u8>,
    pub(super) tag_octets: usize,
}

impl Parameters {
    /// Of a contentEncryptionAlgorithm.
    pub(super) fn read(cipher: Cipher, algorithm: &AlgorithmIdentifier<'_>) -> Result<Self, BerError> {
        let parameters = algorithm.parameters().ok_or(BerError::Truncated)?;
        if let Cipher::Rc2Cbc(_) = cipher {
            // RC2CBCParameter (RFC 3370 section 5.2).
            let mut fields = parameters.reader()?;
            fields.optional(ber::INTEGER)?;
            let iv = fields.expect(ber::OCTET_STRING)?.octets()?.into_owned();
            fields.finish()?;
            return Ok(Parameters { iv, tag_octets: 0 });
        }
        if !cipher.is_aead() {
            if parameters.tag() != ber::OCTET_STRING {
                return Err(BerError::Unexpected);
            }
            return Ok(Parameters { iv: parameters.octets()?.into_owned(), tag_octets: 0 });
        }
        if parameters.tag() != ber::SEQUENCE {
            return Err(BerError::Unexpected);
        }
        let mut fields = parameters.reader()?;
        let iv = fields.expect(ber::OCTET_STRING)?.octets()?.into_owned();
        let tag_octets = match fields.optional(ber::INTEGER)? {
            Some(length) => usize::try_from(length.small()?).map_err(|_| BerError::Value)?,
            None => 12,
        };
        fields.finish()?;
        Ok(Parameters { iv, tag_octets })
    }
}

/// Encrypts a content piece by piece.
pub(super) enum Sealer {
    Gcm(Box<Gcm>),
    Cbc(CbcEncryptor),
    /// All was encrypted at once; this is the tag.
    Whole([u8; GCM_TAG]),
}

/// Longest content that is encrypted at once: its ciphertext is held in memory.
const MAX_WHOLE: u64 = 16 << 20;

/// Encrypts with AES-GCM a content that comes in one piece, which the primitives do faster.
pub(super) struct WholeSealer {
    key: Zeroizing<Vec<u8>>,
    nonce: [u8; GCM_NONCE],
    octets: u64,
}

impl WholeSealer {
    /// `None`: it must go piece by piece.
    pub(super) fn new(cipher: Cipher, key: &[u8], iv: &[u8], octets: u64) -> Option<Self> {
        let nonce = iv.try_into().ok().filter(|_| cipher.is_aead() && octets <= MAX_WHOLE)?;
        Some(WholeSealer { key: Zeroizing::new(key.to_vec()), nonce, octets })
    }

    /// This piece is all of the content.
    pub(super) fn takes(&self, content: &[u8]) -> bool {
        content.len() as u64 == self.octets
    }

    /// Appends the ciphertext to `out`.
    pub(super) fn seal(self, content: &[u8], out: &mut Vec<u8>) -> Option<Sealer> {
        let start = out.len();
        out.extend_from_slice(content);
        let octets = out.get_mut(start..)?;
        Backend::chosen().aes_gcm_seal(&self.key, &self.nonce, &[], octets).map(Sealer::Whole)
    }
}

impl Sealer {
    /// `None` for a wrong key, nonce or IV length, and for ciphers that are not written.
    pub(super) fn new(cipher: Cipher, key: &[u8], iv: &[u8]) -> Option<Self> {
        if cipher.is_aead() {
            Some(Sealer::Gcm(Box::new(Gcm::new(key, iv)?)))
        } else {
            Some(Sealer::Cbc(CbcEncryptor::new(cipher, key, iv)?))
        }
    }

    /// Octets of ciphertext for so many octets of content. `None`: more than one key may encrypt.
    pub(super) fn sealed_octets(&self, content: u64) -> Option<u64> {
        match self {
            Sealer::Gcm(_) | Sealer::Whole(_) => {
                Some(content).filter(|content| *content <= aes_gcm::MAX_OCTETS)
            }
            Sealer::Cbc(_) => (content <= MAX_CBC_OCTETS).then_some(content + 16 - content % 16),
        }
    }

    /// Appends the ciphertext of the next piece to `out`. `None`: more than one key may encrypt.
    pub(super) fn update(&mut self, piece: &[u8], out: &mut Vec<u8>) -> Option<()> {
        match self {
            Sealer::Gcm(gcm) => {
                let start = out.len();
                out.extend_from_slice(piece);
                gcm.encrypt(out.get_mut(start..)?)
            }
            Sealer::Cbc(cbc) => {
                cbc.update(piece, out);
                Some(())
            }
            Sealer::Whole(_) => piece.is_empty().then_some(()),
        }
    }

    /// Appends what is left; the tag, empty for CBC.
    pub(super) fn finish(self, out: &mut Vec<u8>) -> Vec<u8> {
        match self {
            Sealer::Gcm(gcm) => gcm.tag(&[]).to_vec(),
            Sealer::Whole(tag) => tag.to_vec(),
            Sealer::Cbc(cbc) => {
                cbc.finish(out);
                Vec::new()
            }
        }
    }
}

/// Decrypts a content piece by piece. What comes out before [`Opener::finish`] is checked by nothing.
pub(super) enum Opener {
    Gcm(Box<Gcm>),
    Cbc(CbcDecryptor),
}

impl Opener {
    /// `None` for a wrong key, nonce or IV length.
    pub(super) fn new(cipher: Cipher, key: &[u8], iv: &[u8]) -> Option<Self> {
        if cipher.is_aead() {
            Some(Opener::Gcm(Box::new(Gcm::new(key, iv)?)))
        } else {
            Some(Opener::Cbc(CbcDecryptor::new(cipher, key, iv)?))
        }
    }

    /// Appends the content of the next piece of ciphertext to `out`. `None`: more than one key may encrypt.
    pub(super) fn update(&mut self, piece: &[u8], out: &mut Vec<u8>) -> Option<()> {
        match self {
            Opener::Gcm(gcm) => {
                let start = out.len();
                out.extend_from_slice(piece);
                gcm.decrypt(out.get_mut(start..)?)
            }
            Opener::Cbc(cbc) => {
                cbc.update(piece, out);
                Some(())
            }
        }
    }

    /// As [`update`](Self::update), to learn only what [`finish`](Self::finish) will say: a tag needs no
    /// decryption.
    pub(super) fn check(&mut self, piece: &[u8], scratch: &mut Vec<u8>) -> Option<()> {
        match self {
            Opener::Gcm(gcm) => gcm.hash(piece),
            Opener::Cbc(cbc) => {
                cbc.update(piece, scratch);
                Some(())
            }
        }
    }

    /// Checks the tag (over `associated` as well) or the padding, and appends what is left.
    pub(super) fn finish(self, associated: &[u8], tag: &[u8], out: &mut Vec<u8>) -> Option<()> {
        match self {
            Opener::Gcm(gcm) => {
                let computed = gcm.tag(associated);
                let same = computed.get(..tag.len())?.ct_eq(tag);
                ((12..=GCM_TAG).contains(&tag.len()) && bool::from(same)).then_some(())
            }
            Opener::Cbc(cbc) => cbc.finish(out),
        }
    }
}

/// Decrypts a content in memory. Tags have 12 to 16 octets.
pub(super) fn open(
    cipher: Cipher,
    key: &[u8],
    iv: &[u8],
    associated: &[u8],
    ciphertext: &[u8],
    tag: &[u8],
) -> Option<Zeroizing<Vec<u8>>> {
    if cipher.is_aead() && key.len() == cipher.key_octets() {
        let mut content = Zeroizing::new(ciphertext.to_vec());
        Backend::chosen().aes_gcm_open(key, iv.try_into().ok()?, associated, &mut content, tag)?;
        return Some(content);
    }
    let mut opener = Opener::new(cipher, key, iv)?;
    let mut content = Zeroizing::new(Vec::with_capacity(ciphertext.len()));
    opener.update(ciphertext, &mut content)?;
    opener.finish(associated, tag, &mut content)?;
    Some(content)
}
