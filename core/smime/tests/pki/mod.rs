//! Certificates, signed messages and timestamps that OpenSSL makes in a temporary folder.
#![allow(
    dead_code,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "each test file uses a part"
)]

use smime::path::{AnchorScope, Trust, TrustAnchor};
use smime::revocation::Sources;
use smime::verdict::Policy;
use smime::{Certificate, UnixTime};

use crate::support::Openssl;

pub const CA: &str =
    "basicConstraints=critical,CA:TRUE\nkeyUsage=critical,keyCertSign,cRLSign\nsubjectKeyIdentifier=hash";
pub const TSA: &str = "keyUsage=critical,digitalSignature\nextendedKeyUsage=critical,timeStamping";

/// Extensions of a mail signer.
pub fn signer(address: &str) -> String {
    format!(
        "keyUsage=critical,digitalSignature\nextendedKeyUsage=emailProtection\nsubjectAltName=email:{address}"
    )
}

/// A subjectAltName line with an SmtpUTF8Mailbox (RFC 9598) as DER: OpenSSL's own syntax writes Latin-1.
pub fn smtp_utf8_mailbox(mailbox: &str) -> String {
    let wrap = |tag: u8, content: &[u8]| [&[tag, u8::try_from(content.len()).unwrap()], content].concat();
    let value = wrap(0xa0, &wrap(0x0c, mailbox.as_bytes()));
    let form = wrap(0x06, &[0x2b, 6, 1, 5, 5, 7, 8, 9]);
    let names = wrap(0x30, &wrap(0xa0, &[form, value].concat()));
    format!("subjectAltName=DER:{}", data_encoding::HEXUPPER.encode(&names))
}

/// A P-256 key, as it stands behind `-newkey`.
pub const EC: &str = "ec -pkeyopt ec_paramgen_curve:P-256";

pub struct Pki {
    pub openssl: Openssl,
}

impl Pki {
    pub fn new() -> Self {
        Pki { openssl: Openssl::new() }
    }

    /// A self-signed certificate `name.pem` with `name.key`; its subject is `CN=name`.
    pub fn root(&self, name: &str, extensions: &str) -> Certificate {
        self.root_with(name, &format!("/CN={name}"), extensions, EC)
    }

    /// Another subject, and what stands behind `-newkey`.
    pub fn root_with(&self, name: &str, subject: &str, extensions: &str, key: &str) -> Certificate {
        self.request(name, subject, key);
        self.openssl.write("extensions", extensions.as_bytes());
        self.openssl.run(&format!(
            "x509 -req -in {name}.csr -signkey {name}.key -days 3650 -extfile extensions -out {name}.pem"
        ));
        self.certificate(name)
    }

    /// A certificate `name.pem` under `issuer.pem`, valid for 1000 days.
    pub fn issue(&self, issuer: &str, name: &str, extensions: &str) -> Certificate {
        self.issue_with(issuer, name, extensions, EC, "")
    }

    /// `key` is what stands behind `-newkey`; `options` are added to `openssl x509 -req`.
    pub fn issue_with(
        &self,
        issuer: &str,
        name: &str,
        extensions: &str,
        key: &str,
        options: &str,
    ) -> Certificate {
        self.request(name, &format!("/CN={name}"), key);
        self.sign_request(issuer, name, name, extensions, options)
    }

    /// Another certificate `name.pem` for the request `request.csr`.
    pub fn sign_request(
        &self,
        issuer: &str,
        request: &str,
        name: &str,
        extensions: &str,
        options: &str,
    ) -> Certificate {
        self.openssl.write("extensions", extensions.as_bytes());
        self.openssl.run(&format!(
            "x509 -req -in {request}.csr -CA {issuer}.pem -CAkey {issuer}.key -CAcreateserial \
             -extfile extensions -out {name}.pem -days 1000 {options}"
        ));
        self.certificate(name)
    }

    /// The subject may contain blanks.
    fn request(&self, name: &str, subject: &str, key: &str) {
        let request = format!("req -new -nodes -utf8 -keyout {name}.key -out {name}.csr -newkey {key}");
        self.openssl.run(&(&request, ["-subj", subject]));
    }

    pub fn certificate(&self, name: &str) -> Certificate {
        Certificate::read_all(&self.openssl.read(&format!("{name}.pem"))).unwrap().remove(0)
    }

    /// `openssl cms -sign` of `content` by each of `signers`, opaque, DER.
    pub fn cms_sign(&self, content: &[u8], signers: &[&str], options: &str) -> Vec<u8> {
        self.openssl.write("content", content);
        let signers: String =
            signers.iter().map(|name| format!(" -signer {name}.pem -inkey {name}.key")).collect();
        self.openssl.cms_sign(&format!("-nodetach {signers} {options}"))
    }

    /// The answer of `openssl ts -reply` to a TimeStampReq, by the authority `name`.
    pub fn answer(&self, name: &str, request: &[u8]) -> Vec<u8> {
        self.openssl.write("request.tsq", request);
        self.openssl.write("serial", b"01\n");
        let config = format!(
            "[tsa]\ndefault_tsa=t\n[t]\nserial=serial\nsigner_cert={name}.pem\nsigner_key={name}.key\ncerts={name}.pem\n\
             signer_digest=sha256\ndefault_policy=1.2.3.4\ndigests=sha256,sha384,sha512\ness_cert_id_chain=no\n\
             ess_cert_id_alg=sha256\n"
        );
        self.openssl.write("ts.cnf", config.as_bytes());
        self.openssl.run("ts -reply -config ts.cnf -section t -queryfile request.tsq -out response.tsr");
        self.openssl.read("response.tsr")
    }

    /// A token over `data` by the authority `name`.
    pub fn token(&self, name: &str, data: &[u8]) -> Vec<u8> {
        let request = smime::tsp::TimestampRequest::new(data, [7; 8]);
        request.accept(&self.answer(name, request.der())).unwrap()
    }
}

pub const ALICE: &str = "alice@example.org";

/// A root, and Alice under it with these further extensions.
pub fn alice_under_a_root(extensions: &str) -> (Pki, Certificate, Certificate) {
    let pki = Pki::new();
    let root = pki.root("root", CA);
    let alice = pki.issue("root", "alice", &format!("{}\n{extensions}", signer(ALICE)));
    (pki, root, alice)
}

/// These anchors, and nothing else that helps.
pub fn policy(at: UnixTime, anchors: &[TrustAnchor]) -> Policy<'_> {
    Policy { at, anchors, timestamp_anchors: &[], untrusted: &[], sources: Sources::default() }
}

pub fn anchor(certificate: &Certificate) -> TrustAnchor {
    TrustAnchor { certificate: certificate.clone(), trust: Trust::Organisation, scope: AnchorScope::Any }
}

pub fn anchor_for(certificate: &Certificate, trust: Trust, address: &str) -> TrustAnchor {
    TrustAnchor {
        certificate: certificate.clone(),
        trust,
        scope: AnchorScope::Address(address.parse().unwrap()),
    }
}

/// A minute after the start of a certificate's validity.
pub fn soon(certificate: &Certificate) -> UnixTime {
    certificate.not_before().plus(60)
}

/// Copies of a certificate, each with another key, which nobody has.
pub fn lookalikes(like: &Certificate, count: u32) -> Vec<Certificate> {
    let key = like.public_key_der();
    let der = like.der();
    let end = der.windows(key.len()).position(|window| window == key).unwrap() + key.len();
    (0..count)
        .map(|index| {
            let mut der = der.to_vec();
            der[end - 4..end].copy_from_slice(&index.to_be_bytes());
            Certificate::from_der(&der).unwrap()
        })
        .collect()
}
