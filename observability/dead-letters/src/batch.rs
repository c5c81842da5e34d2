//! What one transaction holds, and how fast they follow each other.

use std::num::NonZeroU32;
use std::time::{Duration, Instant};

use uuid::Uuid;

use crate::clock::{Clock, Process};
use crate::limits::{MAX_BATCH, MAX_BATCH_BYTES};
use crate::record::Outgoing;
use crate::spans::SendSpan;
use crate::watch::Watch;

/// The longest sleep without a look whether to stop.
const NAP: Duration = Duration::from_millis(100);

/// The records of one transaction.
#[derive(Debug)]
pub(crate) struct Batch {
    entries: Vec<Entry>,
    bytes: usize,
    limit: usize,
}

/// What is written for one dead letter.
#[derive(Debug)]
struct Entry {
    id: Uuid,
    again: Option<Outgoing>,
    audit: Vec<Outgoing>,
    forced: bool,
    span: SendSpan,
}

impl Batch {
    /// An empty one; with a rate, for no more than a second's work.
    fn new(rate: Option<NonZeroU32>) -> Self {
        let limit = rate.map_or(MAX_BATCH, |rate| MAX_BATCH.min(rate.get() as usize));
        Self { entries: Vec::with_capacity(limit), bytes: 0, limit }
    }

    /// Adds what is written for the dead letter `id`: the record for the retry topic with its span, and the audit record with those behind it.
    pub(crate) fn push(
        &mut self,
        id: Uuid,
        again: Option<(Outgoing, SendSpan)>,
        audit: Vec<Outgoing>,
        forced: bool,
    ) {
        let (again, span) = again.map_or((None, SendSpan::NONE), |(again, span)| (Some(again), span));
        self.bytes += again
            .iter()
            .chain(&audit)
            .filter_map(|record| record.value.as_ref())
            .map(Vec::len)
            .sum::<usize>();
        self.entries.push(Entry { id, again, audit, forced, span });
    }

    pub(crate) fn is_full(&self) -> bool {
        self.entries.len() >= self.limit || self.bytes >= MAX_BATCH_BYTES
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    pub(crate) fn len(&self) -> usize {
        self.entries.len()
    }

    /// All records, in order.
    pub(crate) fn records(&self) -> Vec<&Outgoing> {
        self.entries.iter().flat_map(|entry| entry.again.iter().chain(&entry.audit)).collect()
    }

    /// Its later half, taken out of it. It is empty where there is but one dead letter.
    pub(crate) fn split(&mut self) -> Self {
        let entries = self.entries.split_off(self.entries.len().div_ceil(2));
        Self { entries, bytes: 0, limit: self.limit }
    }

    /// Empties it: the dead letters, which of them were forced, and their spans.
    pub(crate) fn drain(&mut self) -> impl Iterator<Item = (Uuid, bool, SendSpan)> {
        self.bytes = 0;
        self.entries.drain(..).map(|entry| (entry.id, entry.forced, entry.span))
    }
}

/// Keeps to so many a second.
#[derive(Debug)]
pub(crate) struct Throttle<C = Process> {
    rate: Option<NonZeroU32>,
    /// When the next ones may go out.
    due: Instant,
    clock: C,
}

impl Throttle {
    pub(crate) fn new(rate: Option<NonZeroU32>) -> Self {
        Self::by(Process, rate)
    }
}

impl<C: Clock> Throttle<C> {
    /// One that goes by `clock`.
    fn by(clock: C, rate: Option<NonZeroU32>) -> Self {
        Self { rate, due: clock.now(), clock }
    }

    /// An empty batch, for no more than a second's work.
    pub(crate) fn batch(&self) -> Batch {
        Batch::new(self.rate)
    }

