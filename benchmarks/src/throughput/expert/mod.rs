//! The reference: the loop that somebody who knows librdkafka well would write for this one job.
//!
//! It has the framework's guarantees: an idempotent producer, offsets committed in order after acknowledgement and
//! never past what is not acknowledged, order kept for each key, deterministic ids. It has the framework's bytes:
//! the same headers, the same JSON. And it does what measurements have shown to be fast: consumer and producer on
//! one thread, delivery reports served there, nothing waited for, offsets committed asynchronously every 200 ms.
//!
//! It has nothing else: no dead letters (a record that cannot be handled ends it), no retries, no bounds, no spans,
//! no metrics, and it can do nothing but this.

mod clients;
mod codec;
mod envelope;
mod ledger;
mod waiting;

use std::time::{Duration, Instant};

use rdkafka::consumer::{BaseConsumer, CommitMode, Consumer as _};
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::message::{BorrowedMessage, Message as _};
use rdkafka::producer::{BaseProducer, BaseRecord, Producer as _};
use rdkafka::{Offset, TopicPartitionList};

use self::clients::Reports;
use self::codec::Codec;
use self::envelope::{Envelope, Incoming, ORDER_PLACED};
use self::ledger::Ledger;
use super::child::Stop;
use super::meter;
use crate::events::{self, PaymentConfirmed};

/// Records between two looks at delivery reports and the clock.
const RECORDS_A_LOOK: usize = 64;
/// Batches of delivery reports in one look.
const BATCHES_A_LOOK: usize = 64;
/// How often offsets are committed: as often as the framework does.
const COMMIT_EVERY: Duration = Duration::from_millis(200);
/// The longest wait for a record; delivery reports are looked at after it.
const IDLE: Duration = Duration::from_millis(5);
/// How long the end may take.
const END_WITHIN: Duration = Duration::from_secs(30);

