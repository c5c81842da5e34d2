//! `GROUP_SHARED`: a group hands each record of a topic to one of its members.

use std::collections::{BTreeMap, BTreeSet};

use super::finding::{Finding, Party, listed};
use crate::choreography::{Choreography, Consumer, EventId};

/// A step that reads a topic, and which event it reads there.
type Member<'a> = (&'a EventId, &'a Consumer<'a>);

pub(super) fn check(choreography: &Choreography<'_>, findings: &mut Vec<Finding>) {
    let mut members: BTreeMap<(&str, &str), Vec<Member<'_>>> = BTreeMap::new();
    for (id, flow) in choreography.events() {
        for consumer in &flow.consumers {
            let place = (consumer.step.group.as_str(), consumer.event.topic.as_str());
            members.entry(place).or_default().push((id, consumer));
        }
    }
    for ((group, topic), members) in members {
        findings.extend(shared(group, topic, &members));
    }
}

fn shared(group: &str, topic: &str, members: &[Member<'_>]) -> Option<Finding> {
    let mut steps = BTreeSet::new();
    let first_of_each: Vec<_> = members.iter().filter(|(_, it)| steps.insert(it.code())).collect();
    if first_of_each.len() < 2 {
        return None;
    }
    let parties: Vec<Party> = first_of_each.iter().map(|(_, it)| Party::from(*it)).collect();
    let faults: Vec<String> = parties.iter().map(|it| format!("{topic} {group} {}", it.place())).collect();
    let who = listed(&parties);
    let fix = "give each step a group of its own";
    let finding = if let Some(id) = common(members) {
        let message =
            format!("{who} consume {id} in one group, `{group}`: each record reaches only one of them");
        Finding::new("GROUP_SHARED", message, fix).faults(faults).event(id)
    } else {
        let message = format!(
            "{who} read the topic `{topic}` in one group, `{group}`: each record reaches only one of them, and is lost where \
             that one does not consume it"
        );
        Finding::new("GROUP_SHARED", message, fix).faults(faults).topic(topic)
    };
    Some(finding.naming(parties))
}

/// The event that all of them consume, if there is one.
fn common<'a>(members: &[Member<'a>]) -> Option<&'a EventId> {
    let steps: BTreeSet<_> = members.iter().map(|(_, it)| it.code()).collect();
    let mut readers: BTreeMap<&EventId, BTreeSet<_>> = BTreeMap::new();
    for (id, consumer) in members {
        readers.entry(id).or_default().insert(consumer.code());
    }
    readers.into_iter().find(|(_, of_event)| *of_event == steps).map(|(id, _)| id)
}
