//! QR codes of meetings and cards: `COUNTERSIGN:1/<base45 of deterministic CBOR>` (docs/protocols/meeting.md).
//!
//! The whole text stays within the alphanumeric mode of QR codes (ISO/IEC 18004 section 7.4.4; base45 is RFC 9285).

pub(crate) mod cbor;
mod finders;
mod picture;

use serde::{Deserialize, Serialize};
use smime::EmailAddress;
use zeroize::{Zeroize, ZeroizeOnDrop};

use crate::people::Anchor;
use cbor::{NotCanonical, Reader, Writer};
pub use picture::{
    Frame, MAX_PICTURE_BYTES, MAX_PIXELS, Modules, PictureError, qr_png, qr_terminal, read_frame, read_png,
};

/// Longest code text, in characters. The longest address and name that fit need fewer.
pub const MAX_CODE_CHARACTERS: usize = 1000;
/// Longest name in a code, in octets of UTF-8.
pub const MAX_NAME_OCTETS: usize = 64;

const SCHEME: &str = "COUNTERSIGN:";
const VERSION_1: &str = "COUNTERSIGN:1/";

/// What a person's code says about them. Nothing of it is proven.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Card {
    /// The mail address.
    pub address: EmailAddress,
    /// Display name, at most [`MAX_NAME_OCTETS`]; show it only together with the address.
    pub name: String,
    /// SHA-256 of the personal root, or of the CA certificate and the address.
    pub anchor: Anchor,
    /// Public encryption key: a P-256 point in compressed form (SEC 1 section 2.3.3).
    #[serde(with = "octets")]
    pub ek: [u8; 33],
}

/// The secret T of a meeting code, 16 octets. Whoever saw the code knows it; it is never sent by mail.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, Zeroize, ZeroizeOnDrop)]
#[serde(transparent)]
pub struct MeetingSecret(#[serde(with = "octets")] [u8; 16]);

/// A code for a person who stands opposite.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MeetCode {
    /// Whose code it is.
    pub card: Card,
    /// T.
    pub t: MeetingSecret,
    /// When T was made, in whole minutes since 1970-01-01T00:00Z.
    pub minutes: u32,
}

/// A code for print: enough for a first encrypted mail, never for "met".
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CardCode {
    /// Whose code it is.
    pub card: Card,
    /// When it was made, in whole minutes since 1970-01-01T00:00Z.
    pub minutes: u32,
}

/// A code as read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Code {
    /// A meeting code.
    Meet(MeetCode),
    /// A card.
    Card(CardCode),
}

/// Why a text is not a code that can be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum CodeError {
    /// Another kind of QR code.
    #[error("this is not a Countersign code")]
    NotOurs,
    /// `COUNTERSIGN:` with another version than 1.
    #[error("this code was made by a newer version of Countersign")]
    NewerVersion,
    /// Broken, out of bounds, or not in the one canonical form.
    #[error("this Countersign code is damaged")]
    Malformed,
    /// Longer than [`MAX_CODE_CHARACTERS`].
    #[error("this code is too long to be a Countersign code")]
    TooLong,
}

impl MeetingSecret {
    /// From 16 random octets.
    pub const fn from_bytes(bytes: [u8; 16]) -> Self {
        MeetingSecret(bytes)
    }

    /// The 16 octets.
    pub const fn as_bytes(&self) -> &[u8; 16] {
        &self.0
    }
}

impl std::fmt::Debug for MeetingSecret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("MeetingSecret(…)")
    }
}

impl Card {
    /// A card with `name` without control characters, cut to [`MAX_NAME_OCTETS`] at a character border.
    pub fn new(address: EmailAddress, name: &str, anchor: Anchor, ek: [u8; 33]) -> Self {
        Card { address, name: clean_name(name), anchor, ek }
    }

    /// What about the name might deceive; the display marks it.
    pub fn name_marks(&self) -> Vec<NameMark> {
        name_marks(&self.name, &self.address)
    }

