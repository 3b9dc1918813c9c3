//! What the integration tests share: OpenSSL in a temporary folder, the corpora, randomness.
#![allow(
    dead_code,
    missing_docs,
    clippy::disallowed_methods,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "each test file uses a part; tests use the OS random source and say what they skip"
)]

pub mod mutations;

use std::convert::Infallible;
use std::path::PathBuf;
use std::process::{Command, Output};

use rand_core::{TryCryptoRng, TryRng};

/// The random source of the operating system.
pub struct OsRandom;

impl TryRng for OsRandom {
    type Error = Infallible;
    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        let mut octets = [0; 4];
        self.try_fill_bytes(&mut octets)?;
        Ok(u32::from_le_bytes(octets))
    }
    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        let mut octets = [0; 8];
        self.try_fill_bytes(&mut octets)?;
        Ok(u64::from_le_bytes(octets))
    }
    fn try_fill_bytes(&mut self, octets: &mut [u8]) -> Result<(), Infallible> {
        getrandom::fill(octets).expect("the OS has a random source");
        Ok(())
    }
}
impl TryCryptoRng for OsRandom {}

/// Words of a command line: one by one, with blanks between them, or one group after another.
pub trait Words {
    fn words(&self) -> Vec<&str>;
}

impl Words for str {
    fn words(&self) -> Vec<&str> {
        self.split_whitespace().collect()
    }
}

impl Words for String {
    fn words(&self) -> Vec<&str> {
        self.as_str().words()
    }
}

impl Words for [&str] {
    fn words(&self) -> Vec<&str> {
        self.to_vec()
    }
}

impl<const N: usize> Words for [&str; N] {
    fn words(&self) -> Vec<&str> {
        self.to_vec()
    }
}

impl<W: Words + ?Sized> Words for &W {
    fn words(&self) -> Vec<&str> {
        (**self).words()
    }
}

impl<A: Words, B: Words> Words for (A, B) {
    fn words(&self) -> Vec<&str> {
        [self.0.words(), self.1.words()].concat()
    }
}

/// OpenSSL's command line, run in a temporary folder.
pub struct Openssl {
    folder: tempfile::TempDir,
}

