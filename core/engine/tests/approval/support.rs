//! Named people with keys from seeds, a timestamp authority and a foreign program (both real: openssl), and a post
//! office that turns what the engine builds into signed mail.

use std::collections::BTreeSet;
use std::convert::Infallible;
use std::fs;
use std::path::Path;
use std::process::Command;

use engine::approval::{
    Attached, Built, Context, EventSet, KeyName, NewParticipant, NewRequest, NewTimestampAuthority, Program,
    RawEvent, RequestView, Rule, Signer, build_request, evaluate,
};
use engine::ports::KeyRole;
use mail::Mailbox;
use mail::compose::{Attachment, Draft};
use mail::protect::{Protection, protect};
use rand_core::{TryCryptoRng, TryRng};
use sha2::{Digest, Sha256};
use smime::issue::{LeafPurpose, Subject, leaf, personal_root};
use smime::signed::{SignRequest, SignedData, add_timestamp, prepare};
use smime::tsp::TimestampRequest;
use smime::{Certificate, EmailAddress, KeyAlgorithm, PrivateKey, UnixTime};

/// Later than any token that openssl makes while the tests run, and within every certificate's validity.
pub const NOW: UnixTime = UnixTime::from_secs(2_000_000_000);
const NOT_BEFORE: UnixTime = UnixTime::from_secs(1_577_836_800);
const NOT_AFTER: UnixTime = UnixTime::from_secs(2_200_000_000);

/// Repeatable octets: SHA-256 over a seed and a counter.
pub struct Seeded(pub String, pub u64);

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

pub struct Key {
    pub key: PrivateKey,
    pub certificate: Certificate,
}

/// Somebody with Countersign: a personal root and three keys under it.
pub struct Person {
    pub name: String,
    pub address: EmailAddress,
    pub root: Certificate,
    pub approval: Key,
    pub mail: Key,
    pub encryption: Certificate,
}

impl Person {
    pub fn new(name: &str) -> Self {
        Person::with_seed(name, name)
    }

    /// The same name and address, other keys.
    pub fn with_seed(name: &str, seed: &str) -> Self {
        let mut rng = Seeded(seed.to_owned(), 0);
        let address: EmailAddress = format!("{}@example.org", name.to_lowercase()).parse().unwrap();
        let subject = Subject {
            address: address.clone(),
            name: name.to_owned(),
            not_before: NOT_BEFORE,
            not_after: NOT_AFTER,
        };
        let root_key = PrivateKey::generate(KeyAlgorithm::P256, &mut rng).unwrap();
        let root = personal_root(&root_key, &subject, &mut rng).unwrap();
        let mut under = |purpose| {
            let key = PrivateKey::generate(KeyAlgorithm::P256, &mut rng).unwrap();
            let certificate =
                leaf(&root, &root_key, &key.public_key_der(), purpose, &subject, &mut rng).unwrap();
            Key { key, certificate }
        };
        let (approval, mail) = (under(LeafPurpose::Approval), under(LeafPurpose::Mail));
        let encryption = under(LeafPurpose::Encryption).certificate;
        Person { name: name.to_owned(), address, root, approval, mail, encryption }
    }

    pub fn participant(&self) -> NewParticipant {
        NewParticipant {
            address: self.address.clone(),
            name: self.name.clone(),
            program: Program::Countersign,
            anchors: vec![self.root.clone()],
            encryption: vec![self.encryption.clone()],
        }
    }

    pub fn signer(&self, view: &RequestView, role: KeyRole) -> Signer {
        let number = view.person(&self.address).unwrap().number;
        Signer { number, key: KeyName::of(&self.key(role).certificate) }
    }

    pub fn key(&self, role: KeyRole) -> &Key {
        match role {
            KeyRole::Approval => &self.approval,
            _ => &self.mail,
        }
    }

    /// Composes and signs as the client does.
    pub fn send(&self, built: &Built) -> RawEvent {
        self.send_with(built, built.key, built.proof_of_approval)
    }

    pub fn send_with(&self, built: &Built, role: KeyRole, proof_of_approval: bool) -> RawEvent {
        self.sign(&self.payload(built), role, proof_of_approval)
    }

    pub fn payload(&self, built: &Built) -> Vec<u8> {
        let draft = self.draft(built);
        let mut count = 0u8;
        let mut boundaries = || {
            count += 1;
            [count; 16]
        };
        protect(&draft, Protection::Cipher { legacy_display: true }, &mut boundaries).unwrap().payload
    }

