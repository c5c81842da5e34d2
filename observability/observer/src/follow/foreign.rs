//! Reading text that somebody else wrote through an API that panics on it.

use std::panic::{AssertUnwindSafe, catch_unwind};

/// What `read` answers, or `None` where it panicked.
///
/// rdkafka 0.39 unwraps `str::from_utf8` on names of headers, on commit metadata and on what brokers say about
/// groups, all of which are arbitrary bytes on the wire. `read` must only look: nothing it touches may be left half
/// changed by a panic.
pub(super) fn foreign<T>(read: impl FnOnce() -> T) -> Option<T> {
    catch_unwind(AssertUnwindSafe(read)).ok()
}
