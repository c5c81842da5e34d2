//! The form of a manifest.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// What a service declares. Names of topics and groups are without a namespace; equal services give equal text.
///
/// The form has a JSON Schema, `manifest.schema.json` of the crate `choreograph-topology`, which reads, checks and
/// draws manifests.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Manifest {
    /// The version of this form: 1.
    pub manifest: u32,
    /// The service's name.
    pub service: String,
    /// The team that answers for it.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub owner: Option<String>,
    /// The service's own version, as its team counts.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub version: Option<String>,
    /// Its steps, in the order they were added.
    pub steps: Vec<StepManifest>,
    /// What code outside of its steps starts workflows with.
    pub publishes: Vec<EmittedManifest>,
    /// Every topic that the service needs, by name, with the settings under which a missing one is created.
    pub topics: Vec<TopicManifest>,
}

/// One step.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct StepManifest {
    /// The step's name.
    pub name: String,
    /// Its consumer group.
    pub group: String,
    /// What it consumes.
    pub consumes: Vec<ConsumedManifest>,
    /// What it may emit, each event type once.
    pub emits: Vec<EmittedManifest>,
    /// How its emits belong together.
    pub emits_shape: Alternatives,
    /// Which events its handler may start workflows with.
    pub starts: Vec<EmittedManifest>,
    /// The deadline it declares, in milliseconds.
    pub deadline_ms: Option<u64>,
    /// How long one attempt may take, in milliseconds.
    pub timeout_ms: u64,
    /// How many records may be in the handler at once.
    pub concurrency: usize,
    /// Where a group without commits begins: `earliest`, `latest`, or milliseconds since the Unix epoch.
    pub from: Value,
    /// How a transient failure is tried again.
    pub retry: RetryManifest,
    /// The topic of its own retries and replays.
    pub retry_topic: String,
    /// The topic of its dead letters.
    pub dead_letter_topic: String,
}

/// One event type that a step consumes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ConsumedManifest {
    /// The type without its major.
    #[serde(rename = "type")]
    pub event_type: String,
    /// The major that the step reads.
    pub major: u32,
    /// The topic.
    pub topic: String,
    /// Whether it comes from outside the choreography.
    #[serde(skip_serializing_if = "std::ops::Not::not", default)]
    pub external: bool,
    /// Older majors that are read through upcasters, each of which leads one major up.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub upcasts: Vec<u32>,
    /// What the step reads: the open reader schema, asserted on the way in.
    pub schema: Value,
}

/// One event type that a step may emit or start.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct EmittedManifest {
    /// The type without its major.
    #[serde(rename = "type")]
    pub event_type: String,
    /// Major and minor of its contract.
    pub version: String,
    /// The topic.
    pub topic: String,
    /// The field that is the record's key.
    pub key: String,
    /// The workflow that it starts.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub starts_workflow: Option<String>,
    /// Whether a workflow owes nothing after it.
    pub terminal: bool,
    /// Whether it comes from outside the choreography.
    pub external: bool,
    /// Whether it is read outside the choreography.
    #[serde(skip_serializing_if = "std::ops::Not::not", default)]
    pub outbound: bool,
    /// The majors in which each fact is written that is emitted as this event, one record each; empty where there is one.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub majors: Vec<u32>,
    /// What is said of it where readers are to leave it.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub deprecated: Option<DeprecatedManifest>,
    /// What is emitted: the closed writer schema, asserted on the way out.
    pub schema: Value,
}

/// What is said of an event that readers are to leave.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct DeprecatedManifest {
    /// Since when, as `2026-01-31`.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub from: Option<String>,
    /// The day on which it may end, as `2026-12-31`.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub sunset: Option<String>,
    /// Where to read what to do instead.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub migration: Option<String>,
}

/// How a step's emits belong together; a text is the type of an event among `emits`, with its major.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Alternatives {
    /// Nothing is emitted.
    Nothing,
    /// Exactly this event.
    One(String),
    /// That or nothing.
    Optional(Box<Alternatives>),
    /// Any number of that.
    Many(Box<Alternatives>),
    /// All of these: fan-out.
    All(Vec<Alternatives>),
    /// One of these.
    OneOf(Vec<Alternatives>),
}

/// How a transient failure is tried again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct RetryManifest {
    /// Attempts in all.
    pub attempts: u32,
    /// The bound of the first wait, in milliseconds.
    pub first_ms: u64,
    /// The bound of every wait, in milliseconds.
    pub cap_ms: u64,
    /// How a wait is drawn below its bound: `full`.
    pub jitter: String,
    /// The longest that one record can block its key, in milliseconds: every attempt up to its timeout, and every
    /// wait between. An outage is not counted: it holds the whole step.
    pub longest_block_ms: u64,
}

/// One topic.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct TopicManifest {
    /// Its name.
    pub name: String,
    /// What the service does with it: `read`, `write`, or both.
    pub access: Vec<String>,
    /// Kafka settings under which it is created where it is missing; all others are the broker's defaults.
    pub settings: BTreeMap<String, String>,
}