impl Openssl {
    pub fn new() -> Self {
        Openssl { folder: tempfile::tempdir().unwrap() }
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub fn write(&self, name: &str, octets: &[u8]) {
        std::fs::write(self.path(name), octets).unwrap();
    }

    pub fn read(&self, name: &str) -> Vec<u8> {
        std::fs::read(self.path(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
    }

    /// Runs `openssl`, whatever the outcome.
    pub fn try_run(&self, words: &(impl Words + ?Sized)) -> Output {
        Command::new("openssl").current_dir(self.folder.path()).args(words.words()).output().unwrap()
    }

    /// Runs `openssl`, which must succeed.
    #[track_caller]
    pub fn run(&self, words: &(impl Words + ?Sized)) -> Vec<u8> {
        let output = self.try_run(words);
        let errors = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "openssl {:?}: {errors}", words.words());
        output.stdout
    }

    /// What `openssl` prints.
    #[track_caller]
    pub fn text(&self, words: &(impl Words + ?Sized)) -> String {
        String::from_utf8(self.run(words)).unwrap()
    }

    /// What `openssl cms -sign` makes of the file `content`, DER.
    #[track_caller]
    pub fn cms_sign(&self, options: &(impl Words + ?Sized)) -> Vec<u8> {
        self.run(&("cms -sign -binary -in content -outform DER -out signed", options));
        self.read("signed")
    }

    /// What `openssl cms -verify` takes for the content of a DER message.
    #[track_caller]
    pub fn cms_verify(&self, message: &[u8], options: &(impl Words + ?Sized)) -> Vec<u8> {
        self.write("signed", message);
        self.run(&("cms -verify -binary -inform DER -in signed", options))
    }

    /// What `openssl cms -encrypt` makes of the file `content`, DER.
    #[track_caller]
    pub fn cms_encrypt(&self, options: &(impl Words + ?Sized)) -> Vec<u8> {
        self.run(&("cms -encrypt -binary -in content -outform DER -out encrypted", options));
        self.read("encrypted")
    }

    /// What `openssl cms -decrypt` makes of a DER message.
    #[track_caller]
    pub fn cms_decrypt(&self, message: &[u8], certificate: &str, key: &str) -> Vec<u8> {
        self.write("encrypted", message);
        self.run(&("cms -decrypt -binary -inform DER -in encrypted", ["-recip", certificate, "-inkey", key]))
    }

    /// The structure of a DER message.
    #[track_caller]
    pub fn cms_print(&self, message: &[u8]) -> String {
        self.write("printed", message);
        self.text("cms -cmsout -print -inform DER -in printed -noout")
    }
}

/// A folder of the shared corpora; `None` after saying so when it is absent.
pub fn corpus(name: &str) -> Option<PathBuf> {
    let shared = std::env::var_os("COUNTERSIGN_SHARED")
        .map_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared"), PathBuf::from);
    let folder = shared.join("corpora").join(name);
    if folder.is_dir() {
        return Some(folder);
    }
    println!("SKIPPED: ../shared/corpora/{name} is absent");
    None
}

/// The rows of `expected.tsv`: file, expected, detail.
pub fn expected(folder: &std::path::Path) -> Vec<(String, String, String)> {
    let table = std::fs::read_to_string(folder.join("expected.tsv")).unwrap();
    let rows = table.lines().skip(1).map(|line| {
        let mut columns = line.split('\t').map(str::to_owned);
        (columns.next().unwrap(), columns.next().unwrap(), columns.next().unwrap_or_default())
    });
    rows.collect()
}

pub fn sha256_hex(octets: &[u8]) -> String {
    smime::Fingerprint::of(octets).to_hex()
}

/// A key with its certificate.
pub struct Identity {
    pub key: smime::PrivateKey,
    pub certificate: smime::Certificate,
}

impl Openssl {
    /// A self-signed certificate of OpenSSL in `name.crt`, its key in `name.key`; `key` are arguments of `genpkey`.
    pub fn identity(&self, name: &str, key: &str) -> Identity {
        self.run(&format!("genpkey -out {name}.key {key}"));
        self.run(&format!(
            "req -x509 -new -key {name}.key -out {name}.crt -subj /CN={name} \
             -addext subjectAltName=email:{name}@example.org -days 3650"
        ));
        self.load(name)
    }

    /// An X25519 certificate, issued by a throw-away CA because the key can't sign.
    pub fn x25519_identity(&self, name: &str) -> Identity {
        self.identity("x25519-issuer", P256);
        self.run(&format!("genpkey -algorithm X25519 -out {name}.key"));
        self.run(&format!("pkey -in {name}.key -pubout -out {name}.pub"));
        self.run(&format!("req -new -key x25519-issuer.key -subj /CN={name} -out x.csr"));
        self.run(&format!(
            "x509 -req -in x.csr -CA x25519-issuer.crt -CAkey x25519-issuer.key -CAcreateserial \
             -force_pubkey {name}.pub -out {name}.crt"
        ));
        self.load(name)
    }

    /// The key in `name.key` and the certificate in `name.crt`.
    pub fn load(&self, name: &str) -> Identity {
        let certificate = self.read(&format!("{name}.crt"));
        Identity {
            key: smime::PrivateKey::from_pem(&self.read(&format!("{name}.key"))).unwrap(),
            certificate: smime::Certificate::read_all(&certificate).unwrap().remove(0),
        }
    }
}

pub const RSA1024: &str = "-algorithm RSA -pkeyopt rsa_keygen_bits:1024";
pub const RSA2048: &str = "-algorithm RSA -pkeyopt rsa_keygen_bits:2048";
pub const P256: &str = "-algorithm EC -pkeyopt ec_paramgen_curve:P-256";
pub const P384: &str = "-algorithm EC -pkeyopt ec_paramgen_curve:P-384";
pub const P521: &str = "-algorithm EC -pkeyopt ec_paramgen_curve:P-521";
pub const ED25519: &str = "-algorithm ED25519";
pub const X25519: &str = "-algorithm X25519";
