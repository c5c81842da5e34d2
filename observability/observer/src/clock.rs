//! The only place that reads the time.

use std::time::{SystemTime, UNIX_EPOCH};

use crate::fact::Millis;

/// Now, in milliseconds since the Unix epoch; 0 on a clock that stands before it.
#[expect(clippy::disallowed_methods, reason = "the one place that reads the time")]
pub(crate) fn now() -> Millis {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}
