//! The status of a message: a trust line, or the warning that takes its place (DESIGN-UI sections 1, 3 and screen 14).

use engine::secure::{EncryptionState, Verdict};
use serde::Serialize;
use smime::UnixTime;
use smime::path::Trust;
use smime::verdict::{Reason, SignatureState, SignerVerdict, TimestampState};

use super::{Arg, Icon, Text, Tone};
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
}

/// One problem, one sentence, one action.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Warning {
    /// Fill.
    pub tone: Tone,
    /// Label.
    pub state: Text,
    /// Sentence.
    pub sentence: Text,
    /// The one button; writes a new mail to the stored address or opens the exchange, never a reply.
    pub action: Option<Text>,
    /// Links and attachments are off.
    pub is_held: bool,
}

/// The status of a message. `contact` is the person of the From address that the verdict shows, when known.
pub fn message_status(verdict: &Verdict, name: Option<&str>, contact: Option<&ContactView>) -> MessageStatus {
    match verdict.encryption.state {
        EncryptionState::NoKey | EncryptionState::Failed => return MessageStatus::Warning(locked()),
        EncryptionState::None | EncryptionState::Decrypted => {}
    }
    let who = Who::of(verdict, name, contact);
    match verdict.signature.state {
        SignatureState::Invalid => MessageStatus::Warning(who.invalid(&verdict.signature.reasons)),
        SignatureState::Untrusted => MessageStatus::Warning(who.unknown_issuer()),
        SignatureState::Valid => MessageStatus::Trust(who.signed(verdict)),
        // A signature that nobody here can check counts for nothing, and is never worse than none.
        SignatureState::None | SignatureState::Unverifiable => MessageStatus::Trust(unsigned(verdict)),
    }
}

fn unsigned(verdict: &Verdict) -> TrustLine {
    // Without integrity anybody on the way may have changed what was decrypted.
    let is_encrypted = verdict.encryption.state == EncryptionState::Decrypted && verdict.encryption.integrity;
    let (icon, state, sentence) =
        if is_encrypted { (Icon::Lock, "st_enc", "tl_enc") } else { (Icon::LockOpen, "st_none", "tl_none") };
    TrustLine { icon, tone: Tone::Neutral, state: Text::new(state), sentence: Text::new(sentence) }
}

fn locked() -> Warning {
    Warning {
        tone: Tone::Neutral,
        state: Text::new("st_locked"),
        sentence: Text::new("wa_locked"),
        action: Some(Text::new("wa_locked_do")),
        is_held: false,
    }
}

/// Who is said to have written, and who signed.
struct Who<'a> {
    /// Shown: the name of the stored person, else that of the mail, else the address.
    name: String,
    address: String,
    signer: Option<&'a SignerVerdict>,
    contact: Option<&'a ContactView>,
}

impl<'a> Who<'a> {
    fn of(verdict: &'a Verdict, name: Option<&str>, contact: Option<&'a ContactView>) -> Self {
        let address = verdict.headers.from.first().cloned().unwrap_or_default();
        let stored = contact.and_then(|contact| contact.name.as_deref());
        let name = stored.or(name).filter(|name| !name.trim().is_empty()).unwrap_or(&address).to_owned();
        Who { name, address, signer: verdict.signature.signers.first(), contact }
    }

    fn named(&self) -> Arg {
        Arg::Name(self.name.clone())
    }

