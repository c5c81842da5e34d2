//! `EVENT_ON_ANOTHER_TOPIC`, `TOPIC_DIFFERS`: where events lie.

use std::collections::{BTreeMap, BTreeSet};

use super::finding::{Finding, Party, listed, opposite};
use crate::choreography::{Choreography, EventId, Flow};

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
    let emitters: Vec<Party> = flow.emitters.iter().map(Party::from).collect();
    for consumer in &flow.consumers {
        let topic = consumer.event.topic.as_str();
        if written.contains(topic) || consumer.event.external {
            continue;
        }
        let who = Party::from(consumer);
        let to: Vec<&str> = written.iter().copied().collect();
        let verb = if emitters.len() == 1 { "writes" } else { "write" };
        findings.push(Finding {
            rule: "EVENT_ON_ANOTHER_TOPIC",
            message: format!(
                "{who} reads {id} from `{topic}`, and {} {verb} it to `{}`",
                listed(&emitters),
                to.join("`, `")
            ),
            event: Some(id.clone()),
            parties: opposite(who, &emitters),
            gaps: Vec::new(),
            topic: None,
            fix: format!("let both say the same topic: read it from `{}`", to.join("` or `")),
        });
    }
}

/// Emitters that write where nobody reads, although the event is read elsewhere.
fn unwritten(id: &EventId, flow: &Flow<'_>, findings: &mut Vec<Finding>) {
    let read: BTreeSet<&str> = flow.consumers.iter().map(|consumer| consumer.event.topic.as_str()).collect();
    let reached: BTreeSet<&str> = flow
        .emitters
        .iter()
        .filter(|emitter| read.contains(emitter.event.topic.as_str()))
        .map(|emitter| emitter.service.service.as_str())
        .collect();
    // Where nobody is reached at all, the consumers' findings say so, but for those who read what others write.
    let is_told = flow.consumers.iter().any(|consumer| !consumer.event.external);
    if read.is_empty() || (reached.is_empty() && is_told) {
        return;
    }
    let readers: Vec<Party> = flow.consumers.iter().map(Party::from).collect();
    for emitter in flow.emitters.iter().filter(|emitter| !reached.contains(emitter.service.service.as_str()))
    {
        let who = Party::from(emitter);
        let topics: Vec<&str> = read.iter().copied().collect();
        findings.push(Finding {
            rule: "EVENT_ON_ANOTHER_TOPIC",
            message: format!(
                "{who} writes {id} to `{}`, and it is read from `{}` alone",
                emitter.event.topic,
                topics.join("`, `")
            ),
            event: Some(id.clone()),
            parties: opposite(who, &readers),
            gaps: Vec::new(),
            topic: None,
            fix: format!("let both say the same topic: write it to `{}`", topics.join("` or `")),
        });
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
            findings.push(Finding {
                rule: "TOPIC_DIFFERS",
                message: format!(
                    "{first} and {party} describe the topic `{}` differently: {} here, {} there",
                    topic.name,
                    described(settings),
                    described(&topic.settings)
                ),
                event: None,
                parties: vec![first.clone(), party],
                gaps: Vec::new(),
                topic: Some(topic.name.clone()),
                fix: "agree on the settings, and say the same in both manifests".to_owned(),
            });
        }
    }
}

fn described(settings: &BTreeMap<String, String>) -> String {
    if settings.is_empty() {
        return "the broker's defaults".to_owned();
    }
    let each: Vec<String> = settings.iter().map(|(name, value)| format!("`{name}={value}`")).collect();
    listed(&each)
}
