//! What a correspondent's program reads: SMIMECapabilities (RFC 8551 section 2.5.2), and what is written accordingly.

use const_oid::ObjectIdentifier;
use serde::{Deserialize, Serialize};

use crate::ber::{self, BerError, write};
use crate::enveloped::{ContentCipher, ContentEncryption, RsaTransport};
use crate::key::{AlgorithmIdentifier, DigestAlgorithm, hash_and_mgf};
use crate::oid;

/// Limit of capabilities that are looked at in one message.
const MAX_CAPABILITIES: usize = 128;

/// One capability that is told apart here. The numbers stand in stored records: they are never given anew.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Capability {
    /// AES-256-GCM in AuthEnvelopedData (RFC 5084).
    Aes256Gcm = 0,
    /// AES-192-GCM.
    Aes192Gcm = 1,
    /// AES-128-GCM.
    Aes128Gcm = 2,
    /// ChaCha20-Poly1305 in AuthEnvelopedData (RFC 8103); not written here.
    ChaCha20Poly1305 = 3,
    /// AES-256-CBC (RFC 3565).
    Aes256Cbc = 4,
    /// AES-192-CBC.
    Aes192Cbc = 5,
    /// AES-128-CBC.
    Aes128Cbc = 6,
    /// 3DES; never written.
    TdesCbc = 7,
    /// The content key bound to the cipher by HKDF with SHA-256 (RFC 9709).
    ContentKeyHkdf = 8,
    /// RSAES-OAEP with SHA-256 and MGF1-SHA-256 (RFC 3560).
    RsaOaepSha256 = 9,
    /// RSAES-OAEP with its defaults, SHA-1 and MGF1-SHA-1; not written.
    RsaOaepSha1 = 10,
    /// Ephemeral-static ECDH, X9.63 KDF with SHA-256, AES-256 key wrap (RFC 5753 section 7).
    EcdhSha256 = 11,
    /// The same with SHA-384.
    EcdhSha384 = 12,
    /// The same with SHA-512.
    EcdhSha512 = 13,
    /// X25519 with HKDF-SHA-256 and AES-256 key wrap (RFC 8418).
    X25519HkdfSha256 = 14,
}

/// What stands beside the object identifier.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Parameters {
    Absent,
    /// RSAES-OAEP-params with this digest, also in MGF1, and no label.
    Oaep(DigestAlgorithm),
    /// The AlgorithmIdentifier of AES-256 key wrap.
    Aes256Wrap,
}

/// All capabilities, best first: the order in which they are written.
const ROWS: [(Capability, ObjectIdentifier, Parameters); 15] = [
    (Capability::Aes256Gcm, oid::AES256_GCM, Parameters::Absent),
    (Capability::Aes192Gcm, oid::AES192_GCM, Parameters::Absent),
    (Capability::Aes128Gcm, oid::AES128_GCM, Parameters::Absent),
    (Capability::ChaCha20Poly1305, oid::CHACHA20_POLY1305, Parameters::Absent),
    (Capability::Aes256Cbc, oid::AES256_CBC, Parameters::Absent),
    (Capability::Aes192Cbc, oid::AES192_CBC, Parameters::Absent),
    (Capability::Aes128Cbc, oid::AES128_CBC, Parameters::Absent),
    (Capability::TdesCbc, oid::TDES_CBC, Parameters::Absent),
    (Capability::ContentKeyHkdf, oid::CEK_HKDF_SHA256, Parameters::Absent),
    (Capability::RsaOaepSha256, oid::RSA_OAEP, Parameters::Oaep(DigestAlgorithm::Sha256)),
    (Capability::RsaOaepSha1, oid::RSA_OAEP, Parameters::Oaep(DigestAlgorithm::Sha1)),
    (Capability::EcdhSha256, oid::ECDH_SHA256KDF, Parameters::Aes256Wrap),
    (Capability::EcdhSha384, oid::ECDH_SHA384KDF, Parameters::Aes256Wrap),
    (Capability::EcdhSha512, oid::ECDH_SHA512KDF, Parameters::Aes256Wrap),
    (Capability::X25519HkdfSha256, oid::ECDH_HKDF_SHA256, Parameters::Aes256Wrap),
];

