//! SCRAM (RFC 5802) with SHA-256 (RFC 7677) or SHA-1, without channel binding.
//!
//! Neither side sends the password: each proves that it knows what was derived from it. Who logs in is believed only after the
//! server's own proof was checked.

use data_encoding::BASE64;
use hmac::{Hmac, KeyInit, Mac};
use sha1::Sha1;
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

use super::saslprep::saslprep;

/// Fewest rounds that are accepted: less makes guessing from what was overheard cheap (RFC 7677 section 4).
const MIN_ITERATIONS: u32 = 4096;
/// Most rounds that are computed: a hostile server must not keep a processor busy. About a second on a phone.
const MAX_ITERATIONS: u32 = 1_000_000;
/// Longest message of a server in octets.
const MAX_MESSAGE: usize = 4096;

/// Which hash.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ScramHash {
    /// SCRAM-SHA-1: for servers that know nothing better.
    Sha1,
    /// SCRAM-SHA-256.
    Sha256,
}

/// Why the exchange ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ScramError {
    /// User name or password hold characters that no mechanism carries.
    #[error("the user name or password holds characters that are not allowed")]
    Unsendable,
    /// The server broke the protocol: another nonce, too few or too many rounds, an extension that must be known.
    #[error("the server broke the protocol of the log-in")]
    Protocol,
    /// The server does not know the password: its proof is missing or wrong.
    #[error("the server could not prove who it is")]
    WrongProof,
}

/// The client's side before the server's challenge.
pub struct Scram {
    hash: ScramHash,
    password: Zeroizing<String>,
    bare: String,
    nonce: String,
}

/// What the server still has to prove.
pub struct ScramProof {
    signature: Vec<u8>,
}

impl Scram {
    /// `nonce` is 18 random octets.
    pub fn new(hash: ScramHash, user: &str, password: &str, nonce: &[u8; 18]) -> Result<Self, ScramError> {
        Self::with_nonce(hash, user, password, BASE64.encode(nonce))
    }

    fn with_nonce(hash: ScramHash, user: &str, password: &str, nonce: String) -> Result<Self, ScramError> {
        let user = saslprep(user).ok_or(ScramError::Unsendable)?.replace('=', "=3D").replace(',', "=2C");
        let password = Zeroizing::new(saslprep(password).ok_or(ScramError::Unsendable)?);
        Ok(Scram { hash, password, bare: format!("n={user},r={nonce}"), nonce })
    }

    /// The first message.
    pub fn first(&self) -> String {
        format!("n,,{}", self.bare)
    }

    /// Answers the server's challenge. Takes as long as the server asked for, a second at most.
    pub fn respond(self, challenge: &[u8]) -> Result<(String, ScramProof), ScramError> {
        let challenge = text(challenge)?;
        let mut parts = challenge.split(',');
        // A mandatory extension (m=) would come first.
        let nonce = attribute(parts.next(), "r=")?;
        let salt =
            BASE64.decode(attribute(parts.next(), "s=")?.as_bytes()).map_err(|_| ScramError::Protocol)?;
        let iterations: u32 = attribute(parts.next(), "i=")?.parse().map_err(|_| ScramError::Protocol)?;
        let extends_ours = nonce.len() > self.nonce.len() && nonce.starts_with(&self.nonce);
        if !extends_ours || salt.is_empty() || !(MIN_ITERATIONS..=MAX_ITERATIONS).contains(&iterations) {
            return Err(ScramError::Protocol);
        }
        let without_proof = format!("c=biws,r={nonce}");
        let message = format!("{},{challenge},{without_proof}", self.bare);
        let salted = self.hash.salted(self.password.as_bytes(), &salt, iterations);
        let client_key = Zeroizing::new(self.hash.hmac(&salted, b"Client Key"));
        let stored_key = self.hash.digest(&client_key);
        let client_signature = self.hash.hmac(&stored_key, message.as_bytes());
        let proof: Vec<u8> = client_key.iter().zip(&client_signature).map(|(key, mask)| key ^ mask).collect();
        let server_key = Zeroizing::new(self.hash.hmac(&salted, b"Server Key"));
        let signature = self.hash.hmac(&server_key, message.as_bytes());
        Ok((format!("{without_proof},p={}", BASE64.encode(&proof)), ScramProof { signature }))
    }
}

impl ScramProof {
    /// Checks the server's last message.
    pub fn check(&self, last: &[u8]) -> Result<(), ScramError> {
        let claimed = text(last)?.split(',').next().and_then(|part| part.strip_prefix("v="));
        let claimed =
            claimed.and_then(|base64| BASE64.decode(base64.as_bytes()).ok()).ok_or(ScramError::WrongProof)?;
        let is_right = bool::from(claimed.as_slice().ct_eq(self.signature.as_slice()));
        if is_right { Ok(()) } else { Err(ScramError::WrongProof) }
    }
}

fn text(message: &[u8]) -> Result<&str, ScramError> {
    if message.len() > MAX_MESSAGE {
        return Err(ScramError::Protocol);
    }
    std::str::from_utf8(message).map_err(|_| ScramError::Protocol)
}

