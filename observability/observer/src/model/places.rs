//! Partitions: how far they were read, and how far they reach.

use std::collections::VecDeque;

use rapidhash::{HashMapExt as _, RapidHashMap};

use super::gaps::Gaps;
use super::kept_bytes::BadState;
use super::save::{In, Saved, saved};
use crate::fact::{Millis, PartitionEnds};

/// The most partitions, of all topics together. Records of others are counted and say nothing.
const MAX_PLACES: usize = 200_000;
/// The ends that are remembered of a partition, the newest of which are two seconds apart: reading may be so far behind
/// them for the time of a record still to be told whatever its producer's clock says.
const MAX_ENDS: usize = 8;
/// A record that says it was written so long before it can have been has a producer whose clock is wrong, in
/// milliseconds; one that says so by less waited in its producer.
pub(super) const CLOCK_OFF_MS: Millis = 1_000;
/// An offset of which nothing is known.
const UNKNOWN: i64 = -1;

/// One partition.
#[derive(Debug, Clone)]
pub(super) struct Place {
    pub(super) topic: u16,
    pub(super) partition: i32,
    /// The offset at which reading goes on, [`UNKNOWN`] before anything was read.
    next: i64,
    /// The offset of the oldest record that was there when the ends were fetched.
    pub(super) start: i64,
    /// The offset of the next record when the ends were fetched.
    pub(super) end: i64,
    /// When the ends were fetched; zero for never.
    ends_at: Millis,
    /// The offset at which reading went on when ends were last asked for: the log has reached it.
    reached: i64,
    /// Ends fetched before, and when, the oldest first.
    earlier: VecDeque<(Millis, i64)>,
    /// The observer knows everything from this offset on.
    covered_from: i64,
    /// The time of the first record that it knows from there on; zero for none yet.
    covered_since: Millis,
    /// What of that is no record.
    gaps: Gaps,
}

saved!(Place {
    topic,
    partition,
    next,
    start,
    end,
    ends_at,
    reached,
    earlier,
    covered_from,
    covered_since,
    gaps
});

impl Place {
    fn new(topic: u16, partition: i32) -> Self {
        Self {
            topic,
            partition,
            next: UNKNOWN,
            start: 0,
            end: 0,
            ends_at: 0,
            reached: 0,
            earlier: VecDeque::new(),
            covered_from: 0,
            covered_since: 0,
            gaps: Gaps::default(),
        }
    }

    /// The offset at which reading goes on.
    pub(super) fn next(&self) -> Option<i64> {
        (self.next != UNKNOWN).then_some(self.next)
    }

    /// Between which two times a record was appended: the newest fetch of ends that did not see it yet, and the first
    /// that did. Zero and `None` where there was none.
    fn appended(&self, offset: i64) -> (Millis, Option<Millis>) {
        let mut seen = None;
        for (at, end) in std::iter::once((self.ends_at, self.end)).chain(self.earlier.iter().rev().copied()) {
            if offset >= end {
                return (at, seen);
            }
            seen = Some(at);
        }
        (0, seen)
    }

    /// Since when a record has been there by the observer's clock, as closely as can be told: its own timestamp, but
    /// no later than now, and no earlier than the fetch that did not see it yet. Where its own is wrong, the latest time
    /// that is possible: so a producer's clock, fast or slow, ages nothing.
    fn since(&self, offset: i64, timestamp: Option<Millis>, now: Millis) -> Millis {
        let (after, seen) = self.appended(offset);
        let stamp = timestamp.unwrap_or(now);
        let latest = seen.map_or(now, |seen| seen.max(after));
        let wrong = stamp.saturating_add(CLOCK_OFF_MS) < after || stamp > latest.saturating_add(CLOCK_OFF_MS);
        if wrong { latest.min(now) } else { stamp.max(after).min(now) }
    }

    /// Takes note of a record, and tells since when it has been there. `None` for a record that was told before.
    pub(super) fn read(&mut self, offset: i64, timestamp: Option<Millis>, now: Millis) -> Option<Millis> {
        if offset < self.next {
            return None;
        }
        let since = self.since(offset, timestamp, now);
        if self.next == UNKNOWN {
            self.covered_from = offset;
            self.gaps = Gaps::beginning_at(offset);
        }
        self.gaps.read(offset);
        if self.covered_since == 0 {
            self.covered_since = since.max(1);
        }
        self.next = offset + 1;
        Some(since)
    }

    /// Everything below was read.
    pub(super) fn read_to(&mut self, next: i64) {
        if self.next == UNKNOWN {
            self.covered_from = self.start;
            self.gaps = Gaps::beginning_at(self.start);
        }
        self.next = self.next.max(next);
    }

