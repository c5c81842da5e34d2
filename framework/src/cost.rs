//! What the framework's own code costs a record, without a broker: the way of a record on a driver which takes
//! everything and acknowledges it at once. For the project's benchmarks, not for services.
//!
//! Everything here does the same work `n` times, so that the difference between `n` and `2 n` is the cost in steady
//! state.

mod engine;
mod spans;

use std::{
    hint::black_box,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    task::{Context, Waker},
};

use choreograph_contracts::{Contract, MAX_EVENT_BYTES, Tape};
use uuid::fmt::Hyphenated;

use crate::{
    Consumes, Emits, OwnedEvent, Service,
    consumes::OnRoute,
    engine::{Slot, Time},
    envelope::{
        Metadata,
        head::Head,
        id,
        metadata::Identity,
        write::{EmitHeaders, EventHeaders, with_event_headers},
    },
    runner::{
        Plan, Runner,
        port::{Delivery, Outgoing, Port, PublishError, RawRecord, Tag},
        shelf::{Shelf, Shelved},
    },
    settings::Settings,
};

pub use crate::rehearsal::{published_in_rehearsal, whole_in_rehearsal};

pub use self::{
    engine::{engine, engine_under_way},
    spans::spans,
};

/// How many records are taken before their acknowledgements come.
const BATCH: usize = 64;
const SLOT: Slot = Slot(0);
/// Some time, in milliseconds since the Unix epoch.
const NOW: u64 = 1_767_225_600_000;
/// Whether contracts are asserted in this process.
static CONTRACTS: AtomicBool = AtomicBool::new(true);

/// From now on no step of this process asserts a contract, so that the rest can be measured without.
pub fn assert_no_contracts() {
    CONTRACTS.store(false, Ordering::Relaxed);
}

/// Whether contracts are asserted.
pub(crate) fn asserts_contracts() -> bool {
    CONTRACTS.load(Ordering::Relaxed)
}

/// A record in memory. Its headers and value are shared by all records that are driven.
#[derive(Debug, Clone)]
pub struct Sample {
    /// The record's key.
    pub key: Vec<u8>,
    /// The record's value.
    pub value: Vec<u8>,
    /// The record's headers.
    pub headers: Vec<(String, Vec<u8>)>,
}

/// One record of a drive: a sample and an offset, its headers copied as a driver copies them.
struct Driven<'s> {
    sample: &'s Sample,
    offset: i64,
    topic: Arc<str>,
    head: Arc<Head>,
    /// Where it was put away, as a driver does it.
    shelved: Option<Shelved>,
}

impl<'s> Driven<'s> {
    fn new(sample: &'s Sample, topic: &Arc<str>, offset: i64, spent: Arc<Head>) -> Self {
        let headers = sample.headers.iter().map(|(name, value)| (name.as_str(), Some(value.as_slice())));
        let head = Head::copied_over(spent, sample.headers.len(), |copy| {
            headers.for_each(|(name, value)| copy.push(name, value));
        });
        Self { sample, offset, topic: Arc::clone(topic), head, shelved: None }
    }
}

impl RawRecord for Driven<'_> {
    fn topic(&self) -> &Arc<str> {
        &self.topic
    }
    fn partition(&self) -> i32 {
        0
    }
    fn offset(&self) -> i64 {
        self.offset
    }
    fn timestamp(&self) -> Option<i64> {
        Some(NOW as i64)
    }
    fn key(&self) -> Option<&[u8]> {
        Some(&self.sample.key)
    }
    fn value(&self) -> Option<&[u8]> {
        Some(&self.sample.value)
    }
    fn head(&self) -> &Arc<Head> {
        &self.head
    }
}

/// A driver that takes everything.
struct Sink<'s> {
    sent: Vec<Tag>,
    bytes: usize,
    commits: Vec<i64>,
    shelf: Shelf,
    /// What is left of the headers of a record that was put away.
    nothing: Arc<Head>,
    /// What the headers of the next one are copied into.
    spent: Option<Arc<Head>>,
    sample: std::marker::PhantomData<&'s ()>,
}

impl<'s> Port for Sink<'s> {
    type Record = Driven<'s>;

    fn publish(&mut self, record: &Outgoing<'_>, tag: Tag) -> Result<(), PublishError> {
        let headers: usize =
            record.headers.iter().map(|(name, value)| name.len() + value.map_or(0, <[u8]>::len)).sum();
        self.bytes += headers + record.value.map_or(0, <[u8]>::len);
        self.sent.push(tag);
        Ok(())
    }
    fn pause(&mut self, _: Slot) {}
    fn resume(&mut self, _: Slot) {}
    fn commit(&mut self, _: Slot, offset: i64, _: Option<String>) {
        self.commits.push(offset);
    }
    fn release(&mut self, _: &[Slot]) {}
    fn shelve(&mut self, record: &mut Driven<'s>) {
        record.shelved = self.shelf.put(&record.sample.value, &record.head);
        if record.shelved.is_some() {
            self.spent = Some(std::mem::replace(&mut record.head, Arc::clone(&self.nothing)));
        }
    }
}

