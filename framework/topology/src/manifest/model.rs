//! The form of a manifest, as it is read. `manifest.schema.json` beside this crate's `Cargo.toml` says the same.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::choreography::EventId;

/// What a service declares. Names of topics and groups are without a namespace.
///
/// ```
/// use choreograph_topology::Manifest;
///
/// let text = br#"{ "manifest": 1, "service": "mail", "steps": [] }"#;
/// let manifest = Manifest::read("mail.json", text)?;
/// assert_eq!(manifest.to_string(), "mail");
/// # Ok::<(), choreograph_topology::ReadError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Manifest {
    /// The version of the form.
    pub manifest: u32,
    /// The service's name.
    pub service: String,
    /// The team that answers for the service.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub owner: Option<String>,
    /// The service's own version, as its team counts: a label.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
    /// Its steps.
    #[serde(default)]
    pub steps: Vec<Step>,
    /// What code outside of its steps starts workflows with; of a foreign system, whatever it writes.
    #[serde(default)]
    pub publishes: Vec<Emitted>,
    /// The topics that it needs.
    #[serde(default)]
    pub topics: Vec<Topic>,
}

/// One step.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Step {
    /// The step's name.
    pub name: String,
    /// Its consumer group.
    pub group: String,
    /// What it consumes.
    pub consumes: Vec<Consumed>,
    /// What it may emit, each event type once.
    #[serde(default)]
    pub emits: Vec<Emitted>,
    /// How its emits belong together. Where it is not said: any number of any of them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub emits_shape: Option<Shape>,
    /// Which events its handler may start workflows with.
    #[serde(default)]
    pub starts: Vec<Emitted>,
    /// How soon its consequence is expected, in milliseconds.
    #[serde(default)]
    pub deadline_ms: Option<u64>,
    /// How long one attempt may take, in milliseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timeout_ms: Option<u64>,
    /// How many records may be in the handler at once.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub concurrency: Option<u64>,
    /// Where a group without commits begins: `earliest`, `latest`, or milliseconds since the Unix epoch.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<Value>,
    /// How a transient failure is tried again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retry: Option<Retry>,
    /// The topic of its own retries and replays.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retry_topic: Option<String>,
    /// The topic of its dead letters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dead_letter_topic: Option<String>,
}

/// One event type that a step consumes.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Consumed {
    /// The type without its major.
    #[serde(rename = "type")]
    pub event_type: String,
    /// The major that the step reads.
    pub major: u32,
    /// The topic.
    pub topic: String,
    /// Whether it comes from outside the choreography, from somebody who has no manifest.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub external: bool,
    /// Older majors that the step reads through upcasters, each of which leads one major up.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub upcasts: Vec<u32>,
    /// The reader's schema: what the step asserts on the way in.
    pub schema: Value,
}

/// One event type that a service may emit or start.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Emitted {
    /// The type without its major.
    #[serde(rename = "type")]
    pub event_type: String,
    /// Major and minor of its contract: `1.3`.
    #[serde(with = "version")]
    pub version: (u32, u32),
    /// The topic.
    pub topic: String,
    /// The field that is the record's key; none where records have no key.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
    /// The workflow that it starts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub starts_workflow: Option<String>,
    /// Whether a workflow owes nothing after it.
    #[serde(default)]
    pub terminal: bool,
    /// Whether it comes from outside the choreography.
    #[serde(default)]
    pub external: bool,
    /// Whether it is read outside the choreography, so that nobody in it needs to consume it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub outbound: bool,
    /// The majors in which each fact is written that is emitted as this event, one record each; empty where there is one.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub majors: Vec<u32>,
    /// What is said of it where readers are to leave it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deprecated: Option<Deprecated>,
    /// The writer's schema: what the service asserts on the way out.
    pub schema: Value,
}

/// What is said of an event that readers are to leave.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Deprecated {
    /// Since when, as `2026-01-31`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<String>,
    /// The day on which it may end, as `2026-12-31`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sunset: Option<String>,
    /// Where to read what to do instead.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub migration: Option<String>,
}

/// How a step's emits belong together; a text is the type of an event among `emits`, with its major.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Shape {
    /// Nothing is emitted.
    Nothing,
    /// Exactly this event.
    One(EventId),
    /// That or nothing.
    Optional(Box<Shape>),
    /// Any number of that.
    Many(Box<Shape>),
    /// All of these: fan-out.
    All(Vec<Shape>),
    /// One of these: alternatives.
    OneOf(Vec<Shape>),
}

