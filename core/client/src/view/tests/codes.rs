//! Every code of a verdict has words, in both languages, where the message is read.

use std::collections::BTreeSet;
use std::path::Path;

use engine::secure::{EncryptionState, Warning};
use serde::de::DeserializeOwned;
use smime::verdict::{Reason, TimestampState};
use strings::Words;

use crate::view::samples::{Mail, message};
use crate::view::{Label, MessageMail, message_screen};

/// The codes in the table under a heading of docs/protocols/verdict.md, which the engine's tests hold to the enums.
fn documented<T: DeserializeOwned>(heading: &str) -> Vec<(String, T)> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/protocols/verdict.md");
    let document = std::fs::read_to_string(path).unwrap();
    let section = document.split_once(&format!("\n## {heading}\n")).unwrap().1.split("\n## ").next().unwrap();
    let codes = section.lines().filter_map(|line| line.strip_prefix("| `")?.split_once('`'));
    codes.map(|(code, _)| (code.to_owned(), serde_json::from_value(code.into()).unwrap())).collect()
}

fn mail() -> MessageMail {
    message(Mail::PLAIN, "Anna Becker", "Delivery date", "The text.")
}

/// The keys of the values that the details show under a key.
fn values(mail: &MessageMail, key: &str) -> Vec<&'static str> {
    let details = message_screen(mail).details;
    let rows = details.into_iter().filter(|row| row.key.key == key);
    rows.map(|row| match row.value {
        Label::Text(text) => text.key,
        other => panic!("{other:?}"),
    })
    .collect()
}

/// A text of its own, in both languages, with nothing to fill in.
fn assert_words(shown: &[(String, &str)]) {
    let mut texts = BTreeSet::new();
    for (code, key) in shown {
        assert!(key.ends_with(code.as_str()), "{code}: {key}");
        let words = Words::of(key).unwrap_or_else(|| panic!("{key} is not in the table"));
        assert!(words.placeholders.is_empty() && words.en.len() == 1, "{key}");
        assert!(words.zh.chars().any(|c| matches!(c, '\u{4e00}'..='\u{9fff}')), "{key}: {}", words.zh);
        for text in [words.en[0], words.zh] {
            assert!(!text.contains('_') && text.ends_with(['.', '。']), "{key}: {text}");
            assert!(texts.insert(text), "{key}: another code has these words: {text}");
        }
    }
}

#[test]
fn every_reason_has_words_and_is_in_the_details() {
    let codes = documented::<Reason>("Reason codes");
    assert!(codes.len() >= 24, "{}", codes.len());
    let mut shown = Vec::new();
    for (code, reason) in codes {
        let mut mail = mail();
        mail.verdict.signature.reasons = vec![reason];
        let found = values(&mail, "td_why");
        assert_eq!(found.len(), 1, "{code}");
        mail.verdict.timestamp.state = TimestampState::Invalid;
        mail.verdict.timestamp.reasons = vec![reason];
        assert_eq!(values(&mail, "td_time_why"), found, "{code}");
        shown.push((code, found[0]));
    }
    assert_words(&shown);
}

#[test]
fn every_warning_has_words_and_is_in_the_details() {
    let codes = documented::<Warning>("Warnings");
    assert!(codes.len() >= 21, "{}", codes.len());
    let mut shown = Vec::new();
    for (code, warning) in codes {
        let mut mail = mail();
        mail.verdict.warnings = vec![warning];
        let found = values(&mail, "td_note");
        assert_eq!(found.len(), 1, "{code}");
        shown.push((code, found[0]));
    }
    assert_words(&shown);
}

#[test]
fn all_codes_of_one_mail_are_told() {
    let mut mail = mail();
    mail.verdict.encryption.state = EncryptionState::Decrypted;
    mail.verdict.signature.reasons = vec![Reason::Expired, Reason::WeakKey];
    mail.verdict.warnings = vec![Warning::ReplyToDiffers, Warning::NoIntegrity];
    assert_eq!(values(&mail, "td_why"), ["vr_expired", "vr_weak_key"]);
    assert_eq!(values(&mail, "td_time_why"), Vec::<&str>::new());
    assert_eq!(values(&mail, "td_note"), ["vw_reply_to_differs", "vw_no_integrity"]);
}
