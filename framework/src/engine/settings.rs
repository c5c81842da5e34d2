//! What a step's policy and the service's settings say to the engine.

use std::time::Duration;

/// How failed attempts are repeated: exponential back-off with full jitter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Retry {
    /// Attempts in all, the first one counted. At least 1.
    pub(crate) attempts: u32,
    /// The longest wait before the second attempt; doubled before each further one.
    pub(crate) first: Duration,
    /// The longest wait before any attempt, and the pace of probing in an outage.
    pub(crate) cap: Duration,
}

impl Default for Retry {
    fn default() -> Self {
        Self { attempts: 5, first: Duration::from_millis(100), cap: Duration::from_secs(10) }
    }
}

/// When failures count as an outage of what the step needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct OutageRule {
    /// So many attempts failed with no success between.
    pub(crate) attempts: u32,
    /// They were of at least so many keys.
    pub(crate) keys: usize,
}

impl Default for OutageRule {
    fn default() -> Self {
        Self { attempts: 20, keys: 5 }
    }
}

/// What the engine is built with. Every bound has its documented default.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Settings {
    /// Handlers at work at once, over all partitions. Default 16.
    pub(crate) concurrency: usize,
    /// Records of one partition that wait in lanes. Default 1,000.
    pub(crate) waiting_bound: usize,
    /// Records of one partition from the committed one to the last one taken. Default 100,000.
    pub(crate) distance_bound: usize,
    /// How many records later a fact's next major comes at the latest. It is written right behind; where it is missing,
    /// because a broker refused it or its emitter ended in between, the commit stays for so many records. Below half of
    /// the bound on the distance, or a partition stays full. Default 1,000.
    pub(crate) twin_patience: u64,
    /// How failed attempts are repeated.
    pub(crate) retry: Retry,
    /// How long one attempt may run. Default: without end.
    pub(crate) attempt_timeout: Option<Duration>,
    /// How often a moved offset is committed. Default 200 ms.
    pub(crate) commit_every: Duration,
    /// How often an unmoved offset is committed again while something is held back. Default 2 s.
    pub(crate) held_commit_every: Duration,
    /// How long the step takes nothing before the partitions at fault are paused. Default 1 s.
    pub(crate) pause_after: Duration,
    /// When failures count as an outage.
    pub(crate) outage: OutageRule,
    /// How long partitions that are given up may finish what runs. Default 20 s.
    pub(crate) drain_deadline: Duration,
    /// Where the jitter of the back-off starts.
    pub(crate) seed: u64,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            concurrency: 16,
            waiting_bound: 1_000,
            distance_bound: 100_000,
            twin_patience: 1_000,
            retry: Retry::default(),
            attempt_timeout: None,
            commit_every: Duration::from_millis(200),
            held_commit_every: Duration::from_secs(2),
            pause_after: Duration::from_secs(1),
            outage: OutageRule::default(),
            drain_deadline: Duration::from_secs(20),
            seed: 0,
        }
    }
}