/// How a transient failure is tried again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Retry {
    /// Attempts in all.
    pub attempts: u32,
    /// The bound of the first wait, in milliseconds.
    pub first_ms: u64,
    /// The bound of every wait, in milliseconds.
    pub cap_ms: u64,
    /// How a wait is drawn below its bound.
    pub jitter: String,
    /// The longest that one record can block its key, in milliseconds.
    pub longest_block_ms: u64,
}

/// One topic.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Topic {
    /// Its name.
    pub name: String,
    /// What the service does with it: `read`, `write`, or both.
    #[serde(default)]
    pub access: Vec<String>,
    /// Kafka settings under which it is created where it is missing; all others are the broker's defaults.
    #[serde(default)]
    pub settings: BTreeMap<String, String>,
}

impl Shape {
    /// Every event that it names, each once, ordered by name.
    pub fn events(&self) -> BTreeSet<&EventId> {
        match self {
            Self::Nothing => BTreeSet::new(),
            Self::One(id) => BTreeSet::from([id]),
            Self::Optional(inner) | Self::Many(inner) => inner.events(),
            Self::All(parts) | Self::OneOf(parts) => parts.iter().flat_map(Self::events).collect(),
        }
    }
}

impl Step {
    /// How its emits belong together, said or not.
    pub fn shape(&self) -> Shape {
        self.emits_shape.clone().unwrap_or_else(|| {
            let each = self.emits.iter().map(|event| Shape::One(event.id())).collect();
            Shape::Many(Box::new(Shape::OneOf(each)))
        })
    }
}

impl Consumed {
    /// Which event it is.
    pub fn id(&self) -> EventId {
        EventId { name: self.event_type.clone(), major: self.major }
    }

    /// The same event in a major that its upcasters lead on.
    pub(crate) fn in_major(&self, major: u32) -> EventId {
        EventId { name: self.event_type.clone(), major }
    }

    /// Older majors that it reads, falling: those from which upcasters lead to its own without a gap.
    pub fn older_majors(&self) -> impl Iterator<Item = u32> + '_ {
        let majors: BTreeSet<u32> = self.upcasts.iter().copied().collect();
        let mut next = self.major;
        std::iter::from_fn(move || {
            next = next.checked_sub(1).filter(|major| majors.contains(major))?;
            Some(next)
        })
    }

    /// Majors from which it has upcasters although it reads an earlier one, or that itself: none of them leads to it.
    pub fn upcasts_beyond(&self) -> Vec<u32> {
        self.upcasts.iter().copied().filter(|major| *major >= self.major).collect()
    }

    /// The highest major from which a step is missing: `2` where upcasters lead from 1 and from 3 to 4.
    pub fn missing_link(&self) -> Option<u32> {
        let lowest = self.older_majors().last().unwrap_or(self.major);
        let missing = lowest.checked_sub(1)?;
        self.upcasts.iter().any(|major| *major < missing).then_some(missing)
    }
}

impl Emitted {
    /// Which event it is.
    pub fn id(&self) -> EventId {
        EventId { name: self.event_type.clone(), major: self.version.0 }
    }

    /// Type and version as people write them: `order.placed 1.3`.
    pub fn title(&self) -> String {
        format!("{} {}.{}", self.event_type, self.version.0, self.version.1)
    }
}

impl std::fmt::Display for Manifest {
    /// The service, and who answers for it: `billing (team Finance)`.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match &self.owner {
            Some(owner) => write!(f, "{} (team {owner})", self.service),
            None => f.write_str(&self.service),
        }
    }
}

/// A version as text.
mod version {
    use serde::{Deserialize as _, Deserializer, Serializer, de::Error as _};

    #[expect(clippy::trivially_copy_pass_by_ref, reason = "serde calls it with a reference")]
    pub(super) fn serialize<S: Serializer>(
        (major, minor): &(u32, u32),
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&format_args!("{major}.{minor}"))
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<(u32, u32), D::Error> {
        let text = String::deserialize(deserializer)?;
        let parts = text.split_once('.').and_then(|(major, minor)| Some((number(major)?, number(minor)?)));
        parts.filter(|(major, _)| *major > 0).ok_or_else(|| {
            D::Error::custom(format!("a version is major and minor, such as \"1.3\", and this is {text:?}"))
        })
    }

    /// Digits alone: no sign, no space.
    fn number(text: &str) -> Option<u32> {
        text.bytes().all(|byte| byte.is_ascii_digit()).then(|| text.parse().ok()).flatten()
    }
}
