//! What came out: every order must have exactly one payment, those of one key in the order of the orders.

use std::time::{Duration, Instant};

use rdkafka::consumer::{BaseConsumer, Consumer as _};
use rdkafka::message::{BorrowedMessage, Headers as _, Message as _};
use rdkafka::{ClientConfig, Offset, TopicPartitionList};

use super::bed::Bed;
use super::{Doing as _, Failure, numbered};
use crate::events::PaymentConfirmed;

/// How long reading what came out may take.
const WITHIN: Duration = Duration::from_mins(2);
/// The longest wait for one record.
const POLL: Duration = Duration::from_millis(100);

/// Headers of a record by name and length, and the length of its value.
pub type Shape = (Vec<(String, usize)>, usize);

/// What one run brought.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Counted {
    /// Orders without a payment.
    pub lost: u64,
    /// Payments beyond the first of an order.
    pub doubled: u64,
    /// Payments that came after that of a later order of their key.
    pub out_of_order: u64,
    /// Records that are no payment for any of the orders.
    pub strange: u64,
    /// When the broker took the first and the last payment, in milliseconds since the Unix epoch.
    pub stamps: Option<(i64, i64)>,
    /// How the first payment is made: bytes are only compared with as many bytes.
    pub shape: Shape,
    seen: Vec<bool>,
    last_of_key: Vec<Option<u64>>,
}

impl Counted {
    fn new(records: u64, keys: u64) -> Self {
        Self {
            lost: 0,
            doubled: 0,
            out_of_order: 0,
            strange: 0,
            stamps: None,
            shape: Default::default(),
            seen: vec![false; records as usize],
            last_of_key: vec![None; keys as usize],
        }
    }

    /// Counts the payments of `bed` from the offsets `from` to the offsets `to`.
    ///
    /// # Errors
    ///
    /// When they cannot be read in time.
    pub fn between(bed: &Bed, from: &[i64], to: &[i64]) -> Result<Self, Failure> {
        let doing = "read what came out";
        let consumer: BaseConsumer = ClientConfig::new()
            .set("bootstrap.servers", &bed.bootstrap)
            .set("group.id", "bench-counts") // Never joined, but the client wants one.
            .set("enable.auto.commit", "false")
            .set("fetch.queue.backoff.ms", "2")
            .create()
            .doing(doing)?;
        let mut list = TopicPartitionList::new();
        for (partition, offset) in (0..).zip(from) {
            list.add_partition_offset(&bed.payments(), partition, Offset::Offset(*offset)).doing(doing)?;
        }
        consumer.assign(&list).doing(doing)?;
        drop(list);
        let mut left: i64 = from.iter().zip(to).map(|(from, to)| to - from).sum();
        let mut counted = Self::new(bed.records, bed.keys);
        let deadline = Instant::now() + WITHIN;
        while left > 0 {
            if Instant::now() >= deadline {
                return Err(Failure::Late(format!("{left} payments were not read within {WITHIN:?}")));
            }
            let Some(message) = consumer.poll(POLL) else { continue };
            let message = message.doing(doing)?;
            counted.take(&message);
            left -= 1;
        }
        counted.lost = counted.seen.iter().filter(|seen| !**seen).count() as u64;
        Ok(counted)
    }

    fn take(&mut self, message: &BorrowedMessage<'_>) {
        let value = message.payload().unwrap_or_default();
        if let Some(stamp) = message.timestamp().to_millis() {
            let (first, last) = self.stamps.unwrap_or((stamp, stamp));
            self.stamps = Some((first.min(stamp), last.max(stamp)));
        }
        if self.shape.1 == 0 {
            let headers = message.headers().into_iter().flat_map(|headers| headers.iter());
            let sizes = headers.map(|header| (header.key.to_owned(), header.value.map_or(0, <[u8]>::len)));
            self.shape = (sizes.collect(), value.len());
        }
        let payment = serde_json::from_slice::<PaymentConfirmed>(value).ok();
        let key_fits = |payment: &PaymentConfirmed| message.key() == Some(payment.order_id.as_bytes());
        match payment.filter(key_fits).as_ref().and_then(numbered::number_of) {
            Some(n) => self.see(n),
            None => self.strange += 1,
        }
    }

    fn see(&mut self, n: u64) {
        match self.seen.get_mut(n as usize) {
            None => self.strange += 1,
            Some(true) => self.doubled += 1,
            Some(seen) => {
                *seen = true;
                let key = n as usize % self.last_of_key.len().max(1);
                let before = self.last_of_key[key].replace(n);
                self.out_of_order += u64::from(before.is_some_and(|before| before > n));
            }
        }
    }

    /// Whether every order has one payment, in order.
    ///
    /// # Errors
    ///
    /// [`Failure::Wrong`] says what is not so.
    pub fn check(&self, who: &str) -> Result<(), Failure> {
        let Self { lost, doubled, out_of_order, strange, .. } = self;
        if lost + doubled + out_of_order + strange == 0 {
            return Ok(());
        }
        let text =
            format!("{who}: {lost} lost, {doubled} doubled, {out_of_order} out of order, {strange} strange");
        Err(Failure::Wrong(text))
    }

    /// From the first payment to the last, in seconds.
    pub fn seconds(&self) -> f64 {
        self.stamps.map_or(0.0, |(first, last)| (last - first).max(1) as f64 / 1_000.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counted(numbers: &[u64]) -> (u64, u64, u64) {
        let mut counted = Counted::new(4, 2);
        for n in numbers {
            counted.see(*n);
        }
        (counted.doubled, counted.out_of_order, counted.strange)
    }

    #[test]
    fn what_is_doubled_out_of_order_or_strange_is_counted() {
        assert_eq!(counted(&[1, 0, 3, 2]), (0, 0, 0), "between keys there is no order");
        assert_eq!(counted(&[0, 0, 1]), (1, 0, 0));
        assert_eq!(counted(&[2, 0, 1, 3]), (0, 1, 0));
        assert_eq!(counted(&[4]), (0, 0, 1));
    }
}
