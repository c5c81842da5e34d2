//! Failed attempts: what is known about a record in trouble, when it may be tried again, and the queue of those times.

use std::{cmp::Reverse, collections::BinaryHeap, time::Duration};

use super::{
    command::{Ticket, Time},
    settings::Retry,
};

/// Why a record is held back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum HeldFor {
    /// Its last attempt failed.
    Failure,
    /// What the step needs is away.
    Outage,
}

/// What is known about a record with a failed attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Trouble {
    /// Attempts that failed and count.
    pub(crate) spent: u32,
    /// When the next one may start.
    pub(crate) due: Time,
    /// When the first one failed.
    pub(crate) first_failed_at: Time,
    /// Why it waits.
    pub(crate) reason: HeldFor,
}

impl Retry {
    /// The longest wait after `spent` failed attempts.
    pub(crate) fn longest(&self, spent: u32) -> Duration {
        let doublings = spent.saturating_sub(1).min(31);
        self.first.saturating_mul(1 << doublings).min(self.cap)
    }
}

/// The engine's only dice: full jitter from a seed (`SplitMix64`).
#[derive(Debug)]
pub(super) struct Jitter(u64);

impl Jitter {
    pub(super) fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// A wait between nothing and `longest`, both included, in whole milliseconds.
    pub(super) fn wait(&mut self, longest: Duration) -> Duration {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^= z >> 31;
        let longest = u64::try_from(longest.as_millis()).unwrap_or(u64::MAX);
        Duration::from_millis(z % longest.saturating_add(1).max(1))
    }
}

/// Records that wait for their next attempt, the soonest first.
#[derive(Debug, Default)]
pub(super) struct Alarms {
    heap: BinaryHeap<Reverse<(Time, Ticket)>>,
}

impl Alarms {
    pub(super) fn set(&mut self, due: Time, ticket: Ticket) {
        self.heap.push(Reverse((due, ticket)));
    }

    /// When the first one rings.
    pub(super) fn next(&self) -> Option<Time> {
        self.heap.peek().map(|Reverse((due, _))| *due)
    }

    /// The first one that has rung.
    pub(super) fn rung(&mut self, now: Time) -> Option<(Time, Ticket)> {
        if self.next()? > now {
            return None;
        }
        self.heap.pop().map(|Reverse(alarm)| alarm)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::Slot;

    #[test]
    fn the_longest_wait_doubles_up_to_the_cap() {
        let retry = Retry::default();
        let waits: Vec<_> = (1..=9).map(|spent| retry.longest(spent).as_millis()).collect();
        assert_eq!(waits, [100, 200, 400, 800, 1_600, 3_200, 6_400, 10_000, 10_000]);
        assert_eq!(retry.longest(u32::MAX), retry.cap);
    }

    #[test]
    fn the_jitter_fills_its_range_and_repeats_with_its_seed() {
        let draw = |seed| {
            let mut jitter = Jitter::new(seed);
            (0..1_000).map(|_| jitter.wait(Duration::from_millis(9)).as_millis()).collect::<Vec<_>>()
        };
        let waits = draw(7);
        assert_eq!(waits, draw(7));
        assert_ne!(waits, draw(8));
        for wait in 0..=9 {
            assert!(waits.contains(&wait), "{wait} ms never came");
        }
        assert!(waits.iter().all(|&wait| wait <= 9));
        assert_eq!(Jitter::new(1).wait(Duration::ZERO), Duration::ZERO);
    }

    #[test]
    fn alarms_ring_in_order_of_time() {
        let ticket = |seq| Ticket { slot: Slot(0), epoch: 1, seq };
        let mut alarms = Alarms::default();
        alarms.set(Time(30), ticket(1));
        alarms.set(Time(10), ticket(2));
        assert_eq!(alarms.next(), Some(Time(10)));
        assert_eq!(alarms.rung(Time(9)), None);
        assert_eq!(alarms.rung(Time(10)), Some((Time(10), ticket(2))));
        assert_eq!(alarms.rung(Time(29)), None);
        assert_eq!(alarms.rung(Time(99)), Some((Time(30), ticket(1))));
        assert_eq!(alarms.next(), None);
    }
}