/// The whole way of `n` records like `samples` (in turn) through the first step of `service`. Returns the bytes
/// which it published.
///
/// # Panics
///
/// If the step cannot be made ready: a benchmark has nothing to measure then.
pub fn whole_way<S: Send + Sync + 'static>(service: Service<S>, samples: &[Sample], n: usize) -> usize {
    let service = service.into_definition();
    let settings = Settings::read::<&str, &str>([]).expect("the defaults are legal");
    let plan = Plan::new(&service.name, &service.steps[0], &settings).expect("the step can be made ready");
    let mut runner = Runner::new(Arc::new(plan));
    let mut sink = Sink {
        sent: Vec::new(),
        bytes: 0,
        commits: Vec::new(),
        shelf: Shelf::default(),
        nothing: Arc::default(),
        spent: None,
        sample: std::marker::PhantomData,
    };
    let mut cx = Context::from_waker(Waker::noop());
    let mut now = Time(NOW);
    runner.assigned(now, SLOT, Some(0), None);
    let topic = Arc::from("orders");
    for (index, sample) in samples.iter().cycle().take(n).enumerate() {
        let spent = sink.spent.take().unwrap_or_default();
        runner.take(now, SLOT, Driven::new(sample, &topic, index as i64, spent), &mut sink);
        if index % BATCH == BATCH - 1 {
            now.0 += 1;
            for tag in std::mem::take(&mut sink.sent) {
                let delivery = Delivery::Acknowledged { partition: 0, offset: 0 };
                runner.delivered(now, tag, delivery, &mut sink);
            }
            runner.turn(now, &mut cx, &mut sink);
            for offset in sink.commits.drain(..) {
                runner.committed(now, SLOT, offset, true);
            }
        }
    }
    sink.bytes
}

/// The envelope alone: headers scanned, metadata copied out, identity derived, headers of one emit written.
pub fn envelope(sample: &Sample, n: usize) {
    let (event_type, contract) = ("payment.confirmed.v1", "urn:contract:payment.confirmed/1.0");
    let fixed = EventHeaders::new(
        "payment/charge".to_owned(),
        event_type.to_owned(),
        contract.to_owned(),
        Vec::new(),
    );
    let mut workflow = String::new();
    let topic = Arc::from("orders");
    let mut spent = Arc::default();
    for offset in 0..n as i64 {
        let record = Driven::new(sample, &topic, offset, spent);
        let mut stranger = [0; Hyphenated::LENGTH];
        let identity = Identity::of(&record, Some("order"), &mut stranger);
        black_box(Metadata::of(&record, &identity, 1));
        workflow.clear();
        identity.workflow.write_next(None, "", &mut workflow);
        let id = id::derived(identity.id, "payment.charge", fixed.event_type(), 0);
        let mut id_text = [0; Hyphenated::LENGTH];
        let emit = EmitHeaders {
            id: id.as_hyphenated().encode_lower(&mut id_text),
            time: "2026-01-01T00:00:00.000Z",
            subject: None,
            correlation: identity.correlation,
            causation: Some(identity.id),
            workflow: &workflow,
            traceparent: record.head.text(crate::envelope::head::Known::TraceParent),
            tracestate: None,
            retried: None,
        };
        with_event_headers(&fixed, &emit, |headers| {
            black_box(headers.count());
        });
        spent = record.head;
    }
}

/// Parsing into the consumed type alone.
///
/// # Panics
///
/// If the sample is no value of the type.
pub fn decode<C: Consumes>(sample: &Sample, n: usize) {
    for _ in 0..n {
        let mut deserializer = serde_json::Deserializer::from_slice(black_box(&sample.value));
        black_box(C::decode(0, &mut deserializer).expect("the sample is of the type"));
        deserializer.end().expect("the sample is one value");
    }
}

/// Parsing into the consumed type and the reader's contract, as a step does both.
///
/// # Panics
///
/// If the schema cannot be compiled, the sample breaks it or is no value of the type.
pub fn decode_and_check<C: Consumes>(schema: &serde_json::Value, sample: &Sample, n: usize) {
    let contract = Contract::compile(schema).expect("the schema is one");
    let mut tape = Tape::new();
    for _ in 0..n {
        let event = contract.decode_seed(&mut tape, black_box(&sample.value), OnRoute::<C>::new(0));
        black_box(event.expect("the sample keeps its contract and is of the type"));
    }
}

/// The contract check alone, on a tape: what an event costs that the pass leaves to it.
///
/// # Panics
///
/// If the schema cannot be compiled or the value breaks it.
pub fn check(schema: &serde_json::Value, value: &[u8], n: usize) {
    let contract = Contract::compile(schema).expect("the schema is one");
    let mut tape = Tape::new();
    for _ in 0..n {
        contract.check(&mut tape, black_box(value)).expect("the value keeps its contract");
    }
}

/// Encoding one emit alone; with a schema, and checking that it keeps it.
///
/// # Panics
///
/// If the event cannot be encoded, the schema cannot be compiled, or the pass does not find that it is kept.
pub fn encode<E: OwnedEvent + Emits + Clone>(event: &E, schema: Option<&serde_json::Value>, n: usize) {
    let mut declared = crate::Declared::default();
    E::declare(&mut declared);
    let contracts = schema.map(|schema| Arc::new(Contract::compile(schema).expect("the schema is one")));
    let contracts = contracts.into_iter().collect();
    let mut outbox = crate::Outbox::asserting(&declared.into_events(), contracts, MAX_EVENT_BYTES);
    for _ in 0..n {
        outbox.clear();
        outbox.push(black_box(event)).expect("the event can be encoded");
        assert!(outbox.emits().iter().all(|emit| emit.kept == schema.is_some()));
    }
}
