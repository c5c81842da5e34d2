use std::collections::BTreeSet;
use std::fmt;

use serde::Serialize;

use super::cover::Gap;
use crate::choreography::{Consumer, Emitter, EventId};
use crate::manifest::{Manifest, Step};

/// How many findings are told: a set with more has one fault that shows everywhere.
pub const MAX_FINDINGS: usize = 10_000;

/// How many services and steps a finding names. There may be as many findings as there are readers, and each is about every
/// emitter.
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
    /// Whom it is about; the first is where it is to be mended as a rule. At most [`MAX_PARTIES`]: its message counts the
    /// others.
    pub parties: Vec<Party>,
    /// Where a reader does not take what a writer may write.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub gaps: Vec<Gap>,
    /// What to do, as a sentence.
    pub fix: String,
    /// What is wrong, one thing at a time and each with a name: a finding was known before a change if all of it was. Without
    /// any it is never known.
    #[serde(skip)]
    faults: BTreeSet<String>,
    /// What tells it apart from another one of its rule, event and parties.
    #[serde(skip)]
    detail: String,
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
    /// A finding about nothing and nobody yet.
    pub(crate) fn new(rule: &'static str, message: String, fix: impl Into<String>) -> Self {
        Self {
            rule,
            message,
            event: None,
            topic: None,
            parties: Vec::new(),
            gaps: Vec::new(),
            fix: fix.into(),
            faults: BTreeSet::new(),
            detail: String::new(),
        }
    }

    /// It is about this event.
    pub(crate) fn event(self, id: &EventId) -> Self {
        Self { event: Some(id.clone()), ..self }
    }

    /// It is about this topic.
    pub(crate) fn topic(self, topic: &str) -> Self {
        Self { topic: Some(topic.to_owned()), ..self }
    }

    /// Whom it is about; their faults are said by [`faults`](Self::faults).
    pub(crate) fn naming(self, mut parties: Vec<Party>) -> Self {
        parties.truncate(MAX_PARTIES);
        Self { parties, ..self }
    }

    /// Each of `parties` is at fault, whoever else is.
    pub(crate) fn each(self, parties: Vec<Party>) -> Self {
        let names: Vec<String> = parties.iter().map(Party::place).collect();
        self.naming(parties).faults(names)
    }

    /// The parties are at fault together: another one makes it another fault.
    pub(crate) fn together(self, parties: Vec<Party>) -> Self {
        let names: Vec<String> = parties.iter().map(Party::place).collect();
        self.naming(parties).faults([names.join(" ")])
    }

    /// `who` is at fault, whoever stand opposite.
    pub(crate) fn who(self, who: Party, others: &[Party]) -> Self {
        self.each(vec![who]).opposite(others)
    }

    /// Names those opposite to the parties that are at fault; each side keeps half the room where both are many.
    pub(crate) fn opposite(mut self, others: &[Party]) -> Self {
        self.parties.truncate(MAX_PARTIES - others.len().min(MAX_PARTIES / 2));
        self.parties.extend(others.iter().take(MAX_PARTIES).cloned());
        self.parties.truncate(MAX_PARTIES);
        self
    }

    /// Its faults by name, instead of those that its parties stand for. Names need only differ within a rule, an event and a
    /// topic: say these first.
    pub(crate) fn faults(mut self, names: impl IntoIterator<Item = String>) -> Self {
        let event = self.event.as_ref().map(EventId::to_string).unwrap_or_default();
        let topic = self.topic.clone().unwrap_or_default();
        self.faults = names.into_iter().map(|name| format!("{} {event} {topic} {name}", self.rule)).collect();
        self
    }

    /// What tells it apart from another one of its rule, event and parties.
    pub(crate) fn detail(self, detail: String) -> Self {
        Self { detail, ..self }
    }

    pub(crate) fn gaps(self, gaps: Vec<Gap>) -> Self {
        Self { gaps, ..self }
    }

    /// What is wrong, one thing at a time.
    pub(crate) fn into_faults(self) -> BTreeSet<String> {
        self.faults
    }

    /// Whether all that is wrong is among `known`.
    pub(crate) fn is_known(&self, known: &BTreeSet<String>) -> bool {
        !self.faults.is_empty() && self.faults.is_subset(known)
    }

    /// What stays the same for as long as the finding does: its rule, its event or its topic, and its parties.
    pub fn fingerprint(&self) -> String {
        let event = self.event.as_ref().map(EventId::to_string).unwrap_or_default();
        let mut parties: Vec<String> = self.parties.iter().map(Party::place).collect();
        parties.sort();
        parties.dedup();
        let topic = self.topic.as_ref().map_or_else(String::new, |topic| format!(" {topic}"));
        let detail = if self.detail.is_empty() { String::new() } else { format!(" {}", self.detail) };
        format!("{} {event} {}{topic}{detail}", self.rule, parties.join(" "))
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

/// How many names a sentence lists before it only counts.
const MAX_LISTED: usize = 5;

/// `a`, `a and b`, `a, b and c`; of many, the first five and how many more.
pub(crate) fn listed<T: fmt::Display>(things: &[T]) -> String {
    let shown: Vec<String> = things.iter().take(MAX_LISTED).map(T::to_string).collect();
    let more = things.len() - shown.len();
    match (shown.split_last(), more) {
        (None, _) => String::new(),
        (_, 1..) => format!("{} and {more} more", shown.join(", ")),
        (Some((last, [])), 0) => last.clone(),
        (Some((last, before)), 0) => format!("{} and {last}", before.join(", ")),
    }
}

/// Names of topics, as `listed` has names of services: `a` or `b`, in a sentence that sets the first and the last back-tick.
pub(crate) fn quoted(topics: &[&str], between: &str) -> String {
    let shown: Vec<&str> = topics.iter().take(MAX_LISTED).copied().collect();
    let text = shown.join(&format!("`{between}`"));
    match topics.len() - shown.len() {
        0 => format!("`{text}`"),
        more => format!("`{text}` and {more} more"),
    }
}

/// How many events of a cycle are told before it is cut short.
const MAX_ROUND: usize = 20;

/// Events that lead to each other and back to the first: `a → b → a`.
pub(super) fn round(events: &[&EventId]) -> String {
    let mut names: Vec<String> = events.iter().take(MAX_ROUND).map(ToString::to_string).collect();
    if events.len() > names.len() {
        names.push(format!("({} more)", events.len() - names.len()));
    }
    names.extend(events.first().map(ToString::to_string));
    names.join(" → ")
}
