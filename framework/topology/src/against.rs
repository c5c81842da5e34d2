//! Whom a change breaks.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use crate::check::{Cover, Finding, Gap, Party, check, gaps_text, required, sorted};
use crate::choreography::{Choreography, Consumer, Emitter, EventId};
use crate::manifest::Manifest;

/// The answer to "whom do I break?".
#[derive(Debug, Clone, PartialEq)]
pub struct Against {
    /// What the change breaks: nobody, if there are none.
    pub breaks: Vec<Finding>,
    /// What was amiss before, and still is.
    pub known: usize,
    /// Services that only the previous set has: they are taken to go on as they are.
    pub unchanged: Vec<String>,
}

/// Compares the choreography as it would be with the one before.
///
/// `changed` are the manifests of a change, `before` those of what runs now. A service that only `before` has goes on
/// as it is, so that a team needs no manifests but its own and those that are deployed.
///
/// Found is what [`check`](crate::check()) finds after the change and did not find before; and, as services are
/// not deployed in one moment and topics keep what was written,
///
/// - a new or changed writer that a reader of before does not read, or reads less of than before;
/// - a new or changed reader that does not read what a writer of before wrote.
pub fn against(changed: &[Manifest], before: &[Manifest]) -> Against {
    let names: BTreeSet<&str> = changed.iter().map(|manifest| manifest.service.as_str()).collect();
    let rest: Vec<&Manifest> = before.iter().filter(|it| !names.contains(it.service.as_str())).collect();
    let after = Choreography::new(changed.iter().chain(rest.iter().copied()));
    let unchanged: BTreeSet<String> = rest.into_iter().map(|manifest| manifest.service.clone()).collect();
    let before = Choreography::new(before);

    let mut breaks = rollout(&before, &after);
    let told: BTreeSet<_> = breaks.iter().map(pair).collect();
    let old: BTreeSet<String> = check(&before).iter().map(Finding::fingerprint).collect();
    let (known, new): (Vec<Finding>, Vec<Finding>) =
        check(&after).into_iter().partition(|finding| old.contains(&finding.fingerprint()));
    breaks.extend(
        new.into_iter().filter(|finding| finding.rule != "NOT_COVERED" || !told.contains(&pair(finding))),
    );
    Against { breaks: sorted(breaks), known: known.len(), unchanged: unchanged.into_iter().collect() }
}

/// The event and the two sides of a finding about coverage.
fn pair(finding: &Finding) -> (Option<EventId>, BTreeSet<String>) {
    (finding.event.clone(), finding.parties.iter().map(Party::place).collect())
}

fn rollout(before: &Choreography<'_>, after: &Choreography<'_>) -> Vec<Finding> {
    let mut cover = Cover::new();
    let mut breaks = Vec::new();
    for (id, now) in after.events() {
        let Some(then) = before.event(id) else { continue };
        let old_emitters: BTreeMap<String, &Emitter<'_>> =
            then.emitters.iter().map(|it| (it.place(), it)).collect();
        for emitter in &now.emitters {
            let old = old_emitters.get(&emitter.place()).copied();
            if old.is_some_and(|old| old.event.schema == emitter.event.schema) {
                continue;
            }
            for reader in then.consumers.iter().filter(|it| !it.upcasts) {
                let was = old.map_or(Some(Vec::new()), |old| cover.gaps(reader, old).and_then(Result::ok));
                let is = cover.gaps(reader, emitter).and_then(Result::ok);
                let worse = worse(was, is);
                if !worse.is_empty() {
                    breaks.push(writer_changed(id, old, emitter, reader, worse));
                }
            }
        }
        let old_readers: BTreeMap<String, &Consumer<'_>> =
            then.consumers.iter().filter(|it| !it.upcasts).map(|it| (it.place(), it)).collect();
        for reader in now.consumers.iter().filter(|it| !it.upcasts) {
            let old = old_readers.get(&reader.place());
            if old.is_some_and(|old| old.event.schema == reader.event.schema) {
                continue;
            }
            for emitter in &then.emitters {
                let was = old.map_or(Some(Vec::new()), |old| cover.gaps(old, emitter).and_then(Result::ok));
                let is = cover.gaps(reader, emitter).and_then(Result::ok);
                let worse = worse(was, is);
                if !worse.is_empty() {
                    breaks.push(reader_changed(id, emitter, reader, worse));
                }
            }
        }
    }
    breaks
}

/// What does not fit after a change and did before it.
fn worse(was: Option<Vec<Gap>>, is: Option<Vec<Gap>>) -> Vec<Gap> {
    let (Some(was), Some(mut is)) = (was, is) else { return Vec::new() };
    is.retain(|gap| {
        let same = |old: &Gap| (old.rule, &old.reader, &old.message) == (gap.rule, &gap.reader, &gap.message);
        !was.iter().any(same)
    });
    is
}

fn writer_changed(
    id: &EventId,
    old: Option<&Emitter<'_>>,
    new: &Emitter<'_>,
    reader: &Consumer<'_>,
    gaps: Vec<Gap>,
) -> Finding {
    let writer = Party::from(new);
    let who = Party { previous: true, ..Party::from(reader) };
    let title = match old {
        None => new.event.title(),
        Some(old) if old.event.version == new.event.version => {
            format!("{} (the version did not change)", new.event.title())
        }
        Some(old) => {
            format!("{} (before: {}.{})", new.event.title(), old.event.version.0, old.event.version.1)
        }
    };
    let lost = old.and_then(|old| lost_field(&old.event.schema, &new.event.schema, &reader.event.schema));
    let message = match (lost, old) {
        (Some((verb, field)), _) => format!("{writer} {verb} `{field}` in {title}; {who} requires it"),
        (None, Some(_)) => format!(
            "{writer} changes {title}, which {who} reads and would not read any more: {}",
            gaps_text(&gaps)
        ),
        (None, None) => {
            format!("{writer} begins to write {title}, which {who} would not read: {}", gaps_text(&gaps))
        }
    };
    Finding {
        rule: "BREAKS_CONSUMER",
        message,
        event: Some(id.clone()),
        parties: vec![writer, who],
        gaps,
        topic: None,
        fix: format!(
            "keep writing what {} reads until its team has let go of it, or publish {} as a new major beside this one",
            reader.place(),
            id.name
        ),
    }
}

fn reader_changed(id: &EventId, old: &Emitter<'_>, reader: &Consumer<'_>, gaps: Vec<Gap>) -> Finding {
    let writer = Party { previous: true, ..Party::from(old) };
    let who = Party::from(reader);
    Finding {
        rule: "BREAKS_CONSUMER",
        message: format!(
            "{who} would not read {} as {writer} has written it until now: {}",
            old.event.title(),
            gaps_text(&gaps)
        ),
        event: Some(id.clone()),
        parties: vec![who, writer],
        gaps,
        topic: None,
        fix: "let the reader take what lies on the topic: make what it newly requires optional".to_owned(),
    }
}

/// The first field of the event that the reader requires, the old writer promised and the new one does not.
fn lost_field<'a>(old: &Value, new: &Value, reader: &'a Value) -> Option<(&'static str, &'a str)> {
    let promises = |schema: &Value, field: &str| required(schema).any(|name| name == field);
    let field = required(reader).find(|field| promises(old, field) && !promises(new, field))?;
    let verb = if new["properties"].get(field).is_some() { "may now leave out" } else { "stops writing" };
    Some((verb, field))
}
