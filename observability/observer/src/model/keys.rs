//! Business keys of instances, and the instances that have a key.

use std::hash::BuildHasher as _;

use hashbrown::HashTable;
use rapidhash::fast::RandomState;

use super::room::{INDEXED, text_bytes};
use super::slab::{NOWHERE, Slab};

/// A key of an instance.
#[derive(Debug)]
struct Entry {
    key: Box<str>,
    slot: u32,
    /// The next key of the instance.
    next: u32,
    /// Neighbours among the instances with the same key.
    newer: u32,
    older: u32,
}

/// The keys of all instances.
#[derive(Debug, Default)]
pub(super) struct Keys {
    entries: Slab<Entry>,
    /// The newest entry with a key; the others hang on it.
    newest_of: HashTable<u32>,
    hash: RandomState,
    /// What the texts take, in bytes.
    texts: usize,
}

impl Keys {
    /// Keeps a key of an instance, before its others; [`NOWHERE`] where there is no room.
    pub(super) fn add(&mut self, slot: u32, key: &str, next: u32) -> u32 {
        let entry = Entry { key: key.into(), slot, next, newer: NOWHERE, older: NOWHERE };
        let number = self.entries.insert(entry);
        if number != NOWHERE {
            self.texts += text_bytes(key);
            self.hang(number);
        }
        number
    }

    fn hang(&mut self, number: u32) {
        let (entries, hash) = (&self.entries, &self.hash);
        let key_hash = hash.hash_one(&*entries[number].key);
        let same = |other: &u32| entries[*other].key == entries[number].key;
        match self.newest_of.find_mut(key_hash, same) {
            Some(newest) => {
                let before = std::mem::replace(newest, number);
                self.entries[before].newer = number;
                self.entries[number].older = before;
            }
            None => {
                self.newest_of.insert_unique(key_hash, number, |&other| hash.hash_one(&*entries[other].key));
            }
        }
    }

    /// Forgets a key; the next one of its instance.
    pub(super) fn remove(&mut self, number: u32) -> u32 {
        let Entry { newer, older, next, .. } = self.entries[number];
        if older != NOWHERE {
            self.entries[older].newer = newer;
        }
        if newer == NOWHERE {
            let key_hash = self.hash.hash_one(&*self.entries[number].key);
            if let Ok(mut newest) = self.newest_of.find_entry(key_hash, |&other| other == number) {
                if older == NOWHERE {
                    newest.remove();
                } else {
                    *newest.get_mut() = older;
                }
            }
        } else {
            self.entries[newer].older = older;
        }
        let key = std::mem::take(&mut self.entries[number].key);
        self.texts = self.texts.saturating_sub(text_bytes(&key));
        self.entries.free(number);
        next
    }

    /// Takes a key out of those of an instance, of which `first` is the first; the first one then.
    pub(super) fn without(&mut self, first: u32, key: &str) -> u32 {
        let mut before = NOWHERE;
        let mut number = first;
        while number != NOWHERE && *self.entries[number].key != *key {
            before = number;
            number = self.entries[number].next;
        }
        if number == NOWHERE {
            return first;
        }
        let next = self.remove(number);
        if before == NOWHERE {
            return next;
        }
        self.entries[before].next = next;
        first
    }

    /// The text of a key; `None` of [`NOWHERE`].
    pub(super) fn text(&self, number: u32) -> Option<&str> {
        (number != NOWHERE).then(|| &*self.entries[number].key)
    }

    /// A key and the further ones of its instance.
    pub(super) fn from(&self, first: u32) -> impl Iterator<Item = &str> {
        let mut next = first;
        std::iter::from_fn(move || {
            let key = self.text(next)?;
            next = self.entries[next].next;
            Some(key)
        })
    }

    /// The instances with a key, the newest first.
    pub(super) fn with(&self, key: &str) -> impl Iterator<Item = u32> {
        let same = |number: &u32| *self.entries[*number].key == *key;
        let mut next = self.newest_of.find(self.hash.hash_one(key), same).copied().unwrap_or(NOWHERE);
        std::iter::from_fn(move || {
            (next != NOWHERE).then(|| {
                let entry = &self.entries[next];
                next = entry.older;
                entry.slot
            })
        })
    }

    /// What they take, in bytes.
    pub(super) fn bytes(&self) -> usize {
        self.entries.len() * (size_of::<Entry>() + INDEXED) + self.texts
    }
}
