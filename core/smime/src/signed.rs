//! SignedData (RFC 5652 section 5), written and read.

use crate::certificate::Certificate;
use crate::fingerprint::Fingerprint;
use crate::key::SignatureAlgorithm;
use crate::time::UnixTime;
use crate::verdict::Reason;

/// What is signed, by whom, with which attributes.
#[derive(Clone, Debug)]
pub struct SignRequest<'a> {
    /// The octets that are signed (eContent; for mail a MIME entity with CRLF line ends).
    pub content: &'a [u8],
    /// Leave the content out of the SignedData (multipart/signed).
    pub detached: bool,
    /// The signing certificate.
    pub signer: &'a Certificate,
    /// Further certificates to carry: chain, root, encryption certificate. The signer's is always carried, duplicates once.
    pub certificates: &'a [Certificate],
    /// How the key signs.
    pub algorithm: SignatureAlgorithm,
    /// Claimed signing time.
    pub signing_time: UnixTime,
    /// Named in SMIMEEncryptionKeyPreference (RFC 8551 section 2.5.3); must be in `certificates`.
    pub encryption_certificate: Option<&'a Certificate>,
    /// Add the commitment type proofOfApproval (RFC 5126 section 5.11.1).
    pub proof_of_approval: bool,
}

/// Signed attributes, waiting for the signature over [`bytes_to_sign`](Self::bytes_to_sign).
#[derive(Clone, Debug)]
pub struct PreparedSignature {
    to_sign: Vec<u8>,
    algorithm: SignatureAlgorithm,
}

/// The SignedData could not be made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SignError {
    /// The certificate's key does not fit the signature algorithm.
    #[error("the certificate's key does not fit the signature algorithm")]
    WrongAlgorithm,
    /// The signature does not verify under the certificate: another key signed.
    #[error("the signature was not made by the certificate's key")]
    WrongKey,
    /// The input is not SignedData.
    #[error("not a signed message")]
    NotSigned,
}

/// Signed attributes: content-type, message-digest, signing-time, signing-certificate-v2 (RFC 5035),
/// CMSAlgorithmProtection (RFC 6211), SMIMECapabilities, SMIMEEncryptionKeyPreference.
pub fn prepare(request: &SignRequest<'_>) -> Result<PreparedSignature, SignError> {
    let _ = request;
    todo!()
}

impl PreparedSignature {
    /// DER of the signed attributes as SET OF; the signer hashes and signs exactly this.
    pub fn bytes_to_sign(&self) -> &[u8] {
        &self.to_sign
    }
    /// The algorithm to sign with.
    pub fn algorithm(&self) -> SignatureAlgorithm {
        self.algorithm
    }
    /// DER of the ContentInfo with the SignedData. The signature is verified first.
    pub fn finish(self, signature: &[u8]) -> Result<Vec<u8>, SignError> {
        let _ = signature;
        todo!()
    }
}

/// Adds a time-stamp token (RFC 3161 appendix A) as unsigned attribute to the first SignerInfo.
/// Everything else stays octet for octet.
pub fn add_timestamp(signed: &[u8], token: &[u8]) -> Result<Vec<u8>, SignError> {
    let _ = (signed, token);
    todo!()
}

/// A SignedData as received, BER or DER.
#[derive(Clone, Debug)]
pub struct SignedData {
    content: Option<Vec<u8>>,
    content_type: const_oid::ObjectIdentifier,
    certificates: Vec<Certificate>,
    signers: Vec<SignerInfo>,
}

/// The bytes could not be read as SignedData.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SignedDataError {
    /// Not BER, not ContentInfo, or the structure is broken.
    #[error("the signed message is malformed")]
    Malformed,
    /// ContentInfo of another type.
    #[error("not a signed message")]
    NotSignedData,
    /// More signers, certificates or nesting than the limits of this crate.
    #[error("the signed message exceeds the limit of {0}")]
    Limit(&'static str),
}

