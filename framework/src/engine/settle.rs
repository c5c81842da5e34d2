//! Settling records and committing what is settled (law 1).

use super::{
    Engine,
    command::{Command, Slot, Ticket, Time},
};

impl<R, F> Engine<R, F> {
    /// The result of a [`Command::Commit`].
    pub(crate) fn committed(&mut self, now: Time, slot: Slot, offset: i64, ok: bool) {
        self.set_clock(now);
        let Some(partition) = self.partition_mut(slot) else { return };
        if !partition.commits.result(offset, ok) {
            return;
        }
        if !ok && let Some(draining) = &mut partition.draining {
            draining.final_sent = false;
        }
        self.arm_commits();
        if ok {
            self.look_at(slot);
            self.progress_drain(slot);
        }
    }

    /// A record is done for good.
    pub(super) fn settle(&mut self, ticket: Ticket) {
        let now = self.now;
        let Some(partition) = self.live(ticket) else { return };
        partition.settle(now, ticket.seq);
        if self.commit_at.is_none() {
            self.arm_commits();
        }
    }

    /// What a run's end or an acknowledgement may make possible for its partition.
    pub(super) fn after_progress(&mut self, slot: Slot) {
        if self.draining > 0 {
            self.progress_drain(slot);
        }
        if self.partition(slot).is_some_and(|partition| partition.pressure.is_full()) {
            self.look_at(slot);
        }
    }

    /// There is something to commit, now or later.
    pub(super) fn arm_commits(&mut self) {
        if self.commit_at.is_none() {
            self.commit_at = Some(self.now.after(self.settings.commit_every));
        }
    }

    /// Commits every partition with something to say.
    pub(super) fn commit_all(&mut self) {
        self.commit_at = None;
        let now = self.now;
        let held_every = self.settings.held_commit_every;
        let mut again = false;
        for slot in self.slots() {
            let Some(partition) = self.partition_mut(slot) else { continue };
            partition.commits.lose_patience(now);
            if partition.draining.is_some() {
                self.progress_drain(slot);
                again = true;
            }
            // A drain that waits for a handler may reach its deadline: what is settled until then is said meanwhile.
            let Some(partition) = self.partition_mut(slot) else { continue };
            let (moved, news) = (partition.has_moved(), partition.has_news());
            again |= moved || news || partition.commits.is_sent();
            let repeated = news && now >= partition.commits.last_sent().after(held_every);
            if !partition.commits.is_sent() && (moved || repeated) {
                self.commit(slot);
            }
        }
        if again {
            self.arm_commits();
        }
    }

    pub(super) fn commit(&mut self, slot: Slot) {
        let now = self.now;
        let Some((offset, metadata)) = self.partition_mut(slot).and_then(|partition| partition.commit(now))
        else {
            return;
        };
        self.commands.push_back(Command::Commit { slot, offset, metadata });
    }
}
