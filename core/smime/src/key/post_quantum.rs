//! ML-DSA (FIPS 204) and ML-KEM (FIPS 203) keys: from octets, to octets, and what they can do.

use ml_dsa::{ExpandedSigningKey, Keypair, MlDsa44, MlDsa65, MlDsa87, SigningKey, VerifyingKey};
use ml_kem::kem::Decapsulate;
use ml_kem::{DecapsulationKey, EncapsulationKey, KeyExport, MlKem512, MlKem768, MlKem1024};
use rand_core::CryptoRng;
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

use super::public::Kind;
use super::{KeyAlgorithm, KeyError, expanded};
use crate::ber::{self, write};

/// Octets of the seed that an ML-DSA key is expanded from (FIPS 204 section 5.1).
const SIGNATURE_SEED: usize = 32;
/// Octets of the seed d, z of an ML-KEM key (FIPS 203 section 7.1).
const KEM_SEED: usize = 64;

/// A public key of any of the six parameter sets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::key) struct PublicKey {
    algorithm: KeyAlgorithm,
    octets: Vec<u8>,
}

/// A private key. Wiped when dropped.
pub(in crate::key) struct PrivateKey {
    algorithm: KeyAlgorithm,
    form: Form,
    public: Vec<u8>,
}

/// How a private key is kept.
enum Form {
    Seed(Zeroizing<Vec<u8>>),
    /// What is left where a key was made elsewhere and its seed thrown away.
    Expanded(Zeroizing<Vec<u8>>),
}

/// Runs `$body` with the type of the parameter set, one of these, as `$set`.
macro_rules! for_sets {
    ($algorithm:expr, [$($known:ident),+], $set:ident => $body:expr) => {
        match $algorithm {
            $(KeyAlgorithm::$known => {
                type $set = $known;
                $body
            })+
            _ => None,
        }
    };
}

macro_rules! for_signatures {
    ($algorithm:expr, $set:ident => $body:expr) => {
        for_sets!($algorithm, [MlDsa44, MlDsa65, MlDsa87], $set => $body)
    };
}

macro_rules! for_kems {
    ($algorithm:expr, $set:ident => $body:expr) => {
        for_sets!($algorithm, [MlKem512, MlKem768, MlKem1024], $set => $body)
    };
}

impl PublicKey {
    /// From the subjectPublicKey bits (RFC 9881 section 4, RFC 9935 section 4).
    pub(in crate::key) fn from_bits(algorithm: KeyAlgorithm, bits: &[u8]) -> Result<Self, KeyError> {
        is_public_key(algorithm, bits).ok_or(KeyError::Malformed)?;
        Ok(PublicKey { algorithm, octets: bits.to_vec() })
    }

    pub(in crate::key) fn algorithm(&self) -> KeyAlgorithm {
        self.algorithm
    }

    pub(in crate::key) fn bits(&self) -> &[u8] {
        &self.octets
    }

    /// ML-DSA in pure mode with an empty context (RFC 9882 section 3.1).
    pub(in crate::key) fn verify(&self, message: &[u8], signature: &[u8]) -> Option<()> {
        for_signatures!(self.algorithm, Set => {
            let key = VerifyingKey::<Set>::decode(&self.octets.as_slice().try_into().ok()?);
            let signature = ml_dsa::Signature::<Set>::try_from(signature).ok()?;
            key.verify_with_context(message, &[], &signature).then_some(())
        })
    }

    /// ML-KEM: the ciphertext and the shared secret.
    pub(in crate::key) fn encapsulate(
        &self,
        rng: &mut dyn CryptoRng,
    ) -> Option<(Vec<u8>, Zeroizing<Vec<u8>>)> {
        let mut message = Zeroizing::new(ml_kem::B32::default());
        rng.fill_bytes(&mut message);
        self.encapsulate_with(&message)
    }

    fn encapsulate_with(&self, message: &ml_kem::B32) -> Option<(Vec<u8>, Zeroizing<Vec<u8>>)> {
        for_kems!(self.algorithm, Set => {
            let key = EncapsulationKey::<Set>::new(&self.octets.as_slice().try_into().ok()?).ok()?;
            let (ciphertext, secret) = key.encapsulate_deterministic(message);
            Some((ciphertext.to_vec(), Zeroizing::new(secret.to_vec())))
        })
    }
}

