//! Whether the step takes records, and which partitions are paused (law 2).

use super::{
    Engine,
    bug::{Bug, seeded},
    command::{Command, Slot, Time},
    drain::Shutdown,
};

impl<R, F> Engine<R, F> {
    /// Whether the driver may read records now.
    ///
    /// `false` while a partition is full, in an outage, while blocked, and from a shutdown on. Except for the
    /// shutdown that lasts no longer than `pause_after`: then [`Command::Pause`] has stopped whatever may not be
    /// taken, and the driver reads again, be it to hear of rebalances only.
    pub(crate) fn wants_records(&self) -> bool {
        if self.shutdown != Shutdown::Not {
            return false;
        }
        if self.closed_since.is_some() { self.open == 0 } else { self.full == 0 }
    }

    /// The producer's set-up is at fault (no topic, no right): nothing is taken and nothing starts. What runs may end.
    pub(crate) fn block(&mut self, now: Time) {
        self.set_clock(now);
        self.blocked = true;
        self.look_at_gate();
    }

    /// Whether it is [`block`](Self::block)ed.
    pub(crate) fn is_blocked(&self) -> bool {
        self.blocked
    }

    /// The set-up is mended.
    pub(crate) fn unblock(&mut self, now: Time) {
        self.set_clock(now);
        self.blocked = false;
        self.look_at_gate();
        self.start_ready();
    }

    /// Looks whether the step takes anything at all.
    pub(super) fn look_at_gate(&mut self) {
        let closed = self.blocked || (self.outage.since().is_some() && !self.outage.hungry);
        if closed == self.closed_since.is_some() {
            return;
        }
        self.closed_since = closed.then_some(self.now);
        self.look_at_all();
    }

    /// A probe is due: a record that waits starts, or the step takes records until it has one.
    pub(super) fn look_for_probe(&mut self) {
        if !self.outage.hungry && self.waiting == 0 && self.shutdown == Shutdown::Not {
            self.outage.hungry = true;
            self.look_at_gate();
        }
    }

    /// There is a record to probe with.
    pub(super) fn sate(&mut self) {
        if self.outage.hungry {
            self.outage.hungry = false;
            self.look_at_gate();
        }
    }

    /// Looks at every partition, and when to look again.
    pub(super) fn look_at_all(&mut self) {
        self.pause_at = None;
        for slot in self.slots() {
            self.look_at(slot);
        }
    }

    /// Looks at the bounds of one partition, and whether it has to be paused or resumed.
    pub(super) fn look_at(&mut self, slot: Slot) {
        let (now, closed) = (self.now, self.closed_since);
        let pause_after = self.settings.pause_after;
        let Some(partition) = self.partitions.get_mut(slot.index()).and_then(Option::as_mut) else { return };
        if partition.draining.is_some() {
            return;
        }
        partition.look(now, &self.settings);
        let since = [partition.pressure.full_since, closed].into_iter().flatten().min();
        let pressure = &mut partition.pressure;
        match since {
            None if pressure.paused && !seeded(Bug::NeverResume) => {
                pressure.paused = false;
                self.commands.push_back(Command::Resume(slot));
            }
            Some(since) if !pressure.paused && !seeded(Bug::NeverPause) => {
                let due = since.after(pause_after);
                if due <= now {
                    pressure.paused = true;
                    self.commands.push_back(Command::Pause(slot));
                } else {
                    self.pause_at = Some(self.pause_at.map_or(due, |at: Time| at.min(due)));
                }
            }
            _ => {}
        }
        let hurry = partition.distance() >= self.settings.distance_bound
            && !partition.commits.is_sent()
            && partition.has_moved();
        self.recount(slot);
        if hurry {
            // Only a commit makes room.
            self.commit(slot);
        }
    }

    /// Keeps the two counts that answer [`wants_records`](Self::wants_records).
    pub(super) fn recount(&mut self, slot: Slot) {
        let Some(partition) = self.partitions.get_mut(slot.index()).and_then(Option::as_mut) else { return };
        let pressure = &mut partition.pressure;
        let open = !pressure.paused && partition.draining.is_none();
        let full = open && pressure.is_full();
        self.open = self.open + usize::from(open) - usize::from(pressure.counted_open);
        self.full = self.full + usize::from(full) - usize::from(pressure.counted_full);
        pressure.counted_open = open;
        pressure.counted_full = full;
    }
}
