//! The loop's part in who owns which partition.

use std::collections::HashSet;

use rdkafka::consumer::Consumer;

use super::super::assign::Start;
use super::super::commit::Commit;
use super::super::context::Rebalance;
use super::super::driven::Driven;
use super::super::marks::Marks;
use super::super::partition::{Partition, list_at, offsets};
use super::super::port::{KafkaPort, Seat};
use super::super::revoke::{Leave, Leaving, give_up};
use super::{ASK_AGAIN_MS, Arriving, GRACE_MS, Loop};
use crate::clock;
use crate::engine::{Slot, Time};
use crate::telemetry::events::PartitionsChanged;

impl<'c, D: Driven<KafkaPort<'c>>> Loop<'c, D> {
    pub(super) fn rebalance(&mut self, now: u64, rebalance: Rebalance) {
        self.setup.status.rebalanced();
        match rebalance {
            Rebalance::Assigned(partitions) => {
                self.setup.status.joined(true);
                let partitions =
                    partitions.into_iter().map(|partition| (self.port.slots.of(&partition), partition));
                let mut partitions: Vec<_> = partitions.collect();
                if let Some(waiting) = self.arriving.take() {
                    self.stale_start |= waiting.ask_at.is_none();
                    partitions.extend(waiting.partitions);
                }
                self.arriving = Some(Arriving { partitions, ask_at: Some(now), answered: false });
            }
            Rebalance::Revoked(partitions) => {
                let partitions = self.await_no_more(partitions);
                let slots = self.slots_of(&partitions);
                for slot in &slots {
                    if let Some(seat) = self.port.seat(*slot) {
                        seat.leaving = true;
                    }
                }
                self.driven.revoked(Time(now), &slots);
                let drain = u64::try_from(self.setup.drain.as_millis()).unwrap_or(u64::MAX);
                let deadline = now.saturating_add(drain).saturating_add(GRACE_MS);
                self.leaving = Some(Leaving::begin(partitions, slots, deadline));
            }
            Rebalance::Lost(partitions) => {
                let step = self.setup.status.step();
                PartitionsChanged { step, gained: 0, given_up: partitions.len(), lost: true }.emit();
                self.setup.status.joined(false);
                let partitions = self.await_no_more(partitions);
                let slots = self.slots_of(&partitions);
                self.driven.lost(&slots);
                self.gone(&slots, &partitions);
            }
        }
    }

    /// The group takes partitions back: those that are still waited for are so no longer. Answers the others, which
    /// librdkafka was given and has to be told to give up.
    fn await_no_more(&mut self, mut partitions: Vec<Partition>) -> Vec<Partition> {
        if let Some(mut arriving) = self.arriving.take() {
            self.stale_start |= arriving.ask_at.is_none();
            let (back, waiting): (Vec<_>, Vec<_>) =
                arriving.partitions.into_iter().partition(|(_, partition)| partitions.contains(partition));
            partitions.retain(|partition| !back.iter().any(|(_, back)| back == partition));
            arriving.partitions = waiting;
            self.arriving = Some(arriving).filter(|arriving| !arriving.partitions.is_empty());
        }
        partitions
    }

    /// The slots of those partitions that are ours.
    fn slots_of(&mut self, partitions: &[Partition]) -> Vec<Slot> {
        let slots = partitions
            .iter()
            .filter_map(|partition| self.port.slots.find(&partition.topic, partition.number));
        let slots: Vec<Slot> = slots.collect();
        slots.into_iter().filter(|slot| self.port.seat(*slot).is_some()).collect()
    }

    /// Ends what is left of partitions, and tells the group.
    fn gone(&mut self, slots: &[Slot], partitions: &[Partition]) {
        for slot in slots {
            self.port.set_seat(*slot, None);
            self.setup.status.gone(self.port.slots.partition(*slot));
        }
        self.held.forget(&self.port.slots, slots);
        give_up(self.consumer, partitions);
    }

    /// Goes on leaving what the group wants back.
    pub(super) fn leave(&mut self, now: u64) {
        let released = std::mem::take(&mut self.port.released);
        let Some(leaving) = &mut self.leaving else { return };
        leaving.released(&released);
        let stands = leaving.stands(now, self.consumer.assignment_lost());
        if stands == Leave::Waiting {
            return;
        }
        self.flush_commits(now);
        if let Some(leaving) = self.leaving.take() {
            if stands == Leave::Forced {
                tracing::warn!(partitions = ?leaving.partitions, "partitions left with work unsettled");
                self.driven.lost(&leaving.slots);
            }
            let given_up = leaving.partitions.len();
            PartitionsChanged { step: self.setup.status.step(), gained: 0, given_up, lost: false }.emit();
            self.gone(&leaving.slots, &leaving.partitions);
        }
    }

    /// Begins to read what the group assigned, as far as it is known where.
    pub(super) fn arrive(&mut self, now: u64, starts: &[Start]) {
        let Some(mut arriving) = self.arriving.take() else { return };
        arriving.partitions.retain(|(slot, _)| !starts.iter().any(|start| start.slot == *slot));
        let answered = std::mem::replace(&mut arriving.answered, true);
        if !arriving.partitions.is_empty() {
            arriving.ask_at = Some(now + ASK_AGAIN_MS);
            self.arriving = Some(arriving);
        }
        if starts.is_empty() && answered {
            return;
        }
        for start in starts {
            if let Some(range) = &start.lost {
                self.setup.status.lost(&start.partition, range);
            }
            if start.beyond {
                tracing::error!(
                    workflow_step = self.setup.status.step(), partition = %start.partition, from = start.offset,
                    "the group's commit lies beyond the log's end: the topic was made anew or cut; reading all of it",
                );
            }
            let commit_first = start.committed.filter(|_| start.commit_first);
            self.port.set_seat(start.slot, Some(Seat::at(start.offset, commit_first, start.before)));
            self.driven.assigned(Time(now), start.slot, start.committed, start.metadata.as_deref());
            if let Some(offset) = commit_first {
                self.port.commits.add(Commit { slot: start.slot, offset, metadata: None });
            }
        }
        self.port.forget_pauses(starts.iter().map(|start| start.slot));
        let list = list_at(starts.iter().map(|start| (&start.partition, start.offset)));
        let assigned = self.consumer.incremental_assign(&list);
        drop(list);
        if let Err(error) = assigned {
            tracing::warn!(%error, "the group refused that partitions are taken");
        }
        for start in starts {
            self.port.settle_in(start.slot);
        }
        PartitionsChanged { step: self.setup.status.step(), gained: starts.len(), given_up: 0, lost: false }
            .emit();
    }

    /// Tells of partitions of which no broker knew anything, twice in a row.
    pub(super) fn miss(&mut self, marks: &[Marks]) {
        let known: HashSet<Slot> = marks.iter().map(|marks| marks.slot).collect();
        let waiting = self.arriving.iter().filter(|arriving| arriving.answered);
        let waiting = waiting.flat_map(|arriving| &arriving.partitions).map(|(slot, _)| *slot);
        let mine = self.port.held().into_iter().map(|(slot, _)| slot).chain(waiting);
        let silent: HashSet<Slot> = mine.filter(|slot| !known.contains(slot)).collect();
        let mut told: Vec<String> = silent
            .intersection(&self.silent)
            .map(|slot| self.port.slots.partition(*slot).to_string())
            .collect();
        told.sort_unstable();
        self.setup.status.silent(told);
        self.silent = silent;
    }

    /// Notes how far the client has come beyond the records that it brought, in logs with these marks. Where a record was
    /// brought and not taken, that says nothing.
    pub(super) fn pass(&mut self, marks: &[Marks]) {
        if self.give_up_at.is_some() {
            return;
        }
        let reached = match self.consumer.position() {
            Ok(reached) => offsets(&reached),
            Err(error) => return tracing::debug!(%error, "the client does not say how far it has come"),
        };
        for marks in marks {
            let partition = self.port.slots.partition(marks.slot);
            let Some(reached) = reached.get(partition) else { continue };
            if self.held.has(partition) {
                continue;
            }
            if let Some(seat) = self.port.seat(marks.slot).filter(|seat| !seat.leaving) {
                seat.progress.pass(*reached, marks.low);
            }
        }
    }

    /// Compares where a partition's log begins and ends with where the step stands.
    pub(super) fn compare(&mut self, marks: Marks) {
        let unsettled = self.driven.oldest(marks.slot);
        let Some(seat) = self.port.seat(marks.slot) else { return };
        let lost = seat.progress.lost(marks.low);
        let (records, age) = seat.behind.lag((&marks, &seat.progress), unsettled, clock::wall_ms());
        let partition = self.port.slots.partition(marks.slot);
        if let Some(range) = lost {
            self.setup.status.lost(partition, &range);
        }
        self.setup.status.lag(partition, records, age);
    }
}
