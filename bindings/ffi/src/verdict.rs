//! The verdict on a mail (docs/protocols/verdict.md).

use crate::mirror::{all, mirror, octets, optional_seconds, seconds};
use crate::people::Trust;

mirror! {
    /// Which layers lie at the root, whatever they are worth.
    Summary = client::Summary {
        /// Neither.
        None,
        /// A signature.
        Signed,
        /// Encryption.
        Encrypted,
        /// Both.
        SignedAndEncrypted,
    }
}

mirror! {
    /// State of the encryption.
    EncryptionState = client::EncryptionState {
        /// Not encrypted at the root.
        None,
        /// Decrypted.
        Decrypted,
        /// For keys that are not here.
        NoKey,
        /// A key fits, but it does not open; or the structure is broken.
        Failed,
    }
}

mirror! {
    /// State of a signature.
    SignatureState = client::SignatureState {
        /// Not signed.
        None,
        /// Everything holds.
        Valid,
        /// Something is wrong; see the reasons.
        Invalid,
        /// Mathematically right, but no path to an anchor.
        Untrusted,
        /// Algorithm or certificate missing.
        Unverifiable,
    }
}

mirror! {
    /// State of a timestamp.
    TimestampState = client::TimestampState {
        /// There is none.
        None,
        /// Token, authority and path are right.
        Valid,
        /// See the reasons.
        Invalid,
    }
}

mirror! {
    /// Revocation status of a signer.
    Revocation = client::Revocation {
        /// Good at the judged time.
        Good,
        /// Revoked.
        Revoked,
        /// No usable answer.
        Unknown,
        /// Not asked.
        NotChecked,
    }
}

mirror! {
    /// What a part may be credited with.
    Credit = client::Credit {
        /// Nothing.
        None,
        /// Validly signed.
        Signed,
        /// Came encrypted, with integrity.
        Encrypted,
        /// Both.
        SignedAndEncrypted,
    }
}

mirror! {
    /// Why a signature, a timestamp or a path is not valid.
    Reason = client::Reason {
        /// The message digest does not fit the content.
        DigestMismatch,
        /// The signature does not verify.
        BadSignature,
        /// The certificate (or one of its path) has ended.
        Expired,
        /// It is not valid yet.
        NotYetValid,
        /// It was revoked.
        Revoked,
        /// Key usage forbids it.
        WrongKeyUsage,
        /// Extended key usage forbids it.
        WrongExtendedKeyUsage,
        /// The sender's address is not in the certificate.
        AddressMismatch,
        /// MD5 or SHA-1.
        WeakDigest,
        /// RSA below 2048 bits.
        WeakKey,
        /// No certificate fits the signer.
        NoSignerCertificate,
        /// Content inside multipart/signed.
        ContentAmbiguous,
        /// Programs may see other parts of the mail than were signed, or show another text.
        StructureAmbiguous,
        /// Signed attributes are missing, double or contradict each other.
        AttributesInvalid,
        /// The algorithm is unknown here.
        UnsupportedAlgorithm,
        /// No path to an anchor.
        NoTrustedPath,
        /// Name constraints forbid the certificate's names.
        NameConstraints,
        /// A basic constraint or path length is violated.
        PathConstraints,
        /// No certificate policy of the path is acceptable.
        PolicyConstraints,
        /// A critical extension is unknown, or the certificate is malformed.
        InvalidCertificate,
        /// The structure can't be read.
        Malformed,
        /// The token stamps other data.
        ImprintMismatch,
        /// The time lies in the future.
        FutureTime,
        RevocationUnknown,
    }
}

