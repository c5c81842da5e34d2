//! Dead letters and reports as JSON.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use choreograph::wire::header;
use choreograph_dead_letters::{Action, DeadLetter, Group, List, Report};
use serde_json::{Map, Value, json};

use crate::format::json_text;

/// A document as it is printed: nothing in it means anything to a terminal.
pub(super) fn text(document: &Value) -> String {
    json_text(&format!("{document:#}")) + "\n"
}

/// A dead letter, without its headers.
pub(super) fn letter(letter: &DeadLetter, payloads: bool) -> Value {
    let record = &letter.record;
    let violations = record.text(header::DLQ_VIOLATIONS);
    let mut told = json!({
        "id": letter.id.to_string(),
        "open": letter.is_open(),
        "step": letter.source(),
        "reason": letter.reason,
        "error": letter.error,
        "violations": violations.and_then(|text| serde_json::from_str::<Value>(text).ok()),
        "contract": record.text(header::DLQ_CONTRACT),
        "event": record.text(header::CE_ID),
        "event_type": letter.event_type,
        "instance": letter.instance,
        "key": letter.key(),
        "at": letter.at(),
        "failed_at": record.text(header::DLQ_FAILED_AT),
        "attempts": letter.attempts,
        "replays": letter.replays,
        "topic": &*record.topic,
        "partition": record.partition,
        "offset": record.offset,
        "origin": letter.origin.as_ref().map(ToString::to_string),
        "trace": record.text(header::TRACEPARENT).and_then(|text| text.split('-').nth(1)),
        "value_omitted": letter.omitted.is_some(),
        "key_omitted": letter.omits_key(),
        "actions": letter.actions.iter().map(action).collect::<Vec<_>>(),
    });
    if payloads && let Value::Object(told) = &mut told {
        value(told, record.value.as_deref());
    }
    told
}

/// The same with all headers.
pub(super) fn whole(one: &DeadLetter, payloads: bool) -> Value {
    let mut told = letter(one, payloads);
    let headers = one.record.headers.iter().map(|(name, value)| {
        let mut header = Map::from_iter([("name".to_owned(), json!(name))]);
        self::value(&mut header, value.as_deref());
        Value::Object(header)
    });
    told["headers"] = headers.collect();
    told
}

/// Bytes as `value`, or as `value_base64` where they are no text.
fn value(into: &mut Map<String, Value>, bytes: Option<&[u8]>) {
    let (name, value) = match bytes.map(|bytes| (bytes, std::str::from_utf8(bytes))) {
        None => ("value", Value::Null),
        Some((_, Ok(text))) => ("value", json!(text)),
        Some((bytes, Err(_))) => ("value_base64", json!(STANDARD.encode(bytes))),
    };
    into.insert(name.to_owned(), value);
}

fn action(action: &Action) -> Value {
    json!({ "id": action.id.to_string(), "action": action.deed.word(), "by": action.by, "at": action.at })
}

/// A page.
pub(super) fn list(list: &List, payloads: bool) -> Value {
    json!({
        "total": list.total,
        "open": list.open,
        "strangers": list.strangers,
        "groups": list.groups.iter().map(group).collect::<Vec<_>>(),
        "items": list.letters.iter().map(|one| letter(one, payloads)).collect::<Vec<_>>(),
        "next": list.next.as_ref().map(ToString::to_string),
    })
}

fn group(group: &Group) -> Value {
    json!({
        "step": group.step,
        "reason": group.reason,
        "error": group.error,
        "count": group.count,
        "oldest": group.oldest,
        "newest": group.newest,
    })
}

/// What an action came to.
pub(crate) fn report(report: &Report) -> Value {
    let refusals = report.refusals.iter().map(|(id, refusal)| {
        json!({ "id": id.to_string(), "reason": refusal.word(), "text": refusal.to_string() })
    });
    let before =
        report.before.iter().map(|(id, before)| json!({ "id": id.to_string(), "action": action(before) }));
    json!({
        "action": report.action.to_string(),
        "deed": report.deed.word(),
        "dry_run": report.dry_run,
        "checked": report.checked,
        "chosen": report.chosen,
        "done": report.done,
        "forced": report.forced,
        "already": report.already,
        "gone": report.gone,
        "refused": report.refused,
        "refused_for": report.refused_for,
        "refusals": refusals.collect::<Vec<_>>(),
        "before": before.collect::<Vec<_>>(),
        "cancelled": report.cancelled,
    })
}

#[cfg(test)]
mod tests {
    #[test]
    fn a_terminal_obeys_no_json() {
        let text = super::text(&serde_json::json!(["\u{9b}31m\u{202e}"]));
        assert_eq!(text, "[\n  \"\\u009b31m\\u202e\"\n]\n");
    }
}
