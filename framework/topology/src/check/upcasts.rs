//! `UPCASTER_MISSING`: a chain of upcasters that does not lead from what is written to what is read.

use super::finding::{Finding, Party, listed, opposite};
use crate::choreography::{Choreography, Consumer, Emitter};

pub(super) fn check(choreography: &Choreography<'_>, findings: &mut Vec<Finding>) {
    for flow in choreography.events().values() {
        for consumer in flow.consumers.iter().filter(|it| !it.upcasts && !it.event.upcasts.is_empty()) {
            if let Some(major) = consumer.event.missing_link() {
                findings.push(gap(consumer, major));
            } else if flow.emitters.is_empty()
                && !feed(choreography, consumer)
                && let Some(major) = written_below(choreography, consumer)
            {
                findings.push(begins_late(choreography, consumer, major));
            }
        }
    }
}

/// Whether somebody writes a major that upcasters lead to the one that is read.
pub(super) fn feed(choreography: &Choreography<'_>, consumer: &Consumer<'_>) -> bool {
    let event = consumer.event;
    event.older_majors().any(|major| emitters(choreography, consumer, major).next().is_some())
}

/// Whether its upcasters do not lead on from what is written: that has a finding of its own.
pub(super) fn stop(choreography: &Choreography<'_>, consumer: &Consumer<'_>) -> bool {
    !consumer.event.upcasts.is_empty()
        && (consumer.event.missing_link().is_some() || written_below(choreography, consumer).is_some())
}

/// The highest major below its upcasters that somebody writes.
fn written_below(choreography: &Choreography<'_>, consumer: &Consumer<'_>) -> Option<u32> {
    let lowest = consumer.event.older_majors().last()?;
    let id = consumer.event.id();
    let below = choreography.other_majors(&id).filter(|(other, _)| other.major < lowest);
    below.filter(|(_, flow)| !flow.emitters.is_empty()).map(|(other, _)| other.major).max()
}

fn emitters<'b, 'a>(
    choreography: &'b Choreography<'a>,
    consumer: &Consumer<'_>,
    major: u32,
) -> impl Iterator<Item = &'b Emitter<'a>> {
    let flow = choreography.event(&consumer.event.in_major(major));
    flow.into_iter().flat_map(|flow| &flow.emitters)
}

fn gap(consumer: &Consumer<'_>, major: u32) -> Finding {
    let who = Party::from(consumer);
    let event = consumer.event;
    Finding {
        rule: "UPCASTER_MISSING",
        message: format!(
            "{who} has upcasters of {} to major {}, and none from {major} to {}",
            event.event_type,
            event.major,
            major.saturating_add(1)
        ),
        event: Some(event.id()),
        parties: vec![who],
        gaps: Vec::new(),
        topic: None,
        fix: format!("add the upcaster from {major}, or take away those before it"),
    }
}

fn begins_late(choreography: &Choreography<'_>, consumer: &Consumer<'_>, written: u32) -> Finding {
    let who = Party::from(consumer);
    let event = consumer.event;
    let lowest = event.older_majors().last().unwrap_or(event.major);
    let emitters: Vec<Party> = emitters(choreography, consumer, written).map(Party::from).collect();
    Finding {
        rule: "UPCASTER_MISSING",
        message: format!(
            "{who} reads {} in major {} and has upcasters from {lowest} on, and it is written in major {written}, by {}",
            event.event_type,
            event.major,
            listed(&emitters)
        ),
        event: Some(event.id()),
        parties: opposite(who, &emitters),
        gaps: Vec::new(),
        topic: None,
        fix: format!(
            "add the upcaster from {} too, or let the emitter write a later major",
            lowest.saturating_sub(1)
        ),
    }
}