    pub fn draft(&self, built: &Built) -> Draft {
        let mut attachments: Vec<Attachment> = built
            .attachments
            .iter()
            .map(|part| Attachment {
                name: Some(part.name.clone()),
                content_type: part.content_type.clone(),
                inline: false,
                bytes: part.bytes.clone(),
            })
            .collect();
        attachments.push(Attachment {
            name: Some(engine::approval::PART_NAME.to_owned()),
            content_type: engine::approval::CONTENT_TYPE.to_owned(),
            inline: true,
            bytes: built.json.clone(),
        });
        Draft {
            from: Mailbox { name: Some(self.name.clone()), address: self.address.to_string() },
            to: vec![Mailbox { name: None, address: "everybody@example.org".to_owned() }],
            cc: Vec::new(),
            subject: built.subject.clone(),
            date: 1_795_593_600,
            message_id: "1@example.org".to_owned(),
            in_reply_to: None,
            references: Vec::new(),
            auto_submitted: None,
            text: built.text.clone(),
            html: None,
            attachments,
        }
    }

    pub fn sign(&self, payload: &[u8], role: KeyRole, proof_of_approval: bool) -> RawEvent {
        let Key { key, certificate } = self.key(role);
        let prepared = prepare(&SignRequest {
            content: payload,
            detached: false,
            signer: certificate,
            certificates: &[self.root.clone(), self.encryption.clone()],
            algorithm: key.default_signature_algorithm().unwrap(),
            signing_time: NOW.minus(60),
            encryption_certificate: Some(&self.encryption),
            proof_of_approval,
        })
        .unwrap();
        let mut rng = Seeded("signature".to_owned(), 0);
        let signature = key.sign(prepared.algorithm(), prepared.bytes_to_sign(), &mut rng).unwrap();
        received(prepared.finish(&signature).unwrap(), &self.address)
    }
}

pub fn received(signed: Vec<u8>, from: &EmailAddress) -> RawEvent {
    RawEvent { signed, detached_content: None, outer_from: Some(from.clone()), auto_submitted: false }
}

/// Octets of SignerInfo.signature.
pub fn signature(raw: &RawEvent) -> Vec<u8> {
    SignedData::parse(&raw.signed).unwrap().signers()[0].signature().to_vec()
}

pub fn openssl(dir: &Path, arguments: &[&str]) -> Vec<u8> {
    let output =
        Command::new("openssl").args(arguments).current_dir(dir).output().expect("openssl is installed");
    assert!(output.status.success(), "openssl {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    output.stdout
}

fn certificate(dir: &Path, file: &str) -> Certificate {
    Certificate::read_all(&fs::read(dir.join(file)).unwrap()).unwrap().remove(0)
}

/// A CA with one certificate under it, made by openssl.
fn openssl_pair(dir: &Path, ca: &str, subject: &str, extensions: &str) {
    fs::write(dir.join("extensions"), extensions).unwrap();
    let ca_name = format!("/CN={ca}");
    let subject = format!("/CN={subject}");
    let key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout"];
    let mut root = vec!["req", "-x509", "-days", "7000", "-subj", &ca_name, "-out", "ca.pem"];
    root.extend(key);
    root.push("ca.key");
    openssl(dir, &root);
    let mut request = vec!["req", "-new", "-subj", &subject, "-out", "leaf.csr"];
    request.extend(key);
    request.push("leaf.key");
    openssl(dir, &request);
    openssl(
        dir,
        &[
            "x509",
            "-req",
            "-in",
            "leaf.csr",
            "-CA",
            "ca.pem",
            "-CAkey",
            "ca.key",
            "-CAcreateserial",
            "-days",
            "7000",
            "-extfile",
            "extensions",
            "-out",
            "leaf.pem",
        ],
    );
}

/// A timestamp authority: `openssl ts`.
pub struct Authority {
    dir: tempfile::TempDir,
    pub anchor: Certificate,
}

impl Authority {
    pub fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let extensions = "basicConstraints=CA:FALSE\nkeyUsage=critical,digitalSignature\n\
                          extendedKeyUsage=critical,timeStamping\n";
        openssl_pair(dir.path(), "Time CA", "Time", extensions);
        fs::write(dir.path().join("serial"), "01\n").unwrap();
        let config = "[tsa]\ndefault_tsa=t\n[t]\nserial=serial\ndefault_policy=1.2.3.4\ndigests=sha256\n\
                      signer_digest=sha256\ness_cert_id_alg=sha256\naccuracy=secs:1\n";
        fs::write(dir.path().join("tsa.cnf"), config).unwrap();
        let anchor = certificate(dir.path(), "ca.pem");
        Authority { dir, anchor }
    }

    pub fn token(&self, data: &[u8]) -> Vec<u8> {
        let request = TimestampRequest::new(data, [7; 8]);
        fs::write(self.dir.path().join("query"), request.der()).unwrap();
        openssl(
            self.dir.path(),
            &[
                "ts",
                "-reply",
                "-queryfile",
                "query",
                "-config",
                "tsa.cnf",
                "-section",
                "t",
                "-signer",
                "leaf.pem",
                "-inkey",
                "leaf.key",
                "-out",
                "reply",
            ],
        );
        request.accept(&fs::read(self.dir.path().join("reply")).unwrap()).unwrap()
    }

    pub fn stamp(&self, mut raw: RawEvent) -> RawEvent {
        raw.signed = add_timestamp(&raw.signed, 0, &self.token(&signature(&raw))).unwrap();
        raw
    }

    pub fn listed(&self) -> NewTimestampAuthority {
        NewTimestampAuthority { url: "http://127.0.0.1:1/tsa".to_owned(), anchor: self.anchor.clone() }
    }
}

