//! Time as an argument.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// Whole seconds since 1970-01-01T00:00:00Z, written as RFC 3339 in UTC.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct UnixTime(u64);

/// The text is not an RFC 3339 time after 1970.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a time (expected RFC 3339, like 2026-11-25T08:00:00Z)")]
pub struct NotATime;

/// "No well-defined expiration date" (RFC 5280 section 4.1.2.5); jiff's timestamps end a day before it.
const NO_END: &str = "9999-12-31T23:59:59Z";
const NO_END_SECS: u64 = 253_402_300_799;

impl UnixTime {
    /// `secs` seconds after 1970-01-01T00:00:00Z.
    pub const fn from_secs(secs: u64) -> Self {
        UnixTime(secs)
    }

    /// Seconds since 1970-01-01T00:00:00Z.
    pub const fn secs(self) -> u64 {
        self.0
    }

    /// This time plus `secs` seconds; saturates.
    pub const fn plus(self, secs: u64) -> Self {
        UnixTime(self.0.saturating_add(secs))
    }

    /// This time minus `secs` seconds, not before 1970.
    pub const fn minus(self, secs: u64) -> Self {
        UnixTime(self.0.saturating_sub(secs))
    }
}

impl fmt::Display for UnixTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match i64::try_from(self.0).ok().and_then(|secs| jiff::Timestamp::from_second(secs).ok()) {
            Some(timestamp) => write!(f, "{timestamp}"),
            None => f.write_str(NO_END),
        }
    }
}

impl fmt::Debug for UnixTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for UnixTime {
    type Err = NotATime;
    fn from_str(text: &str) -> Result<Self, NotATime> {
        if text == NO_END {
            return Ok(UnixTime(NO_END_SECS));
        }
        let timestamp: jiff::Timestamp = text.parse().map_err(|_| NotATime)?;
        u64::try_from(timestamp.as_second()).map(UnixTime).map_err(|_| NotATime)
    }
}

impl Serialize for UnixTime {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for UnixTime {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_date_that_never_ends_is_read_as_it_is_written() {
        let never = UnixTime::from_secs(253_402_300_799);
        assert_eq!(never.to_string(), "9999-12-31T23:59:59Z");
        assert_eq!("9999-12-31T23:59:59Z".parse(), Ok(never));
        assert_eq!("2026-11-25T18:00:00+08:00".parse(), Ok(UnixTime::from_secs(1_795_600_800)));
        assert_eq!("1969-12-31T23:59:59Z".parse::<UnixTime>(), Err(NotATime));
    }
}
