//! `NEVER_ENDS`, `CYCLE_WITHOUT_EXIT`: where a workflow can come to.
//!
//! An event leads to an end if it is terminal, or if one of its consumers may emit an event that does. A step with
//! such an outcome is on a workflow's path, and each of its alternatives must have one too; a step without is
//! beside the path (it sends a mail), and owes none. An outcome without events is no branch: a step that waits for
//! a second event, or ignores a repetition, has one. Nor are the elements of a list branches, which may stand beside
//! each other.

use std::collections::BTreeSet;

use super::finding::{Finding, Party, listed, round};
use crate::choreography::{Choreography, EventId, Flow, Reach};
use crate::manifest::{Manifest, Shape, Step};

pub(super) fn check(choreography: &Choreography<'_>, findings: &mut Vec<Finding>) {
    let reach = Reach::of(choreography);
    for (id, flow) in choreography.events() {
        if !reach.ends(id) {
            findings.extend(start(id, flow).or_else(|| stranger(id, flow, &reach)));
        }
    }
    for (service, step) in choreography.steps() {
        let shape = step.shape();
        if !reach.may_end(&shape) {
            continue;
        }
        let mut dead = Vec::new();
        dead_branches(&shape, false, &reach, &mut dead);
        findings.extend(dead.into_iter().map(|events| branch(service, step, &events)));
    }
    findings.extend(cycles(choreography, &reach));
}

/// An event that starts a workflow which can never end.
fn start(id: &EventId, flow: &Flow<'_>) -> Option<Finding> {
    let starters: Vec<_> = flow.emitters.iter().filter(|it| it.event.starts_workflow.is_some()).collect();
    let workflow = starters.first()?.event.starts_workflow.as_deref()?;
    let parties: Vec<Party> = starters.into_iter().map(Party::from).collect();
    let verb = if parties.len() == 1 { "starts" } else { "start" };
    let message = format!(
        "{} {verb} the workflow `{workflow}` with {id}, and no terminal event can come of it",
        listed(&parties)
    );
    let fix = "mark the event after which the workflow owes nothing `terminal`";
    Some(Finding::new("NEVER_ENDS", message, fix).event(id).each(parties))
}

/// An event from somebody without a manifest, of which more comes, and never an end: its records start workflows where they carry
/// none. Whoever reads it and emits nothing is beside every path, and what leaves the choreography may end elsewhere.
fn stranger(id: &EventId, flow: &Flow<'_>, reach: &Reach) -> Option<Finding> {
    if !flow.emitters.is_empty() || !flow.is_external() || reach.leaves(id) {
        return None;
    }
    let going = flow.consumers.iter().filter(|it| !it.step.shape().events().is_empty());
    let parties: Vec<Party> = going.map(Party::from).collect();
    let goes = match parties.as_slice() {
        [] => return None,
        [one] => format!("{one} goes"),
        more => format!("{} go", listed(more)),
    };
    let message =
        format!("{id} comes from outside, {goes} on from there, and no terminal event can come of it");
    let fix = "mark the event after which the workflow owes nothing `terminal`; or, if it belongs to a workflow that began \
               elsewhere, write a manifest of whoever emits it, without `starts_workflow`";
    Some(Finding::new("NEVER_ENDS", message, fix).event(id).each(parties))
}

/// Alternatives that cannot end, where nothing emitted beside them does. `beside` says whether something may.
fn dead_branches<'a>(shape: &'a Shape, beside: bool, reach: &Reach, dead: &mut Vec<BTreeSet<&'a EventId>>) {
    match shape {
        Shape::Nothing | Shape::One(_) | Shape::Many(_) => {}
        Shape::Optional(inner) => dead_branches(inner, beside, reach, dead),
        Shape::All(parts) => {
            let ending = parts.iter().filter(|part| reach.may_end_always(part)).count();
            for part in parts {
                let others = ending - usize::from(reach.may_end_always(part));
                dead_branches(part, beside || others > 0, reach, dead);
            }
        }
        Shape::OneOf(branches) => {
            for branch in branches {
                if reach.may_end(branch) || beside {
                    dead_branches(branch, beside, reach, dead);
                } else if !branch.events().is_empty() {
                    dead.push(branch.events());
                }
            }
        }
    }
}

fn branch(service: &Manifest, step: &Step, events: &BTreeSet<&EventId>) -> Finding {
    let index = service.steps.iter().position(|other| other.name == step.name).unwrap_or_default();
    let who = Party::step(service, step, &format!("/steps/{index}/emits_shape"));
    let names: Vec<&EventId> = events.iter().copied().collect();
    let message = format!(
        "{who} may answer with {} alone, and no terminal event can come of that branch",
        listed(&names)
    );
    let fix = "let the branch lead to a terminal event: mark its last fact `terminal`, or emit one after it";
    // A step may have two dead branches that begin with one event.
    let beside: Vec<String> = names.iter().skip(1).map(ToString::to_string).collect();
    let beside = beside.join(" ");
    let finding = Finding::new("NEVER_ENDS", message, fix);
    let finding = names.iter().take(1).fold(finding, |finding, id| finding.event(id));
    let fault = format!("branch {} {beside}", who.place());
    finding.naming(vec![who]).faults([fault]).detail(beside)
}

/// Each cycle once. Every endless event has one chosen successor, so that walking on from each finds them all.
fn cycles(choreography: &Choreography<'_>, reach: &Reach) -> Vec<Finding> {
    let mut seen = BTreeSet::new();
    let mut findings = Vec::new();
    for from in reach.endless().keys() {
        let mut path: Vec<EventId> = Vec::new();
        let mut at = from;
        while seen.insert(at) {
            path.push(at.clone());
            // What comes after an endless event is one.
            let Some(next) = reach.endless().get(at) else { break };
            at = next;
        }
        if let Some(begin) = path.iter().position(|event| event == at) {
            findings.push(cycle(choreography, path.get(begin..).unwrap_or_default()));
        }
    }
    findings
}

fn cycle(choreography: &Choreography<'_>, events: &[EventId]) -> Finding {
    let mut parties = Vec::new();
    for (index, id) in events.iter().enumerate() {
        let next = events.get(index + 1).or(events.first());
        let consumers = choreography.event(id).into_iter().flat_map(|flow| &flow.consumers);
        let through =
            consumers.filter(|it| next.is_some_and(|next| it.step.emits.iter().any(|e| e.id() == *next)));
        parties.extend(through.map(Party::from));
    }
    let events: Vec<&EventId> = events.iter().collect();
    let message = format!(
        "{}: whatever {} decide{}, there is always one more event",
        round(&events),
        listed(&parties),
        if parties.len() == 1 { "s" } else { "" }
    );
    let fix = "give one of these steps an outcome that leaves the cycle: an alternative that ends the workflow, or none";
    let names: Vec<String> = events.iter().map(ToString::to_string).collect();
    let finding = Finding::new("CYCLE_WITHOUT_EXIT", message, fix);
    let finding = events.iter().take(1).fold(finding, |finding, id| finding.event(id));
    finding.naming(parties).faults([names.join(" ")])
}
