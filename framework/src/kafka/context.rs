//! What librdkafka calls back into a step's consumer. Every callback copies and returns.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use rdkafka::config::RDKafkaLogLevel;
use rdkafka::consumer::{BaseConsumer, Consumer, ConsumerContext};
use rdkafka::error::KafkaError;
use rdkafka::types::RDKafkaRespErr;
use rdkafka::{ClientContext, TopicPartitionList};

use super::partition::{Partition, named};
use super::rights::Right;
use super::status::{Side, Status};
use super::words::Trouble;

/// A step's consumer.
pub(super) type StepConsumer = BaseConsumer<StepContext>;

/// What the group decided.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Rebalance {
    /// These are now ours; librdkafka waits for an answer.
    Assigned(Vec<Partition>),
    /// These are to be given up; librdkafka waits for an answer.
    Revoked(Vec<Partition>),
    /// These may already be somebody else's; librdkafka waits for an answer.
    Lost(Vec<Partition>),
}

/// What the callbacks left for the loop. Bounded: librdkafka has one rebalance at a time.
#[derive(Debug, Default)]
pub(super) struct Inbox {
    pub(super) rebalances: VecDeque<Rebalance>,
}

/// The context of a step's consumer.
#[derive(Debug)]
pub(super) struct StepContext {
    inbox: Mutex<Inbox>,
    /// A callback ran: there may be more in the queue behind what it was called for.
    served: AtomicBool,
    /// Nobody turns the loop any more: rebalances are answered in the callback.
    closing: AtomicBool,
    /// librdkafka moved a position because the log no longer holds it.
    reset: AtomicBool,
    status: Arc<Status>,
}

impl StepContext {
    /// A context that reports to `status`.
    pub(super) fn new(status: Arc<Status>) -> Self {
        Self {
            inbox: Mutex::default(),
            served: AtomicBool::new(false),
            closing: AtomicBool::new(false),
            reset: AtomicBool::new(false),
            status,
        }
    }

    /// What the callbacks left, for the loop to empty.
    pub(super) fn inbox(&self) -> MutexGuard<'_, Inbox> {
        self.inbox.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether a callback ran since this was last asked.
    ///
    /// A poll that served a callback answers `None` like a poll that found nothing, with records still behind
    /// it; and the queue says that it is no longer empty only when it was. Who sleeps then, sleeps on records.
    pub(super) fn take_served(&self) -> bool {
        self.served.swap(false, Ordering::Relaxed)
    }

    /// Whether a position was reset since this was last asked.
    pub(super) fn take_reset(&self) -> bool {
        self.reset.swap(false, Ordering::Relaxed)
    }

    /// From now on rebalances are answered in the callback, as the consumer is being closed.
    pub(super) fn close(&self) {
        self.closing.store(true, Ordering::Relaxed);
    }
}

impl ClientContext for StepContext {
    fn log(&self, level: RDKafkaLogLevel, facility: &str, text: &str) {
        self.served.store(true, Ordering::Relaxed);
        if facility == "OFFSET" {
            self.reset.store(true, Ordering::Relaxed);
        }
        log(level, facility, text);
    }

    fn stats_raw(&self, _: &[u8]) {
        self.served.store(true, Ordering::Relaxed);
    }

    fn error(&self, error: KafkaError, reason: &str) {
        self.served.store(true, Ordering::Relaxed);
        report(&self.status, Side::Consumer, &error, reason);
    }
}

impl ConsumerContext for StepContext {
    fn rebalance(&self, consumer: &BaseConsumer<Self>, event: RDKafkaRespErr, list: &mut TopicPartitionList) {
        self.served.store(true, Ordering::Relaxed);
        let assigned = event == RDKafkaRespErr::RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS;
        if self.closing.load(Ordering::Relaxed) {
            // While closing, librdkafka takes any answer as giving everything up.
            if let Err(error) = consumer.incremental_unassign(list) {
                tracing::debug!(%error, "the last answer to the group was refused");
            }
            return;
        }
        let partitions = named(list);
        let rebalance = if assigned {
            Rebalance::Assigned(partitions)
        } else if consumer.assignment_lost() {
            Rebalance::Lost(partitions)
        } else {
            Rebalance::Revoked(partitions)
        };
        self.inbox().rebalances.push_back(rebalance);
    }
}