/// What we write into every signature: what is decrypted here, without what nobody should choose.
const OURS: [Capability; 10] = [
    Capability::Aes256Gcm,
    Capability::Aes128Gcm,
    Capability::Aes256Cbc,
    Capability::Aes128Cbc,
    Capability::ContentKeyHkdf,
    Capability::RsaOaepSha256,
    Capability::EcdhSha256,
    Capability::EcdhSha384,
    Capability::EcdhSha512,
    Capability::X25519HkdfSha256,
];

/// A set of capabilities. Those that are not told apart here are not kept.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Capabilities(u32);

impl FromIterator<Capability> for Capabilities {
    fn from_iter<I: IntoIterator<Item = Capability>>(capabilities: I) -> Self {
        Capabilities(capabilities.into_iter().fold(0, |set, one| set | bit(one)))
    }
}

const fn bit(capability: Capability) -> u32 {
    1 << capability as u8
}

impl Capabilities {
    /// What is advertised in every signature made here.
    pub fn ours() -> Self {
        OURS.into_iter().collect()
    }

    /// Reads the value of the signed attribute: SEQUENCE OF SMIMECapability.
    ///
    /// What is unknown, or known with other parameters, is passed over. An error when it is no such sequence or holds
    /// more than 128 capabilities.
    pub fn read(value: &[u8]) -> Result<Self, BerError> {
        let mut list = ber::sequence(value)?;
        let mut set = Capabilities::default();
        let mut count = 0;
        while !list.is_empty() {
            count += 1;
            if count > MAX_CAPABILITIES {
                return Err(BerError::Value);
            }
            let element = list.expect(ber::SEQUENCE)?;
            // An object identifier of unusual length must not spoil the rest.
            let Ok(algorithm) = AlgorithmIdentifier::from_element(&element) else { continue };
            let found = ROWS
                .iter()
                .find(|(_, oid, parameters)| *oid == algorithm.oid() && parameters.are_those_of(&algorithm));
            set.0 |= found.map_or(0, |(capability, ..)| bit(*capability));
        }
        Ok(set)
    }

    /// DER of the attribute's value, best first.
    pub fn to_der(self) -> Vec<u8> {
        let rows: Vec<Vec<u8>> = ROWS
            .iter()
            .filter(|(capability, ..)| self.has(*capability))
            .map(|(_, oid, parameters)| write::algorithm(oid, &parameters.to_der()))
            .collect();
        write::tlv(0x30, &rows.concat())
    }

    /// The set holds this one.
    pub fn has(self, capability: Capability) -> bool {
        self.0 & bit(capability) != 0
    }

    /// The set with this one.
    #[must_use]
    pub fn with(self, capability: Capability) -> Self {
        Capabilities(self.0 | bit(capability))
    }

    /// The program reads contents in this cipher. AES-128-CBC every program does (RFC 8551 section 2.7), and less than
    /// that is never written.
    fn reads(self, cipher: ContentCipher) -> bool {
        match cipher {
            ContentCipher::Aes256Gcm => self.has(Capability::Aes256Gcm),
            // Who names GCM only is still expected to read CBC with the same key length.
            ContentCipher::Aes256Cbc => self.has(Capability::Aes256Cbc) || self.has(Capability::Aes256Gcm),
            ContentCipher::Aes128Gcm => self.has(Capability::Aes128Gcm),
            ContentCipher::Aes128Cbc => true,
        }
    }
}

impl Parameters {
    fn are_those_of(self, algorithm: &AlgorithmIdentifier<'_>) -> bool {
        match self {
            Parameters::Absent => algorithm.has_no_parameters(),
            // Defaults may be written as an empty sequence or not at all.
            Parameters::Oaep(digest) => hash_and_mgf(algorithm.parameters())
                .is_ok_and(|(hash, mgf, rest)| (hash, mgf) == (digest, digest) && rest.is_empty()),
            Parameters::Aes256Wrap => algorithm
                .parameters()
                .and_then(|wrap| AlgorithmIdentifier::from_element(&wrap).ok())
                .is_some_and(|wrap| wrap.oid() == oid::AES256_WRAP),
        }
    }

