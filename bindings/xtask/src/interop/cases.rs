//! What is tried with every peer.

/// A row of the table.
#[derive(Debug)]
pub enum Case {
    /// Sign and verify.
    Signature(Signature),
    /// Encrypt and decrypt.
    Encryption(Encryption),
}

/// A signed message.
#[derive(Debug)]
pub struct Signature {
    /// Name of the row.
    pub name: &'static str,
    /// Names of identities, and how each signs.
    pub signers: &'static [(&'static str, Algorithm)],
    /// Form of the message.
    pub form: Form,
}

/// How a signer signs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "the field's names")]
pub enum Algorithm {
    RsaPkcs1Sha256,
    RsaPkcs1Sha512,
    RsaPssSha256,
    EcdsaSha256,
    EcdsaSha384,
    EcdsaSha512,
    Ed25519,
    MlDsa65,
}

/// Form of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// DER or BER, the content inside.
    Inside,
    /// The signature alone.
    Detached,
    /// multipart/signed.
    Clear,
    /// application/pkcs7-mime.
    Mime,
    /// Indefinite lengths and a content in pieces.
    Streamed,
}

/// An encrypted message.
#[derive(Debug)]
pub struct Encryption {
    /// Name of the row.
    pub name: &'static str,
    /// Names of identities, and how each gets the content key.
    pub recipients: &'static [(&'static str, KeyMethod)],
    /// The content cipher.
    pub cipher: Cipher,
    /// Form of the message.
    pub form: Form,
}

/// How a recipient gets the content key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "the field's names")]
pub enum KeyMethod {
    RsaPkcs1,
    RsaOaep,
    Ecdh,
    X25519,
    MlKem,
}

/// A content cipher.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "the field's names")]
pub enum Cipher {
    Aes256Gcm,
    Aes128Gcm,
    Aes256Cbc,
    Aes128Cbc,
    TripleDes,
    /// The content key bound to the cipher by HKDF (RFC 9709).
    Aes256GcmHkdf,
}

impl Cipher {
    /// As our program and OpenSSL write it.
    pub fn name(self) -> &'static str {
        match self {
            Cipher::Aes256Gcm => "aes-256-gcm",
            Cipher::Aes128Gcm => "aes-128-gcm",
            Cipher::Aes256Cbc => "aes-256-cbc",
            Cipher::Aes128Cbc => "aes-128-cbc",
            Cipher::TripleDes => "3des-cbc",
            Cipher::Aes256GcmHkdf => "aes-256-gcm+hkdf",
        }
    }

    /// As our report calls it.
    pub fn base(self) -> &'static str {
        match self {
            Cipher::Aes256GcmHkdf => Cipher::Aes256Gcm.name(),
            Cipher::TripleDes => "3des-cbc",
            other => other.name(),
        }
    }

    /// Authenticated encryption.
    pub fn is_gcm(self) -> bool {
        matches!(self, Cipher::Aes256Gcm | Cipher::Aes128Gcm | Cipher::Aes256GcmHkdf)
    }
}

impl Case {
    /// Name of the row.
    pub fn name(&self) -> &'static str {
        match self {
            Case::Signature(case) => case.name,
            Case::Encryption(case) => case.name,
        }
    }

    /// Everybody whose key takes part.
    pub fn identities(&self) -> Box<dyn Iterator<Item = &'static str>> {
        match self {
            Case::Signature(case) => Box::new(case.signers.iter().map(|(name, _)| *name)),
            Case::Encryption(case) => Box::new(case.recipients.iter().map(|(name, _)| *name)),
        }
    }

    /// Some signer signs so.
    pub fn signs_with(&self, wanted: Algorithm) -> bool {
        matches!(self, Case::Signature(case) if case.signers.iter().any(|(_, algorithm)| *algorithm == wanted))
    }

    /// Some recipient gets the key so.
    pub fn sends_key_by(&self, wanted: KeyMethod) -> bool {
        matches!(self, Case::Encryption(case) if case.recipients.iter().any(|(_, method)| *method == wanted))
    }

    /// The content cipher, if any.
    pub fn cipher(&self) -> Option<Cipher> {
        match self {
            Case::Signature(_) => None,
            Case::Encryption(case) => Some(case.cipher),
        }
    }

    /// Form of the message.
    pub fn form(&self) -> Form {
        match self {
            Case::Signature(case) => case.form,
            Case::Encryption(case) => case.form,
        }
    }

    /// How many sign.
    pub fn signers(&self) -> usize {
        match self {
            Case::Signature(case) => case.signers.len(),
            Case::Encryption(_) => 0,
        }
    }
}

impl Signature {
    /// File with the content.
    pub fn content(&self) -> &'static str {
        content(self.form)
    }
}

