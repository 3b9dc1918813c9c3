//! UTCTime and GeneralizedTime, read (X.680 sections 46 and 47).

use super::{BerError, Element, GENERALIZED_TIME, UTC_TIME};
use crate::time::UnixTime;

/// Times of certificates (seconds, `Z`), and the further forms that BER allows: no seconds, fractions, offsets.
pub(super) fn read(element: &Element<'_>) -> Result<UnixTime, BerError> {
    if element.is_constructed() {
        return Err(BerError::Unexpected);
    }
    let text = std::str::from_utf8(element.content()).map_err(|_| BerError::Value)?;
    match element.tag() {
        UTC_TIME => {
            let (year, rest) = digits(text, 2)?;
            parse_time(if year < 50 { 2000 + year } else { 1900 + year }, rest)
        }
        GENERALIZED_TIME => {
            let (year, rest) = digits(text, 4)?;
            parse_time(year, rest)
        }
        _ => return Err(BerError::Unexpected),
    }
    .ok_or(BerError::Value)
}

/// Reads `count` decimal digits.
fn digits(text: &str, count: usize) -> Result<(i16, &str), BerError> {
    let (number, rest) = text.split_at_checked(count).ok_or(BerError::Value)?;
    if !number.bytes().all(|octet| octet.is_ascii_digit()) {
        return Err(BerError::Value);
    }
    number.parse().map(|number| (number, rest)).map_err(|_| BerError::Value)
}

/// `MMDDhhmm[ss][.f+](Z|±hhmm)` of `year`.
fn parse_time(year: i16, text: &str) -> Option<UnixTime> {
    let two = |text| digits(text, 2).ok().and_then(|(number, rest)| Some((i8::try_from(number).ok()?, rest)));
    let (month, rest) = two(text)?;
    let (day, rest) = two(rest)?;
    let (hour, rest) = two(rest)?;
    let (minute, rest) = two(rest)?;
    let (second, rest) = if rest.starts_with(|c: char| c.is_ascii_digit()) { two(rest)? } else { (0, rest) };
    let zone = match rest.strip_prefix(['.', ',']) {
        Some(fraction) => {
            let zone = fraction.trim_start_matches(|c: char| c.is_ascii_digit());
            if zone.len() == fraction.len() {
                return None;
            }
            zone
        }
        None => rest,
    };
    let civil = jiff::civil::DateTime::new(year, month, day, hour, minute, second, 0).ok()?;
    // Not by way of a timestamp: jiff's end a day before 99991231235959Z, "no end" (RFC 5280 section 4.1.2.5).
    let epoch = jiff::civil::date(1970, 1, 1).to_datetime(jiff::civil::Time::midnight());
    let local = civil.duration_since(epoch).as_secs();
    let offset = match zone.split_at_checked(1)? {
        ("Z", "") => 0,
        (sign @ ("+" | "-"), offset) => {
            let (hours, rest) = two(offset)?;
            let (minutes, rest) = two(rest)?;
            if !rest.is_empty() || hours > 23 || minutes > 59 {
                return None;
            }
            let seconds = i64::from(hours) * 3600 + i64::from(minutes) * 60;
            if sign == "+" { seconds } else { -seconds }
        }
        _ => return None,
    };
    u64::try_from(local - offset).ok().map(UnixTime::from_secs)
}

#[cfg(test)]
mod tests {
    use super::super::{single, write};

    #[test]
    fn reads_times_of_both_types() {
        let time = |tag: u8, text: &str| single(&write::tlv(tag, text.as_bytes())).unwrap().time();
        assert_eq!(time(0x17, "700101000000Z").unwrap().secs(), 0);
        assert_eq!(time(0x17, "491231235959Z").unwrap().to_string(), "2049-12-31T23:59:59Z");
        assert_eq!(time(0x18, "20261125080000Z").unwrap().to_string(), "2026-11-25T08:00:00Z");
        assert_eq!(time(0x18, "20261125080000.5Z").unwrap().to_string(), "2026-11-25T08:00:00Z");
        assert_eq!(time(0x17, "261125160000+0800").unwrap().to_string(), "2026-11-25T08:00:00Z");
        assert_eq!(time(0x18, "99991231235959Z").unwrap().secs(), 253_402_300_799);
        for bad in [
            "261325160000Z",
            "261125160000",
            "2611251600",
            "261125160000.Z",
            "26112516000€Z",
            "500101000000Z",
        ] {
            assert!(time(0x17, bad).is_err(), "{bad}");
        }
    }
}
