//! How text becomes terms: one rule for mail and for queries.
//!
//! Words are folded (case, marks, full width) and cut at everything that is no letter or digit. Scripts that are written
//! without spaces give overlapping pairs of characters, and the last character of a run alone: a run of two or more is found
//! as a phrase of pairs, a single character as the begin of a pair. An address is a term as a whole, too.

use icu_normalizer::{ComposingNormalizerBorrowed, DecomposingNormalizerBorrowed};

use super::{MAX_ADDRESS_CHARS, MAX_TERM_CHARS};
use crate::secure::{is_invisible, is_mark, stroked};

/// What a token is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A word.
    Word,
    /// A whole address; it stands at the place of its first part, and the parts follow as words.
    Address,
    /// Two characters of a run in a script without spaces.
    Pair,
    /// The last character of such a run.
    End,
}

/// A term and where it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Token {
    /// Folded text.
    pub text: String,
    /// Counts tokens; whole addresses don't count.
    pub position: usize,
    /// What it is.
    pub kind: Kind,
}

/// The terms of a text, in order.
pub fn tokens(text: &str) -> Vec<Token> {
    let folded = fold(text);
    let mut tokens = Tokens::default();
    let mut rest = folded.chars();
    while let Some(first) = rest.clone().next() {
        if is_dense(first) {
            let mut run = Vec::new();
            while let Some(c) = rest.clone().next().filter(|c| is_dense(*c)) {
                run.push(c);
                rest.next();
                // A line that was broken between two characters.
                let beyond = rest.as_str();
                let beyond = beyond.strip_prefix('\r').unwrap_or(beyond).strip_prefix('\n');
                if let Some(beyond) = beyond.filter(|beyond| beyond.starts_with(is_dense)) {
                    rest = beyond.chars();
                }
            }
            tokens.add_run(&run);
        } else if is_in_address(first) {
            let all = rest.as_str();
            let end = all.find(|c| !is_in_address(c)).unwrap_or(all.len());
            let (piece, behind) = all.split_at_checked(end).unwrap_or((all, ""));
            tokens.add_piece(piece);
            rest = behind.chars();
        } else {
            rest.next();
        }
    }
    tokens.list
}

#[derive(Default)]
struct Tokens {
    list: Vec<Token>,
    position: usize,
}

impl Tokens {
    fn add(&mut self, text: String, kind: Kind) {
        self.list.push(Token { text, position: self.position, kind });
        self.position += 1;
    }

    fn add_run(&mut self, run: &[char]) {
        for (first, second) in run.iter().zip(run.iter().skip(1)) {
            self.add(String::from_iter([first, second]), Kind::Pair);
        }
        self.list.extend(run.last().map(|last| Token {
            text: last.to_string(),
            position: self.position,
            kind: Kind::End,
        }));
        self.position += 1;
    }

    /// Words and what may join them to an address.
    fn add_piece(&mut self, piece: &str) {
        if let Some(whole) = piece.contains('@').then(|| address(piece)).flatten() {
            self.list.push(Token { text: whole.to_owned(), position: self.position, kind: Kind::Address });
        }
        for word in piece.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()) {
            let is_short = word.len() <= MAX_TERM_CHARS;
            let text = if is_short { word.to_owned() } else { word.chars().take(MAX_TERM_CHARS).collect() };
            self.add(text, Kind::Word);
        }
    }
}

/// The address that a piece is, without punctuation around it.
fn address(piece: &str) -> Option<&str> {
    let whole = piece.trim_matches(|c: char| !c.is_alphanumeric());
    let (local, domain) = whole.split_once('@')?;
    let is_one = !local.is_empty() && !domain.is_empty() && !domain.contains('@');
    (is_one && whole.chars().nth(MAX_ADDRESS_CHARS).is_none()).then_some(whole)
}

fn is_in_address(c: char) -> bool {
    c.is_ascii_alphanumeric()
        || (!c.is_ascii() && c.is_alphanumeric() && !is_dense(c))
        || matches!(c, '@' | '.' | '_' | '-' | '+' | '%' | '=' | '~' | '&')
}

