//! Joins MIME and S/MIME: opens a received message layer by layer, seals an outgoing one.
//!
//! This is the one place where decrypted octets meet a MIME parser. Only layers at the root of the MIME tree count
//! (RFC 9787 section 4): an encrypted or signed part anywhere else is an attachment and is neither decrypted into
//! the body nor credited.

use mail::part::{Html, Message, Part, Remote};
use mail::protect::{self, HeaderView, pad_entity, wrap_pkcs7};
use mail::ungated;
use rand_core::CryptoRng;
use smime::enveloped::{self, ContentCipher, ContentEncryption, DecryptionKey, EncryptError, Recipient};
use smime::path::TrustAnchor;
use smime::revocation::{Need, Sources};
use smime::signed::SignedData;
use smime::verdict::TimestampVerdict;
use smime::verdict::{
    Judgement, Policy, Reason, SignatureState, SignatureVerdict, TimestampState, ValidSigner,
};
use smime::{Certificate, EmailAddress, Fingerprint, UnixTime};

pub use self::record::{
    Credit, EncryptionState, EncryptionVerdict, HeadersRecord, PartRecord, Summary, Verdict, Warning,
};

pub(crate) use self::look_alike::{is_invisible, is_mark, stroked};

mod cover;
mod layers;
mod look_alike;
mod record;
mod sender;
mod signature;
mod structure;

use self::layers::{Layers, peel};
use self::sender::{
    believed_headers, from_addresses, from_warnings, has_duplicate_fields, is_addressed_elsewhere,
    single_address,
};
use self::signature::Outer;

/// Most layers of encryption and signature at the root that are opened (triple wrapping needs three).
pub const MAX_LAYERS: usize = 8;

/// Most signers of all layers together that are looked at. A layer with more is malformed.
pub const MAX_SIGNERS: usize = 32;

/// Most of them that sign without attributes (RFC 5652 section 5.4). Their signature is over the content itself, which some
/// algorithms read anew for each signer and certificate.
pub const MAX_BARE_SIGNERS: usize = 2;

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
    /// The reader's addresses: a mail whose protected To and Cc name none of them is marked
    /// ([`Warning::NotAddressedToYou`]), and so is a sender that imitates one. None: neither is looked at.
    pub own: &'a [EmailAddress],
    /// Addresses of people whom the reader knows: a sender that imitates one is marked.
    pub known: &'a [EmailAddress],
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
    /// What would help to judge its signers, and where it lies: nothing is fetched here.
    pub needs: Vec<Need>,
}

impl Opened {
    /// The first signer of a valid signature whose signer knew the content.
    pub fn valid_signer(&self) -> Option<&ValidSigner> {
        match self.verdict.signature.state {
            SignatureState::Valid if self.is_signature_inside => self.valid_signers.first(),
            _ => None,
        }
    }

    /// The text that a reader is shown, and that a search finds. None of a mail that could not be opened. Without integrity it
    /// may be read, and nothing more: [`html`](Self::html) and [`quotable_text`](Self::quotable_text) give nothing then.
    pub fn shown_text(&self) -> Option<String> {
        self.is_open().then(|| self.payload.body_text()).flatten()
    }

    /// The attachments that a reader is shown, and whose names a search finds.
    pub fn shown_attachments(&self) -> Vec<&Part> {
        if self.is_open() { self.payload.attachments() } else { Vec::new() }
    }

    fn is_open(&self) -> bool {
        !self.verdict.encryption.state.is_closed()
    }

    /// What an answer may quote: the text of the body at the root, never of a part that had a layer of its own, and no styles.
    /// Nothing of a mail that could not be opened, nor of one that anybody may have changed on the way: whoever put pieces
    /// of a stolen ciphertext into it would get them back in clear (EFAIL; Müller et al. 2019).
    pub fn quotable_text(&self) -> Option<String> {
        self.is_whole().then(|| self.payload.body_text()).flatten()
    }

    /// Opened, with integrity where it was encrypted, and every program sees the same text.
    fn is_whole(&self) -> bool {
        let encryption = &self.verdict.encryption;
        let is_whole = encryption.state == EncryptionState::None || encryption.has_integrity();
        is_whole && !self.verdict.warnings.contains(&Warning::StructureAmbiguous)
    }

    /// The HTML that may be shown: `None` where [`quotable_text`](Self::quotable_text) gives nothing either, so that no picture
    /// is ever loaded for a text that anybody may have changed.
    #[expect(clippy::disallowed_methods, reason = "the gate is here")]
    pub fn html(&self, remote: Remote) -> Option<Html> {
        self.is_whole().then(|| ungated::html(&self.payload, remote)).flatten()
    }

    /// The picture that `cid:` names, where HTML may be shown: `None` where [`html`](Self::html) gives nothing for want of
    /// integrity.
    #[expect(clippy::disallowed_methods, reason = "the gate is here")]
    pub fn inline_picture(&self, content_id: &str) -> Option<&Part> {
        ungated::inline_picture(&self.payload, content_id).filter(|_| self.is_whole())
    }

    /// An answer or a forwarded copy must be encrypted, whether it quotes or not: this mail was.
    pub fn must_encrypt_answer(&self) -> bool {
        self.verdict.encryption.state != EncryptionState::None
    }

    /// The address that is believed: From under a valid signature bound to it.
    pub fn believed_from(&self) -> Option<EmailAddress> {
        self.valid_signer()?;
        single_address(&self.verdict.headers.from_mailboxes)
    }
}

