//! `KEYS_DIFFER`: order is kept for each key of a topic, so what is to stay in order needs one key.

use std::collections::{BTreeMap, BTreeSet};

use super::finding::{Finding, MAX_PARTIES, Party, listed};
use crate::choreography::{Choreography, Emitter, EventId};
use crate::manifest::{Manifest, Step};

const RULE: &str = "KEYS_DIFFER";

pub(super) fn check(choreography: &Choreography<'_>, findings: &mut Vec<Finding>) {
    for (id, flow) in choreography.events() {
        findings.extend(of_one_event(id, &flow.emitters));
    }
    for (service, step) in choreography.steps() {
        findings.extend(of_one_step(choreography, service, step));
    }
}

/// What is read in order and with which key, each by name.
type Keyed<'a> = (String, Option<&'a str>);

/// For each of them the other keys that it meets: somebody with a third key is at fault anew, and somebody who takes over
/// another's key is not.
fn faults(all: &[Keyed<'_>]) -> Vec<String> {
    let keys: BTreeSet<Option<&str>> = all.iter().map(|(_, key)| *key).collect();
    let mut faults = Vec::new();
    for (name, own) in all {
        let others = keys.iter().filter(|other| *other != own || own.is_none());
        faults.extend(others.take(MAX_PARTIES).map(|other| format!("{name} meets {}", key(*other))));
    }
    faults
}

/// One event on one topic, with another key depending on who emits it. Between topics there is no order to be lost.
fn of_one_event(id: &EventId, emitters: &[Emitter<'_>]) -> Vec<Finding> {
    let mut by_topic: BTreeMap<&str, Vec<&Emitter<'_>>> = BTreeMap::new();
    for emitter in emitters {
        by_topic.entry(&emitter.event.topic).or_default().push(emitter);
    }
    let differ = |(topic, emitters): (&str, Vec<&Emitter<'_>>)| {
        let (first, rest) = emitters.split_first()?;
        let other = rest.iter().find(|it| it.event.key != first.event.key)?;
        let all: Vec<Keyed<'_>> =
            emitters.iter().map(|it| (format!("{topic} {}", it.place()), it.event.key.as_deref())).collect();
        let (one, two) = (Party::from(*first), Party::from(*other));
        let keys: BTreeSet<_> = all.iter().map(|(_, key)| key).collect();
        let more = match keys.len() - 2 {
            0 => String::new(),
            more => format!(" ({more} more key{} beside)", if more == 1 { "" } else { "s" }),
        };
        let message = format!(
            "{one} writes {id} with {}, and {two} writes it with {}{more}: records that belong together have no order",
            key(first.event.key.as_deref()),
            key(other.event.key.as_deref())
        );
        let fix = "let every emitter of the event use one key";
        // The others that differ from the first.
        let others = emitters.iter().filter(|it| it.event.key != first.event.key);
        let parties = std::iter::once(one).chain(others.map(|it| Party::from(*it))).collect();
        Some(Finding::new(RULE, message, fix).event(id).naming(parties).faults(faults(&all)))
    };
    by_topic.into_iter().filter_map(differ).collect()
}

/// The events that are one fact with a later major beside them: then their keys have one text, whatever the fields are called.
fn older_twins(events: &[(EventId, &Emitter<'_>)]) -> BTreeSet<EventId> {
    let known: BTreeSet<&EventId> = events.iter().map(|(id, _)| id).collect();
    let twins = events.iter().flat_map(|(id, emitter)| {
        emitter.event.majors.iter().map(move |major| (id, EventId { major: *major, ..id.clone() }))
    });
    let twins = twins.filter(|(id, twin)| *id != twin && known.contains(twin));
    twins.map(|(id, twin)| if twin < *id { twin } else { id.clone() }).collect()
}

/// A step that reads several events of one topic relies on their order. Records without a key have none.
fn of_one_step(choreography: &Choreography<'_>, service: &Manifest, step: &Step) -> Vec<Finding> {
    let mut by_topic: BTreeMap<&str, Vec<(EventId, &Emitter<'_>)>> = BTreeMap::new();
    let mut seen = BTreeSet::new();
    for consumed in &step.consumes {
        // What upcasters lead on is read as well.
        for major in std::iter::once(consumed.major).chain(consumed.older_majors()) {
            let id = consumed.in_major(major);
            let emitters = choreography.event(&id).map_or(&[][..], |flow| &flow.emitters);
            if let Some(emitter) = emitters.iter().find(|it| it.event.topic == consumed.topic)
                && seen.insert((&consumed.topic, id.clone()))
            {
                by_topic.entry(&consumed.topic).or_default().push((id, emitter));
            }
        }
    }
    let differ = |(topic, events): (&str, Vec<(EventId, &Emitter<'_>)>)| {
        let older = older_twins(&events);
        let facts = events.iter().filter(|(id, _)| !older.contains(id));
        let facts: Vec<&(EventId, &Emitter<'_>)> = facts.collect();
        let (first, one) = facts.first()?;
        let own = one.event.key.as_deref();
        let others: Vec<&(EventId, &Emitter<'_>)> = facts
            .iter()
            .skip(1)
            .copied()
            .filter(|(_, other)| own.is_none() || other.event.key.as_deref() != own)
            .collect();
        let (other, two) = others.first()?;
        let who = Party::step(service, step, &step_pointer(service, step));
        let message = format!(
            "{who} reads {first} and {} of `{topic}` in one group, and so relies on their order; but {first} has {} and \
             {other} has {}",
            listed(&others.iter().map(|(id, _)| id).collect::<Vec<_>>()),
            key(own),
            key(two.event.key.as_deref())
        );
        let fix = "give these events one key; or, if their order does not matter, read them in a step each";
        let place = who.place();
        let all: Vec<Keyed<'_>> =
            facts.iter().map(|(id, it)| (format!("{place} {id}"), it.event.key.as_deref())).collect();
        let opposite = std::iter::once(*one).chain(others.iter().map(|(_, it)| *it));
        let parties = std::iter::once(who).chain(opposite.map(Party::from)).collect();
        Some(Finding::new(RULE, message, fix).topic(topic).naming(parties).faults(faults(&all)))
    };
    by_topic.into_iter().filter_map(differ).collect()
}

fn step_pointer(service: &Manifest, step: &Step) -> String {
    let index = service.steps.iter().position(|other| other.name == step.name).unwrap_or_default();
    format!("/steps/{index}")
}

fn key(key: Option<&str>) -> String {
    key.map_or_else(|| "no key".to_owned(), |key| format!("the key `{key}`"))
}