    fn write(&self, writer: Writer) -> Writer {
        writer.text(self.address.as_str()).text(&self.name).bytes(self.anchor.0.as_bytes()).bytes(&self.ek)
    }

    fn read(reader: &mut Reader<'_>) -> Result<Self, NotCanonical> {
        let address = read_address(reader)?;
        let name = reader.text()?;
        if name.len() > MAX_NAME_OCTETS || name.trim() != name || name.chars().any(char::is_control) {
            return Err(NotCanonical);
        }
        let anchor = read_anchor(reader)?;
        let ek = read_ek(reader)?;
        Ok(Card { address, name: name.to_owned(), anchor, ek })
    }
}

/// `name` without control characters and outer white space, cut to [`MAX_NAME_OCTETS`] at a character border.
pub(crate) fn clean_name(name: &str) -> String {
    let mut kept = String::new();
    for c in name.chars().filter(|c| !c.is_control()) {
        if kept.len() + c.len_utf8() > MAX_NAME_OCTETS {
            break;
        }
        kept.push(c);
    }
    kept.trim().to_owned()
}

/// Something about a display name that might deceive.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NameMark {
    /// Characters that change the direction of the text, or can't be seen (Unicode UAX #9, default ignorables).
    Invisible,
    /// The name looks like a mail address, and not like this one.
    OtherAddress,
    /// Latin letters mixed with Cyrillic or Greek ones, which look alike.
    MixedScripts,
}

/// What about `name` might deceive, beside `address`.
pub fn name_marks(name: &str, address: &EmailAddress) -> Vec<NameMark> {
    let mut marks = Vec::new();
    let invisible = |c: char| {
        matches!(c, '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}' | '\u{180b}'..='\u{180f}'
            | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{3164}' | '\u{fe00}'..='\u{fe0f}'
            | '\u{feff}' | '\u{ffa0}' | '\u{fff0}'..='\u{fffb}' | '\u{e0000}'..='\u{e0fff}')
    };
    if name.chars().any(invisible) {
        marks.push(NameMark::Invisible);
    }
    if name.contains(['@', '＠', '﹫']) && name.parse() != Ok(address.clone()) {
        marks.push(NameMark::OtherAddress);
    }
    let mixed = |text: &str| {
        let latin = text.chars().any(|c| c.is_ascii_alphabetic() || matches!(c, '\u{c0}'..='\u{24f}'));
        latin
            && text
                .chars()
                .any(|c| matches!(c, '\u{370}'..='\u{3ff}' | '\u{400}'..='\u{52f}' | '\u{1f00}'..='\u{1fff}'))
    };
    if name.split_whitespace().any(mixed) || mixed(address.as_str()) {
        marks.push(NameMark::MixedScripts);
    }
    marks
}

impl MeetCode {
    /// The text for the QR code.
    pub fn encode(&self) -> String {
        let writer = self.card.write(Writer::array(8).unsigned(1).text("meet"));
        text(&writer.bytes(self.t.as_bytes()).unsigned(self.minutes.into()).finish())
    }
}

impl CardCode {
    /// The text for the QR code.
    pub fn encode(&self) -> String {
        let writer = self.card.write(Writer::array(7).unsigned(1).text("card"));
        text(&writer.unsigned(self.minutes.into()).finish())
    }
}

