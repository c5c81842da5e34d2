//! Events that a test starts: encoded and checked as a publisher outside any step does.

use std::time::{Duration, UNIX_EPOCH};

use choreograph_contracts::Tape;
use uuid::{Builder, Uuid};

use super::{Error, Written, port::MAX_RECORD_BYTES, record::Body, world::World};
use crate::{
    emits::EmittedEvent,
    envelope::{
        Workflow, id,
        write::{EmitHeaders, with_event_headers},
    },
    event::OwnedEvent,
    runner::{clock_text, plan},
    telemetry::{Emit, TraceParent},
};

/// Who starts, as `ce_source` says.
const SOURCE: &str = "rehearsal/test";

/// An event that keeps its contract, with what its headers need.
pub(crate) struct Encoded {
    topic: &'static str,
    /// The version of its contract.
    version: String,
    emitted: plan::Emitted,
    workflow: &'static str,
    key: Vec<u8>,
    value: Vec<u8>,
    subject: Option<Vec<u8>>,
}

/// Encodes the event and asserts its contract.
pub(crate) fn encode<E: OwnedEvent>(event: &E) -> Result<Encoded, Error> {
    let event_type = format!("{}.v{}", E::NAME, E::MAJOR);
    let refused = |problem: String| Error::Start { event_type: event_type.clone(), problem };
    let declared = EmittedEvent::of::<E>();
    let emitted =
        plan::emitted(&declared, SOURCE, str::to_owned).map_err(|error| refused(error.to_string()))?;
    let (mut key, mut subject) = (Vec::new(), Vec::new());
    event.write_key(&mut key).map_err(|error| refused(error.to_string()))?;
    let has_subject = event.write_subject(&mut subject).map_err(|error| refused(error.to_string()))?;
    // What serde says of a value may quote it.
    let value = serde_json::to_vec(event).map_err(|_| refused("its serializer refused it".to_owned()))?;
    let mut tape = Tape::with_max_bytes(MAX_RECORD_BYTES);
    emitted.contract.check(&mut tape, &value).map_err(|error| refused(error.to_string()))?;
    let workflow = declared.starts.unwrap_or_default();
    let version = format!("{}.{}", E::MAJOR, E::MINOR);
    Ok(Encoded {
        topic: E::TOPIC,
        version,
        emitted,
        workflow,
        key,
        value,
        subject: has_subject.then_some(subject),
    })
}

/// Starts the workflow. Without an idempotency id the event's id is drawn from the seed.
pub(crate) fn start(encoded: &Encoded, idempotency_id: Option<&str>, world: &World) -> Written {
    let now = world.now();
    let headers = &encoded.emitted.headers;
    let id = match idempotency_id {
        Some(id) => id::from_idempotency_id(id, SOURCE, &headers.event_type),
        None => drawn(world),
    };
    let id = id.to_string();
    let mut workflow = String::new();
    Workflow::start(encoded.workflow, now.0).write_start(&mut workflow);
    let emit = Emit {
        topic: encoded.topic,
        event_type: &headers.event_type,
        event_id: &id,
        contract_version: &encoded.version,
        workflow_id: &id,
        workflow: encoded.workflow,
        causation_id: None,
    };
    let at = UNIX_EPOCH + Duration::from_millis(now.0);
    let send = world.publisher.start(&emit, at);
    let mut traceparent = [0; TraceParent::LENGTH];
    let written = EmitHeaders {
        id: &id,
        time: &clock_text::format(now),
        subject: encoded.subject.as_deref(),
        correlation: &id,
        causation: None,
        workflow: &workflow,
        traceparent: send.traceparent().map(|parent| parent.write(&mut traceparent)),
        tracestate: None,
    };
    let body = with_event_headers(headers, &written, |headers| {
        Body::new(Some(&encoded.key), Some(&encoded.value), headers)
    });
    let written = world.write(encoded.topic, body);
    world.publisher.delivered(send, Ok((written.partition(), written.offset())), at);
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