    /// Whether it is another log of the same name: ends never go back, and never lay before what was read.
    pub(super) fn is_made_anew(&self, ends: &PartitionEnds) -> bool {
        ends.end < self.end.max(self.reached)
    }

    /// The log is gone: one of the same name that comes is another, which is read from its beginning.
    pub(super) fn is_gone(&mut self) {
        *self = Self::new(self.topic, self.partition);
    }

    fn told(&mut self, ends: &PartitionEnds, at: Millis) {
        // Reading may have gone on while they were fetched.
        let made_anew = self.is_made_anew(ends);
        if self.next == UNKNOWN || self.next < ends.start || made_anew {
            // What lies before is gone: retention took it, or the topic was made anew.
            self.next = ends.start;
            self.covered_from = ends.start;
            self.covered_since = 0;
            self.gaps = Gaps::beginning_at(ends.start);
        }
        if made_anew {
            (self.reached, self.earlier) = (0, VecDeque::new());
        } else if self.ends_at > 0 {
            self.earlier.push_back((self.ends_at, self.end));
            if self.earlier.len() > MAX_ENDS {
                self.earlier.pop_front();
            }
        }
        (self.start, self.end, self.ends_at) = (ends.start, ends.end, at);
    }

    /// Whether a record that was written after `since` may lie before all that the observer knows.
    pub(super) fn may_have_lost(&self, since: Millis) -> bool {
        self.covered_from > 0 && (self.covered_since == 0 || self.covered_since >= since)
    }

    /// The offset behind the last record that is known to be there: marks of transactions may lie behind it. Zero where
    /// there is no record.
    pub(super) fn reach(&self) -> i64 {
        if self.next < self.end {
            return self.end;
        }
        let behind = self.gaps.behind();
        if behind > self.start { behind } else { 0 }
    }

    /// How many records lie at an offset or above, as far as is known.
    pub(super) fn records_from(&self, offset: i64) -> u64 {
        let (from, to) = (offset.max(self.start), self.reach());
        let gaps: i64 = self.gaps.between(from, to).map(|gap| gap.end() - gap.start() + 1).sum();
        u64::try_from(to - from - gaps).unwrap_or(0)
    }

    /// Whether it is known that there is no record at `from` or above, below `to`.
    pub(super) fn is_empty_between(&self, from: i64, to: i64) -> bool {
        self.gaps.are_all(from, to)
    }

    /// What is known to be no record at `from` or above, below `to`.
    pub(super) fn gaps(&self, from: i64, to: i64) -> Vec<std::ops::RangeInclusive<i64>> {
        self.gaps.between(from, to).collect()
    }
}

/// All partitions.
#[derive(Debug, Default)]
pub(super) struct Places {
    list: Vec<Place>,
    by_name: RapidHashMap<(u16, i32), u32>,
}

impl Places {
    /// The number of a partition, new or not; `None` where there are too many.
    pub(super) fn of(&mut self, topic: u16, partition: i32) -> Option<u32> {
        if let Some(&number) = self.by_name.get(&(topic, partition)) {
            return Some(number);
        }
        if self.list.len() >= MAX_PLACES {
            return None;
        }
        let number = self.list.len() as u32;
        self.list.push(Place::new(topic, partition));
        self.by_name.insert((topic, partition), number);
        Some(number)
    }

    /// The number of a partition that is known.
    pub(super) fn find(&self, topic: u16, partition: i32) -> Option<u32> {
        self.by_name.get(&(topic, partition)).copied()
    }

    /// Ends are being fetched from now on.
    pub(super) fn ends_asked_for(&mut self) {
        self.list.iter_mut().for_each(|place| place.reached = place.next.max(0));
    }

    /// A topic is not there.
    pub(super) fn topic_is_gone(&mut self, topic: u16) {
        self.list.iter_mut().filter(|place| place.topic == topic).for_each(Place::is_gone);
    }

    /// Tells the ends of one partition.
    pub(super) fn told(&mut self, number: u32, ends: &PartitionEnds, at: Millis) {
        self.list[number as usize].told(ends, at);
    }

    /// Whether there is a partition of this number.
    pub(super) fn knows(&self, number: u32) -> bool {
        (number as usize) < self.list.len()
    }

    pub(super) fn get(&self, number: u32) -> &Place {
        &self.list[number as usize]
    }

    pub(super) fn get_mut(&mut self, number: u32) -> &mut Place {
        &mut self.list[number as usize]
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (u32, &Place)> {
        self.list.iter().enumerate().map(|(number, place)| (number as u32, place))
    }
}

impl Saved for Places {
    fn save(&self, out: &mut Vec<u8>) {
        self.list.save(out);
    }

