//! What some events meet of a schema: a schema that says the same of them, and is small where they are.

use std::collections::{HashMap, HashSet};

use jsonschema::Draft;
use serde_json::{Map, Value, json};

use super::dialect;
use crate::meaning::ANNOTATIONS;
use crate::schema::{LIST, ONE, resolve};

/// The most values that such a schema may have: compiling more takes longer than a comparison may.
pub(super) const MAX_MET_VALUES: usize = 400_000;
/// The most definitions that it may have: each may stand inside the one before, and is compiled there.
pub(super) const MAX_MET_DEFINITIONS: usize = 2_000;

/// Keywords whose schemas by name matter where a member has that name.
const BY_MEMBER: [&str; 3] = ["properties", "dependentSchemas", "dependencies"];
/// Keywords that give a schema another name or another meaning than its place does.
const ELSEWHERE: [&str; 6] =
    ["$anchor", "$dynamicAnchor", "$dynamicRef", "$recursiveAnchor", "$recursiveRef", "id"];

/// Keywords that are made anew, or say nothing of an event.
const LEFT_OUT: [&str; 3] = ["$defs", "definitions", "$id"];

/// The names of all members of an event, however deep.
pub(super) fn names_in<'e>(event: &'e Value, names: &mut HashSet<&'e str>) {
    match event {
        Value::Array(elements) => elements.iter().for_each(|element| names_in(element, names)),
        Value::Object(members) => {
            for (name, member) in members {
                names.insert(name);
                names_in(member, names);
            }
        }
        _ => {}
    }
}

/// A schema that says of an event whose members have no other names than `names` what `root` says, which is of `draft`.
///
/// What is left out are properties of other names, definitions that nothing else refers to, and annotations. `None` if it is
/// still too large, or refers to what it does not hold by a pointer.
pub(super) fn met(root: &Value, draft: Draft, names: &HashSet<&str>) -> Option<Value> {
    let definitions_in = if draft < Draft::Draft201909 { "definitions" } else { "$defs" };
    let mut met = Met {
        root,
        names,
        definitions_in,
        places: HashMap::new(),
        waiting: Vec::new(),
        left: MAX_MET_VALUES,
    };
    let mut schema = met.schema(root)?;
    let mut definitions = Map::new();
    while let Some((place, definition)) = met.waiting.pop() {
        definitions.insert(place.to_string(), met.schema(definition)?);
    }
    if let Value::Object(schema) = &mut schema {
        schema.insert("$schema".to_owned(), json!(dialect::uri(draft)));
        schema.insert(definitions_in.to_owned(), Value::Object(definitions));
    }
    Some(schema)
}

struct Met<'a, 'n> {
    root: &'a Value,
    names: &'n HashSet<&'n str>,
    /// The keyword that holds definitions.
    definitions_in: &'static str,
    /// The name of each schema that is referred to, by where it stands in memory.
    places: HashMap<*const Value, usize>,
    /// Those of them that are not yet looked at.
    waiting: Vec<(usize, &'a Value)>,
    left: usize,
}

impl<'a> Met<'a, '_> {
    fn schema(&mut self, schema: &'a Value) -> Option<Value> {
        self.left = self.left.checked_sub(1)?;
        let Value::Object(object) = schema else { return Some(schema.clone()) };
        let mut kept = Map::new();
        for (key, value) in object {
            let key = key.as_str();
            if ELSEWHERE.contains(&key) || (key == "$id" && !std::ptr::eq(schema, self.root)) {
                return None;
            }
            if !LEFT_OUT.contains(&key) && !ANNOTATIONS.contains(&key) {
                kept.insert(key.to_owned(), self.keyword(key, value)?);
            }
        }
        Some(Value::Object(kept))
    }

    /// What is kept of a keyword.
    fn keyword(&mut self, key: &str, value: &'a Value) -> Option<Value> {
        Some(match value {
            Value::String(reference) if key == "$ref" => {
                let place = self.place(reference)?;
                json!(format!("#/{}/{place}", self.definitions_in))
            }
            Value::Object(by_name) if BY_MEMBER.contains(&key) => self.members(by_name)?,
            Value::Object(by_name) if key == "patternProperties" => {
                let schemas = by_name.iter().map(|(name, inner)| Some((name.clone(), self.schema(inner)?)));
                Value::Object(schemas.collect::<Option<_>>()?)
            }
            Value::Array(schemas) if LIST.contains(&key) || key == "items" => {
                Value::Array(schemas.iter().map(|inner| self.schema(inner)).collect::<Option<_>>()?)
            }
            _ if ONE.contains(&key) || key == "additionalItems" => self.schema(value)?,
            _ => self.as_it_is(value)?,
        })
    }

    /// The schemas of members that are there. One that is not stays where all would go: an object that declares nothing is
    /// another one.
    fn members(&mut self, by_name: &'a Map<String, Value>) -> Option<Value> {
        let mut kept = Map::new();
        for name in self.names {
            if let Some(inner) = by_name.get(*name) {
                let inner = if inner.is_array() { self.as_it_is(inner)? } else { self.schema(inner)? };
                kept.insert((*name).to_owned(), inner);
            }
        }
        if let Some((name, _)) = by_name.iter().next().filter(|_| kept.is_empty()) {
            kept.insert(name.clone(), json!(true));
        }
        Some(Value::Object(kept))
    }

