//! What stands beside a step: how it is run.

use std::time::{Duration, SystemTime};

use crate::step::Retry;

/// Records of one step in a handler at once, unless said otherwise.
const DEFAULT_CONCURRENCY: usize = 64;

/// The most records of one step in a handler at once.
const MAX_CONCURRENCY: usize = 10_000;

/// How long one attempt may take, unless said otherwise.
const DEFAULT_TIMEOUT: Duration = Duration::from_mins(1);

/// The longest deadline or timeout.
const MAX_DURATION: Duration = Duration::from_hours(24 * 365);

/// Where a consumer group without commits begins to read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum StartFrom {
    /// At the log's start: a new step sees history. The default.
    #[default]
    Earliest,
    /// At the log's end: only what comes after the step was first run. A partition that is added later is read from its
    /// start. A topic that a step reads only since a new version of it begins at its end too; while instances of the
    /// version before are still there, a partition of it that moves before it is first committed may be read from its start.
    Latest,
    /// At the first record from this time on.
    At(SystemTime),
}

/// How a step is run.
#[derive(Debug, Clone)]
pub(crate) struct Policy {
    /// The deadline it declares: how soon its consequence is expected. Observed, never enforced.
    pub(crate) within: Option<Duration>,
    /// How a transient failure is tried again.
    pub(crate) retry: Retry,
    /// Records in a handler at once.
    pub(crate) concurrency: usize,
    /// How long one attempt may take before it counts as failed.
    pub(crate) timeout: Duration,
    /// Where a group without commits begins.
    pub(crate) from: StartFrom,
}

impl Default for Policy {
    fn default() -> Self {
        Self {
            within: None,
            retry: Retry::default(),
            concurrency: DEFAULT_CONCURRENCY,
            timeout: DEFAULT_TIMEOUT,
            from: StartFrom::default(),
        }
    }
}

impl Policy {
    /// The longest that one record can block its key: every attempt up to its timeout, and every wait between.
    pub(crate) fn longest_block(&self) -> Duration {
        self.timeout.saturating_mul(self.retry.attempts()).saturating_add(self.retry.longest_waits())
    }

    /// What is wrong with the values, in words, as (what, problem).
    pub(crate) fn problems(&self) -> Vec<(&'static str, String)> {
        let mut problems = Vec::new();
        if let Some(problem) = self.retry.problem() {
            problems.push(("retry", problem));
        }
        if !(1..=MAX_CONCURRENCY).contains(&self.concurrency) {
            let problem = format!("{}, but 1 to {MAX_CONCURRENCY} is legal", self.concurrency);
            problems.push(("concurrency", problem));
        }
        if let Some(problem) = self.within.and_then(duration_problem) {
            problems.push(("within", problem));
        }
        if let Some(problem) = duration_problem(self.timeout) {
            problems.push(("timeout", problem));
        }
        problems
    }
}

fn duration_problem(duration: Duration) -> Option<String> {
    let legal = Duration::from_millis(1)..=MAX_DURATION;
    (!legal.contains(&duration)).then(|| format!("{duration:?}, but 1 ms to 365 days is legal"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_blocked_by_attempts_and_waits() {
        let policy = Policy { timeout: Duration::from_secs(2), ..Policy::default() };
        assert_eq!(policy.longest_block(), Duration::from_millis(11_500));
    }

    #[test]
    fn every_value_has_its_range() {
        assert!(Policy::default().problems().is_empty());
        let wrong = Policy {
            within: Some(Duration::ZERO),
            retry: Retry::exponential(0),
            concurrency: 0,
            timeout: Duration::MAX,
            from: StartFrom::Earliest,
        };
        let what: Vec<&str> = wrong.problems().iter().map(|(what, _)| *what).collect();
        assert_eq!(what, ["retry", "concurrency", "within", "timeout"]);
    }
}
