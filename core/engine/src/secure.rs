//! Joins MIME and S/MIME: opens a received message layer by layer, seals an outgoing one.
//!
//! This is the one place where decrypted octets meet a MIME parser. Only layers at the root of the MIME tree count
//! (RFC 9787 section 4): an encrypted or signed part anywhere else is an attachment and is neither decrypted into
//! the body nor credited.

use std::collections::BTreeSet;

use mail::Mailbox;
use mail::part::{Message, Part, canonical_crlf};
use mail::protect::{HeaderView, pad_entity, view, wrap_pkcs7};
use rand_core::CryptoRng;
use smime::enveloped::{
    self, ContentCipher, ContentEncryption, DecryptError, DecryptionKey, EncryptError, Recipient,
};
use smime::path::TrustAnchor;
use smime::revocation::Sources;
use smime::signed::{self, SignedData, SignedDataError};
use smime::verdict::TimestampVerdict;
use smime::verdict::{
    self, Judgement, Policy, Reason, SignatureState, SignatureVerdict, TimestampState, ValidSigner,
};
use smime::{Certificate, EmailAddress, Fingerprint, UnixTime};

pub use self::record::{
    Credit, EncryptionState, EncryptionVerdict, HeadersRecord, PartRecord, Summary, Verdict, Warning,
};

mod record;

/// Most layers of encryption and signature at the root that are opened (triple wrapping needs three).
pub const MAX_LAYERS: usize = 8;

/// Steps to which event mails are padded before encryption, in octets (approval rules, introduction).
pub const EVENT_PADDING: usize = 8192;

/// Against what a message is judged, and with which keys it is opened.
#[derive(Clone, Copy)]
pub struct Opening<'a> {
    /// Decryption keys with their certificates.
    pub keys: &'a [DecryptionKey],
    /// The time of judging.
    pub at: UnixTime,
    /// For signers.
    pub anchors: &'a [TrustAnchor],
    /// For timestamp authorities.
    pub timestamp_anchors: &'a [TrustAnchor],
    /// Certificates that help building paths.
    pub untrusted: &'a [Certificate],
    /// Revocation lists and OCSP answers.
    pub sources: Sources<'a>,
}

/// The signature that covers the payload, as received.
#[derive(Clone, Debug)]
pub struct SignedPayload {
    /// The ContentInfo as received (BER or DER).
    pub der: Vec<u8>,
    /// The signed octets of a multipart/signed; `None` when they are inside.
    pub detached_content: Option<Vec<u8>>,
    /// What was read from it.
    pub signed: SignedData,
}

impl SignedPayload {
    /// The octets that are signed.
    pub fn content(&self) -> &[u8] {
        self.detached_content.as_deref().or(self.signed.content()).unwrap_or_default()
    }
}

/// An opened message.
#[derive(Clone, Debug)]
pub struct Opened {
    /// The record that is shown and stored.
    pub verdict: Verdict,
    /// The cryptographic payload: what is inside all layers. The message itself when there are none, or when a layer
    /// could not be opened.
    pub payload: Message,
    /// The fields to show and how they were protected.
    pub headers: HeaderView,
    /// The innermost signature.
    pub signature: Option<SignedPayload>,
    /// The innermost signature lies inside every encryption layer, so that its signer knew the content.
    pub is_signature_inside: bool,
    /// Proofs for its signers who are valid as a whole.
    pub valid_signers: Vec<ValidSigner>,
}

impl Opened {
    /// The first signer of a valid signature whose signer knew the content.
    pub fn valid_signer(&self) -> Option<&ValidSigner> {
        match self.verdict.signature.state {
            SignatureState::Valid if self.is_signature_inside => self.valid_signers.first(),
            _ => None,
        }
    }

    /// The address that is believed: From under a valid signature bound to it.
    pub fn believed_from(&self) -> Option<EmailAddress> {
        self.valid_signer()?;
        single_address(&self.verdict.headers.from_mailboxes)
    }
}

