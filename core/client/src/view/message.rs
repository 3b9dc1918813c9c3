//! The status of a message: a trust line, or the warning that takes its place (DESIGN-UI sections 1, 3 and screen 14).

use engine::secure::{Credit, EncryptionState, Verdict};
use serde::Serialize;
use smime::UnixTime;
use smime::path::Trust;
use smime::verdict::{Reason, SignatureState, SignerVerdict, TimestampState};

use super::{Arg, Button, Does, Icon, Label, Look, Spoken, StateLine, Text, Tone, shown_name};
use crate::people::ContactView;

/// What stands under the sender.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum MessageStatus {
    /// One of the four states of a message.
    Trust(TrustLine),
    /// Something is wrong; replaces the trust line.
    Warning(Warning),
}

/// Status, how it is known, when: one element, one button (to the details).
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct TrustLine {
    /// Icon.
    pub icon: Icon,
    /// Fill.
    pub tone: Tone,
    /// `st_both`, `st_signed`, `st_enc`, `st_none`.
    pub state: Text,
    /// The sentence.
    pub sentence: Text,
    /// Said as one element.
    pub spoken: Spoken,
}

/// One problem, one sentence, one action.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Warning {
    /// Icon.
    pub icon: Icon,
    /// Fill.
    pub tone: Tone,
    /// Label.
    pub state: Text,
    /// Sentence.
    pub sentence: Text,
    /// The one button; writes a new mail to the stored address or opens the exchange, never a reply.
    pub action: Option<Button>,
    /// Links and attachments are off.
    pub is_held: bool,
    /// Label and sentence, said before the button and the text.
    pub spoken: Spoken,
}

impl MessageStatus {
    /// As a row of a list shows it.
    pub fn line(&self) -> StateLine {
        match self {
            MessageStatus::Warning(warning) => {
                StateLine::new(warning.icon, warning.tone, warning.state.clone())
            }
            MessageStatus::Trust(line) => {
                let icon = match line.state.key {
                    "st_both" | "st_enc" => Icon::Lock,
                    "st_signed" => Icon::Pen,
                    _ => Icon::LockOpen,
                };
                StateLine::new(icon, line.tone, line.state.clone())
            }
        }
    }

    /// Nothing is wrong, and somebody signed.
    pub fn is_signed(&self) -> bool {
        matches!(self, MessageStatus::Trust(line) if matches!(line.state.key, "st_both" | "st_signed"))
    }
}

/// A subject. Of a mail that can't be opened, the one outside is shown unless it says that the real one is inside
/// (RFC 9788 section 7.1: `[...]`).
pub(super) fn subject_label(subject: Option<&str>, is_closed: bool) -> Label {
    let subject = subject.map(str::trim).filter(|subject| !subject.is_empty());
    match subject {
        Some("[...]" | "...") | None if is_closed => Label::Text(Text::new("me_nosubject")),
        Some(subject) => Label::Plain(subject.to_owned()),
        None => Label::Text(Text::new("me_untitled")),
    }
}

/// The status of a message. `contact` is the person of the From address that the verdict shows, when known: only a stored
/// name is believed, so that a sender can't choose who the sentence names.
pub fn message_status(verdict: &Verdict, contact: Option<&ContactView>) -> MessageStatus {
    if verdict.encryption.state.is_closed() {
        return MessageStatus::Warning(locked());
    }
    let who = Who::of(verdict, contact);
    match verdict.signature.state {
        SignatureState::Invalid => MessageStatus::Warning(who.invalid(&verdict.signature.reasons)),
        SignatureState::Untrusted => MessageStatus::Warning(who.unknown_issuer()),
        SignatureState::Valid if credits_signature(verdict) => MessageStatus::Trust(who.signed(verdict)),
        // A signature that nobody here can check, or one around a ciphertext whose signer need not know the content,
        // counts for nothing, and is never worse than none.
        SignatureState::Valid | SignatureState::None | SignatureState::Unverifiable => {
            MessageStatus::Trust(unsigned(verdict))
        }
    }
}

