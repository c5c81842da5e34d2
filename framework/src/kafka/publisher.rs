//! Starting workflows from code outside any step.

use std::any::TypeId;
use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, UNIX_EPOCH};

use choreograph_contracts::Tape;
use rdkafka::ClientContext;
use rdkafka::config::RDKafkaLogLevel;
use rdkafka::error::KafkaError;
use rdkafka::message::{Header, Message, OwnedHeaders};
use rdkafka::producer::{BaseRecord, DeliveryResult, Producer, ProducerContext, ThreadedProducer};
use rdkafka::types::RDKafkaErrorCode;
use tokio::sync::{Semaphore, oneshot};
use uuid::Uuid;

use super::acknowledge::Fault;
use super::client::{Connection, START_TIMEOUT_MS};
use super::context::log;
use super::words::{Trouble, protocol_name};
use crate::clock;
use crate::emits::{EmitError, EmittedEvent, Outbox};
use crate::engine::Time;
use crate::envelope::Workflow;
use crate::envelope::id;
use crate::envelope::write::{EmitHeaders, with_event_headers};
use crate::event::StartingEvent;
use crate::runner::plan::{Emitted, emitted};
use crate::runner::{clock_text, current};
use crate::settings::Settings;
use crate::telemetry::{Emit, PublisherTelemetry, Telemetry, TraceParent};
use crate::wire::namespaced;

/// Starts that may wait for their acknowledgement at a time; more wait for one of them.
const MAX_IN_FLIGHT: usize = 10_000;
/// The most bytes of an idempotency id.
const MAX_IDEMPOTENCY_ID: usize = 256;

/// Starts workflows from code outside any step: an HTTP handler, a batch job, a test.
///
/// Cheap to clone; all clones share one Kafka producer. [`start`](Self::start) returns when the broker has
/// acknowledged the event durably, so that what it says can be told to whoever asked.
///
/// ```no_run
/// use choreograph::{Event, Publisher, settings::Settings, telemetry::Telemetry};
/// # use schemars::JsonSchema;
/// # use serde::{Deserialize, Serialize};
///
/// #[derive(Event, Serialize, Deserialize, JsonSchema)]
/// #[event(type = "order.placed", version = "1.0", topic = "orders", key = "order_id", starts = "order")]
/// struct OrderPlaced { order_id: String }
///
/// # async fn example() -> Result<(), Box<dyn std::error::Error>> {
/// let publisher = Publisher::connect("shop", &Settings::from_env()?, &Telemetry::quiet())?;
/// let order = OrderPlaced { order_id: "o-1".to_owned() };
/// // The request's id: when the customer's browser sends it twice, it is one order all the same.
/// let started = publisher.start_with_id("request-4711", &order).await?;
/// println!("follow your order under {}", started.correlation_id());
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Publisher {
    shared: Arc<Shared>,
}

/// A workflow that has begun: its first event is on the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Started {
    event_id: Uuid,
}

impl Started {
    /// The id of the event that started it.
    pub fn event_id(&self) -> Uuid {
        self.event_id
    }

    /// The id that all events of the workflow share. It is the id of the first.
    pub fn correlation_id(&self) -> Uuid {
        self.event_id
    }
}

/// Why a workflow was not started, or not known to be.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StartError {
    /// No Kafka client can be made from the settings.
    #[error("no publisher can be made from these settings: {0}")]
    Settings(String),
    /// The event has no key, or cannot be written.
    #[error(transparent)]
    Event(#[from] EmitError),
    /// The event breaks its own contract. Nothing was published.
    #[error("the event {event_type} breaks its contract: {problem}")]
    Contract {
        /// The type with its major.
        event_type: String,
        /// What is wrong, without the event's text.
        problem: String,
    },
    /// The idempotency id is empty or longer than 256 bytes.
    #[error("an idempotency id has 1 to {MAX_IDEMPOTENCY_ID} bytes, not {0}")]
    IdempotencyId(usize),
    /// A handler may start only what its step declares.
    #[error(
        "the step {step} does not declare that it starts {event_type}: say `.starts::<..>()` on the step, or emit it"
    )]
    Undeclared {
        /// `service/step`.
        step: String,
        /// The type with its major.
        event_type: String,
    },
    /// The broker refuses the event or the topic. Nothing was published.
    #[error("the broker refuses {event_type} on the topic `{topic}`: {error}")]
    Refused {
        /// The type with its major.
        event_type: String,
        /// The topic's name on the broker.
        topic: String,
        /// The broker's error code.
        error: String,
    },
    /// No acknowledgement came within 30 seconds. The event may be on the log or not; with an idempotency id it
    /// is safe to start it again.
    #[error("no broker acknowledged {event_type} within {} s; it may be published or not ({error})", START_TIMEOUT_MS / 1000)]
    Unacknowledged {
        /// The type with its major.
        event_type: String,
        /// What the client says.
        error: String,
    },
}

