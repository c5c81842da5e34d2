//! Which record starts next, and what becomes of a run.
//!
//! Partitions with records that may start stand in a ring. Whoever has its share of the handlers running already lets
//! the others go first, so that neither a hot key nor a slow partition starves its neighbours.

use super::{
    Engine,
    bug::{Bug, seeded},
    command::{Command, Finish, Reason, Slot, Ticket, Time},
    ledger::{LAST, State},
    retry::{HeldFor, Trouble},
};

impl<R, F> Engine<R, F> {
    /// A run of `ticket` ended. [`Finish::Done`] frees its key; the ledger waits for the acknowledgements.
    pub(crate) fn finished(&mut self, now: Time, ticket: Ticket, finish: Finish<F>) {
        self.set_clock(now);
        let limited = self.settings.attempt_timeout.is_some();
        let Some(partition) = self.live(ticket) else { return };
        let Some(entry) = partition.ledger.get_mut(ticket.seq) else { return };
        if entry.state != State::Running {
            return;
        }
        let (limit, dead, key) = (entry.limit, entry.dead, entry.keyed.then_some(entry.lane));
        partition.running -= 1;
        self.running -= 1;
        if limited {
            self.limits.finish(limit);
        }
        match finish {
            Finish::Done { publishes } => {
                let ended = self.outage.succeeded();
                if ended {
                    self.commands.push_back(Command::Outage(None));
                }
                self.hand_over(ticket, publishes);
                if ended {
                    self.look_at_gate();
                }
            }
            Finish::Failed(_) | Finish::Unavailable(_) if dead => self.hand_over(ticket, 0),
            Finish::Failed(failure) => self.failed(ticket, key, failure, false),
            Finish::Unavailable(failure) => self.failed(ticket, key, failure, true),
            Finish::DeadLetter(reason, failure) => {
                self.outage.set_aside(ticket);
                if !dead {
                    self.dead_letter(ticket, reason, failure);
                }
                self.hand_over(ticket, 0);
            }
        }
        self.start_ready();
        self.after_progress(ticket.slot);
    }

    /// The broker has one publish of `ticket`: an emit or its dead letter.
    pub(crate) fn acknowledged(&mut self, now: Time, ticket: Ticket) {
        self.set_clock(now);
        let Some(partition) = self.live(ticket) else { return };
        let Some(entry) = partition.ledger.get_mut(ticket.seq) else { return };
        entry.missing -= 1;
        if entry.state == State::Publishing && entry.missing <= 0 {
            partition.publishing -= 1;
            self.settle(ticket);
            self.after_progress(ticket.slot);
        }
    }

    /// The broker refused one publish of `ticket` for that publish's own sake: the record becomes the dead letter
    /// `emit_violation`, once.
    pub(crate) fn refused(&mut self, now: Time, ticket: Ticket, failure: F) {
        self.set_clock(now);
        let Some(partition) = self.live(ticket) else { return };
        let Some(entry) = partition.ledger.get_mut(ticket.seq) else { return };
        let known = matches!(entry.state, State::Running | State::Publishing);
        if known && (!entry.dead || seeded(Bug::DoubleDeadLetter)) && !seeded(Bug::SwallowRefusal) {
            self.dead_letter(ticket, Reason::EmitViolation, failure);
        }
        self.acknowledged(now, ticket);
    }

    /// Lets a record into a handler, or to the place where it waits for one.
    pub(super) fn may_start(&mut self, slot: Slot, seq: u64) {
        let now = self.now;
        let idle = self.ring.is_empty() && self.has_room();
        let Some(partition) = self.partition_mut(slot) else { return };
        let epoch = partition.epoch;
        let Some(entry) = partition.ledger.get_mut(seq) else { return };
        if entry.troubled
            && let Some(trouble) = partition.troubles.get(&seq)
            && trouble.due > now
            && !seeded(Bug::NoBackOff)
        {
            let due = trouble.due;
            entry.state = State::Held;
            partition.held += 1;
            self.alarms.set(due, Ticket { slot, epoch, seq });
            return;
        }
        entry.state = State::Waiting;
        if idle {
            self.start(slot, seq);
            return;
        }
        partition.ready.push_back(seq);
        if !partition.in_ring {
            partition.in_ring = true;
            self.ring.push_back(slot);
        }
    }

