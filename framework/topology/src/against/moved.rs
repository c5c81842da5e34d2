//! What a change moves: to another major, to another topic, under another key.

use std::collections::{BTreeMap, BTreeSet};

use super::RULE;
use crate::check::{Finding, Met, Party, listed, quoted, unreadable};
use crate::choreography::{Choreography, Consumer, Emitter, EventId, Flow};

/// Where a side of before meets a major of the other side that it cannot read, unless a finding about the set tells it.
pub(super) fn majors(before: &Choreography<'_>, after: &Choreography<'_>, new: &[Finding]) -> Vec<Finding> {
    let known: BTreeSet<String> = unreadable(before, before).iter().map(Met::name).collect();
    let rules = ["MAJOR_NOT_EMITTED", "MAJOR_NOT_READ", "UPCASTER_MISSING"];
    let told: BTreeSet<(String, &str)> = new
        .iter()
        .filter(|it| rules.contains(&it.rule))
        .flat_map(|it| it.parties.iter().map(move |party| (party, it)))
        .filter_map(|(party, it)| Some((party.place(), it.event.as_ref()?.name.as_str())))
        .collect();
    let is_new = |met: &Met<'_>| {
        let event_type = met.writer.event.event_type.as_str();
        !known.contains(&met.name()) && !told.contains(&(met.reader.place(), event_type))
    };
    let mut seen = BTreeSet::new();
    let old_readers =
        unreadable(before, after).into_iter().filter(is_new).filter(|met| seen.insert(met.name()));
    let mut findings: Vec<Finding> = old_readers.map(|met| writer_moved(&met)).collect();
    let old_writers =
        unreadable(after, before).into_iter().filter(is_new).filter(|met| seen.insert(met.name()));
    findings.extend(old_writers.map(|met| reader_moved(&met)));
    findings
}

fn writer_moved(met: &Met<'_>) -> Finding {
    let writer = Party::from(&met.writer);
    let reader = Party { previous: true, ..Party::from(&met.reader) };
    let (name, topic) = (&met.reader.event.event_type, &met.writer.event.topic);
    let message = format!(
        "{writer} begins to write {name} in major {} to `{topic}`, where {reader} reads major {}: until it has been deployed, each of \
         these records is a dead letter of it",
        met.writer.event.version.0, met.reader.event.major
    );
    let fix = format!(
        "write each fact in both majors until its readers have moved; or let {} read the new one first, with upcasters from the other",
        met.reader.place()
    );
    Finding::new(RULE, message, fix).event(&met.id()).together(vec![writer, reader])
}

fn reader_moved(met: &Met<'_>) -> Finding {
    let writer = Party { previous: true, ..Party::from(&met.writer) };
    let reader = Party::from(&met.reader);
    let (name, topic) = (&met.reader.event.event_type, &met.writer.event.topic);
    let message = format!(
        "{reader} reads {name} in major {}, and {writer} has written it in major {} to `{topic}` until now: each record that lies there \
         and is not read yet is a dead letter of it",
        met.reader.event.major, met.writer.event.version.0
    );
    let fix =
        "read both majors, as they are or through upcasters, until what was written before has been read";
    Finding::new(RULE, message, fix).event(&met.id()).together(vec![reader, writer])
}

/// Readers that leave a topic behind, and writers that give an event another key.
pub(super) fn topics_and_keys(before: &Choreography<'_>, after: &Choreography<'_>) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (id, now) in after.events() {
        if let Some(then) = before.event(id) {
            left_behind(id, then, now, &mut findings);
            keyed_anew(id, then, now, &mut findings);
        }
    }
    findings
}

/// Steps that go on reading an event and leave the topic on which it was written until now: what lies there is read by nobody.
fn left_behind(id: &EventId, then: &Flow<'_>, now: &Flow<'_>, findings: &mut Vec<Finding>) {
    let mut reads: BTreeMap<_, BTreeSet<&str>> = BTreeMap::new();
    for consumer in &now.consumers {
        reads.entry(consumer.code()).or_default().insert(&consumer.event.topic);
    }
    let mut written: BTreeMap<_, BTreeSet<&str>> = BTreeMap::new();
    for emitter in &then.emitters {
        written.entry(emitter.code()).or_default().insert(&emitter.event.topic);
    }
    for consumer in &then.consumers {
        let topic = consumer.event.topic.as_str();
        let Some(topics) = reads.get(&consumer.code()).filter(|topics| !topics.contains(topic)) else {
            continue;
        };
        // Whoever wrote it where it is read now as well has written nothing that is missed.
        let here = then.emitters.iter().filter(|it| it.event.topic == topic);
        let missed = here.filter(|it| written.get(&it.code()).is_some_and(|to| to.is_disjoint(topics)));
        let writers: Vec<Party> = missed.map(|it| Party { previous: true, ..Party::from(it) }).collect();
        let reader = now.consumers.iter().find(|it| it.code() == consumer.code());
        if let (false, Some(reader)) = (writers.is_empty(), reader) {
            findings.push(left(id, topic, topics, reader, &writers));
        }
    }
}

fn left(
    id: &EventId,
    topic: &str,
    topics: &BTreeSet<&str>,
    reader: &Consumer<'_>,
    writers: &[Party],
) -> Finding {
    let who = Party::from(reader);
    let topics: Vec<&str> = topics.iter().copied().collect();
    let have = if writers.len() == 1 { "has" } else { "have" };
    let message = format!(
        "{who} reads {id} from {} and no more from `{topic}`, to which {} {have} written it until now: what lies there and is not \
         read yet is passed over",
        quoted(&topics, ", "),
        listed(writers)
    );
    let fix =
        "let the writer write it to both topics first, and let go of the old one when its readers have moved";
    Finding::new(RULE, message, fix).event(id).who(who, writers)
}

/// Writers that give an event another key, where somebody reads it. To take over the key of another writer mends what was
/// wrong, and so does to give a key to what had none.
fn keyed_anew(id: &EventId, then: &Flow<'_>, now: &Flow<'_>, findings: &mut Vec<Finding>) {
    let place = |it: &Emitter<'_>| (it.way, it.event.topic.clone());
    let mut old: BTreeMap<_, Vec<Option<&str>>> = BTreeMap::new();
    for emitter in &then.emitters {
        old.entry((emitter.code(), place(emitter))).or_default().push(emitter.event.key.as_deref());
    }
    for emitter in &now.emitters {
        let topic = emitter.event.topic.as_str();
        let is = emitter.event.key.as_deref();
        let old = old.get(&(emitter.code(), place(emitter))).filter(|keys| !keys.contains(&is));
        let Some(was) = old.and_then(|keys| keys.iter().flatten().next()) else { continue };
        let is_anothers = || {
            let mut others = then.emitters.iter().filter(|it| it.event.topic == topic);
            others.any(|it| it.event.key.as_deref() == is)
        };
        if is_anothers() {
            continue;
        }
        let readers = then.consumers.iter().filter(|it| it.event.topic == topic);
        let readers: Vec<Party> = readers.map(|it| Party { previous: true, ..Party::from(it) }).collect();
        if readers.is_empty() {
            continue;
        }
        let writer = Party::from(emitter);
        let key = is.map_or_else(|| "without a key".to_owned(), |key| format!("with the key `{key}`"));
        let message = format!(
            "{writer} writes {id} {key} (before: `{was}`): what it writes from now on lies in another partition than what it wrote \
             until now, and {} may read it out of order",
            listed(&readers)
        );
        let fix = format!("keep the key `{was}`, or publish {} with the other key as a new major", id.name);
        findings.push(Finding::new(RULE, message, fix).event(id).who(writer, &readers));
    }
}
