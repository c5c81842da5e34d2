//! What an instance has come to.

use std::collections::BTreeMap;

use super::declared::TypeDecl;
use super::kept::{Kept, List, NO_REASON, Standing};
use super::pair::{At, Effects, Pair, goes_on};
use super::seats::{Seat, seats_of};
use super::state::Model;
use crate::answer::{InstanceState, StallReason};
use crate::fact::Millis;

/// Room that is used again from one instance to the next.
#[derive(Debug, Default)]
pub(super) struct Scratch {
    effects: Effects,
    /// The pairs that are not done.
    pub(super) left: Vec<Pair>,
    /// At which steps it is.
    pub(super) seats: Vec<Seat>,
}

/// What an instance has come to, and why.
#[derive(Debug, Clone)]
pub(super) struct Judged {
    pub(super) state: InstanceState,
    pub(super) reason: Option<StallReason>,
    /// The pair that decides: the one in trouble, the one that swallowed the event, else the oldest that is owed.
    pub(super) decides: Option<Pair>,
    /// Of a lost instance the other pairs of which nothing came, those that may be to blame first.
    pub(super) beside: Vec<Pair>,
    /// So many of these, the first, are as much to blame as the one that decides.
    pub(super) to_blame: usize,
    /// When its terminal event was emitted.
    pub(super) finished: Option<Millis>,
    /// Whether all that was written before its newest record was read.
    pub(super) whole: bool,
    /// An event after which it may go on, that no declared step consumes.
    pub(super) hanging: Option<u32>,
    /// Events of which only side steps owe something.
    pub(super) side: usize,
    pub(super) list: List,
}

impl Judged {
    pub(super) fn standing(&self) -> Standing {
        let attempts = self.decides.map_or(0, |pair| pair.attempts);
        Standing {
            state: self.state.number(),
            reason: self.reason.map_or(NO_REASON, StallReason::number),
            step: self.decides.map_or(0, |pair| pair.step),
            attempts: u16::try_from(attempts).unwrap_or(u16::MAX),
        }
    }
}

/// What the events of an instance say together.
#[derive(Default)]
struct Sum {
    finished: Option<Millis>,
    dead: Option<Pair>,
    stalled: Option<Pair>,
    owing: Option<Pair>,
    discarded: Option<Pair>,
    /// Everything that is done and of which nothing came that leads to an end.
    swallowed: Vec<Pair>,
    /// Since when each step did so.
    swallowing: BTreeMap<u16, Millis>,
    /// What a swallowed event caused may lie where nothing is read, or was taken by retention before it was read.
    lost_sight: bool,
    hanging: Option<u32>,
    side: usize,
}

fn older(best: &mut Option<Pair>, pair: Pair) {
    if best.is_none_or(|best| pair.since < best.since) {
        *best = Some(pair);
    }
}

impl Model {
    /// Judges an instance by all that is known.
    pub(super) fn judge(&self, slot: u32, scratch: &mut Scratch) -> Judged {
        let instance = &self.store.instances[slot];
        let mut sum = Sum::default();
        let Scratch { effects, left, seats } = scratch;
        left.clear();
        self.effects(slot, effects);
        for number in self.store.rows_of(slot) {
            let row = &self.store.rows[number];
            let decl = self.declared.event_type(row.event_type);
            if decl.is_some_and(|decl| decl.terminal) {
                sum.finished = Some(sum.finished.map_or(row.since, |at: Millis| at.min(row.since)));
            } else if decl.is_none_or(TypeDecl::is_hanging) {
                sum.hanging = Some(number);
            }
            self.pairs(instance, number, effects, |pair| {
                self.sum_up(&mut sum, &pair, effects);
                if pair.at != At::Done && pair.at != At::NotOwed {
                    left.push(pair);
                }
            });
        }
        // What was lost of the oldest alone counts: of a later one no more was.
        sum.lost_sight |=
            sum.swallowing.iter().any(|(step, since)| self.may_have_lost_effects(*step, *since));
        let judged = self.conclude(instance, &sum);
        let is_lost = judged.state == InstanceState::Lost;
        let judged = if is_lost { self.blame(slot, judged, sum.swallowed) } else { judged };
        seats_of(&judged, left, seats);
        judged
    }

    /// Names who lost the instance. Of a step that joins, nothing comes before the last branch is there: one that may still
    /// wait for another event is to blame after those that may not, and among equals the latest is the first.
    fn blame(&self, slot: u32, mut judged: Judged, mut swallowed: Vec<Pair>) -> Judged {
        // A step may have taken thousands of them, and each waits for the same.
        let mut waiting: BTreeMap<u16, bool> = BTreeMap::new();
        for pair in &swallowed {
            waiting.entry(pair.step).or_insert_with(|| self.waits_for(slot, pair.step).is_some());
        }
        swallowed.sort_by_key(|pair| (waiting[&pair.step], std::cmp::Reverse(pair.since)));
        judged.decides = swallowed.first().copied();
        judged.beside = swallowed.split_off(1);
        let may_wait = judged.decides.is_none_or(|pair| waiting[&pair.step]);
        let is_to_blame = |pair: &&Pair| !may_wait && !waiting[&pair.step];
        judged.to_blame = judged.beside.iter().take_while(is_to_blame).count();
        judged
    }

