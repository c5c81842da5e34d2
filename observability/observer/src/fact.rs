//! What the observer is told: facts from Kafka, each as it was read.
//!
//! A driver reads topics and groups and hands over facts; the model takes them in and has neither I/O nor a clock.
//! Names of topics, groups and types are without the namespace, as manifests write them.

use std::ops::RangeInclusive;
use std::sync::Arc;

/// Milliseconds since the Unix epoch.
pub type Millis = u64;

/// One record of a topic: its place and its headers, never its value.
#[derive(Debug, Clone)]
pub struct Record<'a> {
    /// The topic, without the namespace.
    pub topic: &'a str,
    /// The partition.
    pub partition: i32,
    /// The offset.
    pub offset: i64,
    /// The record's timestamp; `None` where the broker has none.
    pub timestamp: Option<Millis>,
    /// The record's key.
    pub key: Option<&'a [u8]>,
    /// The headers, in their order, a name possibly more than once: the last one counts. Hostile input.
    pub headers: Headers<'a>,
    /// The bytes of the value, for counting only.
    pub value_bytes: usize,
    /// Whether there is no value: a tombstone, of which nothing is owed.
    pub tombstone: bool,
}

/// Headers as they stand on a record; a name or value that is no UTF-8 is left out by who reads them.
pub type Headers<'a> = &'a [(&'a str, &'a str)];

/// The ends of all partitions at one moment, the base of a consistent cut.
///
/// Committed offsets that were fetched before `at` are proof of absence only once everything below these ends was read.
/// So all partitions of all topics must be in it, and fetching must begin after the last [`Groups`] that were handed
/// over were complete; ends of which some are missing must not be handed over.
#[derive(Debug, Clone)]
pub struct Ends {
    /// When fetching them began.
    pub at: Millis,
    /// When it was last asked which partitions there are: what lies in one that was made since is not read yet.
    pub partitions_at: Millis,
    /// Every partition of every topic that is there.
    pub partitions: Vec<PartitionEnds>,
}

/// The log of one partition.
#[derive(Debug, Clone)]
pub struct PartitionEnds {
    /// The topic, without the namespace.
    pub topic: Arc<str>,
    /// The partition.
    pub partition: i32,
    /// The offset of the oldest record that is still there.
    pub start: i64,
    /// The offset that the next record will have: the high watermark, records of open transactions included. What
    /// lies behind an open transaction cannot be read yet, and calling it missing would be wrong; the last stable
    /// offset would do just that.
    pub end: i64,
}

/// What one group committed for one partition.
#[derive(Debug, Clone)]
pub struct Committed {
    /// The group, without the namespace.
    pub group: Arc<str>,
    /// The topic, without the namespace.
    pub topic: Arc<str>,
    /// The partition.
    pub partition: i32,
    /// The committed offset; `None` where the group never committed.
    pub offset: Option<i64>,
    /// What was committed beside it; `None` where that is absent, somebody else's or malformed.
    pub progress: Option<Progress>,
}

/// What a step's commit of an offset says beside it: evidence and no more. What is listed is true, what is not listed
/// may be so too.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Progress {
    /// Offsets at or above the committed one that are settled, ascending and apart.
    pub settled: Vec<RangeInclusive<i64>>,
    /// Records that are held back, ascending.
    pub held: Vec<Held>,
    /// Records on either side of the committed offset that were settled after more than one attempt lately.
    pub repeated: Vec<Repeated>,
}

/// A record that was settled after more than one attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Repeated {
    /// Its offset.
    pub offset: i64,
    /// The attempts that it took.
    pub attempts: u32,
    /// When its first attempt failed.
    pub first_failed_at: Millis,
    /// When it was settled.
    pub settled_at: Millis,
}

/// A record that waits for its next attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Held {
    /// Its offset.
    pub offset: i64,
    /// The attempts it has spent.
    pub attempts: u32,
    /// When the next attempt is due.
    pub due: Millis,
    /// When its first attempt failed.
    pub first_failed_at: Millis,
    /// Whether the step is in outage: what it needs is away. Else the record's own last attempt failed.
    pub outage: bool,
}

/// All that was fetched about groups at one moment.
#[derive(Debug, Clone)]
pub struct Groups {
    /// When fetching began: everything said here was true at this moment or later.
    pub at: Millis,
    /// The committed offsets.
    pub committed: Vec<Committed>,
    /// The state of each group that was asked about.
    pub states: Vec<(Arc<str>, GroupState)>,
}

/// The state of a consumer group.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum GroupState {
    /// It has members and all partitions are dealt out.
    Stable,
    /// It is dealing its partitions out.
    Rebalancing,
    /// It has no member.
    Empty,
    /// The broker does not know it.
    Dead,
    /// The broker does not tell.
    Unknown,
}
