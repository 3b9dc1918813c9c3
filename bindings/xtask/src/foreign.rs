//! Carol, who has no Countersign: `openssl cms` for S/MIME, `curl` for IMAP and SMTP.

use std::fs;
use std::path::{Path, PathBuf};

use crate::error::{At, Error, Result};
use crate::run::{Call, Said, call};
use crate::world::{World, address, display_name, password};

/// A reply by hand.
#[derive(Debug, Clone, Copy)]
pub struct Reply<'a> {
    /// Who gets it, by local part.
    pub to: &'a str,
    /// Subject in the outer header.
    pub subject: &'a str,
    /// Text that is signed.
    pub text: &'a str,
}

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

    /// A signed mail that introduces her certificate to Alice.
    pub fn introduce(&self) -> Result<()> {
        let mail = self.signed(
            &["alice"],
            "My certificate",
            "Hello Alice, this mail brings my certificate.\nCarol",
        )?;
        self.send(&["alice"], &mail)
    }

    /// A reply: signed, then encrypted to `recipient` (PEM certificate), in reply to `message_id`.
    pub fn reply(&self, reply: &Reply<'_>, message_id: &str, recipient: &Path) -> Result<Vec<u8>> {
        let text = reply.text.replace('\n', "\r\n");
        let body = format!("Content-Type: text/plain; charset=utf-8\r\n\r\n{text}\r\n");
        let signed = self.sign(&["-nodetach"], body.as_bytes())?;
        let sealed =
            call("openssl").words("cms -encrypt -aes256 -outform SMIME").arg(recipient).input(signed).ok()?;
        let mut mail = format!("In-Reply-To: {message_id}\r\n").into_bytes();
        mail.extend_from_slice(&self.mail(&[reply.to], reply.subject, &sealed.stdout));
        Ok(mail)
    }

    /// The certificate of `person` in a signed entity that is for encryption (key agreement or encipherment).
    pub fn encryption_certificate(&self, signed: &[u8], person: &str) -> Result<PathBuf> {
        let all = self.folder.join("certificates.pem");
        call("openssl")
            .words("cms -verify -noverify -nosigs -inform SMIME -out /dev/null -certsout")
            .arg(&all)
            .input(signed)
            .ok()?;
        let bundle = fs::read_to_string(&all).at(&all)?;
        for piece in bundle.split_inclusive("-----END CERTIFICATE-----\n") {
            let shown = call("openssl").words("x509 -noout -text").input(piece).ok()?.out();
            let encrypts = shown.contains("Key Agreement") || shown.contains("Key Encipherment");
            if encrypts && shown.contains(&format!("email:{}", address(person))) {
                let file = self.folder.join(format!("{person}.pem"));
                fs::write(&file, piece).at(&file)?;
                return Ok(file);
            }
        }
        Err(Error::Check(format!("no certificate for encryption to {person} came with the mail")))
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

/// The value of a header field in the outer header of a mail, unfolded; empty when it is absent.
pub fn header(mail: &[u8], name: &str) -> String {
    let text = String::from_utf8_lossy(mail).replace("\r\n", "\n");
    let (head, _) = text.split_once("\n\n").unwrap_or((&text, ""));
    let unfolded = head.replace("\n ", " ").replace("\n\t", " ");
    let value = unfolded.lines().find_map(|line| {
        let (field, value) = line.split_once(':')?;
        field.eq_ignore_ascii_case(name).then(|| value.trim().to_owned())
    });
    value.unwrap_or_default()
}

/// The same mail under another subject and in reply to another message.
pub fn with_headers(mail: &[u8], subject: &str, in_reply_to: &str) -> Vec<u8> {
    let mut out = Vec::with_capacity(mail.len());
    let mut in_head = true;
    for line in mail.split_inclusive(|byte| *byte == b'\n') {
        in_head &= !matches!(line, b"\r\n" | b"\n");
        if in_head && line.starts_with(b"Subject: ") {
            out.extend_from_slice(format!("Subject: {subject}\r\n").as_bytes());
        } else if in_head && line.starts_with(b"In-Reply-To: ") {
            out.extend_from_slice(format!("In-Reply-To: {in_reply_to}\r\n").as_bytes());
        } else {
            out.extend_from_slice(line);
        }
    }
    out
}

/// A verified MIME entity with its base64 and quoted-printable parts decoded, for the eye and for searching.
pub fn readable(entity: &[u8]) -> String {
    let text = String::from_utf8_lossy(entity).replace("\r\n", "\n");
    let mut out = String::new();
    for block in text.split("\n\n") {
        if block.lines().any(|line| line.starts_with("Content-")) {
            // A header section: its lines end with `=` for another reason.
            out.push_str(block);
            out.push_str("\n\n");
            continue;
        }
        let joined: String = block.split_whitespace().collect();
        let decoded = (joined.len() >= 16)
            .then(|| data_encoding::BASE64.decode(joined.as_bytes()).ok())
            .flatten()
            .and_then(|bytes| String::from_utf8(bytes).ok());
        out.push_str(&decoded.unwrap_or_else(|| unquote(block)));
        out.push_str("\n\n");
    }
    out
}

/// Undoes quoted-printable where it is valid; other text passes unchanged.
fn unquote(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    for (number, piece) in text.replace("=\n", "").split('=').enumerate() {
        let code = piece.get(..2).and_then(|hex| u8::from_str_radix(hex, 16).ok());
        match code {
            Some(byte) if number > 0 => {
                bytes.push(byte);
                bytes.extend_from_slice(piece.get(2..).unwrap_or_default().as_bytes());
            }
            _ => {
                if number > 0 {
                    bytes.push(b'=');
                }
                bytes.extend_from_slice(piece.as_bytes());
            }
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_signed_reply_moves_to_another_subject_with_its_body_unchanged() {
        let mail = b"From: c\r\nSubject: Re: one\r\nIn-Reply-To: <1@x>\r\n\r\nSubject: inside\r\n";
        let moved = with_headers(mail, "Re: two", "<2@x>");
        assert_eq!(moved, b"From: c\r\nSubject: Re: two\r\nIn-Reply-To: <2@x>\r\n\r\nSubject: inside\r\n");
        assert_eq!(header(&moved, "in-reply-to"), "<2@x>");
    }

    #[test]
    fn encoded_parts_become_readable() {
        let entity =
            b"Subject: =?utf-8?B?5py6?=\r\nContent-Type: text/plain\r\n\r\nUHVyY2hhc2Ug6YeH6LSt\r\n\r\nGr=C3=BC=\r\n=C3=9Fe a=b\r\n";
        let text = readable(entity);
        assert!(text.contains("5py6?=\nContent"), "header fields stay as they are: {text}");
        assert!(text.contains("Purchase 采购") && text.contains("Grüße a=b"), "{text}");
    }
}
