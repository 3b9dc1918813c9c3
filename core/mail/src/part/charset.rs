//! Charsets: everything the WHATWG Encoding Standard knows, and what mail has beside it (UTF-7).

use encoding_rs::{Encoding, UTF_8, WINDOWS_1252};

/// Decodes octets under a charset label. The flag tells that the label is unknown or the octets are not in the charset.
/// Without a usable label, and for 8-bit octets that claim to be US-ASCII: UTF-8 when it is that, else windows-1252.
pub(crate) fn decode(octets: &[u8], label: Option<&str>) -> (String, bool) {
    let label = label.map(|label| label.trim().trim_matches(['"', '\'']).to_ascii_lowercase());
    match label.as_deref() {
        None | Some("") => (guess(octets), false),
        Some("us-ascii" | "ascii" | "ansi_x3.4-1968" | "iso646-us") => (guess(octets), !octets.is_ascii()),
        Some(label) => decode_labelled(octets, label),
    }
}

fn decode_labelled(octets: &[u8], label: &str) -> (String, bool) {
    // `replacement` maps dangerous or dead encodings to nothing; the fallbacks below show something.
    if let Some(encoding) =
        Encoding::for_label(label.as_bytes()).filter(|found| *found != encoding_rs::REPLACEMENT)
    {
        // A byte order mark chooses between the two UTF-16, but never overrides the label: other programs don't either.
        let big_endian = label == "utf-16" && octets.starts_with(b"\xfe\xff");
        let encoding = if big_endian { encoding_rs::UTF_16BE } else { encoding };
        let (text, errors) = encoding.decode_with_bom_removal(octets);
        return (text.into_owned(), errors);
    }
    if let Some(decoder) = mail_parser::decoders::charsets::map::charset_decoder(label.as_bytes()) {
        return (decoder(octets), false);
    }
    (guess(octets), true)
}

fn guess(octets: &[u8]) -> String {
    let (text, errors) = UTF_8.decode_with_bom_removal(octets);
    if errors { WINDOWS_1252.decode_without_bom_handling(octets).0.into_owned() } else { text.into_owned() }
}
