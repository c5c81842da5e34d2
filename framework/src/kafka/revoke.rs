//! Giving partitions up: in peace, or at once.

use super::context::StepConsumer;
use super::partition::{Partition, list};
use crate::engine::Slot;
use rdkafka::consumer::Consumer;

/// Partitions that the group wants back. librdkafka waits for the answer, and the group with it.
#[derive(Debug)]
pub(super) struct Leaving {
    pub(super) partitions: Vec<Partition>,
    /// Those of them that the runner has not released yet.
    waiting: Vec<Slot>,
    pub(super) slots: Vec<Slot>,
    /// When they go whatever the runner says, on the steady clock.
    deadline: u64,
}

/// How leaving stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Leave {
    /// The runner still has work with them.
    Waiting,
    /// Everything is settled and committed.
    Settled,
    /// They are somebody else's already, or may be any moment.
    Forced,
}

impl Leaving {
    /// Begins to leave `partitions`; `slots` are theirs, in any order.
    pub(super) fn begin(partitions: Vec<Partition>, slots: Vec<Slot>, deadline: u64) -> Self {
        Self { partitions, waiting: slots.clone(), slots, deadline }
    }

    /// The runner released some.
    pub(super) fn released(&mut self, slots: &[Slot]) {
        self.waiting.retain(|slot| !slots.contains(slot));
    }

    /// How leaving stands; `lost` says that the group has given them away.
    pub(super) fn stands(&self, now: u64, lost: bool) -> Leave {
        if self.waiting.is_empty() {
            Leave::Settled
        } else if lost || now >= self.deadline {
            Leave::Forced
        } else {
            Leave::Waiting
        }
    }
}

/// Gives the group its answer: `partitions` are no longer ours.
pub(super) fn give_up(consumer: &StepConsumer, partitions: &[Partition]) {
    let list = list(partitions);
    let answered = consumer.incremental_unassign(&list);
    drop(list);
    if let Err(error) = answered {
        tracing::warn!(?partitions, %error, "the group refused that partitions are given up");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn leaving_ends_in_peace_when_all_are_released_and_by_force_when_late_or_lost() {
        let mut leaving = Leaving::begin(Vec::new(), vec![Slot(1), Slot(4)], 100);
        leaving.released(&[Slot(4), Slot(9)]);
        assert_eq!(leaving.stands(99, false), Leave::Waiting);
        assert_eq!(leaving.stands(99, true), Leave::Forced);
        assert_eq!(leaving.stands(100, false), Leave::Forced);
        leaving.released(&[Slot(1)]);
        assert_eq!(leaving.stands(100, true), Leave::Settled);
    }
}