    /// Starts what may start.
    pub(super) fn start_ready(&mut self) {
        while !self.ring.is_empty() && self.has_room() {
            let Some((slot, seq)) = self.pick() else { return };
            self.start(slot, seq);
        }
    }

    fn has_room(&self) -> bool {
        (self.running < self.settings.concurrency || seeded(Bug::IgnoreConcurrency))
            && !self.blocked
            && self.outage.lets_start(self.now)
    }

    /// The next record in turn. While there is room, one of the partitions in the ring has less than its share: their
    /// shares sum up to the concurrency at least.
    fn pick(&mut self) -> Option<(Slot, u64)> {
        let share = self.settings.concurrency.div_ceil(self.ring.len().max(1));
        for _ in 1..self.ring.len() {
            let slot = *self.ring.front()?;
            if seeded(Bug::Greedy) || self.partition(slot).is_some_and(|partition| partition.running < share)
            {
                break;
            }
            self.ring.rotate_left(1);
        }
        let slot = self.ring.pop_front()?;
        let partition = self.partition_mut(slot)?;
        let seq = partition.ready.pop_front();
        partition.in_ring = !partition.ready.is_empty();
        if partition.in_ring {
            if seeded(Bug::Greedy) {
                self.ring.push_front(slot);
            } else {
                self.ring.push_back(slot);
            }
        }
        Some((slot, seq?))
    }

    fn start(&mut self, slot: Slot, seq: u64) {
        let ends = self.settings.attempt_timeout.map(|timeout| self.now.after(timeout));
        let Some(partition) = self.partitions.get_mut(slot.index()).and_then(Option::as_mut) else { return };
        let ticket = Ticket { slot, epoch: partition.epoch, seq };
        let Some(entry) = partition.ledger.get_mut(seq) else { return };
        entry.state = State::Running;
        if let Some(ends) = ends {
            entry.limit = self.limits.start(ticket, ends);
        }
        let spent =
            if entry.troubled { partition.troubles.get(&seq).map_or(0, |trouble| trouble.spent) } else { 0 };
        partition.waiting -= 1;
        partition.running += 1;
        self.waiting -= 1;
        self.running += 1;
        let full = partition.pressure.is_full();
        self.outage.started(ticket);
        self.commands.push_back(Command::Run { ticket, attempt: spent + 1 });
        if full {
            self.look_at(slot);
        }
        self.sate();
    }

    fn failed(&mut self, ticket: Ticket, key: Option<u64>, failure: F, said: bool) {
        let now = self.now;
        let mut failure = Some(failure);
        if self.outage.failed(now, ticket, key, said) {
            self.commands.push_back(Command::Outage(failure.take()));
            self.look_at_gate();
        }
        let outage = self.outage.since().is_some();
        let attempts = self.settings.retry.attempts.max(1) + u32::from(seeded(Bug::OneAttemptMore));
        let before = self.trouble(ticket);
        let mut spent = before.map_or(0, |trouble| trouble.spent);
        let first_failed_at = before.map_or(now, |trouble| trouble.first_failed_at);
        let (due, reason) = if outage {
            spent = (spent + u32::from(seeded(Bug::SpendInOutage))).min(attempts - 1);
            (self.outage.probe_at(), HeldFor::Outage)
        } else {
            spent += 1;
            (now.after(self.jitter.wait(self.settings.retry.longest(spent))), HeldFor::Failure)
        };
        self.set_trouble(ticket, Trouble { spent, due, first_failed_at, reason });
        // In an outage nothing is spent, and the outage alone is told.
        if let Some(failure) = failure.filter(|_| !outage) {
            if spent >= attempts {
                self.dead_letter(ticket, Reason::RetriesExhausted, failure);
                self.hand_over(ticket, 0);
                return;
            }
            if seeded(Bug::TellOfFailed)
                && let Some(partition) = self.live(ticket)
            {
                partition.tell_of(now, ticket.seq, &Trouble { spent, due, first_failed_at, reason });
            }
            self.commands.push_back(Command::Retrying { ticket, attempt: spent + 1, due, failure });
        }
        self.hold_back(ticket, outage);
        self.arm_commits();
    }

