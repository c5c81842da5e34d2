//! The record that goes to the retry topic, and the one beside it that tells of it.

use std::borrow::Cow;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use choreograph::wire::{action, after_a_wait, header};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::action::Deed;
use crate::kafka::sha256;
use crate::letter::DeadLetter;
use crate::limits::{MAX_PART_BYTES, MAX_PARTS, MAX_VALUE_WITHIN_BYTES, MAX_WORDS_BYTES};
use crate::record::{Headers, Outgoing, Record, text};

/// Who acts, and under which id.
#[derive(Debug, Clone)]
pub(crate) struct Stamp {
    pub(crate) action: Uuid,
    pub(crate) by: String,
}

impl Stamp {
    /// A stamp of a new action.
    pub(crate) fn new(by: &str) -> Self {
        Self { action: Uuid::now_v7(), by: one_line(by) }
    }
}

/// `text` in one line, cut to [`MAX_WORDS_BYTES`].
pub(crate) fn one_line(text: &str) -> String {
    let line: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    line[..line.floor_char_boundary(MAX_WORDS_BYTES)].to_owned()
}

/// The record of `letter` as the step first read it, for its retry topic: same key, value and id; its headers without
/// what the step wrote about the failure; how often it was replayed, by whom, and that its trace begins anew.
///
/// `original` is where the value comes from if the dead letter has none; the key and headers that the letter left out
/// come from there too. `edited` replaces the value.
///
/// What is told anew comes first: of a record with very many headers a step reads no more than the first.
pub(crate) fn replayed(
    letter: &DeadLetter,
    retry_topic: &Arc<str>,
    original: Option<Record>,
    edited: Option<&[u8]>,
    stamp: &Stamp,
) -> Outgoing {
    let record = &letter.record;
    let mut headers: Headers = record.headers.iter().filter(|(name, _)| stays(name)).cloned().collect();
    let (mut key, mut value) = (record.key.clone(), record.value.clone());
    if let Some(original) = original {
        let left_out = |name: &str| stays(name) && !record.headers.iter().any(|(found, _)| found == name);
        headers.extend(original.headers.into_iter().filter(|(name, _)| left_out(name)));
        value = original.value;
        if letter.omits_key() {
            key = original.key;
        }
    }
    if let Some(edited) = edited {
        value = Some(edited.to_vec());
    }
    let mut anew = Headers::new();
    if let Some(workflow) = text(&headers, header::WF).map(after_a_wait) {
        headers.retain(|(name, _)| name != header::WF);
        set(&mut anew, header::WF, &workflow);
    }
    set(&mut anew, header::DLQ_REPLAY_COUNT, &letter.replays.saturating_add(1).to_string());
    set(&mut anew, header::WF_REPLAY_ID, &stamp.action.to_string());
    set(&mut anew, header::WF_REPLAYED_BY, &stamp.by);
    anew.append(&mut headers);
    Outgoing { topic: Arc::clone(retry_topic), key, value, headers: anew }
}

/// Whether a header of the dead letter belongs to the record itself, or to where it first lay.
fn stays(name: &str) -> bool {
    let told_anew = [header::WF_ATTEMPT, header::WF_REPLAY_ID, header::WF_REPLAYED_BY, "wf-due-at"];
    !name.starts_with("dlq-") && !told_anew.contains(&name)
}

fn set(headers: &mut Headers, name: &str, value: &str) {
    headers.push((name.to_owned(), Some(value.as_bytes().to_vec())));
}

/// What the audit record says beside who did what to which dead letter.
#[derive(Debug, Default)]
pub(crate) struct Remarks<'a> {
    /// Why it was discarded.
    pub(crate) reason: Option<&'a str>,
    /// Which objection was overruled.
    pub(crate) forced: Option<&'a str>,
    /// The value that was edited.
    pub(crate) edit: Option<Edit<'a>>,
}

/// A value before an edit and after it.
#[derive(Debug)]
pub(crate) struct Edit<'a> {
    /// `None` where it was left out of the dead letter, and lies nowhere any more.
    pub(crate) before: Option<Cow<'a, [u8]>>,
    pub(crate) after: &'a [u8],
}

/// Into how many records a value is cut that is too long for the audit record itself; none where it is not, and where it
/// is too long for them too.
fn parts_of(value: &[u8]) -> usize {
    let parts = value.len().div_ceil(MAX_PART_BYTES);
    if value.len() <= MAX_VALUE_WITHIN_BYTES || parts > MAX_PARTS { 0 } else { parts }
}

/// The records behind that of an edit which keep the value as it was, in order and byte by byte.
pub(crate) fn parts(
    letter: &DeadLetter,
    audit_topic: &Arc<str>,
    stamp: &Stamp,
    before: Option<&[u8]>,
) -> Vec<Outgoing> {
    let value = before.unwrap_or_default();
    let count = parts_of(value);
    let part = |(number, bytes): (usize, &[u8])| {
        let mut headers = Headers::new();
        set(&mut headers, header::DLQ_ID, &letter.id.to_string());
        set(&mut headers, header::WF_REPLAY_ID, &stamp.action.to_string());
        set(&mut headers, header::AUDIT_ACTION, action::VALUE);
        set(&mut headers, header::AUDIT_PART, &format!("{}/{count}", number + 1));
        Outgoing {
            topic: Arc::clone(audit_topic),
            key: Some(letter.id.to_string().into_bytes()),
            value: Some(bytes.to_vec()),
            headers,
        }
    };
    value.chunks(MAX_PART_BYTES).take(count).enumerate().map(part).collect()
}

