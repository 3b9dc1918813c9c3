//! Time-stamp protocol (RFC 3161, RFC 5816).

use sha2::{Digest, Sha256};

use crate::ber::{self, BerError, Reader, Tag, write};
use crate::certificate::Certificate;
use crate::key::{AlgorithmIdentifier, DigestAlgorithm};
use crate::oid;
use crate::path::{self, PathInputs, PathOptions, Purpose, TrustAnchor};
use crate::revocation::{Sources, Work};
use crate::signed::{SignedData, verify_signer};
use crate::time::UnixTime;
use crate::verdict::Reason;

/// How far the authority's clock may be ahead of ours, in seconds.
pub const MAX_CLOCK_SKEW: u64 = 5 * 60;

/// A request for a token over `SHA-256(data)`.
#[derive(Clone, Debug)]
pub struct TimestampRequest {
    der: Vec<u8>,
    imprint: [u8; 32],
    nonce: [u8; 8],
    policy: Option<const_oid::ObjectIdentifier>,
}

/// The authority gave no usable token.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TimestampError {
    /// The answer is not a TimeStampResp.
    #[error("the timestamp authority's answer is malformed")]
    Malformed,
    /// The authority refused (PKIStatus, RFC 3161 section 2.4.2).
    #[error("the timestamp authority refused the request (status {status})")]
    Refused {
        /// PKIStatus.
        status: u32,
    },
    /// The token is for another request: imprint, nonce or policy differ.
    #[error("the timestamp answers another request")]
    Mismatch,
}

impl TimestampRequest {
    /// Asks for the signer's certificate; `nonce` is random.
    pub fn new(data: &[u8], nonce: [u8; 8]) -> Self {
        Self::of_digest(Sha256::digest(data).into(), nonce, None)
    }

    /// As [`new`](Self::new) for data whose SHA-256 was taken before, and under a policy of the authority's when one is named.
    pub fn of_digest(imprint: [u8; 32], nonce: [u8; 8], policy: Option<const_oid::ObjectIdentifier>) -> Self {
        // RFC 3161 examples and servers of the field write the NULL parameters.
        let algorithm = write::algorithm(&oid::SHA256, &write::null());
        let der = write::sequence(&[
            &write::small(1),
            &write::sequence(&[&algorithm, &write::octet_string(&imprint)]),
            &policy.as_ref().map(write::oid).unwrap_or_default(),
            &write::unsigned(&nonce),
            &write::boolean(true),
        ]);
        TimestampRequest { der, imprint, nonce, policy }
    }

    /// DER of the TimeStampReq, to be posted as application/timestamp-query.
    pub fn der(&self) -> &[u8] {
        &self.der
    }

    /// The token (DER or BER of its ContentInfo, as received) from a TimeStampResp; imprint, nonce and
    /// policy are compared.
    ///
    /// The token's signature and authority are not checked: see [`verify`].
    pub fn accept(&self, response: &[u8]) -> Result<Vec<u8>, TimestampError> {
        let token = token_of(response)?;
        let info = TokenInfo::read(&token).ok_or(TimestampError::Malformed)?;
        let right_imprint = info.digest == Some(DigestAlgorithm::Sha256) && info.imprint == self.imprint;
        let right_policy = self.policy.is_none_or(|policy| policy == info.policy);
        if !right_imprint || !right_policy || info.nonce.as_deref() != Some(significant(&self.nonce)) {
            return Err(TimestampError::Mismatch);
        }
        Ok(token)
    }
}

/// The token of a TimeStampResp that grants one (RFC 3161 section 2.4.2), as received.
pub fn token_of(response: &[u8]) -> Result<Vec<u8>, TimestampError> {
    let read = || -> Result<(u32, Option<Vec<u8>>), BerError> {
        let mut fields = ber::single(response)?.reader()?;
        let status = fields.sequence()?.expect(ber::INTEGER)?.small()?;
        let token = if fields.is_empty() { None } else { Some(fields.expect(ber::SEQUENCE)?.raw().to_vec()) };
        fields.finish()?;
        Ok((status, token))
    };
    match read().map_err(|_| TimestampError::Malformed)? {
        // granted, grantedWithMods
        (0 | 1, Some(token)) => Ok(token),
        (0 | 1, None) => Err(TimestampError::Malformed),
        (status, _) => Err(TimestampError::Refused { status }),
    }
}

/// The token in a file: the file itself, or the one of a TimeStampResp, in DER, BER or PEM.
pub fn token_in(file: &[u8]) -> Result<Vec<u8>, TimestampError> {
    let block = crate::pem::blocks(file).into_iter().next().and_then(|block| block.der());
    let octets = block.as_deref().map_or(file, Vec::as_slice);
    // A ContentInfo begins with its type, a response with its status.
    match ber::sequence(octets).map_err(|_| TimestampError::Malformed)?.peek() {
        Some(ber::OBJECT_IDENTIFIER) if TokenInfo::read(octets).is_some() => Ok(octets.to_vec()),
        Some(ber::SEQUENCE) => {
            let token = token_of(octets)?;
            TokenInfo::read(&token).ok_or(TimestampError::Malformed)?;
            Ok(token)
        }
        _ => Err(TimestampError::Malformed),
    }
}

