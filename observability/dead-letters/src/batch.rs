//! What one transaction holds, and how fast they follow each other.

use std::num::NonZeroU32;
use std::time::{Duration, Instant};

use uuid::Uuid;

use crate::clock;
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
    audit: Outgoing,
    forced: bool,
    span: SendSpan,
}

impl Batch {
    /// An empty one; with a rate, for no more than a second's work.
    pub(crate) fn new(rate: Option<NonZeroU32>) -> Self {
        let limit = rate.map_or(MAX_BATCH, |rate| MAX_BATCH.min(rate.get() as usize));
        Self { entries: Vec::with_capacity(limit), bytes: 0, limit }
    }

    /// Adds what is written for the dead letter `id`: the record for the retry topic with its span, and the audit record.
    pub(crate) fn push(
        &mut self,
        id: Uuid,
        again: Option<(Outgoing, SendSpan)>,
        audit: Outgoing,
        forced: bool,
    ) {
        let (again, span) = again.map_or((None, SendSpan::NONE), |(again, span)| (Some(again), span));
        self.bytes += again
            .iter()
            .chain([&audit])
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
        self.entries.iter().flat_map(|entry| entry.again.iter().chain([&entry.audit])).collect()
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
pub(crate) struct Throttle {
    rate: Option<NonZeroU32>,
    /// When the next ones may go out.
    due: Instant,
}

impl Throttle {
    pub(crate) fn new(rate: Option<NonZeroU32>) -> Self {
        Self { rate, due: clock::instant() }
    }

    /// Waits until `count` more may go out.
    pub(crate) fn wait(&mut self, count: usize, watch: &dyn Watch) {
        let Some(rate) = self.rate else { return };
        while let Some(left) =
            self.due.checked_duration_since(clock::instant()).filter(|left| !left.is_zero())
        {
            if watch.cancelled() {
                return;
            }
            std::thread::sleep(left.min(NAP));
        }
        self.due = clock::instant() + Duration::from_secs_f64(count as f64 / f64::from(rate.get()));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(bytes: usize) -> Outgoing {
        Outgoing { topic: "t".into(), key: None, value: Some(vec![0; bytes]), headers: Vec::new() }
    }

    #[test]
    fn halves_hold_all_in_order() {
        let mut batch = Batch::new(None);
        let sent = |bytes| Some((record(bytes), SendSpan::NONE));
        batch.push(Uuid::from_u128(1), sent(1), record(1), false);
        batch.push(Uuid::from_u128(2), None, record(1), false);
        batch.push(Uuid::from_u128(3), sent(1), record(1), true);
        assert_eq!(batch.records().len(), 5);
        let mut later = batch.split();
        assert_eq!((batch.len(), later.len(), later.split().is_empty()), (2, 1, true));
        let all: Vec<_> = batch.drain().chain(later.drain()).map(|(id, forced, _)| (id, forced)).collect();
        assert_eq!(all, [1, 2, 3].map(|number| (Uuid::from_u128(number), number == 3)));
    }

    #[test]
    fn full_by_number_by_bytes_and_by_rate() {
        let mut batch = Batch::new(NonZeroU32::new(2));
        batch.push(Uuid::nil(), None, record(1), false);
        assert!(!batch.is_full());
        batch.push(Uuid::nil(), None, record(1), false);
        assert!(batch.is_full());
        let mut batch = Batch::new(None);
        batch.push(Uuid::nil(), Some((record(MAX_BATCH_BYTES), SendSpan::NONE)), record(0), false);
        assert!(batch.is_full());
        assert_eq!(batch.drain().count(), 1);
        assert!(!batch.is_full());
    }
}
