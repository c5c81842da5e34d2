//! Events that start a workflow: from the test itself, and from publishers that it hands out.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::oneshot;
use uuid::{Builder, Uuid};

use super::{Written, port::MAX_RECORD_BYTES, record::Body, stage::Jobs, world::World};
use crate::{
    clock::Wall,
    engine::Time,
    envelope::{
        Workflow, id,
        write::{EmitHeaders, with_event_headers},
    },
    event::StartingEvent,
    publisher::{Ready, START_TIMEOUT, StartError, Starting},
    runner::clock_text,
    telemetry::{Emit, TraceParent},
};

/// Who starts what the test itself starts, as `ce_source` says.
const SOURCE: &str = "rehearsal/test";

/// Encodes an event that the test itself starts.
pub(crate) fn encode<E: StartingEvent>(event: &E) -> Result<Starting, StartError> {
    let ready = Ready::of::<E>(SOURCE, str::to_owned)?;
    Starting::new(&Arc::new(ready), event, MAX_RECORD_BYTES)
}

/// A start on its way to the log, with who waits for it. Bounded by the handlers that are at work.
#[derive(Debug)]
struct Waiting {
    starting: Starting,
    idempotency_id: Option<String>,
    source: Arc<str>,
    /// Told nothing where the broker is away for too long.
    told: oneshot::Sender<Option<Uuid>>,
    /// When it was first found to wait for the broker.
    since: Option<Time>,
}

impl Waiting {
    /// Until when it waits for a broker that is away.
    fn until(&mut self, now: Time) -> Time {
        Time(self.since.get_or_insert(now).0 + START_TIMEOUT.as_millis() as u64)
    }
}

/// The starts of publishers that no move has taken to the log yet.
#[derive(Debug, Clone, Default)]
pub(crate) struct Starts(Arc<Mutex<Vec<Waiting>>>);

impl Starts {
    fn waiting(&self) -> MutexGuard<'_, Vec<Waiting>> {
        // Nothing is left half written by a panic under the lock.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Forgets what waits: who waits for it hears that the rehearsal is over.
    pub(crate) fn clear(&self) {
        self.waiting().clear();
    }

    /// Writes what waits, unless the broker is away. Answers whether anything did.
    pub(crate) fn play(&self, world: &World) -> bool {
        if world.cluster.borrow().down {
            return self.give_up(world.now());
        }
        let waiting = std::mem::take(&mut *self.waiting());
        for start in &waiting {
            world.did(format!("{} starts {}", start.source, start.starting.ready.event_type()));
        }
        let moved = !waiting.is_empty();
        for Waiting { starting, idempotency_id, source, told, .. } in waiting {
            let (id, _) = write(&starting, &source, idempotency_id.as_deref(), world);
            // Whoever gave up waiting does not want to know.
            let _gone = told.send(Some(id));
        }
        moved
    }

    /// Lets go of what has waited for the broker for too long. Answers whether anything has.
    fn give_up(&self, now: Time) -> bool {
        let mut waiting = self.waiting();
        let mut moved = false;
        for late in waiting.extract_if(.., |start| start.until(now) <= now) {
            // Whoever gave up waiting does not want to know.
            let _gone = late.told.send(None);
            moved = true;
        }
        moved
    }

    /// When the next one will have waited for too long.
    pub(crate) fn next_wake(&self, now: Time) -> Option<Time> {
        self.waiting().iter_mut().map(|start| start.until(now)).min()
    }
}

/// What a publisher of a rehearsal starts through.
#[derive(Debug, Clone)]
pub(crate) struct RehearsedStarts {
    source: Arc<str>,
    starts: Starts,
    jobs: Jobs,
}

impl RehearsedStarts {
    /// The most bytes of an event: what a broker takes by default.
    pub(crate) const MAX_EVENT_BYTES: usize = MAX_RECORD_BYTES;

    pub(crate) fn new(source: &str, starts: Starts, jobs: Jobs) -> Self {
        Self { source: source.into(), starts, jobs }
    }