/// Every part is credited with the signature.
fn credits_signature(verdict: &Verdict) -> bool {
    let mut credits = verdict.parts.iter().map(|part| part.credit);
    credits.all(|credit| matches!(credit, Credit::Signed | Credit::SignedAndEncrypted))
}

fn unsigned(verdict: &Verdict) -> TrustLine {
    let encryption = &verdict.encryption;
    let (icon, state, sentence) = match encryption.state {
        _ if encryption.has_integrity() => (Icon::Lock, "st_enc", "tl_enc"),
        // It counts as little as plain mail, and says why it is shown as it is.
        EncryptionState::Decrypted => (Icon::LockOpen, "st_none", "tl_changeable"),
        EncryptionState::None | EncryptionState::NoKey | EncryptionState::Failed => {
            (Icon::LockOpen, "st_none", "tl_none")
        }
    };
    trust_line(icon, Tone::Neutral, Text::new(state), Text::new(sentence))
}

pub(super) fn trust_line(icon: Icon, tone: Tone, state: Text, sentence: Text) -> TrustLine {
    let spoken = spoken(&state, &sentence);
    TrustLine { icon, tone, state, sentence, spoken }
}

pub(super) fn warning(icon: Icon, tone: Tone, state: Text, sentence: Text) -> Warning {
    let spoken = spoken(&state, &sentence);
    Warning { icon, tone, state, sentence, action: None, is_held: tone == Tone::Danger, spoken }
}

fn spoken(state: &Text, sentence: &Text) -> Spoken {
    Spoken::new("a_status").text("state", state.clone()).text("sentence", sentence.clone())
}

fn locked() -> Warning {
    // Nothing in this version brings keys from another device: no button.
    warning(Icon::Key, Tone::Neutral, Text::new("st_locked"), Text::new("wa_locked"))
}

/// Who is said to have written, and who signed.
pub(super) struct Who<'a> {
    /// Shown: the name of the stored person, else the address.
    name: String,
    address: String,
    signer: Option<&'a SignerVerdict>,
    contact: Option<&'a ContactView>,
}

impl<'a> Who<'a> {
    fn of(verdict: &'a Verdict, contact: Option<&'a ContactView>) -> Self {
        let address = verdict.headers.from.first().cloned().unwrap_or_default();
        let name = contact.and_then(|contact| shown_name(contact.name.as_deref()));
        let name = name.unwrap_or_else(|| address.clone());
        Who { name, address, signer: verdict.signature.signers.first(), contact }
    }

    fn named(&self, key: &'static str) -> Text {
        Text::named(key, &self.name)
    }

    fn signed(&self, verdict: &Verdict) -> TrustLine {
        let trust = self.signer.map_or(Trust::None, |signer| self.trust_now(signer));
        signed_line(trust, &self.name, self.contact, verdict.encryption.has_integrity(), certified(verdict))
    }

    /// A verdict is made once; who was met since then under the same anchor is met for older mail too.
    fn trust_now(&self, signer: &SignerVerdict) -> Trust {
        let anchor = signer.chain.last().map(|anchor| anchor.to_hex());
        let is_met =
            self.contact.is_some_and(|contact| contact.trust == Trust::Met && contact.anchor == anchor);
        if is_met && anchor.is_some() { Trust::Met } else { signer.trust }
    }

