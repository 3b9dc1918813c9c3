//! What a person types into the search field.
//!
//! Words must all be there, in any field. The last one, while it is being typed, stands for every word that begins so, and so
//! does one that ends in `*`. `"several words"` must stand together. `from:`, `to:` (Cc, too) and `subject:` ask for one field,
//! `has:attachment`, `in:sent`, `before:2026-01-31` (earlier than that day) and `after:2026-01-31` (that day or later) for
//! what is known of a mail; days are those of UTC, and `2026-01` and `2026` their first. Everything else is text.

use jiff::civil::Date;
use smime::UnixTime;

use super::tokens::{Kind, fold, tokens};
use super::{MAX_QUERY_OCTETS, MAX_QUERY_TERMS};

/// A field that a query can name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Field {
    /// From.
    From,
    /// To and Cc.
    To,
    /// Subject.
    Subject,
}

/// Terms that stand together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Words {
    /// In this field; `None`: in any one, but all in the same.
    pub field: Option<Field>,
    /// Each with its distance from the first. Never empty.
    pub terms: Vec<(usize, String)>,
    /// The last term is the begin of one.
    pub prefix: bool,
}

impl Words {
    /// Keeps so many terms; whether some went.
    fn shorten(&mut self, limit: usize) -> bool {
        let is_cut = self.terms.len() > limit;
        self.terms.truncate(limit);
        self.prefix &= !is_cut;
        is_cut
    }
}

/// One condition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Clause {
    /// These are there.
    Words(Words),
    /// It has an attachment.
    HasAttachment,
    /// It lies in the folder of this short name.
    In(String),
    /// It is older.
    Before(UnixTime),
    /// It is of this time or newer.
    After(UnixTime),
}

/// A query: all conditions must hold.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Query {
    /// The conditions; none asks for nothing.
    pub clauses: Vec<Clause>,
    /// Something was left out: it exceeds [`MAX_QUERY_OCTETS`] or [`MAX_QUERY_TERMS`].
    pub is_cut: bool,
}

/// The date after `before:` or `after:` can't be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the date in the search can't be read (expected a day like 2026-01-31, a month or a year)")]
pub struct DateProblem;

impl Query {
    /// Reads a query. Everything odd is text; only a date that can't be read is an error.
    pub fn parse(typed: &str) -> Result<Self, DateProblem> {
        let looked_at = typed.get(..typed.floor_char_boundary(MAX_QUERY_OCTETS)).unwrap_or_default();
        let mut query = Query { clauses: Vec::new(), is_cut: looked_at.len() < typed.len() };
        let mut terms = 0;
        for piece in pieces(looked_at) {
            let Some(mut clause) = clause(&piece)? else { continue };
            if terms == MAX_QUERY_TERMS {
                query.is_cut = true;
                break;
            }
            if let Clause::Words(words) = &mut clause {
                query.is_cut |= words.shorten(MAX_QUERY_TERMS - terms);
                terms += words.terms.len();
            } else {
                terms += 1;
            }
            query.clauses.push(clause);
        }
        Ok(query)
    }
}

/// A word or a quoted text, with the name before its colon.
#[derive(Debug, Default)]
struct Piece {
    name: String,
    text: String,
    is_quoted: bool,
    /// It may go on: the end of what was typed.
    is_open: bool,
}

fn pieces(typed: &str) -> Vec<Piece> {
    let mut pieces = Vec::new();
    let mut rest = typed.chars().peekable();
    while let Some(c) = rest.next() {
        if is_space(c) {
            continue;
        }
        let mut piece = Piece::default();
        let mut next = Some(c);
        // Up to a space, a quotation mark, or the colon that ends a name.
        while let Some(c) = next {
            if is_quote(c) {
                piece.is_quoted = true;
                break;
            }
            if is_colon(c) && piece.name.is_empty() && is_name(&piece.text) {
                piece.name = std::mem::take(&mut piece.text).to_lowercase();
            } else {
                piece.text.push(c);
            }
            // A quotation mark after a word begins a piece of its own; after a name it belongs to it.
            next = rest.next_if(|c| !is_space(*c) && (!is_quote(*c) || piece.text.is_empty()));
        }
        piece.is_open = rest.peek().is_none() && !piece.is_quoted;
        if piece.is_quoted {
            while let Some(c) = rest.next_if(|c| !is_quote(*c)) {
                piece.text.push(c);
            }
            piece.is_open = rest.next().is_none();
        }
        pieces.push(piece);
    }
    pieces
}

fn is_space(c: char) -> bool {
    c.is_whitespace() || c.is_control()
}

/// As keyboards and input methods write them.
fn is_quote(c: char) -> bool {
    matches!(c, '"' | '\u{201c}' | '\u{201d}' | '\u{201e}' | '\u{ff02}')
}

fn is_colon(c: char) -> bool {
    matches!(c, ':' | '\u{ff1a}')
}

fn is_name(text: &str) -> bool {
    ["from", "to", "subject", "has", "in", "before", "after"]
        .iter()
        .any(|name| text.eq_ignore_ascii_case(name))
}

