//! GnuPG's gpgsm as a second peer, with the sample keys of RFC 9216.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stdout,
    missing_docs
)]

mod support;

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use smime::enveloped::{ContentCipher, DecryptionKey, Recipient, RsaTransport, decrypt, encrypt};
use smime::signed::{SignRequest, SignedData, prepare, verify_signer};
use smime::{Certificate, PrivateKey, SignatureAlgorithm, UnixTime};
use support::{Openssl, OsRandom, corpus};

const CONTENT: &[u8] = b"Content-Type: text/plain\r\n\r\nHello, gpgsm.\r\n";

/// A home of GnuPG with the RFC 9216 RSA root trusted, Alice's and Bob's keys imported under the passphrase `x`.
struct Gpgsm {
    openssl: Openssl,
    keys: PathBuf,
}

impl Gpgsm {
    fn new() -> Option<Self> {
        let keys = corpus("rfc9216")?;
        if Command::new("gpgsm").arg("--version").output().is_err() {
            println!("SKIPPED: gpgsm is not installed");
            return None;
        }
        let openssl = Openssl::new();
        openssl.write("gpgsm.conf", b"disable-crl-checks\ndisable-policy-checks\n");
        openssl.write("gpg-agent.conf", b"allow-loopback-pinentry\n");
        let root = keys.join("ca-rsa.crt");
        let fingerprint = openssl.text(&("x509 -noout -fingerprint -sha1 -in", [&*root.to_string_lossy()]));
        let trusted = format!("{} S relax\n", fingerprint.trim().split_once('=').unwrap().1);
        openssl.write("trustlist.txt", trusted.as_bytes());
        let gpgsm = Gpgsm { openssl, keys };
        gpgsm.run(&["--import", &root.to_string_lossy()], b"");
        for name in ["alice-sign", "alice-encrypt", "bob-encrypt"] {
            let (key, certificate) = (gpgsm.file(&format!("{name}.key")), gpgsm.file(&format!("{name}.crt")));
            gpgsm.import(&key, &certificate);
        }
        Some(gpgsm)
    }

    /// For 2 or 3 salts of 100 gpgsm 2.2 derives a wrong key from the passphrase (a leading zero octet gets lost): then
    /// another salt is tried.
    fn import(&self, key: &str, certificate: &str) {
        let export = "pkcs12 -export -legacy -passout pass:x -out key.p12";
        let is_imported = |_| {
            self.openssl.run(&(export, ["-inkey", key, "-in", certificate]));
            self.try_run(&["--import", "key.p12"], b"x\n").status.success()
        };
        assert!((0..8).any(is_imported), "gpgsm imports {key} under no salt");
    }

    fn file(&self, name: &str) -> String {
        self.keys.join(name).to_string_lossy().into_owned()
    }

    fn home(&self) -> PathBuf {
        self.openssl.path("")
    }

    fn try_run(&self, arguments: &[&str], passphrase: &[u8]) -> Output {
        let mut child = Command::new("gpgsm")
            .current_dir(self.home())
            .env("GNUPGHOME", self.home())
            .args(["--batch", "--yes", "--pinentry-mode", "loopback", "--passphrase-fd", "0"])
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        // gpgsm may end without reading a passphrase.
        let _ = child.stdin.take().unwrap().write_all(passphrase);
        child.wait_with_output().unwrap()
    }

    fn run(&self, arguments: &[&str], passphrase: &[u8]) -> Vec<u8> {
        let output = self.try_run(arguments, passphrase);
        let errors = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "gpgsm {arguments:?}: {errors}");
        output.stdout
    }

    fn certificate(&self, name: &str) -> Certificate {
        Certificate::read_all(&std::fs::read(self.keys.join(name)).unwrap()).unwrap().remove(0)
    }

    fn key(&self, name: &str) -> PrivateKey {
        PrivateKey::from_pem(&std::fs::read(self.keys.join(name)).unwrap()).unwrap()
    }
}