    fn invalid(&self, reasons: &[Reason]) -> Warning {
        let has = |wanted: &[Reason]| reasons.iter().any(|reason| wanted.contains(reason));
        let danger = |state, sentence| warning(Icon::Stop, Tone::Danger, Text::new(state), sentence);
        if has(&[Reason::DigestMismatch, Reason::BadSignature]) {
            let action = self.write("wa_changed_do", "name", Arg::Name(self.name.clone()));
            return Warning { action, ..danger("st_changed", self.named("wa_changed")) };
        }
        if has(&[Reason::AddressMismatch]) {
            let signer = self.signer.and_then(|signer| signer.emails.first()).map(ToString::to_string);
            let Some(signer) = signer else { return self.not_valid() };
            let a = Arg::Address(self.address.clone());
            let sentence = Text::new("wa_mismatch").with("a", a.clone()).with("b", Arg::Address(signer));
            let action = self.write("wa_mismatch_do", "a", a);
            return Warning { action, ..danger("st_mismatch", sentence) };
        }
        if has(&[Reason::Revoked]) {
            let a = Arg::Address(self.address.clone());
            let action = self.write("wa_mismatch_do", "a", a);
            return Warning { action, ..danger("st_revoked", self.named("wa_revoked_undated")) };
        }
        match self.signer {
            Some(signer) if has(&[Reason::Expired]) && reasons.len() == 1 => {
                let sentence = self.named("wa_expired").with("date", Arg::Time(signer.not_after));
                let action = self.write("wa_expired_do", "name", Arg::Name(self.name.clone()));
                let state = Text::new("st_expired");
                Warning { action, ..warning(Icon::Warn, Tone::Caution, state, sentence) }
            }
            _ => self.not_valid(),
        }
    }

    /// A signature with any other fault: nobody can say more than that it proves nothing.
    fn not_valid(&self) -> Warning {
        let action = self.write("wa_changed_do", "name", Arg::Name(self.name.clone()));
        let state = Text::new("st_invalid");
        Warning { action, ..warning(Icon::Stop, Tone::Danger, state, Text::new("wa_invalid")) }
    }

    fn unknown_issuer(&self) -> Warning {
        let exchange = Button::new(Text::new("ct_scan"), Look::Primary, Does::Exchange).icon(Icon::Scan);
        let state = Text::new("st_issuer");
        let panel = warning(Icon::Warn, Tone::Caution, state, self.named("wa_issuer"));
        Warning { action: Some(exchange), ..panel }
    }

    /// A new mail to the address in Contacts; who is not stored there can't be asked safely.
    fn write(&self, key: &'static str, placeholder: &'static str, who: Arg) -> Option<Button> {
        let address = self.contact?.address.to_string();
        let text = Text::new(key).with(placeholder, who);
        Some(Button::new(text, Look::Primary, Does::Write(Some(address))).icon(Icon::Mail))
    }
}

/// The line of something that is validly signed by `name`, whose certificate is known with `trust`.
pub(super) fn signed_line(
    trust: Trust,
    name: &str,
    contact: Option<&ContactView>,
    is_encrypted: bool,
    certified: Option<UnixTime>,
) -> TrustLine {
    let since = contact.filter(|contact| contact.trust == Trust::Met).map(|contact| contact.since);
    let (icon, sentence) = match (trust, since) {
        (Trust::Met, Some(since)) => (Icon::Seal, Text::named("tl_met", name).with("date", Arg::Time(since))),
        (Trust::Organisation, _) => (Icon::Card, Text::named("tl_org", name)),
        (Trust::PublicCa, _) => (Icon::Card, Text::named("tl_public", name)),
        _ => (Icon::Card, Text::named("tl_card", name)),
    };
    let (state, tone) = if is_encrypted { ("st_both", Tone::Accent) } else { ("st_signed", Tone::Info) };
    trust_line(icon, tone, Text::new(state), timed(sentence, certified))
}

fn certified(verdict: &Verdict) -> Option<UnixTime> {
    verdict.timestamp.time.filter(|_| verdict.timestamp.state == TimestampState::Valid)
}

fn timed(sentence: Text, certified: Option<UnixTime>) -> Text {
    match certified {
        Some(time) => sentence.with("time", Arg::Time(time)),
        None => Text { instead_of_last: Some("tl_notime"), ..sentence },
    }
}
