//! `EVENT_ON_ANOTHER_TOPIC`, `TOPIC_DIFFERS`: where events lie.

use std::collections::{BTreeMap, BTreeSet};

use super::finding::{Finding, Party, listed, quoted};
use crate::choreography::{Choreography, Emitter, EventId, Flow};

const RULE: &str = "EVENT_ON_ANOTHER_TOPIC";

pub(super) fn check(choreography: &Choreography<'_>, findings: &mut Vec<Finding>) {
    for (id, flow) in choreography.events() {
        unread(id, flow, findings);
        unwritten(id, flow, findings);
    }
    settings(choreography, findings);
}

/// Consumers that read where nobody writes.
fn unread(id: &EventId, flow: &Flow<'_>, findings: &mut Vec<Finding>) {
    let written: BTreeSet<&str> = flow.emitters.iter().map(|emitter| emitter.event.topic.as_str()).collect();
    if written.is_empty() {
        return;
    }
    let outside = flow.external_topics();
    let emitters: Vec<Party> = flow.emitters.iter().map(Party::from).collect();
    let to: Vec<&str> = written.iter().copied().collect();
    for consumer in &flow.consumers {
        let topic = consumer.event.topic.as_str();
        if written.contains(topic) || outside.contains(topic) {
            continue;
        }
        let who = Party::from(consumer);
        let verb = if emitters.len() == 1 { "writes" } else { "write" };
        let message = format!(
            "{who} reads {id} from `{topic}`, and {} {verb} it to {}",
            listed(&emitters),
            quoted(&to, ", ")
        );
        let fix = format!("let both say the same topic: read it from {}", quoted(&to, " or "));
        findings.push(Finding::new(RULE, message, fix).event(id).who(who, &emitters));
    }
}

/// Emitters that write where nobody reads, although the event is read elsewhere. Code that also writes it where it is read is
/// moving it from one topic to the other.
fn unwritten(id: &EventId, flow: &Flow<'_>, findings: &mut Vec<Finding>) {
    let read: BTreeSet<&str> = flow.consumers.iter().map(|consumer| consumer.event.topic.as_str()).collect();
    let reached: BTreeSet<_> = flow
        .emitters
        .iter()
        .filter(|emitter| read.contains(emitter.event.topic.as_str()))
        .map(Emitter::code)
        .collect();
    // Where nobody is reached at all, the consumers' findings say so, but for those who read what others write.
    let is_told = flow.consumers.iter().any(|consumer| !consumer.event.external);
    if read.is_empty() || (reached.is_empty() && is_told) {
        return;
    }
    let readers: Vec<Party> = flow.consumers.iter().map(Party::from).collect();
    let topics: Vec<&str> = read.iter().copied().collect();
    for emitter in flow.emitters.iter().filter(|emitter| !reached.contains(&emitter.code())) {
        let who = Party::from(emitter);
        let message = format!(
            "{who} writes {id} to `{}`, and it is read from {} alone",
            emitter.event.topic,
            quoted(&topics, ", ")
        );
        let fix = format!("let both say the same topic: write it to {}", quoted(&topics, " or "));
        findings.push(Finding::new(RULE, message, fix).event(id).who(who, &readers));
    }
}

/// Topics that manifests describe differently.
fn settings(choreography: &Choreography<'_>, findings: &mut Vec<Finding>) {
    let mut known = BTreeMap::new();
    for service in choreography.services() {
        for (index, topic) in service.topics.iter().enumerate() {
            let party = Party::service(service, &format!("/topics/{index}"));
            let Some((first, settings)) = known.get(topic.name.as_str()) else {
                known.insert(topic.name.as_str(), (party, &topic.settings));
                continue;
            };
            if *settings == &topic.settings {
                continue;
            }
            let message = format!(
                "{first} and {party} describe the topic `{}` differently: {} here, {} there",
                topic.name,
                described(settings),
                described(&topic.settings)
            );
            let fix = "agree on the settings, and say the same in both manifests";
            let faults = disagreements((first, settings), (&party, &topic.settings));
            let finding = Finding::new("TOPIC_DIFFERS", message, fix).topic(&topic.name);
            findings.push(finding.naming(vec![first.clone(), party]).faults(faults));
        }
    }
}

/// A side of a disagreement, and what it says.
type Said<'a> = (&'a Party, &'a BTreeMap<String, String>);

/// What each side says of the settings about which they differ.
fn disagreements(one: Said<'_>, two: Said<'_>) -> Vec<String> {
    let names: BTreeSet<&String> = one.1.keys().chain(two.1.keys()).collect();
    let differ = names.into_iter().filter(|name| one.1.get(*name) != two.1.get(*name));
    let said = |(party, settings): Said<'_>, name: &String| {
        format!("{} {name} {:?}", party.place(), settings.get(name))
    };
    differ.flat_map(|name| [said(one, name), said(two, name)]).collect()
}

fn described(settings: &BTreeMap<String, String>) -> String {
    if settings.is_empty() {
        return "the broker's defaults".to_owned();
    }
    let each: Vec<String> = settings.iter().map(|(name, value)| format!("`{name}={value}`")).collect();
    listed(&each)
}
