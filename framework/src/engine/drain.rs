//! Giving partitions up: on a rebalance, on a loss, at shutdown (law 8).
//!
//! What waits is left to the next owner. What runs may end and be acknowledged, then the last commit goes out with what
//! is left behind, and its result is awaited; all that up to a deadline. The other partitions go on meanwhile.

use super::{
    Engine,
    bug::{Bug, seeded},
    command::{Command, Slot, Time},
    partition::Draining,
};

/// Partitions that are given up together.
#[derive(Debug)]
pub(super) struct Batch {
    slots: Vec<Slot>,
}

/// What drains left behind whose deadline passed: what is neither settled nor confirmed is read again by the next owner.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct CutShort {
    pub(crate) partitions: usize,
    /// Records that were in a handler or not acknowledged. None: a commit was not confirmed.
    pub(crate) records: usize,
}

/// How far a shutdown is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Shutdown {
    Not,
    Asked,
    Done,
}

impl<R, F> Engine<R, F> {
    /// The group takes these partitions back: [`Command::Release`] follows with exactly these, once. Partitions that
    /// are not known are released with the others.
    pub(crate) fn revoked(&mut self, now: Time, slots: &[Slot]) {
        self.set_clock(now);
        let deadline = self.now.after(self.settings.drain_deadline);
        self.begin_drains(slots, deadline);
        self.batches.push(Batch { slots: slots.to_vec() });
        self.end_drains();
        self.start_ready();
    }

    /// These partitions belong to somebody else already: everything about them is forgotten and nothing is committed.
    /// The driver drops their handlers and unassigns them; no [`Command::Release`] names them.
    pub(crate) fn lost(&mut self, slots: &[Slot]) {
        for &slot in slots {
            if seeded(Bug::CommitAfterLoss) {
                self.commit(slot);
                self.partitions[slot.index()] = None;
                continue;
            }
            self.forget(slot);
        }
        self.leave_batches(slots);
        self.end_drains();
        self.start_ready();
    }

    /// Takes partitions out of the batches that wait for them.
    pub(super) fn leave_batches(&mut self, slots: &[Slot]) {
        self.batches.retain_mut(|batch| {
            batch.slots.retain(|slot| !slots.contains(slot));
            !batch.slots.is_empty()
        });
    }

    /// The service ends: every partition is given up, then [`Command::Stopped`] follows, once.
    pub(crate) fn shutdown(&mut self, now: Time) {
        self.set_clock(now);
        if self.shutdown != Shutdown::Not {
            return;
        }
        self.shutdown = Shutdown::Asked;
        let deadline = self.now.after(self.settings.drain_deadline);
        let slots: Vec<Slot> = self.slots().collect();
        self.begin_drains(&slots, deadline);
        self.end_drains();
    }

    /// All begin before one may be over: an idle partition must not end what comes after it.
    fn begin_drains(&mut self, slots: &[Slot], deadline: Time) {
        for &slot in slots {
            self.begin_drain(slot, deadline);
        }
        for &slot in slots {
            self.progress_drain(slot);
        }
    }

    fn begin_drain(&mut self, slot: Slot, deadline: Time) {
        let Some(partition) = self.partition_mut(slot) else { return };
        if let Some(draining) = &mut partition.draining {
            draining.deadline = draining.deadline.min(deadline);
            return;
        }
        partition.draining = Some(Draining { deadline, final_sent: false });
        let waiting = if seeded(Bug::StartWhileDraining) {
            0
        } else {
            let waiting = partition.waiting;
            partition.drop_waiting();
            waiting
        };
        if !seeded(Bug::UncountedDrop) {
            self.waiting -= waiting;
        }
        self.draining += 1;
        if !seeded(Bug::StartWhileDraining) {
            self.leave_ring(slot);
        }
        self.recount(slot);
    }

    /// Moves the drain of one partition on: last commit, result, gone.
    pub(super) fn progress_drain(&mut self, slot: Slot) {
        let Some(partition) = self.partition_mut(slot) else { return };
        let Some(draining) = partition.draining else { return };
        let missing = if seeded(Bug::ReleaseEarly) { 0 } else { partition.publishing };
        if partition.running + missing > 0 || partition.commits.is_sent() {
            return;
        }
        if partition.has_moved() || (partition.has_news() && !draining.final_sent) {
            partition.draining = Some(Draining { final_sent: true, ..draining });
            self.commit(slot);
            self.arm_commits();
        } else {
            self.forget(slot);
            self.end_drains();
        }
    }

    /// Gives up what is still there when its deadline passed.
    pub(super) fn drain_deadlines(&mut self) {
        if self.draining == 0 || seeded(Bug::DrainForever) {
            return;
        }
        let now = self.now;
        let over = |engine: &Self, slot| {
            engine
                .partition(slot)
                .and_then(|partition| partition.draining)
                .is_some_and(|drain| drain.deadline <= now)
        };
        let slots: Vec<Slot> = self.slots().filter(|&slot| over(self, slot)).collect();
        for slot in slots {
            let unsettled =
                self.partition(slot).map_or(0, |partition| partition.running + partition.publishing);
            self.cut_short.partitions += 1;
            self.cut_short.records += unsettled;
            self.forget(slot);
        }
        self.end_drains();
    }

    /// What was left behind since this was last asked.
    pub(crate) fn take_cut_short(&mut self) -> CutShort {
        std::mem::take(&mut self.cut_short)
    }

    /// When the first deadline passes.
    pub(super) fn next_deadline(&self) -> Option<Time> {
        if self.draining == 0 || seeded(Bug::DrainForever) {
            return None;
        }
        self.partitions
            .iter()
            .flatten()
            .filter_map(|partition| partition.draining)
            .map(|drain| drain.deadline)
            .min()
    }

    /// Tells the driver which drains are over.
    pub(super) fn end_drains(&mut self) {
        let mut batches = std::mem::take(&mut self.batches);
        batches.retain_mut(|batch| {
            let open =
                |&slot: &Slot| self.partition(slot).is_some_and(|partition| partition.draining.is_some());
            if batch.slots.iter().any(open) {
                return true;
            }
            self.commands.push_back(Command::Release(std::mem::take(&mut batch.slots)));
            false
        });
        self.batches = batches;
        if self.shutdown == Shutdown::Asked && self.draining == 0 && self.batches.is_empty() {
            self.shutdown = Shutdown::Done;
            self.commands.push_back(Command::Stopped);
        }
    }

    /// Forgets a partition and every wish about it that the driver has not heard yet.
    pub(super) fn forget(&mut self, slot: Slot) {
        let Some(partition) = self.partitions.get_mut(slot.index()).and_then(Option::take) else { return };
        self.running -= partition.running;
        self.waiting -= partition.waiting;
        self.draining -= usize::from(partition.draining.is_some());
        self.full -= usize::from(partition.pressure.counted_full);
        self.open -= usize::from(partition.pressure.counted_open);
        if self.settings.attempt_timeout.is_some() {
            self.limits.forget(slot, partition.ledger.running_limits());
        }
        self.leave_ring(slot);
        self.outage.forget(slot);
        self.commands.retain(|command| command.slot() != Some(slot));
    }
}
