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
//! // What the group committed beside offset 10: record 10 failed twice and waits, 12 to 14 are settled.
//! let progress = Progress::read("cg1 t=1000000 h=0.2.400.1000.f s=2.3", 10).unwrap();
//! assert_eq!((progress.held[0].offset, progress.held[0].attempts), (10, 2));
//! assert_eq!(progress.settled, [12..=14]);
//! ```

use std::ops::RangeInclusive;

use crate::engine::{HeldFor, Left, read_metadata};
pub use crate::envelope::names as header;

/// The name of a topic or group in an environment: `namespace.name`, or `name` alone where there is no namespace.
pub fn namespaced(namespace: Option<&str>, name: &str) -> String {
    match namespace {
        Some(namespace) => format!("{namespace}.{name}"),
        None => name.to_owned(),
    }
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
        Self {
            settled: left.settled.iter().map(|&(first, last)| first..=last).collect(),
            held: held.collect(),
        }
    }
}