/// Why the loop ended before it was asked to.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ExpertError {
    /// Kafka refused something.
    #[error("kafka: {0}")]
    Kafka(#[from] KafkaError),
    /// An event is no text.
    #[error("utf-8: {0}")]
    Text(std::str::Utf8Error),
    /// An event is no JSON of its type.
    #[error("json: {0}")]
    Json(serde_json::Error),
    /// An event breaks its contract.
    #[error("an event breaks the contract of {0}")]
    Contract(&'static str),
    /// The loop could not be set up.
    #[error("{0}")]
    Set(String),
}

/// What a loop is to do.
#[derive(Debug, Clone)]
pub struct Job {
    /// The brokers.
    pub bootstrap: String,
    /// Where orders are.
    pub input: String,
    /// Where payments go.
    pub output: String,
    /// The consumer group.
    pub group: String,
    /// How long the producer gathers a batch, in milliseconds.
    pub linger_ms: u32,
    /// Whether contracts are asserted.
    pub checked: bool,
}

/// Handles each record when it is polled, until `stop` is asked.
///
/// # Errors
///
/// When a client cannot be made, or a record cannot be handled.
pub fn run(job: &Job, stop: &Stop) -> Result<(), ExpertError> {
    let consumer = clients::consumer(&job.bootstrap, &job.group)?;
    consumer.subscribe(&[&job.input])?;
    let mut way = Way::new(job)?;
    loop {
        let mut idle = true;
        for _ in 0..RECORDS_A_LOOK {
            let Some(message) = consumer.poll(Duration::ZERO) else { break };
            way.handle(&message?)?;
            idle = false;
        }
        way.look(&consumer)?;
        if idle {
            if stop.asked() {
                break;
            }
            if let Some(message) = consumer.poll(IDLE) {
                way.handle(&message?)?;
            }
        }
    }
    way.end(&consumer)
}

/// The same, where handling a record waits 1 ms: up to `concurrency` records are handled at once, those of one key
/// one after the other.
///
/// # Errors
///
/// As [`run`].
pub fn run_waiting(job: &Job, concurrency: usize, stop: &Stop) -> Result<(), ExpertError> {
    waiting::run(job, concurrency, stop)
}

/// A record's way after the poll.
struct Way {
    producer: BaseProducer<Reports>,
    input: String,
    output: String,
    codec: Codec,
    envelope: Envelope,
    ledger: Ledger,
    /// Room for one payment.
    value: Vec<u8>,
    /// Read once a look.
    now: Instant,
    committed: Instant,
}

impl Way {
    fn new(job: &Job) -> Result<Self, ExpertError> {
        Ok(Self {
            producer: clients::producer(&job.bootstrap, job.linger_ms)?,
            input: job.input.clone(),
            output: job.output.clone(),
            codec: if job.checked { Codec::checked()? } else { Codec::Typed },
            envelope: Envelope::new(),
            ledger: Ledger::default(),
            value: Vec::new(),
            now: Instant::now(),
            committed: Instant::now(),
        })
    }

    /// The whole of it for one record.
    fn handle(&mut self, message: &BorrowedMessage<'_>) -> Result<(), ExpertError> {
        meter::begin();
        let tag = self.ledger.take(message.partition(), message.offset());
        if let Some((incoming, payload)) = self.expected(message, tag) {
            let payment = events::pay(&self.codec.read(payload)?);
            self.send(&incoming, &payment, tag)?;
        }
        Ok(())
    }

    /// Headers and payload of an order. `None`: something else, which is settled by this.
    fn expected<'m>(
        &mut self,
        message: &'m BorrowedMessage<'_>,
        tag: usize,
    ) -> Option<(Incoming<'m>, &'m [u8])> {
        let incoming = message.headers().map(Incoming::of).unwrap_or_default();
        if incoming.event_type != ORDER_PLACED {
            self.ledger.acknowledged(tag);
            return None;
        }
        Some((incoming, message.payload().unwrap_or_default()))
    }

    /// Hands a payment to the producer.
    fn send(
        &mut self,
        incoming: &Incoming<'_>,
        payment: &PaymentConfirmed,
        tag: usize,
    ) -> Result<(), ExpertError> {
        self.codec.write(payment, &mut self.value)?;
        let mut record = BaseRecord::<[u8], [u8], usize>::with_opaque_to(&self.output, tag)
            .key(payment.order_id.as_bytes())
            .payload(&self.value)
            .headers(self.envelope.headers(self.now, incoming));
        while let Err((error, back)) = self.producer.send(record) {
            if error.rdkafka_error_code() != Some(RDKafkaErrorCode::QueueFull) {
                return Err(error.into());
            }
            self.producer.poll(IDLE);
            record = back;
        }
        Ok(())
    }

    /// Serves delivery reports, and commits when it is time.
    fn look(&mut self, consumer: &BaseConsumer) -> Result<(), ExpertError> {
        self.serve_reports()?;
        self.now = Instant::now();
        if self.now.duration_since(self.committed) >= COMMIT_EVERY {
            self.committed = self.now;
            self.commit(consumer, CommitMode::Async)?;
        }
        Ok(())
    }

    fn serve_reports(&mut self) -> Result<(), ExpertError> {
        let mut seen = 0;
        for _ in 0..BATCHES_A_LOOK {
            self.producer.poll(Duration::ZERO);
            let served = self.producer.context().lock().len();
            if served == seen {
                break;
            }
            seen = served;
        }
        for (tag, result) in self.producer.context().lock().drain(..) {
            result?;
            self.ledger.acknowledged(tag);
        }
        Ok(())
    }

    fn commit(&mut self, consumer: &BaseConsumer, mode: CommitMode) -> Result<(), ExpertError> {
        let mut list = TopicPartitionList::new();
        for (partition, offset) in self.ledger.due() {
            list.add_partition_offset(&self.input, partition, Offset::Offset(offset))?;
        }
        if list.count() > 0 {
            consumer.commit(&list, mode)?;
        }
        Ok(())
    }

    /// Waits for what is on its way, and commits it.
    fn end(mut self, consumer: &BaseConsumer) -> Result<(), ExpertError> {
        self.producer.flush(END_WITHIN)?;
        self.serve_reports()?;
        if !self.ledger.is_settled() {
            return Err(ExpertError::Set("flushed, and yet something is not acknowledged".to_owned()));
        }
        self.commit(consumer, CommitMode::Sync)
    }
}
