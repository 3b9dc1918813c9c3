//! Carol, who has no Countersign: `openssl cms` for S/MIME, `curl` for IMAP and SMTP.

use std::fs;
use std::path::{Path, PathBuf};

use crate::error::{At, Error, Result};
use crate::run::{Call, Said, call};
use crate::world::{World, address, display_name, password};

/// A person with a certificate of the organisation's CA and the programs of every machine.
#[derive(Debug)]
pub struct Foreigner<'a> {
    world: &'a World,
    person: &'a str,
    folder: PathBuf,
    /// Her certificate, PEM.
    pub certificate: PathBuf,
    /// Her private key, PEM.
    pub key: PathBuf,
}

impl<'a> Foreigner<'a> {
    /// Has `person` certified; her files go to `folder`.
    pub fn new(world: &'a World, person: &'a str, folder: &Path) -> Result<Self> {
        fs::create_dir_all(folder).at(folder)?;
        let (certificate, key) = world.pki().person(person)?;
        Ok(Self { world, person, folder: folder.to_owned(), certificate, key })
    }

    /// A signed mail (opaque application/pkcs7-mime) with `text` as its body.
    pub fn signed(&self, to: &[&str], subject: &str, text: &str) -> Result<Vec<u8>> {
        let body =
            format!("Content-Type: text/plain; charset=utf-8\r\n\r\n{}\r\n", text.replace('\n', "\r\n"));
        let smime = self.sign(&["-nodetach"], body.as_bytes())?;
        Ok(self.mail(to, subject, &smime))
    }

    /// A clear-signed mail (multipart/signed) with `text` as its body.
    pub fn clear_signed(&self, to: &[&str], subject: &str, text: &str) -> Result<Vec<u8>> {
        let body =
            format!("Content-Type: text/plain; charset=utf-8\r\n\r\n{}\r\n", text.replace('\n', "\r\n"));
        let smime = self.sign(&[], body.as_bytes())?;
        Ok(self.mail(to, subject, &smime))
    }

    fn sign(&self, options: &[&str], body: &[u8]) -> Result<Vec<u8>> {
        let signed = call("openssl")
            .words("cms -sign -binary -crlfeol -md sha256 -outform SMIME")
            .args(options)
            .arg("-signer")
            .arg(&self.certificate)
            .arg("-inkey")
            .arg(&self.key)
            .input(body)
            .ok()?;
        Ok(signed.stdout)
    }

    /// An unsigned mail.
    pub fn plain(&self, to: &[&str], subject: &str, text: &str) -> Vec<u8> {
        let body = format!("MIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n{text}\r\n");
        self.mail(to, subject, body.as_bytes())
    }

    /// Puts the outer header in front of a MIME entity.
    fn mail(&self, to: &[&str], subject: &str, entity: &[u8]) -> Vec<u8> {
        let to: Vec<String> = to.iter().map(|person| address(person)).collect();
        let mut mail = format!(
            "From: {} <{}>\r\nTo: {}\r\nSubject: {subject}\r\n",
            display_name(self.person),
            address(self.person),
            to.join(", ")
        )
        .into_bytes();
        mail.extend_from_slice(entity);
        mail
    }

    /// Sends a mail over SMTP with TLS and her password; Message-ID and Date are added by curl's absence of
    /// both: Postfix adds them.
    pub fn send(&self, to: &[&str], mail: &[u8]) -> Result<()> {
        let file = self.folder.join("outgoing.eml");
        fs::write(&file, mail).at(&file)?;
        let mut curl = self
            .curl()
            .arg(format!("smtps://localhost:{}", self.world.ports().submissions))
            .args(["--crlf", "--mail-from", &address(self.person)]);
        for person in to {
            curl = curl.args(["--mail-rcpt", &address(person)]);
        }
        curl.arg("--upload-file").arg(&file).ok()?;
        self.world.settle()
    }

    /// The messages of her inbox as the server gives them, oldest first.
    pub fn fetch(&self) -> Result<Vec<Vec<u8>>> {
        let inbox = format!("imaps://localhost:{}/INBOX", self.world.ports().imaps);
        let found = self.curl().arg(&inbox).args(["--request", "UID SEARCH ALL"]).ok()?.out();
        let mut mails = Vec::new();
        // The answer is one line: `* SEARCH 1 2 3`.
        for uid in found.split_whitespace().filter(|word| word.bytes().all(|byte| byte.is_ascii_digit())) {
            mails.push(self.curl().arg(format!("{inbox}/;UID={uid}")).ok()?.stdout);
        }
        Ok(mails)
    }

    fn curl(&self) -> Call {
        call("curl")
            .words("--silent --show-error --max-time 30 --cacert")
            .arg(&self.world.pki().server_ca)
            .arg("--user")
            .arg(format!("{}:{}", address(self.person), password(self.person)))
    }

    /// Decrypts a mail with `openssl cms -decrypt`; the result is a MIME entity.
    pub fn decrypt(&self, mail: &[u8]) -> Result<Said> {
        call("openssl")
            .words("cms -decrypt -inform SMIME -recip")
            .arg(&self.certificate)
            .arg("-inkey")
            .arg(&self.key)
            .input(mail)
            .ok()
    }

    /// Verifies a signed MIME entity against `anchors` (PEM) with `openssl cms -verify`.
    pub fn verify(&self, entity: &[u8], anchors: &Path) -> Result<Said> {
        call("openssl")
            .words("cms -verify -inform SMIME -purpose any -CAfile")
            .arg(anchors)
            .input(entity)
            .ok()
    }
}

/// The text of a decrypted entity that stands between `prefix` and the end of its word, such as a code.
pub fn word_after(text: &str, prefix: &str) -> Result<String> {
    let missing = || Error::Check(format!("no word with {prefix:?} in the decrypted mail"));
    let (_, rest) = text.split_once(prefix).ok_or_else(missing)?;
    let word: String = rest.chars().take_while(char::is_ascii_alphanumeric).collect();
    Ok(format!("{prefix}{word}"))
}
