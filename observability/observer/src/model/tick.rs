//! What is done at each tick: the cut, the deadlines, the states, and what grows old.

use super::kept::List;
use super::standing::Scratch;
use super::state::Model;
use crate::fact::Millis;

/// How many instances of which only side steps owe are looked at in one tick.
const ASIDE_EACH_TICK: usize = 20_000;
/// How often finished instances are looked through, in milliseconds.
const AGE_EVERY_MS: Millis = 10_000;

impl Model {
    /// Ages out, decides stalls, counts. To be called after each round of facts, at least every two seconds; lists and
    /// counts are as of the last call.
    pub fn tick(&mut self, now: Millis) {
        if let Some(round) = self.cut.proved(&self.places) {
            for (group, place, offset, settled) in round.commits {
                let group = self.groups.get_mut(usize::from(group));
                if let Some(commit) = group.and_then(|group| group.commits.get_mut(&place)) {
                    commit.prove(offset, settled);
                }
            }
            self.generation += 1;
        }
        self.set_deadlines();
        let mut scratch = Scratch::default();
        self.look_at_open(&mut scratch);
        self.looks_again = false;
        self.look_aside(&mut scratch);
        self.forget_repeats(now);
        if now.saturating_sub(self.aged_at) >= AGE_EVERY_MS {
            self.aged_at = now;
            self.age_out(now);
        }
    }

    fn look_at_open(&mut self, scratch: &mut Scratch) {
        let mut open = std::mem::take(&mut self.open);
        let mut tally = std::mem::take(&mut self.tally);
        tally.clear();
        open.retain(|&slot| {
            let list =
                self.look_at(slot, scratch, |workflow, judged, left| tally.add(workflow, judged, left));
            if list == List::Aside {
                self.put_aside(slot);
            }
            list == List::Open
        });
        self.open = open;
        self.tally = tally;
    }

    /// Looks at one instance, and takes down what it has come to.
    fn look_at(
        &mut self,
        slot: u32,
        scratch: &mut Scratch,
        count: impl FnOnce(u16, &super::standing::Judged, &[super::pair::Pair]),
    ) -> List {
        self.find_repeats(slot);
        let judged = self.judge(slot, scratch);
        let standing = judged.standing();
        let instance = &self.store.instances[slot];
        let (workflow, before) =
            (instance.workflow, (instance.finished, instance.standing, instance.settled));
        let finished = judged.finished.unwrap_or(instance.finished);
        let moved = self.store.seats(slot) != scratch.seats;
        if moved || before != (finished, standing, judged.list) {
            self.store.before_change(slot);
        }
        let instance = &mut self.store.instances[slot];
        instance.finished = finished;
        (instance.list, instance.settled) = (judged.list, judged.list);
        if instance.standing != standing {
            self.generation += 1;
            self.store.set_standing(slot, standing);
        }
        if moved {
            self.generation += 1;
            self.store.set_seats(slot, &scratch.seats);
        }
        count(workflow, &judged, &scratch.left);
        judged.list
    }

    /// Instances of which only side steps owe are looked at in turns; their counts are those of the last whole turn.
    fn look_aside(&mut self, scratch: &mut Scratch) {
        let mut next = std::mem::take(&mut self.aside_next);
        for _ in 0..ASIDE_EACH_TICK {
            if self.aside_at >= self.aside.len() {
                self.aside_at = 0;
                self.aside_tally = std::mem::take(&mut next);
                break;
            }
            let (slot, turn) = self.aside[self.aside_at];
            if !self.is_aside(slot, turn) {
                self.aside.swap_remove(self.aside_at);
                continue;
            }
            let list = self.look_at(slot, scratch, |workflow, judged, left| next.add(workflow, judged, left));
            match list {
                List::Aside => self.aside_at += 1,
                List::Open => {
                    self.aside.swap_remove(self.aside_at);
                    self.open.push(slot);
                }
                List::Closed | List::Free => _ = self.aside.swap_remove(self.aside_at),
            }
        }
        self.aside_next = next;
    }

    pub(super) fn put_aside(&mut self, slot: u32) {
        let instance = &mut self.store.instances[slot];
        instance.turn = instance.turn.wrapping_add(1);
        self.aside.push((slot, instance.turn));
    }

    fn is_aside(&self, slot: u32, turn: u32) -> bool {
        let instance = &self.store.instances[slot];
        instance.list == List::Aside && instance.turn == turn
    }
}
