//! How much is kept, and what goes when there is no room for more.

use super::kept::{Kept, List, More, NO_REASON, Note, Row};
use super::runs::{Run, Runs};
use super::state::Model;
use super::store::Store;
use super::words::ALL_STATES;
use crate::answer::InstanceState;
use crate::fact::Millis;

/// What an index takes for one entry at most, in bytes: it doubles when it is seven eighths full.
pub(super) const INDEXED: usize = 10;
/// An event, with its place among the ids.
const EVENT_BYTES: usize = size_of::<Row>() + INDEXED;
/// An instance, with its place among the ids, and in the list that is looked through.
const INSTANCE_BYTES: usize = size_of::<Kept>() + INDEXED + 16;
/// What an allocation takes beside its bytes.
const ALLOCATED: usize = 16;
/// The share of the instances that goes at once where there are too many: one in so many.
const ROOM_SHARE: usize = 64;
/// For how long it is told that an instance was forgotten before its end, in milliseconds.
const FORGOTTEN_TOLD_MS: Millis = 3_600_000;

/// What the list of an instance's runs takes beside these.
pub(super) const RUNS_BYTES: usize = size_of::<Runs>() + 2 * ALLOCATED;

// Ten million of them are kept.
const _: () = assert!(size_of::<Row>() == 96);
// In shops where a workflow goes through several traces there are a million of them.
const _: () = assert!(size_of::<More>() <= 112);

/// What was forgotten since the observer started.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Forgotten {
    /// Instances that had ended, or of which nothing was owed any more, because of their age or for want of room.
    pub finished: u64,
    /// All others, for want of room: those of which something was owed, that were lost, or had an open dead letter.
    pub unfinished: u64,
}

/// The same, and when the last went that had not ended.
#[derive(Debug, Default)]
pub(super) struct Forgetting {
    pub(super) count: Forgotten,
    at: Millis,
}

/// What a text takes.
pub(super) fn text_bytes(text: &str) -> usize {
    text.len() + 2 * ALLOCATED
}

impl More {
    /// What it takes beside its own size.
    fn bytes(&self) -> usize {
        let keys: usize = self.keys.iter().map(|key| text_bytes(key)).sum();
        let texts: usize = self.texts.iter().map(|(_, text)| text_bytes(text) + ALLOCATED).sum();
        keys + texts
            + self.traces.len() * ALLOCATED
            + self.notes.len() * size_of::<Note>()
            + self.runs.as_ref().map_or(0, |runs| RUNS_BYTES + runs.list.len() * size_of::<Run>())
            + size_of::<Self>()
    }
}

impl Kept {
    /// What it takes beside its own size and its keys.
    pub(super) fn extra_bytes(&self) -> usize {
        self.more.as_ref().map_or(0, |more| more.bytes())
    }

    /// Whether nobody owes anything and nobody need do anything: it was not lost, and has no open dead letter on its way.
    fn is_over(&self) -> bool {
        let in_trouble = match ALL_STATES[usize::from(self.standing.state)] {
            InstanceState::Lost | InstanceState::Stalled => true,
            InstanceState::Failed => self.standing.reason != NO_REASON,
            InstanceState::Completed | InstanceState::Running => false,
        };
        self.list == List::Closed && !in_trouble
    }
}

impl Store {
    /// What events and instances take, in bytes.
    pub(super) fn bytes(&self) -> usize {
        let indexes = self.keys.bytes() + self.sets.bytes();
        self.rows.len() * EVENT_BYTES + self.instances.len() * INSTANCE_BYTES + indexes + self.extra
    }
}

impl Model {
    /// What events, instances and dead letters take, in bytes, as closely as it can be told.
    pub(super) fn bytes(&self) -> usize {
        self.store.bytes() + self.letters.bytes()
    }

    /// Whether an instance is over, and nothing was seen of it since `before`.
    pub(super) fn is_old(&self, slot: u32, before: Millis) -> bool {
        let instance = &self.store.instances[slot];
        instance.is_over() && instance.updated < before
    }

    /// Makes room for a new event and so many instances: those that are over go first, then the others, each that changed longest ago.
    pub(super) fn make_room(&mut self, instances: usize, now: Millis) {
        let bound = self.settings.max_instances.max(1);
        while self.store.instances.len() + instances > bound || self.bytes() >= self.settings.max_bytes {
            let all = self.store.slots().map(|slot| {
                let instance = &self.store.instances[slot];
                (!instance.is_over(), instance.updated, slot)
            });
            let mut all: Vec<(bool, Millis, u32)> = all.collect();
            if all.is_empty() {
                return;
            }
            let going = (all.len() / ROOM_SHARE).max(1);
            all.select_nth_unstable(going - 1);
            let going: Vec<u32> = all[..going].iter().map(|(.., slot)| *slot).collect();
            self.forget(&going, now);
        }
    }

    pub(super) fn forget(&mut self, slots: &[u32], now: Millis) {
        if slots.is_empty() {
            return;
        }
        self.generation += 1;
        let mut was_listed = false;
        for &slot in slots {
            self.store.before_change(slot);
            was_listed |= self.store.instances[slot].list != List::Closed;
            if self.store.instances[slot].is_over() {
                self.forgetting.count.finished += 1;
            } else {
                self.forgetting.count.unfinished += 1;
                self.forgetting.at = now;
            }
            self.store.remove(slot);
        }
        if !was_listed {
            return;
        }
        let instances = &self.store.instances;
        let round = self.round.as_mut().map(|round| &mut round.open);
        for open in [&mut self.open].into_iter().chain(round) {
            open.retain(|&slot| instances[slot].list == List::Open);
        }
        self.aside
            .retain(|&(slot, turn)| instances[slot].list == List::Aside && instances[slot].turn == turn);
    }

    /// That there was no room, where it is so.
    pub(super) fn no_room(&self, now: Millis) -> Option<String> {
        let ago = now.saturating_sub(self.forgetting.at);
        let unfinished = self.forgetting.count.unfinished;
        (unfinished > 0 && ago < FORGOTTEN_TOLD_MS).then(|| {
            format!(
                "no room for more than {} instances or {} MiB: {unfinished} that had not ended were forgotten, the \
                 last {} ago; keep finished ones for a shorter time, or share the topics among several observers",
                self.settings.max_instances,
                self.settings.max_bytes >> 20,
                super::words::duration(ago),
            )
        })
    }
}