fn clause(piece: &Piece) -> Result<Option<Clause>, DateProblem> {
    let field = match piece.name.as_str() {
        "before" => return date(&piece.text).map(Clause::Before).map(Some),
        "after" => return date(&piece.text).map(Clause::After).map(Some),
        "has" if matches!(fold(&piece.text).as_str(), "attachment" | "attachments") => {
            return Ok(Some(Clause::HasAttachment));
        }
        "in" if !piece.text.trim().is_empty() => return Ok(Some(Clause::In(fold(piece.text.trim())))),
        "from" => Some(Field::From),
        "to" => Some(Field::To),
        "subject" => Some(Field::Subject),
        _ => None,
    };
    let words = words(piece, &piece.text, field);
    let is_text = (words.is_none() || field.is_none()) && !piece.name.is_empty();
    // `from:` without a name behind it, `has:something`.
    let words =
        if is_text { self::words(piece, &format!("{}:{}", piece.name, piece.text), None) } else { words };
    Ok(words.map(Clause::Words))
}

/// The terms of a text; `None` when it has none.
fn words(piece: &Piece, text: &str, field: Option<Field>) -> Option<Words> {
    let tokens = tokens(text);
    let has_star = !piece.is_quoted && text.ends_with('*');
    let mut prefix = piece.is_open || has_star;
    if let Some(whole) = tokens.iter().find(|token| token.kind == Kind::Address)
        && fold(text).trim_matches(|c: char| !c.is_alphanumeric()) == whole.text
    {
        return Some(Words { field, terms: vec![(0, whole.text.clone())], prefix });
    }
    let mut parts: Vec<_> = tokens.into_iter().filter(|token| token.kind != Kind::Address).collect();
    if let [.., before, last] = parts.as_slice()
        && last.kind == Kind::End
        && before.kind == Kind::Pair
    {
        // The last character of a text need not be the last of its run in a mail.
        parts.pop();
    }
    let last = parts.last()?;
    match last.kind {
        Kind::End => prefix = true,
        // A pair begins nothing longer.
        Kind::Pair => prefix = false,
        // What follows the word on the keyboard ended it.
        Kind::Word if !has_star && !fold(text).ends_with(char::is_alphanumeric) => prefix = false,
        Kind::Word | Kind::Address => {}
    }
    let first = parts.first()?.position;
    let terms = parts.into_iter().map(|token| (token.position - first, token.text)).collect();
    Some(Words { field, terms, prefix })
}