    /// An event that never came to the instance and that the step consumes.
    pub(super) fn waits_for(&self, slot: u32, step: u16) -> Option<u16> {
        let decl = self.declared.step(step)?;
        let came = || self.store.rows_of(slot).map(|number| self.store.rows[number].event_type);
        let is_same = |one: u16, other: u16| self.name_of(one) == self.name_of(other);
        let others = decl.consumes.iter().map(|(number, _)| *number);
        others.into_iter().find(|other| !came().any(|number| is_same(number, *other)))
    }

    /// A type without its major: the same fact in another major is no other event.
    fn name_of(&self, event_type: u16) -> &str {
        let text = self.names.types.text(event_type);
        text.rsplit_once(".v").map_or(text, |(name, _)| name)
    }

    fn sum_up(&self, sum: &mut Sum, pair: &Pair, effects: &Effects) {
        if !pair.path {
            sum.side += usize::from(pair.is_owed());
            return;
        }
        match pair.at {
            At::Dead => older(&mut sum.dead, *pair),
            At::Discarded => older(&mut sum.discarded, *pair),
            At::NotOwed => {}
            At::Gone => sum.lost_sight = true,
            At::Done => {
                let row = &self.store.rows[pair.row];
                if !goes_on(effects, self.fact_of(row), pair.step) {
                    let since = sum.swallowing.entry(pair.step).or_insert(row.since);
                    *since = row.since.min(*since);
                    sum.swallowed.push(*pair);
                }
            }
            _ => {
                older(&mut sum.owing, *pair);
                if pair.stalled.is_some() {
                    older(&mut sum.stalled, *pair);
                }
            }
        }
    }

    /// Whether something that the step emitted or set aside after a time may lie on a topic that is not read, or may have
    /// been taken by retention before it was.
    fn may_have_lost_effects(&self, step: u16, since: Millis) -> bool {
        let Some(decl) = self.declared.step(step) else { return true };
        let emits = |topic: u16| decl.emits.iter().any(|emit| emit.topic == topic);
        if self.unseen.iter().any(|topic| emits(*topic) || decl.dead_letter_topic == Some(*topic)) {
            return true;
        }
        self.places.iter().any(|(_, place)| emits(place.topic) && place.may_have_lost(since))
    }

    fn conclude(&self, instance: &Kept, sum: &Sum) -> Judged {
        let whole = self.cut.whole_at > instance.read;
        let dropped = instance.more.as_ref().is_some_and(|more| more.dropped > 0);
        // Called lost once, it stays so until something of it is seen.
        let knows_all = self.cut.knows_all || instance.standing.state == InstanceState::Lost.number();
        let mut at_rest = whole && sum.owing.is_none();
        let (state, reason, decides) = if let Some(dead) = sum.dead {
            (InstanceState::Failed, Some(StallReason::DeadLetter), Some(dead))
        } else if let Some(owing) = sum.owing {
            match sum.stalled {
                Some(stalled) => (InstanceState::Stalled, stalled.stalled, Some(stalled)),
                None => (InstanceState::Running, None, Some(owing)),
            }
        } else if !whole {
            (InstanceState::Running, None, None)
        } else if sum.finished.is_some() {
            (InstanceState::Completed, None, None)
        } else if let Some(discarded) = sum.discarded {
            (InstanceState::Failed, None, Some(discarded))
        } else {
            let is_lost = !sum.swallowed.is_empty() && sum.hanging.is_none() && !sum.lost_sight && !dropped;
            if is_lost && knows_all {
                (InstanceState::Lost, Some(StallReason::Lost), sum.swallowed.first().copied())
            } else {
                // What followed may lie in a partition that was made just now.
                at_rest &= !is_lost;
                (InstanceState::Running, None, None)
            }
        };
        let whole = whole && (at_rest || sum.owing.is_some());
        let list = match (at_rest, sum.side) {
            (false, _) => List::Open,
            (true, 0) => List::Closed,
            (true, _) => List::Aside,
        };
        let (finished, hanging, side) = (sum.finished, sum.hanging, sum.side);
        Judged {
            state,
            reason,
            decides,
            beside: Vec::new(),
            to_blame: 0,
            finished,
            whole,
            hanging,
            side,
            list,
        }
    }
}
