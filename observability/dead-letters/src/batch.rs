//! What one transaction holds, and how fast they follow each other.

use std::num::NonZeroU32;
use std::time::{Duration, Instant};

use uuid::Uuid;

use crate::clock;
use crate::limits::{MAX_BATCH, MAX_BATCH_BYTES};
use crate::record::Outgoing;
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
}

impl Batch {
    /// An empty one; with a rate, for no more than a second's work.
    pub(crate) fn new(rate: Option<NonZeroU32>) -> Self {
        let limit = rate.map_or(MAX_BATCH, |rate| MAX_BATCH.min(rate.get() as usize));
        Self { entries: Vec::with_capacity(limit), bytes: 0, limit }
    }

    pub(crate) fn push(&mut self, id: Uuid, again: Option<Outgoing>, audit: Outgoing, forced: bool) {
        self.bytes += again
            .iter()
            .chain([&audit])
            .filter_map(|record| record.value.as_ref())
            .map(Vec::len)
            .sum::<usize>();
        self.entries.push(Entry { id, again, audit, forced });
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

    /// Takes out the dead letter that the record number `index` is for.
    pub(crate) fn remove(&mut self, index: usize) -> Option<Uuid> {
        let mut records = 0;
        let at = self.entries.iter().position(|entry| {
            records += usize::from(entry.again.is_some()) + 1;
            index < records
        })?;
        Some(self.entries.remove(at).id)
    }

    /// Empties it: the dead letters, and which of them were forced.
    pub(crate) fn drain(&mut self) -> impl Iterator<Item = (Uuid, bool)> {
        self.bytes = 0;
        self.entries.drain(..).map(|entry| (entry.id, entry.forced))
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
    fn the_dead_letter_of_a_refused_record_is_taken_out() {
        let mut batch = Batch::new(None);
        batch.push(Uuid::from_u128(1), Some(record(1)), record(1), false);
        batch.push(Uuid::from_u128(2), None, record(1), false);
        batch.push(Uuid::from_u128(3), Some(record(1)), record(1), true);
        assert_eq!(batch.records().len(), 5);
        assert_eq!(batch.remove(5), None);
        assert_eq!(batch.remove(2), Some(Uuid::from_u128(2)));
        assert_eq!(batch.remove(3), Some(Uuid::from_u128(3)));
        assert_eq!(batch.drain().collect::<Vec<_>>(), [(Uuid::from_u128(1), false)]);
    }

    #[test]
    fn full_by_number_by_bytes_and_by_rate() {
        let mut batch = Batch::new(NonZeroU32::new(2));
        batch.push(Uuid::nil(), None, record(1), false);
        assert!(!batch.is_full());
        batch.push(Uuid::nil(), None, record(1), false);
        assert!(batch.is_full());
        let mut batch = Batch::new(None);
        batch.push(Uuid::nil(), Some(record(MAX_BATCH_BYTES)), record(0), false);
        assert!(batch.is_full());
        assert_eq!(batch.drain().count(), 1);
        assert!(!batch.is_full());
    }
}