mirror! {
    /// What a reader should be told.
    MailWarning = client::Warning {
        /// Several From fields or mailboxes.
        FromMultiple,
        /// Programs disagree on whom From names.
        FromAmbiguous,
        /// No From.
        FromMissing,
        /// From is not an address.
        FromMalformed,
        /// The inner From has no valid signature bound to it: the outer one is shown.
        FromNotBelieved,
        /// The display name holds another address.
        DisplayNameImitatesAddress,
        /// The address looks like another one: letters of other scripts, characters that are not seen, or nearly one of
        /// the reader's own.
        FromLookAlike,
        /// An outer field is not what the sender put there (RFC 9788 section 4.3).
        OuterChanged,
        /// Sender is another address than From.
        SenderDiffers,
        /// Reply-To is another address than From.
        ReplyToDiffers,
        /// A field that may stand once stands twice: programs show different ones.
        DuplicateFields,
        /// The protected To and Cc name others only: perhaps made for somebody else and sent on, perhaps a blind copy.
        NotAddressedToYou,
        /// Programs may see other parts, or show another text; nothing is credited.
        StructureAmbiguous,
        /// What was decrypted may have been changed on the way: it is shown as text only, never as HTML.
        NoIntegrity,
        /// The signature is around the encryption: its signer need not know the content.
        SignedOutsideEncryption,
        /// More than one signature layer: the innermost is judged.
        SeveralSignatureLayers,
        /// A signature around the one that is judged is not valid by itself: nobody trusted stands for it, or it can't be
        /// checked.
        OuterSignatureNotValid,
        /// A signer added a second signature of an algorithm that is unknown here.
        UnknownSecondSignature,
        /// More layers than are opened.
        TooManyLayers,
        /// A CMS layer of a kind that is not opened (compressed, certificates only).
        UnsupportedLayer,
        /// A signed or encrypted part that is not at the root: an attachment, neither opened nor credited.
        LayerNotAtRoot,
    }
}

/// One message, one verdict.
#[derive(Clone, Debug, PartialEq, Eq, uniffi::Record)]
pub struct Verdict {
    /// The fields to show.
    pub headers: MailHeaders,
    /// Which layers the root has.
    pub summary: Summary,
    /// The encryption.
    pub encryption: EncryptionVerdict,
    /// The signature.
    pub signature: SignatureVerdict,
    /// The timestamp on it.
    pub timestamp: TimestampVerdict,
    /// The leaves of the payload.
    pub parts: Vec<PartRecord>,
    /// What a reader should be told.
    pub warnings: Vec<MailWarning>,
}

/// The fields to show.
#[derive(Clone, Debug, PartialEq, Eq, uniffi::Record)]
pub struct MailHeaders {
    /// Subject.
    pub subject: Option<String>,
    /// Addresses of From.
    pub from: Vec<String>,
    /// Addresses of To.
    pub to: Vec<String>,
    /// Addresses of Cc.
    pub cc: Vec<String>,
    /// Date.
    pub date: Option<i64>,
    /// The fields came from inside a signature or encryption (RFC 9788).
    pub is_protected: bool,
    /// Names of fields whose outer value differs.
    pub outer_differs: Vec<String>,
}

/// The encryption part of a verdict.
#[derive(Clone, Debug, PartialEq, Eq, uniffi::Record)]
pub struct EncryptionVerdict {
    /// State.
    pub state: EncryptionState,
    /// Content cipher of the innermost layer, like `aes-256-gcm`.
    pub content: Option<String>,
    /// How the content keys were reached, outermost first, like `ecdh-p256`.
    pub keys: Vec<String>,
    /// The decrypted octets are those that were encrypted.
    pub integrity: bool,
    /// 3DES or worse.
    pub weak: bool,
}

/// The signature part of a verdict.
#[derive(Clone, Debug, PartialEq, Eq, uniffi::Record)]
pub struct SignatureVerdict {
    /// Overall.
    pub state: SignatureState,
    /// Why not valid.
    pub reasons: Vec<Reason>,
    /// Those whose certificate was found.
    pub signers: Vec<SignerVerdict>,
}

/// One signer.
#[derive(Clone, Debug, PartialEq, Eq, uniffi::Record)]
pub struct SignerVerdict {
    /// Addresses of the certificate.
    pub emails: Vec<String>,
    /// Subject, RFC 4514.
    pub subject: String,
    /// Issuer, RFC 4514.
    pub issuer: String,
    /// Serial number, hexadecimal.
    pub serial: String,
    /// SHA-256 of the certificate, hexadecimal.
    pub sha256: String,
    /// Like `ecdsa-p256-sha256`; `unknown` when the signature could not be verified.
    pub algorithm: String,
    /// End of the certificate's validity.
    pub not_after: i64,
    /// Claimed.
    pub signing_time: Option<i64>,
    /// The one From address is an address of the certificate.
    pub address_matches: bool,
    /// Leaf first, anchor last; SHA-256 of each, hexadecimal. Empty without a path.
    pub chain: Vec<String>,
    /// Why the anchor is trusted.
    pub trust: Trust,
    /// Revocation status.
    pub revocation: Revocation,
}