    /// Waits until `count` more may go out; whether they may: not where nobody wants them any more.
    pub(crate) fn wait(&mut self, count: usize, watch: &dyn Watch) -> bool {
        let Some(rate) = self.rate else { return true };
        while let Some(left) =
            self.due.checked_duration_since(self.clock.now()).filter(|left| !left.is_zero())
        {
            if watch.cancelled() {
                return false;
            }
            self.clock.sleep(left.min(NAP));
        }
        self.due = self.clock.now() + Duration::from_secs_f64(count as f64 / f64::from(rate.get()));
        true
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::*;

    fn record(bytes: usize) -> Outgoing {
        Outgoing { topic: "t".into(), key: None, value: Some(vec![0; bytes]), headers: Vec::new() }
    }

    #[test]
    fn halves_hold_all_in_order() {
        let mut batch = Batch::new(None);
        let sent = |bytes| Some((record(bytes), SendSpan::NONE));
        batch.push(Uuid::from_u128(1), sent(1), vec![record(1)], false);
        batch.push(Uuid::from_u128(2), None, vec![record(1)], false);
        batch.push(Uuid::from_u128(3), sent(1), vec![record(1)], true);
        assert_eq!(batch.records().len(), 5);
        let mut later = batch.split();
        assert_eq!((batch.len(), later.len(), later.split().is_empty()), (2, 1, true));
        let all: Vec<_> = batch.drain().chain(later.drain()).map(|(id, forced, _)| (id, forced)).collect();
        assert_eq!(all, [1, 2, 3].map(|number| (Uuid::from_u128(number), number == 3)));
    }

    #[test]
    fn full_by_number_by_bytes_and_by_rate() {
        let mut batch = Batch::new(NonZeroU32::new(2));
        batch.push(Uuid::nil(), None, vec![record(1)], false);
        assert!(!batch.is_full());
        batch.push(Uuid::nil(), None, vec![record(1)], false);
        assert!(batch.is_full());
        let mut batch = Batch::new(None);
        batch.push(Uuid::nil(), Some((record(MAX_BATCH_BYTES), SendSpan::NONE)), vec![record(0)], false);
        assert!(batch.is_full());
        assert_eq!(batch.drain().count(), 1);
        assert!(!batch.is_full());
    }

    /// A clock that stands still but for what is waited by it.
    struct Still {
        now: Cell<Instant>,
        naps: Cell<u32>,
    }

    impl Clock for &Still {
        fn now(&self) -> Instant {
            self.now.get()
        }

        fn sleep(&self, time: Duration) {
            assert!(time <= NAP, "{time:?} without a look whether to stop");
            self.now.set(self.now.get() + time);
            self.naps.set(self.naps.get() + 1);
        }
    }

    impl Still {
        fn new() -> Self {
            Self { now: Cell::new(Instant::now()), naps: Cell::new(0) }
        }

        /// When each of so many went out, from the first one on, written in batches as the throttle makes them.
        fn went_out(&self, rate: Option<u32>, count: usize) -> Vec<Duration> {
            let begun = self.now.get();
            let mut throttle = Throttle::by(self, rate.and_then(NonZeroU32::new));
            let mut went_out = Vec::new();
            while went_out.len() < count {
                let mut batch = throttle.batch();
                while went_out.len() + batch.len() < count && !batch.is_full() {
                    batch.push(Uuid::nil(), None, vec![record(1)], false);
                }
                assert!(throttle.wait(batch.len(), &()), "nobody stops it");
                went_out.extend(std::iter::repeat_n(self.now.get() - begun, batch.len()));
            }
            went_out
        }
    }

    #[test]
    fn the_pace_is_the_rate_and_no_second_has_more() {
        for rate in [1, 3, 50, 1_000] {
            let clock = Still::new();
            let count = 2 * rate as usize + 1;
            let went_out = clock.went_out(Some(rate), count);
            for (number, at) in went_out.iter().enumerate() {
                let soonest = (number as u32 / rate).min(number as u32);
                assert!(*at >= Duration::from_secs(soonest.into()), "{number} at {at:?}, {rate} a second");
            }
            let last = went_out.last().expect("the last");
            assert!(*last <= Duration::from_secs(2), "no slower than it may be: {last:?}, {rate} a second");
            let within = |from: &Duration| {
                went_out.iter().filter(|at| *at >= from && **at < *from + Duration::from_secs(1)).count()
            };
            assert_eq!(went_out.iter().map(within).max(), Some(rate as usize), "{rate} a second");
        }
    }

    #[test]
    fn time_that_passed_otherwise_counts_and_is_not_made_up_for() {
        let clock = Still::new();
        let mut throttle = Throttle::by(&clock, NonZeroU32::new(10));
        assert!(throttle.wait(10, &()));
        clock.now.set(clock.now.get() + Duration::from_secs(5));
        assert!(throttle.wait(10, &()) && clock.naps.get() == 0, "more than a second is over");
        let begun = clock.now.get();
        assert!(throttle.wait(10, &()), "the five seconds are no credit");
        assert_eq!(clock.now.get() - begun, Duration::from_secs(1));
    }

    #[test]
    fn without_a_rate_nobody_waits_and_who_is_stopped_writes_nothing_more() {
        struct Stopped;
        impl Watch for Stopped {
            fn told(&mut self, _: crate::Progress) {}

            fn cancelled(&self) -> bool {
                true
            }
        }
        let clock = Still::new();
        assert_eq!(clock.went_out(None, 10_000).last(), Some(&Duration::ZERO));
        let mut throttle = Throttle::by(&clock, NonZeroU32::new(1));
        assert!(throttle.wait(1, &Stopped), "nothing is to be waited for");
        assert!(!throttle.wait(1, &Stopped));
        assert_eq!(clock.naps.get(), 0);
    }
}
