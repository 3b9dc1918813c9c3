//! A folder with files of OpenSSL, in which the program runs without a home.

use std::fs;
use std::path::{Path, PathBuf};

use tempfile::TempDir;
use xtask::run::{Said, call};

/// Generates a key as most people have one.
pub const P256: &str = "ec -pkeyopt ec_paramgen_curve:P-256";

/// Words of a command line: one by one, or with blanks between them.
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

impl Words for Vec<&str> {
    fn words(&self) -> Vec<&str> {
        self.clone()
    }
}

pub struct Folder {
    folder: TempDir,
}

impl Folder {
    pub fn new() -> Self {
        Self { folder: tempfile::tempdir().unwrap() }
    }

    pub fn here(&self) -> &Path {
        self.folder.path()
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.here().join(name)
    }

    #[track_caller]
    pub fn read(&self, name: &str) -> Vec<u8> {
        fs::read(self.path(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
    }

    #[track_caller]
    pub fn write(&self, name: &str, octets: &(impl AsRef<[u8]> + ?Sized)) {
        fs::write(self.path(name), octets).unwrap();
    }

    /// What OpenSSL prints.
    #[track_caller]
    pub fn openssl(&self, words: &(impl Words + ?Sized)) -> Vec<u8> {
        call("openssl").args(words.words()).within(self.here()).ok().unwrap().stdout
    }

    #[track_caller]
    pub fn openssl_text(&self, words: &(impl Words + ?Sized)) -> String {
        String::from_utf8(self.openssl(words)).unwrap().trim().to_owned()
    }

    /// Runs `countersign` with `command` before the words.
    #[track_caller]
    pub fn countersign(&self, command: &str, words: &(impl Words + ?Sized)) -> Said {
        let program = call(env!("CARGO_BIN_EXE_countersign"));
        program.words(command).args(words.words()).within(self.here()).run().unwrap()
    }

    /// The SHA-256 of a certificate as OpenSSL computes it, in hexadecimal.
    pub fn sha256(&self, certificate: &str) -> String {
        let shown = self.openssl_text(&format!("x509 -in {certificate} -noout -fingerprint -sha256"));
        shown.rsplit_once('=').unwrap().1.replace(':', "").to_lowercase()
    }

    /// `NAME.key`, `NAME.crt` and both in `NAME.pem`: somebody under a certificate of his own. `key` is what follows
    /// `-newkey`.
    pub fn identity(&self, name: &str, key: &str) {
        self.openssl(&format!(
            "req -x509 -nodes -days 3650 -subj /CN={name} -addext subjectAltName=email:{name}@example.org \
             -keyout {name}.key -out {name}.crt -newkey {key}"
        ));
        let both = [self.read(&format!("{name}.crt")), self.read(&format!("{name}.key"))].concat();
        self.write(&format!("{name}.pem"), &both);
    }

    /// `NAME.key` and `NAME.pem`: a CA that issues certificates and lists.
    pub fn root(&self, name: &str) {
        self.request(name);
        self.write("ext", "basicConstraints=critical,CA:TRUE\nkeyUsage=critical,keyCertSign,cRLSign\n");
        self.openssl(&format!(
            "x509 -req -in {name}.csr -signkey {name}.key -days 3650 -extfile ext -out {name}.pem"
        ));
    }

    /// `NAME.key` and `NAME.pem`: a certificate with these extensions, issued by the CA `root`.
    pub fn issue(&self, name: &str, extensions: &str) {
        self.request(name);
        self.write("ext", extensions);
        self.openssl(&format!(
            "x509 -req -in {name}.csr -CA root.pem -CAkey root.key -CAcreateserial -days 1000 -extfile ext -out {name}.pem"
        ));
    }

    fn request(&self, name: &str) {
        self.openssl(&format!(
            "req -new -nodes -subj /CN={name} -keyout {name}.key -out {name}.csr -newkey {P256}"
        ));
    }
}

/// A set-up around a folder is used as the folder.
#[macro_export]
macro_rules! in_a_folder {
    ($desk:ident) => {
        impl std::ops::Deref for $desk {
            type Target = $crate::common::folder::Folder;

            fn deref(&self) -> &Self::Target {
                &self.0
            }
        }
    };
}
