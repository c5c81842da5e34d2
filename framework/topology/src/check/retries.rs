//! `RETRY_TOPIC_SHARED`: what is tried again reaches one step alone.

use std::collections::{BTreeMap, BTreeSet};

use super::finding::{Finding, Party, listed};
use crate::choreography::Choreography;

pub(super) fn check(choreography: &Choreography<'_>, findings: &mut Vec<Finding>) {
    let mut owners: BTreeMap<&str, Vec<Party>> = BTreeMap::new();
    for service in choreography.services() {
        for (index, step) in service.steps.iter().enumerate() {
            if let Some(topic) = &step.retry_topic {
                let party = Party::step(service, step, &format!("/steps/{index}/retry_topic"));
                owners.entry(topic).or_default().push(party);
            }
        }
    }
    let mut others: BTreeMap<&str, BTreeSet<Party>> = BTreeMap::new();
    for flow in choreography.events().values() {
        let readers = flow.consumers.iter().map(|it| (it.event.topic.as_str(), Party::from(it)));
        let writers = flow.emitters.iter().map(|it| (it.event.topic.as_str(), Party::from(it)));
        for (topic, party) in readers.chain(writers).filter(|(topic, _)| owners.contains_key(topic)) {
            others.entry(topic).or_default().insert(party);
        }
    }
    let fix =
        "give each step a retry topic of its own, `<service>.<step>.retry`, that nobody else reads or writes";
    for (topic, steps) in owners {
        let others: Vec<Party> = others.remove(topic).into_iter().flatten().collect();
        let who = listed(&steps);
        let message = match (steps.len(), others.len()) {
            (1, 0) => continue,
            (_, 0) => format!(
                "{who} have one retry topic, `{topic}`: what is replayed to one of them reaches the others"
            ),
            (1, _) => format!(
                "the retry topic of {who} is `{topic}`, which is a topic of events of {}",
                listed(&others)
            ),
            _ => {
                format!("the retry topic of {who} is `{topic}`, a topic of events of {} too", listed(&others))
            }
        };
        findings.push(
            Finding::new("RETRY_TOPIC_SHARED", message, fix).topic(topic).each(steps).opposite(&others),
        );
    }
}
