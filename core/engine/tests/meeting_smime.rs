//! Meetings with real keys, certificates and signatures: what only the signature layer can refuse.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic, missing_docs)]

use std::convert::Infallible;
use std::process::Command;

use engine::meeting::{Action, Meetings, Outgoing, ScanOutcome, SignedMail, ca_anchor, personal_anchor};
use engine::people::People;
use engine::qr::{Card, Code};
use rand_core::{TryCryptoRng, TryRng};
use sha2::{Digest, Sha256};
use smime::issue::{LeafPurpose, Subject, leaf, personal_root};
use smime::key::p256_compressed_point;
use smime::signed::{SignRequest, SignedData, prepare};
use smime::{Certificate, EmailAddress, KeyAlgorithm, PrivateKey, UnixTime};

/// 2026-11-25T08:00:00Z.
const MORNING: UnixTime = UnixTime::from_secs(1_795_593_600);

/// Repeatable octets: SHA-256 over a seed and a counter.
struct Seeded(String, u64);

impl TryRng for Seeded {
    type Error = Infallible;
    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        let mut octets = [0; 4];
        self.try_fill_bytes(&mut octets)?;
        Ok(u32::from_be_bytes(octets))
    }
    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        let mut octets = [0; 8];
        self.try_fill_bytes(&mut octets)?;
        Ok(u64::from_be_bytes(octets))
    }
    fn try_fill_bytes(&mut self, out: &mut [u8]) -> Result<(), Infallible> {
        for chunk in out.chunks_mut(32) {
            self.1 += 1;
            let digest = Sha256::digest(format!("{}/{}", self.0, self.1));
            chunk.copy_from_slice(&digest[..chunk.len()]);
        }
        Ok(())
    }
}

impl TryCryptoRng for Seeded {}

/// A person with a phone and real keys.
struct Phone {
    address: EmailAddress,
    /// Chain above the mail certificate; the anchor last.
    anchor: Certificate,
    mail_key: PrivateKey,
    mail: Certificate,
    encryption_key: PrivateKey,
    encryption: Certificate,
    meetings: Meetings,
    people: People,
    met: Vec<(EmailAddress, Vec<u8>)>,
    asked: usize,
    rng: Seeded,
}

/// A mail as the receiver has it after decryption.
#[derive(Clone)]
struct Mail {
    from: EmailAddress,
    signed: Vec<u8>,
    payload: Vec<u8>,
}

fn subject(address: &EmailAddress, until: UnixTime) -> Subject {
    Subject {
        address: address.clone(),
        name: String::new(),
        not_before: MORNING.minus(3_600),
        not_after: until,
    }
}

fn generate(rng: &mut Seeded) -> PrivateKey {
    PrivateKey::generate(KeyAlgorithm::P256, rng).unwrap()
}

impl Phone {
    fn of(address: &str) -> Self {
        Phone::seeded(address, address)
    }

    fn seeded(address: &str, seed: &str) -> Self {
        let mut rng = Seeded(seed.to_owned(), 0);
        let address: EmailAddress = address.parse().unwrap();
        let until = MORNING.plus(365 * 86_400);
        let (root_key, mail_key, encryption_key) =
            (generate(&mut rng), generate(&mut rng), generate(&mut rng));
        let who = subject(&address, until);
        let root = personal_root(&root_key, &who, &mut rng).unwrap();
        let mut issue = |key: &PrivateKey, purpose| {
            leaf(&root, &root_key, &key.public_key_der(), purpose, &who, &mut rng).unwrap()
        };
        let mail = issue(&mail_key, LeafPurpose::Mail);
        let encryption = issue(&encryption_key, LeafPurpose::Encryption);
        let anchor = personal_anchor(&root);
        Phone::with(address, root, anchor, (mail_key, mail), (encryption_key, encryption), rng)
    }

    fn with(
        address: EmailAddress,
        root: Certificate,
        anchor: engine::people::Anchor,
        (mail_key, mail): (PrivateKey, Certificate),
        (encryption_key, encryption): (PrivateKey, Certificate),
        rng: Seeded,
    ) -> Self {
        let ek = p256_compressed_point(&encryption_key.public_key_der()).unwrap();
        let card = Card::new(address.clone(), "", anchor, ek);
        Phone {
            address,
            anchor: root,
            mail_key,
            mail,
            encryption_key,
            encryption,
            meetings: Meetings::new(card),
            people: People::new(),
            met: Vec::new(),
            asked: 0,
            rng,
        }
    }