/// What all clones share.
struct Shared {
    source: String,
    namespace: Option<String>,
    max_event_bytes: usize,
    connection: Connection,
    telemetry: PublisherTelemetry,
    room: Semaphore,
    /// Each event type that was started, made ready once. Bounded by the types in the program.
    ready: Mutex<HashMap<TypeId, Arc<Ready>>>,
    /// Replaced when it can do nothing more.
    producer: Mutex<Arc<ThreadedProducer<Reports>>>,
}

/// An event type made ready.
struct Ready {
    declared: EmittedEvent,
    emitted: Emitted,
    contract_version: String,
}

/// A delivery report on its way to whoever waits for it.
type Reported = Result<(i32, i64), RDKafkaErrorCode>;

/// Delivery reports to those who wait for them.
struct Reports;

impl ClientContext for Reports {
    fn log(&self, level: RDKafkaLogLevel, facility: &str, text: &str) {
        log(level, facility, text);
    }

    fn error(&self, error: KafkaError, reason: &str) {
        let trouble = error.rdkafka_error_code().map_or(Trouble::Other, Trouble::of);
        tracing::warn!(?trouble, "publisher: {}: {reason}", trouble.advice());
    }
}

impl ProducerContext for Reports {
    type DeliveryOpaque = Box<oneshot::Sender<Reported>>;

    fn delivery(&self, result: &DeliveryResult<'_>, told: Self::DeliveryOpaque) {
        let report = match result {
            Ok(message) => Ok((message.partition(), message.offset())),
            Err((error, _)) => Err(error.rdkafka_error_code().unwrap_or(RDKafkaErrorCode::Unknown)),
        };
        // Whoever gave up waiting does not want to know.
        let _gone = told.send(report);
    }
}

impl Publisher {
    /// A publisher whose events have the service's name as their source. Connects in the background: a broker
    /// that is away shows when something is started.
    ///
    /// # Errors
    ///
    /// [`StartError::Settings`] where librdkafka refuses a setting.
    pub fn connect(service: &str, settings: &Settings, telemetry: &Telemetry) -> Result<Self, StartError> {
        let connection = Connection::new(&settings.kafka);
        let producer = connect(&connection, service)?;
        Ok(Self {
            shared: Arc::new(Shared {
                source: service.to_owned(),
                namespace: settings.namespace.clone(),
                max_event_bytes: settings.max_event_bytes,
                connection,
                telemetry: telemetry.publisher(service),
                room: Semaphore::new(MAX_IN_FLIGHT),
                ready: Mutex::default(),
                producer: Mutex::new(producer),
            }),
        })
    }

    /// Starts a workflow, and returns when its first event is acknowledged. The ambient span becomes the
    /// parent of the workflow's trace.
    ///
    /// # Errors
    ///
    /// [`StartError`]. After [`StartError::Unacknowledged`] it is not known whether the workflow began.
    ///
    /// # Cancel safety
    ///
    /// Not safe: an event that was handed over is published though nobody waits any more.
    pub async fn start<E: StartingEvent>(&self, event: &E) -> Result<Started, StartError> {
        self.begin(event, None).await
    }

    /// As [`start`](Self::start), but the same id and type always give the same event: its id and the
    /// workflow's derive from `idempotency_id`, so that a repeated start is one workflow to every step that
    /// looks at ids.
    ///
    /// # Errors
    ///
    /// As [`start`](Self::start), and [`StartError::IdempotencyId`] where the id is empty or too long.
    ///
    /// # Cancel safety
    ///
    /// Safe to repeat with the same id.
    pub async fn start_with_id<E: StartingEvent>(
        &self,
        idempotency_id: &str,
        event: &E,
    ) -> Result<Started, StartError> {
        if idempotency_id.is_empty() || idempotency_id.len() > MAX_IDEMPOTENCY_ID {
            return Err(StartError::IdempotencyId(idempotency_id.len()));
        }
        self.begin(event, Some(idempotency_id)).await
    }

    /// Waits until everything handed over is acknowledged, for `deadline` at most. Blocks. Answers whether
    /// all was acknowledged.
    pub fn flush(&self, deadline: Duration) -> bool {
        self.shared.producer().flush(deadline).is_ok()
    }

