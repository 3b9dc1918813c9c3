//! Writes the seeds in `fixtures/fuzz` that are made by our own code, with the people of `testkit`:
//! `cargo run -p fuzz --example seeds`. The same octets in every run. Those of other programs stay as they are
//! (fixtures/fuzz/README.md).
#![allow(clippy::unwrap_used, clippy::indexing_slicing, missing_docs)]

use std::path::Path;

use engine::meeting::personal_anchor;
use engine::qr::{Card, CardCode, MeetCode, MeetingSecret, Modules, qr_png};
use mail::Mailbox;
use mail::compose::{Attachment, Draft};
use mail::protect::{Protection, protect, wrap_pkcs7, wrap_signed};
use smime::csr;
use smime::enveloped::{ContentCipher, Recipient, RsaTransport, encrypt};
use smime::issue::{LeafPurpose, Subject};
use smime::key::p256_compressed_point;
use smime::pkcs8;
use smime::pkcs12::{self, Entry, Form};
use smime::signed::{SignRequest, prepare};
use smime::tsp::TimestampRequest;
use smime::{SignatureAlgorithm, UnixTime};
use testkit::{Identity, Person, SeededRng, VirtualClock, alice, bob, carol};

const CONTENT: &[u8] = b"Content-Type: text/plain\r\n\r\nPlease approve.\r\n";

fn now() -> UnixTime {
    VirtualClock::default().now()
}

fn write(target: &str, name: &str, octets: &[u8]) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/fuzz").join(target);
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::write(folder.join(name), octets).unwrap();
}

fn sign(person: &Person, content: &[u8], detached: bool) -> Vec<u8> {
    let carried = [person.root.certificate.clone(), person.encryption.certificate.clone()];
    let prepared = prepare(&SignRequest {
        content,
        detached,
        signer: &person.mail.certificate,
        certificates: &carried,
        algorithm: SignatureAlgorithm::EcdsaP256Sha256,
        signing_time: now(),
        encryption_certificate: Some(&person.encryption.certificate),
        proof_of_approval: false,
    })
    .unwrap();
    let signature = person
        .mail
        .key
        .sign(prepared.algorithm(), prepared.bytes_to_sign(), &mut SeededRng::new("sign"))
        .unwrap();
    prepared.finish(&signature).unwrap()
}

fn seal(content: &[u8], cipher: ContentCipher, readers: &[&Person]) -> Vec<u8> {
    let recipients: Vec<Recipient> = readers
        .iter()
        .map(|reader| Recipient::Certificate {
            certificate: reader.encryption.certificate.clone(),
            rsa: RsaTransport::OaepSha256,
        })
        .collect();
    encrypt(content, &recipients, cipher, &mut SeededRng::new("seal")).unwrap()
}

fn outer() -> Vec<(String, String)> {
    [("From", "Alice <alice@example.org>"), ("To", "bob@example.org"), ("Subject", "Plan")]
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .to_vec()
}

fn draft() -> Draft {
    let mailbox =
        |person: &Person| Mailbox { name: Some(person.name.to_owned()), address: person.address.to_string() };
    Draft {
        from: mailbox(alice()),
        to: vec![mailbox(bob())],
        cc: vec![],
        subject: "Lease 租约".to_owned(),
        date: i64::try_from(now().secs()).unwrap(),
        message_id: "1@example.org".to_owned(),
        in_reply_to: None,
        references: vec![],
        auto_submitted: None,
        text: "Please approve.\n".to_owned(),
        html: Some("<p>Please <b>approve</b>.</p>".to_owned()),
        attachments: vec![Attachment {
            name: Some("租约.pdf".to_owned()),
            content_type: "application/pdf".to_owned(),
            bytes: b"%PDF".to_vec(),
            inline: false,
        }],
    }
}

fn main() {
    cms();
    mails();
    containers();
    others();
    openssl();
}

