//! Stage *publish*: records into the producer, on the step's [sending thread](super::sender).

use std::sync::Arc;

use rdkafka::message::{Header, OwnedHeaders};
use rdkafka::producer::{BaseProducer, BaseRecord, Producer as _, PurgeConfig};
use rdkafka::types::RDKafkaErrorCode;

use super::acknowledge::{Batches, Fault, Report, ReportBox, Reports};
use super::client::{ClientError, Connection, StepProducer};
use super::rights::{Right, TRY_AGAIN_MS};
use super::status::{Side, Status};
use super::words::{Trouble, protocol_name, set_up};
use crate::clock;
use crate::runner::port::{Delivery, Outgoing, PublishError, Tag};

/// A producer that is polled by whoever sends through it.
pub(super) type Producer<C> = BaseProducer<C>;

/// The most batches of delivery reports taken in one look.
const BATCHES_A_LOOK: usize = 64;
/// How long a dead producer may take to hand back what it holds, in milliseconds.
const HAND_BACK_MS: u64 = 2_000;
/// A producer is replaced at most this often, in milliseconds: its successor may die of the same cause.
const REPLACE_EVERY_MS: u64 = 1_000;
/// After a batch was refused, records go one by one for at least this long, in milliseconds.
const SINGLE_MS: u64 = 60_000;
/// How long the change back to batches of many may keep records waiting, in milliseconds: one publish that no broker
/// acknowledges, which lasts as long as its partition has no leader, must not hold up all others.
const DRAIN_MS: u64 = 2_000;
/// One wait for reports of a producer that is being closed or replaced, in milliseconds.
const CLOSE_POLL_MS: u64 = 20;

/// A step's way out: the producer, and the one that replaces it.
pub(super) struct Outlet {
    connection: Connection,
    client: String,
    /// `None` between a dead producer and its successor.
    producer: Option<Arc<StepProducer>>,
    inbox: Arc<ReportBox>,
    status: Arc<Status>,
    /// Taken by the producer and not reported yet.
    unreported: usize,
    /// The next replacement may be made then, on the steady clock.
    replace_at: u64,
    batches: Batches,
    /// Records go one by one until then at least, on the steady clock.
    single_until: u64,
    /// Topics that the set-up refused at once since the last look, and how: what goes there meanwhile must not pass what
    /// was refused, though the topic be there by now. Bounded by the topics to which the step publishes.
    refused: Vec<(Box<str>, Box<str>)>,
}

impl Outlet {
    /// An outlet with its first producer.
    pub(super) fn open(
        connection: &Connection,
        client: &str,
        status: &Arc<Status>,
    ) -> Result<Self, ClientError> {
        let inbox = Arc::new(ReportBox::default());
        let batches = Batches::Many;
        let reports = Reports::new(Arc::clone(&inbox), Some(Arc::clone(status)), batches);
        Ok(Self {
            connection: connection.clone(),
            client: client.to_owned(),
            producer: Some(Arc::new(connection.producer(client, reports, batches)?)),
            inbox,
            status: Arc::clone(status),
            unreported: 0,
            replace_at: 0,
            batches,
            single_until: 0,
            refused: Vec::new(),
        })
    }

    /// Where reports go by.
    #[cfg(test)]
    #[cfg(feature = "embedded")]
    pub(super) fn inbox(&self) -> Arc<ReportBox> {
        Arc::clone(&self.inbox)
    }

    /// How many publishes have no report yet.
    pub(super) fn unreported(&self) -> usize {
        self.unreported
    }

    /// The producer, to be asked whether it reaches a broker.
    pub(super) fn producer(&self) -> Option<Arc<StepProducer>> {
        self.producer.clone()
    }

