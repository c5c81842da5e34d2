//! The words between the engine and its driver: tickets, what a run came to, and what the driver is to do.

use std::{fmt, time::Duration};

/// Milliseconds since the Unix epoch, as the driver's clock says. The engine never reads a clock.
///
/// It has to be monotone: a time before the last one given counts as the last one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub(crate) struct Time(pub(crate) u64);

impl Time {
    /// The time `wait` later.
    pub(crate) fn after(self, wait: Duration) -> Self {
        Self(self.0.saturating_add(u64::try_from(wait.as_millis()).unwrap_or(u64::MAX)))
    }
}

/// The driver's number for one (topic, partition), stable as long as the driver lives. Small: it indexes a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Slot(pub(crate) u32);

impl Slot {
    pub(super) fn index(self) -> usize {
        self.0 as usize
    }
}

/// One taken record. News about a ticket of an earlier assignment of its partition is ignored.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Ticket {
    /// The partition.
    pub(crate) slot: Slot,
    /// Which assignment of the partition, counted over the engine's life.
    pub(super) epoch: u32,
    /// Which record of the assignment, counted from 0 in the order of offsets.
    pub(super) seq: u64,
}

/// Why a record became a dead letter: the header `dlq-reason`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Reason {
    /// The value is no JSON.
    Undecodable,
    /// The value breaks its contract.
    ContractViolation,
    /// The record says no type, or none that can be read as one.
    UnknownEvent,
    /// A known type in a major version that the step cannot read.
    UnsupportedVersion,
    /// What the step emitted breaks its contract, or the broker refuses it for its own sake.
    EmitViolation,
    /// The value fits its contract and serde refuses it.
    Unreadable,
    /// The workflow went through more steps than the limit allows.
    HopLimit,
    /// The step rejected the event.
    Rejected,
    /// Every attempt failed.
    RetriesExhausted,
    /// The handler panicked.
    Panic,
}

impl Reason {
    /// The reason as the header says it.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Undecodable => "undecodable",
            Self::ContractViolation => "contract_violation",
            Self::UnknownEvent => "unknown_event",
            Self::UnsupportedVersion => "unsupported_version",
            Self::EmitViolation => "emit_violation",
            Self::Unreadable => "unreadable",
            Self::HopLimit => "hop_limit",
            Self::Rejected => "rejected",
            Self::RetriesExhausted => "retries_exhausted",
            Self::Panic => "panic",
        }
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// What a run came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Finish<F> {
    /// The handler succeeded, and its publishes were handed to the producer in order.
    Done {
        /// How many of them wait for their acknowledgement.
        publishes: u32,
    },
    /// The attempt failed and may be repeated. Nothing was published.
    Failed(F),
    /// The attempt failed because something the step needs is away. Nothing was published.
    Unavailable(F),
    /// The record cannot be handled: not now and not later. Nothing was published.
    DeadLetter(Reason, F),
}

/// What the driver is to do, in this order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Command<F> {
    /// Handle the record of `ticket`, then say [`finished`](super::Engine::finished).
    Run {
        /// The record.
        ticket: Ticket,
        /// Which attempt this is, counted from 1; the same number again after an outage.
        attempt: u32,
    },
    /// Hand the record's dead letter to the producer, then say
    /// [`acknowledged`](super::Engine::acknowledged) once when the broker has it. It never comes back as
    /// refused: what the broker refuses is sent again without its value.
    DeadLetter {
        /// The record.
        ticket: Ticket,
        /// Why.
        reason: Reason,
        /// What the failure carried.
        failure: F,
        /// The attempt that failed.
        attempt: u32,
    },
    /// The run took longer than an attempt may: drop the handler, then say `finished(Failed)`.
    TimedOut(Ticket),
    /// The attempt failed; the next one waits, here or at the partition's next owner. For logs and metrics only.
    Retrying {
        /// The record.
        ticket: Ticket,
        /// The number of the next attempt.
        attempt: u32,
        /// When it may start.
        due: Time,
        /// What the failure carried.
        failure: F,
    },
    /// Stop reading this partition. Nothing that was taken is dropped.
    Pause(Slot),
    /// Read this partition again, from the record after the last one taken.
    Resume(Slot),
    /// Commit without waiting, then say [`committed`](super::Engine::committed) with the result.
    Commit {
        /// The partition.
        slot: Slot,
        /// The next record to read.
        offset: i64,
        /// What to commit beside it.
        metadata: Option<String>,
    },
    /// Everything that a call of [`revoked`](super::Engine::revoked) asked for is done, or its deadline
    /// passed: drop what still runs of these partitions and unassign them now.
    Release(Vec<Slot>),
    /// The step went into an outage, with what the failure carried that began it, or came out of it (`None`). For logs,
    /// metrics and `/ready` only.
    Outage(Option<F>),
    /// The shutdown is done, or its deadline passed: drop what still runs, flush and leave the group.
    Stopped,
}

impl<F> Command<F> {
    /// The partition that the command is about, where it is about one.
    pub(super) fn slot(&self) -> Option<Slot> {
        match self {
            Self::Run { ticket, .. }
            | Self::DeadLetter { ticket, .. }
            | Self::Retrying { ticket, .. }
            | Self::TimedOut(ticket) => Some(ticket.slot),
            Self::Pause(slot) | Self::Resume(slot) | Self::Commit { slot, .. } => Some(*slot),
            Self::Release(_) | Self::Outage(_) | Self::Stopped => None,
        }
    }
}
