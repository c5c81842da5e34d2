//! `UPCASTER_MISSING`: a chain of upcasters that does not lead from what is written to what is read.

use super::finding::{Finding, Party, listed};
use crate::choreography::{Choreography, Consumer, Emitter, EventId};
use crate::manifest::Consumed;

pub(super) fn check(choreography: &Choreography<'_>, findings: &mut Vec<Finding>) {
    for flow in choreography.events().values() {
        for consumer in flow.consumers.iter().filter(|it| !it.upcasts && !it.event.upcasts.is_empty()) {
            let event = consumer.event;
            let later = event.upcasts_beyond();
            if !later.is_empty() {
                findings.push(beyond(consumer, &later));
            } else if let Some(major) = event.missing_link() {
                findings.push(gap(consumer, major));
            } else if flow.emitters.is_empty()
                && !feed(choreography, event)
                && let Some(major) = written_below(choreography, event)
            {
                findings.push(begins_late(choreography, consumer, major));
            }
        }
    }
}

/// Whether somebody writes a major that upcasters lead to the one that is read.
pub(super) fn feed(choreography: &Choreography<'_>, event: &Consumed) -> bool {
    event.older_majors().any(|major| emitters(choreography, event, major).next().is_some())
}

/// Whether its upcasters do not lead on from what is written: that has a finding of its own.
pub(super) fn stop(choreography: &Choreography<'_>, event: &Consumed) -> bool {
    !event.upcasts.is_empty() && (are_wrong(event) || written_below(choreography, event).is_some())
}

/// Whether its upcasters are no chain to the major that it reads, whatever is written.
pub(super) fn are_wrong(event: &Consumed) -> bool {
    event.missing_link().is_some() || !event.upcasts_beyond().is_empty()
}

/// The highest major below its upcasters that somebody writes.
fn written_below(choreography: &Choreography<'_>, event: &Consumed) -> Option<u32> {
    let lowest = event.older_majors().last()?;
    let id = event.id();
    let below = EventId { major: 0, ..id.clone() }..EventId { major: lowest, ..id };
    let written = choreography.events().range(below).rev().find(|(_, flow)| !flow.emitters.is_empty());
    written.map(|(other, _)| other.major)
}

fn emitters<'b, 'a>(
    choreography: &'b Choreography<'a>,
    event: &Consumed,
    major: u32,
) -> impl Iterator<Item = &'b Emitter<'a>> {
    let flow = choreography.event(&event.in_major(major));
    flow.into_iter().flat_map(|flow| &flow.emitters)
}

fn gap(consumer: &Consumer<'_>, major: u32) -> Finding {
    let who = Party::from(consumer);
    let event = consumer.event;
    let message = format!(
        "{who} has upcasters of {} to major {}, and none from {major} to {}",
        event.event_type,
        event.major,
        major.saturating_add(1)
    );
    let fix = format!("add the upcaster from {major}, or take away those before it");
    Finding::new("UPCASTER_MISSING", message, fix).event(&event.id()).who(who, &[])
}

/// Upcasters of the major that is read, and of later ones: none of them leads to it.
fn beyond(consumer: &Consumer<'_>, majors: &[u32]) -> Finding {
    let who = Party::from(consumer);
    let event = consumer.event;
    let message = format!(
        "{who} reads {} in major {}, and has upcasters from {}: from there none leads to it",
        event.event_type,
        event.major,
        listed(majors)
    );
    let fix = "say the older majors from which it has upcasters, or read the major to which they lead";
    Finding::new("UPCASTER_MISSING", message, fix).event(&event.id()).who(who, &[])
}

fn begins_late(choreography: &Choreography<'_>, consumer: &Consumer<'_>, written: u32) -> Finding {
    let who = Party::from(consumer);
    let event = consumer.event;
    let lowest = event.older_majors().last().unwrap_or(event.major);
    let emitters: Vec<Party> = emitters(choreography, event, written).map(Party::from).collect();
    let message = format!(
        "{who} reads {} in major {} and has upcasters from {lowest} on, and it is written in major {written}, by {}",
        event.event_type,
        event.major,
        listed(&emitters)
    );
    let fix = format!(
        "add the upcaster from {} too, or let the emitter write a later major",
        lowest.saturating_sub(1)
    );
    Finding::new("UPCASTER_MISSING", message, fix).event(&event.id()).who(who, &emitters)
}
