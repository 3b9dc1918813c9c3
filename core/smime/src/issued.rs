//! What an issuer signed: the frame that certificates, revocation lists and OCSP answers have in common (RFC 5280
//! sections 4.1.1 and 5.1.1, RFC 6960 section 4.2.1).

use std::ops::Range;

use crate::asn1::{self, Element, Reader};
use crate::certificate::Certificate;
use crate::key::{KeyError, PublicKey, SignatureScheme};

/// The three parts of the frame, as they stand in what is being read.
pub(crate) struct Parts<'a> {
    /// What is signed.
    pub(crate) tbs: Element<'a>,
    /// DER of the AlgorithmIdentifier.
    pub(crate) algorithm: &'a [u8],
    signature: &'a [u8],
}

impl<'a> Parts<'a> {
    /// The next three elements.
    pub(crate) fn read(outer: &mut Reader<'a>) -> Option<Self> {
        let tbs = outer.take_whole(asn1::SEQUENCE)?;
        let algorithm = outer.take_whole(asn1::SEQUENCE)?.whole;
        // A signature with unused bits (some DSA certificates) is none that is known here: it never verifies.
        let signature = asn1::bit_string_octets(outer.take(asn1::BIT_STRING)?).unwrap_or_default();
        Some(Parts { tbs, algorithm, signature })
    }

    /// Keeps `der`, of which the parts were read.
    pub(crate) fn keep(&self, der: &[u8]) -> Option<Issued> {
        Some(Issued {
            tbs: asn1::range_of(der, self.tbs.whole)?,
            algorithm: asn1::range_of(der, self.algorithm)?,
            signature: asn1::range_of(der, self.signature)?,
            der: der.into(),
        })
    }
}

/// The received octets, and where the parts stand in them.
pub(crate) struct Issued {
    der: Box<[u8]>,
    tbs: Range<usize>,
    algorithm: Range<usize>,
    signature: Range<usize>,
}

impl Issued {
    /// The octets as received.
    pub(crate) fn der(&self) -> &[u8] {
        &self.der
    }

    pub(crate) fn part(&self, range: &Range<usize>) -> &[u8] {
        self.der.get(range.clone()).unwrap_or_default()
    }

    /// DER of the signature's AlgorithmIdentifier.
    pub(crate) fn algorithm(&self) -> &[u8] {
        self.part(&self.algorithm)
    }

    /// Whether the signature verifies under `issuer`'s key; nothing else is checked.
    pub(crate) fn signature_under(&self, issuer: &Certificate) -> IssuerSignature {
        let scheme = SignatureScheme::from_der(self.algorithm());
        let key = PublicKey::from_spki(issuer.public_key_der());
        let (signed, signature) = (self.part(&self.tbs), self.part(&self.signature));
        match scheme.and_then(|scheme| key?.verify(&scheme, signed, signature)) {
            Ok(()) => IssuerSignature::Right,
            Err(KeyError::Unsupported) => IssuerSignature::Unsupported,
            Err(
                KeyError::Malformed | KeyError::TooShort | KeyError::WrongAlgorithm | KeyError::BadSignature,
            ) => IssuerSignature::Wrong,
        }
    }

    /// It is signed with SHA-1.
    pub(crate) fn has_weak_digest(&self) -> bool {
        SignatureScheme::from_der(self.algorithm()).is_ok_and(|scheme| scheme.is_weak())
    }
}

/// What the check of an issuer's signature says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum IssuerSignature {
    Right,
    Wrong,
    /// The signature algorithm or the issuer's kind of key is not known here.
    Unsupported,
}
