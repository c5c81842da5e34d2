//! The header `wf-retried`: the event was emitted by a later attempt than the first.

/// What the header `wf-retried` of an event says about the run that emitted it.
///
/// On the wire `key=value` pairs joined by `;`: `attempt=3;first-failed=1767225600000`. An event without the header was
/// emitted by a first attempt. It stays on the event's dead letters and replays, where `wf-attempt` counts the attempts of
/// the step that could not handle the event.
///
/// # Example
///
/// ```
/// use choreograph::wire::Retried;
///
/// let retried = Retried::read("attempt=3;first-failed=1767225600000").unwrap();
/// assert_eq!((retried.attempt, retried.first_failed_at), (3, 1_767_225_600_000));
/// assert_eq!(Retried::read("attempt=1;first-failed=1767225600000"), None);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Retried {
    /// Which attempt emitted it, counted from 1; those before it failed.
    pub attempt: u32,
    /// When the first attempt failed, in milliseconds since the Unix epoch.
    pub first_failed_at: u64,
}

impl Retried {
    pub(crate) const fn new(attempt: u32, first_failed_at: u64) -> Self {
        Self { attempt, first_failed_at }
    }

    /// Reads the header; `None` when it is malformed or speaks of a first attempt, which counts as absent. Keys that this
    /// version does not know are passed over.
    pub fn read(text: &str) -> Option<Self> {
        let (mut attempt, mut first_failed_at) = (None, None);
        for pair in text.split(';') {
            match pair.split_once('=')? {
                ("attempt", value) => attempt = Some(u32::try_from(number(value)?).ok()?),
                ("first-failed", value) => first_failed_at = Some(number(value)?),
                _ => {}
            }
        }
        let attempt = attempt.filter(|attempt| *attempt > 1)?;
        Some(Self { attempt, first_failed_at: first_failed_at? })
    }

    /// The header's text.
    pub(crate) fn text(self) -> String {
        format!("attempt={};first-failed={}", self.attempt, self.first_failed_at)
    }
}

/// A number of digits only: `str::parse` would take a sign.
fn number(text: &str) -> Option<u64> {
    text.bytes().all(|byte| byte.is_ascii_digit()).then(|| text.parse().ok())?
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read() {
        let retried = Retried::new(u32::MAX, u64::MAX);
        assert_eq!(Retried::read(&retried.text()), Some(retried));
        assert_eq!(Retried::read("attempt=2;code=x;first-failed=7"), Some(Retried::new(2, 7)));
    }

    #[test]
    fn malformed_counts_as_absent() {
        for text in [
            "",
            "attempt=2",
            "first-failed=7",
            "attempt=1;first-failed=7",
            "attempt=+2;first-failed=7",
            "attempt=2;first-failed=-7",
            "attempt=2;first-failed=",
            "attempt=4294967296;first-failed=7",
            "attempt=2;first-failed=7;x",
        ] {
            assert_eq!(Retried::read(text), None, "{text:?}");
        }
    }
}
