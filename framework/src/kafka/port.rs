//! What the runner asks of Kafka. None of it waits.

use rdkafka::consumer::Consumer;

use super::behind::Behind;
use super::commit::{Commit, Commits};
use super::context::StepConsumer;
use super::marks::Progress;
use super::partition::{Partition, Slots, list};
use super::record::{KafkaRecord, Spent};
use super::sender::Sender;
use crate::clock::{self, Wall};
use crate::engine::{Slot, Time};
use crate::runner::port::{Outgoing, Port, PublishError, Tag};
use crate::runner::shelf::Shelf;

/// One partition that is ours.
#[derive(Debug)]
pub(super) struct Seat {
    pub(super) progress: Progress,
    /// The runner wants nothing from it for now.
    paused: bool,
    /// It is being given up: what still comes from it is the next owner's.
    pub(super) leaving: bool,
    /// How far the group's commit is behind.
    pub(super) behind: Behind,
    /// A commit which the driver itself owes, and has not been told the success of.
    pub(super) commit_first: Option<i64>,
    /// What the group had before any commit of ours.
    pub(super) before: Option<i64>,
}

impl Seat {
    /// A partition read from `offset` on, of which the group has committed `before`.
    pub(super) fn at(offset: i64, commit_first: Option<i64>, before: Option<i64>) -> Self {
        let progress = Progress::at(offset);
        let behind = Behind::at(offset, clock::wall_ms());
        Self { progress, paused: false, leaving: false, behind, commit_first, before }
    }
}

/// A step's Kafka, as its runner sees it.
pub(crate) struct KafkaPort<'c> {
    consumer: &'c StepConsumer,
    pub(super) sender: Sender,
    pub(super) slots: Slots,
    /// By slot; `None` where the partition is not ours.
    seats: Vec<Option<Seat>>,
    pub(super) commits: Commits,
    /// What the runner has given up since the loop last looked.
    pub(super) released: Vec<Slot>,
    /// The wall clock's last reading, and the time on the steady clock for which it was read. A reading is 50 ns, and
    /// a record would need three: it begins when the one before it ended.
    wall: Option<(Time, Wall)>,
    /// The loop stopped reading everything, whatever the runner wants of single partitions.
    all_stopped: bool,
    shelf: Shelf,
    /// Memory for the next record.
    pub(super) spent: Option<Spent>,
}

impl<'c> KafkaPort<'c> {
    /// A port that owns no partition yet.
    pub(super) fn new(consumer: &'c StepConsumer, sender: Sender) -> Self {
        Self {
            consumer,
            sender,
            slots: Slots::default(),
            seats: Vec::new(),
            commits: Commits::default(),
            released: Vec::new(),
            wall: None,
            all_stopped: false,
            shelf: Shelf::default(),
            spent: None,
        }
    }

    /// The partition's seat, if it is ours.
    pub(super) fn seat(&mut self, slot: Slot) -> Option<&mut Seat> {
        self.seats.get_mut(slot.0 as usize)?.as_mut()
    }

    /// Takes a partition. `None` gives it up.
    pub(super) fn set_seat(&mut self, slot: Slot, seat: Option<Seat>) {
        let index = slot.0 as usize;
        if self.seats.len() <= index {
            self.seats.resize_with(index + 1, || None);
        }
        if seat.is_none() {
            self.commits.forget(slot);
        }
        self.seats[index] = seat;
    }

    /// The partitions that are ours.
    pub(super) fn held(&self) -> Vec<(Slot, Partition)> {
        let slots =
            self.seats.iter().zip(0..).filter(|(seat, _)| seat.is_some()).map(|(_, index)| Slot(index));
        slots.map(|slot| (slot, self.slots.partition(slot).clone())).collect()
    }

    /// The partitions that are ours, with their seats.
    pub(super) fn seats(&mut self) -> impl Iterator<Item = (Slot, &mut Seat)> {
        self.seats.iter_mut().zip(0..).filter_map(|(seat, index)| Some((Slot(index), seat.as_mut()?)))
    }

