//! What a person wrote, as it is kept: as a draft, and beside a mail in the outbox until a server took it.

use std::borrow::Cow;
use std::fmt;

use serde::de::{Error, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use smime::EmailAddress;

use crate::composer::{FileToSend, NewMail, Thread};

/// A mail with what it takes from the one that it answers. Borrowed where it is written, so that large files lie in memory
/// once less.
#[derive(Serialize, Deserialize)]
pub(crate) struct Written<'a> {
    to: Cow<'a, [EmailAddress]>,
    cc: Cow<'a, [EmailAddress]>,
    bcc: Cow<'a, [EmailAddress]>,
    subject: Cow<'a, str>,
    text: Cow<'a, str>,
    files: Vec<File<'a>>,
    /// Message-ID of the mail that it answers: ids change when mail is moved. It tells what to show, and nothing else: other
    /// mail may claim the same one.
    pub(crate) answers: Option<String>,
    /// Taken from that mail when this was written; none in drafts of an older version.
    #[serde(default)]
    pub(crate) thread: Option<Cow<'a, Thread>>,
    signed_only: bool,
}

#[derive(Serialize, Deserialize)]
#[serde(from = "AnyFile<'a>")]
struct File<'a> {
    name: Cow<'a, str>,
    content_type: Cow<'a, str>,
    octets: Octets<'a>,
}

/// A file as this version writes it, or as drafts of an older one hold it.
#[derive(Deserialize)]
#[serde(untagged)]
enum AnyFile<'a> {
    Now { name: String, content_type: String, octets: Octets<'a> },
    Then(String, String, Vec<u8>),
}

impl<'a> From<AnyFile<'a>> for File<'a> {
    fn from(file: AnyFile<'a>) -> Self {
        let (name, content_type, octets) = match file {
            AnyFile::Now { name, content_type, octets } => (name, content_type, octets),
            AnyFile::Then(name, content_type, octets) => (name, content_type, Octets(octets.into())),
        };
        File { name: name.into(), content_type: content_type.into(), octets }
    }
}

/// A byte string, where serde would make a list of numbers.
struct Octets<'a>(Cow<'a, [u8]>);

impl<'a> Written<'a> {
    pub(crate) fn of(mail: &'a NewMail, answers: Option<String>, thread: Option<&'a Thread>) -> Self {
        let file = |file: &'a FileToSend| File {
            name: file.name.as_str().into(),
            content_type: file.content_type.as_str().into(),
            octets: Octets(file.bytes.as_slice().into()),
        };
        Written {
            to: mail.to.as_slice().into(),
            cc: mail.cc.as_slice().into(),
            bcc: mail.bcc.as_slice().into(),
            subject: mail.subject.as_str().into(),
            text: mail.text.as_str().into(),
            files: mail.files.iter().map(file).collect(),
            answers,
            thread: thread.map(Cow::Borrowed),
            signed_only: mail.signed_only,
        }
    }

    /// The mail, the Message-ID of the one that it answers, and what it takes from that.
    pub(crate) fn into_mail(self) -> (NewMail, Option<String>, Option<Thread>) {
        let file = |file: File<'_>| FileToSend {
            name: file.name.into_owned(),
            content_type: file.content_type.into_owned(),
            bytes: file.octets.0.into_owned(),
        };
        let mail = NewMail {
            to: self.to.into_owned(),
            cc: self.cc.into_owned(),
            bcc: self.bcc.into_owned(),
            subject: self.subject.into_owned(),
            text: self.text.into_owned(),
            files: self.files.into_iter().map(file).collect(),
            answers: None,
            signed_only: self.signed_only,
        };
        (mail, self.answers, self.thread.map(Cow::into_owned))
    }
}

impl Serialize for Octets<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_bytes(&self.0)
    }
}

impl<'de> Deserialize<'de> for Octets<'_> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct AnyOctets;
        impl Visitor<'_> for AnyOctets {
            type Value = Vec<u8>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a byte string")
            }

            fn visit_bytes<E: Error>(self, octets: &[u8]) -> Result<Vec<u8>, E> {
                Ok(octets.to_vec())
            }

            fn visit_byte_buf<E: Error>(self, octets: Vec<u8>) -> Result<Vec<u8>, E> {
                Ok(octets)
            }
        }
        deserializer.deserialize_byte_buf(AnyOctets).map(|octets| Octets(octets.into()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::{decode, encode};

    #[test]
    fn what_was_written_comes_back_as_it_was_and_hardly_larger() {
        let address = |text: &str| text.parse().unwrap();
        let octets: Vec<u8> = (0..=255).cycle().take(100_000).collect();
        let mail = NewMail {
            to: vec![address("Bob@example.org")],
            cc: vec![address("carol@example.org")],
            bcc: vec![address("dave@example.org")],
            subject: "采购".to_owned(),
            text: "Five.\n".to_owned(),
            files: vec![
                FileToSend {
                    name: "a.bin".to_owned(),
                    content_type: "x/y".to_owned(),
                    bytes: octets.clone(),
                },
                FileToSend { name: "empty".to_owned(), content_type: "x/z".to_owned(), bytes: Vec::new() },
            ],
            answers: Some("inbox.1".to_owned()),
            signed_only: true,
        };
        let thread = Thread::of_encrypted("a@example.org");
        let stored = encode(&Written::of(&mail, Some("<a@example.org>".to_owned()), Some(&thread))).unwrap();
        assert!(stored.len() < octets.len() + 1_000, "{}", stored.len());
        let (back, answers, thread) = decode::<Written<'_>>(&stored).unwrap().into_mail();
        assert_eq!((&back.to, &back.cc, &back.bcc), (&mail.to, &mail.cc, &mail.bcc));
        assert_eq!(back.to[0].as_str(), "Bob@example.org");
        assert_eq!((back.subject.as_str(), back.text.as_str()), ("采购", "Five.\n"));
        assert_eq!((&back.files, back.signed_only), (&mail.files, true));
        assert_eq!((back.answers, answers.as_deref()), (None, Some("<a@example.org>")));
        assert!(thread.unwrap().must_encrypt);
    }

    #[test]
    fn a_draft_of_an_older_version_is_read() {
        #[derive(Serialize)]
        struct Then {
            to: Vec<&'static str>,
            cc: Vec<&'static str>,
            bcc: Vec<&'static str>,
            subject: &'static str,
            text: &'static str,
            files: Vec<(&'static str, &'static str, Vec<u8>)>,
            answers: Option<&'static str>,
            signed_only: bool,
        }
        let then = Then {
            to: vec!["bob@example.org"],
            cc: vec![],
            bcc: vec!["dave@example.org"],
            subject: "采购",
            text: "x",
            files: vec![("a.bin", "x/y", vec![0, 200, 255])],
            answers: Some("<a@example.org>"),
            signed_only: true,
        };
        let (mail, answers, thread) = decode::<Written<'_>>(&encode(&then).unwrap()).unwrap().into_mail();
        assert_eq!((mail.to[0].as_str(), mail.bcc[0].as_str()), ("bob@example.org", "dave@example.org"));
        assert_eq!((mail.subject.as_str(), mail.text.as_str(), mail.signed_only), ("采购", "x", true));
        assert_eq!((mail.files[0].name.as_str(), mail.files[0].content_type.as_str()), ("a.bin", "x/y"));
        assert_eq!(mail.files[0].bytes, [0, 200, 255]);
        assert_eq!((answers.as_deref(), thread.is_none()), (Some("<a@example.org>"), true));
    }
}
