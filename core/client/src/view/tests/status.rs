//! What a verdict looks like on a screen, and that nothing looks better than it is.

use engine::secure::{
    Credit, EncryptionState, EncryptionVerdict, HeadersRecord, PartRecord, Summary, Verdict,
};
use smime::UnixTime;
use smime::path::Trust;
use smime::verdict::{
    Reason, Revocation, SignatureState, SignatureVerdict, SignerVerdict, TimestampState, TimestampVerdict,
};

use crate::people::ContactView;
use crate::view::{Arg, Does, Icon, MessageStatus, Tone, TrustLine, Warning, message_status};

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
        parts: vec![part(encryption, signature)],
        approval: None,
        warnings: vec![],
    }
}

/// As the engine credits: a signature around a ciphertext is not in it.
fn part(encryption: EncryptionState, signature: SignatureState) -> PartRecord {
    let credit = match (encryption == EncryptionState::Decrypted, signature == SignatureState::Valid) {
        (true, true) => Credit::SignedAndEncrypted,
        (true, false) => Credit::Encrypted,
        (false, true) => Credit::Signed,
        (false, false) => Credit::None,
    };
    PartRecord {
        path: "1".into(),
        content_type: "text/plain".into(),
        name: None,
        bytes: 1,
        sha256: smime::Fingerprint::of(b"a"),
        credit,
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

fn warning_of(mail: &Verdict, contact: Option<&ContactView>) -> Warning {
    warning(message_status(mail, contact))
}

#[test]
fn met_in_person_and_time_certified_is_the_seal() {
    let mut mail = verdict(EncryptionState::Decrypted, SignatureState::Valid, &[], Trust::Met);
    mail.timestamp.state = TimestampState::Valid;
    mail.timestamp.time = Some(STAMP);
    let line = trust_line(message_status(&mail, Some(&li_wei(Trust::Met))));
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
    let line = trust_line(message_status(&mail, None));
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
    assert_eq!(trust_line(message_status(&mail, Some(&contact))).icon, Icon::Seal);
    contact.anchor = Some(smime::Fingerprint::of(b"another root").to_hex());
    assert_eq!(trust_line(message_status(&mail, Some(&contact))).icon, Icon::Card);
}

#[test]
fn signed_only_is_never_the_accent() {
    let mail = verdict(EncryptionState::None, SignatureState::Valid, &[], Trust::Met);
    let line = trust_line(message_status(&mail, Some(&li_wei(Trust::Met))));
    assert_eq!((line.tone, line.state.key), (Tone::Info, "st_signed"));
}

#[test]
fn tampered_looks_worse_than_unsigned() {
    let bad =
        verdict(EncryptionState::Decrypted, SignatureState::Invalid, &[Reason::DigestMismatch], Trust::None);
    let warning = warning(message_status(&bad, Some(&li_wei(Trust::Met))));
    assert_eq!((warning.tone, warning.state.key, warning.is_held), (Tone::Danger, "st_changed", true));
    let plain = verdict(EncryptionState::None, SignatureState::None, &[], Trust::None);
    assert!(trust_line(message_status(&plain, None)).tone < warning.tone);
}

#[test]
fn the_wrong_signer_is_named_with_both_addresses() {
    let mail =
        verdict(EncryptionState::None, SignatureState::Invalid, &[Reason::AddressMismatch], Trust::Met);
    let warning = warning(message_status(&mail, None));
    let a = Arg::Address("li.wei@example.test".into());
    assert_eq!(warning.sentence.key, "wa_mismatch");
    assert_eq!(warning.sentence.args, [("a", a.clone()), ("b", Arg::Address("wei@example.test".into()))]);
    assert_eq!(warning.action, None, "nobody is stored who could be asked");
    let known = warning_of(&mail, Some(&li_wei(Trust::Met)));
    let action = known.action.unwrap();
    assert_eq!(action.text.args, [("a", a)]);
    let stored = Does::Write(Some("li.wei@example.test".into()));
    assert_eq!(action.does, stored, "a new mail to the stored address, never a reply");
}

#[test]
fn a_changed_mail_of_a_wrong_signer_is_changed() {
    let reasons = [Reason::AddressMismatch, Reason::DigestMismatch];
    let mail = verdict(EncryptionState::None, SignatureState::Invalid, &reasons, Trust::None);
    assert_eq!(warning(message_status(&mail, None)).state.key, "st_changed");
}

#[test]
fn expired_unknown_issuer_and_locked_have_their_own_words() {
    let state = |signature, reasons: &[Reason]| {
        let mail = verdict(EncryptionState::None, signature, reasons, Trust::None);
        warning(message_status(&mail, None)).state.key
    };
    assert_eq!(state(SignatureState::Invalid, &[Reason::Expired]), "st_expired");
    assert_eq!(state(SignatureState::Untrusted, &[Reason::NoTrustedPath]), "st_issuer");
    let closed = verdict(EncryptionState::NoKey, SignatureState::None, &[], Trust::None);
    assert_eq!(warning(message_status(&closed, None)).state.key, "st_locked");
}

#[test]
fn decrypted_without_integrity_is_no_better_than_plain() {
    let mut mail = verdict(EncryptionState::Decrypted, SignatureState::None, &[], Trust::None);
    mail.encryption.integrity = false;
    let line = trust_line(message_status(&mail, None));
    assert_eq!((line.state.key, line.sentence.key), ("st_none", "tl_changeable"));
    let plain = verdict(EncryptionState::None, SignatureState::None, &[], Trust::None);
    assert_eq!(trust_line(message_status(&plain, None)).sentence.key, "tl_none");
}

#[test]
fn a_signature_around_a_ciphertext_is_no_signature() {
    let mut mail = verdict(EncryptionState::Decrypted, SignatureState::Valid, &[], Trust::Met);
    mail.parts[0].credit = Credit::Encrypted;
    assert_eq!(trust_line(message_status(&mail, Some(&li_wei(Trust::Met)))).state.key, "st_enc");
    mail.encryption.integrity = false;
    mail.parts[0].credit = Credit::None;
    assert_eq!(trust_line(message_status(&mail, Some(&li_wei(Trust::Met)))).state.key, "st_none");
}

#[test]
fn the_name_in_a_mail_is_never_named_as_the_signer() {
    let mail = verdict(EncryptionState::Decrypted, SignatureState::Valid, &[], Trust::Pinned);
    let address = Arg::Name("li.wei@example.test".into());
    assert_eq!(trust_line(message_status(&mail, None)).sentence.args, [("name", address.clone())]);
    let mut liar = li_wei(Trust::Pinned);
    liar.name = Some("boss@example.test".into());
    assert_eq!(trust_line(message_status(&mail, Some(&liar))).sentence.args, [("name", address)]);
}

#[test]
fn other_faults_of_a_signature_are_not_called_a_change() {
    for reason in [Reason::WeakDigest, Reason::WeakKey, Reason::Malformed, Reason::NotYetValid] {
        let mail = verdict(EncryptionState::None, SignatureState::Invalid, &[reason], Trust::Met);
        let warning = warning_of(&mail, Some(&li_wei(Trust::Met)));
        assert_eq!((warning.state.key, warning.tone), ("st_invalid", Tone::Danger), "{reason:?}");
    }
    let two = [Reason::Expired, Reason::WeakKey];
    let mail = verdict(EncryptionState::None, SignatureState::Invalid, &two, Trust::Met);
    assert_eq!(warning_of(&mail, None).state.key, "st_invalid", "expired is not all that is wrong");
}

#[test]
fn a_public_authority_is_not_the_company() {
    let sentence = |trust| {
        let mail = verdict(EncryptionState::None, SignatureState::Valid, &[], trust);
        trust_line(message_status(&mail, Some(&li_wei(trust)))).sentence.key
    };
    assert_eq!(sentence(Trust::Organisation), "tl_org");
    assert_eq!(sentence(Trust::PublicCa), "tl_public");
    assert_eq!(sentence(Trust::Pinned), "tl_card");
}

/// Whatever is wrong, the mail is not shown as signed; without integrity it is not shown as encrypted.
#[test]
fn nothing_looks_better_than_it_is() {
    let encryptions =
        [EncryptionState::None, EncryptionState::Decrypted, EncryptionState::NoKey, EncryptionState::Failed];
    let signatures = [
        SignatureState::None,
        SignatureState::Valid,
        SignatureState::Invalid,
        SignatureState::Untrusted,
        SignatureState::Unverifiable,
    ];
    let reasons = [
        Reason::DigestMismatch,
        Reason::BadSignature,
        Reason::Expired,
        Reason::Revoked,
        Reason::AddressMismatch,
        Reason::NoTrustedPath,
        Reason::WeakDigest,
        Reason::ContentAmbiguous,
    ];
    let people = [None, Some(li_wei(Trust::Met)), Some(li_wei(Trust::Pinned))];
    let mut seen = 0;
    for encryption in encryptions {
        for signature in signatures {
            for reason in reasons {
                for integrity in [true, false] {
                    for contact in &people {
                        let mut mail = verdict(encryption, signature, &[reason], Trust::Met);
                        mail.encryption.integrity &= integrity;
                        if !mail.encryption.integrity && encryption == EncryptionState::Decrypted {
                            mail.parts[0].credit = match signature {
                                SignatureState::Valid => Credit::Signed,
                                _ => Credit::None,
                            };
                        }
                        let status = message_status(&mail, contact.as_ref());
                        let line = status.line();
                        seen += 1;
                        assert_eq!(
                            status.is_signed(),
                            signature == SignatureState::Valid && is_open(encryption)
                        );
                        let says_encrypted = matches!(line.text.key, "st_both" | "st_enc");
                        assert!(!says_encrypted || mail.encryption.integrity, "{mail:?}");
                        if signature == SignatureState::Invalid && is_open(encryption) {
                            let warning = warning(status);
                            assert!(warning.tone >= Tone::Caution);
                            assert!(!matches!(line.icon, Icon::Seal | Icon::Card | Icon::Lock | Icon::Pen));
                        }
                    }
                }
            }
        }
    }
    assert_eq!(seen, 4 * 5 * 8 * 2 * 3);
}

fn is_open(encryption: EncryptionState) -> bool {
    matches!(encryption, EncryptionState::None | EncryptionState::Decrypted)
}
