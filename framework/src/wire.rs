//! What stands on the wire, for programs that look on: names of headers and topics, and what a commit says.
//!
//! A step needs none of this. An observer, a tool for dead letters or a dashboard reads the same topics and
//! committed offsets as the steps write; here is how to read them.
//!
//! ```
//! use choreograph::wire::{Progress, header, namespaced};
//!
//! assert_eq!(header::CE_CORRELATIONID, "ce_correlationid");
//! assert_eq!(namespaced(Some("staging"), "payment.charge.dlq"), "staging.payment.charge.dlq");
//!
//! // What the group committed beside offset 10: record 10 failed twice and waits, 12 to 14 are settled, and 7 was so
//! // lately with its third attempt.
//! let progress = Progress::read("cg1 t=1000000 h=0.2.400.1000.f s=2.3 r=7.3.500.100", 10).unwrap();
//! assert_eq!((progress.repeated[0].offset, progress.repeated[0].attempts), (7, 3));
//! assert_eq!((progress.held[0].offset, progress.held[0].attempts), (10, 2));
//! assert_eq!(progress.settled, [12..=14]);
//! ```

use std::ops::RangeInclusive;

use choreograph_contracts::EventVersion;

use crate::engine::{HeldFor, Left, Reason, read_metadata};
use crate::envelope::workflow;
pub use crate::envelope::workflow::MAX_HOPS;
pub use crate::envelope::{names as header, retried::Retried};

/// The topic of operators' actions on dead letters, without the namespace: one record an action, whose key is the
/// dead letter's id and whose headers say all that a program needs. It is kept for ever: a dead letter without a record
/// here is open.
pub const AUDIT_TOPIC: &str = "choreograph.audit";
/// What the name of a step's dead-letter topic ends in, behind the name of its group.
pub const DEAD_LETTER_SUFFIX: &str = ".dlq";
/// What the name of a step's retry topic ends in, behind the name of its group.
pub const RETRY_SUFFIX: &str = ".retry";

/// Every reason for which a step sets a record aside, as [`header::DLQ_REASON`] says it.
pub const DEAD_LETTER_REASONS: [&str; 10] = [
    Reason::Undecodable.as_str(),
    Reason::ContractViolation.as_str(),
    Reason::UnknownEvent.as_str(),
    Reason::UnsupportedVersion.as_str(),
    Reason::EmitViolation.as_str(),
    Reason::Unreadable.as_str(),
    Reason::HopLimit.as_str(),
    Reason::Rejected.as_str(),
    Reason::RetriesExhausted.as_str(),
    Reason::Panic.as_str(),
];

/// What an operator did with a dead letter, as [`header::AUDIT_ACTION`] says it.
pub mod action {
    /// Replayed as it was.
    pub const REPLAYED: &str = "replayed";
    /// Replayed with another value.
    pub const EDITED: &str = "edited";
    /// Given up.
    pub const DISCARDED: &str = "discarded";
    /// No action: the record holds a part of the value before an edit, which [`header::AUDIT_PART`](super::header::AUDIT_PART)
    /// numbers.
    pub const VALUE: &str = "value";
}

/// The name of a topic or group in an environment: `namespace.name`, or `name` alone where there is no namespace.
pub fn namespaced(namespace: Option<&str>, name: &str) -> String {
    match namespace {
        Some(namespace) => format!("{namespace}.{name}"),
        None => name.to_owned(),
    }
}

/// The JSON behind the frame that Confluent's serializers write: a byte 0 and the four bytes of the contract's number.
/// `None` where there is no such frame. Steps read both forms.
///
/// ```
/// use choreograph::wire::unframed;
///
/// assert_eq!(unframed(b"\0\0\0\x01\x02{}"), Some(&b"{}"[..]));
/// assert_eq!(unframed(b"{\"a\":1}"), None);
/// ```
pub fn unframed(value: &[u8]) -> Option<&[u8]> {
    let (frame, json) = value.split_first_chunk::<5>()?;
    (frame[0] == 0).then_some(json)
}

/// The header `wf` of a record that is written again after a wait: what `workflow` says, keys unknown here too, and
/// that its next handling begins a new trace, linked to the old one. A malformed header, and one that would become longer
/// than it may be, stays as it is.
///
/// ```
/// let again = choreograph::wire::after_a_wait("name=order;started=1;hops=2;tenant=7");
/// assert_eq!(again, "name=order;started=1;hops=2;tenant=7;trace=link");
/// ```
pub fn after_a_wait(workflow: &str) -> String {
    if workflow::Parsed::read(workflow).is_none() {
        return workflow.to_owned();
    }
    let is_trace = |pair: &&str| pair.split_once('=').is_some_and(|(key, _)| key == "trace");
    let kept: Vec<&str> = workflow.split(';').filter(|pair| !is_trace(pair)).collect();
    let linked = format!("{};trace=link", kept.join(";"));
    if linked.len() <= workflow::MAX_BYTES { linked } else { workflow.to_owned() }
}

