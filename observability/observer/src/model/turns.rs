//! What changed since the last save, and a save that goes on while facts come in.
//!
//! What is to be saved is saved piece by piece, each in its turn. What changes before its turn is taken down first, as it
//! was. So the whole is of one moment, and who tells facts waits for one piece at most.

use std::collections::BTreeSet;

use super::id::Id;

/// The bytes of one piece: some milliseconds.
const PIECE: usize = 1 << 20;
/// The most bytes that are taken down before their turn and wait to be written: what is told while a disk stands still.
pub(super) const MAX_EARLY: usize = 64 << 20;

/// Keys of one kind.
pub(super) trait Set: Default + Clone {
    type Key: Copy;

    fn add(&mut self, key: Self::Key);
    /// Takes a key out; whether it was there.
    fn take(&mut self, key: Self::Key) -> bool;
    /// Takes the least key out.
    fn take_first(&mut self) -> Option<Self::Key>;
    fn add_all(&mut self, other: Self);
}

impl Set for BTreeSet<Id> {
    type Key = Id;

    fn add(&mut self, key: Id) {
        self.insert(key);
    }

    fn take(&mut self, key: Id) -> bool {
        self.remove(&key)
    }

    fn take_first(&mut self) -> Option<Id> {
        self.pop_first()
    }

    fn add_all(&mut self, mut other: Self) {
        self.append(&mut other);
    }
}

/// Numbers of instances, a bit each.
#[derive(Debug, Default, Clone)]
pub(super) struct Slots {
    words: Vec<u64>,
    /// No word before this one has a bit.
    from: usize,
}

impl Set for Slots {
    type Key = u32;

    fn add(&mut self, slot: u32) {
        let at = (slot / u64::BITS) as usize;
        if self.words.len() <= at {
            self.words.resize(at + 1, 0);
        }
        self.words[at] |= 1 << (slot % u64::BITS);
        self.from = self.from.min(at);
    }

    fn take(&mut self, slot: u32) -> bool {
        let bit = 1 << (slot % u64::BITS);
        let Some(word) = self.words.get_mut((slot / u64::BITS) as usize) else { return false };
        let was_there = *word & bit != 0;
        *word &= !bit;
        was_there
    }

    fn take_first(&mut self) -> Option<u32> {
        self.from += self.words[self.from.min(self.words.len())..].iter().position(|word| *word != 0)?;
        let word = &mut self.words[self.from];
        let bit = word.trailing_zeros();
        *word &= *word - 1;
        Some(self.from as u32 * u64::BITS + bit)
    }

    fn add_all(&mut self, other: Self) {
        if self.words.len() < other.words.len() {
            self.words.resize(other.words.len(), 0);
        }
        self.words.iter_mut().zip(other.words).for_each(|(word, more)| *word |= more);
        self.from = self.from.min(other.from);
    }
}

/// What is saved of one key: its bytes, or that there is nothing any more.
pub(super) type Change<K> = (K, Option<Vec<u8>>);

/// The changes since the last save, and the save under way.
#[derive(Debug)]
pub(super) struct Turns<S: Set> {
    changed: S,
    saving: Option<Saving<S, S::Key>>,
}

#[derive(Debug)]
struct Saving<S, K> {
    /// Those whose turn is still to come.
    due: S,
    /// All that belong to it.
    all: S,
    /// What was taken down early.
    early: Vec<Change<K>>,
    /// The bytes of these.
    early_bytes: usize,
}

impl<S: Set> Default for Turns<S> {
    fn default() -> Self {
        Self { changed: S::default(), saving: None }
    }
}

impl<S: Set> Turns<S> {
    /// Begins a save of what changed since the last one.
    pub(super) fn begin(&mut self) {
        self.give_up();
        let all = std::mem::take(&mut self.changed);
        self.saving = Some(Saving { due: all.clone(), all, early: Vec::new(), early_bytes: 0 });
    }

    /// To be called before something changes, comes or goes. Whether it has to be [taken down](Self::take_down) as it was.
    pub(super) fn change(&mut self, key: S::Key) -> bool {
        self.changed.add(key);
        self.saving.as_mut().is_some_and(|saving| saving.due.take(key))
    }

    /// Takes down how something was whose turn in the save under way was still to come.
    pub(super) fn take_down(&mut self, key: S::Key, was: Option<Vec<u8>>) {
        let Some(saving) = &mut self.saving else { return };
        saving.early_bytes += was.as_ref().map_or(0, Vec::len);
        saving.early.push((key, was));
        if saving.early_bytes > MAX_EARLY {
            self.give_up();
        }
    }

    /// The next piece of the save under way, with how each is told; an empty one at the end, and `None` where none is
    /// under way.
    pub(super) fn next(
        &mut self,
        mut tell: impl FnMut(S::Key) -> Option<Vec<u8>>,
    ) -> Option<Vec<Change<S::Key>>> {
        let saving = self.saving.as_mut()?;
        saving.early_bytes = 0;
        let (mut piece, mut bytes) = (std::mem::take(&mut saving.early), 0);
        while bytes < PIECE {
            let Some(key) = saving.due.take_first() else { break };
            let told = tell(key);
            // What is gone takes a turn too.
            bytes += size_of::<Change<S::Key>>() + told.as_ref().map_or(0, Vec::len);
            piece.push((key, told));
        }
        Some(piece)
    }

    /// What was under way was saved.
    pub(super) fn saved(&mut self) {
        self.saving = None;
    }

    /// Gives the save under way up: all that belonged to it is to be saved still.
    pub(super) fn give_up(&mut self) {
        if let Some(saving) = self.saving.take() {
            self.changed.add_all(saving.all);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{MAX_EARLY, Set, Slots, Turns};

    #[test]
    fn a_save_is_given_up_where_too_much_waits_and_the_next_has_it_all() {
        let mut turns = Turns::<Slots>::default();
        assert!(!turns.change(1) && !turns.change(2));
        turns.begin();
        assert!(turns.change(2));
        turns.take_down(2, Some(vec![0; MAX_EARLY + 1]));
        assert!(turns.next(|_| Some(Vec::new())).is_none());
        assert!(!turns.change(3));
        turns.begin();
        let all = turns.next(|_| None).unwrap();
        assert_eq!(all, [(1, None), (2, None), (3, None)]);
    }

    #[test]
    fn slots_are_a_set_from_which_the_least_is_taken() {
        let mut slots = Slots::default();
        assert_eq!(slots.take_first(), None);
        for slot in [300, 5, 63, 64, 5] {
            slots.add(slot);
        }
        assert!(slots.take(64) && !slots.take(64) && !slots.take(9_999));
        let mut more = Slots::default();
        for slot in [7, 1_000] {
            more.add(slot);
        }
        assert_eq!((slots.take_first(), slots.take_first()), (Some(5), Some(63)));
        slots.add_all(more);
        slots.add(0);
        let rest: Vec<u32> = std::iter::from_fn(|| slots.take_first()).collect();
        assert_eq!(rest, [0, 7, 300, 1_000]);
        slots.add(2);
        assert_eq!((slots.take_first(), slots.take_first()), (Some(2), None));
    }
}