/// What OpenSSL makes with Alice's and Bob's keys, and as a timestamp authority. It takes random numbers and the time: files
/// that are there stay.
fn openssl() {
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str, octets: &[u8]| std::fs::write(folder.path().join(name), octets).unwrap();
    let pem = |key: &smime::PrivateKey| {
        let base64 = data_encoding::BASE64.encode(&key.to_pkcs8_der());
        format!("-----BEGIN PRIVATE KEY-----\n{base64}\n-----END PRIVATE KEY-----\n")
    };
    file("content", CONTENT);
    file("alice.key", pem(&alice().mail.key).as_bytes());
    file("alice.crt", alice().mail.certificate.to_pem().as_bytes());
    file("bob.crt", bob().encryption.certificate.to_pem().as_bytes());
    file("tsa.cnf", TSA.as_bytes());
    let run = |words: &str| {
        let output = std::process::Command::new("openssl")
            .args(words.split_whitespace())
            .current_dir(folder.path())
            .output();
        let output = output.unwrap();
        assert!(output.status.success(), "{words}: {}", String::from_utf8_lossy(&output.stderr));
        output.stdout
    };
    let keep = |target: &str, name: &str, words: &str| {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/fuzz").join(target).join(name);
        if !path.exists() {
            write(target, name, &run(words));
        }
    };
    let sign = "cms -sign -binary -nodetach -signer alice.crt -inkey alice.key -in content -outform DER";
    keep("signed", "openssl.der", sign);
    keep("signed", "openssl-stream.ber", &format!("{sign} -stream"));
    keep("signed", "openssl-no-attributes.der", &format!("{sign} -noattr"));
    let seal = "cms -encrypt -binary -in content -outform DER -recip bob.crt -aes-256";
    keep("decrypt", "openssl-gcm.der", &seal.replace("-aes-256", "-aes-256-gcm"));
    keep("decrypt", "openssl-cbc.ber", &format!("{seal}-cbc -stream"));
    run(
        "req -x509 -nodes -newkey ec -pkeyopt ec_paramgen_curve:P-256 -subj /CN=time -days 3650 -keyout tsa.key -out tsa.crt \
         -addext extendedKeyUsage=critical,timeStamping",
    );
    run("ts -query -data content -sha256 -cert -out request.tsq");
    file("serial", b"01");
    keep("tsp", "response.der", "ts -reply -config tsa.cnf -queryfile request.tsq");
    keep("tsp", "token.der", "ts -reply -config tsa.cnf -queryfile request.tsq -token_out");
}

const TSA: &str = "[tsa]\ndefault_tsa=t\n[t]\ndir=.\nserial=serial\nsigner_cert=tsa.crt\nsigner_key=tsa.key\nsigner_digest=sha256\n\
    default_policy=1.2.3\ndigests=sha256\naccuracy=secs:1\nordering=yes\ness_cert_id_alg=sha256\n";

fn cms() {
    let inside = sign(alice(), CONTENT, false);
    write("signed", "inside.der", &inside);
    write("signed", "detached.der", &sign(alice(), CONTENT, true));
    write("signed", "carol.der", &sign(carol(), CONTENT, false));
    write("ber", "signed.der", &inside);
    for (name, cipher) in [
        ("gcm-256.der", ContentCipher::Aes256Gcm),
        ("gcm-128.der", ContentCipher::Aes128Gcm),
        ("cbc-256.der", ContentCipher::Aes256Cbc),
    ] {
        write("decrypt", name, &seal(CONTENT, cipher, &[bob()]));
    }
    let several = seal(CONTENT, ContentCipher::Aes256Gcm, &[alice(), bob(), carol()]);
    write("decrypt", "three-readers.der", &several);
    write("ber", "enveloped.der", &several);
    write("ber", "indefinite.ber", &[0x30, 0x80, 0x24, 0x80, 4, 1, 65, 4, 1, 66, 0, 0, 1, 1, 255, 0, 0]);
    write("tsp", "request.der", TimestampRequest::new(b"data", [7; 8]).der());
    write(
        "x509",
        "chain.pem",
        alice().certificates().iter().map(|one| one.to_pem()).collect::<String>().as_bytes(),
    );
    write("x509", "stranger.der", carol().mail.certificate.der());
}

