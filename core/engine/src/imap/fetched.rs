//! What FETCH answers (RFC 9051 section 7.5.2, RFC 7162 section 3.1.4).

use smime::UnixTime;

use super::cursor::{Broken, Cursor, Read};

/// A section of a body.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Section(
    /// What stands between the brackets, in upper case; empty for the whole mail.
    pub String,
);

/// Octets of a body.
#[derive(Clone, PartialEq, Eq)]
pub struct BodyData {
    /// Of what.
    pub section: Section,
    /// Where they begin, when a range was asked for.
    pub origin: Option<u64>,
    /// They; `None` for NIL.
    pub octets: Option<Vec<u8>>,
}

impl std::fmt::Debug for BodyData {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let length = self.octets.as_ref().map(Vec::len);
        write!(f, "BodyData({:?}, {:?}, {length:?} octets)", self.section.0, self.origin)
    }
}

/// One FETCH answer: what it holds is there, all else is `None`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Fetched {
    /// Sequence number.
    pub sequence: u32,
    /// UID.
    pub uid: Option<u32>,
    /// Names of flags.
    pub flags: Option<Vec<String>>,
    /// RFC822.SIZE.
    pub octets: Option<u64>,
    /// INTERNALDATE.
    pub received: Option<UnixTime>,
    /// MODSEQ.
    pub modseq: Option<u64>,
    /// Sections of the body.
    pub bodies: Vec<BodyData>,
}

/// Most sections in one answer: we ask for one.
const MAX_BODIES: usize = 16;

impl Fetched {
    /// After the word FETCH. On failure `self` keeps what was read, so that the mail can be named.
    pub(super) fn read(&mut self, cursor: &mut Cursor<'_>) -> Read<()> {
        cursor.space()?;
        cursor.expect(b'(')?;
        cursor.spaces();
        while !cursor.eat(b')') {
            self.item(cursor)?;
            cursor.spaces();
        }
        if cursor.is_empty() { Ok(()) } else { Err(Broken) }
    }

    fn item(&mut self, cursor: &mut Cursor<'_>) -> Read<()> {
        let name = cursor.keyword();
        if name == "BODY" && cursor.peek() == Some(b'[') {
            return self.body(cursor);
        }
        cursor.space()?;
        match name.as_str() {
            "UID" => {
                let uid = cursor.nonzero()?;
                if self.uid.replace(uid).is_some_and(|other| other != uid) {
                    return Err(Broken);
                }
            }
            "FLAGS" => self.flags = Some(cursor.words()?),
            "RFC822.SIZE" => self.octets = Some(cursor.number()?),
            "INTERNALDATE" => {
                let date = cursor.nstring()?;
                self.received = date.and_then(|date| internal_date(std::str::from_utf8(&date).ok()?));
            }
            "MODSEQ" => {
                cursor.expect(b'(')?;
                self.modseq = Some(cursor.number()?);
                cursor.expect(b')')?;
            }
            "" => return Err(Broken),
            _ => cursor.skip()?,
        }
        Ok(())
    }

    fn body(&mut self, cursor: &mut Cursor<'_>) -> Read<()> {
        cursor.expect(b'[')?;
        let section = cursor.take_while(|o| !matches!(o, b']' | b'\r' | b'\n'));
        cursor.expect(b']')?;
        let origin = if cursor.eat(b'<') {
            let origin = cursor.number()?;
            cursor.expect(b'>')?;
            Some(origin)
        } else {
            None
        };
        // GreenMail leaves the space out before the literal of a range.
        if cursor.peek() != Some(b'{') {
            cursor.space()?;
        }
        let section = Section(String::from_utf8_lossy(section).to_ascii_uppercase());
        let octets = cursor.nstring()?.map(std::borrow::Cow::into_owned);
        if self.bodies.len() >= MAX_BODIES {
            return Err(Broken);
        }
        self.bodies.push(BodyData { section, origin, octets });
        Ok(())
    }
}

