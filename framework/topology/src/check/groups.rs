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
    let first_of_each: Vec<_> = members.iter().filter(|(_, it)| steps.insert(it.place())).collect();
    if first_of_each.len() < 2 {
        return None;
    }
    let parties: Vec<Party> = first_of_each.iter().map(|(_, it)| Party::from(*it)).collect();
    let who = listed(&parties);
    let event = common(members);
    let message = match event {
        Some(id) => {
            format!("{who} consume {id} in one group, `{group}`: each record reaches only one of them")
        }
        None => format!(
            "{who} read the topic `{topic}` in one group, `{group}`: each record reaches only one of them, and is lost where \
             that one does not consume it"
        ),
    };
    Some(Finding {
        rule: "GROUP_SHARED",
        message,
        event: event.cloned(),
        parties,
        gaps: Vec::new(),
        topic: event.is_none().then(|| topic.to_owned()),
        fix: "give each step a group of its own".to_owned(),
    })
}

/// The event that all of them consume, if there is one.
fn common<'a>(members: &[Member<'a>]) -> Option<&'a EventId> {
    let steps: BTreeSet<String> = members.iter().map(|(_, it)| it.place()).collect();
    let mut readers: BTreeMap<&EventId, BTreeSet<String>> = BTreeMap::new();
    for (id, consumer) in members {
        readers.entry(id).or_default().insert(consumer.place());
    }
    readers.into_iter().find(|(_, of_event)| *of_event == steps).map(|(id, _)| id)
}