/// Key files with few iterations, so that many can be tried.
fn containers() {
    let mut rng = SeededRng::new("containers");
    let (mail, encryption) = (&bob().mail, &bob().encryption);
    let entry = |identity: &'static Identity, name| Entry {
        key: &identity.key,
        certificate: Some(&identity.certificate),
        name: Some(name),
    };
    let both = [entry(mail, "Bob"), entry(encryption, "Bob 艾")];
    let others = [bob().root.certificate.clone()];
    for (name, form) in [("modern.p12", Form::Modern), ("pbmac1.p12", Form::Pbmac1), ("old.p12", Form::Old)] {
        write("pkcs12", name, &pkcs12::write(&both, &others, "x", form, 2, &mut rng).unwrap());
    }
    write("pkcs12", "store.p12", &pkcs12::write(&[], &others, "", Form::Modern, 2, &mut rng).unwrap());
    let encrypted = pkcs8::encrypt(&mail.key, "x", 2, &mut rng).unwrap();
    write("pkcs12", "key.pem", pkcs8::encrypted_to_pem(&encrypted).as_bytes());
    let subject = |address: &str, name: &str| Subject {
        address: address.parse().unwrap(),
        name: name.to_owned(),
        not_before: now(),
        not_after: now(),
    };
    for (name, purpose, subject) in [
        ("mail.der", LeafPurpose::Mail, subject("bob@example.org", "Bob")),
        ("approval.der", LeafPurpose::Approval, subject("bob@example.org", "")),
        ("smtp-utf8.der", LeafPurpose::Encryption, subject("爱丽丝@example.org", "爱丽丝")),
    ] {
        let algorithm = SignatureAlgorithm::EcdsaP256Sha256;
        let prepared = csr::prepare(&mail.key.public_key_der(), algorithm, purpose, &subject).unwrap();
        let request = prepared.sign(&mail.key, &mut rng).unwrap();
        write("csr", name, request.der());
        if purpose == LeafPurpose::Mail {
            write("csr", "mail.pem", request.to_pem().as_bytes());
        }
    }
}

fn mails() {
    let mut boundaries = || [7; 16];
    let clear = wrap_signed(&outer(), CONTENT, &sign(alice(), CONTENT, true), "sha-256", &mut boundaries);
    let opaque = wrap_pkcs7(&outer(), "signed-data", &sign(alice(), CONTENT, false));
    let inner = wrap_pkcs7(&[], "signed-data", &sign(alice(), CONTENT, false));
    let sealed = seal(&inner, ContentCipher::Aes256Gcm, &[bob()]);
    let sealed = wrap_pkcs7(&outer(), "authEnveloped-data", &sealed);
    let triple = wrap_pkcs7(&[], "authEnveloped-data", &seal(&inner, ContentCipher::Aes256Gcm, &[bob()]));
    let triple = wrap_pkcs7(&outer(), "signed-data", &sign(alice(), &triple, false));
    for (name, mail) in
        [("clear.eml", &clear), ("opaque.eml", &opaque), ("sealed.eml", &sealed), ("triple.eml", &triple)]
    {
        write("open", name, mail);
    }
    write("mime", "clear.eml", &clear);
    let plain = mail::compose::message(&draft(), &mut boundaries).unwrap();
    write("mime", "composed.eml", &plain);
    for (name, protection) in [
        ("clear", Protection::Clear),
        ("cipher", Protection::Cipher { legacy_display: false }),
        ("legacy", Protection::Cipher { legacy_display: true }),
    ] {
        let protected = protect(&draft(), protection, &mut boundaries).unwrap();
        let fields: String =
            protected.outer.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
        write("protect", name, &[&protected.payload[..], b"\0", fields.as_bytes(), b"\r\n"].concat());
    }
}

