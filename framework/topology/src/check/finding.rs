use std::fmt;

use serde::Serialize;

use super::cover::Gap;
use crate::choreography::{Consumer, Emitter, EventId};
use crate::manifest::{Manifest, Step};

/// How many findings are told: a set with more has one fault that shows everywhere.
pub const MAX_FINDINGS: usize = 10_000;

/// How many services and steps a finding names that is about every emitter or reader of an event. There may be as many findings
/// as there are readers.
pub const MAX_PARTIES: usize = 10;

/// One thing that does not fit.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Finding {
    /// The rule that it falls under.
    pub rule: &'static str,
    /// What is wrong, as one sentence without a full stop. It names the services and their teams.
    pub message: String,
    /// The event that it is about, if it is about one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub event: Option<EventId>,
    /// The topic that it is about, if it is about one and about no event.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub topic: Option<String>,
    /// Whom it is about; the first is where it is to be mended as a rule. At most [`MAX_PARTIES`], where it is about every
    /// emitter or reader of an event: its message counts the others.
    pub parties: Vec<Party>,
    /// Where a reader does not take what a writer may write.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub gaps: Vec<Gap>,
    /// What to do, as a sentence.
    pub fix: String,
}

/// One side of a finding: a step or a service, and who answers for it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct Party {
    /// The service.
    pub service: String,
    /// The team that answers for it, if its manifest says so.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub owner: Option<String>,
    /// The service's own version, if its manifest says it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
    /// The step, if it is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub step: Option<String>,
    /// JSON Pointer to the place in the service's manifest.
    pub pointer: String,
    /// Whether that manifest is of the previous set.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub previous: bool,
}

impl Finding {
    /// What stays the same for as long as the finding does: its rule, its event or its topic, and its parties.
    pub fn fingerprint(&self) -> String {
        let event = self.event.as_ref().map(EventId::to_string).unwrap_or_default();
        let mut parties: Vec<String> = self.parties.iter().map(Party::place).collect();
        parties.sort();
        parties.dedup();
        let topic = self.topic.as_ref().map_or_else(String::new, |topic| format!(" {topic}"));
        format!("{} {event} {}{topic}", self.rule, parties.join(" "))
    }
}

impl Party {
    pub(crate) fn service(service: &Manifest, pointer: &str) -> Self {
        Self::new(service, None, pointer)
    }

    pub(crate) fn step(service: &Manifest, step: &Step, pointer: &str) -> Self {
        Self::new(service, Some(step), pointer)
    }

    fn new(service: &Manifest, step: Option<&Step>, pointer: &str) -> Self {
        Self {
            service: service.service.clone(),
            owner: service.owner.clone(),
            version: service.version.clone(),
            step: step.map(|step| step.name.clone()),
            pointer: pointer.to_owned(),
            previous: false,
        }
    }

    /// The step as `service.step`, or the service.
    pub fn place(&self) -> String {
        match &self.step {
            Some(step) => format!("{}.{step}", self.service),
            None => self.service.clone(),
        }
    }
}

impl From<&Emitter<'_>> for Party {
    fn from(emitter: &Emitter<'_>) -> Self {
        Self::new(emitter.service, emitter.step, &emitter.pointer)
    }
}

impl From<&Consumer<'_>> for Party {
    fn from(consumer: &Consumer<'_>) -> Self {
        Self::new(consumer.service, Some(consumer.step), &consumer.pointer)
    }
}

impl fmt::Display for Party {
    /// `billing.invoice (team Finance)`; with a version `billing.invoice 2.0 (team Finance)`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.place())?;
        if let Some(version) = &self.version {
            write!(f, " {version}")?;
        }
        match &self.owner {
            Some(owner) => write!(f, " (team {owner})"),
            None => Ok(()),
        }
    }
}

/// In the order of rules and events, at most [`MAX_FINDINGS`].
pub(crate) fn sorted(mut findings: Vec<Finding>) -> Vec<Finding> {
    findings.sort_by_cached_key(|finding| (finding.rule, finding.fingerprint()));
    findings.truncate(MAX_FINDINGS);
    findings
}

/// Somebody and those opposite, bounded.
pub(super) fn opposite(who: Party, others: &[Party]) -> Vec<Party> {
    std::iter::once(who).chain(others.iter().cloned()).take(MAX_PARTIES).collect()
}

/// How many names a sentence lists before it only counts.
const MAX_LISTED: usize = 5;

/// `a`, `a and b`, `a, b and c`; of many, the first five and how many more.
pub(super) fn listed<T: fmt::Display>(things: &[T]) -> String {
    let shown: Vec<String> = things.iter().take(MAX_LISTED).map(T::to_string).collect();
    let more = things.len() - shown.len();
    match (shown.split_last(), more) {
        (None, _) => String::new(),
        (_, 1..) => format!("{} and {more} more", shown.join(", ")),
        (Some((last, [])), 0) => last.clone(),
        (Some((last, before)), 0) => format!("{} and {last}", before.join(", ")),
    }
}
