//! `CONSUMED_BUT_NOT_EMITTED` once more: events that come of nothing but each other.

use std::collections::{BTreeMap, BTreeSet};

use super::finding::{Finding, Party, listed};
use crate::choreography::{Choreography, EventId, Flow, Way};

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
            let mut round: Vec<&EventId> = path.get(begin..).unwrap_or_default().to_vec();
            round.reverse();
            findings.push(never_begins(choreography, &round));
        }
    }
}

/// The least set: what comes from outside or from code that no event leads to, and what a step may make of one of the set. What
/// nobody emits at all has a finding of its own: here it counts as begun.
fn begun<'b>(choreography: &'b Choreography<'_>) -> BTreeSet<&'b EventId> {
    let begins = |flow: &Flow<'_>| {
        flow.is_external()
            || flow.emitters.is_empty()
            || flow
                .emitters
                .iter()
                .any(|it| it.way != Way::Emits || it.step.is_none_or(|step| step.consumes.is_empty()))
    };
    let events = choreography.events().iter();
    let mut new: Vec<&EventId> = events.filter(|(_, flow)| begins(flow)).map(|(id, _)| id).collect();
    let mut begun: BTreeSet<&EventId> = new.iter().copied().collect();
    let mut done = BTreeSet::new();
    while let Some(id) = new.pop() {
        let consumers = choreography.event(id).into_iter().flat_map(|flow| &flow.consumers);
        for consumer in consumers.filter(|it| done.insert((&it.service.service, &it.step.name))) {
            for event in &consumer.step.emits {
                let known = choreography.events().get_key_value(&event.id());
                new.extend(known.map(|(id, _)| id).filter(|id| begun.insert(id)));
            }
        }
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

fn never_begins(choreography: &Choreography<'_>, round: &[&EventId]) -> Finding {
    let of = |id: &EventId| choreography.event(id).into_iter().flat_map(|flow| &flow.emitters);
    let mut parties: Vec<Party> = round.iter().flat_map(|id| of(id).map(Party::from)).collect();
    parties.dedup();
    let names: Vec<String> = round.iter().chain(round.first()).map(ToString::to_string).collect();
    Finding {
        rule: "CONSUMED_BUT_NOT_EMITTED",
        message: format!(
            "{}: each is emitted only after the one before, by {}, so that none of them ever begins",
            names.join(" → "),
            listed(&parties)
        ),
        event: round.first().map(|id| (*id).clone()),
        topic: None,
        parties,
        gaps: Vec::new(),
        fix: "add the manifest of whoever emits one of them first; or, if it comes from outside, mark it `external`".to_owned(),
    }
}
