//! Which line of a multipart is a delimiter (RFC 2046 section 5.1.1).

use super::lines::without_ending;

/// What a line is.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Delimiter {
    None,
    /// `--boundary`
    Open,
    /// `--boundary--`
    Close,
    /// It goes on behind the boundary, which RFC 2046 section 5.1.1 allows to be taken for a delimiter; or one would stand
    /// there if a lone CR ended lines.
    Doubtful,
}

/// White space behind the boundary is allowed.
pub(crate) fn delimiter(line: &[u8], boundary: &[u8]) -> Delimiter {
    let begins = |text: &[u8]| text.strip_prefix(b"--").is_some_and(|rest| rest.starts_with(boundary));
    let content = without_ending(line);
    let Some(rest) = content.strip_prefix(b"--").and_then(|rest| rest.strip_prefix(boundary)) else {
        let mut behind_cr = content.split(|&octet| octet == b'\r').skip(1);
        return if behind_cr.any(begins) { Delimiter::Doubtful } else { Delimiter::None };
    };
    let is_blank = |text: &[u8]| text.iter().all(|&octet| octet == b' ' || octet == b'\t');
    match rest.strip_prefix(b"--") {
        Some(after) if is_blank(after) => Delimiter::Close,
        None if is_blank(rest) => Delimiter::Open,
        _ => Delimiter::Doubtful,
    }
}