    /// Stops reading everything, so that polling serves callbacks alone.
    pub(super) fn stop_all(&mut self) {
        if !std::mem::replace(&mut self.all_stopped, true) {
            self.switch(&self.unpaused(), false);
        }
    }

    /// Reads again what [`stop_all`](Self::stop_all) stopped.
    pub(super) fn resume_all(&mut self) {
        if std::mem::replace(&mut self.all_stopped, false) {
            self.switch(&self.unpaused(), true);
        }
    }

    /// Makes a partition's seat be as it says, read: librdkafka remembers a pause beyond the assignment in which it was
    /// made, and the runner knows nothing of one in its first.
    pub(super) fn forget_pauses(&self, slots: impl IntoIterator<Item = Slot>) {
        let partitions: Vec<Partition> =
            slots.into_iter().map(|slot| self.slots.partition(slot).clone()).collect();
        self.switch(&partitions, true);
    }

    /// Keeps a partition that was just assigned as still as the others.
    pub(super) fn settle_in(&mut self, slot: Slot) {
        if self.all_stopped {
            self.switch(std::slice::from_ref(self.slots.partition(slot)), false);
        }
    }

    /// The partitions which the runner reads.
    fn unpaused(&self) -> Vec<Partition> {
        let read =
            self.seats.iter().zip(0..).filter(|(seat, _)| seat.as_ref().is_some_and(|seat| !seat.paused));
        read.map(|(_, index)| self.slots.partition(Slot(index)).clone()).collect()
    }

    /// Reads partitions, or stops reading them. What is no longer ours is refused, and that is no matter.
    fn switch(&self, partitions: &[Partition], read: bool) {
        if partitions.is_empty() {
            return;
        }
        let list = list(partitions);
        let switched = if read { self.consumer.resume(&list) } else { self.consumer.pause(&list) };
        drop(list);
        if let Err(error) = switched {
            tracing::debug!(?partitions, read, %error, "partitions could not be paused or resumed");
        }
    }
}

impl std::fmt::Debug for KafkaPort<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("KafkaPort")
            .field("sender", &self.sender)
            .field("seats", &self.seats)
            .finish_non_exhaustive()
    }
}

impl Port for KafkaPort<'_> {
    type Record = KafkaRecord;

    fn publish(&mut self, record: &Outgoing<'_>, tag: Tag) -> Result<(), PublishError> {
        let now = self.wall.map_or(0, |(_, wall)| wall.ms());
        self.sender.send(record, tag, now)
    }

    fn pause(&mut self, slot: Slot) {
        if let Some(seat) = self.seat(slot) {
            seat.paused = true;
            self.switch(std::slice::from_ref(self.slots.partition(slot)), false);
        }
    }

    fn resume(&mut self, slot: Slot) {
        let all_stopped = self.all_stopped;
        if let Some(seat) = self.seat(slot) {
            seat.paused = false;
            if !all_stopped {
                self.switch(std::slice::from_ref(self.slots.partition(slot)), true);
            }
        }
    }

    fn commit(&mut self, slot: Slot, offset: i64, metadata: Option<String>) {
        if let Some(seat) = self.seat(slot) {
            // The runner's commit lies at or above the one that the driver owes.
            seat.commit_first = None;
            self.commits.add(Commit { slot, offset, metadata });
        }
    }

    fn release(&mut self, slots: &[Slot]) {
        self.released.extend_from_slice(slots);
    }

    fn shelve(&mut self, record: &mut KafkaRecord) {
        if let Some(spent) = record.shelve(&mut self.shelf) {
            self.spent = Some(spent);
        }
    }

    fn wall(&mut self, now: Time) -> Wall {
        match self.wall {
            Some((at, wall)) if at == now => wall,
            _ => self.read_wall(now),
        }
    }

    fn read_wall(&mut self, now: Time) -> Wall {
        let wall = clock::wall();
        self.wall = Some((now, wall));
        self.sender.hand_over_older(wall.ms());
        wall
    }
}
