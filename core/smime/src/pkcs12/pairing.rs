//! Which certificate belongs to which key.

use std::collections::BTreeSet;

use super::{CertificateEntry, Contents, KeyEntry, Warning};
use crate::certificate::{Certificate, CertificatesByKey};
use crate::key::PrivateKey;

/// What the bags hold.
#[derive(Default)]
pub(super) struct Found {
    pub(super) keys: Vec<(PrivateKey, Attributes)>,
    pub(super) certificates: Vec<(Certificate, Attributes)>,
    pub(super) warnings: BTreeSet<Warning>,
}

/// The attributes of a bag that are known here.
#[derive(Default)]
pub(super) struct Attributes {
    pub(super) name: Option<String>,
    pub(super) local_key_id: Option<Vec<u8>>,
}

impl Found {
    /// Gives each key its certificate: by public key; of several, the one with the key's localKeyId.
    pub(super) fn paired(self) -> Contents {
        let Found { keys, certificates, mut warnings } = self;
        let by_key = CertificatesByKey::new(certificates.iter().map(|(certificate, _)| certificate));
        let paired = keys.into_iter().map(|(key, attributes)| {
            let claims = |other: &Attributes| {
                attributes.local_key_id.is_some() && other.local_key_id == attributes.local_key_id
            };
            let own = || by_key.of(&key).iter().filter_map(|position| certificates.get(*position));
            let certificate = own().find(|(_, other)| claims(other)).or_else(|| own().next());
            let certificate = certificate.map(|(certificate, _)| certificate.clone());
            if certificate.is_none() {
                let is_claimed = certificates.iter().any(|(_, other)| claims(other));
                warnings.insert(if is_claimed {
                    Warning::CertificateMismatch
                } else {
                    Warning::NoCertificate
                });
            }
            KeyEntry { key, name: attributes.name, certificate }
        });
        Contents {
            keys: paired.collect(),
            certificates: certificates
                .into_iter()
                .map(|(certificate, attributes)| CertificateEntry { certificate, name: attributes.name })
                .collect(),
            warnings: warnings.into_iter().collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::certificate::by_key::KEYS_READ;
    use crate::issue::{Subject, personal_root};
    use crate::key::KeyAlgorithm;
    use crate::pkcs8::MAX_KEYS;
    use crate::time::UnixTime;
    use rand_core::{Infallible, TryCryptoRng, TryRng};

    struct Rng;

    impl TryRng for Rng {
        type Error = Infallible;
        fn try_next_u32(&mut self) -> Result<u32, Infallible> {
            self.try_next_u64().map(|number| number as u32)
        }
        fn try_next_u64(&mut self) -> Result<u64, Infallible> {
            let mut octets = [0; 8];
            self.try_fill_bytes(&mut octets)?;
            Ok(u64::from_le_bytes(octets))
        }
        #[allow(clippy::disallowed_methods, reason = "tests may use the system's randomness")]
        fn try_fill_bytes(&mut self, octets: &mut [u8]) -> Result<(), Infallible> {
            getrandom::fill(octets).unwrap();
            Ok(())
        }
    }
    impl TryCryptoRng for Rng {}

    #[test]
    fn each_certificate_is_read_once_whatever_the_number_of_keys() {
        let rng = &mut Rng;
        let subject = Subject {
            address: "alice@example.org".parse().unwrap(),
            name: "Alice".to_owned(),
            not_before: UnixTime::from_secs(1_764_000_000),
            not_after: UnixTime::from_secs(1_765_000_000),
        };
        let keys: Vec<PrivateKey> =
            (0..MAX_KEYS).map(|_| PrivateKey::generate(KeyAlgorithm::P256, rng).unwrap()).collect();
        let roots: Vec<Certificate> =
            keys.iter().map(|key| personal_root(key, &subject, rng).unwrap()).collect();
        // The last key's certificate stands behind those of all others, which stand there many times.
        let certificates = roots.iter().cycle().take(4 * MAX_KEYS).cloned();
        let found = Found {
            keys: keys.into_iter().map(|key| (key, Attributes::default())).collect(),
            certificates: certificates.map(|certificate| (certificate, Attributes::default())).collect(),
            warnings: BTreeSet::new(),
        };
        KEYS_READ.set(0);
        let contents = found.paired();
        assert_eq!(KEYS_READ.get(), 4 * MAX_KEYS);
        let paired: Vec<_> = contents.keys.iter().filter_map(|entry| entry.certificate.clone()).collect();
        assert_eq!(paired, roots);
        assert!(contents.warnings.is_empty());
    }
}
