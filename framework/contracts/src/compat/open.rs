//! Opening a reader: what it does not declare passes.

use serde_json::{Map, Value};

use crate::schema::{LIST, MAP};

/// Keywords whose one schema says what an inner value is. Those that test (`not`, `if`, `contains`,
/// `propertyNames`) stay as they are.
pub(super) const BELOW: [&str; 6] =
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
    for key in closers(object).collect::<Vec<_>>() {
        object.remove(key);
    }
}

/// The keywords by which an object that declares its members refuses others.
pub(super) fn closers(object: &Map<String, Value>) -> impl Iterator<Item = &'static str> {
    let is_map = object.contains_key("patternProperties") && !object.contains_key("properties");
    let refuses = |key: &str| object.get(key).is_some_and(|rest| *rest == false);
    let rest = (!is_map && refuses("additionalProperties")).then_some("additionalProperties");
    rest.into_iter().chain(refuses("unevaluatedProperties").then_some("unevaluatedProperties"))
}

/// The schemas that opening goes into.
pub(super) fn opened_within(object: &Map<String, Value>) -> impl Iterator<Item = &Value> {
    let one = BELOW.iter().filter_map(|key| object.get(*key));
    let list = LIST.iter().filter_map(|key| object.get(*key)?.as_array()).flatten();
    let map = MAP.iter().filter_map(|key| object.get(*key)?.as_object()).flat_map(Map::values);
    one.chain(list).chain(map)
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
