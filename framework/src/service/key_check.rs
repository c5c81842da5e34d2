//! Whether the field that an event calls its key can be one, as its schema says.

use serde_json::Value;

/// How many `$ref`s are followed to a field's own schema.
const MAX_REFS: usize = 8;

/// What kind of value the key is instead of a text, a whole number or a boolean; nothing where it can be a key, or
/// where its schema does not say.
pub(crate) fn unfit(schema: &Value, field: &str) -> Option<&'static str> {
    let property = resolved(schema, schema.get("properties")?.get(field)?);
    match property.get("type") {
        Some(Value::String(kind)) => unfit_type(kind),
        Some(Value::Array(kinds)) => kinds.iter().filter_map(Value::as_str).find_map(unfit_type),
        _ => None,
    }
}

fn unfit_type(kind: &str) -> Option<&'static str> {
    match kind {
        "object" => Some("an object"),
        "array" => Some("a list"),
        "number" => Some("a number that may be no whole one"),
        "null" => Some("a value that may be absent"),
        _ => None,
    }
}

fn resolved<'a>(root: &'a Value, mut schema: &'a Value) -> &'a Value {
    for _ in 0..MAX_REFS {
        let Some(pointer) = schema.get("$ref").and_then(Value::as_str).and_then(|it| it.strip_prefix('#'))
        else {
            break;
        };
        let Some(target) = root.pointer(pointer) else { break };
        schema = target;
    }
    schema
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn only_texts_whole_numbers_and_booleans_are_keys() {
        let schema = json!({
            "properties": {
                "text": {"type": "string"},
                "number": {"$ref": "#/$defs/Id"},
                "float": {"type": "number"},
                "maybe": {"type": ["string", "null"]},
                "money": {"$ref": "#/$defs/Money"},
                "round": {"$ref": "#/properties/round"},
            },
            "$defs": {"Id": {"type": "integer"}, "Money": {"type": "object"}},
        });
        assert_eq!(unfit(&schema, "text"), None);
        assert_eq!(unfit(&schema, "number"), None);
        assert_eq!(unfit(&schema, "unknown"), None);
        assert_eq!(unfit(&schema, "round"), None);
        assert_eq!(unfit(&schema, "float"), Some("a number that may be no whole one"));
        assert_eq!(unfit(&schema, "maybe"), Some("a value that may be absent"));
        assert_eq!(unfit(&schema, "money"), Some("an object"));
    }
}