/// What a token says (TSTInfo, RFC 3161 section 2.4.2), *not* checked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TokenInfo {
    /// genTime; fractions of a second are cut off.
    pub time: UnixTime,
    /// The algorithm of the imprint; `None` when it is not computed here.
    pub digest: Option<DigestAlgorithm>,
    /// The digest of what was stamped.
    pub imprint: Vec<u8>,
    /// The authority's policy.
    pub policy: const_oid::ObjectIdentifier,
    /// The nonce, big-endian without leading zeros.
    pub nonce: Option<Vec<u8>>,
    /// Serial number of the token, content octets of the INTEGER.
    pub serial: Vec<u8>,
}

impl TokenInfo {
    /// Reads the TSTInfo of a token (a ContentInfo with SignedData).
    pub fn read(token: &[u8]) -> Option<Self> {
        Self::of(&SignedData::parse(token).ok()?)
    }

    fn of(signed: &SignedData) -> Option<Self> {
        if signed.content_type() != oid::TST_INFO {
            return None;
        }
        Self::parse(signed.content()?).ok()
    }

    fn parse(content: &[u8]) -> Result<Self, BerError> {
        let mut fields = ber::single(content)?.reader()?;
        if fields.expect(ber::INTEGER)?.small()? != 1 {
            return Err(BerError::Value);
        }
        let policy = fields.oid()?;
        let mut imprint_fields = fields.sequence()?;
        let algorithm = AlgorithmIdentifier::read(&mut imprint_fields)?.oid();
        let imprint = imprint_fields.expect(ber::OCTET_STRING)?.octets()?.into_owned();
        imprint_fields.finish()?;
        let serial = fields.expect(ber::INTEGER)?.integer()?.to_vec();
        let time = fields.expect(ber::GENERALIZED_TIME)?.time()?;
        fields.optional(ber::SEQUENCE)?; // accuracy: no rule here depends on it
        fields.optional(ber::BOOLEAN)?; // ordering
        let nonce = match fields.optional(ber::INTEGER)? {
            Some(nonce) => Some(significant(nonce.integer()?).to_vec()),
            None => None,
        };
        fields.optional(Tag::context(0))?; // tsa: a hint, the signer's certificate counts
        if let Some(extensions) = fields.optional(Tag::context(1))? {
            refuse_critical(extensions.reader()?)?;
        }
        fields.finish()?;
        let digest = DigestAlgorithm::from_oid(&algorithm);
        Ok(TokenInfo { time, digest, imprint, policy, nonce, serial })
    }
}

/// No extension of TSTInfo is known here, so none may be critical.
fn refuse_critical(mut extensions: Reader<'_>) -> Result<(), BerError> {
    while !extensions.is_empty() {
        let mut extension = extensions.sequence()?;
        extension.oid()?;
        if let Some(critical) = extension.optional(ber::BOOLEAN)?
            && critical.boolean()?
        {
            return Err(BerError::Value);
        }
    }
    Ok(())
}

/// A number's octets without leading zeros.
fn significant(octets: &[u8]) -> &[u8] {
    let zeros = octets.iter().take_while(|&&octet| octet == 0).count();
    octets.get(zeros..).unwrap_or_default()
}

/// A token whose imprint, signature, purpose and path were checked; only [`verify`] and its variants make one.
#[derive(Clone, Debug)]
pub struct VerifiedTimestamp {
    time: UnixTime,
    authority: Certificate,
    path: Vec<Certificate>,
}

impl VerifiedTimestamp {
    /// genTime, whole seconds. The accuracy that the authority claims is not applied.
    pub fn time(&self) -> UnixTime {
        self.time
    }
    /// The authority's signing certificate.
    pub fn authority(&self) -> &Certificate {
        &self.authority
    }
    /// Leaf first, anchor last.
    pub fn path(&self) -> &[Certificate] {
        &self.path
    }
}

/// Checks `token` over `data` (for signatures: the signature octets). The chain is judged at genTime; a genTime
/// more than 5 minutes after `now` is refused.
///
/// The signer is the one that SignerInfo.sid and ESSCertID or ESSCertIDv2 (RFC 5816) name, never "the first
/// certificate"; it is sought in the token and among the anchors.
///
/// Errors are all the reasons that were found: `malformed`, `imprint_mismatch`, `weak_digest`,
/// `unsupported_algorithm`, those of [`verify_signer`], `attributes_invalid` (no ESSCertID), `future_time`, and those
/// of the path with [`Purpose::TimeStamping`].
pub fn verify(
    token: &[u8],
    data: &[u8],
    anchors: &[TrustAnchor],
    now: UnixTime,
) -> Result<VerifiedTimestamp, Vec<Reason>> {
    verify_with(token, data, &[], anchors, now)
}

