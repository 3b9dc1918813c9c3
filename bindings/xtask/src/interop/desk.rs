//! A folder with keys, certificates, a content and the message that is being tried.

use std::fs;
use std::path::{Path, PathBuf};

use super::Peer;
use super::cases::{Encryption, Form, Signature};
use crate::error::{At, Error, Result, check};
use crate::run::{Call, call};

/// Stands in the content, so that it can be changed there.
const MARK: &str = "TIDE";

/// The content that stands beside a detached signature.
pub(super) const DETACHED: &str = "detached";

/// The folder, removed at the end.
#[derive(Debug)]
pub struct Desk {
    folder: tempfile::TempDir,
}

impl Desk {
    /// With a content of one line and a large one, in canonical lines.
    pub fn new() -> Result<Self> {
        let folder = tempfile::Builder::new().prefix("interop-").tempdir().at(&std::env::temp_dir())?;
        let desk = Desk { folder };
        let head = format!("Content-Type: text/plain\r\n\r\nThe {MARK} turns at half past four.\r\n");
        desk.write("content", head.as_bytes())?;
        let lines: String =
            (0..8000).map(|number| format!("{number}: the same procedure as every year\r\n")).collect();
        desk.write("large", format!("{head}{lines}").as_bytes())?;
        Ok(desk)
    }

    /// Keys with certificates for everybody: OpenSSL makes those that it can, a peer the others.
    pub(super) fn identities(&self, peers: &mut [Box<dyn Peer>]) -> Result<()> {
        for (name, key) in [
            ("rsa", "rsa:2048"),
            ("rsa3072", "rsa:3072"),
            ("p256", "ec -pkeyopt ec_paramgen_curve:P-256"),
            // gpgsm wants a digest as long as the curve, in certificates too.
            ("p384", "ec -pkeyopt ec_paramgen_curve:P-384 -sha384"),
            ("p521", "ec -pkeyopt ec_paramgen_curve:P-521 -sha512"),
            ("ed25519", "ed25519"),
        ] {
            self.openssl("req -x509 -nodes -days 2 -newkey")
                .words(key)
                .args(["-subj", &format!("/CN={name}"), "-keyout", &format!("{name}.key")])
                .args(["-addext", &format!("subjectAltName=email:{}", address(name))])
                .args(["-out", &format!("{name}.crt")])
                .ok()?;
            self.join(name)?;
        }
        self.x25519()?;
        for peer in peers {
            for (name, algorithm) in [("mldsa65", "ML-DSA-65"), ("mlkem768", "ML-KEM-768")] {
                if peer.certify(self, name, algorithm)? {
                    self.join(name)?;
                }
            }
        }
        Ok(())
    }

    /// Its key can't sign a request: P-256 issues the certificate.
    fn x25519(&self) -> Result<()> {
        self.openssl("genpkey -algorithm X25519 -out x25519.key").ok()?;
        self.openssl("pkey -in x25519.key -pubout -out x25519.pub").ok()?;
        self.openssl("req -new -key p256.key -subj /CN=x25519 -out x25519.csr").ok()?;
        self.openssl("x509 -req -days 2 -in x25519.csr -CA p256.crt -CAkey p256.key -CAcreateserial")
            .words("-force_pubkey x25519.pub -out x25519.crt")
            .ok()?;
        self.join("x25519")
    }

    /// Certificate and key in one file, as our program takes them.
    fn join(&self, name: &str) -> Result<()> {
        let both = [self.read(&format!("{name}.crt"))?, self.read(&format!("{name}.key"))?].concat();
        self.write(&format!("{name}.pem"), &both)
    }

    /// This identity could be made.
    pub(super) fn has(&self, name: &str) -> bool {
        self.path(&format!("{name}.pem")).is_file()
    }

    pub(super) fn openssl(&self, words: &str) -> Call {
        call("openssl").words(words).within(self.folder())
    }

    /// The folder.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    pub(super) fn path(&self, name: &str) -> PathBuf {
        self.folder().join(name)
    }

    /// The path of a file, for a command line or a request.
    pub(super) fn text(&self, name: &str) -> String {
        self.path(name).to_string_lossy().into_owned()
    }

    pub(super) fn read(&self, name: &str) -> Result<Vec<u8>> {
        fs::read(self.path(name)).at(&self.path(name))
    }

    pub(super) fn write(&self, name: &str, octets: &[u8]) -> Result<()> {
        fs::write(self.path(name), octets).at(&self.path(name))
    }

    /// Nothing of the case before may count in the next one.
    pub(super) fn clear(&self) -> Result<()> {
        for name in ["signed", "encrypted", "opened"] {
            self.remove(name)?;
        }
        self.write(DETACHED, &self.read("content")?)
    }

    fn remove(&self, name: &str) -> Result<()> {
        match fs::remove_file(self.path(name)) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(error).at(&self.path(name)),
            _ => Ok(()),
        }
    }

    /// What was opened is the content; it is removed for the next try.
    pub(super) fn compare(&self, content: &str) -> Result<()> {
        let same = self.read("opened")? == self.read(content)?;
        self.remove("opened")?;
        check(same, || "what came out is not the content".to_owned())
    }

    /// Changes what is signed, where it can be seen.
    pub(super) fn alter_signed(&self, case: &Signature) -> Result<bool> {
        let file = if case.form == Form::Detached { DETACHED } else { "signed" };
        let mut octets = self.read(file)?;
        let at = octets.windows(MARK.len()).position(|window| window == MARK.as_bytes());
        let Some(octet) = at.and_then(|at| octets.get_mut(at)) else { return Ok(false) };
        *octet ^= 1;
        self.write(file, &octets)?;
        Ok(true)
    }

    /// Changes the last octet of the tag of a binary message. CBC notices nothing.
    pub(super) fn alter_encrypted(&self, case: &Encryption) -> Result<bool> {
        if !case.cipher.is_gcm() || case.form != Form::Inside {
            return Ok(false);
        }
        let mut octets = self.read("encrypted")?;
        // Behind the tag there are at most ends of contents.
        let tag = octets.iter().rposition(|octet| *octet != 0);
        match tag.and_then(|at| octets.get_mut(at)) {
            Some(octet) => *octet ^= 0x80,
            None => return Err(Error::Check("an empty message".to_owned())),
        }
        self.write("encrypted", &octets)?;
        Ok(true)
    }
}

/// The address in the certificate of an identity.
pub(super) fn address(name: &str) -> String {
    format!("{name}@example.org")
}
