//! Names of mailboxes: modified UTF-7 (RFC 3501 section 5.1.3), or UTF-8 once UTF8=ACCEPT is enabled (RFC 6855 section 3).

use data_encoding::BASE64_NOPAD;

/// Longest name in octets, as it travels, that is taken from a list.
const MAX_OCTETS: usize = 1024;

/// A name as the server writes it, and as a person reads it.
///
/// Commands use the octets of the server, so that even a folder whose name breaks the rules can be opened.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct MailboxName {
    wire: Vec<u8>,
    shown: String,
}

impl MailboxName {
    /// The folder that every account has.
    pub fn inbox() -> Self {
        MailboxName { wire: b"INBOX".to_vec(), shown: "INBOX".to_owned() }
    }

    /// As listed by a server; `utf8` says that UTF8=ACCEPT (or IMAP4rev2) is enabled. `None` for one that no command can name:
    /// empty, with NUL, CR or LF, or longer than 1,024 octets.
    pub fn from_wire(wire: &[u8], utf8: bool) -> Option<Self> {
        if wire.is_empty() || wire.len() > MAX_OCTETS || wire.iter().any(|o| matches!(o, 0 | b'\r' | b'\n')) {
            return None;
        }
        if wire.eq_ignore_ascii_case(b"INBOX") {
            return Some(Self::inbox());
        }
        let decoded = if utf8 { String::from_utf8(wire.to_vec()).ok() } else { decode_utf7(wire) };
        // What breaks the encoding is shown as it came; octets that are no text as replacement characters.
        let text = decoded.unwrap_or_else(|| String::from_utf8_lossy(wire).into_owned());
        Some(MailboxName { wire: wire.to_vec(), shown: text.chars().map(visible).collect() })
    }

    /// A name that a person chose. `None` as with [`MailboxName::from_wire`].
    pub fn from_text(text: &str, utf8: bool) -> Option<Self> {
        let wire = if utf8 { text.as_bytes().to_vec() } else { encode_utf7(text) };
        Self::from_wire(&wire, utf8)
    }

    /// The octets for commands.
    pub fn wire(&self) -> &[u8] {
        &self.wire
    }

    /// For people, without control characters.
    pub fn shown(&self) -> &str {
        &self.shown
    }

    /// The last step of the path in words, when the server separates by `delimiter`.
    pub fn leaf(&self, delimiter: Option<char>) -> &str {
        delimiter.and_then(|delimiter| self.shown.rsplit(delimiter).next()).unwrap_or(&self.shown)
    }
}

/// Control characters and those that reorder or hide what stands around them would let one folder look like another.
fn visible(c: char) -> char {
    let hides =
        matches!(c, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}');
    if c.is_control() || hides { char::REPLACEMENT_CHARACTER } else { c }
}

/// Printable ASCII stands for itself, `&` is `&-`, all else is base64 of UTF-16BE between `&` and `-`, with `,` for `/`.
pub fn encode_utf7(text: &str) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len());
    let mut shifted = Vec::new();
    for c in text.chars() {
        if matches!(c, ' '..='~') {
            unshift(&mut out, &mut shifted);
            out.extend_from_slice(if c == '&' { b"&-" } else { &[] });
            if let (Ok(octet), false) = (u8::try_from(c), c == '&') {
                out.push(octet);
            }
        } else {
            let mut units = [0; 2];
            shifted.extend(c.encode_utf16(&mut units).iter().flat_map(|unit| unit.to_be_bytes()));
        }
    }
    unshift(&mut out, &mut shifted);
    out
}

fn unshift(out: &mut Vec<u8>, shifted: &mut Vec<u8>) {
    if !shifted.is_empty() {
        out.push(b'&');
        out.extend(BASE64_NOPAD.encode(shifted).bytes().map(|o| if o == b'/' { b',' } else { o }));
        out.push(b'-');
        shifted.clear();
    }
}

