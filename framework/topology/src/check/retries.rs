//! `RETRY_TOPIC_SHARED`, `DEAD_LETTER_TOPIC_SHARED`: what is tried again reaches one step alone, and what was given up lies apart
//! from everything else.

use std::collections::{BTreeMap, BTreeSet};

use super::finding::{Finding, Party, listed};
use crate::choreography::Choreography;

/// What a topic is to whom.
#[derive(Default)]
struct Uses<'a> {
    /// Steps that try again what lies there.
    retries: Vec<Party>,
    /// Steps that put their dead letters there.
    letters: Vec<Party>,
    /// The groups of those.
    groups: BTreeSet<&'a str>,
    /// Who reads events there, or writes them.
    events: BTreeSet<Party>,
}

pub(super) fn check(choreography: &Choreography<'_>, findings: &mut Vec<Finding>) {
    let mut topics: BTreeMap<&str, Uses<'_>> = BTreeMap::new();
    for service in choreography.services() {
        for (index, step) in service.steps.iter().enumerate() {
            if let Some(topic) = &step.retry_topic {
                let party = Party::step(service, step, &format!("/steps/{index}/retry_topic"));
                topics.entry(topic).or_default().retries.push(party);
            }
            if let Some(topic) = &step.dead_letter_topic {
                let party = Party::step(service, step, &format!("/steps/{index}/dead_letter_topic"));
                let uses = topics.entry(topic).or_default();
                // What one group gives up is one heap: that two steps have one group is a finding of its own.
                if uses.groups.insert(&step.group) {
                    uses.letters.push(party);
                }
            }
        }
    }
    for flow in choreography.events().values() {
        let readers = flow.consumers.iter().map(|it| (it.event.topic.as_str(), Party::from(it)));
        let writers = flow.emitters.iter().map(|it| (it.event.topic.as_str(), Party::from(it)));
        for (topic, party) in readers.chain(writers) {
            topics.entry(topic).and_modify(|uses| _ = uses.events.insert(party));
        }
    }
    for (topic, mut uses) in topics {
        // Two versions of a service have one step.
        once(&mut uses.retries);
        findings.extend(if uses.retries.is_empty() { letters(topic, uses) } else { retries(topic, uses) });
    }
}

fn once(parties: &mut Vec<Party>) {
    let mut seen = BTreeSet::new();
    parties.retain(|party| seen.insert((party.service.clone(), party.step.clone())));
}

fn retries(topic: &str, uses: Uses<'_>) -> Option<Finding> {
    let Uses { retries, letters, events, .. } = uses;
    let events: Vec<Party> = events.into_iter().collect();
    let mut others = Vec::new();
    if !letters.is_empty() {
        others.push(format!("the dead-letter topic of {}", listed(&letters)));
    }
    if !events.is_empty() {
        others.push(format!("a topic of events of {}", listed(&events)));
    }
    let (who, others) = (listed(&retries), others.join(", and "));
    let message = match (retries.len(), others.as_str()) {
        (1, "") => return None,
        (_, "") => {
            format!(
                "{who} have one retry topic, `{topic}`: what is replayed to one of them reaches the others"
            )
        }
        (1, _) => format!("the retry topic of {who} is `{topic}`, which is {others}"),
        _ => format!("the retry topic of {who} is `{topic}`, {others} too"),
    };
    let fix =
        "give each step a retry topic of its own, `<service>.<step>.retry`, that nobody else reads or writes";
    let faults = named(&retries, "retries").chain(named(&letters, "letters")).chain(named(&events, "events"));
    let finding = Finding::new("RETRY_TOPIC_SHARED", message, fix).topic(topic).faults(faults);
    Some(finding.naming(retries).opposite(&letters).opposite(&events))
}

fn letters(topic: &str, uses: Uses<'_>) -> Option<Finding> {
    let Uses { letters, events, .. } = uses;
    let events: Vec<Party> = events.into_iter().collect();
    let who = listed(&letters);
    let message = match (letters.len(), events.len()) {
        (1, 0) => return None,
        (_, 0) => format!(
            "{who} have one dead-letter topic, `{topic}`: nobody sees from a letter whose it is, and to clear those of one step \
             takes those of the others"
        ),
        _ => format!(
            "the dead-letter topic of {who} is `{topic}`, which is a topic of events of {}: what was given up is read as an event",
            listed(&events)
        ),
    };
    let fix = "give each step a dead-letter topic of its own, `<service>.<step>.dlq`, that nobody reads as a topic of events";
    let faults = named(&letters, "letters").chain(named(&events, "events"));
    let finding = Finding::new("DEAD_LETTER_TOPIC_SHARED", message, fix).topic(topic).faults(faults);
    Some(finding.naming(letters).opposite(&events))
}

/// A fault for each party: somebody more is one more, whoever was there.
fn named<'a>(parties: &'a [Party], what: &'a str) -> impl Iterator<Item = String> + 'a {
    parties.iter().map(move |party| format!("{what} of {}", party.place()))
}