/// Opens a message. Fails only for a message that exceeds a limit of the MIME reader.
pub fn open(
    raw: &[u8],
    opening: &Opening<'_>,
    rng: &mut dyn CryptoRng,
) -> Result<Opened, mail::part::ReadError> {
    let outer = Message::parse(raw)?;
    let layers = peel(&outer, opening.keys, rng);
    let payload = layers.payload.unwrap_or_else(|| outer.clone());
    let is_encrypted = layers.encryption.state == EncryptionState::Decrypted;
    let has_payload = is_encrypted || layers.signature.is_some();
    let headers =
        if has_payload { view(&outer, &payload, is_encrypted) } else { view(&outer, &outer, false) };

    let judgement = judge(&layers.signature, layers.is_ambiguous, &headers, opening);
    let mut warnings = layers.warnings;
    if judgement.has_unknown_second_signature {
        warnings.insert(Warning::UnknownSecondSignature);
    }
    if !headers.outer_changed.is_empty() {
        warnings.insert(Warning::OuterChanged);
    }
    let shown = believed_headers(&outer, &headers, judgement.signature.state, &mut warnings);
    from_warnings(&shown, &mut warnings);

    let mut encryption = layers.encryption;
    if is_encrypted && !encryption.integrity {
        // CBC gives integrity only when a mathematically right signature covers everything that was decrypted.
        encryption.integrity = layers.signature_inside && is_authentic(&layers.signature);
    }
    let summary = Summary::of(
        encryption.state != EncryptionState::None,
        judgement.signature.state != SignatureState::None,
    );
    let is_signature_inside = !is_encrypted || layers.signature_inside;
    let credit = Credit::of(&encryption, judgement.signature.state, is_signature_inside);
    let parts = part_records(&payload, credit);
    let verdict = Verdict {
        headers: HeadersRecord::new(&shown, &headers),
        summary,
        encryption,
        signature: judgement.signature,
        timestamp: judgement.timestamp,
        parts,
        approval: approval_record(&payload),
        warnings: warnings.into_iter().collect(),
    };
    Ok(Opened {
        verdict,
        payload,
        headers,
        signature: layers.signature,
        is_signature_inside,
        valid_signers: judgement.valid_signers,
    })
}

/// Seals signed octets (a ContentInfo) for the recipients: the message to be sent, `outer` being its header fields.
/// With `padding` the encrypted entity's size is a multiple of it.
pub fn seal(
    signed_der: &[u8],
    outer: &[(String, String)],
    recipients: &[Recipient],
    encryption: impl Into<ContentEncryption>,
    padding: Option<usize>,
    rng: &mut dyn CryptoRng,
) -> Result<Vec<u8>, EncryptError> {
    let mut entity = wrap_pkcs7(&[], "signed-data", signed_der);
    if let Some(step) = padding {
        entity = pad_entity(entity, step);
    }
    let encryption = encryption.into();
    let encrypted = enveloped::encrypt(&entity, recipients, encryption, rng)?;
    let smime_type = match encryption.cipher {
        ContentCipher::Aes256Gcm | ContentCipher::Aes128Gcm => "authEnveloped-data",
        ContentCipher::Aes256Cbc | ContentCipher::Aes128Cbc => "enveloped-data",
    };
    Ok(wrap_pkcs7(outer, smime_type, &encrypted))
}

/// What the layers at the root gave.
struct Layers {
    payload: Option<Message>,
    encryption: EncryptionVerdict,
    signature: Option<SignedPayload>,
    /// The signature is a content_ambiguous one, or its structure can't be read.
    is_ambiguous: Option<Reason>,
    /// The innermost signature lies inside every encryption layer.
    signature_inside: bool,
    warnings: BTreeSet<Warning>,
}

fn peel(outer: &Message, keys: &[DecryptionKey], rng: &mut dyn CryptoRng) -> Layers {
    let mut layers = Layers {
        payload: None,
        encryption: EncryptionVerdict::none(),
        signature: None,
        is_ambiguous: None,
        signature_inside: false,
        warnings: BTreeSet::new(),
    };
    let mut current = outer.clone();
    for depth in 0..=MAX_LAYERS {
        let Some(layer) = root_layer(&current) else { break };
        if depth == MAX_LAYERS {
            layers.warnings.insert(Warning::TooManyLayers);
            break;
        }
        let content = match layer {
            Layer::Opaque(octets) => layers.opaque(&octets, keys, rng),
            Layer::Clear { content, signature } => layers.clear(content, &signature),
        };
        let Some(next) = content.and_then(|content| Message::parse(&content).ok()) else { break };
        layers.payload = Some(next.clone());
        current = next;
    }
    layers
}

