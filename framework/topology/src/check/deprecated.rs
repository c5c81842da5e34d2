//! `EVENT_DEPRECATED`: who still reads what its emitter is about to end.

use super::finding::{Finding, Party, listed, sorted};
use crate::choreography::{Choreography, Consumer, Emitter, EventId, Flow};
use crate::manifest::Deprecated;

/// Steps that consume an event which its emitter has deprecated, ordered by event: warnings, for until the emitter ends it
/// nothing is broken.
///
/// `today` is a day as `2026-01-31`: what is said to end is said to have ended after its day. A step is left alone that
/// reads a later major of the same event too, or reads the event through upcasters: it has moved.
pub fn deprecations(choreography: &Choreography<'_>, today: &str) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (id, flow) in choreography.events() {
        let ending: Vec<&Emitter<'_>> = flow.emitters.iter().filter(|it| is_ending(it)).collect();
        if ending.is_empty() {
            continue;
        }
        let behind = flow.consumers.iter().filter(|it| !it.upcasts && !has_moved(choreography, id, it));
        let emitters: Vec<Party> = ending.iter().map(|it| Party::from(*it)).collect();
        let said = ending.iter().find_map(|it| it.event.deprecated.as_ref());
        findings.extend(behind.map(|reader| finding(choreography, id, reader, &emitters, said, today)));
    }
    sorted(findings)
}

/// Whether an emitter says that readers are to leave the event: in its manifest, or in its schema.
fn is_ending(emitter: &Emitter<'_>) -> bool {
    emitter.event.deprecated.is_some() || emitter.event.schema["deprecated"] == true
}

/// Whether the step reads a later major too, which somebody writes.
fn has_moved(choreography: &Choreography<'_>, id: &EventId, reader: &Consumer<'_>) -> bool {
    reader.step.consumes.iter().any(|other| {
        let written = |flow: &Flow<'_>| !flow.emitters.is_empty();
        other.event_type == id.name
            && other.major > id.major
            && choreography.event(&other.id()).is_some_and(written)
    })
}

fn finding(
    choreography: &Choreography<'_>,
    id: &EventId,
    reader: &Consumer<'_>,
    emitters: &[Party],
    said: Option<&Deprecated>,
    today: &str,
) -> Finding {
    let who = Party::from(reader);
    let verb = if emitters.len() == 1 { "has" } else { "have" };
    let message = format!(
        "{who} consumes {id}, which {} {verb} deprecated{}",
        listed(emitters),
        said.map_or_else(String::new, |said| days(said, today))
    );
    let fix = fix(choreography, id, emitters, said);
    Finding::new("EVENT_DEPRECATED", message, fix).event(id).who(who, emitters)
}

/// Since when, and until when.
fn days(said: &Deprecated, today: &str) -> String {
    let since = said.from.as_ref().map_or_else(String::new, |from| format!(" since {from}"));
    let until = match &said.sunset {
        // Days of this form are ordered as their texts are.
        Some(sunset) if is_day(sunset) && is_day(today) && sunset.as_str() < today => {
            format!("; its last day was {sunset}, and it may be gone any day")
        }
        Some(sunset) => format!("; it may end on {sunset}"),
        None => String::new(),
    };
    since + &until
}

/// Whether a text has the form `2026-01-31`.
fn is_day(text: &str) -> bool {
    let form =
        |(at, byte): (usize, u8)| if at == 4 || at == 7 { byte == b'-' } else { byte.is_ascii_digit() };
    text.len() == 10 && text.bytes().enumerate().all(form)
}

fn fix(
    choreography: &Choreography<'_>,
    id: &EventId,
    emitters: &[Party],
    said: Option<&Deprecated>,
) -> String {
    let later = choreography.other_majors(id).filter(|(_, flow)| !flow.emitters.is_empty());
    let fix = match later.map(|(other, _)| other.major).filter(|major| *major > id.major).max() {
        Some(major) => format!("read major {major}, which is written already"),
        None => format!("ask {} what comes in its place", listed(emitters)),
    };
    match said.and_then(|said| said.migration.as_deref()) {
        Some(how) => format!("{fix}; how is written at {how}"),
        None => fix,
    }
}
