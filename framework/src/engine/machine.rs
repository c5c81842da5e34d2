//! The engine's state, and what its parts share.

use std::collections::VecDeque;

use super::{
    bug::{Bug, seeded},
    command::{Command, Slot, Ticket, Time},
    drain::{Batch, CutShort, Shutdown},
    ledger::Ledger,
    limits::Limits,
    metadata::{self, Recalled},
    outage::Outage,
    partition::Partition,
    retry::{Alarms, Jitter, Trouble},
    settings::Settings,
};

/// The decisions of one step. See the [module](super).
///
/// `R` is a record, kept from taken to settled; `F` is what a failure carries, opaque here.
#[derive(Debug)]
pub(crate) struct Engine<R, F> {
    pub(super) settings: Settings,
    /// The latest time that was said.
    pub(super) now: Time,
    /// By slot; `None` while the partition is not ours.
    pub(super) partitions: Vec<Option<Partition<R>>>,
    /// The last epoch given to an assignment.
    epoch: u32,
    /// Partitions with records that may start, in turn.
    pub(super) ring: VecDeque<Slot>,
    /// What the driver has not been told yet. Bounded by what one call can cause; the driver empties it each turn.
    pub(super) commands: VecDeque<Command<F>>,
    pub(super) alarms: Alarms,
    pub(super) limits: Limits,
    pub(super) outage: Outage,
    pub(super) jitter: Jitter,
    /// The producer's set-up is at fault.
    pub(super) blocked: bool,
    /// Since when nothing may be taken at all.
    pub(super) closed_since: Option<Time>,
    /// When to look which partitions have to be paused.
    pub(super) pause_at: Option<Time>,
    /// When to look what there is to commit.
    pub(super) commit_at: Option<Time>,
    pub(super) batches: Vec<Batch>,
    pub(super) shutdown: Shutdown,
    /// What drains left behind that the driver was not told of.
    pub(super) cut_short: CutShort,
    /// Records in handlers.
    pub(super) running: usize,
    /// Records in lanes.
    pub(super) waiting: usize,
    /// Partitions that are being given up.
    pub(super) draining: usize,
    /// Partitions that are full and not paused.
    pub(super) full: usize,
    /// Partitions that are not paused.
    pub(super) open: usize,
}

impl<R, F> Engine<R, F> {
    /// An engine that owns no partition yet.
    pub(crate) fn new(settings: Settings) -> Self {
        let outage = Outage::new(settings.outage, settings.retry.cap);
        let jitter = Jitter::new(settings.seed);
        Self {
            settings,
            now: Time(0),
            partitions: Vec::new(),
            epoch: 0,
            ring: VecDeque::new(),
            commands: VecDeque::new(),
            alarms: Alarms::default(),
            limits: Limits::new(),
            outage,
            jitter,
            blocked: false,
            closed_since: None,
            pause_at: None,
            commit_at: None,
            batches: Vec::new(),
            shutdown: Shutdown::Not,
            cut_short: CutShort::default(),
            running: 0,
            waiting: 0,
            draining: 0,
            full: 0,
            open: 0,
        }
    }

    /// The partition is ours from here on, and is read from `committed`, or from where the driver starts a group
    /// without commits. `metadata` is what stood beside the commit.
    ///
    /// A partition that was ours already begins anew: what was known about it is forgotten, as by
    /// [`lost`](Self::lost). During a shutdown nothing is accepted.
    pub(crate) fn assigned(&mut self, now: Time, slot: Slot, committed: Option<i64>, metadata: Option<&str>) {
        self.set_clock(now);
        self.forget(slot);
        self.leave_batches(&[slot]);
        self.end_drains();
        if self.shutdown != Shutdown::Not {
            return;
        }
        if self.partitions.len() <= slot.index() {
            self.partitions.resize_with(slot.index() + 1, || None);
        }
        self.epoch = self.epoch.wrapping_add(1);
        let ledger = Ledger::new(committed, self.settings.twin_patience);
        let left = committed.zip(metadata).and_then(|(base, text)| metadata::read(text, base));
        self.partitions[slot.index()] = Some(Partition::new(self.now, self.epoch, ledger, left));
        self.look_at(slot);
    }