/// Somebody with openssl and a certificate from a CA.
pub struct Foreign {
    dir: tempfile::TempDir,
    pub address: EmailAddress,
    pub ca: Certificate,
    pub certificate: Certificate,
}

impl Foreign {
    pub fn new(name: &str) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let address: EmailAddress = format!("{}@example.com", name.to_lowercase()).parse().unwrap();
        let extensions = format!(
            "basicConstraints=CA:FALSE\nkeyUsage=critical,digitalSignature,keyAgreement\n\
             extendedKeyUsage=emailProtection\nsubjectAltName=email:{address}\n"
        );
        openssl_pair(dir.path(), "Demo CA", name, &extensions);
        let (ca, certificate) = (certificate(dir.path(), "ca.pem"), certificate(dir.path(), "leaf.pem"));
        Foreign { dir, address, ca, certificate }
    }

    pub fn participant(&self) -> NewParticipant {
        NewParticipant {
            address: self.address.clone(),
            name: "Carol".to_owned(),
            program: Program::Other,
            anchors: vec![self.ca.clone()],
            encryption: vec![self.certificate.clone()],
        }
    }

    /// A MIME entity signed by `openssl cms`, as opaque signature.
    pub fn sign(&self, entity: &str) -> RawEvent {
        received(self.cms(entity, &["-nodetach"]), &self.address)
    }

    /// The same as multipart/signed: the content stays outside.
    pub fn sign_detached(&self, entity: &str) -> RawEvent {
        let mut raw = received(self.cms(entity, &[]), &self.address);
        raw.detached_content = Some(entity.replace('\n', "\r\n").into_bytes());
        raw
    }

    fn cms(&self, entity: &str, more: &[&str]) -> Vec<u8> {
        let dir = self.dir.path();
        fs::write(dir.join("entity"), entity.replace('\n', "\r\n")).unwrap();
        let mut arguments = vec![
            "cms", "-sign", "-binary", "-in", "entity", "-signer", "leaf.pem", "-inkey", "leaf.key", "-md",
            "sha256", "-outform", "DER", "-out", "signed",
        ];
        arguments.extend(more);
        openssl(dir, &arguments);
        fs::read(dir.join("signed")).unwrap()
    }

    /// A reply as a usual mail program writes it: the word on top, the request's text quoted.
    pub fn reply(&self, word: &str, quoted: &str) -> RawEvent {
        self.sign(&reply_entity(word, quoted))
    }
}

pub fn reply_entity(word: &str, quoted: &str) -> String {
    let quote: String = quoted.lines().map(|line| format!("> {line}\n")).collect();
    format!(
        "Content-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: 8bit\n\n{word}\n\n\
         On Wed, 25 Nov 2026, Alice wrote:\n{quote}"
    )
}

/// Alice asks Bob, then Carol.
pub struct World {
    pub alice: Person,
    pub bob: Person,
    pub carol: Foreign,
    pub authority: Authority,
}

impl World {
    pub fn new() -> Self {
        World {
            alice: Person::new("Alice"),
            bob: Person::new("Bob"),
            carol: Foreign::new("Carol"),
            authority: Authority::new(),
        }
    }

    pub fn new_request(&self) -> NewRequest {
        NewRequest {
            nonce: [1; 16],
            subject: "Lease for the warehouse 仓库租约".to_owned(),
            message: "Please look at clause 4.\n\nAlice".to_owned(),
            language: engine::approval::Language::English,
            requester: self.alice.participant(),
            route: vec![
                (Rule::All, vec![self.bob.participant()]),
                (Rule::All, vec![self.carol.participant()]),
            ],
            informed: Vec::new(),
            allow: BTreeSet::new(),
            timestamps: vec![self.authority.listed()],
            deadline: Some("2026-12-01T18:00:00+08:00[Asia/Shanghai]".parse().unwrap()),
            documents: vec![Attached {
                name: "Mietvertrag 租约.pdf".to_owned(),
                content_type: "application/pdf".to_owned(),
                bytes: b"%PDF-1.7 \x00\r\n binary".to_vec(),
            }],
        }
    }

    /// The request, sent, and a set that holds it.
    pub fn asked(&self) -> (Built, EventSet) {
        let built = build_request(&self.new_request()).unwrap();
        let mut set = EventSet::new(built.digest);
        set.insert(self.authority.stamp(self.alice.send(&built)));
        (built, set)
    }
}

pub const CONTEXT: Context<'static> = Context { at: NOW, timestamp_anchors: &[], untrusted: &[] };

pub fn view(set: &EventSet) -> RequestView {
    evaluate(set, &CONTEXT)
}