/// The record of the audit topic which says that `letter` was acted upon.
pub(crate) fn audit(
    letter: &DeadLetter,
    audit_topic: &Arc<str>,
    deed: Deed,
    stamp: &Stamp,
    remarks: &Remarks<'_>,
) -> Outgoing {
    let id = letter.id.to_string();
    let mut headers = Headers::new();
    set(&mut headers, header::DLQ_ID, &id);
    set(&mut headers, header::AUDIT_ACTION, deed.word());
    set(&mut headers, header::WF_REPLAY_ID, &stamp.action.to_string());
    set(&mut headers, header::WF_REPLAYED_BY, &stamp.by);
    for name in [header::CE_ID, header::CE_CORRELATIONID, header::DLQ_SERVICE, header::DLQ_STEP] {
        if let Some(value) = letter.record.text(name) {
            set(&mut headers, name, value);
        }
    }
    set(&mut headers, header::CONTENT_TYPE, header::JSON);
    Outgoing {
        topic: Arc::clone(audit_topic),
        key: Some(id.into_bytes()),
        value: Some(told(letter, deed, stamp, remarks).to_string().into_bytes()),
        headers,
    }
}

/// The same in JSON, for people.
fn told(letter: &DeadLetter, deed: Deed, stamp: &Stamp, remarks: &Remarks<'_>) -> Value {
    let mut told = json!({
        "action": deed.word(),
        "action_id": stamp.action.to_string(),
        "by": stamp.by,
        "dead_letter": { "id": letter.id.to_string(), "at": letter.place().to_string() },
        "step": letter.source(),
        "reason": letter.reason,
        "error": letter.error,
        "event": letter.record.text(header::CE_ID),
        "event_type": letter.event_type,
        "instance": letter.instance,
        "origin": letter.origin.as_ref().map(ToString::to_string),
        "replays_before": letter.replays,
    });
    if let Some(reason) = remarks.reason {
        told["discarded_because"] = json!(reason);
    }
    if let Some(forced) = remarks.forced {
        told["forced_against"] = json!(forced);
    }
    if let Some(Edit { before, after }) = &remarks.edit {
        told["value_before"] = match (before, &letter.omitted) {
            (None, Some(omitted)) => json!({ "bytes": omitted.size, "sha256": omitted.sha256 }),
            (before, _) => kept(before.as_deref().unwrap_or_default()),
        };
        told["value_after"] = json!({ "bytes": after.len(), "sha256": sha256(after) });
    }
    told
}

