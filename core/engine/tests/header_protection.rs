//! RFC 9788 from end to end: equivalents of the messages of its Appendix C, written out here, signed and encrypted by
//! OpenSSL with the sample keys of RFC 9216 (own ones when those are absent), and what a reader shows of them.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic, missing_docs)]

mod support;

use std::fs;
use std::path::Path;

use engine::secure::{Credit, Opened, Opening, Summary, Warning, open};
use mail::Mailbox;
use mail::compose::Draft;
use mail::part::{Message, Remote};
use mail::protect::{Protection, protect_reply, view};
use smime::enveloped::DecryptionKey;
use smime::path::{AnchorScope, Trust, TrustAnchor};
use smime::verdict::SignatureState;
use smime::{Certificate, EmailAddress, PrivateKey, UnixTime};
use support::{Rng, corpus, openssl, random};
use tempfile::TempDir;

const SUBJECT: &str = "Takeover of Babbage Engines";
const TEXT: &str = "The contract is attached.\n-- \nAlice";
const ALICE: &str = "Alice Lovelace <alice@smime.example>";
const BOB: &str = "Bob Babbage <bob@smime.example>";
const DATE: &str = "Sat, 20 Feb 2021 10:02:02 -0500";
const AT: &str = "2021-06-01T00:00:00Z";

/// Which fields are protected, and which of them are hidden (RFC 9788 section 3.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fields {
    /// No header protection.
    Outside,
    /// `hp="clear"`.
    Clear,
    /// `hp="cipher"`, hcp_no_confidentiality.
    NothingHidden,
    /// `hp="cipher"`, hcp_baseline.
    Baseline,
    /// `hp="cipher"`, hcp_shy.
    Shy,
}

impl Fields {
    fn is_cipher(self) -> bool {
        matches!(self, Fields::NothingHidden | Fields::Baseline | Fields::Shy)
    }

    fn inner() -> Vec<(&'static str, &'static str)> {
        vec![
            ("Subject", SUBJECT),
            ("Message-ID", "<contract@smime.example>"),
            ("From", ALICE),
            ("To", BOB),
            ("Date", DATE),
        ]
    }

    fn outer(self) -> Vec<(&'static str, &'static str)> {
        let mut fields = Self::inner();
        for (name, value) in &mut fields {
            *value = match (self, *name) {
                (Fields::Baseline | Fields::Shy, "Subject") => "[...]",
                (Fields::Shy, "From") => "alice@smime.example",
                (Fields::Shy, "To") => "bob@smime.example",
                (Fields::Shy, "Date") => "Sat, 20 Feb 2021 15:02:02 +0000",
                _ => value,
            };
        }
        fields
    }

