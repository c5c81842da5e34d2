//! Starts on Kafka: each is acknowledged by the broker before it is told.

use std::any::TypeId;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use rdkafka::ClientContext;
use rdkafka::config::RDKafkaLogLevel;
use rdkafka::error::KafkaError;
use rdkafka::message::{Header, Message, OwnedHeaders};
use rdkafka::producer::{BaseRecord, DeliveryResult, Producer, ProducerContext, ThreadedProducer};
use rdkafka::types::RDKafkaErrorCode;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, oneshot};
use uuid::Uuid;

use super::acknowledge::{Batches, Fault};
use super::client::Connection;
use super::complaints::Complaints;
use super::context::log;
use super::words::{Trouble, protocol_name};
use crate::clock;
use crate::engine::Time;
use crate::envelope::Workflow;
use crate::envelope::id;
use crate::envelope::write::{EmitHeaders, with_event_headers};
use crate::event::StartingEvent;
use crate::publisher::{Ready, START_TIMEOUT, StartError, Starting};
use crate::registry;
use crate::runner::{clock_text, current};
use crate::settings::{Registry, Settings};
use crate::telemetry::{Emit, PublisherTelemetry, SendSpan, Telemetry, TraceParent};
use crate::wire::namespaced;

/// Starts that may wait for their acknowledgement at a time; more wait for one of them.
const MAX_IN_FLIGHT: usize = 10_000;

/// What all clones of a publisher share.
pub(crate) struct KafkaStarts {
    source: String,
    namespace: Option<String>,
    max_event_bytes: usize,
    registry: Option<Registry>,
    connection: Connection,
    telemetry: PublisherTelemetry,
    complaints: Arc<Complaints>,
    room: Arc<Semaphore>,
    /// Each event type that was started, made ready once. Bounded by the types in the program.
    ready: Mutex<HashMap<TypeId, Arc<Ready>>>,
    /// Replaced when it can do nothing more.
    producer: Mutex<Arc<ThreadedProducer<Reports>>>,
    /// Sends records one by one: made when the broker first refuses a batch, for which one of its records may be to blame.
    single: Mutex<Option<Arc<ThreadedProducer<Reports>>>>,
}

/// A delivery report on its way to whoever waits for it.
type Reported = Result<(i32, i64), RDKafkaErrorCode>;

/// The place of one start among [`MAX_IN_FLIGHT`]. Its records have it too: a start that is not waited for any more takes
/// its place for as long as the producer keeps what it handed over.
type Room = Option<Arc<OwnedSemaphorePermit>>;

/// Who waits for a delivery report.
struct Waiting {
    tell: oneshot::Sender<Reported>,
    _room: Room,
}

/// Delivery reports to those who wait for them, and what the client complains of.
struct Reports(Arc<Complaints>);

impl ClientContext for Reports {
    fn log(&self, level: RDKafkaLogLevel, facility: &str, text: &str) {
        log(level, facility, text);
    }

    fn error(&self, error: KafkaError, reason: &str) {
        let trouble = error.rdkafka_error_code().map_or(Trouble::Other, |code| Trouble::told(code, reason));
        self.0.heard(trouble, reason);
    }
}

impl ProducerContext for Reports {
    type DeliveryOpaque = Box<Waiting>;

    fn delivery(&self, result: &DeliveryResult<'_>, waiting: Self::DeliveryOpaque) {
        let report = match result {
            Ok(message) => {
                self.0.well();
                Ok((message.partition(), message.offset()))
            }
            Err((error, _)) => Err(error.rdkafka_error_code().unwrap_or(RDKafkaErrorCode::Unknown)),
        };
        // Whoever gave up waiting does not want to know.
        let _gone = waiting.tell.send(report);
    }
}

impl KafkaStarts {
    /// Connects in the background.
    pub(crate) fn connect(
        service: &str,
        settings: &Settings,
        telemetry: &Telemetry,
    ) -> Result<Self, StartError> {
        let connection = Connection::new(&settings.kafka);
        let complaints = Arc::new(Complaints::new(service));
        let producer = connect(&connection, &complaints, service, Batches::Many)?;
        Ok(Self {
            source: service.to_owned(),
            namespace: settings.namespace.clone(),
            max_event_bytes: settings.max_event_bytes,
            registry: settings.registry.clone(),
            connection,
            telemetry: telemetry.publisher(service),
            complaints,
            room: Arc::new(Semaphore::new(MAX_IN_FLIGHT)),
            ready: Mutex::default(),
            producer: Mutex::new(producer),
            single: Mutex::default(),
        })
    }

