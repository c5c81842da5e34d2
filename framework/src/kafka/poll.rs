//! Stage *poll*: records out of librdkafka, without waiting.

use std::collections::VecDeque;
use std::time::Duration;

use rdkafka::consumer::Consumer;
use rdkafka::error::KafkaError;
use rdkafka::message::{BorrowedMessage, Message as _};

use super::context::StepConsumer;
use super::partition::{Partition, Slots};
use crate::engine::Slot;

/// Records held while the runner wants none, so that callbacks behind them are still served.
const HELD: usize = 64;
/// Refusing records for this long stops all partitions, so that callbacks no longer wait behind records, in
/// milliseconds. Longer than the engine takes to pause a partition of its own accord.
const STOP_AFTER_MS: u64 = 1_500;
/// Errors served in one poll; each was told when it came.
const ERRORS_A_POLL: usize = 64;

/// What a poll brought.
pub(super) enum Polled<'c> {
    /// A record.
    Record(BorrowedMessage<'c>),
    /// Nothing more for now: when there is, the consumer's wake-up fires.
    Nothing,
    /// The consumer can do nothing more.
    Fatal(KafkaError),
}

/// One poll. Answers [`Polled::Nothing`] only when the queue is truly empty.
pub(super) fn poll(consumer: &StepConsumer) -> Polled<'_> {
    for _ in 0..ERRORS_A_POLL {
        match consumer.poll(Duration::ZERO) {
            Some(Ok(message)) => return Polled::Record(message),
            Some(Err(error @ KafkaError::MessageConsumptionFatal(_))) => return Polled::Fatal(error),
            Some(Err(_)) => {}
            None if consumer.context().take_served() => {}
            None => break,
        }
    }
    Polled::Nothing
}

/// Records that were polled while nobody wanted them.
#[derive(Debug, Default)]
pub(super) struct Held<'c> {
    records: VecDeque<BorrowedMessage<'c>>,
    /// Since when the runner has refused records, on the steady clock.
    refused_since: Option<u64>,
}

impl<'c> Held<'c> {
    /// The runner takes records: the oldest one held, if any.
    pub(super) fn next(&mut self) -> Option<BorrowedMessage<'c>> {
        self.refused_since = None;
        self.records.pop_front()
    }

    /// The runner takes no records. Whether it has for so long that reading must stop altogether.
    pub(super) fn refused(&mut self, now: u64) -> bool {
        let since = *self.refused_since.get_or_insert(now);
        now.saturating_sub(since) >= STOP_AFTER_MS
    }

    /// Whether one more may be held. Once everything is stopped, only stragglers come.
    pub(super) fn has_room(&self, all_stopped: bool) -> bool {
        all_stopped || self.records.len() < HELD
    }

    /// Keeps a record for later.
    pub(super) fn keep(&mut self, record: BorrowedMessage<'c>) {
        self.records.push_back(record);
    }

    /// Whether anything of `partition` is held.
    pub(super) fn has(&self, partition: &Partition) -> bool {
        self.records
            .iter()
            .any(|record| record.topic() == &*partition.topic && record.partition() == partition.number)
    }

    /// Drops what is held of partitions that are no longer ours.
    pub(super) fn forget(&mut self, slots: &Slots, gone: &[Slot]) {
        self.records.retain(|record| {
            slots.find(record.topic(), record.partition()).is_some_and(|slot| !gone.contains(&slot))
        });
    }

    /// Drops everything.
    pub(super) fn clear(&mut self) {
        self.records.clear();
    }
}