    fn signed(&self, verdict: &Verdict) -> TrustLine {
        let trust = self.signer.map_or(Trust::None, |signer| self.trust_now(signer));
        let since = self.contact.filter(|contact| contact.trust == Trust::Met).map(|contact| contact.since);
        let (icon, sentence) = match (trust, since) {
            (Trust::Met, Some(since)) => {
                (Icon::Seal, Text::new("tl_met").with("name", self.named()).with("date", Arg::Time(since)))
            }
            (Trust::Organisation | Trust::PublicCa, _) => {
                (Icon::Card, Text::new("tl_org").with("name", self.named()))
            }
            _ => (Icon::Card, Text::new("tl_card").with("name", self.named())),
        };
        let is_encrypted = verdict.encryption.state == EncryptionState::Decrypted;
        let (state, tone) = if is_encrypted { ("st_both", Tone::Accent) } else { ("st_signed", Tone::Info) };
        TrustLine { icon, tone, state: Text::new(state), sentence: timed(sentence, certified(verdict)) }
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
        let danger = |state, sentence, action| Warning {
            tone: Tone::Danger,
            state: Text::new(state),
            sentence,
            action: Some(action),
            is_held: true,
        };
        if has(&[Reason::AddressMismatch]) && !has(&[Reason::DigestMismatch, Reason::BadSignature]) {
            let signer = self.signer.and_then(|signer| signer.emails.first()).map(ToString::to_string);
            let (a, b) = (Arg::Address(self.address.clone()), Arg::Address(signer.unwrap_or_default()));
            let sentence = Text::new("wa_mismatch").with("a", a.clone()).with("b", b);
            return danger("st_mismatch", sentence, Text::new("wa_mismatch_do").with("a", a));
        }
        if has(&[Reason::Expired]) && reasons.len() == 1 {
            let date = self.signer.map_or(UnixTime::from_secs(0), |signer| signer.not_after);
            return Warning {
                tone: Tone::Caution,
                state: Text::new("st_expired"),
                sentence: Text::new("wa_expired").with("name", self.named()).with("date", Arg::Time(date)),
                action: Some(Text::new("wa_expired_do").with("name", self.named())),
                is_held: false,
            };
        }
        let sentence = Text::new("wa_changed").with("name", self.named());
        danger("st_changed", sentence, Text::new("wa_changed_do").with("name", self.named()))
    }

    fn unknown_issuer(&self) -> Warning {
        Warning {
            tone: Tone::Caution,
            state: Text::new("st_issuer"),
            sentence: Text::new("wa_issuer").with("name", self.named()),
            action: Some(Text::new("ct_scan")),
            is_held: false,
        }
    }
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

#[cfg(test)]
mod tests {
    use engine::secure::{EncryptionVerdict, HeadersRecord, Summary};
    use smime::verdict::{Revocation, SignatureVerdict, TimestampVerdict};

    use super::*;

    const MET: UnixTime = UnixTime::from_secs(1_777_800_000);
    const STAMP: UnixTime = UnixTime::from_secs(1_795_600_800);

    fn verdict(
        encryption: EncryptionState,
        signature: SignatureState,
        reasons: &[Reason],
        trust: Trust,
    ) -> Verdict {
        let signer = SignerVerdict {
            emails: vec!["wei@example.test".parse().unwrap()],
            subject: "CN=Li Wei".into(),
            issuer: "CN=Li Wei".into(),
            serial: "01".into(),
            sha256: smime::Fingerprint::of(b"certificate"),
            algorithm: "ecdsa-p256-sha256".into(),
            not_after: MET,
            signing_time: None,
            address_matches: true,
            chain: Vec::new(),
            trust,
            revocation: Revocation::NotChecked,
        };
        let is_signed = signature != SignatureState::None;
        Verdict {
            headers: HeadersRecord {
                subject: None,
                from: vec!["li.wei@example.test".into()],
                to: vec![],
                cc: vec![],
                date: None,
                protected: true,
                outer_differs: vec![],
                from_mailboxes: vec![],
            },
            summary: Summary::None,
            encryption: EncryptionVerdict {
                state: encryption,
                content: None,
                keys: vec![],
                integrity: encryption == EncryptionState::Decrypted,
                weak: false,
            },
            signature: SignatureVerdict {
                state: signature,
                reasons: reasons.to_vec(),
                signers: if is_signed { vec![signer] } else { vec![] },
            },
            timestamp: TimestampVerdict {
                state: TimestampState::None,
                time: None,
                authority: None,
                reasons: vec![],
            },
            parts: vec![],
            approval: None,
            warnings: vec![],
        }
    }