    pub(crate) fn source(&self) -> &str {
        &self.source
    }

    pub(crate) fn max_event_bytes(&self) -> usize {
        self.max_event_bytes
    }

    /// Waits until everything handed over is acknowledged, and says whether it was in time.
    pub(crate) fn flush(&self, deadline: Duration) -> bool {
        let single = lock(&self.single).clone();
        within(deadline, std::iter::once(self.producer()).chain(single), |producer, left| {
            producer.flush(left).is_ok()
        })
    }

    /// A place for one start. Whoever waited for one for longer than an acknowledgement may take gives way to the next: a
    /// broker that acknowledges nothing must not keep a line of callers waiting without end.
    ///
    /// The wait needs no timer, and so no particular runtime: places come free as acknowledgements time out, and those who
    /// waited for too long by then hand theirs on at once.
    async fn place(&self, ready: &Ready, since: Instant) -> Result<Room, StartError> {
        // Never closed, so there is always a permit to come.
        let room = Arc::clone(&self.room).acquire_owned().await.ok().map(Arc::new);
        if since.elapsed() >= START_TIMEOUT {
            return Err(StartError::QueueFull { event_type: ready.event_type().to_owned() });
        }
        Ok(room)
    }

    /// The event type made ready, the first time it is asked for.
    pub(crate) async fn ready<E: StartingEvent>(&self) -> Result<Arc<Ready>, StartError> {
        if let Some(ready) = lock(&self.ready).get(&TypeId::of::<E>()) {
            return Ok(Arc::clone(ready));
        }
        let topic = |name: &str| namespaced(self.namespace.as_deref(), name);
        let mut ready = Ready::of::<E>(&self.source, topic)?;
        ready.identify(&registry::look_up(self.registry.as_ref(), ready.declared()).await);
        let ready = Arc::new(ready);
        lock(&self.ready).insert(TypeId::of::<E>(), Arc::clone(&ready));
        Ok(ready)
    }

    /// Publishes the event and returns its id once the broker has acknowledged it.
    pub(crate) async fn start(&self, starting: Starting, id: Option<&str>) -> Result<Uuid, StartError> {
        self.start_since(starting, id, clock::instant()).await
    }

    /// The same for somebody who waits `since` then.
    async fn start_since(
        &self,
        starting: Starting,
        id: Option<&str>,
        since: Instant,
    ) -> Result<Uuid, StartError> {
        let event_id = match id {
            Some(id) => id::from_idempotency_id(id, &self.source, starting.ready.event_type()),
            None => id::fresh(),
        };
        let room = self.place(&starting.ready, since).await?;
        let workflow_id = event_id.to_string();
        let fact = Fact { workflow_id: &workflow_id, majors: starting.ready.majors(), room: &room };
        let producer = self.producer();
        // Whoever waits may give up at any await: by the first, every major is with the producer.
        let older = starting.older.iter().map(|older| (older, older.id_beside(&workflow_id).to_string()));
        let mut under_way = Vec::with_capacity(starting.older.len() + 1);
        for (major, id) in older.chain([(&starting, workflow_id.clone())]) {
            let mut major_under_way = self.hand_over(&producer, major, &id, fact);
            major_under_way.is_head = std::ptr::eq(major, &raw const starting);
            under_way.push(major_under_way);
            if matches!(under_way.last(), Some(UnderWay { told: Told::Now(_), .. })) {
                break;
            }
        }
        let reports = self.reports(&producer, &mut under_way).await;
        let (mut taken, mut refused) = (false, None);
        for (major, report) in under_way.into_iter().zip(reports) {
            match self.end(major, report, &workflow_id) {
                Ok(()) => taken = true,
                Err(error) => refused = refused.or(Some(error)),
            }
        }
        refused.map_or(Ok(event_id), |error| Err(in_part(error, taken)))
    }

