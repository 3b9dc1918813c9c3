//! What a certificate may be used for, and what is wrong with it: for people who look at one.

use serde::Serialize;

use super::Certificate;
use crate::asn1::{self, Reader};
use crate::key::{KeyAlgorithm, SignatureScheme};
use crate::time::UnixTime;

/// What mail may be done with a certificate's key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Use {
    /// Mail signed with it.
    Sign,
    /// Mail encrypted to it.
    Encrypt,
}

/// What is wrong with a certificate for mail. Whether its issuer is trusted, or has revoked it, is not asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Problem {
    /// Its validity ended.
    Expired,
    /// Its validity has not begun.
    NotYetValid,
    /// An extension can't be read or stands twice; the certificate is good for nothing.
    MalformedExtension,
    /// A critical extension is not known here: no path to it will be valid.
    UnknownCriticalExtension,
    /// The two signature algorithms in it differ.
    AlgorithmMismatch,
    /// The key's algorithm is not known here.
    UnsupportedKey,
    /// RSA below 2048 bits.
    WeakKey,
    /// The signature's algorithm is not known here.
    UnsupportedSignature,
    /// The issuer signed with SHA-1.
    WeakDigest,
    /// The extended key usage does not allow mail.
    WrongExtendedKeyUsage,
    /// The key usage allows neither signing nor encrypting.
    WrongKeyUsage,
    /// It names no mail address.
    NoAddress,
}

impl Certificate {
    /// What mail may be done with it: the key is known and strong enough, key usage and extended key usage allow it. Time,
    /// issuer and revocation are not asked, and what [`problems`](Self::problems) names besides is not counted.
    pub fn uses(&self) -> Vec<Use> {
        let is_usable = self.is_for_email() && self.key_algorithm().is_some_and(|key| !key.is_weak());
        let mut uses = Vec::new();
        if is_usable && self.may_sign() {
            uses.push(Use::Sign);
        }
        if is_usable && self.may_encrypt() {
            uses.push(Use::Encrypt);
        }
        uses
    }

    /// What is wrong with it at this time, in a fixed order. An issuer's certificate need neither name an address nor be
    /// for mail.
    pub fn problems(&self, at: UnixTime) -> Vec<Problem> {
        let scheme = SignatureScheme::from_der(self.signature_algorithm());
        let key = self.key_algorithm();
        let checks = [
            (at > self.not_after(), Problem::Expired),
            (at < self.not_before(), Problem::NotYetValid),
            (self.extensions().malformed, Problem::MalformedExtension),
            (self.extensions().unknown_critical, Problem::UnknownCriticalExtension),
            (!self.algorithms_agree(), Problem::AlgorithmMismatch),
            (key.is_none(), Problem::UnsupportedKey),
            (key.is_some_and(KeyAlgorithm::is_weak), Problem::WeakKey),
            (scheme.is_err(), Problem::UnsupportedSignature),
            // A signature under itself proves nothing anyway.
            (self.has_weak_signature_digest() && !self.is_self_issued(), Problem::WeakDigest),
            (!self.is_ca() && !self.is_for_email(), Problem::WrongExtendedKeyUsage),
            (
                !self.is_ca() && key.is_some() && !self.may_sign() && !self.may_encrypt(),
                Problem::WrongKeyUsage,
            ),
            (!self.is_ca() && self.emails().is_empty(), Problem::NoAddress),
        ];
        checks.into_iter().filter_map(|(is_so, problem)| is_so.then_some(problem)).collect()
    }

    /// Name of the issuer's signature algorithm like `rsa-pkcs1-sha256`, `ecdsa-sha384` or `ed25519`; the object identifier
    /// of one that is not known here.
    pub fn signature_name(&self) -> String {
        let algorithm = self.signature_algorithm();
        match SignatureScheme::from_der(algorithm) {
            Ok(SignatureScheme::Ecdsa(digest)) => format!("ecdsa-{}", digest.name()),
            // Only ECDSA's name depends on the key.
            Ok(scheme) => scheme.name(KeyAlgorithm::P256),
            Err(_) => asn1::only(algorithm, asn1::SEQUENCE)
                .and_then(|fields| Reader::new(fields).take(asn1::OBJECT_IDENTIFIER))
                .and_then(asn1::object_identifier)
                .map_or_else(String::new, |identifier| identifier.to_string()),
        }
    }
}
