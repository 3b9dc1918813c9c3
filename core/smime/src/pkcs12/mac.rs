//! MacData (RFC 7292 section 4): HMAC under a key of appendix B, or PBMAC1 (RFC 9579).

use super::Pkcs12Error;
use crate::ber::{self, Reader, write};
use crate::key::{AlgorithmIdentifier, DigestAlgorithm};
use crate::oid;
use crate::pbe::{self, MacKey, Password, Pbkdf2, Work, digest_of_hmac, hmac, hmac_oid, pkcs12_mac_key};

/// Shortest key of a PBMAC1 in octets: the digest of SHA-1. Writers take the length of their HMAC's digest; of a key of
/// one octet 256 tries make a MAC that holds, without the password.
const MIN_MAC_KEY_OCTETS: usize = 20;

/// A MAC as read.
pub(super) struct MacData {
    method: Method,
    expected: Vec<u8>,
}

enum Method {
    Pkcs12 { digest: DigestAlgorithm, salt: Vec<u8>, iterations: u32 },
    Pbmac1 { derivation: Pbkdf2, digest: DigestAlgorithm },
}

impl MacData {
    pub(super) fn read(mut fields: Reader<'_>) -> Result<Self, Pkcs12Error> {
        let mut info = fields.sequence()?;
        let algorithm = AlgorithmIdentifier::read(&mut info)?;
        let expected = info.expect(ber::OCTET_STRING)?.octets()?.into_owned();
        info.finish()?;
        let salt = fields.expect(ber::OCTET_STRING)?.octets()?.into_owned();
        let count = fields.optional(ber::INTEGER)?;
        fields.finish()?;
        let method = if algorithm.oid() == oid::PBMAC1 {
            // RFC 9579 section 5: macSalt and iterations mean nothing here.
            pbmac1(&algorithm)?
        } else {
            let digest = DigestAlgorithm::from_oid(&algorithm.oid());
            Method::Pkcs12 {
                digest: digest.ok_or(Pkcs12Error::Unsupported(algorithm.oid()))?,
                salt,
                iterations: count.map_or(Ok(1), |count| pbe::iterations(&count))?,
            }
        };
        Ok(MacData { method, expected })
    }

    /// Whether it is the MAC of `content` under `password`, compared in constant time.
    pub(super) fn holds(
        &self,
        content: &[u8],
        password: &Password,
        work: &mut Work,
    ) -> Result<bool, Pkcs12Error> {
        let key = match &self.method {
            Method::Pkcs12 { digest, salt, iterations } => {
                work.spend(*iterations, 1)?;
                pkcs12_mac_key(*digest, password.bmp(), salt, *iterations)
            }
            Method::Pbmac1 { derivation, digest } => {
                let octets = derivation.key_octets().unwrap_or(digest.octets());
                MacKey { digest: *digest, key: derivation.derive(password, octets, work)? }
            }
        };
        Ok(pbe::mac_is(&key, content, &self.expected))
    }
}

/// PBMAC1-params (RFC 8018 appendix A.5), with PBKDF2 as RFC 9579 section 4 demands, which makes the key length
/// mandatory.
fn pbmac1(algorithm: &AlgorithmIdentifier<'_>) -> Result<Method, Pkcs12Error> {
    let parameters = algorithm.parameters().filter(|parameters| parameters.tag() == ber::SEQUENCE);
    let mut fields = parameters.ok_or(Pkcs12Error::Malformed)?.reader()?;
    let derivation = AlgorithmIdentifier::read(&mut fields)?;
    let scheme = AlgorithmIdentifier::read(&mut fields)?;
    fields.finish()?;
    if derivation.oid() != oid::PBKDF2 {
        return Err(Pkcs12Error::Unsupported(derivation.oid()));
    }
    let parameters = derivation.parameters().filter(|parameters| parameters.tag() == ber::SEQUENCE);
    let derivation = Pbkdf2::read(parameters.ok_or(Pkcs12Error::Malformed)?.reader()?)?;
    if derivation.key_octets().ok_or(Pkcs12Error::Malformed)? < MIN_MAC_KEY_OCTETS {
        return Err(Pkcs12Error::ShortMacKey);
    }
    Ok(Method::Pbmac1 { derivation, digest: digest_of_hmac(&scheme)? })
}

/// DER of a MacData with an HMAC of `digest` under a key of RFC 7292 appendix B.
pub(super) fn write_pkcs12(
    digest: DigestAlgorithm,
    content: &[u8],
    password: &Password,
    salt: &[u8],
    iterations: u32,
) -> Vec<u8> {
    let key = pkcs12_mac_key(digest, password.bmp(), salt, iterations);
    let algorithm = write::algorithm(&digest.oid(), &write::null());
    let info = write::sequence(&[&algorithm, &write::octet_string(&hmac(&key, content))]);
    // DEFAULT 1 is not written (X.690 section 11.5).
    let iterations = if iterations == 1 { Vec::new() } else { write::small(iterations) };
    write::sequence(&[&info, &write::octet_string(salt), &iterations])
}

/// DER of a MacData with PBMAC1: PBKDF2-HMAC-SHA-256 and HMAC-SHA-256.
pub(super) fn write_pbmac1(
    content: &[u8],
    password: &Password,
    salt: &[u8],
    iterations: u32,
) -> Result<Vec<u8>, Pkcs12Error> {
    let digest = DigestAlgorithm::Sha256;
    let derivation = Pbkdf2::for_mac(salt, iterations);
    let key = MacKey { digest, key: derivation.derive(password, digest.octets(), &mut Work::new())? };
    let scheme = write::algorithm(&hmac_oid(digest), &write::null());
    let algorithm = write::algorithm(&oid::PBMAC1, &write::sequence(&[&derivation.to_der(), &scheme]));
    let info = write::sequence(&[&algorithm, &write::octet_string(&hmac(&key, content))]);
    Ok(write::sequence(&[&info, &write::octet_string(b"NOT USED")]))
}