fn date(text: &str) -> Result<UnixTime, DateProblem> {
    let folded = fold(text.trim());
    let mut parts = folded.split(['-', '/', '.']);
    let mut number = |digits: usize| {
        let Some(part) = parts.next() else { return Ok(None) };
        let is_number = part.len() <= digits && part.bytes().all(|octet| octet.is_ascii_digit());
        if is_number { part.parse::<i16>().map(Some).map_err(|_| DateProblem) } else { Err(DateProblem) }
    };
    let year = number(4)?.ok_or(DateProblem)?;
    let (month, day) = (number(2)?.unwrap_or(1), number(2)?.unwrap_or(1));
    if parts.next().is_some() || year < 1000 {
        return Err(DateProblem);
    }
    let small = |number: i16| i8::try_from(number).map_err(|_| DateProblem);
    let day = Date::new(year, small(month)?, small(day)?).map_err(|_| DateProblem)?;
    let zoned = day.to_zoned(jiff::tz::TimeZone::UTC).map_err(|_| DateProblem)?;
    // Nobody's mail is older.
    Ok(UnixTime::from_secs(u64::try_from(zoned.timestamp().as_second()).unwrap_or(0)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn word(text: &str) -> Clause {
        phrase(&[text])
    }

    fn phrase(terms: &[&str]) -> Clause {
        Clause::Words(Words {
            field: None,
            terms: terms.iter().enumerate().map(|(place, text)| (place, (*text).to_owned())).collect(),
            prefix: false,
        })
    }

    fn begin(clause: Clause) -> Clause {
        let Clause::Words(words) = clause else { panic!("words") };
        Clause::Words(Words { prefix: true, ..words })
    }

    fn within(field: Field, clause: Clause) -> Clause {
        let Clause::Words(words) = clause else { panic!("words") };
        Clause::Words(Words { field: Some(field), ..words })
    }

    fn clauses(typed: &str) -> Vec<Clause> {
        let query = Query::parse(typed).unwrap();
        assert!(!query.is_cut);
        query.clauses
    }

    #[test]
    fn words_phrases_and_begins() {
        assert_eq!(clauses("Quarterly report"), [word("quarterly"), begin(word("report"))]);
        assert_eq!(clauses("Quarterly report "), [word("quarterly"), word("report")]);
        assert_eq!(clauses("quart* report "), [begin(word("quart")), word("report")]);
        assert_eq!(clauses("\"Quarterly report\" "), [phrase(&["quarterly", "report"])]);
        assert_eq!(clauses("\"quarterly rep"), [begin(phrase(&["quarterly", "rep"]))]);
        assert_eq!(clauses("“季度 报告” x "), [phrase(&["季度", "度", "报告"]), word("x")]);
        assert_eq!(clauses("re-port \"a\"b "), [phrase(&["re", "port"]), word("a"), word("b")]);
        assert_eq!(clauses("a\"b c\""), [word("a"), phrase(&["b", "c"])]);
        assert_eq!(clauses("report."), [word("report")]);
    }

    #[test]
    fn dense_scripts() {
        assert_eq!(clauses("季度报告"), [phrase(&["季度", "度报", "报告"])]);
        assert_eq!(clauses("报告 "), [word("报告")]);
        assert_eq!(clauses("证 "), [begin(word("证"))]);
        assert_eq!(clauses("\"证\" "), [begin(word("证"))]);
        assert_eq!(clauses("文中a "), [phrase(&["文中", "中", "a"])]);
        assert_eq!(clauses("a文中 "), [phrase(&["a", "文中"])]);
    }

    #[test]
    fn addresses_are_one_term() {
        assert_eq!(clauses("Bob@Example.org "), [word("bob@example.org")]);
        assert_eq!(clauses("bob@exa"), [begin(word("bob@exa"))]);
        assert_eq!(clauses("from:<bob@example.org> "), [within(Field::From, word("bob@example.org"))]);
        let mixed = Words {
            field: None,
            terms: [(0, "write"), (1, "a"), (2, "b"), (3, "now")].map(|(n, t)| (n, t.to_owned())).into(),
            prefix: false,
        };
        assert_eq!(clauses("\"write a@b now\""), [Clause::Words(mixed)]);
    }

    #[test]
    fn fields_and_filters() {
        assert_eq!(clauses("from:alice "), [within(Field::From, word("alice"))]);
        assert_eq!(clauses("FROM:\"Alice Smith\""), [within(Field::From, phrase(&["alice", "smith"]))]);
        assert_eq!(clauses("subject：报告 "), [within(Field::Subject, word("报告"))]);
        assert_eq!(
            clauses("to:bob has:attachment in:Sent "),
            [within(Field::To, word("bob")), Clause::HasAttachment, Clause::In("sent".into()),]
        );
        // 2026-01-31T00:00:00Z and 2026-01-01T00:00:00Z, by date(1).
        let (last, first) = (UnixTime::from_secs(1_769_817_600), UnixTime::from_secs(1_767_225_600));
        assert_eq!(clauses("before:2026-01-31 after:2026"), [Clause::Before(last), Clause::After(first)]);
        assert_eq!(
            clauses("after:2026/1 before:\"2026.01.31\""),
            [Clause::After(first), Clause::Before(last)]
        );
        assert_eq!(clauses("after:１９００"), [Clause::After(UnixTime::from_secs(0))]);
    }

    #[test]
    fn what_is_no_filter_is_text() {
        assert_eq!(clauses("x:y "), [phrase(&["x", "y"])]);
        assert_eq!(clauses("re:from:bob "), [phrase(&["re", "from", "bob"])]);
        assert_eq!(clauses("from: "), [word("from")]);
        assert_eq!(clauses("from:\"\" bob "), [word("from"), word("bob")]);
        assert_eq!(clauses("has:time in: "), [phrase(&["has", "time"]), word("in")]);
        assert_eq!(clauses("https://example.org/x "), [phrase(&["https", "example", "org", "x"])]);
        assert_eq!(clauses("-a | (b) AND "), [word("a"), word("b"), word("and")]);
    }

    #[test]
    fn only_a_date_can_be_wrong() {
        for typed in [
            "before:",
            "after:x",
            "before:2026-13",
            "before:2026-02-30",
            "after:2026-01-01-01",
            "before:26",
            "before:-1",
            "after:99999",
            "before:2026-1-",
            "after:2026-001",
            "after:\"\"",
        ] {
            assert_eq!(Query::parse(typed), Err(DateProblem), "{typed}");
        }
    }

    #[test]
    fn odd_and_hostile_queries_are_read() {
        for typed in [
            "",
            " \t\r\n",
            "\"",
            "\"\"\"\"\"\"",
            "***",
            "\u{0}\u{1b}\u{7f}",
            "…。「」",
            ":",
            "::::",
            "@",
            "\u{301}",
        ] {
            assert_eq!(Query::parse(typed), Ok(Query::default()), "{typed:?}");
        }
        assert_eq!(clauses("a\u{0}b "), [word("a"), word("b")]);

        let huge = Query::parse(&"x".repeat(10_000_000)).unwrap();
        assert_eq!(huge.clauses, [begin(word(&"x".repeat(64)))]);
        assert!(huge.is_cut);
        let cut = Query::parse(&"证".repeat(10_000)).unwrap();
        assert!(cut.is_cut);
        assert_eq!(cut.clauses, [phrase(&["证证"; MAX_QUERY_TERMS])]);
        let many = Query::parse(&"w ".repeat(10_000)).unwrap();
        assert!(many.is_cut);
        assert_eq!(many.clauses, vec![word("w"); MAX_QUERY_TERMS]);
        let quotes = Query::parse(&"\"".repeat(10_000)).unwrap();
        assert!(quotes.is_cut && quotes.clauses.is_empty());
    }
}
