//! The verdict record, as printed by `countersign inspect --json` and handed to the apps.

use mail::Mailbox;
use mail::protect::HeaderView;
use serde::{Deserialize, Serialize};
use smime::enveloped::Decrypted;
use smime::verdict::{SignatureState, SignatureVerdict, TimestampVerdict};
use smime::{Fingerprint, UnixTime};

/// One message, one verdict (docs/protocols/verdict.md).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Verdict {
    /// The fields to show.
    pub headers: HeadersRecord,
    /// Which layers the root has.
    pub summary: Summary,
    /// The encryption.
    pub encryption: EncryptionVerdict,
    /// The signature.
    pub signature: SignatureVerdict,
    /// The timestamp on it.
    pub timestamp: TimestampVerdict,
    /// The leaves of the payload.
    pub parts: Vec<PartRecord>,
    /// The approval event in it, as its own record.
    pub approval: Option<serde_json::Value>,
    /// What a reader should be told.
    pub warnings: Vec<Warning>,
}

/// The fields to show.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HeadersRecord {
    /// Subject.
    pub subject: Option<String>,
    /// Addresses of From.
    pub from: Vec<String>,
    /// Addresses of To.
    pub to: Vec<String>,
    /// Addresses of Cc.
    pub cc: Vec<String>,
    /// Date.
    pub date: Option<UnixTime>,
    /// The fields came from inside a signature or encryption (RFC 9788).
    pub protected: bool,
    /// Names of fields whose outer value differs.
    pub outer_differs: Vec<String>,
    /// From with display names.
    #[serde(skip)]
    pub from_mailboxes: Vec<Mailbox>,
}

impl HeadersRecord {
    pub(super) fn new(shown: &mail::Headers, view: &HeaderView) -> Self {
        let addresses =
            |mailboxes: &[Mailbox]| mailboxes.iter().map(|mailbox| mailbox.address.clone()).collect();
        HeadersRecord {
            subject: shown.subject.clone(),
            from: addresses(&shown.from),
            to: addresses(&shown.to),
            cc: addresses(&shown.cc),
            date: shown.date.and_then(|secs| u64::try_from(secs).ok()).map(UnixTime::from_secs),
            protected: view.protected,
            outer_differs: view.outer_differs.clone(),
            from_mailboxes: shown.from.clone(),
        }
    }
}

/// Which layers lie at the root, whatever they are worth.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Summary {
    /// Neither.
    None,
    /// A signature.
    Signed,
    /// Encryption.
    Encrypted,
    /// Both.
    SignedAndEncrypted,
}

impl Summary {
    pub(super) fn of(is_encrypted: bool, is_signed: bool) -> Self {
        match (is_encrypted, is_signed) {
            (false, false) => Summary::None,
            (false, true) => Summary::Signed,
            (true, false) => Summary::Encrypted,
            (true, true) => Summary::SignedAndEncrypted,
        }
    }
}

/// State of the encryption.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EncryptionState {
    /// Not encrypted at the root.
    None,
    /// Decrypted.
    Decrypted,
    /// For keys that are not here.
    NoKey,
    /// A key fits, but it does not open; or the structure is broken.
    Failed,
}

impl EncryptionState {
    /// What is inside can't be seen.
    pub fn is_closed(self) -> bool {
        matches!(self, EncryptionState::NoKey | EncryptionState::Failed)
    }
}

/// The encryption part of a verdict.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EncryptionVerdict {
    /// State.
    pub state: EncryptionState,
    /// Content cipher of the innermost layer, like `aes-256-gcm`.
    pub content: Option<String>,
    /// How the content keys were reached, outermost first, like `ecdh-p256`.
    pub keys: Vec<String>,
    /// The decrypted octets are those that were encrypted: AEAD, or a right signature over all of them.
    pub integrity: bool,
    /// 3DES or worse.
    pub weak: bool,
}

impl EncryptionVerdict {
    pub(super) fn none() -> Self {
        EncryptionVerdict {
            state: EncryptionState::None,
            content: None,
            keys: Vec::new(),
            integrity: false,
            weak: false,
        }
    }