    /// Hands a record to the producer. A topic that the producer already knows to be missing or refused is
    /// reported like a refusal by the broker: later, under the tag.
    pub(super) fn send(&mut self, record: &Outgoing<'_>, tag: Tag) -> Result<(), PublishError> {
        let Some(producer) = &self.producer else {
            return Err(PublishError::Producer("the producer is being replaced".to_owned()));
        };
        if self.is_to_drain() {
            return Err(PublishError::QueueFull);
        }
        if let Some((_, error)) = self.refused.iter().find(|(topic, _)| **topic == *record.topic) {
            let error = error.clone();
            self.refuse(record, tag, error);
            return Ok(());
        }
        let mut outgoing = BaseRecord::<[u8], [u8], usize>::with_opaque_to(record.topic, tag.0 as usize)
            .headers(headers(record));
        outgoing.key = record.key;
        outgoing.payload = record.value;
        let Err((error, _)) = producer.send(outgoing) else {
            self.unreported += 1;
            return Ok(());
        };
        match error.rdkafka_error_code() {
            Some(RDKafkaErrorCode::QueueFull) => Err(PublishError::QueueFull),
            Some(code) => match Fault::of(code) {
                Fault::Record => Err(PublishError::Record(protocol_name(code))),
                Fault::Producer => {
                    self.inbox.set_fatal();
                    Err(PublishError::Producer(protocol_name(code)))
                }
                Fault::Setup => {
                    let error: Box<str> = set_up(code).into();
                    self.refused.push((record.topic.into(), error.clone()));
                    self.refuse(record, tag, error);
                    Ok(())
                }
            },
            // The only error without a code: a topic with a zero byte in its name.
            None => Err(PublishError::Record("INVALID_TOPIC".to_owned())),
        }
    }

    /// Reports that the set-up is at fault.
    #[cold]
    fn refuse(&mut self, record: &Outgoing<'_>, tag: Tag, error: Box<str>) {
        let (topic, record) = (record.topic.into(), Box::new(record.owned()));
        self.unreported += 1;
        self.inbox.reports().push((tag, Delivery::Setup { topic, error, record }));
    }

    /// Moves what has been reported into `reports`, which must be empty: first what has to be sent again, in the order of its
    /// tags. Replaces a dead producer; what it held is reported unsent.
    pub(super) fn poll(&mut self, reports: &mut Vec<Report>) {
        debug_assert!(reports.is_empty());
        if let Some(producer) = &self.producer {
            let mut seen = 0;
            for _ in 0..BATCHES_A_LOOK {
                producer.poll(std::time::Duration::ZERO);
                let waiting = self.inbox.reports().len();
                if waiting == seen {
                    break;
                }
                seen = waiting;
            }
        }
        self.adapt_batches();
        if self.inbox.take_fatal() || self.producer.is_none() {
            self.replace(clock::millis());
        }
        self.refused.clear();
        std::mem::swap(reports, &mut *self.inbox.reports());
        back_first(reports);
        self.unreported = self.unreported.saturating_sub(reports.len());
    }

    /// Ends the producer: waits for what is on its way until `deadline` on the steady clock, then takes the
    /// rest back. What comes back is reported.
    pub(super) fn close(mut self, deadline: u64) -> Vec<Report> {
        if let Some(producer) = self.producer.take() {
            hand_back(&producer, deadline);
            purge(&producer);
        }
        std::mem::take(&mut *self.inbox.reports())
    }

    /// Whether records went one by one for long enough.
    fn single_is_over(&self) -> bool {
        self.batches == Batches::Single && clock::millis() >= self.single_until
    }

    /// Whether nothing more is taken until everything is reported: two producers at once would not keep the order, so
    /// the one that sends records one by one ends before the next begins.
    fn is_to_drain(&self) -> bool {
        self.unreported > 0 && self.single_is_over()
    }

    /// After a batch was refused, goes on with batches of one, so that only the record at fault is refused; after a
    /// while, as soon as everything is reported, with batches of many again. Where that does not come soon, with batches
    /// of one for another while.
    fn adapt_batches(&mut self) {
        if self.is_doubtful() {
            self.replace_at = clock::millis();
            self.inbox.set_fatal();
        } else if self.single_is_over() {
            let now = clock::millis();
            if self.unreported == 0 {
                // Planned, so it need not wait as the successor of a dead one does.
                (self.batches, self.replace_at) = (Batches::Many, now);
                self.producer = None;
                self.status.overdue(false);
            } else if now >= self.single_until.saturating_add(DRAIN_MS) {
                self.single_until = now + SINGLE_MS;
                self.status.overdue(true);
            }
        }
    }