/// The text of a name in modified UTF-7; `None` for octets that [`encode_utf7`] never writes.
pub fn decode_utf7(wire: &[u8]) -> Option<String> {
    let mut text = String::with_capacity(wire.len());
    let mut rest = wire;
    while let Some((first, after)) = rest.split_first() {
        rest = after;
        if *first != b'&' {
            text.push(char::from(*first));
            continue;
        }
        let end = rest.iter().position(|o| *o == b'-')?;
        let (base64, after) = rest.split_at_checked(end)?;
        rest = after.get(1..)?;
        if base64.is_empty() {
            text.push('&');
            continue;
        }
        let base64: Vec<u8> = base64.iter().map(|o| if *o == b',' { b'/' } else { *o }).collect();
        let octets = BASE64_NOPAD.decode(&base64).ok()?;
        let units: Vec<u16> = octets
            .chunks(2)
            .map(|pair| <[u8; 2]>::try_from(pair).map(u16::from_be_bytes))
            .collect::<Result<_, _>>()
            .ok()?;
        text.push_str(&String::from_utf16(&units).ok()?);
    }
    // One text has one form: no shifts that are not needed, no 8-bit or control octets, no `/` in base64.
    (encode_utf7(&text) == wire).then_some(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn examples_of_rfc_3501_and_names_of_real_servers() {
        for (text, wire) in [
            // RFC 3501 section 5.1.3.
            ("~peter/mail/台北/日本語", "~peter/mail/&U,BTFw-/&ZeVnLIqe-"),
            ("已发送", "&XfJT0ZAB-"),
            ("草稿箱", "&g0l6P3ux-"),
            ("已删除邮件", "&XfJSIJZkkK5O9g-"),
            ("Entwürfe", "Entw&APw-rfe"),
            ("Gelöschte Elemente", "Gel&APY-schte Elemente"),
            ("R&D", "R&-D"),
            ("&", "&-"),
            ("INBOX.Sent", "INBOX.Sent"),
            // Outside of the basic plane: a surrogate pair.
            ("📎", "&2D3czg-"),
            ("", ""),
        ] {
            assert_eq!(String::from_utf8(encode_utf7(text)).unwrap(), wire);
            assert_eq!(decode_utf7(wire.as_bytes()).as_deref(), Some(text));
        }
    }

    #[test]
    fn what_breaks_the_encoding_is_kept_as_it_came() {
        let malformed: [&[u8]; 12] = [
            b"&",                  // never ends
            b"a&U,BTFw",           // never ends
            b"&U,BTFw-&ZeVnLIqe-", // RFC 3501: the shift between is superfluous
            b"&Jjo!-",             // RFC 3501: not base64
            b"&AGE-",              // an "a" that stands for itself
            b"&U/BTFw-",           // "/" is written ","
            b"&2D0-",              // half a surrogate pair
            b"&AA-",               // half a unit
            b"&U,BTFx-",           // left over bits that are not zero
            b"caf\xc3\xa9",        // 8-bit
            b"a\x07b",             // control
            b"&U,BTFw==-",         // padded
        ];
        for wire in malformed {
            assert_eq!(decode_utf7(wire), None, "{wire:?}");
            let name = MailboxName::from_wire(wire, false).unwrap();
            assert_eq!(name.wire(), wire);
            assert!(!name.shown().chars().any(char::is_control), "{wire:?}");
        }
        assert_eq!(MailboxName::from_wire(b"a&U,BTFw", false).unwrap().shown(), "a&U,BTFw");
        assert_eq!(MailboxName::from_wire(b"\xff\xfe", false).unwrap().shown(), "\u{fffd}\u{fffd}");
    }

    #[test]
    fn names_that_no_command_can_carry_are_none() {
        for wire in [&b""[..], b"a\0b", b"a\r\nX LOGOUT", b"a\nb", &[b'a'; 1025]] {
            assert_eq!(MailboxName::from_wire(wire, false), None);
        }
        assert_eq!(MailboxName::from_text("a\nb", true), None);
    }

    #[test]
    fn a_folder_cannot_look_like_another_by_hidden_characters() {
        let hidden = MailboxName::from_wire("In\u{200b}box\u{202e}".as_bytes(), true).unwrap();
        assert_eq!(hidden.shown(), "In\u{fffd}box\u{fffd}");
        assert_eq!(MailboxName::from_wire(b"inBox", false), Some(MailboxName::inbox()));
        assert_eq!(MailboxName::from_text("已发送", true).unwrap().wire(), "已发送".as_bytes());
        assert_eq!(MailboxName::from_text("已发送", false).unwrap().wire(), b"&XfJT0ZAB-");
        let deep = MailboxName::from_wire(b"INBOX.Gel&APY-scht", false).unwrap();
        assert_eq!((deep.leaf(Some('.')), deep.leaf(None)), ("Gelöscht", "INBOX.Gelöscht"));
    }

    proptest::proptest! {
        #[test]
        fn every_text_comes_back(text in "\\PC{0,40}") {
            proptest::prop_assert_eq!(decode_utf7(&encode_utf7(&text)), Some(text));
        }

        #[test]
        fn decoding_is_total(wire in proptest::collection::vec(proptest::prelude::any::<u8>(), 0..60)) {
            if let Some(text) = decode_utf7(&wire) {
                proptest::prop_assert_eq!(encode_utf7(&text), wire);
            }
        }
    }
}
