//! `CONSUMED_BUT_NOT_EMITTED`, `MAJOR_NOT_EMITTED`, `EMITTED_BUT_NOT_CONSUMED`: events with one side only.

use super::finding::{Finding, Party, listed};
use super::upcasts;
use crate::choreography::{Choreography, EventId, Flow};

pub(super) fn check(choreography: &Choreography<'_>, findings: &mut Vec<Finding>) {
    let mut majors = Majors::default();
    for (id, flow) in choreography.events() {
        if flow.emitters.is_empty() || flow.consumers.is_empty() {
            majors.of(choreography, id);
        }
        if flow.emitters.is_empty() {
            findings.extend(not_emitted(choreography, id, flow, &majors));
        }
        if flow.consumers.is_empty() {
            findings.extend(not_consumed(choreography, id, flow, &majors));
        }
    }
}

/// All majors of one type. They are looked up once, for there may be many.
#[derive(Default)]
struct Majors {
    name: Option<String>,
    /// Those that somebody emits.
    written: Vec<u32>,
    /// Who emits them.
    writers: Vec<Party>,
    /// Those that somebody consumes.
    read: Vec<u32>,
}

impl Majors {
    fn of(&mut self, choreography: &Choreography<'_>, id: &EventId) {
        if self.name.as_ref() == Some(&id.name) {
            return;
        }
        *self = Self { name: Some(id.name.clone()), ..Self::default() };
        let first = EventId { major: 0, ..id.clone() };
        let of_type = choreography.events().range(first..).take_while(|(other, _)| other.name == id.name);
        for (other, flow) in of_type {
            if !flow.emitters.is_empty() {
                self.written.push(other.major);
                self.writers.extend(flow.emitters.iter().map(Party::from));
            }
            if !flow.consumers.is_empty() {
                self.read.push(other.major);
            }
        }
    }
}

fn not_emitted(
    choreography: &Choreography<'_>,
    id: &EventId,
    flow: &Flow<'_>,
    majors: &Majors,
) -> Option<Finding> {
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
    let Majors { written, writers, .. } = majors;
    if written.is_empty() {
        let message = format!("{who} {verb} {id}, which nobody emits");
        let fix = "add the emitter's manifest; or correct the event's name; or, if it comes from a system without a \
                   manifest, mark the view `external`";
        return Some(Finding::new("CONSUMED_BUT_NOT_EMITTED", message, fix).event(id).each(parties));
    }
    let message = format!(
        "{who} {verb} {} in major {}, and it is written in major {} alone, by {}",
        id.name,
        id.major,
        listed(written),
        listed(writers)
    );
    let fix = format!(
        "let the emitter write major {} beside the other until its readers have moved, or read the major that is \
         written, or add upcasters that lead from there",
        id.major
    );
    Some(Finding::new("MAJOR_NOT_EMITTED", message, fix).event(id).each(parties).opposite(writers))
}

fn not_consumed(
    choreography: &Choreography<'_>,
    id: &EventId,
    flow: &Flow<'_>,
    majors: &Majors,
) -> Option<Finding> {
    // Each says for itself whether it owes a reader.
    let owing = flow.emitters.iter().filter(|emitter| {
        !emitter.event.terminal && !emitter.event.outbound && !choreography.has_twin(id, emitter)
    });
    let parties: Vec<Party> = owing.map(Party::from).collect();
    if parties.is_empty() {
        return None;
    }
    let verb = if parties.len() == 1 { "emits" } else { "emit" };
    let but = match majors.read.as_slice() {
        [] => String::new(),
        majors => format!(" in this major; major {} is consumed", listed(majors)),
    };
    let message = format!("{} {verb} {id}, which nobody consumes{but}", listed(&parties));
    let fix = "add the consumer's manifest; or mark the event `terminal` if a workflow owes nothing after it, `outbound` if \
               somebody outside the choreography reads it; or stop emitting it";
    Some(Finding::new("EMITTED_BUT_NOT_CONSUMED", message, fix).event(id).each(parties))
}
