//! What has to hold, whatever happens.

use std::fmt;

/// One promise of the engine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Invariant {
    /// Nothing is committed before it is settled.
    Settled,
    /// The committed offset of a partition never goes back.
    Monotone,
    /// Only the owner of a partition commits it, pauses it or runs its records.
    Ownership,
    /// The records of a key are handled in order, one at a time.
    Order,
    /// Handlers, waiting records and the distance from the committed offset stay within their bounds.
    Bounds,
    /// No partition waits while another is served again and again, and none keeps the whole step waiting.
    Fairness,
    /// What the metadata lists is true and fits.
    Metadata,
    /// What the last owner listed counts for the next.
    Inheritance,
    /// Each fact is handled in one major, and whoever takes over finds what nobody has handled.
    Facts,
    /// Attempts are counted one by one, never beyond the policy.
    Attempts,
    /// No attempt before its time, no time beyond the policy.
    BackOff,
    /// An outage begins and ends by the rule, spends nothing, and is probed with one record at the pace of the cap.
    Outage,
    /// One dead letter for a record that needs one, with the right reason.
    DeadLetters,
    /// What is given up is given up completely, or at the deadline; nothing new starts there.
    Drain,
    /// Everything settles and is committed once faults stop, and then the engine rests.
    Liveness,
    /// Time limits end attempts in time.
    Timeouts,
    /// The counts that operators see are the true ones.
    Status,
}

/// A promise that was broken.
#[derive(Debug)]
pub(super) struct Broken {
    pub(super) invariant: Invariant,
    pub(super) detail: String,
}

impl fmt::Display for Broken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}: {}", self.invariant, self.detail)
    }
}

/// The verdict on one thing that happened.
pub(super) type Verdict = Result<(), Broken>;

/// Breaks `invariant` unless `holds`.
pub(super) fn hold(holds: bool, invariant: Invariant, detail: impl FnOnce() -> String) -> Verdict {
    if holds { Ok(()) } else { Err(Broken { invariant, detail: detail() }) }
}
