//! Instruments with their labels already looked up: what a record costs on metrics is a few additions.

use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use opentelemetry::KeyValue;
use opentelemetry::metrics::{BoundCounter, BoundHistogram, BoundUpDownCounter};

use super::instruments::Instruments;
use super::names::{attribute, label};

/// The most sets of labels bound for one step; more are counted under `other`.
const MAX_BOUND: usize = 1_000;

/// The labels that a step's metrics have beside what they are about.
#[derive(Debug)]
pub(super) struct Owner {
    /// `service/step`; for a publisher its service.
    pub(super) step: Arc<str>,
    /// The step's consumer group; empty for a publisher.
    pub(super) group: Arc<str>,
}

impl Owner {
    /// The four labels of section 4: workflow, step, destination, group.
    pub(super) fn labels(&self, workflow: &str, topic: &str) -> Vec<KeyValue> {
        let mut labels = vec![
            KeyValue::new(attribute::WORKFLOW_NAME, workflow.to_owned()),
            KeyValue::new(attribute::STEP, Arc::clone(&self.step)),
            KeyValue::new(attribute::DESTINATION, topic.to_owned()),
        ];
        if !self.group.is_empty() {
            labels.push(KeyValue::new(attribute::GROUP, Arc::clone(&self.group)));
        }
        labels
    }

    /// The labels of a metric of the semantic conventions.
    pub(super) fn messaging(
        &self,
        workflow: &str,
        topic: &str,
        operation: &'static str,
        kind: &'static str,
    ) -> Vec<KeyValue> {
        let mut labels = self.labels(workflow, topic);
        labels.push(KeyValue::new(attribute::SYSTEM, "kafka"));
        labels.push(KeyValue::new(attribute::OPERATION_NAME, operation));
        labels.push(KeyValue::new(attribute::OPERATION_TYPE, kind));
        labels
    }
}

/// What is counted about the records of one workflow from one topic.
#[derive(Debug)]
pub(super) struct Input {
    pub(super) workflow: Box<str>,
    pub(super) topic: Box<str>,
    pub(super) consumed: BoundCounter<u64>,
    pub(super) queue_time: BoundHistogram<f64>,
    pub(super) age: BoundHistogram<f64>,
    pub(super) process_duration: BoundHistogram<f64>,
    pub(super) in_flight: BoundUpDownCounter<i64>,
}

impl Input {
    fn new(instruments: &Instruments, owner: &Owner, workflow: &str, topic: &str) -> Self {
        let labels = owner.labels(workflow, topic);
        let process = owner.messaging(workflow, topic, "process", "process");
        Self {
            workflow: workflow.into(),
            topic: topic.into(),
            consumed: instruments.consumed.bind(&owner.messaging(workflow, topic, "poll", "receive")),
            queue_time: instruments.queue_time.bind(&labels),
            age: instruments.age.bind(&labels),
            process_duration: instruments.process_duration.bind(&process),
            in_flight: instruments.in_flight.bind(&labels),
        }
    }
}

/// What is counted about the events of one workflow to one topic.
#[derive(Debug)]
pub(super) struct Output {
    pub(super) workflow: Box<str>,
    pub(super) topic: Box<str>,
    pub(super) sent: BoundCounter<u64>,
    pub(super) duration: BoundHistogram<f64>,
}

impl Output {
    fn new(instruments: &Instruments, owner: &Owner, workflow: &str, topic: &str) -> Self {
        let labels = owner.messaging(workflow, topic, "send", "send");
        Self {
            workflow: workflow.into(),
            topic: topic.into(),
            sent: instruments.sent.bind(&labels),
            duration: instruments.client_duration.bind(&labels),
        }
    }
}

/// What is counted about one way between two steps.
#[derive(Debug)]
pub(super) struct Edge {
    workflow: Box<str>,
    topic: Box<str>,
    from: Box<str>,
    event_type: Box<str>,
    version: Box<str>,
    pub(super) messages: BoundCounter<u64>,
}

/// What an edge is told apart by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct EdgeKey<'a> {
    pub(super) workflow: &'a str,
    pub(super) topic: &'a str,
    pub(super) from: &'a str,
    pub(super) event_type: &'a str,
    pub(super) version: &'a str,
}

impl Edge {
    fn new(instruments: &Instruments, owner: &Owner, key: EdgeKey<'_>) -> Self {
        let mut labels = owner.labels(key.workflow, key.topic);
        labels.push(KeyValue::new(label::FROM_STEP, key.from.to_owned()));
        labels.push(KeyValue::new(label::EVENT_TYPE, key.event_type.to_owned()));
        labels.push(KeyValue::new(label::TO_STEP, Arc::clone(&owner.step)));
        labels.push(KeyValue::new(label::CONTRACT_VERSION, key.version.to_owned()));
        Self {
            workflow: key.workflow.into(),
            topic: key.topic.into(),
            from: key.from.into(),
            event_type: key.event_type.into(),
            version: key.version.into(),
            messages: instruments.edge.bind(&labels),
        }
    }

    fn key(&self) -> EdgeKey<'_> {
        EdgeKey {
            workflow: &self.workflow,
            topic: &self.topic,
            from: &self.from,
            event_type: &self.event_type,
            version: &self.version,
        }
    }
}

/// The instruments of the records that say the same of where they come from, and what they say.
#[derive(Debug)]
pub(super) struct Way {
    said: [Box<str>; SAYINGS],
    pub(super) input: Arc<Input>,
    pub(super) edge: Arc<Edge>,
}

