//! Revocation lists that a test writes and OpenSSL signs, and OCSP answers of OpenSSL.
#![allow(
    dead_code,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "each test file uses a part"
)]

use const_oid::ObjectIdentifier;
use smime::ber::write;
use smime::crl::CertificateList;
use smime::ocsp::{OcspRequest, OcspResponse};
use smime::path::{PathFailure, PathInputs, PathOptions, Purpose, TrustAnchor, TrustedPath, validate_inputs};
use smime::revocation::{CertificateStatus, Sources};
use smime::{Certificate, UnixTime};

use crate::pki::{Pki, alice_under_a_root, anchor, soon};

pub const HOUR: u64 = 3600;
pub const DAY: u64 = 24 * HOUR;

/// One line of a list.
#[derive(Clone)]
pub struct Line {
    pub serial: Vec<u8>,
    pub revoked_at: UnixTime,
    /// Encoded extensions.
    pub extensions: Vec<u8>,
}

/// A list to be written.
#[derive(Clone)]
pub struct List {
    pub this_update: UnixTime,
    pub next_update: Option<UnixTime>,
    pub lines: Vec<Line>,
    /// Encoded extensions.
    pub extensions: Vec<u8>,
    pub weak: bool,
}

pub fn extension(oid: &str, critical: bool, value: &[u8]) -> Vec<u8> {
    let critical = if critical { write::boolean(true) } else { Vec::new() };
    write::sequence(&[
        &write::oid(&ObjectIdentifier::new(oid).unwrap()),
        &critical,
        &write::octet_string(value),
    ])
}

pub fn number(number: u32) -> Vec<u8> {
    extension("2.5.29.20", false, &write::small(number))
}

pub fn delta_of(base: u32) -> Vec<u8> {
    extension("2.5.29.27", true, &write::small(base))
}

/// IssuingDistributionPoint with these encoded fields.
pub fn scope(fields: &[&[u8]]) -> Vec<u8> {
    extension("2.5.29.28", true, &write::sequence(fields))
}

/// `[4] indirectCRL TRUE`.
pub const INDIRECT: [u8; 3] = [0x84, 1, 0xff];

/// onlySomeReasons with these flags, bit 0 as the highest bit.
pub fn only_reasons(flags: u8) -> Vec<u8> {
    write::context_primitive(3, &[0, flags])
}

pub fn reason(code: u8) -> Vec<u8> {
    extension("2.5.29.21", false, &[0x0a, 1, code])
}

pub fn invalid_since(time: UnixTime) -> Vec<u8> {
    let digits: String = time.to_string().chars().filter(char::is_ascii_digit).collect();
    extension("2.5.29.24", false, &write::tlv(0x18, format!("{digits}Z").as_bytes()))
}

/// certificateIssuer: the subject of a certificate.
pub fn line_issuer(issuer: &Certificate) -> Vec<u8> {
    extension("2.5.29.29", true, &write::sequence(&[&write::context(4, &[issuer.subject_der()])]))
}

impl Line {
    pub fn of(certificate: &Certificate, revoked_at: UnixTime, extensions: &[Vec<u8>]) -> Self {
        Line { serial: certificate.serial().to_vec(), revoked_at, extensions: extensions.concat() }
    }

    fn der(&self) -> Vec<u8> {
        let extensions =
            if self.extensions.is_empty() { Vec::new() } else { write::sequence(&[&self.extensions]) };
        write::sequence(&[&write::integer(&self.serial), &write::time(self.revoked_at), &extensions])
    }
}

impl List {
    pub fn new(this_update: UnixTime, lines: &[Line]) -> Self {
        List {
            this_update,
            next_update: Some(this_update.plus(DAY)),
            lines: lines.to_vec(),
            extensions: number(1),
            weak: false,
        }
    }

    pub fn with(mut self, extensions: &[Vec<u8>]) -> Self {
        self.extensions = extensions.concat();
        self
    }

    /// Signed with `name.key`, a P-256 key, in the name of `name.pem`.
    pub fn sign(&self, pki: &Pki, name: &str) -> CertificateList {
        CertificateList::from_der(&self.sign_as(pki, &pki.certificate(name), name)).unwrap()
    }

