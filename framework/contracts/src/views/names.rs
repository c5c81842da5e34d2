//! Names that serde takes and `schemars` does not see: aliases, and variants that nobody knows yet.

use serde_json::{Map, Value, json};

use super::{ALIASES, OPEN_ENUM};
use crate::schema::for_each_mut;

/// Lets the fields and variants of `schema` come under their aliases.
pub(super) fn take_aliases(schema: &mut Value) {
    for_each_mut(schema, &mut |object| {
        take_field_aliases(object);
        take_value_aliases(object);
    });
    for_each_mut(schema, &mut |object| {
        object.remove(ALIASES);
    });
}

fn aliases_of(schema: &Value) -> Vec<String> {
    let listed = schema.get(ALIASES).and_then(Value::as_array);
    listed.into_iter().flatten().filter_map(Value::as_str).map(str::to_owned).collect()
}

/// Each alias becomes a property like its field; a required field becomes one that comes under any name.
fn take_field_aliases(object: &mut Map<String, Value>) {
    let Some(Value::Object(properties)) = object.get_mut("properties") else { return };
    let aliased: Vec<(String, Vec<String>, Value)> = properties
        .iter()
        .map(|(name, field)| (name.clone(), aliases_of(field), field.clone()))
        .filter(|(_, aliases, _)| !aliases.is_empty())
        .collect();
    for (name, aliases, field) in aliased {
        let mut field = field;
        field.as_object_mut().map(|field| field.remove(ALIASES));
        if let Some(Value::Object(properties)) = object.get_mut("properties") {
            properties.insert(name.clone(), field.clone());
            for alias in &aliases {
                properties.entry(alias.clone()).or_insert_with(|| field.clone());
            }
        }
        if stop_requiring(object, &name) {
            let any: Vec<Value> =
                std::iter::once(&name).chain(&aliases).map(|name| json!({ "required": [name] })).collect();
            if let Value::Array(all) = object.entry("allOf").or_insert_with(|| json!([])) {
                all.push(json!({ "anyOf": any }));
            }
        }
    }
}

/// Takes `name` off the required names; whether it was one.
fn stop_requiring(object: &mut Map<String, Value>, name: &str) -> bool {
    let Some(Value::Array(required)) = object.get_mut("required") else { return false };
    let before = required.len();
    required.retain(|required| required != name);
    let was = required.len() < before;
    if required.is_empty() {
        object.remove("required");
    }
    was
}

/// A variant's value may also be one of its aliases.
fn take_value_aliases(object: &mut Map<String, Value>) {
    if object.contains_key("const")
        && let Some(Value::Array(aliases)) = object.remove(ALIASES)
        && let Some(value) = object.remove("const")
    {
        let values: Vec<Value> = std::iter::once(value).chain(aliases).collect();
        object.insert("enum".to_owned(), Value::Array(values));
    }
}

/// Lets enums marked as open take variants that they do not know.
pub(crate) fn open_enums(schema: &mut Value) {
    for_each_mut(schema, &mut |object| {
        if object.get(OPEN_ENUM) == Some(&Value::Bool(true)) {
            open_enum(object);
        }
    });
}

fn open_enum(object: &mut Map<String, Value>) {
    if let Some(Value::Array(values)) = object.remove("enum") {
        open_values(object, values);
        return;
    }
    let Some(Value::Array(branches)) = object.get_mut("oneOf") else { return };
    if branches.iter().all(|branch| branch.get("type").is_some_and(|kind| kind == "string")) {
        object.remove("oneOf");
        object.insert("type".to_owned(), "string".into());
    } else if let Some((tag, known)) = common_tag(branches) {
        branches.push(json!({
            "type": "object",
            "properties": { &tag: { "type": "string", "not": { "enum": known } } },
            "required": [tag],
        }));
    }
}

/// Lets any text pass beside the values that are none.
fn open_values(object: &mut Map<String, Value>, mut values: Vec<Value>) {
    values.retain(|value| !value.is_string());
    if values.is_empty() {
        object.insert("type".to_owned(), "string".into());
    } else if let Value::Array(all) = object.entry("allOf").or_insert_with(|| json!([])) {
        all.push(json!({ "anyOf": [{ "enum": values }, { "type": "string" }] }));
    }
}

/// The property by which all `branches` can be told apart, and the values it has.
fn common_tag(branches: &[Value]) -> Option<(String, Vec<Value>)> {
    let first = branches.first()?.get("properties")?.as_object()?;
    first.keys().find_map(|tag| {
        let values = branches.iter().map(|branch| tag_values(branch.get("properties")?.get(tag)?));
        let known: Option<Vec<Vec<Value>>> = values.collect();
        Some((tag.clone(), known?.concat()))
    })
}

fn tag_values(tag: &Value) -> Option<Vec<Value>> {
    match (tag.get("const"), tag.get("enum")) {
        (Some(value), _) => Some(vec![value.clone()]),
        (None, Some(Value::Array(values))) => Some(values.clone()),
        _ => None,
    }
}