impl Encryption {
    /// File with the content.
    pub fn content(&self) -> &'static str {
        content(self.form)
    }
}

fn content(form: Form) -> &'static str {
    if form == Form::Streamed { "large" } else { "content" }
}

const fn signature(name: &'static str, signers: &'static [(&'static str, Algorithm)], form: Form) -> Case {
    Case::Signature(Signature { name, signers, form })
}

const fn encryption(
    name: &'static str,
    recipients: &'static [(&'static str, KeyMethod)],
    cipher: Cipher,
    form: Form,
) -> Case {
    Case::Encryption(Encryption { name, recipients, cipher, form })
}

const MIXED: &[(&str, KeyMethod)] =
    &[("rsa", KeyMethod::RsaOaep), ("p256", KeyMethod::Ecdh), ("p384", KeyMethod::Ecdh)];
const MIXED_X25519: &[(&str, KeyMethod)] =
    &[("rsa", KeyMethod::RsaOaep), ("p256", KeyMethod::Ecdh), ("x25519", KeyMethod::X25519)];
const MIXED_PQ: &[(&str, KeyMethod)] =
    &[("p256", KeyMethod::Ecdh), ("x25519", KeyMethod::X25519), ("mlkem768", KeyMethod::MlKem)];
const RSA_TWICE: &[(&str, KeyMethod)] = &[("rsa", KeyMethod::RsaPkcs1), ("rsa3072", KeyMethod::RsaPkcs1)];