impl PrivateKey {
    pub(in crate::key) fn generate(
        algorithm: KeyAlgorithm,
        rng: &mut dyn CryptoRng,
    ) -> Result<Self, KeyError> {
        let octets = if algorithm.is_kem() { KEM_SEED } else { SIGNATURE_SEED };
        let mut seed = Zeroizing::new(vec![0; octets]);
        rng.fill_bytes(&mut seed);
        Self::from_seed(algorithm, &seed)
    }

    /// From the octets of PKCS#8's privateKey: the seed as `[0]`, the expanded key as OCTET STRING, or both in a SEQUENCE
    /// (RFC 9881 section 6, RFC 9935 section 6).
    ///
    /// Both must belong together. An expanded key that came alone must be encoded the one right way and do with its
    /// public half what a key pair does.
    pub(in crate::key) fn from_octets(algorithm: KeyAlgorithm, octets: &[u8]) -> Result<Self, KeyError> {
        let element = ber::single(octets)?;
        if element.tag() == ber::Tag::context(0) && !element.is_constructed() {
            return Self::from_seed(algorithm, element.content());
        }
        if element.tag() == ber::OCTET_STRING && !element.is_constructed() {
            return Self::from_expanded(algorithm, element.content());
        }
        let mut both = ber::sequence(octets)?;
        let (seed, expanded) = (both.expect(ber::OCTET_STRING)?, both.expect(ber::OCTET_STRING)?);
        both.finish()?;
        if seed.is_constructed() || expanded.is_constructed() {
            return Err(KeyError::Malformed);
        }
        let key = Self::from_seed(algorithm, seed.content())?;
        let own = expand(algorithm, seed.content()).ok_or(KeyError::Malformed)?;
        if bool::from(own.ct_eq(expanded.content())) { Ok(key) } else { Err(KeyError::Malformed) }
    }

    fn from_seed(algorithm: KeyAlgorithm, seed: &[u8]) -> Result<Self, KeyError> {
        let public = public_of_seed(algorithm, seed).ok_or(KeyError::Malformed)?;
        Ok(PrivateKey { algorithm, form: Form::Seed(Zeroizing::new(seed.to_vec())), public })
    }

    fn from_expanded(algorithm: KeyAlgorithm, expanded: &[u8]) -> Result<Self, KeyError> {
        let public = public_of_expanded(algorithm, expanded).ok_or(KeyError::Malformed)?;
        let key = PrivateKey { algorithm, form: Form::Expanded(Zeroizing::new(expanded.to_vec())), public };
        key.is_a_pair().ok_or(KeyError::Malformed)?;
        Ok(key)
    }

    /// The halves of an expanded key belong together: what one does, the other undoes. For ML-DSA this covers the hash of
    /// the public key as well, which signing takes from the private half and verifying computes.
    fn is_a_pair(&self) -> Option<()> {
        let public = PublicKey { algorithm: self.algorithm, octets: self.public.clone() };
        if self.algorithm.is_kem() {
            let (ciphertext, secret) = public.encapsulate_with(&[0x5A; 32].into())?;
            return bool::from(self.decapsulate(&ciphertext)?.ct_eq(&secret)).then_some(());
        }
        const MESSAGE: &[u8] = b"pairwise consistency";
        public.verify(MESSAGE, &self.sign_deterministically(MESSAGE)?)
    }

    fn sign_deterministically(&self, message: &[u8]) -> Option<Vec<u8>> {
        for_signatures!(self.algorithm, Set => {
            let signature = self.signing_key::<Set>()?.sign_deterministic(message, &[]).ok()?;
            Some(signature.encode().to_vec())
        })
    }

    pub(in crate::key) fn public(&self) -> Kind {
        Kind::PostQuantum(PublicKey { algorithm: self.algorithm, octets: self.public.clone() })
    }

    /// PKCS#8 with the seed where it is known, else with the expanded key.
    pub(in crate::key) fn to_pkcs8(&self) -> Option<Zeroizing<Vec<u8>>> {
        let octets = Zeroizing::new(match &self.form {
            Form::Seed(seed) => write::context_primitive(0, seed),
            Form::Expanded(expanded) => write::octet_string(expanded),
        });
        let algorithm = write::algorithm(&self.algorithm.post_quantum_oid()?, &[]);
        Some(Zeroizing::new(write::sequence(&[&write::small(0), &algorithm, &write::octet_string(&octets)])))
    }

    /// ML-DSA in pure mode with an empty context, hedged with randomness (FIPS 204 section 3.4).
    pub(in crate::key) fn sign(&self, message: &[u8], rng: &mut dyn CryptoRng) -> Option<Vec<u8>> {
        for_signatures!(self.algorithm, Set => {
            let signature = self.signing_key::<Set>()?.sign_randomized(message, &[], rng).ok()?;
            Some(signature.encode().to_vec())
        })
    }

