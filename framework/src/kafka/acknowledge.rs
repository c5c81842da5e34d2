//! Stage *acknowledged*: what the broker said about each publish.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use rdkafka::ClientContext;
use rdkafka::config::RDKafkaLogLevel;
use rdkafka::error::KafkaError;
use rdkafka::message::{BorrowedMessage, Headers, Message};
use rdkafka::producer::{DeliveryResult, ProducerContext};
use rdkafka::types::RDKafkaErrorCode;

use super::context::{log, report};
use super::status::{Side, Status};
use super::words::{protocol_name, set_up};
use crate::runner::port::{Delivery, OwnedOutgoing, Tag};

/// What became of one publish.
pub(super) type Report = (Tag, Delivery);

/// Where delivery reports wait for the sending thread; shared by a producer and the one that replaces it.
#[derive(Debug, Default)]
pub(crate) struct ReportBox {
    reports: Mutex<Vec<Report>>,
    /// The producer can do nothing more and has to be replaced.
    fatal: AtomicBool,
    /// The broker refused a batch of several records, of which one may be at fault.
    doubtful: AtomicBool,
}

/// How many records a producer puts into one batch. A broker refuses batches, not records: whose fault it was is known
/// only of a record that was alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Batches {
    /// As many as there are.
    Many,
    /// One.
    Single,
}

impl ReportBox {
    /// The reports, for the sending thread to empty. Bounded by what the producer's queue holds.
    pub(super) fn reports(&self) -> MutexGuard<'_, Vec<Report>> {
        self.reports.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether the producer died since this was last asked.
    pub(super) fn take_fatal(&self) -> bool {
        self.fatal.swap(false, Ordering::Relaxed)
    }

    /// Whether the broker refused a batch of several since this was last asked.
    pub(super) fn take_doubtful(&self) -> bool {
        self.doubtful.swap(false, Ordering::Relaxed)
    }

    /// The broker refused a batch of several.
    pub(super) fn set_doubtful(&self) {
        self.doubtful.store(true, Ordering::Relaxed);
    }

    /// The producer died.
    pub(super) fn set_fatal(&self) {
        self.fatal.store(true, Ordering::Relaxed);
    }
}

/// The context of a step's producer.
#[derive(Debug)]
pub(crate) struct Reports {
    inbox: Arc<ReportBox>,
    /// `None` only where nobody watches.
    status: Option<Arc<Status>>,
    batches: Batches,
}

impl Reports {
    /// A context that leaves reports in `inbox` and tells trouble to `status`.
    pub(super) fn new(inbox: Arc<ReportBox>, status: Option<Arc<Status>>, batches: Batches) -> Self {
        Self { inbox, status, batches }
    }
}

impl ClientContext for Reports {
    fn log(&self, level: RDKafkaLogLevel, facility: &str, text: &str) {
        log(level, facility, text);
    }

    fn error(&self, error: KafkaError, reason: &str) {
        if error.rdkafka_error_code() == Some(RDKafkaErrorCode::Fatal) {
            // What it died of is told by whoever replaces it.
            self.inbox.set_fatal();
            return;
        }
        if let Some(status) = &self.status {
            report(status, Side::Producer, &error, reason);
        }
    }
}

impl ProducerContext for Reports {
    type DeliveryOpaque = usize;

    fn delivery(&self, result: &DeliveryResult<'_>, tag: usize) {
        let delivery = match result {
            Ok(message) => {
                Delivery::Acknowledged { partition: message.partition(), offset: message.offset() }
            }
            Err((error, message)) => {
                let code = error.rdkafka_error_code().unwrap_or(RDKafkaErrorCode::Unknown);
                if code == RDKafkaErrorCode::Fatal {
                    self.inbox.set_fatal();
                }
                if self.batches == Batches::Many && Fault::of(code) == Fault::Record {
                    self.inbox.set_doubtful();
                }
                failed(code, message, self.batches)
            }
        };
        if let (Some(status), Ok(_)) = (&self.status, result) {
            status.reached(Side::Producer);
        }
        self.inbox.reports().push((Tag(tag as u64), delivery));
    }
}

/// Which of the three ways of law 6 a failed publish went.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fault {
    /// The record's own.
    Record,
    /// The producer's: the same record can be sent again at once.
    Producer,
    /// The set-up's: the same record can be sent again once somebody mended it.
    Setup,
}

impl Fault {
    /// The way of an error code. What nobody foresaw counts as the set-up's fault: it is shown on `/ready`
    /// with its name and tried again every few seconds, and the record is not lost.
    pub(super) fn of(code: RDKafkaErrorCode) -> Self {
        use RDKafkaErrorCode as Code;
        match code {
            Code::MessageSizeTooLarge
            | Code::InvalidMessageSize
            | Code::MessageBatchTooLarge
            | Code::InvalidRecord
            | Code::InvalidTimestamp
            | Code::PolicyViolation
            | Code::UnsupportedForMessageFormat => Self::Record,
            Code::Fatal
            | Code::PurgeQueue
            | Code::PurgeInflight
            | Code::MessageTimedOut
            | Code::OutOfOrderSequenceNumber
            | Code::UnknownProducerId
            | Code::InvalidProducerEpoch
            | Code::InvalidProducerIdMapping => Self::Producer,
            _ => Self::Setup,
        }
    }
}

/// The report of a publish that failed with `code`.
fn failed(code: RDKafkaErrorCode, message: &BorrowedMessage<'_>, batches: Batches) -> Delivery {
    match (Fault::of(code), batches) {
        (Fault::Record, Batches::Single) => Delivery::Refused { error: protocol_name(code) },
        (Fault::Record, Batches::Many) | (Fault::Producer, _) => {
            Delivery::Unsent { record: Box::new(owned(message)) }
        }
        (Fault::Setup, _) => {
            let record = Box::new(owned(message));
            Delivery::Setup { topic: message.topic().into(), error: set_up(code).into(), record }
        }
    }
}

/// A copy of what could not be sent. The headers are our own, so their names are text.
fn owned(message: &BorrowedMessage<'_>) -> OwnedOutgoing {
    OwnedOutgoing {
        topic: message.topic().to_owned(),
        key: message.key().map(<[u8]>::to_vec),
        value: message.payload().map(<[u8]>::to_vec),
        headers: message.headers().map_or_else(Vec::new, |headers| {
            headers.iter().map(|header| (header.key.to_owned(), header.value.map(<[u8]>::to_vec))).collect()
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_code_goes_one_of_three_ways_and_the_unforeseen_loses_nothing() {
        assert_eq!(Fault::of(RDKafkaErrorCode::MessageSizeTooLarge), Fault::Record);
        assert_eq!(Fault::of(RDKafkaErrorCode::PurgeInflight), Fault::Producer);
        assert_eq!(Fault::of(RDKafkaErrorCode::TopicAuthorizationFailed), Fault::Setup);
        assert_eq!(Fault::of(RDKafkaErrorCode::UnknownTopicOrPartition), Fault::Setup);
        assert_eq!(Fault::of(RDKafkaErrorCode::LogDirNotFound), Fault::Setup);
    }
}