    fn to_der(self) -> Vec<u8> {
        match self {
            Parameters::Absent => Vec::new(),
            Parameters::Oaep(DigestAlgorithm::Sha1) => write::sequence(&[]),
            Parameters::Oaep(digest) => {
                let hash = write::algorithm(&digest.oid(), &write::null());
                write::sequence(&[
                    &write::context(0, &[&hash]),
                    &write::context(1, &[&write::algorithm(&oid::MGF1, &hash)]),
                ])
            }
            Parameters::Aes256Wrap => write::algorithm(&oid::AES256_WRAP, &[]),
        }
    }
}

/// How the content is encrypted to these recipients (`None`: nothing is known of one). Our own keys are left out, or
/// given as [`Capabilities::ours`].
///
/// One cipher for all: AES-256-GCM when everybody reads it, else AES-256-CBC; AES-128 for a recipient whose program
/// knows no more. Unknown programs are taken to read AES-256-CBC. The content key is bound to the cipher (RFC 9709) when
/// everybody advertises that.
pub fn content_encryption(recipients: impl IntoIterator<Item = Option<Capabilities>>) -> ContentEncryption {
    let unknown = Capabilities::default().with(Capability::Aes256Cbc);
    let all: Vec<Capabilities> = recipients.into_iter().map(|one| one.unwrap_or(unknown)).collect();
    let by_preference = [ContentCipher::Aes256Gcm, ContentCipher::Aes256Cbc, ContentCipher::Aes128Gcm];
    let everybody_reads = |cipher: &ContentCipher| all.iter().all(|one| one.reads(*cipher));
    ContentEncryption {
        cipher: by_preference.into_iter().find(everybody_reads).unwrap_or(ContentCipher::Aes128Cbc),
        key_is_bound: all.iter().all(|one| one.has(Capability::ContentKeyHkdf)),
    }
}

