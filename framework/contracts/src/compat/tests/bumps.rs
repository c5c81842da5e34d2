//! The version step that a change needs, where words and meaning part.

use serde_json::{Value, json};

use crate::compat::{Bump, Document, Options, compare};

const DRAFT_7: &str = "http://json-schema.org/draft-07/schema#";
const DRAFT_2020_12: &str = "https://json-schema.org/draft/2020-12/schema";

fn bump(old: &Value, new: &Value) -> Bump {
    let (old, new) = (Document::from_value("old", old.clone()), Document::from_value("new", new.clone()));
    compare(&old, &new, &Options::default()).unwrap().bump
}

/// An object with properties `x` and `y`, and what else it says.
fn object(more: &Value) -> Value {
    let mut schema =
        json!({ "type": "object", "properties": { "x": { "type": "string" }, "y": { "type": "string" } } });
    for (key, value) in more.as_object().unwrap() {
        schema[key] = value.clone();
    }
    schema
}

#[test]
fn who_opens_or_closes_what_is_written_changes_it() {
    let (closed, open) = (object(&json!({})), object(&json!({ "additionalProperties": true })));
    assert_eq!(bump(&closed, &open), Bump::Minor);
    assert_eq!(bump(&open, &closed), Bump::Minor);
    assert_eq!(bump(&open, &object(&json!({ "additionalProperties": {} }))), Bump::Patch);
}

#[test]
fn the_same_words_in_another_draft_are_another_contract_where_they_say_something_else() {
    let more = json!({ "dependentRequired": { "x": ["y"] } });
    let of = |draft: &str, more: &Value| {
        let mut schema = object(more);
        schema["$schema"] = draft.into();
        schema
    };
    assert_eq!(bump(&of(DRAFT_7, &more), &of(DRAFT_2020_12, &more)), Bump::Major);
    assert_eq!(bump(&of(DRAFT_2020_12, &more), &of(DRAFT_7, &more)), Bump::Major);
    assert_eq!(bump(&of(DRAFT_7, &more), &of(DRAFT_7, &more)), Bump::None);
    assert_eq!(bump(&of(DRAFT_7, &json!({})), &of(DRAFT_2020_12, &json!({}))), Bump::Patch);
    assert_eq!(bump(&of(DRAFT_7, &more), &of(DRAFT_2020_12, &json!({}))), Bump::Patch, "draft 7 ignores it");
}

#[test]
fn words_for_people_are_words_in_a_large_contract_too() {
    let large = |description: &str| {
        let fields = (0..6_000).map(|field| (format!("field_{field}"), json!({ "type": "string" })));
        json!({ "type": "object", "description": description, "properties": fields.collect::<serde_json::Map<_, _>>() })
    };
    assert_eq!(bump(&large("What it was."), &large("What it is.")), Bump::Patch);
}
