//! Lines, as they came: how they end, how long they are, what they must not hold.

/// Longest line without its ending (RFC 5322 section 2.1.1).
const MAX_LINE_OCTETS: usize = 998;

/// What was seen in the lines of one header section or text.
#[derive(Debug, Default)]
pub(super) struct LineCheck {
    pub has_nul: bool,
    /// A CR that no LF follows.
    pub has_bare_cr: bool,
    pub is_overlong: bool,
    has_crlf: bool,
    has_lf: bool,
}

impl LineCheck {
    /// All lines of a text.
    pub(super) fn of(octets: &[u8]) -> Self {
        let mut check = Self::default();
        octets.split_inclusive(|&octet| octet == b'\n').for_each(|line| check.read(line));
        check
    }

    /// One line with its ending.
    fn read(&mut self, line: &[u8]) {
        let content = without_ending(line);
        if line.ends_with(b"\n") {
            let is_crlf = line.ends_with(b"\r\n");
            self.has_crlf |= is_crlf;
            self.has_lf |= !is_crlf;
        }
        self.is_overlong |= content.len() > MAX_LINE_OCTETS;
        for &octet in content {
            self.has_nul |= octet == 0;
            self.has_bare_cr |= octet == b'\r';
        }
    }

    /// Some lines end with CRLF and some with LF.
    pub(super) fn is_mixed(&self) -> bool {
        self.has_crlf && self.has_lf
    }
}

/// The line at `at`, with its ending; empty at the end.
pub(super) fn line(raw: &[u8], at: usize, end: usize) -> &[u8] {
    let rest = raw.get(at..end).unwrap_or_default();
    let length = rest.iter().position(|&byte| byte == b'\n').map_or(rest.len(), |found| found + 1);
    rest.get(..length).unwrap_or_default()
}

pub(super) fn without_ending(line: &[u8]) -> &[u8] {
    let text = line.strip_suffix(b"\n").unwrap_or(line);
    text.strip_suffix(b"\r").unwrap_or(text)
}
