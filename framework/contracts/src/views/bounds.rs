//! Integer formats as bounds.

use serde_json::{Map, Number, Value};

/// The formats that `schemars` writes without both bounds, and their range. `usize` counts as 64 bits. 128-bit
/// integers stay as they are: JSON readers have no such numbers to compare with.
const RANGES: [(&str, i64, u64); 6] = [
    ("int32", i32::MIN as i64, i32::MAX as u64),
    ("uint32", 0, u32::MAX as u64),
    ("int64", i64::MIN, i64::MAX as u64),
    ("uint64", 0, u64::MAX),
    ("int", i64::MIN, i64::MAX as u64),
    ("uint", 0, u64::MAX),
];

/// Adds the bounds that an integer's format stands for, unless tighter ones are there.
pub(crate) fn bound_integers(schema: &mut Map<String, Value>) {
    let format = schema.get("format").and_then(Value::as_str);
    let Some((_, least, most)) = RANGES.iter().find(|(name, ..)| format == Some(name)) else { return };
    if !is_integer(schema.get("type")) {
        return;
    }
    let least_stated =
        ["minimum", "exclusiveMinimum"].iter().any(|key| states(schema, key, |n| n >= *least as f64));
    let most_stated =
        ["maximum", "exclusiveMaximum"].iter().any(|key| states(schema, key, |n| n <= *most as f64));
    if !least_stated {
        schema.insert("minimum".to_owned(), Value::Number(Number::from(*least)));
    }
    if !most_stated {
        schema.insert("maximum".to_owned(), Value::Number(Number::from(*most)));
    }
}

fn is_integer(kind: Option<&Value>) -> bool {
    match kind {
        Some(Value::String(kind)) => kind == "integer",
        Some(Value::Array(kinds)) => kinds.iter().any(|kind| kind == "integer"),
        _ => false,
    }
}

fn states(schema: &Map<String, Value>, key: &str, tight_enough: impl Fn(f64) -> bool) -> bool {
    schema.get(key).and_then(Value::as_f64).is_some_and(tight_enough)
}