impl Layers {
    /// An application/pkcs7-mime body; its inner octets when it could be opened.
    fn opaque(&mut self, octets: &[u8], keys: &[DecryptionKey], rng: &mut dyn CryptoRng) -> Option<Vec<u8>> {
        match SignedData::parse(octets) {
            Ok(signed) => {
                let content = signed.content().map(<[u8]>::to_vec)?;
                if signed.signers().is_empty() {
                    // certs-only, or a degenerate wrapper: no signature at all (RFC 5652 section 5.1).
                    return Some(content);
                }
                self.signed_by(SignedPayload { der: octets.to_vec(), detached_content: None, signed }, None);
                Some(content)
            }
            Err(SignedDataError::NotSignedData) => self.encrypted(octets, keys, rng),
            Err(SignedDataError::Malformed | SignedDataError::Limit(_)) => {
                self.is_ambiguous.get_or_insert(Reason::Malformed);
                None
            }
        }
    }

    fn encrypted(
        &mut self,
        octets: &[u8],
        keys: &[DecryptionKey],
        rng: &mut dyn CryptoRng,
    ) -> Option<Vec<u8>> {
        match enveloped::decrypt(octets, keys, rng) {
            Ok(decrypted) => {
                if self.signature.is_some() {
                    self.warnings.insert(Warning::SignedOutsideEncryption);
                }
                self.encryption.add(&decrypted);
                self.signature_inside = false;
                Some(decrypted.content.to_vec())
            }
            Err(DecryptError::NotEncrypted) => {
                self.warnings.insert(Warning::UnsupportedLayer);
                None
            }
            Err(DecryptError::NoKey) => {
                self.encryption.state = EncryptionState::NoKey;
                None
            }
            Err(DecryptError::Malformed | DecryptError::Failed | DecryptError::Unsupported) => {
                self.encryption.state = EncryptionState::Failed;
                None
            }
        }
    }

    /// A multipart/signed.
    fn clear(&mut self, content: Vec<u8>, octets: &[u8]) -> Option<Vec<u8>> {
        match SignedData::parse(octets) {
            // A second content inside would leave open which one was signed.
            Ok(signed) => {
                let reason = signed.content().is_some().then_some(Reason::ContentAmbiguous);
                let has_signers = !signed.signers().is_empty();
                if has_signers || reason.is_some() {
                    let payload = SignedPayload {
                        der: octets.to_vec(),
                        detached_content: Some(content.clone()),
                        signed,
                    };
                    self.signed_by(payload, reason);
                }
            }
            Err(_) => {
                self.is_ambiguous.get_or_insert(Reason::Malformed);
            }
        }
        Some(content)
    }

    fn signed_by(&mut self, payload: SignedPayload, reason: Option<Reason>) {
        if self.signature.is_some() {
            self.warnings.insert(Warning::SeveralSignatureLayers);
        }
        self.signature = Some(payload);
        self.is_ambiguous = reason;
        self.signature_inside = true;
    }
}

/// A cryptographic layer at the root of an entity.
enum Layer {
    Opaque(Vec<u8>),
    Clear { content: Vec<u8>, signature: Vec<u8> },
}

fn root_layer(message: &Message) -> Option<Layer> {
    let root = message.root();
    match root.content_type.as_str() {
        "application/pkcs7-mime" | "application/x-pkcs7-mime" => {
            Some(Layer::Opaque(message.decoded(root).into_owned()))
        }
        // RFC 8551 section 3.7: a gateway may have replaced the type; the name tells.
        "application/octet-stream" if root.name.as_deref().is_some_and(is_p7m) => {
            Some(Layer::Opaque(message.decoded(root).into_owned()))
        }
        "multipart/signed" => {
            let [content, signature] = root.children.as_slice() else { return None };
            if !is_signature_part(signature) {
                return None;
            }
            Some(Layer::Clear {
                content: canonical_crlf(message.entity(content)).into_owned(),
                signature: message.decoded(signature).into_owned(),
            })
        }
        _ => None,
    }
}

fn is_p7m(name: &str) -> bool {
    name.to_ascii_lowercase().ends_with(".p7m")
}

fn is_signature_part(part: &Part) -> bool {
    matches!(part.content_type.as_str(), "application/pkcs7-signature" | "application/x-pkcs7-signature")
}

fn judge(
    signature: &Option<SignedPayload>,
    reason: Option<Reason>,
    headers: &HeaderView,
    opening: &Opening<'_>,
) -> Judgement {
    let nothing = |state, reasons| Judgement {
        signature: SignatureVerdict { state, reasons, signers: Vec::new() },
        timestamp: TimestampVerdict {
            state: TimestampState::None,
            time: None,
            authority: None,
            reasons: Vec::new(),
        },
        valid_signers: Vec::new(),
        needs: Vec::new(),
        has_unknown_second_signature: false,
    };
    match (signature, reason) {
        (None, None) => nothing(SignatureState::None, Vec::new()),
        (_, Some(reason)) => nothing(SignatureState::Invalid, vec![reason]),
        (Some(payload), None) => {
            let policy = Policy {
                at: opening.at,
                anchors: opening.anchors,
                timestamp_anchors: opening.timestamp_anchors,
                untrusted: opening.untrusted,
                sources: opening.sources,
            };
            let from = from_addresses(&headers.headers);
            verdict::judge(&payload.signed, payload.content(), Some(&from), &policy)
        }
    }
}