    /// A record with a failed attempt waits for the next, or is left to the next owner.
    fn hold_back(&mut self, ticket: Ticket, outage: bool) {
        let Ticket { slot, seq, .. } = ticket;
        let Some(partition) = self.partition_mut(slot) else { return };
        let draining = partition.draining.is_some();
        let Some(entry) = partition.ledger.get_mut(seq) else { return };
        if draining {
            entry.state = State::Dropped;
            entry.record = None;
            return;
        }
        entry.state = State::Waiting;
        partition.waiting += 1;
        self.waiting += 1;
        if seeded(Bug::FreeLaneOnFailure) {
            self.free_lane(ticket);
        }
        if outage {
            // The outage decides when it starts, not its own alarm.
            self.stand_in_ring(slot, seq);
        } else {
            self.may_start(slot, seq);
        }
        self.look_at(slot);
    }

    fn stand_in_ring(&mut self, slot: Slot, seq: u64) {
        let Some(partition) = self.partition_mut(slot) else { return };
        partition.ready.push_back(seq);
        if !partition.in_ring {
            partition.in_ring = true;
            self.ring.push_back(slot);
        }
    }

    /// Records whose next attempt is due may start.
    pub(super) fn ring_alarms(&mut self) {
        while let Some((due, ticket)) = self.alarms.rung(self.now) {
            let Some(partition) = self.live(ticket) else { continue };
            let is_due = partition.troubles.get(&ticket.seq).is_some_and(|trouble| trouble.due == due);
            let held = partition.ledger.get(ticket.seq).is_some_and(|entry| entry.state == State::Held);
            if is_due && held && !(seeded(Bug::LoseWakeUp) && ticket.seq % 5 == 0) {
                partition.held -= 1;
                self.may_start(ticket.slot, ticket.seq);
            }
        }
    }

    /// Attempts that took too long are told to the driver, which then says that they failed.
    pub(super) fn end_attempts(&mut self) {
        while let Some(ticket) = self.limits.over(self.now) {
            if !seeded(Bug::UnlimitedAttempts) {
                self.commands.push_back(Command::TimedOut(ticket));
            }
        }
    }

    fn dead_letter(&mut self, ticket: Ticket, reason: Reason, failure: F) {
        let spent = self.trouble(ticket).map_or(0, |trouble| trouble.spent);
        let attempt = if reason == Reason::RetriesExhausted { spent } else { spent + 1 };
        let Some(entry) = self.live(ticket).and_then(|partition| partition.ledger.get_mut(ticket.seq)) else {
            return;
        };
        entry.dead = true;
        if !seeded(Bug::SettleBeforeDeadLetter) {
            entry.missing += 1;
        }
        self.commands.push_back(Command::DeadLetter { ticket, reason, failure, attempt });
    }

    /// Everything a record publishes was handed to the producer: its key goes on, the ledger waits.
    fn hand_over(&mut self, ticket: Ticket, publishes: u32) {
        let Some(partition) = self.live(ticket) else { return };
        let Some(entry) = partition.ledger.get_mut(ticket.seq) else { return };
        entry.missing = entry.missing.saturating_add_unsigned(publishes);
        let early = seeded(Bug::SettleBeforeAcknowledged) && !entry.dead;
        let settled = entry.missing <= 0 || early;
        if !settled {
            entry.state = State::Publishing;
            partition.publishing += 1;
        }
        self.free_lane(ticket);
        if settled {
            self.settle(ticket);
        }
    }

    fn free_lane(&mut self, ticket: Ticket) {
        let Some(partition) = self.live(ticket) else { return };
        let Some(entry) = partition.ledger.get(ticket.seq) else { return };
        if !entry.keyed || partition.draining.is_some() {
            return;
        }
        let (lane, next) = (entry.lane, entry.next);
        if next == LAST {
            partition.lanes.close(lane);
        } else {
            self.may_start(ticket.slot, ticket.seq + u64::from(next));
        }
    }
}
