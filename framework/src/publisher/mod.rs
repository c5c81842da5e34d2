//! Workflows started: by code outside any step, or by a step that declares it.

mod error;
mod starting;

use std::{fmt, sync::Arc, time::Duration};

use uuid::Uuid;

pub use self::error::StartError;
pub(crate) use self::starting::{Ready, Starting};
use crate::{
    event::StartingEvent, kafka::KafkaStarts, rehearsal::RehearsedStarts, runner::current, service::is_name,
    settings::Settings, telemetry::Telemetry,
};

/// How long a start waits for its acknowledgement.
pub(crate) const START_TIMEOUT: Duration = Duration::from_secs(30);
/// The most bytes of an idempotency id.
const MAX_IDEMPOTENCY_ID: usize = 256;

/// Starts workflows from code outside any step: an HTTP handler, a batch job, a test.
///
/// Cheap to clone; all clones share one Kafka producer: make one when the program starts and keep it. [`start`](Self::start)
/// returns when the broker has acknowledged the event durably, so that what it says can be told to whoever asked. Only events
/// that name their workflow (`#[event(.., starts = "order")]`) can be started; their contract is asserted before they go out.
/// Inside a handler a step has to [declare](crate::Step::starts) what it starts.
///
/// With a [`Telemetry`] that exports spans, a workflow's trace hangs below the span that is current when it starts; with
/// [`Telemetry::quiet`] it begins at the first step.
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
    backend: Backend,
}

/// What takes the events.
#[derive(Clone)]
enum Backend {
    Kafka(Arc<KafkaStarts>),
    Rehearsal(RehearsedStarts),
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

impl Publisher {
    /// A publisher whose events have the service's name as their source. Connects in the background: a broker
    /// that is away shows when something is started.
    ///
    /// # Errors
    ///
    /// [`StartError::Service`] where `service` is no service's name, [`StartError::Settings`] where the settings name no
    /// broker, or librdkafka refuses one of them.
    pub fn connect(service: &str, settings: &Settings, telemetry: &Telemetry) -> Result<Self, StartError> {
        if !is_name(service) {
            return Err(StartError::Service(service.to_owned()));
        }
        settings.kafka.bootstrap_servers().map_err(|problem| StartError::Settings(problem.to_string()))?;
        let kafka = KafkaStarts::connect(service, settings, telemetry)?;
        Ok(Self { backend: Backend::Kafka(Arc::new(kafka)) })
    }

    /// A publisher to the log of a rehearsal.
    pub(crate) fn rehearsed(starts: RehearsedStarts) -> Self {
        Self { backend: Backend::Rehearsal(starts) }
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
    /// Not safe: an event that was handed over is published, in all its majors, though nobody waits any more. But where the
    /// broker refuses the batch that it is in, for whichever record of it, it is not sent again on its own: then it is not
    /// published, or in some of its majors only. Who must know repeats the start with an id.
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
        match &self.backend {
            Backend::Kafka(kafka) => kafka.flush(deadline),
            Backend::Rehearsal(_) => true,
        }
    }

    async fn begin<E: StartingEvent>(&self, event: &E, id: Option<&str>) -> Result<Started, StartError> {
        let (ready, max_bytes) = match &self.backend {
            Backend::Kafka(kafka) => (kafka.ready::<E>().await?, kafka.max_event_bytes()),
            Backend::Rehearsal(rehearsal) => (rehearsal.ready::<E>()?, RehearsedStarts::MAX_EVENT_BYTES),
        };
        if let Some(plan) = current::current()
            && !plan.starts.iter().any(|declared| declared == ready.event_type())
        {
            let event_type = ready.event_type().to_owned();
            return Err(StartError::Undeclared { step: plan.source.clone(), event_type });
        }
        let starting = Starting::new(&ready, event, max_bytes)?;
        let event_id = match &self.backend {
            Backend::Kafka(kafka) => kafka.start(starting, id).await?,
            Backend::Rehearsal(rehearsal) => rehearsal.start(starting, id).await?,
        };
        Ok(Started { event_id })
    }
}

impl fmt::Debug for Publisher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (log, source) = match &self.backend {
            Backend::Kafka(kafka) => ("Kafka", kafka.source()),
            Backend::Rehearsal(rehearsal) => ("rehearsal", rehearsal.source()),
        };
        f.debug_struct("Publisher").field("source", &source).field("log", &log).finish()
    }
}
