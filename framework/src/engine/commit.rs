//! What was committed of one partition, and what is on its way.

use std::time::Duration;

use super::command::Time;

/// How long a commit may be without a result until it counts as failed. A client tells the result sooner; this keeps
/// a lost one from stopping all commits.
pub(super) const RESULT_PATIENCE: Duration = Duration::from_mins(1);

/// A commit whose result is not known.
#[derive(Debug, Clone, Copy)]
struct Sent {
    offset: i64,
    /// The number of the first record not covered.
    front: u64,
    at: Time,
}

/// See the module. One commit is on its way at a time.
#[derive(Debug)]
pub(super) struct Commits {
    /// The offset that the broker is known to have.
    done: Option<i64>,
    /// The number of the first record not committed.
    front: u64,
    sent: Option<Sent>,
    /// When the last commit was sent.
    at: Time,
}

impl Commits {
    pub(super) fn new(now: Time, committed: Option<i64>) -> Self {
        Self { done: committed, front: 0, sent: None, at: now }
    }

    /// The offset that the broker is known to have.
    pub(super) fn done(&self) -> Option<i64> {
        self.done
    }

    /// The number of the first record not committed.
    pub(super) fn front(&self) -> u64 {
        self.front
    }

    /// When the last commit was sent.
    pub(super) fn last_sent(&self) -> Time {
        self.at
    }

    /// Whether a commit is on its way.
    pub(super) fn is_sent(&self) -> bool {
        self.sent.is_some()
    }

    /// Whether `frontier` is news to the broker.
    pub(super) fn is_behind(&self, frontier: Option<i64>) -> bool {
        frontier > self.done
    }

    /// A commit goes out that covers all records before number `front`.
    pub(super) fn send(&mut self, now: Time, offset: i64, front: u64) {
        self.sent = Some(Sent { offset, front, at: now });
        self.at = now;
    }

    /// A result arrived. Answers whether it is of the commit on its way.
    pub(super) fn result(&mut self, offset: i64, ok: bool) -> bool {
        let Some(sent) = self.sent.take_if(|sent| sent.offset == offset) else { return false };
        if ok {
            self.done = self.done.max(Some(sent.offset));
            self.front = self.front.max(sent.front);
        }
        true
    }

    /// Counts a commit as failed whose result does not come.
    pub(super) fn lose_patience(&mut self, now: Time) {
        self.sent.take_if(|sent| now >= sent.at.after(RESULT_PATIENCE));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_good_result_counts() {
        let mut commits = Commits::new(Time(0), Some(5));
        assert!(!commits.is_behind(Some(5)));
        assert!(commits.is_behind(Some(9)));
        commits.send(Time(1), 9, 4);
        assert!(!commits.result(8, true));
        assert!(commits.is_sent());
        assert!(commits.result(9, false));
        assert_eq!((commits.done(), commits.front()), (Some(5), 0));
        commits.send(Time(2), 9, 4);
        assert!(commits.result(9, true));
        assert_eq!((commits.done(), commits.front()), (Some(9), 4));
        assert!(!commits.result(9, true));
    }

    #[test]
    fn a_result_that_never_comes_is_given_up() {
        let mut commits = Commits::new(Time(0), None);
        commits.send(Time(0), 1, 1);
        commits.lose_patience(Time(59_999));
        assert!(commits.is_sent());
        commits.lose_patience(Time(60_000));
        assert!(!commits.is_sent());
    }
}