    fn sign(&mut self, payload: &[u8]) -> Mail {
        let certificates = [self.anchor.clone(), self.encryption.clone()];
        let (key, certificate) = (&self.mail_key, self.mail.clone());
        let signed = sign_with(key, &certificate, &certificates, payload, &mut self.rng);
        Mail { from: self.address.clone(), signed, payload: payload.to_vec() }
    }

    fn show(&mut self, now: UnixTime) -> Code {
        Code::Meet(self.meetings.show(now, &mut self.rng))
    }

    fn scan(&mut self, code: &Code, now: UnixTime) -> Vec<Mail> {
        let ScanOutcome::Meeting { actions, .. } = self.meetings.scan(code, now, &self.people, &mut self.rng)
        else {
            panic!("not a meeting")
        };
        self.act(actions)
    }

    /// `None`: an ordinary mail.
    fn receive(&mut self, mail: &Mail, now: UnixTime) -> Option<Vec<Mail>> {
        let signed = SignedData::parse(&mail.signed).unwrap();
        let mail = SignedMail {
            signed: &signed,
            content: signed.content().unwrap(),
            payload: &mail.payload,
            from: &mail.from,
            from_name: None,
        };
        let actions = self.meetings.receive(&mail, now, &self.people, &mut self.rng)?;
        Some(self.act(actions))
    }

    fn act(&mut self, actions: Vec<Action>) -> Vec<Mail> {
        let mut mails = Vec::new();
        for action in actions {
            match action {
                Action::Send(Outgoing { payload, .. }) => mails.push(self.sign(&payload)),
                Action::Met { met, .. } => {
                    self.met.push((met.person().address.clone(), met.anchor_certificate().to_vec()));
                }
                Action::AskNumber { .. } => self.asked += 1,
                _ => {}
            }
        }
        mails
    }

    fn has_met(&self, other: &Phone) -> bool {
        self.met.iter().any(|(address, anchor)| *address == other.address && anchor == other.anchor.der())
    }
}

fn sign_with(
    key: &PrivateKey,
    certificate: &Certificate,
    certificates: &[Certificate],
    payload: &[u8],
    rng: &mut Seeded,
) -> Vec<u8> {
    let content = format!(
        "Content-Type: {}\r\nContent-Transfer-Encoding: base64\r\n\r\n{}\r\n",
        engine::meeting::CONTENT_TYPE,
        data_encoding::BASE64.encode(payload)
    );
    let algorithm = key.default_signature_algorithm().unwrap();
    let prepared = prepare(&SignRequest {
        content: content.as_bytes(),
        detached: false,
        signer: certificate,
        certificates,
        algorithm,
        signing_time: MORNING,
        encryption_certificate: None,
        proof_of_approval: false,
    })
    .unwrap();
    let signature = key.sign(algorithm, prepared.bytes_to_sign(), rng).unwrap();
    prepared.finish(&signature).unwrap()
}

/// M1 from bob to alice, on its way.
fn first_mail() -> (Phone, Phone, Mail) {
    let (mut alice, mut bob) = (Phone::of("alice@example.org"), Phone::of("bob@example.org"));
    let [m1] = bob.scan(&alice.show(MORNING), MORNING).try_into().map_err(|_| ()).unwrap();
    (alice, bob, m1)
}

#[test]
fn alice_and_bob_meet_with_real_signatures() {
    let (mut alice, mut bob, m1) = first_mail();
    assert!(alice.receive(&m1, MORNING).unwrap().is_empty());
    let mut mails = alice.scan(&bob.show(MORNING), MORNING);
    let mut count = 0;
    while let Some(mail) = mails.pop() {
        count += 1;
        let to = if mail.from == alice.address { &mut bob } else { &mut alice };
        mails.extend(to.receive(&mail, MORNING).expect("a meeting's mail"));
    }
    assert_eq!(count, 2);
    assert!(alice.has_met(&bob) && bob.has_met(&alice));
}

#[test]
fn openssl_confirms_who_signed_the_first_mail() {
    let (_, bob, m1) = first_mail();
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, octets: &[u8]| std::fs::write(folder.path().join(name), octets).unwrap();
    write("m1.der", &m1.signed);
    write("root.pem", bob.anchor.to_pem().as_bytes());
    let output = Command::new("openssl")
        .args(["cms", "-verify", "-binary", "-inform", "DER", "-in", "m1.der", "-CAfile", "root.pem"])
        .args(["-attime", &MORNING.secs().to_string()])
        .current_dir(folder.path())
        .output()
        .expect("openssl is installed");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let body = data_encoding::BASE64.encode(&m1.payload);
    assert!(String::from_utf8_lossy(&output.stdout).contains(&body));
}

