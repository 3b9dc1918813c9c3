//! Charsets: everything the WHATWG Encoding Standard knows, and what mail has beside it (UTF-7, DOS and Macintosh code
//! pages, the ISO-2022 family, HZ).

mod iso2022;
mod single_byte;
mod utf7;

use encoding_rs::{Encoding, ISO_2022_JP, UTF_8, WINDOWS_1252};

use super::Defect;

/// A decoded text, and what was wrong with it.
pub(crate) struct Decoded {
    pub text: String,
    pub defect: Option<Defect>,
}

/// Decodes octets under a charset label. Without a usable label, and for 8-bit octets that claim to be US-ASCII: UTF-8
/// when it is that, else windows-1252.
pub(crate) fn decode(octets: &[u8], label: Option<&str>) -> Decoded {
    let label = label.map(normal).unwrap_or_default();
    match label.as_str() {
        // RFC 1428 section 3: no charset but the lack of one.
        "" | "unknown-8bit" => Decoded { text: guess(octets), defect: guessed(octets) },
        "us-ascii" | "ascii" | "ansi-x3.4-1968" | "ansi-x3.4-1986" | "iso-646.irv:1991" | "iso646-us"
        | "us" | "646" | "cp367" | "ibm367" | "iso-ir-6" | "csascii" => {
            let defect = guessed(octets).or((!octets.is_ascii()).then_some(Defect::BadCharset));
            Decoded { text: guess(octets), defect }
        }
        label => {
            let (text, defect) = decode_labelled(octets, label);
            let contradiction = contradicts(octets, label).then_some(Defect::ContradictoryCharset);
            Decoded { text, defect: contradiction.or(defect) }
        }
    }
}

fn guessed(octets: &[u8]) -> Option<Defect> {
    std::str::from_utf8(octets).is_err().then_some(Defect::GuessedCharset)
}

fn decode_labelled(octets: &[u8], label: &str) -> (String, Option<Defect>) {
    let (text, has_errors) = if let Some(encoding) = encoding(label).filter(|found| *found != ISO_2022_JP) {
        // A byte order mark chooses between the two UTF-16, but never overrides the label: other programs don't either.
        let big_endian = label == "utf-16" && octets.starts_with(b"\xfe\xff");
        let encoding = if big_endian { encoding_rs::UTF_16BE } else { encoding };
        let (text, has_errors) = encoding.decode_with_bom_removal(octets);
        (text.into_owned(), has_errors)
    } else if let Some(found) = other(octets, label) {
        found
    } else {
        return (guess(octets), Some(Defect::UnknownCharset));
    };
    (text, has_errors.then_some(Defect::BadCharset))
}

/// An encoding of the WHATWG standard by any name that mail has for it.
fn encoding(label: &str) -> Option<&'static Encoding> {
    // `replacement` maps dangerous or dead encodings to nothing; `other` shows something.
    let by_label = |label: &str| {
        Encoding::for_label(label.as_bytes()).filter(|found| *found != encoding_rs::REPLACEMENT)
    };
    by_label(label)
        .or_else(|| by_label(alias(label)?))
        .or_else(|| by_label(&label.replace('-', "_")))
        .or_else(|| by_label(label.strip_prefix("x-")?))
        .or_else(|| by_label(label.split_once(':')?.0))
        .or_else(|| {
            let number = ["windows", "iso-8859", "iso8859", "win", "koi8"].into_iter().find_map(|family| {
                let rest = label.strip_prefix(family)?;
                let rest = rest.strip_prefix('-').unwrap_or(rest);
                Some((if family == "win" { "windows" } else { family }, rest))
            });
            let (family, number) = number?;
            let family = if family == "iso8859" { "iso-8859" } else { family };
            by_label(&format!("{family}-{number}"))
        })
}

/// Names in mail that the WHATWG standard does not list; `_` is written `-` here.
fn alias(label: &str) -> Option<&'static str> {
    Some(match label {
        "cp932" | "ms932" | "x-ms-cp932" | "shiftjis" | "sjis-win" | "cswindows31j" => "shift_jis",
        "cp936" | "ms936" | "x-ms-cp936" | "euc-cn" | "euccn" | "gb-2312" | "gb-2312-80" | "gb2312-1980"
        | "x-euc-cn" | "eucgb2312-cn" => "gbk",
        "gb-18030" | "gb18030-2000" | "cp54936" => "gb18030",
        "cp949" | "ms949" | "uhc" | "x-windows-949" | "euckr" | "ksc5601" | "ks-c-5601"
        | "ks-c-5601-1987" | "ks-c-5601-1989" | "ks-x-1001" | "cp51949" => "euc-kr",
        "cp950" | "ms950" | "big5hkscs" | "big5-eten" | "big5-tw" | "x-big5" | "cn-big5" => "big5",
        "eucjp" | "ujis" | "euc-jp-ms" | "cp51932" | "x-euc" | "x-eucjp" => "euc-jp",
        "utf8mb4" | "utf-8n" | "x-utf-8" | "cp65001" | "utf-8-bom" => "utf-8",
        "utf16" => "utf-16",
        "utf16be" => "utf-16be",
        "utf16le" => "utf-16le",
        "latin-1" | "isolatin1" | "cp28591" | "8859-1" => "iso-8859-1",
        "latin-2" => "iso-8859-2",
        "latin-9" | "latin9" => "iso-8859-15",
        "koi8" | "cp20866" => "koi8-r",
        "koi8-ru" | "cp21866" => "koi8-u",
        "tis620" | "iso-8859-11" | "cp874" | "ibm874" => "windows-874",
        "macroman" | "mac-roman" => "macintosh",
        "ibm-866" => "ibm866",
        _ => return None,
    })
}

/// What encoding_rs does not have. The flag tells that the octets are not in the charset.
fn other(octets: &[u8], label: &str) -> Option<(String, bool)> {
    match label {
        "utf-7" | "utf7" | "unicode-1-1-utf-7" | "x-unicode-1-1-utf-7" | "csutf7" | "csunicode11utf7" => {
            Some(utf7::decode(octets))
        }
        "hz" | "hz-gb-2312" | "hz-gb2312" => Some(iso2022::hz(octets)),
        "iso-2022-kr" | "csiso2022kr" => Some(iso2022::korean(octets)),
        _ if label.starts_with("iso-2022-jp")
            || matches!(
                label,
                "csiso2022jp" | "csiso2022jp2" | "jis" | "cp50220" | "cp50221" | "cp50222"
            ) =>
        {
            Some(iso2022::japanese(octets))
        }
        _ => single_byte::decode(octets, label),
    }
}

/// Lower case, without what is written around it, `_` as `-`.
fn normal(label: &str) -> String {
    let label = label.trim().trim_matches(['"', '\'', '<', '>', ' ']);
    label.to_ascii_lowercase().replace('_', "-")
}

/// A byte order mark that no text in the charset begins with by itself.
fn contradicts(octets: &[u8], label: &str) -> bool {
    let Some((marked, _)) = Encoding::for_bom(octets) else { return false };
    let is_unicode = label.starts_with("utf") || label.contains("unicode") || label.contains("10646");
    match encoding(label) {
        Some(named) if label == "utf-16" => named.name().get(..6) != marked.name().get(..6),
        Some(named) => named != marked && (is_unicode || marked == UTF_8),
        None => false,
    }
}

fn guess(octets: &[u8]) -> String {
    let (text, errors) = UTF_8.decode_with_bom_removal(octets);
    if errors { WINDOWS_1252.decode_without_bom_handling(octets).0.into_owned() } else { text.into_owned() }
}
