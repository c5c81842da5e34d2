//! Records written in transactions, by whoever took the topic's transactional id last.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use rdkafka::ClientContext;
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::message::{DeliveryResult, Header, Message as _, OwnedHeaders};
use rdkafka::producer::{BaseProducer, BaseRecord, Producer as _, ProducerContext};

use super::Connection;
use crate::error::{Error, is_right};
use crate::limits::TRANSACTION_TIMEOUT;
use crate::record::Outgoing;

pub(super) type Producer = BaseProducer<Reports>;

/// How long taking the transactional id, committing and aborting may take each.
const WITHIN: Duration = TRANSACTION_TIMEOUT;

/// The wait while the client's own queue is full.
const QUEUE_WAIT: Duration = Duration::from_millis(10);

/// Why a transaction did not come to its end.
#[derive(Debug)]
pub(crate) enum Trouble {
    /// A record is refused for its own sake, and with it whatever the client sent in one piece with it; in the broker's
    /// words. Nothing was written.
    Refused(String),
    /// It was aborted for no fault of a record: librdkafka does so once after a refusal, to number its records anew.
    /// Nothing was written, and the transactional id is still ours.
    Aborted(String),
    /// Somebody else has taken the transactional id. Nothing of this transaction is committed.
    Fenced,
    /// Nobody knows whether it is committed: the id must be taken anew, and the audit topic read again.
    Unknown(String),
    /// It can never come to an end: a topic or a right is missing.
    Never(Error),
}

/// Writes under one transactional id.
pub(crate) struct Writer {
    producer: Producer,
    reports: Reports,
}

impl std::fmt::Debug for Writer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Writer").finish_non_exhaustive()
    }
}

impl Writer {
    /// Takes the transactional id of a dead-letter topic (without its namespace): whoever had it can commit no more, and
    /// what they left open is aborted when this returns.
    pub(crate) fn take(connection: &Connection, topic: &str) -> Result<Self, Trouble> {
        let reports = Reports::default();
        let producer = connection.producer(topic, reports.clone()).map_err(Trouble::Never)?;
        let id = connection.transactional_id(topic);
        producer.init_transactions(WITHIN).map_err(|error| match error.rdkafka_error_code() {
            Some(code) if is_right(code) => {
                let doing = format!("write as transactional id {id}");
                Trouble::Never(Error::code(doing, format!("WRITE on transactional id {id}"), code))
            }
            _ => Trouble::Unknown(error.to_string()),
        })?;
        Ok(Self { producer, reports })
    }

    /// Writes all of `records`, or none.
    pub(crate) fn write(&self, records: &[&Outgoing]) -> Result<(), Trouble> {
        self.reports.lock().clear();
        self.producer.begin_transaction().map_err(|error| trouble(&error))?;
        for record in records {
            if let Err(error) = self.send(record) {
                self.abort()?;
                return Err(refused(&error, &record.topic));
            }
        }
        let Err(error) = self.producer.commit_transaction(WITHIN) else { return Ok(()) };
        let KafkaError::Transaction(told) = &error else { return Err(Trouble::Unknown(error.to_string())) };
        if told.code() == RDKafkaErrorCode::Fenced || !told.txn_requires_abort() {
            return Err(trouble(&error));
        }
        let aborted = self.abort();
        let code = told.code();
        if is_right(code) {
            // Whatever aborting says: of a transaction that no partition could join, the broker knows nothing.
            return Err(Trouble::Never(Error::code("write in a transaction", rights(records), code)));
        }
        aborted?;
        let is_told =
            |(_, code): &&(String, RDKafkaErrorCode)| is_of_a_record(*code) || is_of_the_set_up(*code);
        match self.reports.lock().iter().find(is_told) {
            Some((topic, code)) => Err(refused(&KafkaError::MessageProduction(*code), topic)),
            None => Err(Trouble::Aborted(error.to_string())),
        }
    }

    fn abort(&self) -> Result<(), Trouble> {
        self.producer.abort_transaction(WITHIN).map_err(|error| trouble(&error))
    }

    fn send(&self, record: &Outgoing) -> Result<(), KafkaError> {
        let headers = OwnedHeaders::new_with_capacity(record.headers.len());
        let headers = record
            .headers
            .iter()
            .fold(headers, |headers, (key, value)| headers.insert(Header { key, value: value.as_ref() }));
        let mut base = BaseRecord::to(&record.topic);
        base.key = record.key.as_ref();
        base.payload = record.value.as_ref();
        base = base.headers(headers);
        loop {
            match self.producer.send(base) {
                Ok(()) => return Ok(()),
                Err((KafkaError::MessageProduction(RDKafkaErrorCode::QueueFull), back)) => {
                    base = back;
                    self.producer.poll(QUEUE_WAIT);
                }
                Err((error, _)) => return Err(error),
            }
        }
    }
}

/// What a transaction with these records needs: the broker does not say which of them is missing.
fn rights(records: &[&Outgoing]) -> String {
    let topics: BTreeSet<&str> = records.iter().map(|record| &*record.topic).collect();
    let rights: Vec<_> = topics.into_iter().map(|topic| format!("WRITE on topic {topic}")).collect();
    rights.join(" and ")
}

/// What an error means that the transaction as a whole has.
fn trouble(error: &KafkaError) -> Trouble {
    use RDKafkaErrorCode::{Fenced, InvalidProducerEpoch, ProducerFenced};
    let fatal = matches!(error, KafkaError::Transaction(told) if told.is_fatal());
    match error.rdkafka_error_code() {
        Some(Fenced | ProducerFenced) => Trouble::Fenced,
        Some(InvalidProducerEpoch) if fatal => Trouble::Fenced,
        _ => Trouble::Unknown(error.to_string()),
    }
}

/// What an error means that one record has.
fn refused(error: &KafkaError, topic: &str) -> Trouble {
    match error.rdkafka_error_code() {
        Some(code) if is_of_a_record(code) => Trouble::Refused(code.to_string()),
        Some(code) if is_of_the_set_up(code) => Trouble::Never(Error::code(
            format!("write to topic {topic}"),
            format!("WRITE on topic {topic}"),
            code,
        )),
        _ => Trouble::Unknown(error.to_string()),
    }
}

/// Whether another record would be taken.
fn is_of_a_record(code: RDKafkaErrorCode) -> bool {
    use RDKafkaErrorCode::{
        InvalidMessage, InvalidMessageSize, InvalidRecord, InvalidTimestamp, MessageSizeTooLarge,
    };
    matches!(
        code,
        MessageSizeTooLarge | InvalidMessage | InvalidMessageSize | InvalidRecord | InvalidTimestamp
    )
}

fn is_of_the_set_up(code: RDKafkaErrorCode) -> bool {
    is_right(code)
        || matches!(code, RDKafkaErrorCode::UnknownTopicOrPartition | RDKafkaErrorCode::UnknownTopic)
}

/// The records that failed, by their topics.
#[derive(Clone, Default)]
pub(super) struct Reports(Arc<Mutex<Vec<(String, RDKafkaErrorCode)>>>);

impl Reports {
    fn lock(&self) -> MutexGuard<'_, Vec<(String, RDKafkaErrorCode)>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl ClientContext for Reports {}

impl ProducerContext for Reports {
    type DeliveryOpaque = ();

    fn delivery(&self, result: &DeliveryResult<'_>, (): ()) {
        if let Err((error, record)) = result
            && let Some(code) = error.rdkafka_error_code()
        {
            self.lock().push((record.topic().to_owned(), code));
        }
    }
}
