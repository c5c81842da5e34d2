//! The steps at which instances are, set by set.
//!
//! Few instances have a set of steps of their own: each distinct set is kept once, and instances call it by its number. So
//! what is asked of steps is answered set by set, whatever the number of instances.

use std::collections::{BTreeMap, BTreeSet};
use std::hash::BuildHasher as _;

use hashbrown::HashTable;
use rapidhash::fast::RandomState;

use super::seats::Seat;
use crate::answer::StallReason;

/// The number of the empty set, which is nobody's.
pub(super) const NO_SEATS: u32 = 0;

/// A set of steps of a workflow, and how many instances have it.
#[derive(Debug, Default)]
pub(super) struct Set {
    pub(super) workflow: u16,
    pub(super) seats: Box<[Seat]>,
    pub(super) instances: u64,
}

/// What a set takes beside its seats: its place among the numbers and in the index, and the two allocations.
const SET_BYTES: usize = size_of::<Set>() + 2 * size_of::<u32>() + 32;

/// All sets that an instance has.
#[derive(Debug)]
pub(super) struct Sets {
    list: Vec<Set>,
    free: Vec<u32>,
    number_of: HashTable<u32>,
    hash: RandomState,
    /// The seats of all of them.
    seats: usize,
}

impl Default for Sets {
    fn default() -> Self {
        Self {
            list: vec![Set::default()],
            free: Vec::new(),
            number_of: HashTable::new(),
            hash: RandomState::default(),
            seats: 0,
        }
    }
}

impl Sets {
    /// The steps of a set.
    pub(super) fn seats(&self, number: u32) -> &[Seat] {
        &self.list[number as usize].seats
    }

    /// All sets by their numbers; one that no instance has is empty.
    pub(super) fn all(&self) -> &[Set] {
        &self.list
    }

    /// What they take, in bytes.
    pub(super) fn bytes(&self) -> usize {
        (self.list.len() - self.free.len()) * SET_BYTES + self.seats * size_of::<Seat>()
    }

    /// One more instance has a set: its number.
    pub(super) fn take(&mut self, workflow: u16, seats: &[Seat]) -> u32 {
        if seats.is_empty() {
            return NO_SEATS;
        }
        let Self { list, hash, .. } = self;
        let key = hash.hash_one((workflow, seats));
        let same = |number: &u32| {
            let set = &list[*number as usize];
            set.workflow == workflow && *set.seats == *seats
        };
        let number =
            self.number_of.find(key, same).copied().unwrap_or_else(|| self.add(key, workflow, seats));
        self.list[number as usize].instances += 1;
        number
    }

    fn add(&mut self, key: u64, workflow: u16, seats: &[Seat]) -> u32 {
        let set = Set { workflow, seats: seats.into(), instances: 0 };
        self.seats += seats.len();
        let number = if let Some(number) = self.free.pop() {
            self.list[number as usize] = set;
            number
        } else {
            // There are no more sets than instances, which are numbered as well.
            self.list.push(set);
            (self.list.len() - 1) as u32
        };
        let Self { list, hash, .. } = self;
        self.number_of.insert_unique(key, number, |&number| {
            let set = &list[number as usize];
            hash.hash_one((set.workflow, &*set.seats))
        });
        number
    }

    /// One instance fewer has a set.
    pub(super) fn leave(&mut self, number: u32) {
        if number == NO_SEATS {
            return;
        }
        let set = &mut self.list[number as usize];
        set.instances -= 1;
        if set.instances > 0 {
            return;
        }
        let set = std::mem::take(set);
        self.seats -= set.seats.len();
        let key = self.hash.hash_one((set.workflow, &*set.seats));
        if let Ok(entry) = self.number_of.find_entry(key, |&other| other == number) {
            entry.remove();
        }
        self.free.push(number);
    }

    /// The instances that stand still at each step, by workflow, step and reason; each counts once under each. What a step
    /// has set aside or swallowed does not stand still.
    pub(super) fn stalled(&self) -> BTreeMap<(u16, u16, StallReason), u64> {
        self.stuck(Seat::is_waiting)
    }

    /// The instances of a workflow that a step swallowed, by the step.
    pub(super) fn lost(&self, workflow: u16) -> BTreeMap<u16, u64> {
        let lost = self.stuck(|seat| seat.reason() == Some(StallReason::Lost)).into_iter();
        lost.filter(|((it, ..), _)| *it == workflow).map(|((_, step, _), count)| (step, count)).collect()
    }

    fn stuck(&self, is_wanted: impl Fn(Seat) -> bool) -> BTreeMap<(u16, u16, StallReason), u64> {
        let mut stuck = BTreeMap::new();
        for set in &self.list {
            let wanted = set.seats.iter().filter(|seat| is_wanted(**seat));
            let here: BTreeSet<_> = wanted.filter_map(|seat| Some((seat.step, seat.reason()?))).collect();
            for (step, reason) in here {
                *stuck.entry((set.workflow, step, reason)).or_default() += set.instances;
            }
        }
        stuck
    }

    /// The instances of a workflow to which each step owes something.
    pub(super) fn waiting(&self, workflow: u16) -> BTreeMap<u16, u64> {
        let mut waiting = BTreeMap::new();
        for set in self.list.iter().filter(|set| set.workflow == workflow) {
            let here: BTreeSet<u16> =
                set.seats.iter().filter(|seat| seat.is_waiting()).map(|seat| seat.step).collect();
            for step in here {
                *waiting.entry(step).or_default() += set.instances;
            }
        }
        waiting
    }

    /// The instances of a workflow that failed, and that a person gave up.
    pub(super) fn given_up(&self, workflow: u16) -> u64 {
        let given_up = |set: &&Set| set.seats.iter().any(|seat| seat.is_given_up());
        let sets = self.list.iter().filter(|set| set.workflow == workflow);
        sets.filter(given_up).map(|set| set.instances).sum()
    }

    /// The instances of a workflow of which a side step is stuck, and these by the reason.
    pub(super) fn side_stuck(&self, workflow: u16) -> (u64, BTreeMap<StallReason, u64>) {
        let (mut all, mut by_reason) = (0, BTreeMap::new());
        for set in self.list.iter().filter(|set| set.workflow == workflow) {
            let reasons = set.seats.iter().filter(|seat| seat.side).filter_map(|seat| seat.reason());
            let reasons: BTreeSet<StallReason> = reasons.collect();
            all += if reasons.is_empty() { 0 } else { set.instances };
            for reason in reasons {
                *by_reason.entry(reason).or_default() += set.instances;
            }
        }
        (all, by_reason)
    }
}