    /// Decrypted, and what was decrypted is what was encrypted.
    pub fn has_integrity(&self) -> bool {
        self.state == EncryptionState::Decrypted && self.integrity
    }

    /// One more opened layer.
    pub(super) fn add(&mut self, layer: &Decrypted) {
        let is_first = self.state == EncryptionState::None;
        self.integrity = layer.integrity && (is_first || self.integrity);
        self.state = EncryptionState::Decrypted;
        self.content = Some(layer.cipher.to_owned());
        self.keys.push(layer.key_method.clone());
        self.weak |= layer.weak;
    }
}

/// What a part may be credited with. `signed` needs a valid signature, `encrypted` integrity.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Credit {
    /// Nothing.
    None,
    /// Validly signed.
    Signed,
    /// Came encrypted, with integrity.
    Encrypted,
    /// Both.
    SignedAndEncrypted,
}

impl Credit {
    pub(super) fn of(encryption: &EncryptionVerdict, signature: SignatureState, is_inside: bool) -> Self {
        let is_encrypted = encryption.state == EncryptionState::Decrypted;
        if is_encrypted && !encryption.integrity {
            // What is signed stands beside what somebody else may have put there.
            return Credit::None;
        }
        // A signature around a ciphertext says nothing about who wrote what is inside.
        let is_signed = signature == SignatureState::Valid && is_inside;
        match (is_encrypted, is_signed) {
            (false, false) => Credit::None,
            (false, true) => Credit::Signed,
            (true, false) => Credit::Encrypted,
            (true, true) => Credit::SignedAndEncrypted,
        }
    }
}

/// One leaf of the payload.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PartRecord {
    /// IMAP section number.
    pub path: String,
    /// `type/subtype`.
    #[serde(rename = "type")]
    pub content_type: String,
    /// File name.
    pub name: Option<String>,
    /// Decoded size in octets.
    pub bytes: usize,
    /// SHA-256 of the decoded octets.
    pub sha256: Fingerprint,
    /// What it may be credited with.
    pub credit: Credit,
}

/// What a reader should be told. Stable codes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Warning {
    /// Several From fields or mailboxes.
    FromMultiple,
    /// Programs disagree on whom From names.
    FromAmbiguous,
    /// No From.
    FromMissing,
    /// From is not an address.
    FromMalformed,
    /// The inner From has no valid signature bound to it: the outer one is shown.
    FromNotBelieved,
    /// The display name holds another address.
    DisplayNameImitatesAddress,
    /// The address looks like another one: letters of other scripts, characters that are not seen, or nearly one of the
    /// reader's own.
    FromLookAlike,
    /// An outer field is not what the sender put there (RFC 9788 section 4.3).
    OuterChanged,
    /// Sender is another address than From.
    SenderDiffers,
    /// Reply-To is another address than From.
    ReplyToDiffers,
    /// A field that may stand once stands twice: programs show different ones.
    DuplicateFields,
    /// The protected To and Cc name others only: perhaps made for somebody else and sent on, perhaps a blind copy.
    NotAddressedToYou,
    /// Programs may see other parts, or show another text; nothing is credited.
    StructureAmbiguous,
    /// What was decrypted may have been changed on the way: it is shown as text only, never as HTML.
    NoIntegrity,
    /// The signature is around the encryption: its signer need not know the content.
    SignedOutsideEncryption,
    /// More than one signature layer: the innermost is judged.
    SeveralSignatureLayers,
    /// A signature around the one that is judged is not valid by itself: nobody trusted stands for it, or it can't be checked.
    OuterSignatureNotValid,
    /// A signer added a second signature of an algorithm that is unknown here.
    UnknownSecondSignature,
    /// More layers than are opened.
    TooManyLayers,
    /// A CMS layer of a kind that is not opened (compressed, certificates only).
    UnsupportedLayer,
    /// A signed or encrypted part that is not at the root: an attachment, neither opened nor credited.
    LayerNotAtRoot,
}