    /// Hands a fact in one of its majors to the producer.
    fn hand_over<'a>(
        &self,
        producer: &ThreadedProducer<Reports>,
        starting: &'a Starting,
        id: &str,
        fact: Fact<'a>,
    ) -> UnderWay<'a> {
        let ready = &*starting.ready;
        let emit = emit(ready, id, fact.workflow_id);
        let now = clock::wall();
        let span = if current::current().is_some() {
            self.telemetry.start_linked(&emit, now)
        } else {
            self.telemetry.start(&emit, now)
        };
        let record = Record {
            topic: &ready.emitted.topic,
            key: &starting.key,
            value: &starting.value,
            headers: headers(starting, id, fact, span.traceparent()),
            room: fact.room,
        };
        let told = record.hand_over(producer);
        UnderWay { ready, record, span, told, is_head: false }
    }

    /// Waits for the reports of what was handed to `producer`.
    async fn reports(
        &self,
        producer: &Arc<ThreadedProducer<Reports>>,
        under_way: &mut [UnderWay<'_>],
    ) -> Vec<Reported> {
        let mut reports = Vec::with_capacity(under_way.len());
        for major in &mut *under_way {
            reports.push(reported(&mut major.told).await);
        }
        if reports.contains(&Err(RDKafkaErrorCode::Fatal)) || producer.client().fatal_error().is_some() {
            self.replace(producer);
        }
        // A broker refuses batches, not records: alone, an innocent one is taken.
        for (major, report) in under_way.iter_mut().zip(&reports) {
            let is_refused = report.is_err_and(|code| Fault::of(code) == Fault::Record);
            let single = if is_refused { self.single() } else { None };
            major.told = single.map_or(Told::Now(*report), |single| major.record.hand_over(&single));
        }
        for (major, report) in under_way.iter_mut().zip(&mut reports) {
            *report = reported(&mut major.told).await;
        }
        reports
    }

    /// What the report of one major means to whoever started the fact.
    fn end(
        &self,
        UnderWay { ready, span, is_head, .. }: UnderWay<'_>,
        report: Reported,
        workflow_id: &str,
    ) -> Result<(), StartError> {
        let name = report.map_err(protocol_name);
        let head = emit(ready, workflow_id, workflow_id);
        self.telemetry.delivered(
            span,
            Some(&head).filter(|_| is_head),
            name.as_ref().map(|at| *at).map_err(String::as_str),
            clock::wall(),
        );
        match (report, name) {
            (Ok(_), _) | (_, Ok(_)) => Ok(()),
            (Err(code), Err(error)) => Err(failed(ready, code, error)),
        }
    }

    /// The producer that sends records one by one; `None` where none can be made.
    fn single(&self) -> Option<Arc<ThreadedProducer<Reports>>> {
        let mut single = lock(&self.single);
        if single.as_ref().is_none_or(|producer| producer.client().fatal_error().is_some()) {
            *single = connect(&self.connection, &self.complaints, &self.source, Batches::Single).ok();
        }
        single.clone()
    }

    /// The present producer.
    fn producer(&self) -> Arc<ThreadedProducer<Reports>> {
        Arc::clone(&lock(&self.producer))
    }

    /// Replaces a dead producer, unless somebody else has already.
    fn replace(&self, dead: &Arc<ThreadedProducer<Reports>>) {
        let mut producer = lock(&self.producer);
        if !Arc::ptr_eq(&producer, dead) {
            return;
        }
        match connect(&self.connection, &self.complaints, &self.source, Batches::Many) {
            Ok(next) => *producer = next,
            Err(error) => tracing::error!(%error, "no new producer; the next start tries again"),
        }
    }
}

/// What the majors of one starting fact share.
#[derive(Clone, Copy)]
struct Fact<'a> {
    /// The id of the event in its highest major.
    workflow_id: &'a str,
    majors: &'a str,
    room: &'a Room,
}

/// A starting event on its way.
struct Record<'a> {
    topic: &'a str,
    key: &'a [u8],
    value: &'a [u8],
    headers: OwnedHeaders,
    room: &'a Room,
}

impl Record<'_> {
    /// Hands it to `producer`.
    fn hand_over(&self, producer: &ThreadedProducer<Reports>) -> Told {
        let (tell, told) = oneshot::channel();
        let waiting = Box::new(Waiting { tell, _room: self.room.clone() });
        let record = BaseRecord::<[u8], [u8], _>::with_opaque_to(self.topic, waiting)
            .key(self.key)
            .payload(self.value)
            .headers(self.headers.clone());
        match producer.send(record) {
            Ok(()) => Told::Later(told),
            Err((error, _)) => {
                Told::Now(Err(error.rdkafka_error_code().unwrap_or(RDKafkaErrorCode::InvalidTopic)))
            }
        }
    }
}

