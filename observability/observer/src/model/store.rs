//! Events and instances with their indexes.

use hashbrown::HashTable;
use rapidhash::fast::RandomState;
use std::hash::BuildHasher as _;

use super::id::Id;
use super::kept::{Kept, List, More, NO_INDEX, NOTED, Note, Row, Standing, text_at};
use super::keys::Keys;
use super::room::{RUNS_BYTES, text_bytes};
use super::runs::Run;
use super::seats::Seat;
use super::sets::Sets;
use super::slab::{NOWHERE, Slab};
use super::turns::{Slots, Turns};
use super::words::STATES;

/// The most keys and the most traces of one instance; the events of further ones show none.
const MAX_KEYS: usize = 1_000;
/// The most texts of ids that are no UUIDs of one instance.
const MAX_TEXTS: usize = 20_000;
/// The most retries and dead letters of one instance that are kept; the oldest go first.
const MAX_NOTES: usize = 1_000;
/// The most runs of one instance that took more than one attempt and are kept; the oldest go first.
const MAX_RUNS: usize = 1_000;
/// The most further keys by which one instance is found.
const MAX_FURTHER_KEYS: usize = 16;
/// The longest key that is kept, in bytes.
const MAX_KEY: usize = 256;

/// All events and instances.
#[derive(Debug, Default)]
pub(super) struct Store {
    pub(super) rows: Slab<Row>,
    pub(super) instances: Slab<Kept>,
    row_of: HashTable<u32>,
    instance_of: HashTable<u32>,
    /// By what instances are found beside their ids.
    pub(super) keys: Keys,
    hash: RandomState,
    /// What is to be saved.
    pub(super) turns: Turns<Slots>,
    /// What further keys of events, ids that are no UUIDs, and notes take, in bytes.
    pub(super) extra: usize,
    /// Events that are another one in an older major.
    pub(super) twins: u64,
    /// Instances by workflow and state.
    pub(super) counts: Vec<[u64; STATES]>,
    /// At which steps the instances are.
    pub(super) sets: Sets,
}

impl Store {
    /// The event with an id.
    pub(super) fn find_row(&self, id: Id) -> Option<u32> {
        self.row_of.find(self.hash.hash_one(id), |&row| self.rows[row].id == id).copied()
    }

    /// The instance with an id.
    pub(super) fn find_instance(&self, id: Id) -> Option<u32> {
        let found = self.instance_of.find(self.hash.hash_one(id), |&slot| self.instances[slot].id == id);
        found.copied()
    }

    /// Keeps a new instance; [`NOWHERE`] where there is no room.
    pub(super) fn add_instance(&mut self, kept: Kept) -> u32 {
        let slot = self.instances.insert(kept);
        if slot != NOWHERE {
            // Before it there was nothing there.
            if self.turns.change(slot) {
                self.turns.take_down(slot, None);
            }
            self.find_by(slot);
        }
        slot
    }

    /// Keeps an instance under the number that it had before, behind all others; whether it lies there.
    pub(super) fn restore_instance(&mut self, slot: u32, kept: Kept) -> bool {
        let is_behind = self.instances.restore(slot, kept, || Kept::new(Id::NONE));
        if is_behind {
            self.find_by(slot);
        }
        is_behind
    }

    /// Enters a new instance into the indexes and the counts.
    fn find_by(&mut self, slot: u32) {
        let kept = &self.instances[slot];
        let (id, workflow, standing) = (kept.id, kept.workflow, kept.standing);
        let (instances, hash) = (&self.instances, &self.hash);
        self.instance_of.insert_unique(hash.hash_one(id), slot, |&slot| hash.hash_one(instances[slot].id));
        self.count(workflow, standing);
    }

    /// To be called before an instance changes or is forgotten.
    pub(super) fn before_change(&mut self, slot: u32) {
        if self.turns.change(slot) {
            let was = self.save_instance(slot);
            self.turns.take_down(slot, Some(was));
        }
    }

    /// Gives an instance that has none its key.
    pub(super) fn set_key(&mut self, slot: u32, key: &str) {
        let kept = &mut self.instances[slot];
        kept.further = self.keys.without(kept.further, key);
        kept.key = self.keys.add(slot, key, NOWHERE);
    }

    /// Keeps a key by which an instance is found beside its business key: what an event says to be it (`ce_subject`), or the
    /// key of a further event without a cause. Of too many the first ones stay.
    pub(super) fn keep_further_key(&mut self, slot: u32, key: &str) {
        let (key, kept) = (super::head::cut(key, MAX_KEY), &mut self.instances[slot]);
        let is_known =
            self.keys.text(kept.key) == Some(key) || self.keys.from(kept.further).any(|it| it == key);
        if !is_known && self.keys.from(kept.further).count() < MAX_FURTHER_KEYS {
            kept.further = match self.keys.add(slot, key, kept.further) {
                NOWHERE => kept.further,
                number => number,
            };
        }
    }