/// A value that is to be had again from the audit topic: as text, else as base64; too long for that, in how many records
/// behind this one; too long for these, only what it was.
fn kept(value: &[u8]) -> Value {
    let mut kept = json!({ "bytes": value.len(), "sha256": sha256(value) });
    if parts_of(value) > 0 {
        kept["parts"] = json!(parts_of(value));
    } else if value.len() <= MAX_VALUE_WITHIN_BYTES {
        match std::str::from_utf8(value) {
            Ok(text) => kept["text"] = json!(text),
            Err(_) => kept["base64"] = json!(STANDARD.encode(value)),
        }
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::action::Action;
    use crate::letter::tests::{HEADERS, letter, record};

    fn stamp() -> Stamp {
        Stamp::new("ada\nlovelace")
    }

    fn again(letter: &DeadLetter, original: Option<Record>, edited: Option<&[u8]>) -> Outgoing {
        replayed(letter, &"payment.charge.retry".into(), original, edited, &stamp())
    }

    fn names(record: &Outgoing) -> Vec<&str> {
        record.headers.iter().map(|(name, _)| name.as_str()).collect()
    }

    #[test]
    fn a_replay_is_the_record_as_the_step_first_read_it() {
        let letter = letter();
        let again = again(&letter, None, None);
        assert_eq!((&again.key, &again.value), (&letter.record.key, &letter.record.value));
        assert_eq!(
            names(&again),
            [
                "wf",
                "dlq-replay-count",
                "wf-replay-id",
                "wf-replayed-by",
                "ce_id",
                "ce_type",
                "ce_correlationid",
                "wf-origin-topic"
            ]
        );
        assert_eq!(text(&again.headers, "wf"), Some("name=order;started=1;hops=2;tenant=7;trace=link"));
        assert_eq!(text(&again.headers, "dlq-replay-count"), Some("1"));
        assert_eq!(text(&again.headers, "wf-replayed-by"), Some("ada lovelace"));
    }

    #[test]
    fn what_an_earlier_replay_said_is_said_anew() {
        let mut headers = HEADERS.to_vec();
        headers.extend([
            ("wf-replay-id", "old"),
            ("wf-replayed-by", "old"),
            ("wf", "name=o;hops=1"),
            ("x", "1"),
        ]);
        headers.push(("x", "2"));
        headers[9].1 = "3";
        let letter = DeadLetter::read(record(&headers)).expect("a dead letter");
        let again = again(&letter, None, None);
        for name in ["wf", "wf-replay-id", "wf-replayed-by", "dlq-replay-count"] {
            assert_eq!(names(&again).iter().filter(|found| **found == name).count(), 1, "{name}");
        }
        assert_eq!(text(&again.headers, "dlq-replay-count"), Some("4"));
        assert_eq!(text(&again.headers, "wf"), Some("name=o;hops=1;trace=link"), "the last one counts");
        assert_eq!(
            names(&again).iter().filter(|name| **name == "x").count(),
            2,
            "foreign headers are untouched"
        );
    }

    #[test]
    fn a_value_from_elsewhere_brings_the_headers_that_were_left_out() {
        let letter = letter();
        let mut original = record(&[("ce_id", "other"), ("huge", "h"), ("dlq-id", "x")]);
        original.value = Some(b"big".to_vec());
        let again = again(&letter, Some(original), None);
        assert_eq!(again.value.as_deref(), Some(&b"big"[..]));
        assert_eq!((text(&again.headers, "ce_id"), text(&again.headers, "huge")), (Some("e1"), Some("h")));
        assert_eq!(text(&again.headers, "dlq-id"), None);
    }

    #[test]
    fn a_key_that_was_left_out_comes_from_elsewhere_too() {
        let mut headers = HEADERS.to_vec();
        let mut original = record(&[]);
        original.key = Some(b"long".to_vec());
        let replay = |headers: &[(&str, &str)], edited| {
            let letter = DeadLetter::read(record(headers)).expect("a dead letter");
            again(&letter, Some(original.clone()), edited)
        };
        assert_eq!(replay(&headers, None).key.as_deref(), Some(&b"o-1"[..]));
        headers.push(("dlq-key-omitted", "true"));
        assert_eq!(replay(&headers, None).key.as_deref(), Some(&b"long"[..]));
        let edited = replay(&headers, Some(b"{}"));
        assert_eq!((edited.key.as_deref(), edited.value.as_deref()), (Some(&b"long"[..]), Some(&b"{}"[..])));
    }

    #[test]
    fn the_audit_record_says_who_did_what() {
        let mut letter = letter();
        letter.record.value = Some(b"\xff".to_vec());
        let stamp = stamp();
        let edit = Edit { before: Some(b"\xff".into()), after: b"{}" };
        let remarks = Remarks { edit: Some(edit), ..Remarks::default() };
        let audit = audit(&letter, &"choreograph.audit".into(), Deed::Edited, &stamp, &remarks);
        let written = Record {
            topic: audit.topic,
            partition: 0,
            offset: 0,
            timestamp: Some(5),
            key: audit.key,
            value: audit.value,
            headers: audit.headers,
        };
        let (id, action) = Action::read(&written).expect("an action");
        assert_eq!((id, action.id, action.deed, action.at), (letter.id, stamp.action, Deed::Edited, 5));
        assert_eq!((action.by.as_str(), written.text("ce_correlationid")), ("ada lovelace", Some("w1")));
        let told: Value = serde_json::from_slice(&written.value.expect("a value")).expect("JSON");
        assert_eq!(
            (&told["value_before"]["base64"], &told["value_before"]["bytes"]),
            (&json!("/w=="), &json!(1))
        );
        assert_eq!(told["value_after"]["bytes"], 2);
    }

    #[test]
    fn a_long_value_is_kept_in_parts_and_one_that_is_too_long_is_told_of() {
        let parts = |value: &[u8]| parts(&letter(), &"choreograph.audit".into(), &stamp(), Some(value));
        let whole = vec![b'x'; MAX_VALUE_WITHIN_BYTES];
        assert!(kept(&whole)["text"].is_string() && parts(&whole).is_empty());
        let long: Vec<u8> = (0..MAX_PART_BYTES + 7).map(|number| number as u8).collect();
        let told = kept(&long);
        assert_eq!((&told["parts"], &told["text"], &told["base64"]), (&json!(2), &Value::Null, &Value::Null));
        let records = parts(&long);
        let numbers: Vec<_> = records.iter().map(|it| text(&it.headers, "audit-part")).collect();
        assert_eq!(numbers, [Some("1/2"), Some("2/2")]);
        let again: Vec<u8> = records.iter().flat_map(|it| it.value.clone().expect("bytes")).collect();
        assert_eq!(again, long);
        let too_long = vec![0; MAX_PART_BYTES * MAX_PARTS + 1];
        assert!(parts(&too_long).is_empty());
        assert_eq!(
            (&kept(&too_long)["parts"], &kept(&too_long)["bytes"]),
            (&Value::Null, &json!(too_long.len()))
        );
    }
}