    pub(crate) fn source(&self) -> &str {
        &self.source
    }

    pub(crate) fn ready<E: StartingEvent>(&self) -> Result<Arc<Ready>, StartError> {
        Ready::of::<E>(&self.source, str::to_owned).map(Arc::new)
    }

    /// Writes the event at the rehearsal's next move and returns its id.
    pub(crate) async fn start(&self, starting: Starting, id: Option<&str>) -> Result<Uuid, StartError> {
        let ready = Arc::clone(&starting.ready);
        let gone = |error: &str| {
            let event_type = ready.event_type().to_owned();
            StartError::Unacknowledged { event_type, error: error.to_owned() }
        };
        let (told, answer) = oneshot::channel();
        let (idempotency_id, source) = (id.map(str::to_owned), Arc::clone(&self.source));
        let waiting = Waiting { starting, idempotency_id, source, told, since: None };
        self.starts.waiting().push(waiting);
        // From a handler the next move takes it; from outside this wakes the rehearsal's thread.
        if !self.jobs.nudge() {
            return Err(gone("the rehearsal is over"));
        }
        let answer = answer.await.map_err(|_| gone("the rehearsal is over"))?;
        answer.ok_or_else(|| gone("the broker is away"))
    }
}

/// Starts the workflow for the test itself. Without an idempotency id the event's id is drawn from the seed.
pub(crate) fn start(starting: &Starting, idempotency_id: Option<&str>, world: &World) -> Written {
    write(starting, SOURCE, idempotency_id, world).1
}

/// Writes the first event of a workflow, after its older majors.
fn write(starting: &Starting, source: &str, idempotency_id: Option<&str>, world: &World) -> (Uuid, Written) {
    let event_id = match idempotency_id {
        Some(id) => id::from_idempotency_id(id, source, starting.ready.event_type()),
        None => drawn(world),
    };
    let workflow_id = event_id.to_string();
    let majors = starting.ready.majors();
    for older in &starting.older {
        write_one(older, &older.id_beside(&workflow_id).to_string(), (&workflow_id, majors), world);
    }
    (event_id, write_one(starting, &workflow_id, (&workflow_id, majors), world))
}

fn write_one(starting: &Starting, id: &str, (workflow_id, majors): (&str, &str), world: &World) -> Written {
    let now = world.now();
    let ready = &starting.ready;
    let mut workflow = String::new();
    Workflow::start(ready.workflow(), now.0).write_start(majors, &mut workflow);
    let emit = Emit {
        topic: &ready.emitted.topic,
        event_type: ready.event_type(),
        event_id: id,
        contract_version: &ready.contract_version,
        workflow_id,
        workflow: ready.workflow(),
        causation_id: None,
    };
    let at = Wall::at_ms(now.0);
    let send = world.publisher.start(&emit, at);
    let mut traceparent = [0; TraceParent::LENGTH];
    let written = EmitHeaders {
        id,
        time: &clock_text::format(now),
        subject: starting.subject.as_deref(),
        correlation: workflow_id,
        causation: None,
        workflow: &workflow,
        traceparent: send.traceparent().map(|parent| parent.write(&mut traceparent)),
        tracestate: None,
        retried: None,
    };
    let body = with_event_headers(&ready.emitted.headers, &written, |headers| {
        Body::new(Some(&starting.key), Some(&starting.value), headers)
    });
    let written = world.write(&ready.emitted.topic, body);
    let head = (id == workflow_id).then_some(&emit);
    world.publisher.delivered(send, head, Ok((written.partition(), written.offset())), at);
    written
}

/// A `UUIDv7` of the rehearsal's clock and chance.
fn drawn(world: &World) -> Uuid {
    let now = world.now();
    let random = &mut world.cluster.borrow_mut().random;
    let mut bytes = [0; 10];
    bytes[..8].copy_from_slice(&random.next().to_be_bytes());
    bytes[8..].copy_from_slice(&random.next().to_be_bytes()[..2]);
    Builder::from_unix_timestamp_millis(now.0, &bytes).into_uuid()
}