#[test]
fn mallory_signs_bobs_words_under_her_own_root_for_his_address() {
    let (mut alice, _, m1) = first_mail();
    let mut mallory = Phone::seeded("bob@example.org", "mallory");
    let forged = mallory.sign(&m1.payload);
    assert!(alice.receive(&forged, MORNING).is_none());
    assert_eq!(alice.asked, 0);
}

#[test]
fn mallory_carries_bobs_root_beside_her_own_signature() {
    let (mut alice, bob, m1) = first_mail();
    let mut mallory = Phone::seeded("bob@example.org", "mallory");
    let carried = [bob.anchor.clone(), bob.mail.clone(), mallory.anchor.clone()];
    let (key, certificate) = (&mallory.mail_key, mallory.mail.clone());
    let signed = sign_with(key, &certificate, &carried, &m1.payload, &mut mallory.rng);
    assert!(alice.receive(&Mail { signed, ..m1 }, MORNING).is_none());
    assert_eq!(alice.asked, 0);
}

#[test]
fn a_changed_octet_of_the_signed_content_is_an_ordinary_mail() {
    let (mut alice, _, m1) = first_mail();
    let body = data_encoding::BASE64.encode(&m1.payload);
    let at = m1.signed.windows(body.len()).position(|window| window == body.as_bytes()).unwrap();
    let mut changed = m1.clone();
    changed.signed[at + 10] ^= 1;
    assert!(alice.receive(&changed, MORNING).is_none());
    assert!(alice.receive(&m1, MORNING).is_some());
}

#[test]
fn from_must_be_the_certified_address() {
    let (mut alice, _, m1) = first_mail();
    let other: EmailAddress = "carol@example.org".parse().unwrap();
    assert!(alice.receive(&Mail { from: other, ..m1.clone() }, MORNING).is_none());
    let shouted: EmailAddress = "BOB@EXAMPLE.ORG".parse().unwrap();
    assert!(alice.receive(&Mail { from: shouted, ..m1 }, MORNING).is_some(), "the same address");
}

#[test]
fn an_encryption_key_signs_no_meeting() {
    let (mut alice, mut bob, m1) = first_mail();
    let certificates = [bob.anchor.clone(), bob.mail.clone()];
    let certificate = bob.encryption.clone();
    let signed = sign_with(&bob.encryption_key, &certificate, &certificates, &m1.payload, &mut bob.rng);
    assert!(alice.receive(&Mail { signed, ..m1 }, MORNING).is_none());
}

#[test]
fn an_expired_certificate_signs_no_meeting() {
    let (mut alice, _, m1) = first_mail();
    assert!(alice.receive(&m1, MORNING.plus(400 * 86_400)).is_none());
}

#[test]
fn the_anchor_certificate_must_come_along() {
    let (mut alice, mut bob, m1) = first_mail();
    let (key, certificate) = (&bob.mail_key, bob.mail.clone());
    let signed = sign_with(key, &certificate, &[], &m1.payload, &mut bob.rng);
    assert!(alice.receive(&Mail { signed, ..m1 }, MORNING).is_none());
}

/// `openssl` in a folder; panics with its message.
fn openssl(folder: &std::path::Path, args: &[&str]) {
    let output =
        Command::new("openssl").args(args).current_dir(folder).output().expect("openssl is installed");
    assert!(output.status.success(), "{args:?}: {}", String::from_utf8_lossy(&output.stderr));
}