fn others() {
    imap();
    let anchor = personal_anchor(&alice().root.certificate);
    let ek = p256_compressed_point(alice().encryption.certificate.public_key_der()).unwrap();
    let card = Card::new(alice().address.clone(), "Alice 艾丽丝", anchor, ek);
    let minutes = u32::try_from(now().secs() / 60).unwrap();
    let code = CardCode { card: card.clone(), minutes }.encode();
    write("qr", "card", code.as_bytes());
    write(
        "qr",
        "meet",
        MeetCode { card, t: MeetingSecret::from_bytes([9; 16]), minutes }.encode().as_bytes(),
    );
    write("qr", "small.png", &qr_png("hello", 1).unwrap());
    let modules = Modules::of("hello").unwrap();
    // A frame: its width, then its pixels; two for a module and a border of four modules.
    let side = (modules.width + 8) * 2;
    let mut frame = vec![u8::try_from(side).unwrap()];
    for y in 0..side {
        for x in 0..side {
            let (x, y) = ((x / 2).wrapping_sub(4), (y / 2).wrapping_sub(4));
            let is_dark = x < modules.width && y < modules.width && modules.dark[y * modules.width + x];
            frame.push(if is_dark { 0 } else { 255 });
        }
    }
    write("qr", "frame", &frame);
    let vectors = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/approval/vectors-1.json");
    let vectors: serde_json::Value = serde_json::from_slice(&std::fs::read(vectors).unwrap()).unwrap();
    for list in ["requests", "events"] {
        for event in vectors[list].as_array().unwrap() {
            let name = event["name"].as_str().unwrap().replace(' ', "-");
            write("approval", &format!("{name}.json"), event["json"].as_str().unwrap().as_bytes());
        }
    }
}

/// What IMAP servers say.
fn imap() {
    let session: &[u8] = b"* OK [CAPABILITY IMAP4rev1 SASL-IR AUTH=PLAIN] ready\r\n\
        C1 OK [CAPABILITY IMAP4rev1 QRESYNC UIDPLUS] in\r\n* ENABLED QRESYNC\r\n\
        * OK [CLOSED] x\r\n* 3 EXISTS\r\n* OK [UIDVALIDITY 7] x\r\n* OK [PERMANENTFLAGS (\\Seen \\*)] x\r\n\
        * VANISHED (EARLIER) 41,43:116\r\n* SEARCH 4 9 (MODSEQ 12)\r\n* ESEARCH (TAG \"C2\") UID ALL 4:18,21\r\n\
        * STATUS \"a b\" (UIDNEXT 5 UIDVALIDITY 9)\r\nC3 OK [COPYUID 9 4:6 10,12,11] done\r\n* BYE see {5}\r\n";
    write("imap", "session", session);
    let fetch: &[u8] = b"* 1 FETCH (UID 5 FLAGS (\\Seen $Junk) RFC822.SIZE 2147483648 MODSEQ (65402) INTERNALDATE \
        \"17-Jul-1996 02:44:25 -0700\" X-GM-LABELS (\"a\\\")\" b) BODY[HEADER.FIELDS (DATE)] NIL BODY[]<4> {5}\r\na\")\r\n)\r\n";
    write("imap", "fetch", fetch);
    let list: &[u8] =
        b"* LIST (\\HasNoChildren \\Sent) \"/\" &XfJT0ZAB-\r\n* LIST (\\Noselect) NIL {4}\r\na\"&-\r\n\
        * LSUB () \".\" \"R&D\"\r\n";
    write("imap", "list", list);
    write("imap", "name", b"~peter/mail/&U,BTFw-/&ZeVnLIqe-");
    write("imap", "challenge", b"r=AAAAAAAAAAAAAAAAAAAAAAAAx,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096");
}