/// Letters of scripts whose words are not separated, and of Korean, whose words take endings.
fn is_dense(c: char) -> bool {
    !c.is_ascii()
        && matches!(c, '\u{3005}' | '\u{3007}' | '\u{3040}'..='\u{3096}' | '\u{30a0}'..='\u{30fa}' | '\u{30fc}'..='\u{30ff}'
        | '\u{3105}'..='\u{312f}' | '\u{31a0}'..='\u{31bf}' | '\u{31f0}'..='\u{31ff}' | '\u{3400}'..='\u{4dbf}'
        | '\u{4e00}'..='\u{9fff}' | '\u{ac00}'..='\u{d7a3}' | '\u{f900}'..='\u{faff}' | '\u{20000}'..='\u{3ffff}')
}

/// Text without differences of case, marks, width and style; characters that are not seen are gone.
pub(super) fn fold(text: &str) -> String {
    if text.is_ascii() {
        return text.to_ascii_lowercase();
    }
    let mut folded = String::with_capacity(text.len());
    let mut rest = text;
    while !rest.is_empty() {
        // What follows a letter of ASCII and would be composed with it is a mark, which goes anyway.
        let end = rest.find(|c: char| !c.is_ascii()).unwrap_or(rest.len());
        let (plain, behind) = rest.split_at_checked(end).unwrap_or((rest, ""));
        folded.extend(plain.chars().map(|c| c.to_ascii_lowercase()));
        let end = behind.find(|c: char| c.is_ascii()).unwrap_or(behind.len());
        let (other, behind) = behind.split_at_checked(end).unwrap_or((behind, ""));
        fold_other(&mut folded, other);
        rest = behind;
    }
    folded
}

fn fold_other(folded: &mut String, text: &str) {
    let seen = text.chars().filter(|c| !is_invisible(*c) || is_line_end(*c));
    // Composed first: half-width kana, and the Hangul and kana of file names that were decomposed.
    for c in ComposingNormalizerBorrowed::new_nfkc().normalize_iter(seen) {
        if c.is_ascii() {
            folded.push(c.to_ascii_lowercase());
        } else if is_dense(c) {
            folded.push(c);
        } else {
            let parts = DecomposingNormalizerBorrowed::new_nfkd().normalize_iter(std::iter::once(c));
            parts.filter(|part| !is_mark(*part)).for_each(|part| push_folded(folded, part));
        }
    }
}

fn push_folded(folded: &mut String, c: char) {
    match c {
        '\u{df}' | '\u{1e9e}' => folded.push_str("ss"),
        '\u{e6}' | '\u{c6}' => folded.push_str("ae"),
        '\u{153}' | '\u{152}' => folded.push_str("oe"),
        '\u{131}' => folded.push('i'),
        '\u{3c2}' => folded.push('\u{3c3}'),
        _ => match stroked(c) {
            Some(letter) => folded.push(letter),
            None => folded.extend(c.to_lowercase().filter(|part| !is_mark(*part))),
        },
    }
}