/// The addresses that a signer must cover: exactly one, or none when programs could disagree on who From names.
fn from_addresses(headers: &mail::Headers) -> Vec<EmailAddress> {
    match (headers.from_fields, headers.from_ambiguous, single_address(&headers.from)) {
        (1, false, Some(address)) => vec![address],
        _ => Vec::new(),
    }
}

fn single_address(mailboxes: &[Mailbox]) -> Option<EmailAddress> {
    match mailboxes {
        [one] => one.address.parse().ok(),
        _ => None,
    }
}

/// At least one signer's signature is mathematically right over the content.
fn is_authentic(signature: &Option<SignedPayload>) -> bool {
    signature.as_ref().is_some_and(|payload| {
        (0..payload.signed.signers().len()).any(|index| {
            signed::verify_signer(&payload.signed, index, payload.content(), &[])
                .is_ok_and(|signer| signer.weakness().is_none())
        })
    })
}

/// RFC 9788 section 4.4: the inner From is believed only under a valid signature bound to it.
fn believed_headers(
    outer: &Message,
    headers: &HeaderView,
    state: SignatureState,
    warnings: &mut BTreeSet<Warning>,
) -> mail::Headers {
    let mut shown = headers.headers.clone();
    let outside = &outer.root().headers;
    let differs = |a: &[Mailbox], b: &[Mailbox]| {
        a.len() != b.len() || a.iter().zip(b).any(|(x, y)| !x.address.eq_ignore_ascii_case(&y.address))
    };
    if headers.protected && state != SignatureState::Valid {
        if differs(&shown.from, &outside.from) {
            warnings.insert(Warning::FromNotBelieved);
        }
        shown.from = outside.from.clone();
        shown.from_fields = outside.from_fields;
        shown.from_ambiguous = outside.from_ambiguous;
    }
    shown
}

fn from_warnings(headers: &mail::Headers, warnings: &mut BTreeSet<Warning>) {
    if headers.from_fields > 1 || headers.from.len() > 1 {
        warnings.insert(Warning::FromMultiple);
    }
    if headers.from_ambiguous {
        warnings.insert(Warning::FromAmbiguous);
    }
    let from = match headers.from.as_slice() {
        [] => {
            warnings.insert(Warning::FromMissing);
            return;
        }
        [first, ..] => first,
    };
    if from.address.parse::<EmailAddress>().is_err() {
        warnings.insert(Warning::FromMalformed);
    }
    if from.name.as_deref().is_some_and(|name| imitates_address(name, &from.address)) {
        warnings.insert(Warning::DisplayNameImitatesAddress);
    }
    let is_other = |mailbox: &Mailbox| !mailbox.address.eq_ignore_ascii_case(&from.address);
    if headers.sender.as_ref().is_some_and(is_other) {
        warnings.insert(Warning::SenderDiffers);
    }
    if headers.reply_to.iter().any(is_other) {
        warnings.insert(Warning::ReplyToDiffers);
    }
}

/// A display name with an address in it that is not the mailbox's own.
fn imitates_address(name: &str, address: &str) -> bool {
    name.split(|c: char| c.is_whitespace() || matches!(c, '<' | '>' | '(' | ')' | ',' | ';' | '"' | '\''))
        .filter(|word| word.contains('@') || word.contains('\u{ff20}'))
        .any(|word| !word.eq_ignore_ascii_case(address))
}

/// The approval event in a payload as it says of itself; nothing of it is checked against its request here.
fn approval_record(payload: &Message) -> Option<serde_json::Value> {
    let event = crate::approval::event_of(payload)?.ok()?;
    serde_json::from_slice(&event.to_json()).ok()
}

fn part_records(payload: &Message, credit: Credit) -> Vec<PartRecord> {
    payload
        .parts()
        .into_iter()
        .filter(|part| part.children.is_empty())
        .map(|part| {
            let octets = payload.decoded(part);
            PartRecord {
                path: part.path.clone(),
                content_type: part.content_type.clone(),
                name: part.name.clone(),
                bytes: octets.len(),
                sha256: Fingerprint::of(&octets),
                credit,
            }
        })
        .collect()
}