/// The timestamp part of a verdict.
#[derive(Clone, Debug, PartialEq, Eq, uniffi::Record)]
pub struct TimestampVerdict {
    /// Overall.
    pub state: TimestampState,
    /// Attested time.
    pub time: Option<i64>,
    /// Subject of the authority's certificate.
    pub authority: Option<String>,
    /// Why not valid.
    pub reasons: Vec<Reason>,
}

/// One leaf of the payload.
#[derive(Clone, Debug, PartialEq, Eq, uniffi::Record)]
pub struct PartRecord {
    /// IMAP section number.
    pub path: String,
    /// `type/subtype`.
    pub content_type: String,
    /// File name.
    pub name: Option<String>,
    /// Decoded size.
    pub octets: u64,
    /// SHA-256 of the decoded octets, hexadecimal.
    pub sha256: String,
    /// What it may be credited with.
    pub credit: Credit,
}

impl From<client::Verdict> for Verdict {
    fn from(verdict: client::Verdict) -> Self {
        Verdict {
            headers: verdict.headers.into(),
            summary: verdict.summary.into(),
            encryption: verdict.encryption.into(),
            signature: verdict.signature.into(),
            timestamp: verdict.timestamp.into(),
            parts: all(verdict.parts),
            warnings: all(verdict.warnings),
        }
    }
}

impl From<client::HeadersRecord> for MailHeaders {
    fn from(headers: client::HeadersRecord) -> Self {
        MailHeaders {
            subject: headers.subject,
            from: headers.from,
            to: headers.to,
            cc: headers.cc,
            date: optional_seconds(headers.date),
            is_protected: headers.protected,
            outer_differs: headers.outer_differs,
        }
    }
}

impl From<client::EncryptionVerdict> for EncryptionVerdict {
    fn from(verdict: client::EncryptionVerdict) -> Self {
        EncryptionVerdict {
            state: verdict.state.into(),
            content: verdict.content,
            keys: verdict.keys,
            integrity: verdict.integrity,
            weak: verdict.weak,
        }
    }
}

impl From<client::SignatureVerdict> for SignatureVerdict {
    fn from(verdict: client::SignatureVerdict) -> Self {
        SignatureVerdict {
            state: verdict.state.into(),
            reasons: all(verdict.reasons),
            signers: all(verdict.signers),
        }
    }
}

impl From<client::SignerVerdict> for SignerVerdict {
    fn from(signer: client::SignerVerdict) -> Self {
        SignerVerdict {
            emails: signer.emails.iter().map(ToString::to_string).collect(),
            subject: signer.subject,
            issuer: signer.issuer,
            serial: signer.serial,
            sha256: signer.sha256.to_hex(),
            algorithm: signer.algorithm,
            not_after: seconds(signer.not_after),
            signing_time: optional_seconds(signer.signing_time),
            address_matches: signer.address_matches,
            chain: signer.chain.iter().map(|certificate| certificate.to_hex()).collect(),
            trust: signer.trust.into(),
            revocation: signer.revocation.into(),
        }
    }
}

impl From<client::TimestampVerdict> for TimestampVerdict {
    fn from(verdict: client::TimestampVerdict) -> Self {
        TimestampVerdict {
            state: verdict.state.into(),
            time: optional_seconds(verdict.time),
            authority: verdict.authority,
            reasons: all(verdict.reasons),
        }
    }
}

impl From<client::PartRecord> for PartRecord {
    fn from(part: client::PartRecord) -> Self {
        PartRecord {
            path: part.path,
            content_type: part.content_type,
            name: part.name,
            octets: octets(part.bytes),
            sha256: part.sha256.to_hex(),
            credit: part.credit.into(),
        }
    }
}
