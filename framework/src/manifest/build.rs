//! From a service's declarations to its manifest.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, UNIX_EPOCH};

use serde_json::{Value, json};

use crate::consumes::ConsumedEvent;
use crate::emits::{EmittedEvent, Shape};
use crate::event::Deprecation;
use crate::manifest::{
    Alternatives, ConsumedManifest, DeprecatedManifest, EmittedManifest, Manifest, RetryManifest,
    StepManifest, TopicManifest,
};
use crate::service::ServiceDef;
use crate::step::{Policy, StartFrom, StepDef};
use crate::upcast::Upcast;

/// The version of the manifest's form.
const FORM: u32 = 1;

impl ServiceDef {
    /// What the service declares.
    pub(crate) fn manifest(&self) -> Manifest {
        Manifest {
            manifest: FORM,
            service: self.name.clone(),
            owner: self.owner.clone(),
            version: self.version.clone(),
            steps: self.steps.iter().map(step).collect(),
            publishes: self.publishes.iter().map(emitted).collect(),
            topics: topics(self),
        }
    }
}

fn step(step: &StepDef) -> StepManifest {
    StepManifest {
        name: step.name.clone(),
        group: step.group.clone(),
        consumes: step.consumes.iter().map(consumed).collect(),
        emits: step.emits.iter().map(emitted).collect(),
        emits_shape: alternatives(&step.shape, &step.emits),
        starts: step.starts.iter().map(emitted).collect(),
        deadline_ms: step.policy.within.map(millis),
        timeout_ms: millis(step.policy.timeout),
        concurrency: step.policy.concurrency,
        from: from(step.policy.from),
        retry: retry(&step.policy),
        retry_topic: step.retry_topic(),
        dead_letter_topic: step.dead_letter_topic(),
    }
}

fn consumed(event: &ConsumedEvent) -> ConsumedManifest {
    ConsumedManifest {
        event_type: event.name.to_owned(),
        major: event.major,
        topic: event.topic.to_owned(),
        external: event.external,
        upcasts: event.upcasts.iter().map(Upcast::from).collect(),
        schema: (event.reader_schema)(),
    }
}

fn emitted(event: &EmittedEvent) -> EmittedManifest {
    EmittedManifest {
        event_type: event.name.to_owned(),
        version: format!("{}.{}", event.major, event.minor),
        topic: event.topic.to_owned(),
        key: event.key_field.to_owned(),
        starts_workflow: event.starts.map(str::to_owned),
        terminal: event.terminal,
        external: event.external,
        outbound: event.outbound,
        majors: Some((event.majors)()).filter(|majors| majors.len() > 1).unwrap_or_default(),
        deprecated: event.deprecated.map(deprecated),
        schema: (event.writer_schema)(),
    }
}

fn deprecated(it: Deprecation) -> DeprecatedManifest {
    let owned = |text: Option<&str>| text.map(str::to_owned);
    DeprecatedManifest { from: owned(it.from), sunset: owned(it.sunset), migration: owned(it.migration) }
}

fn alternatives(shape: &Shape, events: &[EmittedEvent]) -> Alternatives {
    let each = |shapes: &[Shape]| shapes.iter().map(|shape| alternatives(shape, events)).collect();
    match shape {
        Shape::Nothing => Alternatives::Nothing,
        Shape::One(index) => events.get(*index).map_or(Alternatives::Nothing, |event| {
            Alternatives::One(format!("{}.v{}", event.name, event.major))
        }),
        Shape::Optional(inner) => Alternatives::Optional(Box::new(alternatives(inner, events))),
        Shape::Many(inner) => Alternatives::Many(Box::new(alternatives(inner, events))),
        Shape::All(shapes) => Alternatives::All(each(shapes)),
        Shape::OneOf(shapes) => Alternatives::OneOf(each(shapes)),
    }
}

fn retry(policy: &Policy) -> RetryManifest {
    RetryManifest {
        attempts: policy.retry.attempts(),
        first_ms: millis(policy.retry.first_wait()),
        cap_ms: millis(policy.retry.longest_wait()),
        jitter: "full".to_owned(),
        longest_block_ms: millis(policy.longest_block()),
    }
}

fn from(from: StartFrom) -> Value {
    match from {
        StartFrom::Earliest => json!("earliest"),
        StartFrom::Latest => json!("latest"),
        StartFrom::At(time) => json!(millis(time.duration_since(UNIX_EPOCH).unwrap_or_default())),
    }
}

/// The settings of dead-letter topics: a dead letter waits for a person, however long that takes and however many there
/// are. Whatever the broker's own defaults are, nothing is deleted by age, by size, or for a later one of the same key.
pub(crate) const DEAD_LETTER_SETTINGS: [(&str, &str); 3] =
    [("cleanup.policy", "delete"), ("retention.bytes", "-1"), ("retention.ms", "-1")];

/// Every topic once, by name.
fn topics(service: &ServiceDef) -> Vec<TopicManifest> {
    let mut access: BTreeMap<String, BTreeSet<&str>> = BTreeMap::new();
    let mut dead_letters = BTreeSet::new();
    let mut add = |topic: String, what| access.entry(topic).or_default().insert(what);
    service.publishes.iter().for_each(|event| _ = add(event.topic.to_owned(), "write"));
    for step in &service.steps {
        step.consumes.iter().for_each(|event| _ = add(event.topic.to_owned(), "read"));
        step.emits.iter().chain(&step.starts).for_each(|event| _ = add(event.topic.to_owned(), "write"));
        add(step.retry_topic(), "read");
        add(step.dead_letter_topic(), "write");
        dead_letters.insert(step.dead_letter_topic());
    }
    access
        .into_iter()
        .map(|(name, access)| {
            let kept: &[(&str, &str)] =
                if dead_letters.contains(&name) { &DEAD_LETTER_SETTINGS } else { &[] };
            let settings =
                kept.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
            TopicManifest { name, access: access.into_iter().map(str::to_owned).collect(), settings }
        })
        .collect()
}

/// Whole milliseconds, at most what a `u64` holds.
fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
