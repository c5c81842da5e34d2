//! Names of members: guessed from the order in which they came before, else looked up by their hash; compared in full.

use std::sync::atomic::{AtomicU16, Ordering};

/// The hash of a name. Equal names have equal hashes; different ones may too, so it only ever makes suspect.
#[inline]
pub(crate) fn hash(name: &str) -> u64 {
    const FACTOR: u64 = 0x9E37_79B9_7F4A_7C15;
    let bytes = name.as_bytes();
    let mut state = (bytes.len() as u64).wrapping_mul(FACTOR);
    let mut mix = |word: u64| {
        state = (state.rotate_left(23) ^ word).wrapping_mul(FACTOR);
    };
    if let Some(last) = bytes.last_chunk::<8>() {
        let mut rest = bytes;
        while let (Some(word), true) = (rest.first_chunk::<8>(), rest.len() > 8) {
            mix(u64::from_le_bytes(*word));
            rest = &rest[8..];
        }
        // The last word may overlap the one before it: no byte is left out.
        mix(u64::from_le_bytes(*last));
    } else if let (Some(first), Some(last)) = (bytes.first_chunk::<4>(), bytes.last_chunk::<4>()) {
        mix(u64::from(u32::from_le_bytes(*first)) << 32 | u64::from(u32::from_le_bytes(*last)));
    } else {
        let first = bytes.first().copied().unwrap_or_default();
        let middle = bytes.get(bytes.len() / 2).copied().unwrap_or_default();
        let last = bytes.last().copied().unwrap_or_default();
        mix(u64::from(first) << 16 | u64::from(middle) << 8 | u64::from(last));
    }
    state ^ (state >> 29)
}

/// Whether two names are the same. Most are short, and compared without a call.
#[inline]
pub(crate) fn is_same(one: &[u8], other: &[u8]) -> bool {
    one.len() == other.len()
        && match one.len() {
            0..4 => one.iter().zip(other).all(|(one, other)| one == other),
            4..8 => have_same_ends::<4>(one, other),
            8..=16 => have_same_ends::<8>(one, other),
            _ => one == other,
        }
}

/// Whether the first and the last `N` bytes are the same, which may overlap.
#[inline]
fn have_same_ends<const N: usize>(one: &[u8], other: &[u8]) -> bool {
    one.first_chunk::<N>() == other.first_chunk::<N>() && one.last_chunk::<N>() == other.last_chunk::<N>()
}

/// What belongs to each of some names.
#[derive(Debug)]
pub(crate) struct Names<T> {
    entries: Box<[(Box<str>, T)]>,
    /// Open addressing: an entry's index plus one, 0 where there is none. At most half of it is taken.
    slots: Box<[u16]>,
    /// What came lately: first the index of the first name, then for each name that of the one after it. Who writes events
    /// writes their members in one order, mostly.
    followers: Box<[AtomicU16]>,
}

impl<T> Names<T> {
    /// At most `u16::MAX - 1` names, each once.
    pub(super) fn new(entries: Vec<(Box<str>, T)>) -> Self {
        let size = (entries.len() * 2).next_power_of_two().max(2);
        let mut slots = vec![0; size].into_boxed_slice();
        for (index, (name, _)) in entries.iter().enumerate() {
            let mut at = hash(name) as usize & (size - 1);
            while slots[at] != 0 {
                at = (at + 1) & (size - 1);
            }
            slots[at] = index as u16 + 1;
        }
        let followers = (0..=entries.len()).map(|_| AtomicU16::new(0)).collect();
        Self { entries: entries.into(), slots, followers }
    }

    /// The names, in the order of their indices.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &(Box<str>, T)> {
        self.entries.iter()
    }

    /// The index of `name`, whose hash is `hash`, and what belongs to it.
    #[inline]
    pub(crate) fn find(&self, hash: u64, name: &str) -> Option<(usize, &T)> {
        let last = self.slots.len() - 1;
        let mut at = hash as usize & last;
        loop {
            // One slot in two is empty, so this ends.
            let index = usize::from(*self.slots.get(at)?).checked_sub(1)?;
            let (known, value) = self.entries.get(index)?;
            if **known == *name {
                return Some((index, value));
            }
            at = (at + 1) & last;
        }
    }

    /// What came after the name at `place` the last time: 0 before the first, then one more than a name's index.
    #[inline]
    pub(crate) fn expected(&self, place: usize) -> Option<(usize, &(Box<str>, T))> {
        let index = usize::from(self.followers.get(place)?.load(Ordering::Relaxed));
        Some((index, self.entries.get(index)?))
    }

    /// Expects the name at `index` after the one at `place`.
    #[inline]
    pub(crate) fn expect(&self, place: usize, index: usize) {
        if let Some(follower) = self.followers.get(place) {
            // As many as fit the slots.
            follower.store(index as u16, Ordering::Relaxed);
        }
    }

    /// What belongs to `name`.
    #[inline]
    pub(crate) fn get(&self, name: &str) -> Option<&T> {
        self.find(hash(name), name).map(|(_, value)| value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_the_same_or_differ_wherever_they_do() {
        for length in 0..20 {
            let name = vec![b'n'; length];
            assert!(is_same(&name, &name.clone()));
            assert!(!is_same(&name, &[&*name, b"n"].concat()));
            for place in 0..length {
                let mut other = name.clone();
                other[place] = b'o';
                assert!(!is_same(&name, &other), "{length} {place}");
            }
        }
    }

    #[test]
    fn each_name_is_found_and_no_other() {
        let names: Vec<String> = (0..200).map(|n| "x".repeat(n % 40) + &n.to_string()).collect();
        let table = Names::new(names.iter().enumerate().map(|(n, name)| (name.as_str().into(), n)).collect());
        for (n, name) in names.iter().enumerate() {
            assert_eq!(table.find(hash(name), name), Some((n, &n)));
            assert_eq!(table.get(&format!("{name}y")), None);
        }
        assert_eq!(Names::<()>::new(Vec::new()).get("a"), None);
    }

    #[test]
    fn what_came_the_last_time_is_expected() {
        let table = Names::new(["a", "b", "c"].map(|name| (name.into(), ())).into());
        let expected = |place| table.expected(place).map(|(index, (name, ()))| (index, &**name));
        table.expect(0, 2);
        table.expect(3, 1);
        assert_eq!((expected(0), expected(3)), (Some((2, "c")), Some((1, "b"))));
        table.expect(0, 0);
        assert_eq!((expected(0), expected(9)), (Some((0, "a")), None));
        assert_eq!(Names::<()>::new(Vec::new()).expected(0), None);
    }

    #[test]
    fn a_byte_anywhere_changes_the_hash() {
        for length in 1..50 {
            let name = "a".repeat(length);
            for at in 0..length {
                let mut other = name.clone();
                other.replace_range(at..=at, "b");
                let short = length < 4 && at != 0 && at != length / 2 && at != length - 1;
                assert!(short || hash(&name) != hash(&other), "{name} {other}");
            }
        }
    }
}