    /// A record was read. `lane` is the hash of its key; without one it has a lane of its own.
    ///
    /// Answers whether the engine has it from here on. It refuses a record of a partition that is not ours or is
    /// being given up (the next owner reads it), and one that is not behind everything taken before: then the log was
    /// cut or made anew, and the driver calls [`lost`](Self::lost) and [`assigned`](Self::assigned) with no commit.
    pub(crate) fn take(&mut self, now: Time, slot: Slot, offset: i64, lane: Option<u64>, record: R) -> bool {
        self.set_clock(now);
        let settings = &self.settings;
        let Some(partition) = self.partitions.get_mut(slot.index()).and_then(Option::as_mut) else {
            return false;
        };
        if partition.draining.is_some() || !partition.ledger.accepts(offset) {
            return false;
        }
        let recalled = partition.recall(offset);
        if recalled == Recalled::Settled {
            return self.skip(now, slot, offset);
        }
        let seq = partition.ledger.take(offset, lane, record);
        partition.waiting += 1;
        self.waiting += 1;
        let before = lane.and_then(|lane| partition.lanes.enter(lane, seq));
        let looks =
            partition.waiting >= settings.waiting_bound || partition.distance() >= settings.distance_bound;
        if let Recalled::Trouble(trouble) = recalled {
            self.inherit(slot, seq, trouble);
        }
        match before {
            Some(before) => self.chain(slot, before, seq),
            None => self.may_start(slot, seq),
        }
        if looks {
            self.look_at(slot);
        }
        self.sate();
        if self.commit_at.is_none() {
            self.arm_commits();
        }
        true
    }

    /// A record was read that is not for this step: it is settled at once. Answers as [`take`](Self::take) does.
    pub(crate) fn skip(&mut self, now: Time, slot: Slot, offset: i64) -> bool {
        self.pass_over(now, slot, offset, |ledger, _| ledger.skip(offset))
    }

    /// A record was read whose fact was read before, in the major that this step takes. It is settled at once, and listed
    /// by no commit: to a version of the step that takes this major it is what counts. Answers as [`take`](Self::take).
    pub(crate) fn pass(&mut self, now: Time, slot: Slot, offset: i64) -> bool {
        self.pass_over(now, slot, offset, |ledger, recalled| {
            if recalled == Recalled::Settled { ledger.skip(offset) } else { ledger.pass(offset) }
        })
    }

    /// A record was read whose fact comes in another major, the one that this step takes. It is settled with that one,
    /// which [`tie`](Self::tie) names, lest a version of the step that takes this major finds it settled while the other
    /// is not; and it is listed by no commit. Answers as [`take`](Self::take).
    pub(crate) fn await_twin(&mut self, now: Time, slot: Slot, offset: i64, fact: u64) -> bool {
        self.pass_over(now, slot, offset, |ledger, recalled| {
            if recalled == Recalled::Settled { ledger.skip(offset) } else { ledger.await_twin(offset, fact) }
        })
    }

    /// The record taken last says `fact`, in the major that this step takes.
    pub(crate) fn tie(&mut self, slot: Slot, fact: u64) {
        if let Some(partition) = self.partition_mut(slot) {
            partition.ledger.tie(fact);
        }
    }

    /// A record was read that is not handled: `enter` says to the ledger what becomes of it.
    fn pass_over(
        &mut self,
        now: Time,
        slot: Slot,
        offset: i64,
        enter: impl FnOnce(&mut Ledger<R>, Recalled),
    ) -> bool {
        self.set_clock(now);
        let Some(partition) = self.partitions.get_mut(slot.index()).and_then(Option::as_mut) else {
            return false;
        };
        if partition.draining.is_some() || !partition.ledger.accepts(offset) {
            return false;
        }
        let recalled = partition.recall(offset);
        enter(&mut partition.ledger, recalled);
        if partition.distance() >= self.settings.distance_bound {
            self.look_at(slot);
        }
        if self.commit_at.is_none() {
            self.arm_commits();
        }
        true
    }

    /// What the last owner knew about a record counts on, as far as it is possible here.
    fn inherit(&mut self, slot: Slot, seq: u64, trouble: Trouble) {
        let latest = self.now.after(self.settings.retry.cap);
        let most = self.settings.retry.attempts.saturating_sub(1);
        let trouble = Trouble { spent: trouble.spent.min(most), due: trouble.due.min(latest), ..trouble };
        let Some(epoch) = self.partition(slot).map(|partition| partition.epoch) else { return };
        self.set_trouble(Ticket { slot, epoch, seq }, trouble);
    }

    /// Puts record `seq` behind `before` in their lane.
    fn chain(&mut self, slot: Slot, before: u64, seq: u64) {
        let Some(entry) = self.partition_mut(slot).and_then(|partition| partition.ledger.get_mut(before))
        else {
            return;
        };
        // Both are in the ledger, which the bound on the distance keeps far below 4 billion records.
        entry.next = (seq - before) as u32;
    }

    /// What the driver is to do next.
    pub(crate) fn next_command(&mut self) -> Option<Command<F>> {
        self.commands.pop_front()
    }