    async fn begin<E: StartingEvent>(&self, event: &E, id: Option<&str>) -> Result<Started, StartError> {
        let shared = &*self.shared;
        let ready = shared.ready_for::<E>()?;
        let event_type = &ready.emitted.headers.event_type;
        if let Some(plan) = current::current()
            && !plan.starts.contains(event_type)
        {
            return Err(StartError::Undeclared { step: plan.source.clone(), event_type: event_type.clone() });
        }
        let mut outbox = Outbox::new(&[ready.declared]);
        outbox.push(event)?;
        ready.check(&outbox, shared.max_event_bytes)?;
        let event_id = match id {
            Some(id) => id::from_idempotency_id(id, &shared.source, event_type),
            None => id::fresh(),
        };
        // Never closed, so there is always a permit to come.
        let _room = shared.room.acquire().await.ok();
        let text = event_id.to_string();
        let emit = Emit {
            topic: &ready.emitted.topic,
            event_type,
            event_id: &text,
            contract_version: &ready.contract_version,
            workflow_id: &text,
            workflow: ready.declared.starts.unwrap_or_default(),
            causation_id: None,
        };
        let now = UNIX_EPOCH + clock::wall();
        let span = if current::current().is_some() {
            shared.telemetry.start_linked(&emit, now)
        } else {
            shared.telemetry.start(&emit, now)
        };
        let reported = shared.send(&ready, &outbox, event_id, span.traceparent()).await;
        let name = reported.map_err(protocol_name);
        shared.telemetry.delivered(
            span,
            name.as_ref().map(|at| *at).map_err(String::as_str),
            UNIX_EPOCH + clock::wall(),
        );
        match (reported, name) {
            (Ok(_), _) | (_, Ok(_)) => Ok(Started { event_id }),
            (Err(code), Err(error)) => Err(ready.failed(code, error)),
        }
    }
}

impl fmt::Debug for Publisher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Publisher").field("source", &self.shared.source).finish_non_exhaustive()
    }
}

impl Ready {
    /// Asserts the writer's contract.
    fn check(&self, outbox: &Outbox, max_bytes: usize) -> Result<(), StartError> {
        let mut tape = Tape::with_max_bytes(max_bytes);
        for emit in outbox.emits() {
            self.emitted.contract.check(&mut tape, outbox.bytes(&emit.value)).map_err(|problem| {
                let event_type = self.emitted.headers.event_type.clone();
                StartError::Contract { event_type, problem: problem.to_string() }
            })?;
        }
        Ok(())
    }

    /// What an error code means to whoever started the event.
    fn failed(&self, code: RDKafkaErrorCode, error: String) -> StartError {
        let event_type = self.emitted.headers.event_type.clone();
        match Fault::of(code) {
            Fault::Producer => StartError::Unacknowledged { event_type, error },
            Fault::Record | Fault::Setup => {
                StartError::Refused { event_type, topic: self.emitted.topic.clone(), error }
            }
        }
    }
}

impl Shared {
    /// Hands the event over and waits for its report.
    async fn send(
        &self,
        ready: &Ready,
        outbox: &Outbox,
        event_id: Uuid,
        trace: Option<TraceParent>,
    ) -> Reported {
        let Some(emit) = outbox.emits().first() else { return Err(RDKafkaErrorCode::InvalidArgument) };
        let now = clock::wall();
        let now = Time(u64::try_from(now.as_millis()).unwrap_or(u64::MAX));
        let mut workflow = String::new();
        Workflow::start(ready.declared.starts.unwrap_or_default(), now.0).write_start(&mut workflow);
        let correlation = event_id.to_string();
        let mut traceparent = [0; TraceParent::LENGTH];
        let headers = EmitHeaders {
            id: &correlation,
            time: &clock_text::format(now),
            subject: emit.subject.as_ref().map(|range| outbox.bytes(range)),
            correlation: &correlation,
            causation: None,
            workflow: &workflow,
            traceparent: trace.as_ref().map(|trace| trace.write(&mut traceparent)),
            tracestate: None,
        };
        let (tell, told) = oneshot::channel();
        let producer = self.producer();
        let sent = with_event_headers(&ready.emitted.headers, &headers, |headers| {
            let headers = headers
                .iter()
                .fold(OwnedHeaders::new(), |all, (key, value)| all.insert(Header { key, value: *value }));
            let record = BaseRecord::<[u8], [u8], _>::with_opaque_to(&ready.emitted.topic, Box::new(tell))
                .key(outbox.bytes(&emit.key))
                .payload(outbox.bytes(&emit.value))
                .headers(headers);
            producer.send(record).map_err(|(error, _)| error)
        });
        let reported = match sent {
            // A report that never comes: the producer died with it.
            Ok(()) => told.await.unwrap_or(Err(RDKafkaErrorCode::PurgeInflight)),
            Err(error) => Err(error.rdkafka_error_code().unwrap_or(RDKafkaErrorCode::InvalidTopic)),
        };
        if reported == Err(RDKafkaErrorCode::Fatal) || producer.client().fatal_error().is_some() {
            self.replace(&producer);
        }
        reported
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
        match connect(&self.connection, &self.source) {
            Ok(next) => *producer = next,
            Err(error) => tracing::error!(%error, "no new producer; the next start tries again"),
        }
    }