    fn load(input: &mut In<'_>) -> Result<Self, BadState> {
        let list = Vec::<Place>::load(input)?;
        let mut by_name = RapidHashMap::with_capacity(list.len());
        for (number, place) in list.iter().enumerate() {
            by_name.insert((place.topic, place.partition), number as u32);
        }
        Ok(Self { list, by_name })
    }
}

#[cfg(test)]
mod tests {
    use super::Places;
    use crate::fact::PartitionEnds;

    fn ends(start: i64, end: i64) -> PartitionEnds {
        PartitionEnds { topic: "t".into(), partition: 0, start, end }
    }

    #[test]
    fn a_clock_that_is_wrong_ages_nothing() {
        let mut places = Places::default();
        let number = places.of(5, 0).unwrap();
        places.told(number, &ends(0, 10), 1_000);
        let place = places.get_mut(number);
        assert_eq!(place.read(9, Some(7), 1_100), Some(7), "history: its own time");
        assert_eq!(place.read(10, Some(7), 1_100), Some(1_000), "appended after the ends were fetched");
        assert_eq!(place.read(11, Some(9_999), 1_100), Some(1_100), "not in the future");
        assert_eq!(place.read(11, Some(1_050), 1_100), None, "told before");
        assert_eq!(place.read(13, None, 1_100), Some(1_100));
    }

    #[test]
    fn a_record_that_is_read_after_ends_which_hold_it_is_no_older_for_that() {
        let mut places = Places::default();
        let number = places.of(5, 0).unwrap();
        for (end, at) in [(10, 60_000), (20, 62_000), (30, 64_000)] {
            places.told(number, &ends(0, end), at);
        }
        let place = places.get_mut(number);
        assert_eq!(place.read(9, Some(7), 65_000), Some(7), "history: its own time");
        assert_eq!(place.read(12, Some(61_000), 65_000), Some(61_000));
        assert_eq!(place.read(13, Some(7), 65_000), Some(62_000), "a slow clock");
        assert_eq!(place.read(14, Some(3_600_000), 65_000), Some(62_000), "a fast one");
        assert_eq!(place.read(20, Some(61_990), 65_000), Some(62_000), "it waited in its producer");
        assert_eq!(place.read(30, Some(7), 65_000), Some(65_000));
    }

    #[test]
    fn reading_beyond_ends_that_were_fetched_before_is_no_new_topic() {
        let mut places = Places::default();
        let number = places.of(5, 0).unwrap();
        places.get_mut(number).read(12, None, 900);
        places.told(number, &ends(0, 10), 1_000);
        assert_eq!(places.get(number).next(), Some(13));
        places.told(number, &ends(0, 3), 2_000);
        assert_eq!(places.get(number).next(), Some(0), "made anew");
    }

    #[test]
    fn a_log_that_ends_before_what_was_read_is_another_though_its_ends_were_never_told() {
        let mut places = Places::default();
        let number = places.of(5, 0).unwrap();
        places.told(number, &ends(0, 0), 1_000);
        places.ends_asked_for();
        places.get_mut(number).read(20, None, 1_100);
        assert!(!places.get(number).is_made_anew(&ends(0, 4)), "read while they were fetched");
        places.told(number, &ends(0, 4), 1_200);
        assert_eq!(places.get(number).next(), Some(21));
        places.ends_asked_for();
        assert!(!places.get(number).is_made_anew(&ends(0, 21)));
        assert!(places.get(number).is_made_anew(&ends(0, 20)));
        places.told(number, &ends(0, 20), 1_300);
        assert_eq!(places.get(number).next(), Some(0), "made anew");
        assert!(!places.get(number).is_made_anew(&ends(0, 20)), "and once only");
    }

    #[test]
    fn a_topic_that_was_gone_is_read_from_its_beginning_however_long_it_is() {
        let mut places = Places::default();
        let (number, other) = (places.of(5, 0).unwrap(), places.of(6, 0).unwrap());
        places.get_mut(number).read(20, None, 1_000);
        places.get_mut(other).read(20, None, 1_000);
        places.topic_is_gone(5);
        assert_eq!((places.get(number).next(), places.get(other).next()), (None, Some(21)));
        places.told(number, &ends(0, 500), 2_000);
        assert_eq!(places.get(number).next(), Some(0));
    }

    #[test]
    fn what_retention_took_is_known_to_be_unknown() {
        let mut places = Places::default();
        let number = places.of(5, 0).unwrap();
        places.told(number, &ends(100, 110), 1_000);
        assert_eq!(places.get(number).next(), Some(100));
        assert!(places.get(number).may_have_lost(10), "nothing was read yet");
        places.get_mut(number).read(100, Some(500), 1_000);
        assert!(places.get(number).may_have_lost(500));
        assert!(!places.get(number).may_have_lost(501));
        places.told(number, &ends(105, 120), 2_000);
        assert_eq!(places.get(number).next(), Some(105), "a gap: reading goes on at the start");
        assert!(places.get(number).may_have_lost(501));
    }
}
