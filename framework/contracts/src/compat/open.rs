//! Opening a reader: what it does not declare passes.

use serde_json::{Map, Value};

use crate::schema::{LIST, MAP};

/// Keywords whose one schema says what an inner value is. Those that test (`not`, `if`, `contains`,
/// `propertyNames`) stay as they are.
const BELOW: [&str; 6] =
    ["additionalProperties", "unevaluatedProperties", "items", "unevaluatedItems", "then", "else"];

/// Takes back what [`views::close`](crate::views::close) does: no object that declares its members refuses
/// others. Maps stay as they are.
pub(super) fn open(schema: &mut Value) {
    let Value::Object(object) = schema else { return };
    open_object(object);
    for (key, value) in object {
        let key = key.as_str();
        if BELOW.contains(&key) {
            open(value);
        } else if LIST.contains(&key) {
            value.as_array_mut().into_iter().flatten().for_each(open);
        } else if MAP.contains(&key) {
            value.as_object_mut().into_iter().flat_map(Map::values_mut).for_each(open);
        }
    }
}

fn open_object(object: &mut Map<String, Value>) {
    let is_map = object.contains_key("patternProperties") && !object.contains_key("properties");
    if !is_map && object.get("additionalProperties").is_some_and(|rest| *rest == false) {
        object.remove("additionalProperties");
    }
    if object.get("unevaluatedProperties").is_some_and(|rest| *rest == false) {
        object.remove("unevaluatedProperties");
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::open;
    use crate::views::close;

    #[test]
    fn what_was_closed_is_open_again_and_maps_stay() {
        let schema = json!({
            "properties": { "a": { "properties": { "b": true } }, "m": { "additionalProperties": { "type": "null" } } },
            "allOf": [{ "properties": { "c": true } }, { "not": { "additionalProperties": false } }],
        });
        let mut closed = schema.clone();
        close(&mut closed);
        assert_ne!(closed, schema);
        open(&mut closed);
        assert_eq!(closed, schema);
    }
}
