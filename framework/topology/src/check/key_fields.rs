//! `KEY_NOT_IN_SCHEMA`: the record's key is a field, so the writer has to write it.

use choreograph_contracts::compat::Semantics;
use serde_json::json;

use super::compared::Cover;
use super::finding::{Finding, Party};
use crate::choreography::{Choreography, Emitter, EventId};

const RULE: &str = "KEY_NOT_IN_SCHEMA";

pub(super) fn check(choreography: &Choreography<'_>, findings: &mut Vec<Finding>) {
    let mut cover = Cover::new();
    for (id, flow) in choreography.events() {
        findings.extend(flow.emitters.iter().filter_map(|emitter| of_one(id, emitter, &mut cover)));
    }
}

fn of_one(id: &EventId, emitter: &Emitter<'_>, cover: &mut Cover<'_>) -> Option<Finding> {
    let key = emitter.event.key.as_deref()?;
    let schema = &emitter.event.schema;
    let is_declared = schema["properties"].get(key).is_some_and(|field| *field != false);
    if is_declared || !is_never_written(key, emitter, cover) {
        return None;
    }
    let who = Party::from(emitter);
    let place = who.place();
    let message = format!(
        "{who} writes {id} with the key `{key}`, and by its schema no event has a field of that name"
    );
    let fix = "name a field that the event has, or add the field to what is written";
    Some(Finding::new(RULE, message, fix).event(id).naming(vec![who]).faults([format!("{place} {key}")]))
}

/// Whether it is proved that no event which the writer's schema allows has the field: a contract's writer writes what is
/// declared, wherever in the schema that is.
fn is_never_written(key: &str, emitter: &Emitter<'_>, cover: &mut Cover<'_>) -> bool {
    let without = json!({ "not": { "type": "object", "required": [key] } });
    cover.contains(without, emitter.event.schema.clone(), Semantics::Contract)
}