impl Code {
    /// Reads the text of a QR code. Exactly the text that [`encode`](MeetCode::encode) writes is accepted.
    ///
    /// # Errors
    /// See [`CodeError`]; the variant says what to tell the person.
    pub fn parse(text: &str) -> Result<Self, CodeError> {
        let Some(after_scheme) = text.strip_prefix(SCHEME) else { return Err(CodeError::NotOurs) };
        if text.len() > MAX_CODE_CHARACTERS {
            return Err(CodeError::TooLong);
        }
        let (version, body) = after_scheme.split_once('/').ok_or(CodeError::Malformed)?;
        if version != "1" {
            let number = !version.is_empty()
                && version.bytes().all(|b| b.is_ascii_digit())
                && !version.starts_with('0');
            return Err(if number { CodeError::NewerVersion } else { CodeError::Malformed });
        }
        let octets = base45::decode(body).map_err(|_| CodeError::Malformed)?;
        let code = read_code(&octets).map_err(|NotCanonical| CodeError::Malformed)?;
        // Base45 itself has one form only when re-encoding agrees (RFC 9285 leaves decoders some freedom).
        if code.encode() == text { Ok(code) } else { Err(CodeError::Malformed) }
    }

    /// The text for the QR code.
    pub fn encode(&self) -> String {
        match self {
            Code::Meet(code) => code.encode(),
            Code::Card(code) => code.encode(),
        }
    }

    /// Whose code it is.
    pub fn card(&self) -> &Card {
        match self {
            Code::Meet(code) => &code.card,
            Code::Card(code) => &code.card,
        }
    }
}

fn text(cbor: &[u8]) -> String {
    format!("{VERSION_1}{}", base45::encode(cbor))
}

fn read_code(octets: &[u8]) -> Result<Code, NotCanonical> {
    let mut reader = Reader::new(octets);
    let len = reader.array()?;
    if reader.unsigned()? != 1 {
        return Err(NotCanonical);
    }
    let kind = reader.text()?;
    let card = Card::read(&mut reader)?;
    let code = match (kind, len) {
        ("meet", 8) => {
            let t = MeetingSecret(reader.fixed()?);
            Code::Meet(MeetCode { card, t, minutes: read_minutes(&mut reader)? })
        }
        ("card", 7) => Code::Card(CardCode { card, minutes: read_minutes(&mut reader)? }),
        _ => return Err(NotCanonical),
    };
    reader.end()?;
    Ok(code)
}

/// An address in the spelling that [`EmailAddress`] keeps (domain in lower case).
pub(crate) fn read_address(reader: &mut Reader<'_>) -> Result<EmailAddress, NotCanonical> {
    let text = reader.text()?;
    let address: EmailAddress = text.parse().map_err(|_| NotCanonical)?;
    if address.as_str() == text { Ok(address) } else { Err(NotCanonical) }
}

pub(crate) fn read_anchor(reader: &mut Reader<'_>) -> Result<Anchor, NotCanonical> {
    Ok(Anchor(smime::Fingerprint::from_bytes(reader.fixed()?)))
}

pub(crate) fn read_minutes(reader: &mut Reader<'_>) -> Result<u32, NotCanonical> {
    u32::try_from(reader.unsigned()?).map_err(|_| NotCanonical)
}

/// A compressed point that lies on the curve.
pub(crate) fn read_ek(reader: &mut Reader<'_>) -> Result<[u8; 33], NotCanonical> {
    let ek: [u8; 33] = reader.fixed()?;
    if smime::key::p256_public_key_der(&ek).is_some() { Ok(ek) } else { Err(NotCanonical) }
}

/// Octets as lower-case hexadecimal in stored records.
pub(crate) mod octets {
    use serde::{Deserialize, Deserializer, Serializer, de::Error};
    use zeroize::Zeroizing;

    pub(crate) fn serialize<S: Serializer, const N: usize>(
        octets: &[u8; N],
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&Zeroizing::new(data_encoding::HEXLOWER.encode(octets)))
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>, const N: usize>(
        deserializer: D,
    ) -> Result<[u8; N], D::Error> {
        let text = Zeroizing::new(String::deserialize(deserializer)?);
        let octets =
            Zeroizing::new(data_encoding::HEXLOWER.decode(text.as_bytes()).map_err(D::Error::custom)?);
        octets.as_slice().try_into().map_err(D::Error::custom)
    }
}
