//! The time as RFC 3339 text, formatted once a turn at most.

use time::{OffsetDateTime, format_description::BorrowedFormatItem, macros::format_description};

use crate::{clock::Wall, engine::Time};

const FORMAT: &[BorrowedFormatItem<'_>] =
    format_description!("[year]-[month]-[day]T[hour]:[minute]:[second].[subsecond digits:3]Z");

/// What the wall clock said at the last turn that asked, as text.
#[derive(Debug, Default)]
pub(crate) struct ClockText {
    of: Option<Time>,
    text: String,
}

impl ClockText {
    /// `wall`, which the wall clock said at the turn's time `now`, as text: for example `2026-01-31T08:15:00.250Z`.
    pub(crate) fn of(&mut self, now: Time, wall: Wall) -> &str {
        if self.of != Some(now) {
            self.of = Some(now);
            self.text = format(written(wall));
        }
        &self.text
    }
}

/// What the wall clock said, as it is written.
pub(crate) fn written(wall: Wall) -> Time {
    Time(wall.ms())
}

/// `time` as text. A time beyond the year 9999 reads as the epoch.
pub(crate) fn format(time: Time) -> String {
    OffsetDateTime::from_unix_timestamp_nanos(i128::from(time.0) * 1_000_000)
        .ok()
        .and_then(|time| time.format(FORMAT).ok())
        .unwrap_or_else(|| "1970-01-01T00:00:00.000Z".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn milliseconds_are_kept() {
        let wall = Wall::at_ms(1_769_847_300_250);
        assert_eq!(ClockText::default().of(Time(1), wall), "2026-01-31T08:15:00.250Z");
        assert_eq!(format(Time(u64::MAX)), "1970-01-01T00:00:00.000Z");
    }
}