fn attribute<'a>(part: Option<&'a str>, name: &str) -> Result<&'a str, ScramError> {
    part.and_then(|part| part.strip_prefix(name)).ok_or(ScramError::Protocol)
}

impl ScramHash {
    fn hmac(self, key: &[u8], message: &[u8]) -> Vec<u8> {
        // HMAC takes keys of any length.
        match self {
            ScramHash::Sha1 => Hmac::<Sha1>::new_from_slice(key)
                .map(|mac| mac.chain_update(message).finalize().into_bytes().to_vec()),
            ScramHash::Sha256 => Hmac::<Sha256>::new_from_slice(key)
                .map(|mac| mac.chain_update(message).finalize().into_bytes().to_vec()),
        }
        .unwrap_or_default()
    }

    fn digest(self, octets: &[u8]) -> Vec<u8> {
        match self {
            ScramHash::Sha1 => Sha1::digest(octets).to_vec(),
            ScramHash::Sha256 => Sha256::digest(octets).to_vec(),
        }
    }

    fn salted(self, password: &[u8], salt: &[u8], iterations: u32) -> Zeroizing<Vec<u8>> {
        match self {
            ScramHash::Sha1 => {
                let mut key = Zeroizing::new(vec![0; 20]);
                pbkdf2::pbkdf2_hmac::<Sha1>(password, salt, iterations, &mut key);
                key
            }
            ScramHash::Sha256 => {
                let mut key = Zeroizing::new(vec![0; 32]);
                pbkdf2::pbkdf2_hmac::<Sha256>(password, salt, iterations, &mut key);
                key
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 7677 section 3.
    fn pencil() -> Scram {
        Scram::with_nonce(ScramHash::Sha256, "user", "pencil", "rOprNGfwEbeRWgbNEkqO".to_owned()).unwrap()
    }

    const CHALLENGE: &str =
        "r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096";

    #[test]
    fn the_exchange_of_rfc_7677() {
        assert_eq!(pencil().first(), "n,,n=user,r=rOprNGfwEbeRWgbNEkqO");
        let (answer, proof) = pencil().respond(CHALLENGE.as_bytes()).unwrap();
        assert_eq!(
            answer,
            "c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,\
             p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ="
        );
        assert_eq!(proof.check(b"v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4="), Ok(()));
    }

    #[test]
    fn the_exchange_of_rfc_5802() {
        let scram =
            Scram::with_nonce(ScramHash::Sha1, "user", "pencil", "fyko+d2lbbFgONRv9qkxdawL".to_owned())
                .unwrap();
        let challenge = "r=fyko+d2lbbFgONRv9qkxdawL3rfcNHYJY1ZVvWVs7j,s=QSXCR+Q6sek8bf92,i=4096";
        let (answer, proof) = scram.respond(challenge.as_bytes()).unwrap();
        assert_eq!(
            answer,
            "c=biws,r=fyko+d2lbbFgONRv9qkxdawL3rfcNHYJY1ZVvWVs7j,p=v0X8v3Bz2T0CJGbJQyF0X+HI4Ts="
        );
        assert_eq!(proof.check(b"v=rmF9pqV8S7suAoZWja4dJRkFsKQ="), Ok(()));
    }

    #[test]
    fn a_server_that_does_not_know_the_password_is_not_believed() {
        let (_, proof) = pencil().respond(CHALLENGE.as_bytes()).unwrap();
        for last in [
            "v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G5=",
            "v=7rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=",
            "v=",
            "",
            "e=invalid-proof",
            "6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=",
        ] {
            assert_eq!(proof.check(last.as_bytes()), Err(ScramError::WrongProof), "{last}");
        }
    }

    #[test]
    fn hostile_challenges_get_no_proof() {
        let ours = "r=rOprNGfwEbeRWgbNEkqO";
        let long = format!("{ours}{},s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096", "x".repeat(5000));
        for challenge in [
            "",
            "r=other,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096",
            // Nothing added to our nonce: a replay would do.
            &format!("{ours},s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096"),
            &format!("{ours}x,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=1"),
            &format!("{ours}x,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4095"),
            // An hour of computing.
            &format!("{ours}x,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4294967295"),
            &format!("{ours}x,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=99999999999"),
            &format!("{ours}x,s=,i=4096"),
            &format!("{ours}x,s=!,i=4096"),
            &format!("{ours}x,i=4096,s=W22ZaJ0SNY7soEsUEjb6gQ=="),
            &format!("m=ext,{ours}x,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096"),
            "e=other-error",
            &long,
        ] {
            assert_eq!(
                pencil().respond(challenge.as_bytes()).err(),
                Some(ScramError::Protocol),
                "{challenge}"
            );
        }
        assert_eq!(pencil().respond(&[0xff; 40]).err(), Some(ScramError::Protocol));
    }

    #[test]
    fn names_are_escaped_and_prepared() {
        let scram = Scram::with_nonce(ScramHash::Sha256, "a=b,c", "\u{2168}", "n".to_owned()).unwrap();
        assert_eq!(scram.first(), "n,,n=a=3Db=2Cc,r=n");
        assert_eq!(scram.password.as_str(), "IX");
        assert!(matches!(Scram::new(ScramHash::Sha256, "a", "b\0", &[0; 18]), Err(ScramError::Unsendable)));
    }
}