/// What the producer says of a record that was handed to it.
enum Told {
    /// It has it, and reports later.
    Later(oneshot::Receiver<Reported>),
    /// It said so at once.
    Now(Reported),
}

/// Waits for the report.
async fn reported(told: &mut Told) -> Reported {
    match told {
        // A report that never comes: the producer died with it.
        Told::Later(told) => told.await.unwrap_or(Err(RDKafkaErrorCode::PurgeInflight)),
        Told::Now(report) => *report,
    }
}

/// A fact in one of its majors, handed over.
struct UnderWay<'a> {
    ready: &'a Ready,
    record: Record<'a>,
    span: SendSpan,
    told: Told,
    /// The fact in its highest major, which stands for it.
    is_head: bool,
}

/// What telemetry is told of a starting event.
fn emit<'a>(ready: &'a Ready, id: &'a str, workflow_id: &'a str) -> Emit<'a> {
    Emit {
        topic: &ready.emitted.topic,
        event_type: ready.event_type(),
        event_id: id,
        contract_version: &ready.contract_version,
        workflow_id,
        workflow: ready.workflow(),
        causation_id: None,
    }
}

/// The headers of a starting event, which is the first of its workflow.
fn headers(starting: &Starting, id: &str, fact: Fact<'_>, trace: Option<TraceParent>) -> OwnedHeaders {
    let now = Time(clock::wall().ms());
    let mut workflow = String::new();
    Workflow::start(starting.ready.workflow(), now.0).write_start(fact.majors, &mut workflow);
    let mut traceparent = [0; TraceParent::LENGTH];
    let written = EmitHeaders {
        id,
        time: &clock_text::format(now),
        subject: starting.subject.as_deref(),
        correlation: fact.workflow_id,
        causation: None,
        workflow: &workflow,
        traceparent: trace.as_ref().map(|trace| trace.write(&mut traceparent)),
        tracestate: None,
        retried: None,
    };
    with_event_headers(&starting.ready.emitted.headers, &written, |headers| {
        headers.iter().fold(OwnedHeaders::new(), |all, (key, value)| all.insert(Header { key, value }))
    })
}

/// What an error code means to whoever started the event.
fn failed(ready: &Ready, code: RDKafkaErrorCode, error: String) -> StartError {
    let event_type = ready.event_type().to_owned();
    if code == RDKafkaErrorCode::QueueFull {
        return StartError::QueueFull { event_type };
    }
    match Fault::of(code) {
        Fault::Producer => StartError::Unacknowledged { event_type, error },
        Fault::Record | Fault::Setup => {
            StartError::Refused { event_type, topic: ready.emitted.topic.clone(), error }
        }
    }
}

/// A refusal of one major, where another was `taken`.
fn in_part(error: StartError, taken: bool) -> StartError {
    match error {
        StartError::Refused { event_type, topic, error } if taken => {
            StartError::RefusedInPart { event_type, topic, error }
        }
        // Another major is on the log: what became of the fact is open.
        StartError::QueueFull { event_type } if taken => {
            StartError::Unacknowledged { event_type, error: protocol_name(RDKafkaErrorCode::QueueFull) }
        }
        error => error,
    }
}

/// A producer whose reports are served by a thread of librdkafka's binding.
fn connect(
    connection: &Connection,
    complaints: &Arc<Complaints>,
    service: &str,
    batches: Batches,
) -> Result<Arc<ThreadedProducer<Reports>>, StartError> {
    let config = connection.impatient_producer(service, batches);
    let producer = config
        .create_with_context(Reports(Arc::clone(complaints)))
        .map_err(|error| StartError::Settings(super::client::ClientError::from(error).to_string()))?;
    Ok(Arc::new(producer))
}

/// Lets `flush` have all of `all` one after the other, with what is left of `deadline`, and says whether it was well with all.
fn within<T>(
    deadline: Duration,
    all: impl Iterator<Item = T>,
    mut flush: impl FnMut(T, Duration) -> bool,
) -> bool {
    let began = clock::instant();
    let mut well = true;
    for one in all {
        well &= flush(one, deadline.saturating_sub(began.elapsed()));
    }
    well
}

/// Nothing is left half written by a panic under these locks.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
#[cfg(feature = "embedded")]
mod tests;