/// `17-Jul-1996 02:44:25 -0700`, the day perhaps with a space in front; nothing before 1970.
fn internal_date(text: &str) -> Option<UnixTime> {
    const MONTHS: [&str; 12] =
        ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];
    let mut words = text.trim().split(' ').filter(|word| !word.is_empty());
    let (date, time, zone) = (words.next()?, words.next()?, words.next()?);
    let mut date = date.splitn(3, '-');
    let day = date.next()?.parse().ok()?;
    let month = date.next()?.to_ascii_lowercase();
    let month = MONTHS.iter().position(|name| *name == month)?.checked_add(1)?;
    let year = date.next()?.parse().ok()?;
    let mut time = time.splitn(3, ':').map(str::parse::<i8>);
    let (hour, minute, second) = (time.next()?.ok()?, time.next()?.ok()?, time.next()?.ok()?);
    let at =
        jiff::civil::DateTime::new(year, i8::try_from(month).ok()?, day, hour, minute, second.min(59), 0);
    let (sign, digits) = zone.split_at_checked(1)?;
    let (hours, minutes) = digits.split_at_checked(2)?;
    let seconds =
        hours.parse::<i32>().ok()?.checked_mul(60)?.checked_add(minutes.parse().ok()?)?.checked_mul(60)?;
    let offset = jiff::tz::Offset::from_seconds(if sign == "-" { -seconds } else { seconds }).ok()?;
    let seconds = offset.to_timestamp(at.ok()?).ok()?.as_second();
    u64::try_from(seconds).ok().map(UnixTime::from_secs)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fetched(text: &[u8]) -> (Fetched, bool) {
        let mut fetched = Fetched::default();
        let read = fetched.read(&mut Cursor::of(text)).is_ok();
        (fetched, read)
    }

    #[test]
    fn a_listing() {
        let (mail, whole) = fetched(
            b" (UID 7 FLAGS (\\Seen $Forwarded) RFC822.SIZE 2147483648 MODSEQ (65402) \
              INTERNALDATE \"17-Jul-1996 02:44:25 -0700\")\r\n",
        );
        assert!(whole);
        assert_eq!((mail.uid, mail.octets, mail.modseq), (Some(7), Some(2_147_483_648), Some(65402)));
        assert_eq!(mail.flags, Some(vec!["\\Seen".to_owned(), "$Forwarded".to_owned()]));
        // date -u -d '17 Jul 1996 09:44:25' +%s
        assert_eq!(mail.received, Some(UnixTime::from_secs(837_596_665)));
    }

    #[test]
    fn bodies_whole_in_ranges_and_absent() {
        let (mail, whole) = fetched(
            b" (BODY[] {5}\r\na\")\r\n BODY[1.2]<4096> \"x\\\"y\" BODY[HEADER.FIELDS (Date)] NIL UID 3)\r\n",
        );
        assert!(whole, "{mail:?}");
        let bodies: Vec<_> =
            mail.bodies.iter().map(|b| (b.section.0.as_str(), b.origin, b.octets.as_deref())).collect();
        assert_eq!(
            bodies,
            [
                ("", None, Some(&b"a\")\r\n"[..])),
                ("1.2", Some(4096), Some(b"x\"y")),
                ("HEADER.FIELDS (DATE)", None, None),
            ]
        );
    }

    /// As GreenMail 2.1.3 answers; RFC 9051 wants a space there.
    #[test]
    fn a_range_without_the_space_before_its_literal_is_read() {
        let (mail, whole) = fetched(b" (UID 1 BODY[]<0>{5}\r\na\")\r\n)\r\n");
        assert!(whole, "{mail:?}");
        assert_eq!((mail.uid, mail.bodies[0].origin), (Some(1), Some(0)));
        assert_eq!(mail.bodies[0].octets.as_deref(), Some(&b"a\")\r\n"[..]));
        assert!(!fetched(b" (UID 1 BODY[]<0>\"a\")\r\n").1);
    }

    #[test]
    fn what_is_not_known_is_stepped_over() {
        let deep = format!("{}{}", "(".repeat(100_000), ")".repeat(100_000));
        let text = format!(
            " (X-GM-LABELS (\"a\\\")\" b {{3}}\r\n(\"( c) ENVELOPE {deep} BODYSTRUCTURE (\"TEXT\" NIL 3) UID 9 )\r\n"
        );
        let (mail, whole) = fetched(text.as_bytes());
        assert!(whole);
        assert_eq!(mail.uid, Some(9));
    }

    #[test]
    fn damage_is_named_with_the_mail_it_is_in() {
        for text in [
            &b" (UID 4 FLAGS (\\Seen)"[..],
            b" (UID 4 RFC822.SIZE x)",
            b" (UID 4 BODY[] {9}\r\nshort)",
            b" (UID 4 BODY[ {1}\r\na)",
            b" (UID 4 UID 5)",
            b" (UID 4 X ))",
            b" (UID 4) trailing",
            b" (UID 4 \"\")",
            b" (UID 4 BODY[] \"a\r\nb\")",
            b" (UID 4 RFC822.SIZE 99999999999999999999)",
        ] {
            let (mail, whole) = fetched(text);
            assert!(!whole, "{}", String::from_utf8_lossy(text));
            assert!(matches!(mail.uid, Some(4 | 5)));
        }
        assert_eq!(fetched(b" (UID 0)"), (Fetched::default(), false));
    }

    #[test]
    fn dates_that_are_none_cost_the_date_only() {
        for date in
            ["NIL", "\"\"", "\"32-Jul-1996 02:44:25 +0000\"", "\"17-Jul-1900 02:44:25 +0000\"", "\"x\""]
        {
            let (mail, whole) = fetched(format!(" (UID 4 INTERNALDATE {date})").as_bytes());
            assert!(whole, "{date}");
            assert_eq!((mail.uid, mail.received), (Some(4), None));
        }
        let (mail, _) = fetched(b" (INTERNALDATE \" 1-Jan-1970 00:00:01 +0000\")");
        assert_eq!(mail.received, Some(UnixTime::from_secs(1)));
    }
}
