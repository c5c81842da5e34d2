use std::time::{Duration, SystemTime, UNIX_EPOCH};

use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

/// A time that a person named.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Moment {
    /// A time, in milliseconds since the Unix epoch.
    At(i64),
    /// So long ago.
    Ago(Duration),
}

impl Moment {
    /// In milliseconds since the Unix epoch.
    pub fn millis(self) -> i64 {
        match self {
            Self::At(millis) => millis,
            Self::Ago(ago) => {
                let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
                i64::try_from(now.saturating_sub(ago).as_millis()).unwrap_or(i64::MAX)
            }
        }
    }
}

/// Reads a time of RFC 3339, or an age.
pub(super) fn moment(text: &str) -> Result<Moment, String> {
    if let Ok(time) = OffsetDateTime::parse(text, &Rfc3339) {
        return Ok(Moment::At((time.unix_timestamp_nanos() / 1_000_000) as i64));
    }
    let ago = |(unit, seconds): (char, u64)| {
        let number: u64 = text.strip_suffix(unit)?.parse().ok()?;
        number.checked_mul(seconds).map(Duration::from_secs)
    };
    let ago = [('s', 1), ('m', 60), ('h', 3_600), ('d', 86_400)].into_iter().find_map(ago);
    ago.map(Moment::Ago)
        .ok_or_else(|| "legal: 2026-11-21T08:00:00Z, or an age as 90s, 30m, 2h, 7d".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_and_ages() {
        assert_eq!(moment("1970-01-01T00:00:01.5Z"), Ok(Moment::At(1_500)));
        assert_eq!(moment("2h"), Ok(Moment::Ago(Duration::from_hours(2))));
        assert_eq!(moment("7d"), Ok(Moment::Ago(Duration::from_hours(168))));
        for text in ["", "2", "h", "-2h", "2w", "yesterday", "99999999999999999999s", "18446744073709551615d"]
        {
            assert!(moment(text).is_err(), "{text}");
        }
    }
}