/// What a record says: its workflow, topic, source, event type and contract.
const SAYINGS: usize = 5;
/// The most ways remembered beside the first few; then they are forgotten and looked up again.
const MAX_WAYS: usize = 32;

/// The ways that records came: what they say is compared as it stands, and judged once.
#[derive(Debug, Default)]
pub(super) struct Ways {
    firsts: Firsts<Way>,
    lately: Mutex<Vec<Way>>,
}

impl Ways {
    /// Calls `tell` with the way of records that say `said`; `find` judges it the first time.
    pub(super) fn of<T>(
        &self,
        said: [&str; SAYINGS],
        find: impl FnOnce() -> (Arc<Input>, Arc<Edge>),
        tell: impl FnOnce(&Way) -> T,
    ) -> T {
        let is_it = |way: &Way| way.said.iter().zip(said).all(|(is, said)| **is == *said);
        if let Some(way) = self.firsts.find(is_it) {
            return tell(way);
        }
        let mut lately = self.lately.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(way) = lately.iter().find(|way| is_it(way)) {
            return tell(way);
        }
        let (input, edge) = find();
        let way = Way { said: said.map(Box::from), input, edge };
        let told = tell(&way);
        if let Err(way) = self.firsts.add(way) {
            if lately.len() >= MAX_WAYS {
                lately.clear();
            }
            lately.push(way);
        }
        told
    }
}

/// So many of each kind are found without a lock.
const MAX_FIRSTS: usize = 16;

/// The first few of a kind, which stay: a record needs mostly these, and to take a lock for each would be dear.
#[derive(Debug)]
struct Firsts<T>([OnceLock<T>; MAX_FIRSTS]);

impl<T> Default for Firsts<T> {
    fn default() -> Self {
        Self([const { OnceLock::new() }; MAX_FIRSTS])
    }
}

impl<T> Firsts<T> {
    fn find(&self, is_it: impl Fn(&T) -> bool) -> Option<&T> {
        self.0.iter().map_while(OnceLock::get).find(|known| is_it(known))
    }

    /// Keeps one more, or gives it back where there is no room.
    #[cold]
    fn add(&self, mut new: T) -> Result<(), T> {
        for place in &self.0 {
            match place.set(new) {
                Ok(()) => return Ok(()),
                Err(back) => new = back,
            }
        }
        Err(new)
    }
}

/// The instruments bound so far, found by comparing: a step has few topics and workflows.
#[derive(Debug)]
pub(super) struct Bindings {
    owner: Owner,
    inputs: Bound<Input>,
    outputs: Bound<Output>,
    edges: Bound<Edge>,
}

impl Bindings {
    /// Nothing bound yet.
    pub(super) fn new(owner: Owner) -> Self {
        Self { owner, inputs: Bound::default(), outputs: Bound::default(), edges: Bound::default() }
    }

    /// Whose instruments these are.
    pub(super) fn owner(&self) -> &Owner {
        &self.owner
    }

    /// The instruments for records of `workflow` from `topic`.
    pub(super) fn input(&self, all: &Instruments, workflow: &str, topic: &str) -> Arc<Input> {
        self.inputs.find_or_bind(
            |known| *known.workflow == *workflow && *known.topic == *topic,
            || Input::new(all, &self.owner, workflow, topic),
            || Input::new(all, &self.owner, label::OTHER, label::OTHER),
        )
    }

    /// The instruments for events of `workflow` to `topic`.
    pub(super) fn output(&self, all: &Instruments, workflow: &str, topic: &str) -> Arc<Output> {
        self.outputs.find_or_bind(
            |known| *known.workflow == *workflow && *known.topic == *topic,
            || Output::new(all, &self.owner, workflow, topic),
            || Output::new(all, &self.owner, label::OTHER, label::OTHER),
        )
    }

    /// The counter of one way between two steps.
    pub(super) fn edge(&self, all: &Instruments, key: EdgeKey<'_>) -> Arc<Edge> {
        let other = EdgeKey { from: label::OTHER, version: label::OTHER, ..key };
        self.edges.find_or_bind(
            |known| known.key() == key,
            || Edge::new(all, &self.owner, key),
            || Edge::new(all, &self.owner, other),
        )
    }
}

/// What was bound of one kind.
#[derive(Debug)]
struct Bound<T> {
    firsts: Firsts<Arc<T>>,
    /// Those behind the first few.
    more: Mutex<Vec<Arc<T>>>,
}

impl<T> Default for Bound<T> {
    fn default() -> Self {
        Self { firsts: Firsts::default(), more: Mutex::default() }
    }
}

impl<T> Bound<T> {
    /// Finds what was bound, or binds it while there is room, or gives back `overflow`.
    fn find_or_bind(
        &self,
        is_it: impl Fn(&T) -> bool,
        bind: impl FnOnce() -> T,
        overflow: impl FnOnce() -> T,
    ) -> Arc<T> {
        if let Some(known) = self.firsts.find(|known| is_it(known)) {
            return Arc::clone(known);
        }
        let mut more = self.more.lock().unwrap_or_else(PoisonError::into_inner);
        // Somebody else may have bound it meanwhile.
        let known = self.firsts.find(|known| is_it(known));
        if let Some(known) = known.or_else(|| more.iter().find(|known| is_it(known))) {
            return Arc::clone(known);
        }
        if more.len() + MAX_FIRSTS >= MAX_BOUND {
            return Arc::new(overflow());
        }
        let new = Arc::new(bind());
        if let Err(behind) = self.firsts.add(Arc::clone(&new)) {
            more.push(behind);
        }
        new
    }
}