    /// The further keys by which an instance is found, in the order in which they were kept.
    pub(super) fn further_keys(&self, slot: u32) -> Vec<&str> {
        let mut keys: Vec<&str> = self.keys.from(self.instances[slot].further).collect();
        keys.reverse();
        keys
    }

    /// A key of an event of an instance.
    pub(super) fn key_text<'s>(&'s self, instance: &'s Kept, number: u16) -> Option<&'s str> {
        match number {
            NO_INDEX => None,
            0 => self.keys.text(instance.key),
            _ => instance.more.as_ref()?.keys.get(usize::from(number) - 1).map(|key| &**key),
        }
    }

    /// Adds an event at the end of its instance; [`NOWHERE`] where there is no room.
    pub(super) fn add_row(&mut self, row: Row) -> u32 {
        let (id, slot) = (row.id, row.instance);
        let number = self.rows.insert(row);
        if number == NOWHERE {
            return NOWHERE;
        }
        let (rows, hash) = (&self.rows, &self.hash);
        self.row_of.insert_unique(hash.hash_one(id), number, |&row| hash.hash_one(rows[row].id));
        let instance = &mut self.instances[slot];
        let last = std::mem::replace(&mut instance.last, number);
        instance.events += 1;
        if last == NOWHERE {
            instance.first = number;
        } else {
            self.rows[last].next = number;
        }
        number
    }

    /// The numbers of an instance's events, in the order in which they were read.
    pub(super) fn rows_of(&self, slot: u32) -> impl Iterator<Item = u32> {
        let mut next = self.instances[slot].first;
        std::iter::from_fn(move || {
            let row = next;
            (row != NOWHERE).then(|| {
                super::work::looks_at(1);
                next = self.rows[row].next;
                row
            })
        })
    }

    /// The number that a key has among the instance's. Its business key has number 0: the key of the event which started
    /// it, and until that is read (other topics may be read before), of the first that was.
    pub(super) fn key_number(&mut self, slot: u32, key: Option<&[u8]>, starts: bool) -> u16 {
        let Some(key) = key else { return NO_INDEX };
        let key = String::from_utf8_lossy(key);
        let key = super::head::cut(&key, MAX_KEY);
        match self.keys.text(self.instances[slot].key) {
            None => {
                self.set_key(slot, key);
                0
            }
            Some(first) if first == key => 0,
            Some(_) if starts && !self.start_gave_the_key(slot) => {
                self.replace_key(slot, key);
                0
            }
            Some(_) => self.further_key(slot, key),
        }
    }

    fn further_key(&mut self, slot: u32, key: &str) -> u16 {
        let keys = &mut self.more(slot).keys;
        let before = keys.len();
        let number = number_of(keys, |it| **it == *key, || key.into());
        self.extra += if keys.len() > before { text_bytes(key) } else { 0 };
        number
    }

    /// Whether the business key is that of an event without a cause.
    fn start_gave_the_key(&self, slot: u32) -> bool {
        self.rows_of(slot).map(|row| &self.rows[row]).any(|row| row.key == 0 && row.cause.is_none())
    }

    /// Makes `key` the business key; the one before becomes a further key, and its events keep it.
    fn replace_key(&mut self, slot: u32, key: &str) {
        let number = self.instances[slot].key;
        let before: Box<str> = self.keys.text(number).unwrap_or_default().into();
        self.keys.remove(number);
        self.set_key(slot, key);
        let known = self.instances[slot].key_number_of(key);
        let moved = match known {
            Some(number) => {
                let keys = &mut self.more(slot).keys;
                keys[usize::from(number) - 1] = before.clone();
                self.extra = (self.extra + text_bytes(&before)).saturating_sub(text_bytes(key));
                number
            }
            None => self.further_key(slot, &before),
        };
        let mut row = self.instances[slot].first;
        while row != NOWHERE {
            let event = &mut self.rows[row];
            event.key = match event.key {
                0 => moved,
                number if Some(number) == known => 0,
                number => number,
            };
            row = event.next;
        }
    }

    /// The number that a trace has among the instance's.
    pub(super) fn trace_number(&mut self, slot: u32, trace: (u64, u64)) -> u16 {
        let instance = &mut self.instances[slot];
        if instance.trace == (0, 0) {
            instance.trace = trace;
        }
        if instance.trace == trace {
            return 0;
        }
        let traces = &mut self.more(slot).traces;
        let before = traces.len();
        let number = number_of(traces, |it| *it == trace, || trace);
        self.extra += (traces.len() - before) * size_of::<(u64, u64)>();
        number
    }

    /// Keeps the text of an id that is no UUID.
    pub(super) fn keep_text(&mut self, slot: u32, id: Id, text: &str) {
        if !id.is_digest() {
            return;
        }
        let texts = &mut self.more(slot).texts;
        if texts.len() >= MAX_TEXTS {
            return;
        }
        if let Err(at) = text_at(texts, id) {
            texts.insert(at, (id, text.into()));
            self.extra += text_bytes(text) + size_of::<Id>();
        }
    }