    /// DER of a list in the name of `issuer`, signed with `key.key`.
    pub fn sign_as(&self, pki: &Pki, issuer: &Certificate, key: &str) -> Vec<u8> {
        let (oid, digest) =
            if self.weak { ("1.2.840.10045.4.1", "-sha1") } else { ("1.2.840.10045.4.3.2", "-sha256") };
        let algorithm = write::algorithm(&ObjectIdentifier::new(oid).unwrap(), &[]);
        let lines: Vec<u8> = self.lines.iter().flat_map(Line::der).collect();
        let lines = if lines.is_empty() { Vec::new() } else { write::sequence(&[&lines]) };
        let next = self.next_update.map(write::time).unwrap_or_default();
        let extensions = if self.extensions.is_empty() {
            Vec::new()
        } else {
            write::context(0, &[&write::sequence(&[&self.extensions])])
        };
        let tbs = write::sequence(&[
            &write::small(1),
            &algorithm,
            issuer.subject_der(),
            &write::time(self.this_update),
            &next,
            &lines,
            &extensions,
        ]);
        pki.openssl.write("tbs", &tbs);
        pki.openssl.run(&format!("dgst {digest} -sign {key}.key -out tbs.sig tbs"));
        write::sequence(&[&tbs, &algorithm, &write::bit_string(&pki.openssl.read("tbs.sig"))])
    }
}

/// How OpenSSL is to answer.
pub struct Answer<'a> {
    pub issuer: &'a str,
    pub responder: &'a str,
    /// Lines of OpenSSL's index: certificate, and when and why it was revoked (`261126010000Z,keyCompromise`).
    pub index: &'a [(&'a Certificate, Option<&'a str>)],
    pub options: &'a str,
}

/// The answer of `openssl ocsp` to our request for `certificate`, DER.
pub fn ocsp_der(pki: &Pki, certificate: &Certificate, answer: &Answer<'_>) -> Vec<u8> {
    let authority = pki.certificate(answer.issuer);
    pki.openssl.write("request.ocsp", &OcspRequest::for_certificate(certificate, &authority).unwrap());
    let mut index = String::new();
    for (certificate, revoked) in answer.index {
        let serial = certificate.serial_hex().to_uppercase();
        let serial = if serial.len() % 2 == 1 { format!("0{serial}") } else { serial };
        let (state, revoked) = revoked.map_or(("V", ""), |revoked| ("R", revoked));
        index.push_str(&format!("{state}\t491231235959Z\t{revoked}\t{serial}\tunknown\t/CN=x\n"));
    }
    pki.openssl.write("index.txt", index.as_bytes());
    let Answer { issuer, responder, options, .. } = answer;
    pki.openssl.run(&format!(
        "ocsp -index index.txt -CA {issuer}.pem -rsigner {responder}.pem -rkey {responder}.key \
         -reqin request.ocsp -respout answer.ocsp -ndays 7 {options}"
    ));
    pki.openssl.read("answer.ocsp")
}

pub fn ocsp(pki: &Pki, certificate: &Certificate, answer: &Answer<'_>) -> OcspResponse {
    OcspResponse::from_der(&ocsp_der(pki, certificate, answer)).unwrap()
}

/// Alice under a root.
pub struct World {
    pub pki: Pki,
    pub root: Certificate,
    pub alice: Certificate,
    pub anchors: Vec<TrustAnchor>,
    pub at: UnixTime,
}

impl World {
    /// Alice's certificate has these further extensions; it is looked at when it is so many seconds old.
    pub fn at_age(seconds: u64, extensions: &str) -> Self {
        let (pki, root, alice) = alice_under_a_root(extensions);
        let at = soon(&alice).plus(seconds);
        World { anchors: vec![anchor(&root)], pki, root, alice, at }
    }

    pub fn question(&self) -> Question<'_> {
        Question::new(&self.alice, &self.anchors, self.at)
    }

    pub fn status(&self, lists: &[CertificateList]) -> CertificateStatus {
        self.question().status(lists, &[])
    }
}

pub struct Question<'a> {
    pub leaf: &'a Certificate,
    pub untrusted: &'a [Certificate],
    pub anchors: &'a [TrustAnchor],
    pub at: UnixTime,
    pub now: UnixTime,
    pub purpose: Purpose,
}

impl<'a> Question<'a> {
    pub fn new(leaf: &'a Certificate, anchors: &'a [TrustAnchor], at: UnixTime) -> Self {
        Question { leaf, untrusted: &[], anchors, at, now: at, purpose: Purpose::EmailSigning }
    }

    pub fn validate(&self, sources: Sources<'_>) -> Result<TrustedPath, PathFailure> {
        let options = PathOptions::default();
        validate_inputs(
            self.leaf,
            &PathInputs {
                untrusted: self.untrusted,
                anchors: self.anchors,
                at: self.at,
                now: self.now,
                purpose: self.purpose,
                options: &options,
                sources,
            },
        )
    }

    /// The status of the leaf from these lists and answers.
    pub fn status(&self, lists: &[CertificateList], responses: &[OcspResponse]) -> CertificateStatus {
        let outcome = self.validate(Sources { lists, responses, ..Sources::default() });
        outcome.map_or_else(|failure| failure.statuses[0].clone(), |path| path.statuses()[0].clone())
    }
}