fn is_line_end(c: char) -> bool {
    matches!(c, '\u{2028}' | '\u{2029}')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(text: &str) -> Vec<String> {
        tokens(text).into_iter().map(|token| token.text).collect()
    }

    #[test]
    fn words_are_folded() {
        assert_eq!(texts("The Quarterly  REPORT, v2"), ["the", "quarterly", "report", "v2"]);
        assert_eq!(texts("Škoda Zürich ZU\u{308}RICH naïve"), ["skoda", "zurich", "zurich", "naive"]);
        assert_eq!(
            texts("Straße STRASSE Łódź Øre Æsir cœur"),
            ["strasse", "strasse", "lodz", "ore", "aesir", "coeur"]
        );
        assert_eq!(texts("İstanbul ısı ΣΊΣΥΦΟΣ Σίσυφος"), ["istanbul", "isi", "σισυφοσ", "σισυφοσ"]);
        assert_eq!(texts("ＡＢＣ１２３　ﬁnal ﾃｽﾄ"), ["abc123", "final", "テス", "スト", "ト"]);
        assert_eq!(texts("Ver\u{ad}trag zero\u{200b}width"), ["vertrag", "zerowidth"]);
        assert_eq!(texts("Vertrag\u{2028}Seite"), ["vertrag", "seite"]);
        assert_eq!(texts("report_final-2.pdf don't"), ["report", "final", "2", "pdf", "don", "t"]);
        assert_eq!(texts(" \t\"!?…—。，\u{0} "), [""; 0]);
    }

    #[test]
    fn dense_scripts_give_pairs_and_the_last_character() {
        assert_eq!(texts("季度报告"), ["季度", "度报", "报告", "告"]);
        assert_eq!(texts("关于Q3报告。"), ["关于", "于", "q3", "报告", "告"]);
        assert_eq!(texts("证"), ["证"]);
        assert_eq!(texts("계약서 ひらがな"), ["계약", "약서", "서", "ひら", "らが", "がな", "な"]);
        // As the file system of a Mac spells it.
        assert_eq!(texts("\u{1100}\u{1168}\u{110b}\u{1163}\u{11a8}"), ["계약", "약"]);
        assert_eq!(texts("报\r\n告"), ["报告", "告"]);
        assert_eq!(texts("报\n\n告"), ["报", "告"]);
        assert_eq!(texts("报 告"), ["报", "告"]);
        assert_eq!(texts("\u{20bb7}\u{91ce}\u{5bb6}"), ["\u{20bb7}\u{91ce}", "\u{91ce}\u{5bb6}", "\u{5bb6}"]);
    }

    #[test]
    fn an_address_is_a_term_as_a_whole_and_in_parts() {
        let list = tokens("To <Bob.Smith@Example.ORG>, now");
        let seen: Vec<_> =
            list.iter().map(|token| (token.text.as_str(), token.position, token.kind)).collect();
        assert_eq!(
            seen,
            [
                ("to", 0, Kind::Word),
                ("bob.smith@example.org", 1, Kind::Address),
                ("bob", 1, Kind::Word),
                ("smith", 2, Kind::Word),
                ("example", 3, Kind::Word),
                ("org", 4, Kind::Word),
                ("now", 5, Kind::Word),
            ]
        );
        assert_eq!(texts("mailto:a@b.c."), ["mailto", "a@b.c", "a", "b", "c"]);
        assert_eq!(texts("@here a@ a@b@c @"), ["here", "a", "a", "b", "c"]);
        let long = format!("{}@example.org", "a".repeat(200));
        assert_eq!(texts(&long), ["a".repeat(MAX_TERM_CHARS), "example".into(), "org".into()]);
    }

    #[test]
    fn positions_run_on_over_runs_and_words() {
        let list = tokens("文中a 中");
        let seen: Vec<_> = list.iter().map(|token| (token.text.as_str(), token.position)).collect();
        assert_eq!(seen, [("文中", 0), ("中", 1), ("a", 2), ("中", 3)]);
    }

    #[test]
    fn a_long_word_is_cut() {
        assert_eq!(texts(&"x".repeat(100_000)), ["x".repeat(MAX_TERM_CHARS)]);
        assert_eq!(tokens(&"证".repeat(100_000)).len(), 100_000);
    }

    /// The rule without its short way for ASCII: all of the text composed at once.
    fn folded_as_a_whole(text: &str) -> String {
        let mut folded = String::new();
        fold_other(&mut folded, text);
        folded
    }

    proptest::proptest! {
        #[test]
        fn folding_piece_by_piece_is_folding(text in "([a-zA-Z<=>.@ ]|\\PC|\\p{M}|[\u{ac00}-\u{d7a3}\u{1100}-\u{11ff}\u{ff00}-\u{ffef}]){0,40}") {
            proptest::prop_assert_eq!(fold(&text), folded_as_a_whole(&text));
        }
    }
}