/// Whether a record is a fact that another record says in a later major: what somebody counts who counts facts. `event_type`
/// is its header `ce_type`, `workflow` its header `wf`.
///
/// A fact that is written in several majors is one record each, the oldest major first, on one topic: same key, same
/// correlation, same causation, and `majors=1,2` in `wf` of each. Each has an id of its own, which never changes; what a step emits
/// names as its cause the one that the step handled. A step handles one of them and settles the others.
///
/// ```
/// use choreograph::wire::is_older_twin;
///
/// let workflow = "name=order;started=1;hops=2;majors=1,2";
/// assert!(is_older_twin("payment.confirmed.v1", workflow));
/// assert!(!is_older_twin("payment.confirmed.v2", workflow));
/// assert!(!is_older_twin("payment.confirmed.v1", "name=order;started=1;hops=2"));
/// ```
pub fn is_older_twin(event_type: &str, workflow: &str) -> bool {
    let Ok(version) = EventVersion::parse(event_type) else { return false };
    let majors = workflow::Workflow::parse(workflow).and_then(|workflow| workflow.majors().max());
    majors.is_some_and(|highest| version.major() < highest)
}

/// What a step's commit of an offset says beside it (its metadata).
///
/// It is evidence and no more: what is listed is true, what is not listed may be so too.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Progress {
    /// Offsets at or above the committed one that are settled, ascending and apart.
    pub settled: Vec<RangeInclusive<i64>>,
    /// Records that are held back, ascending.
    pub held: Vec<Held>,
    /// Records on either side of the committed offset that were settled after more than one attempt, ascending: each is
    /// told of for 10 s, at most 128 at a time and as many as fit.
    pub repeated: Vec<Repeated>,
}

/// A record that was settled after more than one attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Repeated {
    /// Its offset.
    pub offset: i64,
    /// The attempts that it took.
    pub attempts: u32,
    /// When its first attempt failed, in milliseconds since the Unix epoch.
    pub first_failed_at: u64,
    /// When it was settled, in milliseconds since the Unix epoch.
    pub settled_at: u64,
}

/// A record that waits for its next attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Held {
    /// Its offset.
    pub offset: i64,
    /// The attempts it has spent.
    pub attempts: u32,
    /// When the next attempt is due, in milliseconds since the Unix epoch.
    pub due: u64,
    /// When its first attempt failed, in milliseconds since the Unix epoch.
    pub first_failed_at: u64,
    /// Whether the step is in outage; else the record's last attempt failed.
    pub outage: bool,
}

impl Progress {
    /// Reads the metadata committed beside `offset`; `None` where it is absent, somebody else's, or malformed.
    pub fn read(metadata: &str, offset: i64) -> Option<Self> {
        read_metadata(metadata, offset).map(Self::from)
    }
}

impl From<Left> for Progress {
    fn from(left: Left) -> Self {
        let held = left.held.iter().map(|&(offset, trouble)| Held {
            offset,
            attempts: trouble.spent,
            due: trouble.due.0,
            first_failed_at: trouble.first_failed_at.0,
            outage: matches!(trouble.reason, HeldFor::Outage),
        });
        let repeated = left.repeated.iter().map(|it| Repeated {
            offset: it.offset,
            attempts: it.attempts,
            first_failed_at: it.first_failed_at.0,
            settled_at: it.settled_at.0,
        });
        Self {
            settled: left.settled.iter().map(|&(first, last)| first..=last).collect(),
            held: held.collect(),
            repeated: repeated.collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Workflow;

    #[test]
    fn a_record_written_again_asks_for_a_link_once() {
        let once = after_a_wait("name=o;trace=link;started=1;hops=3;majors=1,2;x=y");
        assert_eq!(once, "name=o;started=1;hops=3;majors=1,2;x=y;trace=link");
        assert_eq!(after_a_wait(&once), once);
        let read = Workflow::parse(&once).expect("well-formed");
        assert!((read.trace_link(), read.hops()) == (true, 3));
    }

    #[test]
    fn never_longer_than_the_header_may_be() {
        let full = format!("name=o;hops=9;x={}", "y".repeat(workflow::MAX_BYTES - 16));
        assert_eq!((after_a_wait(&full), after_a_wait("garbage")), (full, "garbage".to_owned()));
    }
}