    /// Keeps a retry or a dead letter; of too many the oldest goes.
    pub(super) fn keep_note(&mut self, slot: u32, note: Note) {
        self.rows[note.row].flags |= NOTED;
        let notes = &mut self.more(slot).notes;
        let full = notes.len() >= MAX_NOTES;
        if full {
            notes.remove(0);
        }
        notes.push(note);
        self.extra += if full { 0 } else { size_of::<Note>() };
    }

    /// Keeps a run that took more than one attempt, unless it was told already; of too many the oldest goes. Whether it is
    /// new.
    pub(super) fn keep_run(&mut self, slot: u32, run: Run) -> bool {
        if self.instances[slot].runs().iter().any(|known| known.is_same(&run)) {
            return false;
        }
        let runs = &mut self.more(slot).runs;
        let first = runs.is_none();
        let list = &mut runs.get_or_insert_default().list;
        let full = list.len() >= MAX_RUNS;
        if full {
            list.remove(0);
        }
        list.push(run);
        self.extra += if first { RUNS_BYTES } else { 0 } + if full { 0 } else { size_of::<Run>() };
        true
    }

    /// What few instances have, made where it is absent.
    pub(super) fn more(&mut self, slot: u32) -> &mut More {
        if self.instances[slot].more.is_none() {
            self.extra += size_of::<More>();
        }
        self.instances[slot].more()
    }

    /// Changes what an instance has come to, and counts it.
    pub(super) fn set_standing(&mut self, slot: u32, standing: Standing) {
        let instance = &mut self.instances[slot];
        let (workflow, before) = (instance.workflow, std::mem::replace(&mut instance.standing, standing));
        self.discount(workflow, before);
        self.count(workflow, standing);
    }

    /// Names the workflow of an instance of which it was not known.
    pub(super) fn set_workflow(&mut self, slot: u32, workflow: u16) {
        let instance = &mut self.instances[slot];
        let (before, standing) = (std::mem::replace(&mut instance.workflow, workflow), instance.standing);
        self.discount(before, standing);
        self.count(workflow, standing);
        let seats = self.seats(slot).to_vec();
        self.set_seats(slot, &seats);
    }

    /// Changes at which steps an instance is.
    pub(super) fn set_seats(&mut self, slot: u32, seats: &[Seat]) {
        let instance = &mut self.instances[slot];
        let number = self.sets.take(instance.workflow, seats);
        self.sets.leave(std::mem::replace(&mut instance.seats, number));
    }

    /// At which steps an instance is.
    pub(super) fn seats(&self, slot: u32) -> &[Seat] {
        self.sets.seats(self.instances[slot].seats)
    }

    fn count(&mut self, workflow: u16, standing: Standing) {
        *self.count_of(workflow, standing.state) += 1;
    }

    fn discount(&mut self, workflow: u16, standing: Standing) {
        *self.count_of(workflow, standing.state) -= 1;
    }

    fn count_of(&mut self, workflow: u16, state: u8) -> &mut u64 {
        let at = usize::from(workflow);
        if self.counts.len() <= at {
            self.counts.resize(at + 1, [0; STATES]);
        }
        &mut self.counts[at][usize::from(state)]
    }

    /// Forgets an instance with its events.
    pub(super) fn remove(&mut self, slot: u32) {
        self.twins -= u64::from(self.instances[slot].twins());
        self.extra = self.extra.saturating_sub(self.instances[slot].extra_bytes());
        let mut row = self.instances[slot].first;
        while row != NOWHERE {
            let (id, next) = (self.rows[row].id, self.rows[row].next);
            if let Ok(entry) = self.row_of.find_entry(self.hash.hash_one(id), |&it| it == row) {
                entry.remove();
            }
            self.rows.free(row);
            row = next;
        }
        self.forget_keys(slot);
        let (id, workflow, standing) = {
            let instance = &self.instances[slot];
            (instance.id, instance.workflow, instance.standing)
        };
        if let Ok(entry) = self.instance_of.find_entry(self.hash.hash_one(id), |&it| it == slot) {
            entry.remove();
        }
        self.discount(workflow, standing);
        self.set_seats(slot, &[]);
        self.instances[slot] = Kept::new(Id::NONE);
        self.instances.free(slot);
    }

    fn forget_keys(&mut self, slot: u32) {
        let Kept { key, further, .. } = self.instances[slot];
        for first in [key, further] {
            let mut next = first;
            while next != NOWHERE {
                next = self.keys.remove(next);
            }
        }
    }

    /// Whether there is an instance of this number.
    pub(super) fn is_kept(&self, slot: u32) -> bool {
        self.instances[slot].list != List::Free
    }

    /// The instances that are kept.
    pub(super) fn slots(&self) -> impl Iterator<Item = u32> {
        (0..self.instances.bound()).filter(|&slot| self.is_kept(slot))
    }
}

fn number_of<T>(list: &mut Vec<T>, same: impl Fn(&T) -> bool, make: impl FnOnce() -> T) -> u16 {
    if let Some(at) = list.iter().position(same) {
        return at as u16 + 1;
    }
    if list.len() >= MAX_KEYS {
        return NO_INDEX;
    }
    list.push(make());
    list.len() as u16
}
