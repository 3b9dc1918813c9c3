//! Valid messages of every form.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;

use mail::Mailbox;
use mail::compose::{Attachment, Draft};
use mail::protect::{Protection, protect, wrap_pkcs7, wrap_signed};
use smime::enveloped::{ContentCipher, DecryptionKey, Recipient, RsaTransport, encrypt};
use smime::path::{AnchorScope, Trust, TrustAnchor};
use smime::signed::{SignRequest, SignedData, add_timestamp, prepare, prepare_all};
use smime::{Certificate, PrivateKey, SignatureAlgorithm, UnixTime};
use testkit::{Person, SeededRng, VirtualClock, alice, bob, carol};

/// Who is trusted, and with which keys messages are opened.
pub struct Trusting {
    pub anchors: Vec<TrustAnchor>,
    pub keys: Vec<DecryptionKey>,
}

/// A message that is valid as it is.
pub struct Valid {
    pub name: &'static str,
    pub octets: Vec<u8>,
    /// What its sender signed.
    pub content: Vec<u8>,
    /// Its sender.
    pub from: &'static str,
    pub at: UnixTime,
    pub trust: Arc<Trusting>,
}

const CONTENT: &[u8] = b"Content-Type: text/plain\r\n\r\nPlease approve.\r\n";
const ALICE: &str = "alice@example.org";

/// A key of OpenSSL with its certificate, for Alice's address.
struct Identity {
    name: &'static str,
    key: PrivateKey,
    certificate: Certificate,
    algorithm: SignatureAlgorithm,
}

struct Maker {
    folder: tempfile::TempDir,
    identities: Vec<Identity>,
    trust: Arc<Trusting>,
    messages: Vec<Valid>,
}

/// All of them; those of an absent peer or corpus are left out, and it is said.
pub fn all() -> Vec<Valid> {
    let mut maker = Maker::new();
    maker.ours();
    maker.nested();
    maker.protected();
    maker.stamped();
    maker.openssl();
    maker.gpgsm();
    maker.corpus();
    maker.messages
}

fn outer() -> Vec<(String, String)> {
    [("From", "Alice <alice@example.org>"), ("To", "bob@example.org"), ("Subject", "Plan")]
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .to_vec()
}

#[allow(clippy::disallowed_methods, reason = "the certificates of other programs begin now")]
fn system_time() -> UnixTime {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
    UnixTime::from_secs(now.as_secs() + 5)
}

fn sign(key: &PrivateKey, request: &SignRequest<'_>) -> Vec<u8> {
    let prepared = prepare(request).unwrap();
    let signature =
        key.sign(prepared.algorithm(), prepared.bytes_to_sign(), &mut SeededRng::new("sign")).unwrap();
    prepared.finish(&signature).unwrap()
}

fn by_person<'a>(
    person: &'a Person,
    carried: &'a [Certificate],
    content: &'a [u8],
    detached: bool,
) -> SignRequest<'a> {
    SignRequest {
        content,
        detached,
        signer: &person.mail.certificate,
        certificates: carried,
        algorithm: SignatureAlgorithm::EcdsaP256Sha256,
        signing_time: VirtualClock::default().now(),
        encryption_certificate: None,
        proof_of_approval: false,
    }
}

fn by_alice(content: &[u8], detached: bool) -> Vec<u8> {
    let carried = alice().certificates();
    sign(&alice().mail.key, &by_person(alice(), &carried, content, detached))
}

fn seal(content: &[u8], cipher: ContentCipher, readers: &[&Certificate]) -> Vec<u8> {
    let recipients: Vec<Recipient> = readers
        .iter()
        .map(|reader| Recipient::Certificate {
            certificate: (*reader).clone(),
            rsa: RsaTransport::OaepSha256,
        })
        .collect();
    encrypt(content, &recipients, cipher, &mut SeededRng::new("seal")).unwrap()
}

fn opaque(outer: &[(String, String)], der: &[u8]) -> Vec<u8> {
    wrap_pkcs7(outer, "signed-data", der)
}

fn clear(outer: &[(String, String)], content: &[u8], signature: &[u8]) -> Vec<u8> {
    wrap_signed(outer, content, signature, "sha-256", &mut || [9; 16])
}