    fn li_wei(trust: Trust) -> ContactView {
        ContactView {
            address: "li.wei@example.test".parse().unwrap(),
            name: Some("Li Wei".into()),
            trust,
            anchor: None,
            anchor_subject: None,
            since: MET,
            can_encrypt: true,
            encryption: vec![],
            changed_anchor: false,
        }
    }

    fn trust_line(status: MessageStatus) -> TrustLine {
        match status {
            MessageStatus::Trust(line) => line,
            MessageStatus::Warning(warning) => panic!("{warning:?}"),
        }
    }

    fn warning(status: MessageStatus) -> Warning {
        match status {
            MessageStatus::Warning(warning) => warning,
            MessageStatus::Trust(line) => panic!("{line:?}"),
        }
    }

    #[test]
    fn met_in_person_and_time_certified_is_the_seal() {
        let mut mail = verdict(EncryptionState::Decrypted, SignatureState::Valid, &[], Trust::Met);
        mail.timestamp.state = TimestampState::Valid;
        mail.timestamp.time = Some(STAMP);
        let line = trust_line(message_status(&mail, None, Some(&li_wei(Trust::Met))));
        assert_eq!((line.icon, line.tone, line.state.key), (Icon::Seal, Tone::Accent, "st_both"));
        assert_eq!(line.sentence.key, "tl_met");
        let expected =
            [("name", Arg::Name("Li Wei".into())), ("date", Arg::Time(MET)), ("time", Arg::Time(STAMP))];
        assert_eq!(line.sentence.args, expected);
        assert_eq!(line.sentence.instead_of_last, None);
    }

    #[test]
    fn a_time_that_nobody_certified_is_said() {
        let mail = verdict(EncryptionState::Decrypted, SignatureState::Valid, &[], Trust::Pinned);
        let line = trust_line(message_status(&mail, Some("Li Wei"), None));
        assert_eq!((line.icon, line.sentence.key), (Icon::Card, "tl_card"));
        assert_eq!(line.sentence.instead_of_last, Some("tl_notime"));
    }

    #[test]
    fn mail_from_before_the_meeting_counts_under_the_same_anchor_only() {
        let mut mail = verdict(EncryptionState::Decrypted, SignatureState::Valid, &[], Trust::Pinned);
        let root = smime::Fingerprint::of(b"root");
        mail.signature.signers[0].chain = vec![smime::Fingerprint::of(b"leaf"), root];
        let mut contact = li_wei(Trust::Met);
        contact.anchor = Some(root.to_hex());
        assert_eq!(trust_line(message_status(&mail, None, Some(&contact))).icon, Icon::Seal);
        contact.anchor = Some(smime::Fingerprint::of(b"another root").to_hex());
        assert_eq!(trust_line(message_status(&mail, None, Some(&contact))).icon, Icon::Card);
    }

    #[test]
    fn signed_only_is_never_the_accent() {
        let mail = verdict(EncryptionState::None, SignatureState::Valid, &[], Trust::Met);
        let line = trust_line(message_status(&mail, None, Some(&li_wei(Trust::Met))));
        assert_eq!((line.tone, line.state.key), (Tone::Info, "st_signed"));
    }

    #[test]
    fn tampered_looks_worse_than_unsigned() {
        let bad = verdict(
            EncryptionState::Decrypted,
            SignatureState::Invalid,
            &[Reason::DigestMismatch],
            Trust::None,
        );
        let warning = warning(message_status(&bad, None, Some(&li_wei(Trust::Met))));
        assert_eq!((warning.tone, warning.state.key, warning.is_held), (Tone::Danger, "st_changed", true));
        let plain = verdict(EncryptionState::None, SignatureState::None, &[], Trust::None);
        assert!(trust_line(message_status(&plain, None, None)).tone < warning.tone);
    }