/// Opens a message. Fails only for a message that exceeds a limit of the MIME reader, itself or inside a layer.
pub fn open(
    raw: &[u8],
    opening: &Opening<'_>,
    rng: &mut dyn CryptoRng,
) -> Result<Opened, mail::part::ReadError> {
    let outer = Message::parse(raw)?;
    let mut layers = peel(&outer, opening.keys, opening.untrusted, rng)?;
    let is_encrypted = layers.encryption.state == EncryptionState::Decrypted;
    let has_payload = layers.payload.is_some() && (is_encrypted || layers.is_signed());
    let payload = layers.payload.take().unwrap_or_else(|| outer.clone());
    let mut headers = match has_payload {
        true => protect::view(&outer, &payload, is_encrypted),
        false => HeaderView::unprotected(&outer),
    };
    let (judgement, outer_not_valid) = judge(&layers, &headers, opening);
    if outer_not_valid {
        layers.warnings.insert(Warning::OuterSignatureNotValid);
    }
    if !is_encrypted && judgement.signature.state == SignatureState::Invalid {
        // Nothing stands for the inner fields.
        headers = HeaderView::unprotected(&outer);
    }

    let encryption = layers.encryption.clone();
    let is_signature_inside = !is_encrypted || layers.signature_inside;
    let credit = match layers.is_ambiguous || layers.is_closed {
        true => Credit::None,
        false => Credit::of(&encryption, judgement.signature.state, is_signature_inside),
    };
    let (shown, warnings) = warn(&outer, &payload, &headers, &layers, &judgement, &encryption, opening);
    let verdict = Verdict {
        headers: HeadersRecord::new(&shown, &headers),
        summary: Summary::of(
            encryption.state != EncryptionState::None,
            judgement.signature.state != SignatureState::None,
        ),
        encryption,
        signature: judgement.signature,
        timestamp: judgement.timestamp,
        parts: part_records(&payload, credit),
        approval: approval_record(&payload),
        warnings,
    };
    Ok(Opened {
        verdict,
        payload,
        headers,
        signature: layers.signatures.pop().and_then(|layer| layer.signed).map(|hashed| hashed.payload),
        is_signature_inside,
        valid_signers: judgement.valid_signers,
        needs: judgement.needs,
    })
}

/// The fields that are shown, and everything that a reader should be told.
fn warn(
    outer: &Message,
    payload: &Message,
    headers: &HeaderView,
    layers: &Layers,
    judgement: &Judgement,
    encryption: &EncryptionVerdict,
    opening: &Opening<'_>,
) -> (mail::Headers, Vec<Warning>) {
    let mut warnings = layers.warnings.clone();
    let shown = believed_headers(outer, headers, judgement.signature.state, &mut warnings);
    from_warnings(&shown, opening.own, opening.known, &mut warnings);
    let section = if headers.protected { payload.root() } else { outer.root() };
    let is_encrypted = encryption.state == EncryptionState::Decrypted;
    let others = [
        (judgement.has_unknown_second_signature, Warning::UnknownSecondSignature),
        (!headers.outer_changed.is_empty(), Warning::OuterChanged),
        (has_duplicate_fields(section), Warning::DuplicateFields),
        (is_addressed_elsewhere(headers, opening.own), Warning::NotAddressedToYou),
        (layers.is_ambiguous, Warning::StructureAmbiguous),
        (is_encrypted && !encryption.has_integrity(), Warning::NoIntegrity),
    ];
    warnings.extend(others.into_iter().filter(|(holds, _)| *holds).map(|(_, warning)| warning));
    (shown, warnings.into_iter().collect())
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

/// The verdict on the innermost signature; whether one around it is not valid by itself. One that is wrong makes the mail
/// invalid, as a wrong signer beside a right one does.
fn judge(layers: &Layers, headers: &HeaderView, opening: &Opening<'_>) -> (Judgement, bool) {
    let Some((innermost, outer)) = layers.signatures.split_last() else {
        return (unjudged(SignatureState::None, None), false);
    };
    let policy = Policy {
        at: opening.at,
        anchors: opening.anchors,
        timestamp_anchors: opening.timestamp_anchors,
        untrusted: opening.untrusted,
        sources: opening.sources,
    };
    let mut judgement = match (&innermost.signed, innermost.fault) {
        (Some(payload), None) => payload.judge(Some(&from_addresses(&headers.headers)), &policy),
        (_, fault) => unjudged(SignatureState::Invalid, fault),
    };
    let mut wrong = Vec::new();
    let mut outer_not_valid = false;
    for layer in outer {
        match layer.as_outer(&policy) {
            Outer::Valid => {}
            Outer::NotValid => outer_not_valid = true,
            Outer::Wrong(reasons) => wrong.extend(reasons),
        }
    }
    wrong.extend(layers.is_ambiguous.then_some(Reason::StructureAmbiguous));
    for reason in wrong {
        judgement.signature.state = SignatureState::Invalid;
        judgement.valid_signers.clear();
        if !judgement.signature.reasons.contains(&reason) {
            judgement.signature.reasons.push(reason);
        }
    }
    (judgement, outer_not_valid)
}

fn unjudged(state: SignatureState, reason: Option<Reason>) -> Judgement {
    Judgement {
        signature: SignatureVerdict { state, reasons: reason.into_iter().collect(), signers: Vec::new() },
        timestamp: TimestampVerdict {
            state: TimestampState::None,
            time: None,
            authority: None,
            reasons: Vec::new(),
        },
        valid_signers: Vec::new(),
        needs: Vec::new(),
        has_unknown_second_signature: false,
    }
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
