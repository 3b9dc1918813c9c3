//! Preparing user names and passwords for SCRAM (SASLprep, RFC 4013).

use icu_normalizer::ComposingNormalizerBorrowed;

/// Mapped, normalised (NFKC) and checked for what is prohibited; `None` for text that can't be prepared. The bidirectional check
/// (RFC 3454 section 6) is left out: it changes no octet, and a person who chose such a password can't do anything about it here.
pub(super) fn saslprep(text: &str) -> Option<String> {
    let mapped: String = text.chars().filter(|c| !is_mapped_to_nothing(*c)).map(space).collect();
    let prepared = ComposingNormalizerBorrowed::new_nfkc().normalize(&mapped).into_owned();
    (!prepared.is_empty() && !prepared.chars().any(is_prohibited)).then_some(prepared)
}

/// RFC 3454 table B.1.
fn is_mapped_to_nothing(c: char) -> bool {
    matches!(c, '\u{ad}' | '\u{34f}' | '\u{1806}' | '\u{180b}'..='\u{180d}' | '\u{200b}'..='\u{200d}' | '\u{2060}'
        | '\u{fe00}'..='\u{fe0f}' | '\u{feff}')
}

/// RFC 3454 table C.1.2, except what is mapped to nothing.
fn space(c: char) -> char {
    match c {
        '\u{a0}' | '\u{1680}' | '\u{2000}'..='\u{200a}' | '\u{202f}' | '\u{205f}' | '\u{3000}' => ' ',
        other => other,
    }
}

/// RFC 3454 tables C.2.1, C.2.2, C.3, C.4, C.6, C.7, C.8 and C.9; surrogates (C.5) are no characters of a `str`.
fn is_prohibited(c: char) -> bool {
    let code = u32::from(c);
    c.is_control()
        || matches!(c, '\u{6dd}' | '\u{70f}' | '\u{180e}' | '\u{2028}' | '\u{2029}' | '\u{2061}'..='\u{2063}'
            | '\u{206a}'..='\u{206f}' | '\u{fff9}'..='\u{fffd}' | '\u{1d173}'..='\u{1d17a}')
        || matches!(c, '\u{340}' | '\u{341}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}')
        || matches!(c, '\u{2ff0}'..='\u{2ffb}' | '\u{fdd0}'..='\u{fdef}' | '\u{e000}'..='\u{f8ff}')
        || matches!(code, 0xe0001 | 0xe0020..=0xe007f | 0xf0000..)
        || code & 0xfffe == 0xfffe
}

#[cfg(test)]
mod tests {
    use super::saslprep;

    #[test]
    fn examples_of_rfc_4013() {
        for (text, prepared) in [
            ("I\u{ad}X", Some("IX")),
            ("user", Some("user")),
            ("USER", Some("USER")),
            ("\u{aa}", Some("a")),
            ("\u{2168}", Some("IX")),
            ("\u{7}", None),
            ("pass\u{3000}word", Some("pass word")),
            ("密码", Some("密码")),
            ("u\u{308}", Some("ü")),
            ("\u{ad}", None),
            ("", None),
            ("a\u{e000}", None),
        ] {
            assert_eq!(saslprep(text).as_deref(), prepared, "{text:?}");
        }
    }
}
