//! `KEYS_DIFFER`: order is kept for each key of a topic, so what is to stay in order needs one key.

use std::collections::BTreeMap;

use super::finding::{Finding, Party, listed};
use crate::choreography::{Choreography, Emitter, EventId};
use crate::manifest::{Manifest, Step};

pub(super) fn check(choreography: &Choreography<'_>, findings: &mut Vec<Finding>) {
    for (id, flow) in choreography.events() {
        findings.extend(of_one_event(id, &flow.emitters));
    }
    for (service, step) in choreography.steps() {
        findings.extend(of_one_step(choreography, service, step));
    }
}

/// One event on one topic, with another key depending on who emits it. Between topics there is no order to be lost.
fn of_one_event(id: &EventId, emitters: &[Emitter<'_>]) -> Option<Finding> {
    let mut first_on: BTreeMap<&str, &Emitter<'_>> = BTreeMap::new();
    let (first, other) = emitters.iter().find_map(|emitter| {
        let first = *first_on.entry(&emitter.event.topic).or_insert(emitter);
        (first.event.key != emitter.event.key).then_some((first, emitter))
    })?;
    let (one, two) = (Party::from(first), Party::from(other));
    Some(Finding {
        rule: "KEYS_DIFFER",
        message: format!(
            "{one} writes {id} with {}, and {two} writes it with {}: records that belong together have no order",
            key(first.event.key.as_deref()),
            key(other.event.key.as_deref())
        ),
        event: Some(id.clone()),
        parties: vec![one, two],
        gaps: Vec::new(),
        topic: None,
        fix: "let every emitter of the event use one key".to_owned(),
    })
}

/// Whether they are one fact in two majors, of which `other` is the later: then their keys have one text, whatever the fields are
/// called.
fn is_older_twin((id, one): &(EventId, &Emitter<'_>), (later, two): &(EventId, &Emitter<'_>)) -> bool {
    id.name == later.name
        && id.major < later.major
        && (one.event.majors.contains(&later.major) || two.event.majors.contains(&id.major))
}

/// A step that reads several events of one topic relies on their order.
fn of_one_step(choreography: &Choreography<'_>, service: &Manifest, step: &Step) -> Vec<Finding> {
    let mut by_topic: BTreeMap<&str, Vec<(EventId, &Emitter<'_>)>> = BTreeMap::new();
    for consumed in &step.consumes {
        // What upcasters lead on is read as well.
        for major in std::iter::once(consumed.major).chain(consumed.older_majors()) {
            let id = consumed.in_major(major);
            let emitters = choreography.event(&id).map_or(&[][..], |flow| &flow.emitters);
            if let Some(emitter) = emitters.iter().find(|it| it.event.topic == consumed.topic) {
                by_topic.entry(&consumed.topic).or_default().push((id, emitter));
            }
        }
    }
    let pointer = step_pointer(service, step);
    by_topic
        .into_iter()
        .filter_map(|(topic, events)| {
            let mut facts = events.iter().filter(|it| !events.iter().any(|other| is_older_twin(it, other)));
            let (first, one) = facts.next()?;
            let others: Vec<&(EventId, &Emitter<'_>)> =
                facts.filter(|(_, other)| other.event.key != one.event.key).collect();
            let (other, two) = others.first()?;
            let who = Party::step(service, step, &pointer);
            Some(Finding {
                rule: "KEYS_DIFFER",
                message: format!(
                    "{who} reads {first} and {} of `{topic}` in one group, and so relies on their order; but {first} has {} \
                     and {other} has {}",
                    listed(&others.iter().map(|(id, _)| id).collect::<Vec<_>>()),
                    key(one.event.key.as_deref()),
                    key(two.event.key.as_deref())
                ),
                event: None,
                parties: [who, Party::from(*one)].into_iter().chain(others.iter().map(|(_, it)| Party::from(*it))).collect(),
                gaps: Vec::new(),
                topic: Some(topic.to_owned()),
                fix: "give these events one key; or, if their order does not matter, read them in a step each".to_owned(),
            })
        })
        .collect()
}

fn step_pointer(service: &Manifest, step: &Step) -> String {
    let index = service.steps.iter().position(|other| other.name == step.name).unwrap_or_default();
    format!("/steps/{index}")
}

fn key(key: Option<&str>) -> String {
    key.map_or_else(|| "no key".to_owned(), |key| format!("the key `{key}`"))
}