/// Passes an error of librdkafka on in words.
pub(super) fn report(status: &Status, side: Side, error: &KafkaError, reason: &str) {
    let code = error.rdkafka_error_code();
    if let (Side::Consumer, Some(right)) = (side, code.and_then(Right::of_consumer)) {
        tracing::debug!(target: "librdkafka", "{reason}");
        return status.refused(right);
    }
    if side == Side::Producer && code.is_some_and(|code| Right::of_producer(code).is_some()) {
        // The producer dies of it, and is told of then.
        tracing::debug!(target: "librdkafka", "{reason}");
        return;
    }
    match code.map_or(Trouble::Other, |code| Trouble::told(code, reason)) {
        Trouble::Other => tracing::warn!(?side, %error, "{reason}"),
        trouble => status.troubled(side, trouble, reason),
    }
}

/// A law sets this property, which librdkafka calls experimental.
const SET_BY_US: &str = "enable.gapless.guarantee";

/// Passes a log line of librdkafka on. Lines that repeat with every attempt to connect are for debugging: the
/// change of state is told once by [`Status`]. What it has against the settings is a warning, whatever it takes it for.
pub(super) fn log(level: RDKafkaLogLevel, facility: &str, text: &str) {
    let repeats = matches!(facility, "FAIL" | "ERROR" | "FATAL" | "REQTMOUT");
    let is_of_settings = facility == "CONFWARN";
    if repeats || (is_of_settings && text.contains(SET_BY_US)) {
        tracing::debug!(target: "librdkafka", facility, "{text}");
        return;
    }
    match level {
        _ if is_of_settings => tracing::warn!(target: "librdkafka", facility, "{text}"),
        RDKafkaLogLevel::Emerg
        | RDKafkaLogLevel::Alert
        | RDKafkaLogLevel::Critical
        | RDKafkaLogLevel::Error => {
            tracing::error!(target: "librdkafka", facility, "{text}");
        }
        RDKafkaLogLevel::Warning => tracing::warn!(target: "librdkafka", facility, "{text}"),
        RDKafkaLogLevel::Notice | RDKafkaLogLevel::Info => {
            tracing::info!(target: "librdkafka", facility, "{text}");
        }
        RDKafkaLogLevel::Debug => tracing::debug!(target: "librdkafka", facility, "{text}"),
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use rdkafka::ClientConfig;
    use rdkafka::producer::BaseProducer;

    use super::*;
    use crate::settings::LogFormat;
    use crate::telemetry::logged;

    /// More than a client says of its settings.
    const LINES: usize = 100;

    struct Heard;

    impl ClientContext for Heard {
        fn log(&self, level: RDKafkaLogLevel, facility: &str, text: &str) {
            log(level, facility, text);
        }
    }

    impl rdkafka::producer::ProducerContext for Heard {
        type DeliveryOpaque = ();

        fn delivery(&self, _: &rdkafka::producer::DeliveryResult<'_>, (): ()) {}
    }

    #[test]
    fn what_librdkafka_has_against_the_settings_is_a_warning() {
        let told = logged(LogFormat::Human, || {
            let mut config = ClientConfig::new();
            config.set("enable.gapless.guarantee", "true").set("enable.idempotence", "true");
            config.set("sasl.mechanism", "PLAIN");
            let producer: BaseProducer<Heard> = config.create_with_context(Heard).unwrap();
            // One line a poll, and all of them wait there by now.
            for _ in 0..LINES {
                producer.poll(Duration::ZERO);
            }
        });
        let warned: Vec<_> = told.lines().filter(|line| line.contains(" WARN ")).collect();
        let [login, brokers] = warned.as_slice() else { panic!("two lines: {told}") };
        assert!(login.contains("`sasl.mechanism` set to `PLAIN`"), "{login}");
        assert!(brokers.contains("No `bootstrap.servers` configured"), "{brokers}");
    }
}
