//! What `/ready` and the metrics may ask: counts that random schedules hold against what really happened.
#![cfg_attr(
    not(test),
    expect(dead_code, reason = "the runner keeps its own counts until the lag is a metric")
)]

use super::{
    Engine,
    command::{Slot, Time},
    drain::Shutdown,
};

/// The whole step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Status {
    /// Records in handlers.
    pub(crate) running: usize,
    /// Records in lanes, those held back included.
    pub(crate) waiting: usize,
    /// Records that wait for the time of their next attempt.
    pub(crate) held: usize,
    /// Records handed over whose acknowledgements are missing.
    pub(crate) publishing: usize,
    /// Since when the step is in outage.
    pub(crate) outage_since: Option<Time>,
    /// The producer's set-up is at fault.
    pub(crate) blocked: bool,
    /// A shutdown was asked for.
    pub(crate) stopping: bool,
}

/// One partition that is ours.
#[derive(Debug, Clone, Copy)]
pub(crate) struct PartitionStatus<'a, R> {
    /// The partition.
    pub(crate) slot: Slot,
    /// Records in lanes.
    pub(crate) waiting: usize,
    /// Records in handlers.
    pub(crate) running: usize,
    /// Records from the committed one to the last one taken.
    pub(crate) distance: usize,
    /// The offset that the broker is known to have.
    pub(crate) committed: Option<i64>,
    /// The driver was told to pause it.
    pub(crate) paused: bool,
    /// It is being given up.
    pub(crate) draining: bool,
    /// The first unsettled record: the one that holds the commit back.
    pub(crate) oldest: Option<&'a R>,
}

impl<R, F> Engine<R, F> {
    /// The whole step. Goes over the partitions.
    pub(crate) fn status(&self) -> Status {
        let sum = |count: fn(&super::partition::Partition<R>) -> usize| -> usize {
            self.partitions.iter().flatten().map(count).sum()
        };
        Status {
            running: self.running,
            waiting: self.waiting,
            held: sum(|partition| partition.held),
            publishing: sum(|partition| partition.publishing),
            outage_since: self.outage.since(),
            blocked: self.blocked,
            stopping: self.shutdown != Shutdown::Not,
        }
    }

    /// Every partition that is ours.
    pub(crate) fn partition_statuses(&self) -> impl Iterator<Item = PartitionStatus<'_, R>> {
        let ours = self.partitions.iter().enumerate();
        ours.filter_map(|(index, partition)| Some((index, partition.as_ref()?))).map(|(index, partition)| {
            PartitionStatus {
                slot: Slot(index as u32),
                waiting: partition.waiting,
                running: partition.running,
                distance: partition.distance(),
                committed: partition.commits.done(),
                paused: partition.pressure.paused,
                draining: partition.draining.is_some(),
                oldest: partition.ledger.oldest().and_then(|entry| entry.record.as_ref()),
            }
        })
    }
}