    #[test]
    fn the_wrong_signer_is_named_with_both_addresses() {
        let mail =
            verdict(EncryptionState::None, SignatureState::Invalid, &[Reason::AddressMismatch], Trust::Met);
        let warning = warning(message_status(&mail, None, None));
        let a = Arg::Address("li.wei@example.test".into());
        assert_eq!(warning.sentence.key, "wa_mismatch");
        assert_eq!(warning.sentence.args, [("a", a.clone()), ("b", Arg::Address("wei@example.test".into()))]);
        assert_eq!(
            warning.action.unwrap().args,
            [("a", a)],
            "a new mail to the stored address, never a reply"
        );
    }

    #[test]
    fn a_changed_mail_of_a_wrong_signer_is_changed() {
        let reasons = [Reason::AddressMismatch, Reason::DigestMismatch];
        let mail = verdict(EncryptionState::None, SignatureState::Invalid, &reasons, Trust::None);
        assert_eq!(warning(message_status(&mail, None, None)).state.key, "st_changed");
    }

    #[test]
    fn expired_unknown_issuer_and_locked_have_their_own_words() {
        let state = |signature, reasons: &[Reason]| {
            let mail = verdict(EncryptionState::None, signature, reasons, Trust::None);
            warning(message_status(&mail, None, None)).state.key
        };
        assert_eq!(state(SignatureState::Invalid, &[Reason::Expired]), "st_expired");
        assert_eq!(state(SignatureState::Untrusted, &[Reason::NoTrustedPath]), "st_issuer");
        let closed = verdict(EncryptionState::NoKey, SignatureState::None, &[], Trust::None);
        assert_eq!(warning(message_status(&closed, None, None)).state.key, "st_locked");
    }

    #[test]
    fn decrypted_without_integrity_is_no_better_than_plain() {
        let mut mail = verdict(EncryptionState::Decrypted, SignatureState::None, &[], Trust::None);
        mail.encryption.integrity = false;
        assert_eq!(trust_line(message_status(&mail, None, None)).state.key, "st_none");
    }

    /// Every key stands in the table, with exactly the placeholders that are filled in.
    #[test]
    fn every_text_is_in_the_table_with_its_placeholders() {
        let table = include_str!("../../../../bindings/strings/strings.tsv");
        let english = |key: &str| {
            let line = table.lines().find(|line| line.split('\t').next() == Some(key));
            line.and_then(|line| line.split('\t').nth(1))
                .unwrap_or_else(|| panic!("{key} is not in the table"))
        };
        let check = |text: &Text| {
            let mut expected: Vec<&str> =
                english(text.key).split('{').skip(1).filter_map(|part| part.split('}').next()).collect();
            if let Some(last) = text.instead_of_last {
                english(last);
                expected.retain(|name| *name != "time");
            }
            let mut filled: Vec<&str> = text.args.iter().map(|(name, _)| *name).collect();
            expected.sort_unstable();
            filled.sort_unstable();
            assert_eq!(filled, expected, "{}", text.key);
        };
        let encryptions = [EncryptionState::None, EncryptionState::Decrypted, EncryptionState::NoKey];
        let trusts = [Trust::Met, Trust::Organisation, Trust::PublicCa, Trust::Pinned, Trust::None];
        let reasons: [&[Reason]; 4] =
            [&[], &[Reason::Expired], &[Reason::AddressMismatch], &[Reason::BadSignature]];
        let signatures =
            [SignatureState::None, SignatureState::Valid, SignatureState::Invalid, SignatureState::Untrusted];
        for encryption in encryptions {
            for signature in signatures {
                for trust in trusts {
                    for reasons in reasons {
                        let mail = verdict(encryption, signature, reasons, trust);
                        match message_status(&mail, None, Some(&li_wei(trust))) {
                            MessageStatus::Trust(line) => {
                                [&line.state, &line.sentence].into_iter().for_each(check)
                            }
                            MessageStatus::Warning(warning) => {
                                check(&warning.state);
                                check(&warning.sentence);
                                warning.action.iter().for_each(check);
                            }
                        }
                    }
                }
            }
        }
    }
}
