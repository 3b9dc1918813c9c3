//! The messages of a meeting and what their tags prove (docs/protocols/meeting.md, "Messages").

use hmac::{Hmac, KeyInit, Mac};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use smime::EmailAddress;
use subtle::ConstantTimeEq;

use crate::people::Anchor;
use crate::qr::cbor::{NotCanonical, Reader, Writer};
use crate::qr::{Card, MeetingSecret, octets, read_address, read_anchor, read_ek, read_minutes};

use super::Number;

/// Largest body of a meeting message, in octets: two addresses of 320 octets leave room.
pub const MAX_MESSAGE_OCTETS: usize = 2048;

/// First item of the transcript: separates its hash from every other.
const DOMAIN: &str = "countersign meet 1";

/// One side of a meeting, as the transcript names it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Party {
    pub(super) address: EmailAddress,
    pub(super) anchor: Anchor,
    #[serde(with = "octets")]
    pub(super) ek: [u8; 33],
}

impl Party {
    pub(super) fn of(card: &Card) -> Self {
        Party { address: card.address.clone(), anchor: card.anchor, ek: card.ek }
    }

    /// The same person, whatever key they encrypt to.
    pub(super) fn is_same_person(&self, other: &Party) -> bool {
        self.address == other.address && self.anchor == other.anchor
    }

    fn write(&self, writer: Writer) -> Writer {
        writer.text(self.address.as_str()).bytes(self.anchor.0.as_bytes()).bytes(&self.ek)
    }

    fn read(reader: &mut Reader<'_>) -> Result<Self, NotCanonical> {
        Ok(Party { address: read_address(reader)?, anchor: read_anchor(reader)?, ek: read_ek(reader)? })
    }
}

/// Everything the two sides must agree on; H is the SHA-256 of its deterministic CBOR.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Transcript {
    /// A, who showed the code.
    pub(super) shower: Party,
    /// T-id.
    pub(super) token: [u8; 8],
    /// B, who scanned it.
    pub(super) scanner: Party,
    /// nB.
    pub(super) nonce: [u8; 16],
    /// t of the code.
    pub(super) minutes: u32,
}

impl Transcript {
    /// H.
    pub(super) fn hash(&self) -> [u8; 32] {
        Sha256::digest(self.write(Writer::array(10).text(DOMAIN)).finish()).into()
    }

    fn write(&self, writer: Writer) -> Writer {
        let writer = self.shower.write(writer).bytes(&self.token);
        self.scanner.write(writer).bytes(&self.nonce).unsigned(self.minutes.into())
    }

    fn read(reader: &mut Reader<'_>) -> Result<Self, NotCanonical> {
        Ok(Transcript {
            shower: Party::read(reader)?,
            token: reader.fixed()?,
            scanner: Party::read(reader)?,
            nonce: reader.fixed()?,
            minutes: read_minutes(reader)?,
        })
    }
}

/// T-id: names T without telling it.
pub(super) fn token_of(secret: &MeetingSecret) -> [u8; 8] {
    let digest: [u8; 32] = Sha256::digest(secret.as_bytes()).into();
    let [a, b, c, d, e, f, g, h, ..] = digest;
    [a, b, c, d, e, f, g, h]
}

/// The four digits that nB stands for: its first 8 octets as a number, modulo 10 000.
pub(super) fn number_of(nonce: &[u8; 16]) -> Number {
    let [a, b, c, d, e, f, g, h, ..] = *nonce;
    // The remainder is below 10 000 and fits.
    Number((u64::from_be_bytes([a, b, c, d, e, f, g, h]) % 10_000) as u16)
}

/// The label in front of what is authenticated: no message can pass for another one (reflection).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Label {
    Burnt,
    One,
    Two,
    Three,
}

impl Label {
    fn octet(self) -> u8 {
        match self {
            Label::Burnt => b'0',
            Label::One => b'1',
            Label::Two => b'2',
            Label::Three => b'3',
        }
    }
}

/// HMAC-SHA-256 under T over label, H and, from M2 on, nA.
pub(super) fn tag(
    secret: &MeetingSecret,
    label: Label,
    hash: &[u8; 32],
    nonce: Option<&[u8; 16]>,
) -> [u8; 32] {
    // HMAC takes a key of any length (RFC 2104 section 2); a failure can't occur and would only yield a tag that
    // nobody accepts.
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(secret.as_bytes()) else { return [0; 32] };
    mac.update(&[label.octet()]);
    mac.update(hash);
    if let Some(nonce) = nonce {
        mac.update(nonce);
    }
    mac.finalize().into_bytes().into()
}

/// Compares in constant time.
pub(super) fn same(a: &[u8; 32], b: &[u8; 32]) -> bool {
    a.ct_eq(b).into()
}

/// M2 and M3: which meeting, and the proof.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Proof {
    pub(super) token: [u8; 8],
    pub(super) hash: [u8; 32],
    /// nA.
    pub(super) nonce: [u8; 16],
    pub(super) tag: [u8; 32],
}

/// A meeting message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Message {
    /// M1 B→A: I scanned your code.
    One { transcript: Box<Transcript>, tag: [u8; 32] },
    /// M2 A→B: I confirm you.
    Two(Proof),
    /// M3 B→A: I got your confirmation.
    Three(Proof),
    /// A→B: two people answered this code; it is void.
    Burnt { token: [u8; 8], hash: [u8; 32], tag: [u8; 32] },
}

impl Message {
    /// Deterministic CBOR.
    pub(super) fn encode(&self) -> Vec<u8> {
        let proof = |kind: &str, proof: &Proof| {
            let writer = Writer::array(6).unsigned(1).text(kind).bytes(&proof.token).bytes(&proof.hash);
            writer.bytes(&proof.nonce).bytes(&proof.tag).finish()
        };
        match self {
            Message::One { transcript, tag } => {
                transcript.write(Writer::array(12).unsigned(1).text("m1")).bytes(tag).finish()
            }
            Message::Two(it) => proof("m2", it),
            Message::Three(it) => proof("m3", it),
            Message::Burnt { token, hash, tag } => {
                Writer::array(5).unsigned(1).text("burnt").bytes(token).bytes(hash).bytes(tag).finish()
            }
        }
    }

    /// Reads exactly what [`encode`](Self::encode) writes.
    pub(super) fn decode(octets: &[u8]) -> Result<Self, NotCanonical> {
        if octets.len() > MAX_MESSAGE_OCTETS {
            return Err(NotCanonical);
        }
        let mut reader = Reader::new(octets);
        let len = reader.array()?;
        if reader.unsigned()? != 1 {
            return Err(NotCanonical);
        }
        let message = match (reader.text()?, len) {
            ("m1", 12) => {
                let transcript = Box::new(Transcript::read(&mut reader)?);
                Message::One { transcript, tag: reader.fixed()? }
            }
            ("m2", 6) => Message::Two(Proof::read(&mut reader)?),
            ("m3", 6) => Message::Three(Proof::read(&mut reader)?),
            ("burnt", 5) => {
                Message::Burnt { token: reader.fixed()?, hash: reader.fixed()?, tag: reader.fixed()? }
            }
            _ => return Err(NotCanonical),
        };
        reader.end()?;
        Ok(message)
    }
}

impl Proof {
    fn read(reader: &mut Reader<'_>) -> Result<Self, NotCanonical> {
        Ok(Proof {
            token: reader.fixed()?,
            hash: reader.fixed()?,
            nonce: reader.fixed()?,
            tag: reader.fixed()?,
        })
    }
}
