//! Whether the field that an event calls its key can be one, as its schema says.

use serde_json::Value;

/// How many `$ref`s are followed to a schema.
const MAX_REFS: usize = 8;

/// How many alternatives within alternatives are looked into.
const MAX_DEPTH: usize = 8;

/// Said of a field that may have no value, or is not always written.
pub(crate) const ABSENT: &str = "a value that may be absent";

/// What kind of value the key is instead of a text, a whole number or a boolean; nothing where it can be a key, or
/// where the schema does not say.
pub(crate) fn unfit(schema: &Value, field: &str) -> Option<&'static str> {
    let properties = resolved(schema, schema).get("properties")?;
    let Some(property) = properties.get(field) else {
        return Some("no field of what is written");
    };
    unfit_schema(schema, property, MAX_DEPTH)
}

fn unfit_schema(root: &Value, schema: &Value, depth: usize) -> Option<&'static str> {
    let schema = resolved(root, schema);
    let own = match schema.get("type") {
        Some(Value::String(kind)) => unfit_type(kind),
        Some(Value::Array(kinds)) => kinds.iter().filter_map(Value::as_str).find_map(unfit_type),
        _ => None,
    };
    let depth = depth.checked_sub(1)?;
    let branches = ["anyOf", "oneOf", "allOf"].into_iter().filter_map(|word| schema.get(word)?.as_array());
    own.or_else(|| branches.flatten().find_map(|branch| unfit_schema(root, branch, depth)))
}

fn unfit_type(kind: &str) -> Option<&'static str> {
    match kind {
        "object" => Some("an object"),
        "array" => Some("a list"),
        "number" => Some("a number that may be no whole one"),
        "null" => Some(ABSENT),
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
                "perhaps": {"anyOf": [{"$ref": "#/$defs/Id"}, {"type": "null"}]},
                "kind": {"oneOf": [{"const": "a", "type": "string"}, {"enum": ["b", "c"], "type": "string"}]},
                "deep": {"anyOf": [{"$ref": "#/properties/deep"}, {"allOf": [{"type": "array"}]}]},
            },
            "$defs": {"Id": {"type": "integer"}, "Money": {"type": "object"}},
        });
        assert_eq!(unfit(&schema, "text"), None);
        assert_eq!(unfit(&schema, "number"), None);
        assert_eq!(unfit(&schema, "kind"), None);
        assert_eq!(unfit(&schema, "unknown"), Some("no field of what is written"));
        assert_eq!(unfit(&json!({"type": "object"}), "unknown"), None, "it does not say");
        assert_eq!(unfit(&json!({"$ref": "#/$defs/A", "$defs": {"A": schema}}), "text"), None);
        assert_eq!(unfit(&schema, "round"), None);
        assert_eq!(unfit(&schema, "float"), Some("a number that may be no whole one"));
        assert_eq!(unfit(&schema, "maybe"), Some(ABSENT));
        assert_eq!(unfit(&schema, "perhaps"), Some(ABSENT));
        assert_eq!(unfit(&schema, "deep"), Some("a list"));
        assert_eq!(unfit(&schema, "money"), Some("an object"));
    }
}
