//! Records of which a commit says that they took more than one attempt, until the instance is found that each belongs to:
//! a commit names them by their offsets, and events are not kept by these.

use rapidhash::RapidHashMap;

use super::runs::Run;
use super::state::Model;
use crate::fact::{Millis, Repeated};

/// The most records that are looked for at a time; further ones are not told.
const MAX_SOUGHT: usize = 10_000;
/// How long one is looked for, in milliseconds: the event may not be read yet.
const SOUGHT_FOR_MS: Millis = 60_000;

/// See the module.
#[derive(Debug, Default)]
pub(super) struct Repeats {
    /// What the newest commit of each group and partition tells of.
    last: RapidHashMap<(u16, u32), Vec<Repeated>>,
    /// Those that are looked for, by partition and offset.
    sought: RapidHashMap<(u32, i64), Vec<Sought>>,
}

/// One that is looked for.
#[derive(Debug)]
struct Sought {
    group: u16,
    repeated: Repeated,
    until: Millis,
}

impl Repeats {
    /// Takes down what the commit of a group for a partition tells of, fetched at `at`.
    pub(super) fn told(&mut self, (group, place): (u16, u32), told: &[Repeated], at: Millis) {
        if told.is_empty() {
            self.last.remove(&(group, place));
            return;
        }
        let before = self.last.insert((group, place), told.to_vec()).unwrap_or_default();
        for repeated in told.iter().filter(|repeated| !before.contains(repeated)) {
            if self.sought.len() < MAX_SOUGHT {
                let sought = Sought { group, repeated: *repeated, until: at.saturating_add(SOUGHT_FOR_MS) };
                self.sought.entry((place, repeated.offset)).or_default().push(sought);
            }
        }
    }

    /// Whether any is looked for.
    fn is_any(&self) -> bool {
        !self.sought.is_empty()
    }

    /// Those that lie here.
    fn at(&self, place: u32, offset: i64) -> &[Sought] {
        self.sought.get(&(place, offset)).map_or(&[], Vec::as_slice)
    }

    fn forget(&mut self, now: Millis) {
        self.sought.retain(|_, sought| {
            sought.retain(|one| one.until > now);
            !sought.is_empty()
        });
    }
}

impl Model {
    /// Takes down for an instance what commits tell of its records.
    pub(super) fn find_repeats(&mut self, slot: u32) {
        if !self.repeats.is_any() {
            return;
        }
        let mut found = Vec::new();
        for number in self.store.rows_of(slot) {
            let row = &self.store.rows[number];
            for sought in self.repeats.at(row.place, row.offset) {
                let consumers =
                    self.declared.event_type(row.event_type).map_or(&[][..], |decl| &decl.consumers);
                let reads = |step: &&u16| self.is_of_group(**step, sought.group);
                found.extend(consumers.iter().find(reads).map(|step| (row.id, *step, sought.repeated)));
            }
        }
        for note in self.store.instances[slot].notes().iter().filter(|note| note.letter.is_none()) {
            for sought in self.repeats.at(note.place, note.offset) {
                if self.is_of_group(note.step, sought.group) {
                    found.push((self.store.rows[note.row].id, note.step, sought.repeated));
                }
            }
        }
        for (event, step, repeated) in found {
            let Repeated { attempts, first_failed_at, settled_at, .. } = repeated;
            let run =
                Run { event, step, replays: 0, attempts, first_failed_at, ended: settled_at, failed: false };
            self.keep_run(slot, run);
        }
    }

    /// Lets go of those that were looked for in vain for long enough, and of those that were found by then.
    pub(super) fn forget_repeats(&mut self, now: Millis) {
        if self.repeats.is_any() {
            self.repeats.forget(now);
        }
    }

    fn is_of_group(&self, step: u16, group: u16) -> bool {
        self.declared.step(step).is_some_and(|decl| decl.group == group)
    }
}
