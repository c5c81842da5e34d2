//! Lanes: the records of one key are handled in order, one at a time.
//!
//! A lane exists only while a record of its key is in flight. It knows its last record; the chain between is kept
//! in the ledger's entries, so that a lane costs one place in a hash map that is used again and again. Two keys
//! with one hash share a lane, which is slower and never wrong.

use std::collections::{HashMap, hash_map::Entry as Place};
use std::hash::BuildHasherDefault;

use rapidhash::fast::RapidHasher;

use super::bug::{Bug, seeded};

/// A lane is the hash of a key already, by a seed that nobody knows: it need only be spread, and can be alike each time.
type Spread = BuildHasherDefault<RapidHasher<'static>>;

/// The lanes of one partition.
#[derive(Debug, Default)]
pub(super) struct Lanes {
    last: HashMap<u64, u64, Spread>,
}

impl Lanes {
    /// Puts record `seq` into its lane. Answers the record before it; `None` when the lane was free.
    pub(super) fn enter(&mut self, lane: u64, seq: u64) -> Option<u64> {
        if seeded(Bug::IgnoreKeys) {
            return None;
        }
        match self.last.entry(lane) {
            Place::Occupied(mut place) => Some(place.insert(seq)),
            Place::Vacant(place) => {
                place.insert(seq);
                None
            }
        }
    }

    /// Closes a lane whose last record was handed over.
    pub(super) fn close(&mut self, lane: u64) {
        self.last.remove(&lane);
    }

    /// Forgets every lane.
    pub(super) fn clear(&mut self) {
        self.last.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lane_answers_who_is_before() {
        let mut lanes = Lanes::default();
        assert_eq!(lanes.enter(1, 10), None);
        assert_eq!(lanes.enter(2, 11), None);
        assert_eq!(lanes.enter(1, 12), Some(10));
        assert_eq!(lanes.enter(1, 13), Some(12));
        lanes.close(1);
        assert_eq!(lanes.enter(1, 14), None);
        lanes.clear();
        assert_eq!(lanes.enter(2, 15), None);
    }
}