impl Drop for Gpgsm {
    fn drop(&mut self) {
        // Ends the agent of this home only.
        let home: &Path = &self.home();
        let _ = Command::new("gpgconf").env("GNUPGHOME", home).args(["--kill", "all"]).status();
    }
}

#[test]
fn gpgsm_verifies_what_alice_signs_and_the_other_way_round() {
    let Some(gpgsm) = Gpgsm::new() else { return };
    let (key, certificate) = (gpgsm.key("alice-sign.key"), gpgsm.certificate("alice-sign.crt"));
    gpgsm.openssl.write("content", CONTENT);
    for algorithm in [
        SignatureAlgorithm::RsaPkcs1Sha256,
        SignatureAlgorithm::RsaPkcs1Sha512,
        SignatureAlgorithm::RsaPssSha256,
    ] {
        let prepared = prepare(&SignRequest {
            content: CONTENT,
            detached: true,
            signer: &certificate,
            certificates: &[],
            algorithm,
            signing_time: UnixTime::from_secs(1_622_505_600),
            encryption_certificate: Some(&gpgsm.certificate("alice-encrypt.crt")),
            proof_of_approval: true,
        })
        .unwrap();
        let signature = key.sign(algorithm, prepared.bytes_to_sign(), &mut OsRandom).unwrap();
        gpgsm.openssl.write("signed", &prepared.finish(&signature).unwrap());
        let status = gpgsm.run(&["--status-fd", "1", "--verify", "signed", "content"], b"");
        let status = String::from_utf8(status).unwrap();
        assert!(status.contains("GOODSIG") && status.contains("20210601T000000"), "{algorithm:?}: {status}");
        gpgsm.openssl.write("altered", b"other content");
        assert!(!gpgsm.try_run(&["--verify", "signed", "altered"], b"").status.success());
    }
    for options in [&["--sign"][..], &["--detach-sign"], &["--sign", "--digest-algo", "SHA256"]] {
        let output = ["--output", "signed", "--local-user", "alice@smime.example"];
        gpgsm.run(&[&output[..], options, &["content"]].concat(), b"x\n");
        let signed = SignedData::parse(&gpgsm.openssl.read("signed")).unwrap();
        assert_eq!(signed.content().is_none(), options == ["--detach-sign"]);
        let verified = verify_signer(&signed, 0, CONTENT, &[]).unwrap();
        assert_eq!((verified.certificate(), verified.weakness()), (&certificate, None));
    }
}

#[test]
fn gpgsm_decrypts_what_is_encrypted_to_bob_and_the_other_way_round() {
    let Some(gpgsm) = Gpgsm::new() else { return };
    let certificate = gpgsm.certificate("bob-encrypt.crt");
    // gpgsm 2.2 knows neither AES-GCM nor RSAES-OAEP.
    for cipher in [ContentCipher::Aes256Cbc, ContentCipher::Aes128Cbc] {
        let recipients =
            [Recipient::Certificate { certificate: certificate.clone(), rsa: RsaTransport::Pkcs1 }];
        gpgsm.openssl.write("encrypted", &encrypt(CONTENT, &recipients, cipher, &mut OsRandom).unwrap());
        assert_eq!(gpgsm.run(&["--decrypt", "encrypted"], b"x\n"), CONTENT);
    }
    gpgsm.openssl.write("content", CONTENT);
    gpgsm.run(&["--output", "encrypted", "--encrypt", "--recipient", "bob@smime.example", "content"], b"");
    let keys = [DecryptionKey { key: gpgsm.key("bob-encrypt.key"), certificates: vec![certificate] }];
    let decrypted = decrypt(&gpgsm.openssl.read("encrypted"), &keys, &mut OsRandom).unwrap();
    assert_eq!(decrypted.content.as_slice(), CONTENT);
    assert_eq!(decrypted.key_method, "rsa-pkcs1");
}
