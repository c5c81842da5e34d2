//! What is done at each tick: the cut, the deadlines, the states, and what grows old.
//!
//! A tick is done in pieces of bounded work: who shares the model is let in between two of them.

use super::kept::List;
use super::standing::Scratch;
use super::state::Model;
use super::tally::Tally;
use crate::fact::Millis;

/// How many instances of which only side steps owe are looked at in one tick.
const ASIDE_EACH_TICK: usize = 20_000;
/// How often finished instances are looked through, in milliseconds.
const AGE_EVERY_MS: Millis = 10_000;
/// What is done in one piece of a tick: as much as looking at so many events. One instance more may go over it.
pub(super) const PIECE: usize = 8_192;
/// So many instances are passed over for what looking at one event costs.
const PASSED_OVER: usize = 8;

/// How far a tick is.
#[derive(Debug)]
pub(super) struct Round {
    /// When it began.
    now: Millis,
    /// Whether all instances are looked at.
    again: bool,
    /// The instance from which on they are still to be listed.
    again_from: Option<u32>,
    /// Instances that are still to be looked at.
    pub(super) open: Vec<u32>,
    tally: Tally,
    /// How many of which only side steps owe are still to be looked at.
    aside: usize,
    /// The instance from which on old ones are looked for, where they are.
    age_from: Option<u32>,
}

impl Model {
    /// Ages out, decides stalls, counts. To be called after each round of facts, at least every two seconds; lists and
    /// counts are as of the last call.
    pub fn tick(&mut self, now: Millis) {
        while !self.tick_some(now) {}
    }

    /// Does the next piece of a tick, which takes some milliseconds at most; whether the tick is done with it. Counts are
    /// as of the last one that is done. Facts may be told between two pieces: they belong to the next tick.
    pub fn tick_some(&mut self, now: Millis) -> bool {
        let mut round = match self.round.take() {
            Some(round) => round,
            None => self.begin_round(now),
        };
        let (mut scratch, mut left) = (Scratch::default(), PIECE);
        self.look_again_at_some(&mut round, &mut left);
        self.look_at_open(&mut round, &mut scratch, &mut left);
        self.look_aside(&mut round, &mut scratch, &mut left);
        self.age_some(&mut round, &mut left);
        let is_done = left > 0;
        if is_done {
            self.tally = round.tally;
            self.forget_repeats(round.now);
        } else {
            self.round = Some(round);
        }
        is_done
    }

    /// Takes down what is proved by now, and what is to be done.
    fn begin_round(&mut self, now: Millis) -> Round {
        if let Some(cut) = self.cut.proved(&self.places) {
            for (group, place, offset, settled) in cut.commits {
                let group = self.groups.get_mut(usize::from(group));
                if let Some(commit) = group.and_then(|group| group.commits.get_mut(&place)) {
                    commit.prove(offset, settled);
                }
            }
            self.generation += 1;
        }
        self.set_deadlines();
        let ages = now.saturating_sub(self.aged_at) >= AGE_EVERY_MS;
        if ages {
            self.aged_at = now;
        }
        let again = std::mem::take(&mut self.looks_again);
        Round {
            now,
            again,
            again_from: again.then_some(0),
            open: std::mem::take(&mut self.open),
            tally: Tally::default(),
            aside: ASIDE_EACH_TICK,
            age_from: ages.then_some(0),
        }
    }

    /// Whether all instances are to be looked at by the next tick, or by the one under way.
    pub(super) fn is_to_look_again(&self) -> bool {
        self.looks_again || self.round.as_ref().is_some_and(|round| round.again)
    }

    fn look_again_at_some(&mut self, round: &mut Round, left: &mut usize) {
        while let Some(slot) = next_slot(&mut round.again_from, self.store.instances.bound(), left) {
            let list = &mut self.store.instances[slot].list;
            if matches!(list, List::Aside | List::Closed) {
                *list = List::Open;
                round.open.push(slot);
            }
        }
    }

    fn look_at_open(&mut self, round: &mut Round, scratch: &mut Scratch, left: &mut usize) {
        while *left > 0 {
            let Some(slot) = round.open.pop() else { return };
            let tally = &mut round.tally;
            let list =
                self.look_at(slot, scratch, left, |workflow, judged, left| tally.add(workflow, judged, left));
            match list {
                List::Open => self.open.push(slot),
                List::Aside => self.put_aside(slot),
                List::Closed | List::Free => {}
            }
        }
    }

    /// Looks at one instance, and takes down what it has come to.
    fn look_at(
        &mut self,
        slot: u32,
        scratch: &mut Scratch,
        left: &mut usize,
        count: impl FnOnce(u16, &super::standing::Judged, &[super::pair::Pair]),
    ) -> List {
        let work = 1 + self.store.instances[slot].events as usize;
        super::work::looks_at(work);
        *left = left.saturating_sub(work);
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
    fn look_aside(&mut self, round: &mut Round, scratch: &mut Scratch, left: &mut usize) {
        let mut next = std::mem::take(&mut self.aside_next);
        while *left > 0 && round.aside > 0 {
            round.aside -= 1;
            if self.aside_at >= self.aside.len() {
                self.aside_at = 0;
                self.aside_tally = std::mem::take(&mut next);
                round.aside = 0;
                break;
            }
            let (slot, turn) = self.aside[self.aside_at];
            if !self.is_aside(slot, turn) {
                self.aside.swap_remove(self.aside_at);
                continue;
            }
            let list =
                self.look_at(slot, scratch, left, |workflow, judged, left| next.add(workflow, judged, left));
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

    /// Finished instances go after their time.
    fn age_some(&mut self, round: &mut Round, left: &mut usize) {
        let Some(before) = round.now.checked_sub(self.settings.keep_finished_ms) else { return };
        let mut old = Vec::new();
        while let Some(slot) = next_slot(&mut round.age_from, self.store.instances.bound(), left) {
            if self.store.is_kept(slot) && self.is_old(slot, before) {
                old.push(slot);
                *left = left.saturating_sub(self.store.instances[slot].events as usize);
            }
        }
        self.forget(&old, round.now);
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

/// The next of all places of instances, below `bound`; `None` where there are no more, or too much was done.
fn next_slot(from: &mut Option<u32>, bound: u32, left: &mut usize) -> Option<u32> {
    let slot = (*from)?;
    if slot >= bound {
        *from = None;
        return None;
    }
    if *left == 0 {
        return None;
    }
    *from = Some(slot + 1);
    if (slot as usize).is_multiple_of(PASSED_OVER) {
        super::work::looks_at(1);
        *left -= 1;
    }
    Some(slot)
}
