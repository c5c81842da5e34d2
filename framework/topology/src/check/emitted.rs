//! `CONSUMED_BUT_NOT_EMITTED`, `MAJOR_NOT_EMITTED`, `EMITTED_BUT_NOT_CONSUMED`: events with one side only.

use super::finding::{Finding, Party, listed};
use super::upcasts;
use crate::choreography::{Choreography, EventId, Flow};

pub(super) fn check(choreography: &Choreography<'_>, findings: &mut Vec<Finding>) {
    for (id, flow) in choreography.events() {
        if flow.emitters.is_empty() {
            findings.extend(not_emitted(choreography, id, flow));
        }
        if flow.consumers.is_empty() {
            findings.extend(not_consumed(choreography, id, flow));
        }
    }
}

fn not_emitted(choreography: &Choreography<'_>, id: &EventId, flow: &Flow<'_>) -> Option<Finding> {
    let outside = flow.external_topics();
    let hungry = flow.consumers.iter().filter(|it| {
        // One that reads this major through upcasters reads a later one itself.
        !it.upcasts
            && !outside.contains(it.event.topic.as_str())
            && !upcasts::feed(choreography, it.event)
            && !upcasts::stop(choreography, it.event)
    });
    let parties: Vec<Party> = hungry.map(Party::from).collect();
    if parties.is_empty() {
        return None;
    }
    let who = listed(&parties);
    let verb = if parties.len() == 1 { "consumes" } else { "consume" };
    let (mut majors, mut emitters) = (Vec::new(), Vec::new());
    for (other, flow) in choreography.other_majors(id).filter(|(_, flow)| !flow.emitters.is_empty()) {
        majors.push(other.major);
        emitters.extend(flow.emitters.iter().map(Party::from));
    }
    if majors.is_empty() {
        let message = format!("{who} {verb} {id}, which nobody emits");
        let fix = "add the emitter's manifest; or correct the event's name; or, if it comes from a system without a \
                   manifest, mark the view `external`";
        return Some(Finding::new("CONSUMED_BUT_NOT_EMITTED", message, fix).event(id).each(parties));
    }
    let message = format!(
        "{who} {verb} {} in major {}, and it is written in major {} alone, by {}",
        id.name,
        id.major,
        listed(&majors),
        listed(&emitters)
    );
    let fix = format!(
        "let the emitter write major {} beside the other until its readers have moved, or read the major that is \
         written, or add upcasters that lead from there",
        id.major
    );
    Some(Finding::new("MAJOR_NOT_EMITTED", message, fix).event(id).each(parties).opposite(&emitters))
}

fn not_consumed(choreography: &Choreography<'_>, id: &EventId, flow: &Flow<'_>) -> Option<Finding> {
    // Each says for itself whether it owes a reader.
    let owing = flow.emitters.iter().filter(|emitter| {
        !emitter.event.terminal && !emitter.event.outbound && !choreography.has_twin(id, emitter)
    });
    let parties: Vec<Party> = owing.map(Party::from).collect();
    if parties.is_empty() {
        return None;
    }
    let verb = if parties.len() == 1 { "emits" } else { "emit" };
    let other: Vec<u32> = choreography
        .other_majors(id)
        .filter(|(_, flow)| !flow.consumers.is_empty())
        .map(|(other, _)| other.major)
        .collect();
    let but = match other.as_slice() {
        [] => String::new(),
        majors => format!(" in this major; major {} is consumed", listed(majors)),
    };
    let message = format!("{} {verb} {id}, which nobody consumes{but}", listed(&parties));
    let fix = "add the consumer's manifest; or mark the event `terminal` if a workflow owes nothing after it, `outbound` if \
               somebody outside the choreography reads it; or stop emitting it";
    Some(Finding::new("EMITTED_BUT_NOT_CONSUMED", message, fix).event(id).each(parties))
}
