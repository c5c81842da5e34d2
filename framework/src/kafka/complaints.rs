//! What the clients of a publisher complain of: one line of the log for each change.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};

use super::words::Trouble;
use crate::telemetry::events::{ClientComplained, ClientRecovered};

/// What a publisher's clients complained of last, since an event was last acknowledged.
#[derive(Debug)]
pub(super) struct Complaints {
    /// Whose publisher it is.
    source: String,
    /// There is a complaint; kept apart so that every acknowledgement can ask without a lock.
    any: AtomicBool,
    last: Mutex<Option<Trouble>>,
}

impl Complaints {
    pub(super) fn new(source: &str) -> Self {
        Self { source: source.to_owned(), any: AtomicBool::new(false), last: Mutex::new(None) }
    }

    /// A client complains: told where it is news.
    pub(super) fn heard(&self, trouble: Trouble, reason: &str) {
        if self.is_news(trouble) {
            let error = format!("{}: {reason}", trouble.advice());
            ClientComplained { step: &self.source, error: &error, needs_hands: trouble.needs_a_person() }
                .emit();
        } else {
            tracing::debug!(target: "librdkafka", ?trouble, "{reason}");
        }
    }

    /// An event was acknowledged.
    pub(super) fn well(&self) {
        if self.any.load(Ordering::Relaxed) && self.any.swap(false, Ordering::Relaxed) {
            *self.last.lock().unwrap_or_else(PoisonError::into_inner) = None;
            ClientRecovered { step: &self.source }.emit();
        }
    }

    /// Whether it is another trouble than the last. What needs a person is not hidden by the outage that follows from it.
    fn is_news(&self, trouble: Trouble) -> bool {
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        let known =
            last.is_some_and(|last| last == trouble || last.needs_a_person() && !trouble.needs_a_person());
        if !known {
            *last = Some(trouble);
            self.any.store(true, Ordering::Relaxed);
        }
        !known
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_change_is_news_once() {
        let complaints = Complaints::new("shop");
        assert!(complaints.is_news(Trouble::Away));
        assert!(!complaints.is_news(Trouble::Away));
        assert!(complaints.is_news(Trouble::Login));
        assert!(!complaints.is_news(Trouble::Away), "it follows from the login");
        assert!(!complaints.is_news(Trouble::Login));
        complaints.well();
        assert!(complaints.is_news(Trouble::Away));
    }
}