    /// What a reader must know to be hidden from the servers.
    fn hidden(self) -> &'static [&'static str] {
        match self {
            Fields::Outside | Fields::Clear | Fields::NothingHidden => &[],
            Fields::Baseline => &["subject"],
            Fields::Shy => &["date", "from", "subject", "to"],
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Layers {
    /// multipart/signed.
    Clear,
    /// application/pkcs7-mime; signed-data.
    Opaque,
    /// Opaque inside enveloped-data.
    Sealed,
    /// Opaque inside authEnveloped-data.
    SealedGcm,
}

#[derive(Clone, Copy, Debug)]
struct Case {
    fields: Fields,
    layers: Layers,
    /// Alternatives and an attachment.
    complex: bool,
    /// With a Legacy Display Element.
    legacy: bool,
}

fn cases() -> Vec<Case> {
    let mut cases = Vec::new();
    for complex in [false, true] {
        for layers in [Layers::Clear, Layers::Opaque, Layers::Sealed, Layers::SealedGcm] {
            let is_sealed = matches!(layers, Layers::Sealed | Layers::SealedGcm);
            let schemes: &[Fields] = if is_sealed {
                &[Fields::Outside, Fields::NothingHidden, Fields::Baseline, Fields::Shy]
            } else {
                &[Fields::Outside, Fields::Clear]
            };
            for &fields in schemes {
                cases.push(Case { fields, layers, complex, legacy: false });
                if !fields.hidden().is_empty() {
                    cases.push(Case { fields, layers, complex, legacy: true });
                }
            }
        }
    }
    cases
}

impl Case {
    fn is_sealed(self) -> bool {
        matches!(self.layers, Layers::Sealed | Layers::SealedGcm)
    }

    /// The fields that a Legacy Display Element repeats, one a line.
    fn display(self) -> String {
        let is_hidden = |name: &str| self.fields.hidden().contains(&name.to_lowercase().as_str());
        let lines = Fields::inner().into_iter().filter(|(name, _)| is_hidden(name));
        lines.map(|(name, value)| format!("{name}: {value}\r\n")).collect()
    }

    /// The cryptographic payload.
    fn payload(self) -> String {
        let mut head = "MIME-Version: 1.0\r\n".to_owned();
        let hp = match self.fields {
            Fields::Outside => "",
            Fields::Clear => "; hp=\"clear\"",
            _ => "; hp=\"cipher\"",
        };
        if self.fields != Fields::Outside {
            Fields::inner().iter().for_each(|(name, value)| head += &format!("{name}: {value}\r\n"));
        }
        if self.fields.is_cipher() {
            self.fields
                .outer()
                .iter()
                .for_each(|(name, value)| head += &format!("HP-Outer: {name}: {value}\r\n"));
        }
        let text = TEXT.replace('\n', "\r\n");
        let (mark, plain, html) = if self.legacy {
            let display = self.display();
            let shown = display.replace('<', "&lt;").replace('>', "&gt;");
            let element = format!("<div class=\"header-protection-legacy-display\"><pre>{shown}</pre></div>");
            ("; hp-legacy-display=\"1\"", format!("{display}\r\n{text}"), element)
        } else {
            ("", text, String::new())
        };
        if !self.complex {
            return format!(
                "{head}Content-Type: text/plain; charset=\"us-ascii\"{mark}{hp}\r\n\r\n{plain}\r\n"
            );
        }
        format!(
            "{head}Content-Type: multipart/mixed; boundary=\"mix\"{hp}\r\n\r\n--mix\r\n\
             Content-Type: multipart/alternative; boundary=\"alt\"\r\n\r\n\
             --alt\r\nContent-Type: text/plain; charset=\"us-ascii\"{mark}\r\n\r\n{plain}\r\n\
             --alt\r\nContent-Type: text/html; charset=\"us-ascii\"{mark}\r\n\r\n\
             <html><head><title></title></head><body>{html}<p>The contract is attached.</p></body></html>\r\n\
             --alt--\r\n--mix\r\nContent-Type: application/pdf; name=\"contract.pdf\"\r\n\
             Content-Disposition: attachment\r\nContent-Transfer-Encoding: base64\r\n\r\nJVBERg==\r\n--mix--\r\n"
        )
    }
}

/// Alice's and Bob's keys and the CA, in files.
struct Desk {
    folder: TempDir,
}

impl Desk {
    /// `None` after saying so when openssl is absent.
    fn new() -> Option<Self> {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        if let Some(corpus) = corpus("rfc9216") {
            for (theirs, ours) in [
                ("alice-sign.crt", "alice.crt"),
                ("alice-sign.key", "alice.key"),
                ("bob-encrypt.crt", "bob.crt"),
                ("bob-encrypt.key", "bob.key"),
                ("ca-rsa.crt", "ca.crt"),
            ] {
                fs::copy(corpus.join(theirs), path(ours)).unwrap();
            }
        } else {
            for person in ["alice", "bob"] {
                let address = format!("subjectAltName=email:{person}@smime.example");
                let (key, crt) = (format!("{person}.key"), format!("{person}.crt"));
                let make = [
                    "req", "-x509", "-nodes", "-newkey", "rsa:2048", "-subj", "/CN=own", "-addext", &address,
                ];
                let dates = ["-not_before", "20200101000000Z", "-not_after", "20400101000000Z"];
                let files = ["-keyout", key.as_str(), "-out", crt.as_str()];
                openssl(folder.path(), &[&make[..], &dates, &files].concat())?;
            }
            fs::copy(path("alice.crt"), path("ca.crt")).unwrap();
        }
        openssl(folder.path(), &["version"])?;
        Some(Desk { folder })
    }

    fn path(&self) -> &Path {
        self.folder.path()
    }

    fn certificate(&self, name: &str) -> Certificate {
        Certificate::read_all(&fs::read(self.path().join(name)).unwrap()).unwrap().remove(0)
    }

    /// The mail as it lies on the server.
    fn mail(&self, case: Case) -> Vec<u8> {
        fs::write(self.path().join("payload"), case.payload()).unwrap();
        let opaque: &[&str] = if case.layers == Layers::Clear { &[] } else { &["-nodetach"] };
        let sign =
            ["cms", "-sign", "-binary", "-in", "payload", "-signer", "alice.crt", "-inkey", "alice.key"];
        let mut entity = openssl(self.path(), &[&sign[..], opaque].concat()).unwrap();
        if case.is_sealed() {
            fs::write(self.path().join("signed"), &entity).unwrap();
            let cipher = if case.layers == Layers::Sealed { "-aes-256-cbc" } else { "-aes-256-gcm" };
            entity = openssl(self.path(), &["cms", "-encrypt", "-in", "signed", cipher, "bob.crt"]).unwrap();
        }
        let mut mail = String::new();
        case.fields.outer().iter().for_each(|(name, value)| mail += &format!("{name}: {value}\n"));
        [mail.as_bytes(), &entity].concat()
    }

    /// As Bob opens it, who trusts the CA.
    fn open(&self, raw: &[u8]) -> Opened {
        let key = PrivateKey::from_pem(&fs::read(self.path().join("bob.key")).unwrap()).unwrap();
        let keys = [DecryptionKey { key, certificates: vec![self.certificate("bob.crt")] }];
        let certificate = self.certificate("ca.crt");
        let anchors = [TrustAnchor { certificate, trust: Trust::Organisation, scope: AnchorScope::Any }];
        let own: [EmailAddress; 1] = ["bob@smime.example".parse().unwrap()];
        let opening = Opening {
            keys: &keys,
            at: AT.parse::<UnixTime>().unwrap(),
            anchors: &anchors,
            timestamp_anchors: &[],
            untrusted: &[],
            own: &own,
            known: &[],
            sources: Default::default(),
        };
        open(raw, &opening, &mut Rng).unwrap()
    }
}

#[test]
fn messages_like_those_of_appendix_c_are_shown_as_it_says() {
    let Some(desk) = Desk::new() else { return };
    for case in cases() {
        let mail = desk.open(&desk.mail(case));
        let (verdict, headers) = (&mail.verdict, &mail.verdict.headers);
        assert_eq!(verdict.signature.state, SignatureState::Valid, "{case:?}: {:?}", verdict.signature);
        assert_eq!(headers.protected, case.fields != Fields::Outside, "{case:?}");
        assert_eq!(headers.subject.as_deref(), Some(SUBJECT), "{case:?}");
        assert_eq!(headers.from, ["alice@smime.example"], "{case:?}");
        assert_eq!(headers.from_mailboxes[0].name.as_deref(), Some("Alice Lovelace"), "{case:?}");
        assert_eq!(headers.to, ["bob@smime.example"], "{case:?}");
        assert_eq!(
            headers.date.map(|date| date.to_string()).as_deref(),
            Some("2021-02-20T15:02:02Z"),
            "{case:?}"
        );
        assert_eq!(mail.headers.confidential, case.fields.hidden(), "{case:?}");
        assert_eq!(headers.outer_differs, case.fields.hidden(), "{case:?}");
        assert_eq!(verdict.warnings, [], "{case:?}");
        let (summary, credit) = match case.is_sealed() {
            true => (Summary::SignedAndEncrypted, Credit::SignedAndEncrypted),
            false => (Summary::Signed, Credit::Signed),
        };
        assert_eq!(verdict.summary, summary, "{case:?}");
        assert!(verdict.parts.iter().all(|part| part.credit == credit), "{case:?}: {:?}", verdict.parts);
        // A Legacy Display Element is for others.
        assert_eq!(mail.quotable_text().unwrap().trim_end(), TEXT, "{case:?}");
        let html = mail.html(Remote::Blocked).map(|html| html.source).unwrap_or_default();
        assert_eq!(html.contains("The contract is attached."), case.complex, "{case:?}: {html}");
        assert!(!html.contains("Subject:") && !html.contains(SUBJECT), "{case:?}: {html}");
        let attached: Vec<_> = mail.payload.attachments().iter().map(|part| part.name.clone()).collect();
        let expected: &[Option<String>] = if case.complex { &[Some("contract.pdf".to_owned())] } else { &[] };
        assert_eq!(attached, expected, "{case:?}");
    }
}

#[test]
fn fields_changed_by_a_relay_are_not_shown_where_they_are_protected() {
    let Some(desk) = Desk::new() else { return };
    for case in cases() {
        let raw = String::from_utf8(desk.mail(case)).unwrap();
        let (head, body) = raw.split_once("\nMessage-ID").unwrap();
        assert!(head.starts_with("Subject: "));
        let mail = desk.open(format!("Subject: Pay at once\nMessage-ID{body}").as_bytes());
        let subject = mail.verdict.headers.subject.as_deref();
        if case.fields == Fields::Outside {
            assert_eq!(subject, Some("Pay at once"), "{case:?}");
            assert!(!mail.verdict.headers.protected, "{case:?}");
        } else {
            assert_eq!(subject, Some(SUBJECT), "{case:?}");
            assert!(mail.verdict.headers.outer_differs.contains(&"subject".to_owned()), "{case:?}");
            assert_eq!(mail.verdict.warnings, [Warning::OuterChanged], "{case:?}");
        }
    }
}

/// RFC 9788 section 6.1.
#[test]
fn an_answer_keeps_hidden_what_was_hidden() {
    let Some(desk) = Desk::new() else { return };
    let mailbox = |name: &str, address: &str| Mailbox { name: Some(name.into()), address: address.into() };
    for case in cases().into_iter().filter(|case| case.is_sealed() && case.fields != Fields::Outside) {
        let mail = desk.open(&desk.mail(case));
        assert!(mail.must_encrypt_answer(), "{case:?}");
        let draft = Draft {
            from: mailbox("Bob Babbage", "bob@smime.example"),
            to: vec![mailbox("Alice Lovelace", "alice@smime.example")],
            cc: vec![],
            subject: format!("Re: {}", mail.verdict.headers.subject.clone().unwrap()),
            date: 1_613_900_000,
            message_id: "answer@smime.example".into(),
            in_reply_to: Some("contract@smime.example".into()),
            references: vec!["contract@smime.example".into()],
            auto_submitted: None,
            text: format!("> {}\nYes.", mail.quotable_text().unwrap().replace('\n', "\n> ")),
            html: None,
            attachments: vec![],
        };
        for legacy_display in [false, true] {
            let protection = Protection::Cipher { legacy_display };
            let answer = protect_reply(&draft, protection, &mail.headers.confidential, &mut random).unwrap();
            let outside: String =
                answer.outer.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
            assert!(
                outside.contains("Subject: [...]\r\n") && !outside.contains("Babbage Engines"),
                "{outside}"
            );
            let is_shy = case.fields == Fields::Shy;
            for name in ["Alice Lovelace", "Bob Babbage"] {
                assert_eq!(outside.contains(name), !is_shy, "{case:?}: {outside}");
            }
            let mut payload = Message::parse(&answer.payload).unwrap();
            payload.mark_decrypted();
            let seen = Message::parse(format!("{outside}\r\n").as_bytes()).unwrap();
            let shown = view(&seen, &payload, true);
            let hidden: &[&str] = if is_shy { &["from", "subject", "to"] } else { &["subject"] };
            assert_eq!(shown.confidential, hidden, "{case:?}");
            assert_eq!(shown.headers.subject.as_deref(), Some("Re: Takeover of Babbage Engines"), "{case:?}");
            assert_eq!(shown.outer_changed, Vec::<String>::new(), "{case:?}");
            assert_eq!(payload.body_text().unwrap().trim_end(), draft.text, "{case:?}");
        }
    }
}