/// [`verify`] with certificates that are not in the token: the authority's, or intermediates.
pub fn verify_with(
    token: &[u8],
    data: &[u8],
    untrusted: &[Certificate],
    anchors: &[TrustAnchor],
    now: UnixTime,
) -> Result<VerifiedTimestamp, Vec<Reason>> {
    verify_sharing(token, data, untrusted, anchors, now, &mut Work::new(Sources::default(), now))
}

/// [`verify_with`] for one of several tokens, which share the limits of `work`, that also asks for the revocation status
/// of the authority (RFC 3161 section 4).
pub(crate) fn verify_sharing(
    token: &[u8],
    data: &[u8],
    untrusted: &[Certificate],
    anchors: &[TrustAnchor],
    now: UnixTime,
    work: &mut Work<'_>,
) -> Result<VerifiedTimestamp, Vec<Reason>> {
    check(token, |digest, imprint| digest.digest(data) == imprint, untrusted, anchors, now, work)
}

/// [`verify_with`] for data of which only the digest is known.
pub fn verify_digest(
    token: &[u8],
    digest: &[u8],
    untrusted: &[Certificate],
    anchors: &[TrustAnchor],
    now: UnixTime,
) -> Result<VerifiedTimestamp, Vec<Reason>> {
    check(
        token,
        |algorithm, imprint| algorithm.octets() == digest.len() && imprint == digest,
        untrusted,
        anchors,
        now,
        &mut Work::new(Sources::default(), now),
    )
}

/// genTime of a token that was *not* checked.
pub fn claimed_time(token: &[u8]) -> Option<UnixTime> {
    TokenInfo::read(token).map(|info| info.time)
}

fn check(
    token: &[u8],
    is_imprint: impl Fn(DigestAlgorithm, &[u8]) -> bool,
    untrusted: &[Certificate],
    anchors: &[TrustAnchor],
    now: UnixTime,
    work: &mut Work<'_>,
) -> Result<VerifiedTimestamp, Vec<Reason>> {
    let signed = SignedData::parse(token).map_err(|_| vec![Reason::Malformed])?;
    let info = TokenInfo::of(&signed).ok_or_else(|| vec![Reason::Malformed])?;
    // RFC 3161 section 2.4.2: no signature but the authority's.
    let ([signer], Some(content)) = (signed.signers(), signed.content()) else {
        return Err(vec![Reason::Malformed]);
    };
    let mut reasons = Vec::new();
    match info.digest {
        None => reasons.push(Reason::UnsupportedAlgorithm),
        Some(digest) if digest.is_weak() => reasons.push(Reason::WeakDigest),
        Some(digest) if !is_imprint(digest, &info.imprint) => reasons.push(Reason::ImprintMismatch),
        Some(_) => {}
    }
    if info.time > now.plus(MAX_CLOCK_SKEW) {
        reasons.push(Reason::FutureTime);
    }
    let names_signer = [oid::SIGNING_CERTIFICATE, oid::SIGNING_CERTIFICATE_V2];
    if !names_signer.iter().any(|attribute| signer.signed_attribute(attribute).is_some()) {
        reasons.push(Reason::AttributesInvalid);
    }
    let others: Vec<Certificate> =
        untrusted.iter().chain(anchors.iter().map(|anchor| &anchor.certificate)).cloned().collect();
    let verified = match verify_signer(&signed, 0, content, &others) {
        Ok(verified) => verified,
        Err(reason) => {
            reasons.push(reason);
            return Err(reasons);
        }
    };
    reasons.extend(verified.weakness());
    // What the receiver has comes first, as in the judgement of a message.
    let helpers: Vec<Certificate> = untrusted.iter().chain(signed.certificates()).cloned().collect();
    let authority = verified.certificate();
    // genTime may lie ahead of our clock by the skew that is accepted.
    work.now = now.max(info.time);
    let inputs = PathInputs {
        untrusted: &helpers,
        anchors,
        at: info.time,
        now: work.now,
        purpose: Purpose::TimeStamping,
        options: &PathOptions::default(),
        sources: work.sources,
    };
    match path::validate_sharing(authority, &inputs, work) {
        Ok(path) if reasons.is_empty() => Ok(VerifiedTimestamp {
            time: info.time,
            authority: authority.clone(),
            path: path.certificates().to_vec(),
        }),
        Ok(_) => Err(reasons),
        Err(failure) => {
            reasons.extend(failure.reasons);
            Err(reasons)
        }
    }
}
