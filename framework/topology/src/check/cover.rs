//! `NOT_COVERED`: what a writer may write, and a reader refuses.

use std::collections::BTreeSet;

use choreograph_contracts::compat::Proof;
use serde::Serialize;
use serde_json::Value;

use super::compared::{Cover, MAX_COMPARISONS, MAX_WORK};
use super::finding::{Finding, Party};
use crate::choreography::{Choreography, Consumer, Emitter, EventId, Flow};

/// The rule of what is not covered.
pub(crate) const RULE: &str = "NOT_COVERED";

/// What to do about a schema that cannot be read.
const STANDS_ALONE: &str = "write the schema so that it stands alone, with what it refers to under `$defs`";

/// How many gaps of one pair a sentence tells.
const MAX_TOLD: usize = 3;

/// Something that a writer may write and a reader refuses.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Gap {
    /// The rule of compatibility that it falls under: see [`choreograph_contracts::compat::rule`].
    pub rule: &'static str,
    /// What differs and why it matters, as a sentence without a full stop.
    pub message: String,
    /// JSON Pointer into the reader's schema; of what is not there, to the schema around it.
    pub reader: String,
    /// JSON Pointer into the writer's schema, alike.
    pub writer: String,
    /// An event that the writer's schema accepts and the reader's refuses.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub witness: Option<Value>,
    /// Whether there is such an event.
    pub proof: Proof,
}

impl Gap {
    /// What tells it from the other gaps of a reader and a writer.
    pub(crate) fn name(&self) -> String {
        format!("{} {} {}", self.rule, self.reader, self.message)
    }
}

pub(super) fn check(choreography: &Choreography<'_>, findings: &mut Vec<Finding>) {
    let mut cover = Cover::new();
    for (id, flow) in choreography.events() {
        cover.forget();
        if of_event(id, flow, &mut cover, findings).is_none() {
            findings.push(too_many(&format!("from {id} on nothing was compared")).event(id));
            return;
        }
    }
}

/// Compares each reader of an event with the writers that it meets; `None` stands for the bound.
fn of_event<'a>(
    id: &EventId,
    flow: &Flow<'a>,
    cover: &mut Cover<'a>,
    findings: &mut Vec<Finding>,
) -> Option<()> {
    let written: BTreeSet<&str> = flow.emitters.iter().map(|it| it.event.topic.as_str()).collect();
    let mut unread: Vec<bool> = flow.emitters.iter().map(|_| true).collect();
    let outside = flow.external_topics();
    // What upcasters lead on has no schema of its own: tests on recorded events hold it.
    for consumer in flow.consumers.iter().filter(|it| !it.upcasts) {
        let topic = consumer.event.topic.as_str();
        // Where nobody writes to its topic, whatever is written is meant: that it lies elsewhere is a finding of its own.
        let is_lost = !written.contains(topic) && !outside.contains(topic);
        let mut is_alone = true;
        for (emitter, unread) in flow.emitters.iter().zip(&mut unread) {
            if emitter.event.topic != topic && !is_lost {
                continue;
            }
            (is_alone, *unread) = (false, false);
            match cover.gaps(consumer, emitter)? {
                Ok(gaps) if gaps.is_empty() => {}
                Ok(gaps) => findings.push(not_covered(id, emitter, consumer, gaps)),
                Err(problem) => findings.push(unreadable(id, emitter, consumer, &problem)),
            }
        }
        if is_alone && let Err(problem) = cover.alone(&consumer.event.schema)? {
            findings.push(no_schema(id, Party::from(consumer), &problem));
        }
    }
    for (emitter, _) in flow.emitters.iter().zip(unread).filter(|(_, unread)| *unread) {
        // What nobody here reads is to be a schema all the same: somebody else does.
        if let Err(problem) = cover.alone(&emitter.event.schema)? {
            findings.push(no_schema(id, Party::from(emitter), &problem));
        }
    }
    Some(())
}

fn no_schema(id: &EventId, party: Party, problem: &str) -> Finding {
    let message = format!("the schema of {id} is none that {} could assert: {problem}", party.place());
    Finding::new("SCHEMA_UNREADABLE", message, STANDS_ALONE).event(id).each(vec![party])
}

fn not_covered(id: &EventId, emitter: &Emitter<'_>, consumer: &Consumer<'_>, gaps: Vec<Gap>) -> Finding {
    let (writer, reader) = (Party::from(emitter), Party::from(consumer));
    let title = emitter.event.title();
    let message = match missing_field(&consumer.event.schema, &emitter.event.schema) {
        Some((verb, field)) => format!("{writer} {verb} `{field}` in {title}; {reader} requires it"),
        None => format!("{writer} may write {title} as {reader} does not read it: {}", gaps_text(&gaps)),
    };
    let fix =
        "let the reader take what the writer may write, or let the writer promise what the reader needs";
    let pair = format!("{} {}", reader.place(), writer.place());
    let faults: Vec<String> = gaps.iter().map(|gap| format!("{pair} {}", gap.name())).collect();
    Finding::new(RULE, message, fix).event(id).naming(vec![reader, writer]).faults(faults).gaps(gaps)
}

/// The first field of an event that its reader requires and its writer does not promise.
fn missing_field<'a>(reader: &'a Value, writer: &Value) -> Option<(&'static str, &'a str)> {
    let field = required(reader).find(|field| !required(writer).any(|other| other == *field))?;
    let verb = if writer["properties"].get(field).is_some() { "may leave out" } else { "does not write" };
    Some((verb, field))
}

/// The fields that a schema requires of an event, by its own words.
pub(crate) fn required(schema: &Value) -> impl Iterator<Item = &str> {
    schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str)
}

fn unreadable(id: &EventId, emitter: &Emitter<'_>, consumer: &Consumer<'_>, problem: &str) -> Finding {
    let message = format!(
        "it cannot be said whether {} reads {id} of {}: {problem}",
        consumer.place(),
        emitter.place()
    );
    let parties = vec![Party::from(emitter), Party::from(consumer)];
    Finding::new("SCHEMA_UNREADABLE", message, STANDS_ALONE).event(id).together(parties)
}

/// What was not compared may not fit: nobody may take it for known.
pub(crate) fn too_many(what: &str) -> Finding {
    let message = format!(
        "{what}: there are more than {MAX_COMPARISONS} pairs of writer and reader, or comparing them takes more than \
         {MAX_WORK} steps"
    );
    Finding::new(RULE, message, "check the choreography in parts that share no events")
}

/// The first few gaps, in one sentence.
pub(crate) fn gaps_text(gaps: &[Gap]) -> String {
    let shown: Vec<&str> = gaps.iter().take(MAX_TOLD).map(|gap| gap.message.as_str()).collect();
    let more = gaps.len() - shown.len();
    if more > 0 { format!("{}; and {more} more", shown.join("; ")) } else { shown.join("; ") }
}