    /// Whether a batch was refused; if so, the next producer sends records one by one.
    fn is_doubtful(&mut self) -> bool {
        let doubtful = self.inbox.take_doubtful() && self.batches == Batches::Many;
        if doubtful {
            tracing::warn!(client = %self.client, "the broker refuses a batch; sending its records one by one");
            (self.batches, self.single_until) = (Batches::Single, clock::millis() + SINGLE_MS);
        }
        doubtful
    }

    /// Says what a producer died of. The successor of one that lacked a right may lack it too: that one comes later.
    fn obituary(&mut self, dead: &StepProducer, now: u64) {
        let Some((code, text)) = dead.client().fatal_error() else { return };
        if let Some(right) = Right::of_producer(code) {
            self.status.refused(right);
            self.replace_at = now + TRY_AGAIN_MS;
        } else {
            self.status.troubled(Side::Producer, Trouble::Fatal, &text);
        }
    }

    /// Takes everything back from a dead producer and makes a new one.
    fn replace(&mut self, now: u64) {
        if now < self.replace_at {
            self.inbox.set_fatal();
            return;
        }
        self.replace_at = now + REPLACE_EVERY_MS;
        if let Some(dead) = self.producer.take() {
            self.obituary(&dead, now);
            purge(&dead);
            let reported = self.inbox.reports().len();
            if reported < self.unreported {
                let missing = self.unreported - reported;
                self.status
                    .fatal(format!("a dead producer kept {missing} records; restart to send them again"));
            }
        }
        // The batch that the producer died of shows only now.
        self.is_doubtful();
        if self.replace_at > now + REPLACE_EVERY_MS {
            return;
        }
        self.status.is_to_try(Right::Write);
        let context = Reports::new(Arc::clone(&self.inbox), Some(Arc::clone(&self.status)), self.batches);
        match self.connection.producer(&self.client, context, self.batches) {
            Ok(producer) => self.producer = Some(Arc::new(producer)),
            Err(error) => tracing::error!(client = %self.client, %error, "no new producer; trying again"),
        }
    }
}

impl std::fmt::Debug for Outlet {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Outlet")
            .field("client", &self.client)
            .field("unreported", &self.unreported)
            .finish_non_exhaustive()
    }
}

/// Puts what has to be sent again in front, in the order of its tags: what is acknowledged lets new records be sent, and
/// none of them may pass it.
fn back_first(reports: &mut [Report]) {
    let is_back = |delivery: &Delivery| matches!(delivery, Delivery::Unsent { .. } | Delivery::Setup { .. });
    if reports.iter().any(|(_, delivery)| is_back(delivery)) {
        // Stable: what else was reported stays as it came.
        reports.sort_by_key(|(tag, delivery)| if is_back(delivery) { (0, tag.0) } else { (1, 0) });
    }
}

/// Serves reports until the producer holds nothing or `deadline` on the steady clock has passed.
pub(super) fn hand_back<C: rdkafka::producer::ProducerContext>(producer: &Producer<C>, deadline: u64) {
    while producer.in_flight_count() > 0 && clock::millis() < deadline {
        producer.poll(std::time::Duration::from_millis(CLOSE_POLL_MS));
    }
}

/// Takes back what a producer holds, and reports it. The producer is to be dropped.
fn purge(producer: &StepProducer) {
    producer.purge(PurgeConfig::default().queue().inflight());
    hand_back(producer, clock::millis() + HAND_BACK_MS);
}

/// The headers as librdkafka wants them.
fn headers(record: &Outgoing<'_>) -> OwnedHeaders {
    record
        .headers
        .iter()
        .fold(OwnedHeaders::new_with_capacity(record.headers.count()), |headers, (key, value)| {
            headers.insert(Header { key, value })
        })
}

#[cfg(test)]
#[cfg(feature = "embedded")]
mod tests {
    use super::super::embedded::EmbeddedBroker;
    use super::super::rights::Needs;
    use super::*;
    use crate::ops::Health;
    use crate::runner::port::HeaderList;
    use crate::settings::Settings;
    use crate::telemetry::Telemetry;