fn sealed(
    outer: &[(String, String)],
    signed: &[u8],
    cipher: ContentCipher,
    readers: &[&Certificate],
) -> Vec<u8> {
    let is_gcm = matches!(cipher, ContentCipher::Aes256Gcm | ContentCipher::Aes128Gcm);
    let smime_type = if is_gcm { "authEnveloped-data" } else { "enveloped-data" };
    wrap_pkcs7(outer, smime_type, &seal(&opaque(&[], signed), cipher, readers))
}

impl Maker {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let trust = Arc::new(Trusting { anchors: Vec::new(), keys: Vec::new() });
        let mut maker = Maker { folder, identities: Vec::new(), trust, messages: Vec::new() };
        maker.identities = vec![
            maker.identity("rsa", "rsa:2048", SignatureAlgorithm::RsaPkcs1Sha256),
            maker.identity(
                "p384",
                "ec -pkeyopt ec_paramgen_curve:P-384",
                SignatureAlgorithm::EcdsaP384Sha384,
            ),
            maker.identity("ed25519", "ed25519", SignatureAlgorithm::Ed25519),
        ];
        let mut anchors: Vec<TrustAnchor> = maker
            .identities
            .iter()
            .map(|one| TrustAnchor {
                certificate: one.certificate.clone(),
                trust: Trust::Met,
                scope: AnchorScope::Any,
            })
            .collect();
        for person in [alice(), carol()] {
            let scope = AnchorScope::Address(person.address.clone());
            anchors.push(TrustAnchor {
                certificate: person.root.certificate.clone(),
                trust: Trust::Met,
                scope,
            });
        }
        maker.openssl_run(
            "req -x509 -nodes -newkey rsa:2048 -subj /CN=time -days 30 -keyout tsa.key -out tsa.crt \
                           -addext extendedKeyUsage=critical,timeStamping",
            b"",
        );
        let authority = maker.certificate("tsa.crt");
        anchors.push(TrustAnchor {
            certificate: authority,
            trust: Trust::Organisation,
            scope: AnchorScope::Any,
        });
        let rsa =
            DecryptionKey { key: maker.key("rsa.key"), certificates: vec![maker.certificate("rsa.crt")] };
        maker.trust = Arc::new(Trusting { anchors, keys: vec![bob().decryption_key().unwrap(), rsa] });
        maker
    }

    fn identity(&self, name: &'static str, key: &str, algorithm: SignatureAlgorithm) -> Identity {
        let line = format!(
            "req -x509 -nodes -newkey {key} -subj /CN={name} -days 30 -keyout {name}.key -out {name}.crt \
             -addext subjectAltName=email:{ALICE}"
        );
        self.openssl_run(&line, b"");
        Identity {
            name,
            key: self.key(&format!("{name}.key")),
            certificate: self.certificate(&format!("{name}.crt")),
            algorithm,
        }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn key(&self, name: &str) -> PrivateKey {
        PrivateKey::from_pem(&std::fs::read(self.path(name)).unwrap()).unwrap()
    }

    fn certificate(&self, name: &str) -> Certificate {
        Certificate::read_all(&std::fs::read(self.path(name)).unwrap()).unwrap().remove(0)
    }

    fn openssl_run(&self, line: &str, input: &[u8]) -> Vec<u8> {
        run(Command::new("openssl").args(line.split_whitespace()).current_dir(self.folder.path()), input)
            .unwrap()
    }

    fn add(&mut self, name: &'static str, octets: Vec<u8>, content: &[u8], at: UnixTime) {
        let trust = self.trust.clone();
        self.messages.push(Valid { name, octets, content: content.to_vec(), from: ALICE, at, trust });
    }

    /// One layer, every algorithm.
    fn ours(&mut self) {
        let now = VirtualClock::default().now();
        self.add("ours, clear, P-256", clear(&outer(), CONTENT, &by_alice(CONTENT, true)), CONTENT, now);
        self.add("ours, opaque, P-256", opaque(&outer(), &by_alice(CONTENT, false)), CONTENT, now);
        let at = system_time();
        let names = [
            ("rsa", "ours, clear, RSA", "ours, opaque, RSA"),
            ("p384", "ours, clear, P-384", "ours, opaque, P-384"),
            ("ed25519", "ours, clear, Ed25519", "ours, opaque, Ed25519"),
        ];
        for (identity, clear_name, opaque_name) in names {
            let detached = self.by(identity, None, true);
            let inside = self.by(identity, None, false);
            self.add(clear_name, clear(&outer(), CONTENT, &detached), CONTENT, at);
            self.add(opaque_name, opaque(&outer(), &inside), CONTENT, at);
        }
        let pss = self.by("rsa", Some(SignatureAlgorithm::RsaPssSha256), false);
        self.add("ours, opaque, RSA-PSS", opaque(&outer(), &pss), CONTENT, at);
        let two = self.two_signers();
        self.add("ours, opaque, two signers", opaque(&outer(), &two), CONTENT, at);
    }

    fn request<'a>(
        &'a self,
        identity: &str,
        algorithm: Option<SignatureAlgorithm>,
        detached: bool,
    ) -> (&'a Identity, SignRequest<'a>) {
        let one = self.identities.iter().find(|one| one.name == identity).unwrap();
        let request = SignRequest {
            content: CONTENT,
            detached,
            signer: &one.certificate,
            certificates: &[],
            algorithm: algorithm.unwrap_or(one.algorithm),
            signing_time: system_time(),
            encryption_certificate: None,
            proof_of_approval: false,
        };
        (one, request)
    }

    fn by(&self, identity: &str, algorithm: Option<SignatureAlgorithm>, detached: bool) -> Vec<u8> {
        let (one, request) = self.request(identity, algorithm, detached);
        sign(&one.key, &request)
    }

    fn two_signers(&self) -> Vec<u8> {
        let (first, one) = self.request("rsa", None, false);
        let (second, other) = self.request("p384", None, false);
        let prepared = prepare_all(&[one, other], CONTENT, false).unwrap();
        let signatures: Vec<Vec<u8>> = prepared
            .signers()
            .iter()
            .map(|signer| {
                let key = if signer.algorithm() == first.algorithm { &first.key } else { &second.key };
                key.sign(signer.algorithm(), signer.bytes_to_sign(), &mut SeededRng::new("sign")).unwrap()
            })
            .collect();
        prepared.finish(&signatures).unwrap()
    }

    /// Encrypted, and in three layers.
    fn nested(&mut self) {
        let now = VirtualClock::default().now();
        let signed = by_alice(CONTENT, false);
        let reader = &bob().encryption.certificate;
        for (name, cipher) in [
            ("ours, sealed, AES-256-GCM", ContentCipher::Aes256Gcm),
            ("ours, sealed, AES-128-GCM", ContentCipher::Aes128Gcm),
            ("ours, sealed, AES-256-CBC", ContentCipher::Aes256Cbc),
            ("ours, sealed, AES-128-CBC", ContentCipher::Aes128Cbc),
        ] {
            self.add(name, sealed(&outer(), &signed, cipher, &[reader]), CONTENT, now);
        }
        let readers = [reader, &carol().encryption.certificate, &alice().encryption.certificate];
        let several = sealed(&outer(), &signed, ContentCipher::Aes256Gcm, &readers);
        self.add("ours, sealed for three", several, CONTENT, now);
        let rsa = self.certificate("rsa.crt");
        let rsa_too = sealed(&outer(), &signed, ContentCipher::Aes256Gcm, &[&rsa, reader]);
        self.add("ours, sealed for RSA and P-256", rsa_too, CONTENT, now);
        let clear_inside = clear(&[], CONTENT, &by_alice(CONTENT, true));
        let encrypted = seal(&clear_inside, ContentCipher::Aes256Gcm, &[reader]);
        self.add("ours, clear inside", wrap_pkcs7(&outer(), "authEnveloped-data", &encrypted), CONTENT, now);
        let middle = sealed(&[], &signed, ContentCipher::Aes256Gcm, &[reader]);
        self.add("ours, triple", opaque(&outer(), &by_alice(&middle, false)), CONTENT, now);
    }

    /// RFC 9788, and parts.
    fn protected(&mut self) {
        let now = VirtualClock::default().now();
        let mailbox = |person: &Person| Mailbox {
            name: Some(person.name.to_owned()),
            address: person.address.to_string(),
        };
        let draft = Draft {
            from: mailbox(alice()),
            to: vec![mailbox(bob())],
            cc: vec![],
            subject: "Lease".to_owned(),
            date: i64::try_from(now.secs()).unwrap(),
            message_id: "1@example.org".to_owned(),
            in_reply_to: None,
            references: vec![],
            auto_submitted: None,
            text: "Please approve.\n".to_owned(),
            html: Some("<p>Please approve.</p>".to_owned()),
            attachments: vec![Attachment {
                name: Some("lease.pdf".to_owned()),
                content_type: "application/pdf".to_owned(),
                bytes: b"%PDF-1.7".to_vec(),
                inline: false,
            }],
        };
        // Each multipart has its own boundary, or the structure would be ambiguous.
        let protected = |protection| {
            let mut number = 0;
            let mut boundaries = || {
                number += 1;
                [number; 16]
            };
            protect(&draft, protection, &mut boundaries).unwrap()
        };
        let open = protected(Protection::Clear);
        let octets = clear(&open.outer, &open.payload, &by_alice(&open.payload, true));
        self.add("ours, protected fields, clear", octets, &open.payload, now);
        for (name, legacy_display) in
            [("ours, protected fields, sealed", false), ("ours, protected fields, legacy display", true)]
        {
            let hidden = protected(Protection::Cipher { legacy_display });
            let signed = by_alice(&hidden.payload, false);
            let octets =
                sealed(&hidden.outer, &signed, ContentCipher::Aes256Gcm, &[&bob().encryption.certificate]);
            self.add(name, octets, &hidden.payload, now);
        }
    }

    /// With a token of `openssl ts`.
    fn stamped(&mut self) {
        std::fs::write(self.path("tsa.cnf"), TSA).unwrap();
        std::fs::write(self.path("serial"), "01").unwrap();
        let signed = self.by("rsa", None, false);
        let signature = SignedData::parse(&signed).unwrap().signers()[0].signature().to_vec();
        std::fs::write(self.path("signature"), signature).unwrap();
        self.openssl_run("ts -query -data signature -sha256 -cert -out request.tsq", b"");
        self.openssl_run("ts -reply -config tsa.cnf -queryfile request.tsq -token_out -out token", b"");
        let stamped = add_timestamp(&signed, 0, &std::fs::read(self.path("token")).unwrap()).unwrap();
        let at = system_time();
        self.add("ours, stamped", opaque(&outer(), &stamped), CONTENT, at);
        let octets = sealed(&outer(), &stamped, ContentCipher::Aes256Gcm, &[&bob().encryption.certificate]);
        self.add("ours, stamped and sealed", octets, CONTENT, at);
    }

    fn openssl(&mut self) {
        std::fs::write(self.path("content"), CONTENT).unwrap();
        let at = system_time();
        let head: String = outer().iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
        let mail = |entity: Vec<u8>| [head.as_bytes(), &entity].concat();
        let sign = |name: &str| {
            format!("cms -sign -binary -crlfeol -signer {name}.crt -inkey {name}.key -in content -outform")
        };
        let made = self.openssl_run(&format!("{} SMIME", sign("rsa")), b"");
        self.add("openssl, clear, RSA", mail(made), CONTENT, at);
        let made = self.openssl_run(&format!("{} SMIME -nodetach", sign("p384")), b"");
        self.add("openssl, opaque, P-384", mail(made), CONTENT, at);
        let made = self.openssl_run(&format!("{} DER -nodetach -stream", sign("rsa")), b"");
        self.add("openssl, opaque, indefinite lengths", opaque(&outer(), &made), CONTENT, at);
        let made = self.openssl_run(&format!("{} DER -nodetach -noattr", sign("p384")), b"");
        self.add("openssl, no signed attributes", opaque(&outer(), &made), CONTENT, at);
        let inside = self.openssl_run(&format!("{} SMIME -nodetach", sign("rsa")), b"");
        for (name, options) in [
            ("openssl, sealed, AES-256-GCM, RSA", "-aes-256-gcm"),
            ("openssl, sealed, AES-256-CBC, RSA", "-aes-256-cbc -stream"),
        ] {
            let line = format!("cms -encrypt -binary -crlfeol {options} -outform SMIME -recip rsa.crt");
            let made = self.openssl_run(&line, &inside);
            self.add(name, mail(made), CONTENT, at);
        }
    }

    /// gpgsm signs for Alice and encrypts for her RSA key.
    fn gpgsm(&mut self) {
        if run(Command::new("gpgsm").arg("--version"), b"").is_none() {
            println!("SKIPPED: gpgsm is not installed");
            return;
        }
        let home = self.path("gpgsm");
        std::fs::create_dir(&home).unwrap();
        let fingerprint = self.openssl_run("x509 -in rsa.crt -noout -fingerprint -sha1", b"");
        let fingerprint = String::from_utf8(fingerprint).unwrap();
        let trusted = format!("{} S relax\n", fingerprint.trim().split_once('=').unwrap().1);
        std::fs::write(home.join("trustlist.txt"), trusted).unwrap();
        std::fs::write(home.join("gpgsm.conf"), "disable-crl-checks\ndisable-policy-checks\n").unwrap();
        std::fs::write(home.join("gpg-agent.conf"), "allow-loopback-pinentry\n").unwrap();
        let gpgsm = |line: &str, input: &[u8]| {
            let options = "--batch --yes --pinentry-mode loopback --include-certs -1";
            let mut command = Command::new("gpgsm");
            command.env("GNUPGHOME", &home).current_dir(self.folder.path());
            run(command.args(options.split_whitespace()).args(line.split_whitespace()), input)
        };
        // For 2 or 3 salts of 100 gpgsm 2.2 derives a wrong key: then another one is tried.
        let is_imported = (0..8).any(|_| {
            self.openssl_run(
                "pkcs12 -export -legacy -inkey rsa.key -in rsa.crt -passout pass:x -out key.p12",
                b"",
            );
            gpgsm("--passphrase-fd 0 --import key.p12", b"x\n").is_some()
        });
        assert!(is_imported, "gpgsm imports the key under no salt");
        let made = |line: &str| {
            gpgsm(&format!("--passphrase-fd 0 --output made {line}"), b"x\n").unwrap();
            std::fs::read(self.path("made")).unwrap()
        };
        let inside = made(&format!("--local-user {ALICE} --sign content"));
        let detached = made(&format!("--local-user {ALICE} --detach-sign content"));
        std::fs::write(self.path("entity"), opaque(&[], &inside)).unwrap();
        let encrypted = made(&format!("--cipher-algo AES256 --recipient {ALICE} --encrypt entity"));
        // Ends the agent of this home only.
        let _ = Command::new("gpgconf").env("GNUPGHOME", &home).args(["--kill", "all"]).status();
        let at = system_time();
        self.add("gpgsm, opaque, RSA", opaque(&outer(), &inside), CONTENT, at);
        self.add("gpgsm, clear, RSA", clear(&outer(), CONTENT, &detached), CONTENT, at);
        self.add(
            "gpgsm, sealed, AES-256-CBC",
            wrap_pkcs7(&outer(), "enveloped-data", &encrypted),
            CONTENT,
            at,
        );
    }

    /// notmuch's signed mails; OpenSSL says what they sign.
    fn corpus(&mut self) {
        let shared = std::env::var_os("COUNTERSIGN_SHARED")
            .map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared"), PathBuf::from);
        let folder = shared.join("corpora/notmuch");
        if !folder.is_dir() {
            println!("SKIPPED: ../shared/corpora/notmuch is absent");
            return;
        }
        let anchor =
            Certificate::read_all(&std::fs::read(folder.join("smime/ca.crt")).unwrap()).unwrap().remove(0);
        let anchors =
            vec![TrustAnchor { certificate: anchor, trust: Trust::Organisation, scope: AnchorScope::Any }];
        let trust = Arc::new(Trusting { anchors, keys: Vec::new() });
        for (name, file) in [
            ("notmuch, opaque", "pkcs7/smime-onepart-signed.eml"),
            ("notmuch, opaque, old protected fields", "protected-headers/smime-onepart-signed.eml"),
            ("notmuch, clear, old protected fields", "protected-headers/smime-multipart-signed.eml"),
        ] {
            let octets = std::fs::read(folder.join(file)).unwrap();
            let content = self.openssl_run("cms -verify -noverify -inform SMIME", &octets);
            self.messages.push(Valid {
                name,
                octets,
                content,
                from: "alice@smime.example",
                at: UnixTime::from_secs(1_577_836_800),
                trust: trust.clone(),
            });
        }
    }
}

/// What a program writes to standard output; `None` when it fails or is not there.
fn run(command: &mut Command, input: &[u8]) -> Option<Vec<u8>> {
    use std::io::Write;
    let mut child =
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().ok()?;
    // It may end without reading all.
    let _ = child.stdin.take()?.write_all(input);
    let output = child.wait_with_output().ok()?;
    if !output.status.success() {
        println!("{command:?}: {}", String::from_utf8_lossy(&output.stderr));
    }
    output.status.success().then_some(output.stdout)
}

const TSA: &str = "[tsa]\ndefault_tsa=t\n[t]\ndir=.\nserial=serial\nsigner_cert=tsa.crt\nsigner_key=tsa.key\nsigner_digest=sha256\n\
    default_policy=1.2.3\ndigests=sha256\naccuracy=secs:1\nordering=yes\ness_cert_id_alg=sha256\n";