/// All rows.
pub const CASES: &[Case] = &[
    signature("RSA 2048, PKCS #1 v1.5, SHA-256", &[("rsa", Algorithm::RsaPkcs1Sha256)], Form::Inside),
    signature("RSA 2048, PKCS #1 v1.5, SHA-512", &[("rsa", Algorithm::RsaPkcs1Sha512)], Form::Inside),
    signature("RSA 2048, PSS, SHA-256", &[("rsa", Algorithm::RsaPssSha256)], Form::Inside),
    signature("ECDSA P-256, SHA-256", &[("p256", Algorithm::EcdsaSha256)], Form::Inside),
    signature("ECDSA P-384, SHA-384", &[("p384", Algorithm::EcdsaSha384)], Form::Inside),
    signature("ECDSA P-521, SHA-512", &[("p521", Algorithm::EcdsaSha512)], Form::Inside),
    signature("Ed25519", &[("ed25519", Algorithm::Ed25519)], Form::Inside),
    signature("ML-DSA-65", &[("mldsa65", Algorithm::MlDsa65)], Form::Inside),
    signature(
        "two signers, RSA and ECDSA P-256",
        &[("rsa", Algorithm::RsaPkcs1Sha256), ("p256", Algorithm::EcdsaSha256)],
        Form::Inside,
    ),
    signature("detached, RSA", &[("rsa", Algorithm::RsaPkcs1Sha256)], Form::Detached),
    signature("detached, ECDSA P-256", &[("p256", Algorithm::EcdsaSha256)], Form::Detached),
    signature("multipart/signed, RSA", &[("rsa", Algorithm::RsaPkcs1Sha256)], Form::Clear),
    signature("multipart/signed, ECDSA P-256", &[("p256", Algorithm::EcdsaSha256)], Form::Clear),
    signature("pkcs7-mime signed-data, ECDSA P-256", &[("p256", Algorithm::EcdsaSha256)], Form::Mime),
    signature("indefinite lengths, RSA", &[("rsa", Algorithm::RsaPkcs1Sha256)], Form::Streamed),
    signature("indefinite lengths, ECDSA P-256", &[("p256", Algorithm::EcdsaSha256)], Form::Streamed),
    encryption(
        "RSA PKCS #1 v1.5, AES-256-GCM",
        &[("rsa", KeyMethod::RsaPkcs1)],
        Cipher::Aes256Gcm,
        Form::Inside,
    ),
    encryption(
        "RSA PKCS #1 v1.5, AES-128-GCM",
        &[("rsa", KeyMethod::RsaPkcs1)],
        Cipher::Aes128Gcm,
        Form::Inside,
    ),
    encryption(
        "RSA PKCS #1 v1.5, AES-256-CBC",
        &[("rsa", KeyMethod::RsaPkcs1)],
        Cipher::Aes256Cbc,
        Form::Inside,
    ),
    encryption(
        "RSA PKCS #1 v1.5, AES-128-CBC",
        &[("rsa", KeyMethod::RsaPkcs1)],
        Cipher::Aes128Cbc,
        Form::Inside,
    ),
    encryption("RSA PKCS #1 v1.5, 3DES", &[("rsa", KeyMethod::RsaPkcs1)], Cipher::TripleDes, Form::Inside),
    encryption(
        "RSA OAEP SHA-256, AES-256-GCM",
        &[("rsa", KeyMethod::RsaOaep)],
        Cipher::Aes256Gcm,
        Form::Inside,
    ),
    encryption(
        "RSA OAEP SHA-256, AES-128-GCM",
        &[("rsa", KeyMethod::RsaOaep)],
        Cipher::Aes128Gcm,
        Form::Inside,
    ),
    encryption(
        "RSA OAEP SHA-256, AES-256-CBC",
        &[("rsa", KeyMethod::RsaOaep)],
        Cipher::Aes256Cbc,
        Form::Inside,
    ),
    encryption(
        "RSA OAEP SHA-256, AES-128-CBC",
        &[("rsa", KeyMethod::RsaOaep)],
        Cipher::Aes128Cbc,
        Form::Inside,
    ),
    encryption("ECDH P-256, AES-256-GCM", &[("p256", KeyMethod::Ecdh)], Cipher::Aes256Gcm, Form::Inside),
    encryption("ECDH P-256, AES-128-GCM", &[("p256", KeyMethod::Ecdh)], Cipher::Aes128Gcm, Form::Inside),
    encryption("ECDH P-256, AES-256-CBC", &[("p256", KeyMethod::Ecdh)], Cipher::Aes256Cbc, Form::Inside),
    encryption("ECDH P-256, AES-128-CBC", &[("p256", KeyMethod::Ecdh)], Cipher::Aes128Cbc, Form::Inside),
    encryption("ECDH P-384, AES-256-GCM", &[("p384", KeyMethod::Ecdh)], Cipher::Aes256Gcm, Form::Inside),
    encryption("ECDH P-384, AES-256-CBC", &[("p384", KeyMethod::Ecdh)], Cipher::Aes256Cbc, Form::Inside),
    encryption("ECDH P-521, AES-256-GCM", &[("p521", KeyMethod::Ecdh)], Cipher::Aes256Gcm, Form::Inside),
    encryption("ECDH P-521, AES-256-CBC", &[("p521", KeyMethod::Ecdh)], Cipher::Aes256Cbc, Form::Inside),
    encryption("X25519, AES-256-GCM", &[("x25519", KeyMethod::X25519)], Cipher::Aes256Gcm, Form::Inside),
    encryption("X25519, AES-128-GCM", &[("x25519", KeyMethod::X25519)], Cipher::Aes128Gcm, Form::Inside),
    encryption("X25519, AES-256-CBC", &[("x25519", KeyMethod::X25519)], Cipher::Aes256Cbc, Form::Inside),
    encryption("ML-KEM-768, AES-256-GCM", &[("mlkem768", KeyMethod::MlKem)], Cipher::Aes256Gcm, Form::Inside),
    encryption("ML-KEM-768, AES-256-CBC", &[("mlkem768", KeyMethod::MlKem)], Cipher::Aes256Cbc, Form::Inside),
    encryption(
        "ECDH P-256, AES-256-GCM, HKDF (RFC 9709)",
        &[("p256", KeyMethod::Ecdh)],
        Cipher::Aes256GcmHkdf,
        Form::Inside,
    ),
    encryption("two RSA recipients, AES-256-CBC", RSA_TWICE, Cipher::Aes256Cbc, Form::Inside),
    encryption("RSA, P-256 and P-384 in one, AES-256-GCM", MIXED, Cipher::Aes256Gcm, Form::Inside),
    encryption("RSA, P-256 and X25519 in one, AES-256-GCM", MIXED_X25519, Cipher::Aes256Gcm, Form::Inside),
    encryption("P-256, X25519 and ML-KEM-768 in one, AES-256-GCM", MIXED_PQ, Cipher::Aes256Gcm, Form::Inside),
    encryption(
        "pkcs7-mime, RSA, AES-256-CBC",
        &[("rsa", KeyMethod::RsaPkcs1)],
        Cipher::Aes256Cbc,
        Form::Mime,
    ),
    encryption(
        "pkcs7-mime, ECDH P-256, AES-256-GCM",
        &[("p256", KeyMethod::Ecdh)],
        Cipher::Aes256Gcm,
        Form::Mime,
    ),
    encryption(
        "indefinite lengths, RSA, AES-256-CBC",
        &[("rsa", KeyMethod::RsaPkcs1)],
        Cipher::Aes256Cbc,
        Form::Streamed,
    ),
    encryption(
        "indefinite lengths, ECDH P-256, AES-256-GCM",
        &[("p256", KeyMethod::Ecdh)],
        Cipher::Aes256Gcm,
        Form::Streamed,
    ),
];