    /// The event type made ready, the first time it is asked for.
    fn ready_for<E: StartingEvent>(&self) -> Result<Arc<Ready>, StartError> {
        if let Some(ready) = lock(&self.ready).get(&TypeId::of::<E>()) {
            return Ok(Arc::clone(ready));
        }
        let declared = EmittedEvent::of::<E>();
        let topic = |name: &str| namespaced(self.namespace.as_deref(), name);
        let emitted = emitted(&declared, &self.source, topic).map_err(|error| StartError::Contract {
            event_type: format!("{}.v{}", E::NAME, E::MAJOR),
            problem: error.to_string(),
        })?;
        let contract_version = format!("{}.{}", E::MAJOR, E::MINOR);
        let ready = Arc::new(Ready { declared, emitted, contract_version });
        lock(&self.ready).insert(TypeId::of::<E>(), Arc::clone(&ready));
        Ok(ready)
    }
}

/// A producer whose reports are served by a thread of librdkafka's binding.
fn connect(connection: &Connection, service: &str) -> Result<Arc<ThreadedProducer<Reports>>, StartError> {
    let config = connection.impatient_producer(service);
    let producer = config
        .create_with_context(Reports)
        .map_err(|error| StartError::Settings(super::client::ClientError::from(error).to_string()))?;
    Ok(Arc::new(producer))
}

/// Nothing is left half written by a panic under these locks.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
#[cfg(feature = "embedded")]
mod tests {
    use schemars::JsonSchema;
    use serde::{Deserialize, Serialize};

    use super::super::embedded::EmbeddedBroker;
    use super::*;
    use crate::Event;

    #[derive(Event, Serialize, Deserialize, JsonSchema)]
    #[event(type = "order.placed", version = "1.2", topic = "orders", key = "order_id", starts = "order")]
    struct OrderPlaced {
        order_id: String,
        #[schemars(length(min = 1))]
        lines: Vec<u32>,
    }

    fn order() -> OrderPlaced {
        OrderPlaced { order_id: "o-1".to_owned(), lines: vec![7] }
    }

    fn publisher(broker: &EmbeddedBroker) -> Publisher {
        let settings = Settings::read(broker.environment()).unwrap();
        Publisher::connect("shop", &settings, &Telemetry::quiet()).unwrap()
    }

    fn broker() -> EmbeddedBroker {
        let broker = EmbeddedBroker::start().unwrap();
        broker.create_topic("orders", 1).unwrap();
        broker
    }

    #[tokio::test]
    async fn a_start_is_acknowledged_and_repeated_under_an_id_it_is_the_same() {
        let broker = broker();
        let publisher = publisher(&broker);
        let plain = publisher.start(&order()).await.unwrap();
        assert_eq!(plain.event_id().get_version_num(), 7);
        let first = publisher.start_with_id("request-1", &order()).await.unwrap();
        let second = publisher.start_with_id("request-1", &order()).await.unwrap();
        let other = publisher.start_with_id("request-2", &order()).await.unwrap();
        assert_eq!(first, second);
        assert_eq!(first.correlation_id().get_version_num(), 8);
        assert!(first != other && first != plain);
        let too_long = publisher.start_with_id(&"x".repeat(257), &order()).await;
        assert!(matches!(too_long, Err(StartError::IdempotencyId(257))), "{too_long:?}");
    }

    #[tokio::test]
    async fn what_breaks_its_contract_is_not_published() {
        let broker = broker();
        let empty = OrderPlaced { lines: Vec::new(), ..order() };
        let error = publisher(&broker).start(&empty).await.unwrap_err();
        assert!(matches!(error, StartError::Contract { .. }), "{error}");
        assert!(error.to_string().contains("order.placed.v1"), "{error}");
    }

    #[tokio::test]
    async fn what_the_broker_refuses_is_told_with_its_topic() {
        let broker = broker();
        let refused = rdkafka::types::RDKafkaRespErr::RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED;
        broker.cluster().request_errors(rdkafka::types::RDKafkaApiKey::Produce, &[refused]);
        let error = publisher(&broker).start(&order()).await.unwrap_err();
        assert!(matches!(&error, StartError::Refused { topic, .. } if topic == "orders"), "{error}");
    }
}
