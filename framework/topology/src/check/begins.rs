//! `CONSUMED_BUT_NOT_EMITTED` once more: events that come of nothing but each other.

use std::collections::{BTreeMap, BTreeSet};

use super::finding::{Finding, Party, listed, round};
use crate::choreography::{Choreography, Consumer, EventId, Flow, Way};

pub(super) fn check(choreography: &Choreography<'_>, findings: &mut Vec<Finding>) {
    let begun = begun(choreography);
    let before: BTreeMap<&EventId, &EventId> = before(choreography, &begun);
    let mut seen = BTreeSet::new();
    for from in before.keys().copied() {
        let mut path: Vec<&EventId> = Vec::new();
        let mut at = from;
        while seen.insert(at) {
            path.push(at);
            let Some(earlier) = before.get(at) else { break };
            at = earlier;
        }
        if let Some(begin) = path.iter().position(|event| *event == at) {
            let mut events: Vec<&EventId> = path.get(begin..).unwrap_or_default().to_vec();
            events.reverse();
            findings.push(never_begins(choreography, &events));
        }
    }
}

/// The least set: what code writes that no event leads to, and what a step may make of one of the set or of what comes from
/// outside. What nobody emits at all has a finding of its own: here it counts as begun.
fn begun<'b, 'a>(choreography: &'b Choreography<'a>) -> BTreeSet<&'b EventId> {
    let begins = |flow: &Flow<'_>| {
        flow.emitters.is_empty()
            || flow.emitters.iter().any(|it| {
                let of_nothing = it.step.is_none_or(|step| step.consumes.is_empty());
                it.event.external || it.way != Way::Emits || of_nothing
            })
    };
    let events = choreography.events().iter();
    let mut new: Vec<&EventId> = events.filter(|(_, flow)| begins(flow)).map(|(id, _)| id).collect();
    let mut begun: BTreeSet<&EventId> = new.iter().copied().collect();
    let mut done = BTreeSet::new();
    let mut makes = |consumer: &Consumer<'a>, new: &mut Vec<&'b EventId>| {
        if done.insert(std::ptr::from_ref(consumer.step)) {
            let known =
                consumer.step.emits.iter().filter_map(|it| choreography.events().get_key_value(&it.id()));
            new.extend(known.map(|(id, _)| id).filter(|id| begun.insert(id)));
        }
    };
    for flow in choreography.events().values() {
        let outside = flow.external_topics();
        let fed = flow.consumers.iter().filter(|it| outside.contains(it.event.topic.as_str()));
        fed.for_each(|consumer| makes(consumer, &mut new));
    }
    while let Some(id) = new.pop() {
        let consumers = choreography.event(id).into_iter().flat_map(|flow| &flow.consumers);
        consumers.for_each(|consumer| makes(consumer, &mut new));
    }
    begun
}

/// For each event that has not begun one that leads to it, which has not begun either.
fn before<'b>(
    choreography: &'b Choreography<'_>,
    begun: &BTreeSet<&'b EventId>,
) -> BTreeMap<&'b EventId, &'b EventId> {
    let mut before = BTreeMap::new();
    for (id, flow) in choreography.events().iter().filter(|(id, _)| !begun.contains(id)) {
        for consumer in &flow.consumers {
            for event in &consumer.step.emits {
                if let Some((next, _)) = choreography.events().get_key_value(&event.id())
                    && !begun.contains(next)
                {
                    before.entry(next).or_insert(id);
                }
            }
        }
    }
    before
}

fn never_begins(choreography: &Choreography<'_>, events: &[&EventId]) -> Finding {
    let of = |id: &EventId| choreography.event(id).into_iter().flat_map(|flow| &flow.emitters);
    let mut parties: Vec<Party> = events.iter().flat_map(|id| of(id).map(Party::from)).collect();
    parties.dedup();
    let message = format!(
        "{}: each is emitted only after the one before, by {}, so that none of them ever begins",
        round(events),
        listed(&parties)
    );
    let fix = "add the manifest of whoever emits one of them first; or, if it comes from outside, mark it `external`";
    let names: Vec<String> = events.iter().map(ToString::to_string).collect();
    let finding = Finding::new("CONSUMED_BUT_NOT_EMITTED", message, fix).each(parties);
    events.iter().take(1).fold(finding, |finding, id| finding.event(id)).faults([names.join(" ")])
}