/// How the content key travels to an RSA recipient: OAEP to who says to read it with SHA-256.
pub fn rsa_transport(recipient: Option<Capabilities>) -> RsaTransport {
    if recipient.is_some_and(|recipient| recipient.has(Capability::RsaOaepSha256)) {
        RsaTransport::OaepSha256
    } else {
        RsaTransport::Pkcs1
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set(capabilities: &[Capability]) -> Option<Capabilities> {
        Some(capabilities.iter().copied().collect())
    }

    /// What old Outlook, OpenSSL 3.0, S/MIME 4.0 and ourselves advertise, and nothing; alone and together.
    #[test]
    fn the_cipher_is_the_best_that_everybody_reads() {
        use Capability::{Aes128Cbc, Aes128Gcm, Aes192Cbc, Aes256Cbc, Aes256Gcm, ContentKeyHkdf, TdesCbc};
        let ours = Some(Capabilities::ours());
        let openssl = set(&[Aes256Cbc, Aes192Cbc, Aes128Cbc, TdesCbc]);
        let smime_4 = set(&[Aes256Gcm, Aes128Gcm, Aes128Cbc]);
        let small = set(&[Aes128Gcm, Aes128Cbc, ContentKeyHkdf]);
        let triple_des_only = set(&[TdesCbc]);
        let table: &[(&[Option<Capabilities>], ContentCipher, bool)] = &[
            (&[], ContentCipher::Aes256Gcm, true),
            (&[ours], ContentCipher::Aes256Gcm, true),
            (&[ours, ours], ContentCipher::Aes256Gcm, true),
            (&[smime_4], ContentCipher::Aes256Gcm, false),
            (&[ours, smime_4], ContentCipher::Aes256Gcm, false),
            (&[None], ContentCipher::Aes256Cbc, false),
            (&[ours, None], ContentCipher::Aes256Cbc, false),
            (&[openssl], ContentCipher::Aes256Cbc, false),
            (&[ours, openssl, smime_4, None], ContentCipher::Aes256Cbc, false),
            (&[small], ContentCipher::Aes128Gcm, true),
            (&[small, ours], ContentCipher::Aes128Gcm, true),
            (&[small, None], ContentCipher::Aes128Cbc, false),
            // Never below AES-128, whatever is asked for.
            (&[triple_des_only], ContentCipher::Aes128Cbc, false),
            (&[set(&[])], ContentCipher::Aes128Cbc, false),
            (&[ours, triple_des_only], ContentCipher::Aes128Cbc, false),
        ];
        for (row, (recipients, cipher, key_is_bound)) in table.iter().enumerate() {
            let found = content_encryption(recipients.iter().copied());
            assert_eq!((found.cipher, found.key_is_bound), (*cipher, *key_is_bound), "row {row}");
        }
    }

    #[test]
    fn oaep_goes_to_who_reads_it_with_sha_256() {
        for (recipient, transport) in [
            (Some(Capabilities::ours()), RsaTransport::OaepSha256),
            (set(&[Capability::RsaOaepSha256]), RsaTransport::OaepSha256),
            (set(&[Capability::RsaOaepSha1]), RsaTransport::Pkcs1),
            (set(&[Capability::Aes256Gcm]), RsaTransport::Pkcs1),
            (None, RsaTransport::Pkcs1),
        ] {
            assert_eq!(rsa_transport(recipient), transport);
        }
    }

    /// The encodings that the standards print.
    #[test]
    fn capabilities_are_written_as_their_standards_show() {
        let hex = |capability| {
            let der = Capabilities::default().with(capability).to_der();
            data_encoding::HEXLOWER.encode(&der)
        };
        // RFC 3565 section 4.1.
        assert_eq!(hex(Capability::Aes256Cbc), "300d300b060960864801650304012a");
        // RFC 9709 section 4.
        assert_eq!(hex(Capability::ContentKeyHkdf), "300f300d060b2a864886f70d010910031f");
        // RFC 3560 section 5: the default, and SHA-256 (with the NULL that it prints).
        assert_eq!(hex(Capability::RsaOaepSha1), "300f300d06092a864886f70d0101073000");
        assert_eq!(
            hex(Capability::RsaOaepSha256),
            "303e303c06092a864886f70d010107302fa00f300d06096086480165030402010500\
             a11c301a06092a864886f70d010108300d06096086480165030402010500"
        );
        // RFC 8418 section 4 with RFC 5753 section 7.
        assert_eq!(
            hex(Capability::X25519HkdfSha256),
            "301c301a060b2a864886f70d0109100313300b060960864801650304012d"
        );
        for (capability, ..) in ROWS {
            let alone = Capabilities::default().with(capability);
            assert_eq!(Capabilities::read(&alone.to_der()), Ok(alone), "{capability:?}");
        }
        assert_eq!(Capabilities::read(&Capabilities::ours().to_der()), Ok(Capabilities::ours()));
    }

    #[test]
    fn unknown_and_odd_capabilities_do_not_spoil_the_rest() {
        let gcm = write::algorithm(&oid::AES256_GCM, &[]);
        let odd = [
            write::algorithm(&oid::MD5, &write::null()),
            write::algorithm(&oid::RC2_CBC, &write::small(128)),
            // Other parameters mean another capability.
            write::algorithm(&oid::AES256_CBC, &write::octet_string(b"iv")),
            write::algorithm(&oid::ECDH_SHA256KDF, &write::algorithm(&oid::TDES_WRAP, &write::null())),
            write::tlv(0x30, &write::tlv(0x06, &[0xFF; 60])),
            write::sequence(&[]),
            gcm.clone(),
            gcm.clone(),
        ];
        let list = write::tlv(0x30, &odd.concat());
        assert_eq!(Capabilities::read(&list), Ok(Capabilities::default().with(Capability::Aes256Gcm)));
        // Cut anywhere it is no list, and one of many is looked at as far as the limit.
        for length in 0..list.len() {
            assert!(Capabilities::read(&list[..length]).is_err());
        }
        assert!(Capabilities::read(&write::tlv(0x30, &gcm.repeat(MAX_CAPABILITIES))).is_ok());
        assert!(Capabilities::read(&write::tlv(0x30, &gcm.repeat(MAX_CAPABILITIES + 1))).is_err());
        assert!(Capabilities::read(&write::tlv(0x31, &gcm)).is_err());
        assert!(Capabilities::read(&write::tlv(0x30, &write::small(1))).is_err());
    }
}
