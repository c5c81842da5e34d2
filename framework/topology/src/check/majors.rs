//! `MAJOR_NOT_READ`: a step meets a major of an event that it cannot read.

use std::collections::{BTreeMap, BTreeSet};

use super::compared::MAX_COMPARISONS;
use super::finding::{Finding, Party, listed, quoted};
use super::upcasts;
use crate::choreography::{Choreography, Consumer, Emitter, EventId};
use crate::manifest::Consumed;

/// A step, and who writes an event that it knows in a major that it cannot read, to a topic that it reads: each such record
/// is a dead letter of it. A fact that is also written in a major that it can read is none.
#[derive(Debug)]
pub(crate) struct Met<'a> {
    /// What the step reads of that type.
    pub(crate) reader: Consumer<'a>,
    /// Who writes the other major.
    pub(crate) writer: Emitter<'a>,
}

impl Met<'_> {
    /// What is written.
    pub(crate) fn id(&self) -> EventId {
        self.writer.event.id()
    }

    /// What tells it from others: the step, the event, the topic and who writes it.
    pub(crate) fn name(&self) -> String {
        let (reader, writer) = (self.reader.place(), self.writer.place());
        format!("{reader} {} {} {writer}", self.id(), self.writer.event.topic)
    }
}

pub(super) fn check(choreography: &Choreography<'_>, findings: &mut Vec<Finding>) {
    let mut met: BTreeMap<_, Vec<Met<'_>>> = BTreeMap::new();
    for it in unreadable(choreography, choreography) {
        if !is_told(choreography, &it) {
            met.entry((it.reader.code(), it.id())).or_default().push(it);
        }
    }
    findings.extend(met.into_iter().filter_map(|((_, id), met)| finding(&id, &met)));
}

/// Who of `readers` meets what `writers` write in a major that it cannot read: at most [`MAX_COMPARISONS`] pairs.
pub(crate) fn unreadable<'a>(readers: &Choreography<'a>, writers: &Choreography<'a>) -> Vec<Met<'a>> {
    let mut written: BTreeMap<(&str, &str), BTreeMap<u32, Vec<&Emitter<'a>>>> = BTreeMap::new();
    for (id, flow) in writers.events() {
        for emitter in &flow.emitters {
            let on_topic = written.entry((&id.name, &emitter.event.topic)).or_default();
            on_topic.entry(id.major).or_default().push(emitter);
        }
    }
    let mut all = Vec::new();
    for service in readers.services() {
        for (index, step) in service.steps.iter().enumerate() {
            let topics: BTreeSet<&str> = step.consumes.iter().map(|it| it.topic.as_str()).collect();
            let mut known: BTreeMap<&str, (Consumer<'a>, BTreeSet<u32>)> = BTreeMap::new();
            for (number, event) in step.consumes.iter().enumerate() {
                let pointer = format!("/steps/{index}/consumes/{number}");
                let reader = Consumer { service, step, event, pointer, upcasts: false };
                let (_, readable) = known.entry(&event.event_type).or_insert((reader, BTreeSet::new()));
                readable.insert(event.major);
                readable.extend(event.older_majors());
            }
            for (name, (reader, readable)) in known {
                let on_topics: Vec<_> =
                    topics.iter().filter_map(|topic| written.get(&(name, *topic))).collect();
                let others =
                    on_topics.iter().copied().flatten().filter(|(major, _)| !readable.contains(*major));
                let met = others.flat_map(|(_, emitters)| emitters).filter(|it| {
                    // Of a fact in several majors a step takes the highest that it reads, and passes over the others: if the
                    // other record comes to where it reads.
                    let comes = |twin: &u32| {
                        let beside = on_topics.iter().filter_map(|written| written.get(twin)).flatten();
                        beside.into_iter().any(|other| other.is_beside(it))
                    };
                    !it.majors.iter().any(|twin| readable.contains(twin) && comes(twin))
                });
                let room = MAX_COMPARISONS - all.len();
                all.extend(met.take(room).map(|it| Met { reader: reader.clone(), writer: (*it).clone() }));
            }
        }
    }
    all
}

/// Whether it is told already that what the step reads of this type is not written, or that its upcasters are wrong.
fn is_told(choreography: &Choreography<'_>, met: &Met<'_>) -> bool {
    of_type(met).any(|event| {
        let unwritten = || {
            choreography.event(&event.id()).is_some_and(|flow| {
                flow.emitters.is_empty() && !flow.external_topics().contains(event.topic.as_str())
            }) && !upcasts::feed(choreography, event)
        };
        upcasts::are_wrong(event) || unwritten()
    })
}

/// All that the step reads of the type.
fn of_type<'b>(met: &'b Met<'_>) -> impl Iterator<Item = &'b Consumed> {
    met.reader.step.consumes.iter().filter(|it| it.event_type == met.reader.event.event_type)
}

fn finding(id: &EventId, met: &[Met<'_>]) -> Option<Finding> {
    let first = met.first()?;
    let who = Party::from(&first.reader);
    let writers: Vec<Party> = met.iter().map(|it| Party::from(&it.writer)).collect();
    let topics: BTreeSet<&str> = met.iter().map(|it| it.writer.event.topic.as_str()).collect();
    let topics: Vec<&str> = topics.into_iter().collect();
    let write = if writers.len() == 1 { "writes" } else { "write" };
    let where_from = format!("{} {write} to {}", listed(&writers), quoted(&topics, ", "));
    let (name, major) = (&id.name, id.major);
    let majors: Vec<u32> = of_type(first).map(|it| it.major).collect();
    let reads = format!("{who} reads {name} in major {}", listed(&majors));
    let dead = "each of these records is a dead letter of it, `unsupported_version`";
    let upcast = of_type(first).filter(|it| !it.upcasts.is_empty() && it.major > major).last();
    let finding = if let Some(lowest) = upcast.and_then(|it| it.older_majors().last()) {
        let message = format!(
            "{reads} and has upcasters from {lowest} on, and meets major {major}, which {where_from}: {dead}"
        );
        let fix = format!("add the upcasters from {major} on, or let the emitter write a later major");
        Finding::new("UPCASTER_MISSING", message, fix)
    } else {
        let message = format!("{reads} and meets major {major}, which {where_from}: {dead}");
        let fix = format!(
            "read major {major} too, as it is or through upcasters; or let the emitter write each fact in both majors, \
             and say so in `majors`; or write it to a topic that {} does not read",
            who.place()
        );
        Finding::new("MAJOR_NOT_READ", message, fix)
    };
    Some(finding.event(id).who(who, &writers))
}
