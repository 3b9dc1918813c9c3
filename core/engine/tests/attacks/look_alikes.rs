//! Senders that look like the reader, his colleagues, or people whom he knows.

use engine::secure::Warning;

use crate::support::{Person, opened_knowing};

/// Imitations of bob@example.org, or of somebody at example.org.
const IMITATIONS: [&str; 10] = [
    "boss@ex\u{e1}mple.org",
    "boss@\u{1eb9}xample.org",
    "b\u{1ecd}b@example.org",
    "b\u{f6}b@example.org",
    "boss@examp\u{29f}e.org",
    "b\u{1d428}b@example.org",
    "bob@example\u{3002}org",
    "boss@example-org.com",
    "bo\u{200d}b@example.org",
    "bob\u{2800}@example.org",
];

fn is_marked(from: &str, reader: &str, known: &[&str]) -> bool {
    let known: Vec<_> = known.iter().map(|address| address.parse().unwrap()).collect();
    let raw = format!("From: Boss <{from}>\r\nTo: {reader}\r\nSubject: x\r\n\r\nPay.\r\n");
    let mail = opened_knowing(raw.as_bytes(), &Person::new(reader), &[], &known);
    mail.verdict.warnings.contains(&Warning::FromLookAlike)
}

#[test]
fn a_sender_who_looks_like_the_reader_is_marked() {
    for from in IMITATIONS {
        assert!(is_marked(from, "bob@example.org", &[]), "{from}");
    }
    assert!(is_marked("bo\u{1e87}@example.org", "bow@example.org", &[]));
    for from in
        ["bob@example.org", "alice@example.org", "alice@bank.example", "j\u{f6}rg@b\u{fc}cher.example"]
    {
        assert!(!is_marked(from, "bob@example.org", &[]), "{from}");
    }
}

#[test]
fn a_sender_who_looks_like_somebody_known_is_marked() {
    let known = ["bob@example.org", "alice@bank.example"];
    for from in IMITATIONS.into_iter().chain(["a1ice@bank.example", "clerk@bank-example.com"]) {
        assert!(is_marked(from, "carol@other.example", &known), "{from}");
    }
    for from in ["bob@example.org", "alice@bank.example", "clerk@bank.example"] {
        assert!(!is_marked(from, "carol@other.example", &known), "{from}");
    }
    // Two people whom the reader knows may have names that look alike.
    assert!(!is_marked("bob@example.org", "carol@other.example", &["b0b@example.org", "bob@example.org"]));
}
