//! Writing, with every acknowledgement known.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use rdkafka::ClientContext;
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::message::{DeliveryResult, Header, Message as _, OwnedHeaders};
use rdkafka::producer::{BaseRecord, Producer as _, ProducerContext, ThreadedProducer};

use super::error::Doing;
use super::{Record, TopicError, WITHIN, client};

/// The largest record that can be written here; what the broker takes is the topic's `max.message.bytes`.
const LARGEST: &str = "67108864";

/// Where the broker put a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Placed {
    /// The partition.
    pub partition: i32,
    /// The offset in it; `None` where the broker only said that it has the record already, having lost its first answer.
    pub offset: Option<i64>,
}

/// What became of a record that was sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ack {
    /// The number it was sent under.
    pub number: u64,
    /// Where it is, or why it is nowhere (for all that is known: it may have arrived and its answer been lost).
    pub result: Result<Placed, KafkaError>,
}

/// An idempotent producer with `acks=all` that takes raw records and tells what became of each.
///
/// It waits as long as it must for a broker that is away. Dropped, it forgets what is not acknowledged.
pub struct Writer {
    producer: ThreadedProducer<Acks>,
    acks: Acks,
}

impl std::fmt::Debug for Writer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Writer").field("in_flight", &self.producer.in_flight_count()).finish_non_exhaustive()
    }
}

impl Writer {
    /// A writer to the Kafka at `bootstrap`.
    ///
    /// # Errors
    ///
    /// When the client does not take the address.
    pub fn new(bootstrap: &str) -> Result<Self, TopicError> {
        let acks = Acks::default();
        let producer = client(bootstrap)
            .set("enable.idempotence", "true")
            .set("message.timeout.ms", "0")
            .set("linger.ms", "2")
            .set("partitioner", "murmur2_random")
            .set("message.max.bytes", LARGEST)
            .create_with_context(acks.clone())
            .doing(|| "make a producer".to_owned())?;
        Ok(Self { producer, acks })
    }

    /// Sends `record` under `number`, with which its acknowledgement comes back. Waits while the client's own
    /// queue is full.
    ///
    /// # Errors
    ///
    /// When the client refuses the record, or its queue stays full.
    pub fn send(&self, number: u64, record: &Record) -> Result<(), TopicError> {
        let end = Instant::now() + WITHIN;
        let mut base = base(number, record);
        loop {
            match self.producer.send(base) {
                Ok(()) => return Ok(()),
                Err((KafkaError::MessageProduction(RDKafkaErrorCode::QueueFull), back))
                    if Instant::now() < end =>
                {
                    base = back;
                    std::thread::sleep(std::time::Duration::from_millis(5));
                }
                Err((e, _)) => return Err(e).doing(|| format!("send to topic {}", record.topic)),
            }
        }
    }

    /// What was acknowledged or failed since the last call, in that order.
    pub fn acks(&self) -> Vec<Ack> {
        std::mem::take(&mut *self.acks.lock())
    }

    /// Waits until everything sent is acknowledged or failed, and returns as [`Writer::acks`].
    ///
    /// # Errors
    ///
    /// [`TopicError::Late`] when that takes longer than [`WITHIN`].
    pub fn finish(&self) -> Result<Vec<Ack>, TopicError> {
        self.producer.flush(WITHIN).map_err(|_| TopicError::Late {
            doing: "write records".to_owned(),
            state: format!("{} not acknowledged", self.producer.in_flight_count()),
        })?;
        Ok(self.acks())
    }
}

/// Writes `records` in order, and returns where each is, in the same order.
///
/// # Errors
///
/// When one of them is refused, or not acknowledged in time.
pub fn write(bootstrap: &str, records: &[Record]) -> Result<Vec<Placed>, TopicError> {
    let writer = Writer::new(bootstrap)?;
    for (number, record) in (0..).zip(records) {
        writer.send(number, record)?;
    }
    let mut acks = writer.finish()?;
    acks.sort_by_key(|ack| ack.number);
    let topic = |number: u64| records.get(number as usize).map_or("", |record| record.topic.as_str());
    let placed = |ack: Ack| ack.result.doing(|| format!("write to topic {}", topic(ack.number)));
    acks.into_iter().map(placed).collect()
}

fn base(number: u64, record: &Record) -> BaseRecord<'_, Vec<u8>, Vec<u8>, Box<u64>> {
    let mut base = BaseRecord::with_opaque_to(&record.topic, Box::new(number));
    base.partition = record.partition;
    base.key = record.key.as_ref();
    base.payload = record.value.as_ref();
    base.timestamp = record.timestamp;
    let headers = OwnedHeaders::new_with_capacity(record.headers.len());
    let add = |headers: OwnedHeaders, (key, value): &(String, Option<Vec<u8>>)| {
        headers.insert(Header { key, value: value.as_ref() })
    };
    base.headers(record.headers.iter().fold(headers, add))
}

#[derive(Clone, Default)]
struct Acks(Arc<Mutex<Vec<Ack>>>);

impl Acks {
    fn lock(&self) -> MutexGuard<'_, Vec<Ack>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl ClientContext for Acks {}

impl ProducerContext for Acks {
    type DeliveryOpaque = Box<u64>;

    fn delivery(&self, result: &DeliveryResult<'_>, number: Box<u64>) {
        let result = match result {
            Ok(message) => {
                let offset = Some(message.offset()).filter(|offset| *offset >= 0);
                Ok(Placed { partition: message.partition(), offset })
            }
            Err((e, _)) => Err(e.clone()),
        };
        self.lock().push(Ack { number: *number, result });
    }
}
