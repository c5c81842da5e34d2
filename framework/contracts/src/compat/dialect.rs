//! Dialects: what a document is written in.

use jsonschema::Draft;
use serde_json::Value;

use crate::schema::{LIST, MAP, ONE};

/// The drafts that are read, by the path of their `$schema`.
const DRAFTS: [(&str, Draft, &str); 6] = [
    ("json-schema.org/draft/2020-12/schema", Draft::Draft202012, "draft 2020-12"),
    ("json-schema.org/draft/2019-09/schema", Draft::Draft201909, "draft 2019-09"),
    ("json-schema.org/draft-07/schema", Draft::Draft7, "draft 7"),
    ("json-schema.org/draft-06/schema", Draft::Draft6, "draft 6"),
    ("json-schema.org/draft-04/schema", Draft::Draft4, "draft 4"),
    ("json-schema.org/schema", Draft::Draft202012, "draft 2020-12"),
];

/// The draft of a schema: that of its `$schema`, else 2020-12, unless it is spelled as only older drafts are. `None`
/// if it is none that is read.
pub(super) fn of(schema: &Value) -> Option<Draft> {
    let Some(stated) = schema.get("$schema") else { return Some(unstated(schema)) };
    let stated = stated.as_str()?.trim_end_matches('#');
    let path = stated.strip_prefix("https://").or_else(|| stated.strip_prefix("http://"))?;
    DRAFTS.iter().find(|(known, ..)| *known == path).map(|(_, draft, _)| *draft)
}

/// The `$schema` of a draft that is read.
pub(super) fn uri(draft: Draft) -> String {
    let path = DRAFTS.iter().find(|(_, known, _)| *known == draft).map_or("", |(path, ..)| path);
    // The older ones are named as they were published.
    if path.contains("/draft-") { format!("http://{path}#") } else { format!("https://{path}") }
}

/// The latest draft that means what is written, where nothing says which one it is: `items` lists schemas up to
/// 2019-09, `dependencies` and `additionalItems` say something up to then, and `exclusiveMinimum` is true or false in
/// draft 4. To read them as 2020-12 would be to overlook them.
fn unstated(schema: &Value) -> Draft {
    let mut draft = Draft::Draft202012;
    let mut left = vec![schema];
    while let Some(schema) = left.pop() {
        let Value::Object(object) = schema else { continue };
        for (key, value) in object {
            let key = key.as_str();
            match value {
                Value::Bool(_) if matches!(key, "exclusiveMinimum" | "exclusiveMaximum") => {
                    return Draft::Draft4;
                }
                Value::Array(list) if key == "items" || LIST.contains(&key) => {
                    if key == "items" {
                        draft = Draft::Draft201909;
                    }
                    left.extend(list);
                }
                Value::Object(map) if MAP.contains(&key) || matches!(key, "definitions" | "dependencies") => {
                    if key == "dependencies" {
                        draft = Draft::Draft201909;
                    }
                    left.extend(map.values());
                }
                Value::Object(_) if key == "additionalItems" || ONE.contains(&key) => left.push(value),
                _ => {}
            }
        }
    }
    draft
}

/// Whether a schema inside `schema` is written in another draft than `draft`, or in one that is not read.
pub(super) fn is_mixed(schema: &Value, draft: Draft) -> bool {
    match schema {
        Value::Array(list) => list.iter().any(|inner| is_mixed(inner, draft)),
        Value::Object(object) => {
            let stated = object.get("$schema").is_some_and(Value::is_string);
            (stated && of(schema) != Some(draft)) || object.values().any(|inner| is_mixed(inner, draft))
        }
        _ => false,
    }
}

/// What people call a draft.
pub(super) fn name(draft: Draft) -> &'static str {
    DRAFTS.iter().find(|(_, known, _)| *known == draft).map_or("an unknown draft", |(.., name)| name)
}

/// Whether a schema asks for integers anywhere: draft 4 takes `1.0` for none, all others take it for one.
pub(super) fn asks_for_integers(schema: &Value) -> bool {
    match schema {
        Value::Object(object) => object.iter().any(|(key, value)| {
            let integer = |kind: &Value| kind == "integer";
            let asks = key == "type"
                && (integer(value) || value.as_array().is_some_and(|all| all.iter().any(integer)));
            asks || asks_for_integers(value)
        }),
        Value::Array(list) => list.iter().any(asks_for_integers),
        _ => false,
    }
}

/// Whether a schema must be translated before it is read as 2020-12.
pub(super) fn must_be_translated(schema: &Value, draft: Draft) -> bool {
    draft != Draft::Draft202012 || (schema.get("definitions").is_some() && schema.get("$defs").is_none())
}