/// An organisation's CA made by openssl, and people whose keys it certified.
fn organisation(addresses: &[&str]) -> Vec<Phone> {
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path();
    let curve = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"];
    let ca =
        ["req", "-x509", "-subj", "/CN=Example CA", "-days", "3650", "-keyout", "ca.key", "-out", "ca.pem"];
    openssl(at, &[&ca[..], &curve].concat());
    let read = |name: &str| std::fs::read(at.join(name)).unwrap();
    let ca = Certificate::read_all(&read("ca.pem")).unwrap().remove(0);
    let people = addresses.iter().map(|address| {
        let issue = |usage: &str| {
            let extensions = format!(
                "subjectAltName=email:{address}\nkeyUsage=critical,{usage}\nextendedKeyUsage=emailProtection\nbasicConstraints=CA:FALSE\n"
            );
            std::fs::write(at.join("ext"), extensions).unwrap();
            openssl(at, &[&["req", "-subj", "/CN=Somebody", "-keyout", "leaf.key", "-out", "leaf.csr"][..], &curve].concat());
            let sign = ["x509", "-req", "-in", "leaf.csr", "-CA", "ca.pem", "-CAkey", "ca.key", "-days", "365"];
            openssl(at, &[&sign[..], &["-extfile", "ext", "-out", "leaf.pem"]].concat());
            let key = PrivateKey::from_pem(&read("leaf.key")).unwrap();
            (key, Certificate::read_all(&read("leaf.pem")).unwrap().remove(0))
        };
        let address: EmailAddress = address.parse().unwrap();
        let anchor = ca_anchor(&ca, &address);
        let seed = Seeded(address.to_string(), 0);
        Phone::with(address, ca.clone(), anchor, issue("digitalSignature"), issue("keyAgreement"), seed)
    });
    people.collect()
}

/// openssl 3.0 has no option for the start of a validity: these meetings happen when the certificates were made.
fn today() -> UnixTime {
    let now = std::process::Command::new("date").arg("+%s").output().unwrap().stdout;
    UnixTime::from_secs(String::from_utf8(now).unwrap().trim().parse().unwrap()).plus(5)
}

#[test]
fn a_person_of_an_organisation_is_met_and_a_colleague_can_not_answer_for_them() {
    let mut people = organisation(&["bob@example.org", "carol@example.org"]);
    let now = today();
    let (mut carol, mut bob) = (people.remove(1), people.remove(0));
    let mut alice = Phone::of("alice@example.net");
    let [m1] = bob.scan(&alice.show(now), now).try_into().map_err(|_| ()).unwrap();

    // The same CA stands over carol; her certificate holds another address.
    let by_carol = carol.sign(&m1.payload);
    assert!(alice.receive(&Mail { from: bob.address.clone(), ..by_carol.clone() }, now).is_none());
    assert!(alice.receive(&by_carol, now).is_none());
    assert_eq!(alice.asked, 0);

    assert!(alice.receive(&m1, now).is_some());
    assert_eq!(alice.asked, 1);
    // Alice's own certificates, made for MORNING, are not what is tested here: she confirms, bob's last mail is real.
    let ScanOutcome::Meeting { actions, .. } =
        alice.meetings.scan(&bob.show(now), now, &alice.people, &mut alice.rng)
    else {
        panic!()
    };
    assert!(actions.iter().any(|action| matches!(action, Action::Send(_))));
}

/// Every order of delivery, with mallory's copies of each mail among them.
#[test]
fn mails_in_any_order_with_forged_copies_end_as_met_with_the_right_people() {
    let schedules = if std::env::var_os("COUNTERSIGN_PROVE").is_some() { 400 } else { 12 };
    for schedule in 0..schedules {
        let mut dice = Seeded(format!("schedule {schedule}"), 0);
        let (mut alice, mut bob) = (Phone::of("alice@example.org"), Phone::of("bob@example.org"));
        let mut mallory =
            [Phone::seeded("alice@example.org", "mallory a"), Phone::seeded("bob@example.org", "mallory b")];
        let mut network = Vec::new();
        let mut send = |mails: Vec<Mail>, network: &mut Vec<Mail>| {
            for mail in mails {
                let forger = usize::from(mail.from.as_str() == "bob@example.org");
                network.push(mallory[forger].sign(&mail.payload));
                network.push(mail);
            }
        };
        let (hers, his) = (alice.show(MORNING), bob.show(MORNING));
        send(bob.scan(&hers, MORNING), &mut network);
        send(alice.scan(&his, MORNING), &mut network);
        for _ in 0..200 {
            if network.is_empty() {
                break;
            }
            let at = dice.try_next_u32().unwrap() as usize;
            let mail = network[at % network.len()].clone();
            // Now and then a mail stays in the network and comes again.
            if at >> 16 & 3 != 0 {
                network.remove(at % network.len());
            }
            let to = if mail.from == alice.address { &mut bob } else { &mut alice };
            let answers = to.receive(&mail, MORNING).unwrap_or_default();
            send(answers, &mut network);
        }
        assert!(alice.has_met(&bob) && bob.has_met(&alice), "schedule {schedule}");
        let only =
            |phone: &Phone, other: &Phone| phone.met.iter().all(|(_, anchor)| anchor == other.anchor.der());
        assert!(only(&alice, &bob) && only(&bob, &alice), "schedule {schedule}");
    }
}