    #[allow(deprecated, reason = "as from_expanded, which has checked this one")]
    fn signing_key<Set: ml_dsa::MlDsaParams>(&self) -> Option<ExpandedSigningKey<Set>> {
        Some(match &self.form {
            Form::Seed(seed) => ExpandedSigningKey::<Set>::from_seed(&seed.as_slice().try_into().ok()?),
            Form::Expanded(expanded) => {
                ExpandedSigningKey::<Set>::from_expanded(&expanded.as_slice().try_into().ok()?)
            }
        })
    }

    /// ML-KEM: the shared secret. A wrong ciphertext gives another one, the same each time (implicit rejection); `None`
    /// for one of a wrong length.
    #[allow(deprecated, reason = "as from_expanded, which has checked this one")]
    pub(in crate::key) fn decapsulate(&self, ciphertext: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
        for_kems!(self.algorithm, Set => {
            let key = match &self.form {
                Form::Seed(seed) => DecapsulationKey::<Set>::from_seed(seed.as_slice().try_into().ok()?),
                Form::Expanded(expanded) => {
                    DecapsulationKey::<Set>::from_expanded(&expanded.as_slice().try_into().ok()?).ok()?
                }
            };
            Some(Zeroizing::new(key.decapsulate(&ciphertext.try_into().ok()?).to_vec()))
        })
    }
}

/// The length is right, and for ML-KEM every coefficient is below the modulus (FIPS 203 section 7.2).
fn is_public_key(algorithm: KeyAlgorithm, bits: &[u8]) -> Option<()> {
    if algorithm.is_kem() {
        return for_kems!(algorithm, Set => EncapsulationKey::<Set>::new(&bits.try_into().ok()?).ok().map(drop));
    }
    for_signatures!(algorithm, Set => ml_dsa::EncodedVerifyingKey::<Set>::try_from(bits).ok().map(drop))
}

fn public_of_seed(algorithm: KeyAlgorithm, seed: &[u8]) -> Option<Vec<u8>> {
    if algorithm.is_kem() {
        return for_kems!(algorithm, Set => {
            let key = DecapsulationKey::<Set>::from_seed(seed.try_into().ok()?);
            Some(key.encapsulation_key().to_bytes().to_vec())
        });
    }
    for_signatures!(algorithm, Set => {
        let key = SigningKey::<Set>::from_seed(&seed.try_into().ok()?);
        Some(key.verifying_key().encode().to_vec())
    })
}

#[allow(
    deprecated,
    reason = "the expanded form is read: RFC 9881 and RFC 9935 allow it; it is never made here"
)]
fn public_of_expanded(algorithm: KeyAlgorithm, octets: &[u8]) -> Option<Vec<u8>> {
    use ml_kem::ExpandedKeyEncoding;
    if algorithm.is_kem() {
        return for_kems!(algorithm, Set => {
            // Checks the public half and its hash (FIPS 203 section 7.3).
            let key = DecapsulationKey::<Set>::from_expanded(&octets.try_into().ok()?).ok()?;
            let again = Zeroizing::new(key.to_expanded_bytes().to_vec());
            let canonical = bool::from(again.as_slice().ct_eq(octets));
            canonical.then(|| key.encapsulation_key().to_bytes().to_vec())
        });
    }
    // The crate would end the process for coefficients out of range, and doesn't look at t0.
    expanded::check(algorithm, octets)?;
    for_signatures!(algorithm, Set => {
        let key = ExpandedSigningKey::<Set>::from_expanded(&octets.try_into().ok()?);
        Some(key.verifying_key().encode().to_vec())
    })
}

/// The expanded form of a seed.
#[allow(deprecated, reason = "compared with one that came from elsewhere")]
fn expand(algorithm: KeyAlgorithm, seed: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
    use ml_kem::ExpandedKeyEncoding;
    let expanded = if algorithm.is_kem() {
        for_kems!(algorithm, Set => {
            Some(DecapsulationKey::<Set>::from_seed(seed.try_into().ok()?).to_expanded_bytes().to_vec())
        })
    } else {
        for_signatures!(algorithm, Set => {
            Some(ExpandedSigningKey::<Set>::from_seed(&seed.try_into().ok()?).to_expanded().to_vec())
        })
    };
    expanded.map(Zeroizing::new)
}