    /// The name of the definition that a reference leads to, past references that say nothing else.
    fn place(&mut self, reference: &str) -> Option<usize> {
        let mut target = resolve(self.root, reference)?;
        let mut seen = HashSet::new();
        while let Value::Object(object) = target
            && let (1, Some(Value::String(next))) = (object.len(), object.get("$ref"))
        {
            if !seen.insert(std::ptr::from_ref(target)) {
                return None;
            }
            target = resolve(self.root, next)?;
        }
        let next = self.places.len();
        if next >= MAX_MET_DEFINITIONS {
            return None;
        }
        Some(*self.places.entry(std::ptr::from_ref(target)).or_insert_with(|| {
            self.waiting.push((next, target));
            next
        }))
    }

    fn as_it_is(&mut self, value: &Value) -> Option<Value> {
        fn values(value: &Value) -> usize {
            1 + match value {
                Value::Array(elements) => elements.iter().map(values).sum(),
                Value::Object(members) => members.values().map(values).sum(),
                _ => 0,
            }
        }
        self.left = self.left.checked_sub(values(value))?;
        Some(value.clone())
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use jsonschema::Draft;
    use serde_json::{Value, json};

    use super::super::document::Document;
    use super::super::options::Semantics;
    use super::super::prepare::{Part, Prepared};
    use super::{MAX_MET_DEFINITIONS, met, names_in};

    fn of(schema: &Value, event: &Value) -> Option<Value> {
        let mut names = HashSet::new();
        names_in(event, &mut names);
        met(schema, Draft::Draft202012, &names)
    }

    #[test]
    fn what_the_event_does_not_meet_is_left_out() {
        let schema = json!({
            "$id": "urn:contract:a.b/1.0",
            "title": "A",
            "properties": { "a": { "$ref": "#/$defs/A" }, "b": { "$ref": "#/$defs/B" }, "c": { "properties": { "d": {} } } },
            "$defs": { "A": { "$ref": "#/$defs/C" }, "B": { "type": "null" }, "C": { "anyOf": [{ "$ref": "#" }, { "type": "string" }] } },
            "required": ["b"],
        });
        let found = of(&schema, &json!({ "a": { "c": {} } })).unwrap();
        let root = |rest: Value| {
            let mut root = json!({
                "properties": { "a": { "$ref": "#/$defs/0" }, "c": { "properties": { "d": true } } }, "required": ["b"],
            });
            root.as_object_mut().unwrap().extend(rest.as_object().unwrap().clone());
            root
        };
        let definitions = json!({
            "$schema": "https://json-schema.org/draft/2020-12/schema",
            "$defs": { "0": { "anyOf": [{ "$ref": "#/$defs/1" }, { "type": "string" }] }, "1": root(json!({})) },
        });
        assert_eq!(found, root(definitions));
    }

    #[test]
    fn what_is_too_large_or_named_otherwise_is_not_made() {
        let to = |index: usize| json!({ "$ref": format!("#/$defs/{index}") });
        let chain = |length: usize| {
            let inner = |index: usize| (index.to_string(), json!({ "allOf": [to(index + 1)] }));
            let definitions = (0..length).map(inner).chain([(length.to_string(), json!(true))]);
            json!({ "allOf": [to(0)], "$defs": definitions.collect::<serde_json::Map<_, _>>() })
        };
        assert!(of(&chain(MAX_MET_DEFINITIONS - 1), &json!(1)).is_some());
        assert_eq!(of(&chain(MAX_MET_DEFINITIONS), &json!(1)), None);
        assert_eq!(of(&json!({ "enum": vec![1; super::MAX_MET_VALUES] }), &json!(1)), None);
        for elsewhere in [
            json!({ "$anchor": "a" }),
            json!({ "$dynamicRef": "#a" }),
            json!({ "not": { "$id": "urn:x" } }),
            json!({ "$ref": "#/$defs/gone" }),
            json!({ "$ref": "urn:x" }),
            json!({ "$ref": "#/$defs/0", "$defs": { "0": { "$ref": "#/$defs/0" } } }),
        ] {
            assert_eq!(of(&elsewhere, &json!(1)), None, "{elsewhere}");
        }
    }

    /// On every schema of the official suite and every instance of its group, as it stands, as a writer's and as a reader's.
    #[test]
    fn what_an_event_meets_says_of_it_what_the_whole_says() {
        let suite = include_str!("../../tests/data/json-schema-2020-12.jsonl");
        let mut asked = 0;
        for line in suite.lines() {
            let group: Value = serde_json::from_str(line).unwrap();
            let document = Document::from_value("it", group["schema"].clone());
            for (semantics, part) in [
                (Semantics::Plain, Part::Writer),
                (Semantics::Contract, Part::Writer),
                (Semantics::Contract, Part::Reader),
            ] {
                let Ok(whole) = Prepared::new(&document, part, semantics) else { continue };
                let Ok(validator) = whole.validator() else { continue };
                for test in group["tests"].as_array().unwrap() {
                    let event = &test[0];
                    let mut names = HashSet::new();
                    names_in(event, &mut names);
                    let Some(schema) = met(document.value(), whole.draft, &names) else { continue };
                    let small = Document::from_value("it", schema.clone());
                    let small = Prepared::new(&small, part, semantics).unwrap();
                    let found = small.validator().unwrap().is_valid(event);
                    assert_eq!(
                        found,
                        validator.is_valid(event),
                        "{semantics:?} {part:?} {event}: {schema} of {}",
                        group["schema"]
                    );
                    asked += 1;
                }
            }
        }
        assert!(asked > 3_000, "{asked}");
    }
}