    const RECORDS: u64 = 100;

    fn outlet(broker: &EmbeddedBroker) -> Outlet {
        outlet_of(broker, &Health::new())
    }

    fn outlet_of(broker: &EmbeddedBroker, health: &Health) -> Outlet {
        let settings = Settings::read(broker.environment()).unwrap();
        let telemetry = Telemetry::quiet().step("test", "out", "test.out");
        let status = Arc::new(Status::new(health.step("test/out"), Arc::new(telemetry), Needs::default()));
        Outlet::open(&Connection::new(&settings.kafka), "test.out", &status).unwrap()
    }

    fn record(key: &[u8]) -> Outgoing<'_> {
        Outgoing {
            topic: "out",
            key: Some(key),
            value: Some(b"value"),
            headers: HeaderList::of(&[("name", Some(b"text")), ("empty", None)]),
        }
    }

    fn send_all(outlet: &mut Outlet) {
        for tag in 0..RECORDS {
            outlet.send(&record(tag.to_string().as_bytes()), Tag(tag)).unwrap();
        }
    }

    #[test]
    fn closing_delivers_everything_that_was_handed_over() {
        let broker = EmbeddedBroker::start().unwrap();
        broker.create_topic("out", 3).unwrap();
        let mut outlet = outlet(&broker);
        send_all(&mut outlet);
        let reports = outlet.close(clock::millis() + 30_000);
        let acknowledged =
            reports.iter().filter(|(_, delivery)| matches!(delivery, Delivery::Acknowledged { .. }));
        assert_eq!(acknowledged.count() as u64, RECORDS);
    }

    #[test]
    fn a_dead_producer_hands_everything_back_in_order_and_its_successor_works() {
        let broker = EmbeddedBroker::start().unwrap();
        broker.create_topic("out", 3).unwrap();
        let mut outlet = outlet(&broker);
        broker.go_away().unwrap();
        send_all(&mut outlet);
        assert_eq!(outlet.unreported() as u64, RECORDS);
        outlet.inbox.set_fatal();
        let mut reports = Vec::new();
        outlet.poll(&mut reports);
        let tags: Vec<u64> = reports.iter().map(|(tag, _)| tag.0).collect();
        assert_eq!(tags, (0..RECORDS).collect::<Vec<_>>());
        for (tag, delivery) in &reports {
            let Delivery::Unsent { record } = delivery else { panic!("{delivery:?}") };
            assert_eq!(record.key.as_deref(), Some(tag.0.to_string().as_bytes()));
            let headers = [("name".to_owned(), Some(b"text".to_vec())), ("empty".to_owned(), None)];
            assert_eq!(record.headers, headers);
        }
        assert_eq!(outlet.unreported(), 0);
        broker.come_back().unwrap();
        send_all(&mut outlet);
        assert_eq!(outlet.close(clock::millis() + 30_000).len() as u64, RECORDS);
    }

    #[test]
    fn what_has_to_be_sent_again_is_told_before_what_lets_new_records_be_sent() {
        let broker = EmbeddedBroker::start().unwrap();
        let mut outlet = outlet(&broker);
        let unsent = || Delivery::Unsent { record: Box::new(record(b"key").owned()) };
        let set_up = || Delivery::Setup {
            topic: "out".into(),
            error: "NO_RIGHT".into(),
            record: Box::new(record(b"key").owned()),
        };
        let acknowledged = || Delivery::Acknowledged { partition: 0, offset: 0 };
        let came = [(4, acknowledged()), (7, unsent()), (5, set_up()), (3, acknowledged()), (6, unsent())];
        outlet.inbox.reports().extend(came.map(|(tag, delivery)| (Tag(tag), delivery)));
        let mut reports = Vec::new();
        outlet.poll(&mut reports);
        let tags: Vec<u64> = reports.iter().map(|(tag, _)| tag.0).collect();
        assert_eq!(tags, [5, 6, 7, 4, 3]);
    }

    #[test]
    fn what_was_refused_at_once_is_passed_by_nothing_before_the_next_look() {
        let broker = EmbeddedBroker::start().unwrap();
        broker.create_topic("out", 3).unwrap();
        let mut outlet = outlet(&broker);
        outlet.refused.push(("out".into(), "NO_RIGHT".into()));
        send_all(&mut outlet);
        assert_eq!(outlet.unreported() as u64, RECORDS);
        let mut reports = Vec::new();
        outlet.poll(&mut reports);
        let is_refused =
            |delivery: &Delivery| matches!(delivery, Delivery::Setup { error, .. } if **error == *"NO_RIGHT");
        assert!(reports.iter().all(|(_, delivery)| is_refused(delivery)));
        assert_eq!((reports.len() as u64, outlet.unreported()), (RECORDS, 0));
        outlet.send(&record(b"key"), Tag(RECORDS)).unwrap();
        let reports = outlet.close(clock::millis() + 30_000);
        assert!(matches!(reports[..], [(Tag(RECORDS), Delivery::Acknowledged { .. })]), "{reports:?}");
    }

    #[test]
    fn after_a_refused_batch_records_go_one_by_one_for_a_while() {
        let broker = EmbeddedBroker::start().unwrap();
        broker.create_topic("out", 3).unwrap();
        let mut outlet = outlet(&broker);
        broker.go_away().unwrap();
        send_all(&mut outlet);
        outlet.inbox.set_doubtful();
        let mut reports = Vec::new();
        outlet.poll(&mut reports);
        assert!(reports.iter().all(|(_, delivery)| matches!(delivery, Delivery::Unsent { .. })));
        assert_eq!((reports.len() as u64, outlet.batches), (RECORDS, Batches::Single));
        // A second refusal is of one record, and no reason to begin again.
        outlet.inbox.set_doubtful();
        assert!(!outlet.is_doubtful());
        // What is under way ends first, and nothing new comes to it meanwhile.
        outlet.poll(&mut Vec::new());
        outlet.send(&record(b"key"), Tag(0)).unwrap();
        outlet.single_until = clock::millis();
        assert!(matches!(outlet.send(&record(b"key"), Tag(1)), Err(PublishError::QueueFull)));
        outlet.poll(&mut Vec::new());
        assert_eq!(outlet.batches, Batches::Single);
        broker.come_back().unwrap();
        let deadline = clock::millis() + 30_000;
        while outlet.batches == Batches::Single {
            assert!(clock::millis() < deadline, "what was under way never ended");
            outlet.single_until = clock::millis();
            hand_back(&outlet.producer().unwrap(), deadline);
            outlet.poll(&mut Vec::new());
        }
        outlet.send(&record(b"key"), Tag(2)).unwrap();
    }

    #[test]
    fn what_is_never_acknowledged_does_not_keep_everything_else_waiting() {
        let broker = EmbeddedBroker::start().unwrap();
        broker.create_topic("out", 3).unwrap();
        let health = Health::new();
        let mut outlet = outlet_of(&broker, &health);
        let notes = || health.report().steps[0].notes.join("\n");
        broker.go_away().unwrap();
        outlet.send(&record(b"key"), Tag(0)).unwrap();
        outlet.batches = Batches::Single;
        outlet.single_until = clock::millis();
        assert!(matches!(outlet.send(&record(b"key"), Tag(1)), Err(PublishError::QueueFull)));
        assert!(!notes().contains("one by one"), "{}", notes());
        outlet.single_until = clock::millis() - DRAIN_MS;
        outlet.poll(&mut Vec::new());
        outlet.send(&record(b"key"), Tag(1)).unwrap();
        assert_eq!((outlet.batches, outlet.unreported()), (Batches::Single, 2));
        assert!(notes().contains("one by one"), "{}", notes());
        broker.come_back().unwrap();
        let deadline = clock::millis() + 30_000;
        while outlet.batches == Batches::Single {
            assert!(clock::millis() < deadline, "what was under way never ended");
            outlet.single_until = clock::millis();
            hand_back(&outlet.producer().unwrap(), deadline);
            outlet.poll(&mut Vec::new());
        }
        assert!(!notes().contains("one by one"), "{}", notes());
    }
}
