//! Writers and readers whose schemas changed, compared with the other side as it was.

use serde_json::Value;

use super::then::{Readers, Then, Writers};
use super::{RULE, eased};
use crate::check::{Cover, Finding, Gap, Party, gaps_text, required, too_many};
use crate::choreography::{Choreography, Consumer, Emitter, EventId, Flow};

/// What a changed side and the other side of before do not share any more.
pub(super) fn changed(before: &Choreography<'_>, after: &Choreography<'_>) -> Vec<Finding> {
    let mut cover = Cover::new();
    let mut breaks = Vec::new();
    for (id, now) in after.events() {
        let Some(then) = before.event(id) else { continue };
        cover.forget();
        let compared = writers(id, then, now, &mut cover, &mut breaks)
            .and_then(|()| readers(id, then, now, &mut cover, &mut breaks));
        if compared.is_none() {
            let what = format!("from {id} on nothing that changed was compared with what runs now");
            breaks.push(too_many(&what).event(id));
            return breaks;
        }
    }
    breaks
}

/// Changed writers and the readers of before; `None` stands for the bound.
fn writers<'a>(
    id: &EventId,
    then: &Flow<'a>,
    now: &Flow<'a>,
    cover: &mut Cover<'a>,
    breaks: &mut Vec<Finding>,
) -> Option<()> {
    let known = Writers::of(then);
    for emitter in &now.emitters {
        let old = known.of_now(emitter);
        if matches!(old, Then::Same) {
            continue;
        }
        let old = old.other();
        let topic = &emitter.event.topic;
        for reader in then.consumers.iter().filter(|it| !it.upcasts && it.event.topic == *topic) {
            let was = old.map_or(Some(Ok(Vec::new())), |old| cover.gaps(reader, old))?;
            let known = was.as_ref().is_ok_and(|was| !was.is_empty());
            let worse = worse(was, cover.gaps(reader, emitter)?);
            let eases =
                |old: &Emitter<'_>| eased::writes_less(cover, &old.event.schema, &emitter.event.schema);
            let is_nothing = worse.is_empty() || (known && old.is_some_and(eases));
            if !is_nothing {
                breaks.push(writer_changed(id, old, emitter, reader, worse));
            }
        }
    }
    Some(())
}

/// Changed readers and the writers of before; `None` stands for the bound.
fn readers<'a>(
    id: &EventId,
    then: &Flow<'a>,
    now: &Flow<'a>,
    cover: &mut Cover<'a>,
    breaks: &mut Vec<Finding>,
) -> Option<()> {
    let known = Readers::of(then);
    for reader in now.consumers.iter().filter(|it| !it.upcasts) {
        let old = known.of_now(reader);
        if matches!(old, Then::Same) {
            continue;
        }
        let old = old.other();
        for emitter in then.emitters.iter().filter(|it| it.event.topic == reader.event.topic) {
            let was = old.map_or(Some(Ok(Vec::new())), |old| cover.gaps(old, emitter))?;
            let known = was.as_ref().is_ok_and(|was| !was.is_empty());
            let worse = worse(was, cover.gaps(reader, emitter)?);
            let eases =
                |old: &Consumer<'_>| eased::reads_more(cover, &old.event.schema, &reader.event.schema);
            let is_nothing = worse.is_empty() || (known && old.is_some_and(eases));
            if !is_nothing {
                breaks.push(reader_changed(id, emitter, reader, worse));
            }
        }
    }
    Some(())
}

/// What does not fit after a change and did before it. What cannot be compared has a finding of its own.
fn worse(was: Result<Vec<Gap>, String>, is: Result<Vec<Gap>, String>) -> Vec<Gap> {
    let (Ok(was), Ok(mut is)) = (was, is) else { return Vec::new() };
    is.retain(|gap| {
        let name = gap.name();
        !was.iter().any(|old| old.name() == name)
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
    let fix = format!(
        "keep writing what {} reads until its team has let go of it, or publish {} as a new major beside this one",
        reader.place(),
        id.name
    );
    Finding::new(RULE, message, fix).event(id).together(vec![writer, who]).gaps(gaps)
}

fn reader_changed(id: &EventId, old: &Emitter<'_>, reader: &Consumer<'_>, gaps: Vec<Gap>) -> Finding {
    let writer = Party { previous: true, ..Party::from(old) };
    let who = Party::from(reader);
    let message = format!(
        "{who} would not read {} as {writer} has written it until now: {}",
        old.event.title(),
        gaps_text(&gaps)
    );
    let fix = "let the reader take what lies on the topic: make what it newly requires optional";
    Finding::new(RULE, message, fix).event(id).together(vec![who, writer]).gaps(gaps)
}

/// The first field of the event that the reader requires, the old writer promised and the new one does not.
fn lost_field<'a>(old: &Value, new: &Value, reader: &'a Value) -> Option<(&'static str, &'a str)> {
    let promises = |schema: &Value, field: &str| required(schema).any(|name| name == field);
    let field = required(reader).find(|field| promises(old, field) && !promises(new, field))?;
    let verb = if new["properties"].get(field).is_some() { "may now leave out" } else { "stops writing" };
    Some((verb, field))
}
