//! `NOT_COVERED`: what a writer may write, and a reader refuses.

use choreograph_contracts::compat::{self, Document, Options, Proof, covers};
use serde::Serialize;
use serde_json::Value;

use super::finding::{Finding, Party};
use crate::choreography::{Choreography, Consumer, Emitter, EventId, Flow};

/// How many pairs of writer and reader are compared. A choreography with more is told so.
pub const MAX_COMPARISONS: usize = 20_000;

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
    /// JSON Pointer into the reader's schema, if it has a place there.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reader: Option<String>,
    /// JSON Pointer into the writer's schema, if it has a place there.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub writer: Option<String>,
    /// An event that the writer's schema accepts and the reader's refuses.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub witness: Option<Value>,
    /// Whether there is such an event.
    pub proof: Proof,
}

/// A bounded number of comparisons.
#[derive(Debug)]
pub(crate) struct Cover {
    left: usize,
}

impl Cover {
    pub(crate) fn new() -> Self {
        Self { left: MAX_COMPARISONS }
    }

    /// What `writer` may write and `reader` refuses. An error says which schema cannot be compared, and why; `None`
    /// stands for the bound.
    pub(crate) fn gaps(
        &mut self,
        reader: &Consumer<'_>,
        writer: &Emitter<'_>,
    ) -> Option<Result<Vec<Gap>, String>> {
        self.left = self.left.checked_sub(1)?;
        let reader = document(&format!("what {} reads", reader.place()), &reader.event.schema);
        let writer = document(&format!("what {} writes", writer.place()), &writer.event.schema);
        Some(compare(&reader, &writer))
    }

    /// Whether a schema that is compared with no other could be.
    fn alone(&mut self, place: &str, schema: &Value) -> Option<Result<(), String>> {
        self.left = self.left.checked_sub(1)?;
        let document = document(place, schema);
        Some(compare(&document, &document).map(drop))
    }
}

fn document(place: &str, schema: &Value) -> Document {
    Document::from_value(place, schema.clone())
}

fn compare(reader: &Document, writer: &Document) -> Result<Vec<Gap>, String> {
    let verdict = covers(reader, writer, &Options::default()).map_err(|error| error.to_string())?;
    Ok(verdict.findings.into_iter().map(gap).collect())
}

fn gap(finding: compat::Finding) -> Gap {
    Gap {
        rule: finding.rule,
        message: finding.message,
        reader: finding.new.map(|place| place.pointer),
        writer: finding.old.map(|place| place.pointer),
        witness: finding.witness,
        proof: finding.proof,
    }
}

pub(super) fn check(choreography: &Choreography<'_>, findings: &mut Vec<Finding>) {
    let mut cover = Cover::new();
    for (id, flow) in choreography.events() {
        for emitter in &flow.emitters {
            // What upcasters lead on has no schema of its own: tests on recorded events hold it.
            for consumer in flow.consumers.iter().filter(|it| !it.upcasts) {
                match cover.gaps(consumer, emitter) {
                    Some(Ok(gaps)) if gaps.is_empty() => {}
                    Some(Ok(gaps)) => findings.push(not_covered(id, emitter, consumer, gaps)),
                    Some(Err(problem)) => findings.push(unreadable(id, emitter, consumer, &problem)),
                    None => {
                        findings.push(too_many(id, emitter, consumer));
                        return;
                    }
                }
            }
        }
        one_sided(id, flow, &mut cover, findings);
    }
}

/// What nobody here reads or writes is to be a schema all the same: somebody else does.
fn one_sided(id: &EventId, flow: &Flow<'_>, cover: &mut Cover, findings: &mut Vec<Finding>) {
    let mut unreadable = |place: String, party: Party, schema: &Value| {
        if let Some(Err(problem)) = cover.alone(&place, schema) {
            findings.push(Finding {
                rule: "SCHEMA_UNREADABLE",
                message: format!("the schema of {id} is none that {} could assert: {problem}", party.place()),
                event: Some(id.clone()),
                topic: None,
                parties: vec![party],
                gaps: Vec::new(),
                fix: STANDS_ALONE.to_owned(),
            });
        }
    };
    if flow.emitters.is_empty() {
        for consumer in flow.consumers.iter().filter(|it| !it.upcasts) {
            unreadable(
                format!("what {} reads", consumer.place()),
                Party::from(consumer),
                &consumer.event.schema,
            );
        }
    } else if flow.consumers.iter().all(|it| it.upcasts) {
        for emitter in &flow.emitters {
            unreadable(
                format!("what {} writes", emitter.place()),
                Party::from(emitter),
                &emitter.event.schema,
            );
        }
    }
}

fn not_covered(id: &EventId, emitter: &Emitter<'_>, consumer: &Consumer<'_>, gaps: Vec<Gap>) -> Finding {
    let (writer, reader) = (Party::from(emitter), Party::from(consumer));
    let title = emitter.event.title();
    let message = match missing_field(&consumer.event.schema, &emitter.event.schema) {
        Some((verb, field)) => format!("{writer} {verb} `{field}` in {title}; {reader} requires it"),
        None => format!("{writer} may write {title} as {reader} does not read it: {}", gaps_text(&gaps)),
    };
    Finding {
        rule: "NOT_COVERED",
        message,
        event: Some(id.clone()),
        parties: vec![reader, writer],
        gaps,
        topic: None,
        fix: "let the reader take what the writer may write, or let the writer promise what the reader needs"
            .to_owned(),
    }
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
    Finding {
        rule: "SCHEMA_UNREADABLE",
        message: format!(
            "it cannot be said whether {} reads {id} of {}: {problem}",
            consumer.place(),
            emitter.place()
        ),
        event: Some(id.clone()),
        parties: vec![Party::from(emitter), Party::from(consumer)],
        gaps: Vec::new(),
        topic: None,
        fix: STANDS_ALONE.to_owned(),
    }
}

fn too_many(id: &EventId, emitter: &Emitter<'_>, consumer: &Consumer<'_>) -> Finding {
    Finding {
        rule: "NOT_COVERED",
        message: format!(
            "from {id} on nothing was compared: there are more than {MAX_COMPARISONS} pairs of writer and reader"
        ),
        event: Some(id.clone()),
        parties: vec![Party::from(consumer), Party::from(emitter)],
        gaps: Vec::new(),
        topic: None,
        fix: "check the choreography in parts that share no events".to_owned(),
    }
}

/// The first few gaps, in one sentence.
pub(crate) fn gaps_text(gaps: &[Gap]) -> String {
    let shown: Vec<&str> = gaps.iter().take(MAX_TOLD).map(|gap| gap.message.as_str()).collect();
    let more = gaps.len() - shown.len();
    if more > 0 { format!("{}; and {more} more", shown.join("; ")) } else { shown.join("; ") }
}