    /// Time passed: whatever became due is decided. Cheap when nothing did.
    pub(crate) fn tick(&mut self, now: Time) {
        self.set_clock(now);
        let now = self.now;
        let due = |time: Option<Time>| time.is_some_and(|time| time <= now);
        if due(self.alarms.next()) {
            self.ring_alarms();
        }
        if due(self.limits.next()) {
            self.end_attempts();
        }
        if due(self.pause_at) {
            self.look_at_all();
        }
        if self.outage.awaits_probe() && self.outage.probe_at() <= now {
            self.look_for_probe();
        }
        if due(self.commit_at) {
            self.commit_all();
        }
        self.drain_deadlines();
        self.start_ready();
    }

    /// When [`tick`](Self::tick) has to be called at the latest; `None` while nothing waits for time.
    pub(crate) fn next_wake(&self) -> Option<Time> {
        let probe = self.outage.probe_at();
        // Once a probe is due, only the lack of records is a reason to look again: all else is told.
        let waits = self.outage.awaits_probe()
            && !self.outage.hungry
            && !self.blocked
            && self.shutdown == Shutdown::Not
            && (probe > self.now || self.waiting == 0);
        let probe = waits.then_some(probe);
        [self.alarms.next(), self.limits.next(), self.pause_at, self.commit_at, probe, self.next_deadline()]
            .into_iter()
            .flatten()
            .min()
    }

    /// The record of `ticket`, until it is settled or its partition is given up.
    pub(crate) fn record(&self, ticket: Ticket) -> Option<&R> {
        let partition = self.partition(ticket.slot).filter(|partition| partition.epoch == ticket.epoch)?;
        partition.ledger.get(ticket.seq)?.record.as_ref()
    }

    /// The same, to be changed.
    pub(crate) fn record_mut(&mut self, ticket: Ticket) -> Option<&mut R> {
        self.live(ticket)?.ledger.get_mut(ticket.seq)?.record.as_mut()
    }

    /// The first record of a partition that was taken and is not settled.
    pub(crate) fn oldest(&self, slot: Slot) -> Option<&R> {
        self.partition(slot)?.ledger.oldest()?.record.as_ref()
    }

    /// When the first attempt at this record failed, also at a former owner; `None` while none has.
    pub(crate) fn first_failed_at(&self, ticket: Ticket) -> Option<Time> {
        self.trouble(ticket).map(|trouble| trouble.first_failed_at)
    }

    /// Which attempt at this record is under way, and when the first one failed, also at a former owner; `None` for the
    /// first attempt.
    pub(crate) fn retried(&self, ticket: Ticket) -> Option<(u32, Time)> {
        let trouble = self.trouble(ticket).filter(|trouble| trouble.spent > 0)?;
        Some((trouble.spent + 1, trouble.first_failed_at))
    }

    pub(super) fn set_clock(&mut self, now: Time) {
        self.now = self.now.max(now);
    }

    pub(super) fn partition(&self, slot: Slot) -> Option<&Partition<R>> {
        self.partitions.get(slot.index())?.as_ref()
    }

    pub(super) fn partition_mut(&mut self, slot: Slot) -> Option<&mut Partition<R>> {
        self.partitions.get_mut(slot.index())?.as_mut()
    }

    /// The partition of `ticket`, if it still is the assignment that the ticket is of.
    pub(super) fn live(&mut self, ticket: Ticket) -> Option<&mut Partition<R>> {
        self.partition_mut(ticket.slot)
            .filter(|partition| partition.epoch == ticket.epoch || seeded(Bug::IgnoreEpoch))
    }

    /// The partitions that are ours.
    pub(super) fn slots(&self) -> impl Iterator<Item = Slot> + use<R, F> {
        let ours: Vec<bool> = self.partitions.iter().map(Option::is_some).collect();
        ours.into_iter().enumerate().filter(|(_, ours)| *ours).map(|(index, _)| Slot(index as u32))
    }

    pub(super) fn trouble(&self, ticket: Ticket) -> Option<Trouble> {
        let partition = self.partition(ticket.slot)?;
        (partition.epoch == ticket.epoch && partition.ledger.get(ticket.seq)?.troubled)
            .then(|| partition.troubles.get(&ticket.seq).copied())?
    }

    pub(super) fn set_trouble(&mut self, ticket: Ticket, trouble: Trouble) {
        let Some(partition) = self.live(ticket) else { return };
        let Some(entry) = partition.ledger.get_mut(ticket.seq) else { return };
        entry.troubled = true;
        partition.troubles.insert(ticket.seq, trouble);
    }

    pub(super) fn leave_ring(&mut self, slot: Slot) {
        self.ring.retain(|&other| other != slot);
        if let Some(partition) = self.partition_mut(slot) {
            partition.in_ring = false;
        }
    }
}