impl SignedData {
    /// Reads a ContentInfo (DER, BER or the `-stream` output of OpenSSL).
    pub fn parse(ber: &[u8]) -> Result<Self, SignedDataError> {
        let _ = ber;
        todo!()
    }
    /// The encapsulated content with constructed strings joined; `None` when detached.
    pub fn content(&self) -> Option<&[u8]> {
        self.content.as_deref()
    }
    /// eContentType.
    pub fn content_type(&self) -> const_oid::ObjectIdentifier {
        self.content_type
    }
    /// The certificates that could be read, in order; unreadable ones are left out.
    pub fn certificates(&self) -> &[Certificate] {
        &self.certificates
    }
    /// The signers, in order.
    pub fn signers(&self) -> &[SignerInfo] {
        &self.signers
    }
}

/// One SignerInfo; the raw signed attributes are kept as received.
#[derive(Clone, Debug)]
pub struct SignerInfo {
    signature: Vec<u8>,
}

impl SignerInfo {
    /// The signature octets: what a time-stamp token stamps.
    pub fn signature(&self) -> &[u8] {
        &self.signature
    }
    /// DER of the signed attributes as SET OF: what was signed.
    pub fn signed_attributes_der(&self) -> Option<&[u8]> {
        todo!()
    }
    /// The claimed signing time.
    pub fn signing_time(&self) -> Option<UnixTime> {
        todo!()
    }
    /// The time-stamp token in the unsigned attributes (first one).
    pub fn timestamp_token(&self) -> Option<&[u8]> {
        todo!()
    }
    /// The commitment type proofOfApproval is signed.
    pub fn is_proof_of_approval(&self) -> bool {
        todo!()
    }
    /// SMIMECapabilities hold AES-256-GCM or AES-128-GCM (RFC 5084).
    pub fn accepts_gcm(&self) -> bool {
        todo!()
    }
    /// SMIMECapabilities hold id-RSAES-OAEP.
    pub fn accepts_oaep(&self) -> bool {
        todo!()
    }
    /// The certificate named in SMIMEEncryptionKeyPreference, found among `certificates`.
    pub fn encryption_certificate<'a>(&self, certificates: &'a [Certificate]) -> Option<&'a Certificate> {
        let _ = certificates;
        todo!()
    }
}

/// A signature that was checked mathematically over exactly this content; only [`verify_signer`] makes one.
/// Says nothing about trust.
#[derive(Clone, Debug)]
pub struct VerifiedSigner {
    certificate: Certificate,
    algorithm: String,
    content_sha256: Fingerprint,
    weak: Option<Reason>,
}

impl VerifiedSigner {
    /// The signing certificate, matched by SignerIdentifier and, where present, signing-certificate-v2.
    pub fn certificate(&self) -> &Certificate {
        &self.certificate
    }
    /// Name of the algorithm, like `ecdsa-p256-sha256`, `rsa-pkcs1-sha256`, `rsa-pss-sha256`, `ed25519`.
    pub fn algorithm(&self) -> &str {
        &self.algorithm
    }
    /// SHA-256 of the content that the signature covers.
    pub fn content_sha256(&self) -> Fingerprint {
        self.content_sha256
    }
    /// `WeakDigest` or `WeakKey`: mathematically right, but never valid.
    pub fn weakness(&self) -> Option<Reason> {
        self.weak
    }
}

/// Checks signer `index` of `signed` over `content` (the encapsulated or the detached one).
///
/// Extra certificates may be given in `certificates`. Errors are the reasons of the verdict: `no_signer_certificate`,
/// `digest_mismatch`, `bad_signature`, `attributes_invalid`, `unsupported_algorithm`.
pub fn verify_signer(
    signed: &SignedData,
    index: usize,
    content: &[u8],
    certificates: &[Certificate],
) -> Result<VerifiedSigner, Reason> {
    let _ = (signed, index, content, certificates);
    todo!()
}
