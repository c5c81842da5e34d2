//! Whether two schemas mean the same, however they are written.

use std::borrow::Cow;
use std::collections::HashSet;

use jsonschema::json::cmp;
use serde_json::{Map, Value, json};

use crate::schema::{LIST, MAP, ONE, for_each_mut, has_key, resolve};

/// Keywords that say something to people and nothing to a check.
pub(crate) const ANNOTATIONS: [&str; 6] =
    ["title", "description", "examples", "deprecated", "$comment", "$schema"];
/// Keywords whose list is a set.
const SETS: [&str; 3] = ["required", "enum", "type"];

/// Whether `left` and `right` mean the same.
///
/// What makes no difference: annotations (`title`, `description`, `examples`, `deprecated`, `$comment`,
/// `$schema`), the order of members, of `required`, `enum` and `type`, and of the branches of `allOf`, `anyOf`
/// and `oneOf`; whether a schema stands in place or behind a `$ref`, and the names in `$defs`; `const` or an
/// `enum` of one; an `enum` of texts or a `oneOf` of constants (`schemars` writes the second as soon as one
/// variant has a doc comment); `{}` or `true`; `1` or `1.0`. All else does, a `default` and the root's `$id`
/// included, and whether an object declares its properties or says `additionalProperties: true`: who writes events of
/// the first writes nothing else, who writes those of the second may. Two schemas that accept the same events for deeper reasons may count as different, never the other
/// way round.
///
/// ```
/// use choreograph_contracts::same_meaning;
/// use serde_json::json;
///
/// let plain = json!({ "type": "string", "enum": ["card", "cash"] });
/// let told = json!({ "oneOf": [
///     { "type": "string", "const": "cash" },
///     { "type": "string", "const": "card", "description": "Any credit card." },
/// ] });
/// assert!(same_meaning(&plain, &told));
/// ```
pub fn same_meaning(left: &Value, right: &Value) -> bool {
    first_difference(left, right).is_none()
}

/// Where `left` first differs in meaning from `right`: a JSON Pointer along the schemas (through `$ref`s, as if
/// they stood in place), or `None` if they mean the same. See [`same_meaning`].
pub fn first_difference(left: &Value, right: &Value) -> Option<String> {
    difference_of_normal(&normal(left), &normal(right))
}

/// The same of two schemas that are [`normal`] already.
pub(crate) fn difference_of_normal(left: &Value, right: &Value) -> Option<String> {
    Comparison { left, right, assumed: Vec::new() }.schemas(left, right, String::new()).err()
}

/// `schema` without annotations and with one spelling for what has several.
pub(crate) fn normal(schema: &Value) -> Value {
    let mut schema = schema.clone();
    // What `items` looked at, `unevaluatedItems` is no longer about.
    let items_alone = !has_key(&schema, &["unevaluatedItems"]);
    for_each_mut(&mut schema, &mut |object| {
        object.retain(|key, _| !ANNOTATIONS.contains(&key.as_str()));
        // Beside an `enum` each stands for itself.
        if !object.contains_key("enum")
            && let Some(value) = object.remove("const")
        {
            object.insert("enum".to_owned(), json!([value]));
        }
        gather_constants(object);
        drop_what_says_nothing(object, items_alone);
    });
    schema
}

/// `oneOf` with nothing but constants in its branches becomes their `enum`.
fn gather_constants(object: &mut Map<String, Value>) {
    let Some(Value::Array(branches)) = object.get("oneOf") else { return };
    let lists = branches.iter().map(|branch| {
        let branch = branch.as_object().filter(|branch| branch.len() == 1)?;
        branch.get("enum")?.as_array().cloned()
    });
    let Some(lists) = lists.collect::<Option<Vec<_>>>() else { return };
    let values = lists.concat();
    let distinct =
        (1..values.len()).all(|at| values[..at].iter().all(|value| !cmp::equal(value, &values[at])));
    if distinct && !object.contains_key("enum") {
        object.remove("oneOf");
        object.insert("enum".to_owned(), Value::Array(values));
    }
}

fn drop_what_says_nothing(object: &mut Map<String, Value>, items_alone: bool) {
    object.retain(|key, value| match key.as_str() {
        "required" => value.as_array().is_none_or(|names| !names.is_empty()),
        "items" => !(items_alone && takes_everything(value)),
        _ => true,
    });
    if let Some(Value::Array(kinds)) = object.get("type")
        && let [kind] = kinds.as_slice()
    {
        let kind = kind.clone();
        object.insert("type".to_owned(), kind);
    }
    let values = object.get("enum").and_then(Value::as_array);
    let kind = object.get("type").and_then(Value::as_str);
    if let (Some(values), Some(kind)) = (values, kind)
        && values.iter().all(|value| type_of(value) == kind)
    {
        object.remove("type");
    }
}

fn takes_everything(schema: &Value) -> bool {
    *schema == true || schema.as_object().is_some_and(Map::is_empty)
}

fn type_of(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(number) if number.is_f64() => "number",
        Value::Number(_) => "integer",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    }
}

/// The pointer at which two schemas differ.
type Verdict = Result<(), String>;

struct Comparison<'a> {
    left: &'a Value,
    right: &'a Value,
    /// Pairs of schemas, by address, that are being compared or were found the same: what makes recursion end.
    assumed: Vec<(usize, usize)>,
}

impl<'a> Comparison<'a> {
    fn schemas(&mut self, left: &'a Value, right: &'a Value, at: String) -> Verdict {
        let left = follow(self.left, left);
        let right = follow(self.right, right);
        if takes_everything(left) && takes_everything(right) {
            return Ok(());
        }
        let (Value::Object(left_object), Value::Object(right_object)) = (left, right) else {
            return if left == right { Ok(()) } else { Err(at) };
        };
        let pair = (std::ptr::from_ref(left) as usize, std::ptr::from_ref(right) as usize);
        if self.assumed.contains(&pair) {
            return Ok(());
        }
        let before = self.assumed.len();
        self.assumed.push(pair);
        let verdict = self.objects(left_object, right_object, &at);
        if verdict.is_err() {
            self.assumed.truncate(before);
        }
        verdict
    }

    fn objects(&mut self, left: &'a Map<String, Value>, right: &'a Map<String, Value>, at: &str) -> Verdict {
        for key in keys(left, right).filter(|key| *key != "$defs") {
            let below = format!("{at}/{}", escaped(key));
            let (Some(left), Some(right)) = (left.get(key), right.get(key)) else { return Err(below) };
            self.keyword(key, left, right, below)?;
        }
        Ok(())
    }

    fn keyword(&mut self, key: &str, left: &'a Value, right: &'a Value, at: String) -> Verdict {
        match (left, right) {
            (Value::String(_), Value::String(_)) if key == "$ref" => self.targets(left, right, at),
            (Value::Array(left), Value::Array(right)) if key == "prefixItems" => {
                self.in_order(left, right, &at)
            }
            (Value::Array(left), Value::Array(right)) if LIST.contains(&key) => {
                self.in_any_order(left, right, &at)
            }
            (Value::Object(left), Value::Object(right)) if MAP.contains(&key) => self.named(left, right, &at),
            _ if ONE.contains(&key) => self.schemas(left, right, at),
            (Value::Array(left), Value::Array(right)) if SETS.contains(&key) => {
                if same_set(left, right) {
                    Ok(())
                } else {
                    Err(at)
                }
            }
            _ if cmp::equal(left, right) => Ok(()),
            _ => Err(at),
        }
    }

    /// Two references that have other keywords beside them.
    fn targets(&mut self, left: &'a Value, right: &'a Value, at: String) -> Verdict {
        let left = left.as_str().and_then(|target| resolve(self.left, target));
        let right = right.as_str().and_then(|target| resolve(self.right, target));
        match (left, right) {
            (Some(left), Some(right)) => self.schemas(left, right, at),
            _ => Err(at),
        }
    }

    fn named(&mut self, left: &'a Map<String, Value>, right: &'a Map<String, Value>, at: &str) -> Verdict {
        for name in keys(left, right) {
            let below = format!("{at}/{}", escaped(name));
            match (left.get(name), right.get(name)) {
                (Some(left), Some(right)) => self.schemas(left, right, below)?,
                _ => return Err(below),
            }
        }
        Ok(())
    }

    fn in_order(&mut self, left: &'a [Value], right: &'a [Value], at: &str) -> Verdict {
        for (index, (left, right)) in left.iter().zip(right).enumerate() {
            self.schemas(left, right, format!("{at}/{index}"))?;
        }
        if left.len() == right.len() { Ok(()) } else { Err(format!("{at}/{}", left.len().min(right.len()))) }
    }

    fn in_any_order(&mut self, left: &'a [Value], right: &'a [Value], at: &str) -> Verdict {
        let mut free: Vec<&Value> = right.iter().collect();
        for (index, branch) in left.iter().enumerate() {
            let below = format!("{at}/{index}");
            let found = free.iter().position(|other| self.schemas(branch, other, below.clone()).is_ok());
            match found {
                Some(position) => drop(free.swap_remove(position)),
                None => return Err(below),
            }
        }
        if free.is_empty() { Ok(()) } else { Err(format!("{at}/{}", left.len())) }
    }
}

/// The schema behind `schema`, while that is nothing but a reference.
fn follow<'a>(root: &'a Value, mut schema: &'a Value) -> &'a Value {
    let mut seen = HashSet::new();
    while let Some(target) = schema
        .as_object()
        .filter(|object| object.keys().all(|key| key == "$ref" || key == "$defs"))
        .and_then(|object| object.get("$ref")?.as_str())
        && seen.insert(target)
        && let Some(next) = resolve(root, target)
    {
        schema = next;
    }
    schema
}

fn keys<'a>(left: &'a Map<String, Value>, right: &'a Map<String, Value>) -> impl Iterator<Item = &'a str> {
    left.keys().chain(right.keys().filter(|key| !left.contains_key(*key))).map(String::as_str)
}

fn same_set(left: &[Value], right: &[Value]) -> bool {
    let within =
        |some: &[Value], all: &[Value]| some.iter().all(|one| all.iter().any(|other| cmp::equal(one, other)));
    within(left, right) && within(right, left)
}

/// `name` as a segment of a JSON Pointer.
pub(crate) fn escaped(name: &str) -> Cow<'_, str> {
    if name.contains(['~', '/']) { name.replace('~', "~0").replace('/', "~1").into() } else { name.into() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spelling_makes_no_difference() {
        for (left, right) in [
            (json!({}), json!(true)),
            (json!({ "title": "A", "type": "string" }), json!({ "type": ["string"], "description": "b" })),
            (json!({ "required": ["a", "b"] }), json!({ "required": ["b", "a"] })),
            (json!({ "properties": { "a": true } }), json!({ "properties": { "a": {} }, "required": [] })),
            (json!({ "const": 1 }), json!({ "enum": [1.0] })),
            (json!({ "minimum": 0 }), json!({ "minimum": 0.0, "items": {} })),
            (json!({ "additionalProperties": true }), json!({ "additionalProperties": {} })),
            (json!({ "type": ["null", "string"] }), json!({ "type": ["string", "null"] })),
            (
                json!({ "anyOf": [{ "type": "null" }, { "type": "string" }] }),
                json!({ "anyOf": [{ "type": "string" }, { "type": "null" }] }),
            ),
            (
                json!({ "items": { "$ref": "#/$defs/Item" }, "$defs": { "Item": { "type": "string" } } }),
                json!({ "items": { "type": "string" } }),
            ),
            (
                json!({ "properties": { "a": { "$ref": "#/$defs/Item2" } }, "$defs": { "Item2": { "type": "string" }, "Item": true } }),
                json!({ "properties": { "a": { "$ref": "#/$defs/Item", "description": "x" } }, "$defs": { "Item": { "type": "string" } } }),
            ),
            (
                json!({ "properties": { "a": { "$ref": "#" } } }),
                json!({ "$ref": "#/$defs/T", "$defs": { "T": { "properties": { "a": { "$ref": "#/$defs/T" } } } } }),
            ),
            (
                json!({ "$ref": "#/$defs/a", "unevaluatedProperties": false, "$defs": { "a": { "properties": { "x": true } } } }),
                json!({ "$ref": "#/$defs/b", "unevaluatedProperties": false, "$defs": { "b": { "properties": { "x": {} } } } }),
            ),
        ] {
            assert_eq!(first_difference(&left, &right), None, "{left} {right}");
            assert_eq!(first_difference(&right, &left), None, "{left} {right}");
        }
    }

    #[test]
    fn the_first_difference_is_pointed_at() {
        for (left, right, at) in [
            (json!(true), json!(false), ""),
            (json!({ "type": "string" }), json!({ "type": "integer" }), "/type"),
            (json!({ "$id": "a" }), json!({ "$id": "b" }), "/$id"),
            (json!({ "default": 1 }), json!({ "default": 2 }), "/default"),
            (json!({ "minimum": 1 }), json!({}), "/minimum"),
            // Whoever writes the first writes nothing but what is declared.
            (
                json!({ "properties": { "a": true } }),
                json!({ "properties": { "a": true }, "additionalProperties": true }),
                "/additionalProperties",
            ),
            (json!({ "type": "object" }), json!({ "type": "object", "properties": {} }), "/properties"),
            (
                json!({ "allOf": [{ "items": true }], "unevaluatedItems": false }),
                json!({ "allOf": [{}], "unevaluatedItems": false }),
                "/allOf/0",
            ),
            (
                json!({ "properties": { "a/b": true } }),
                json!({ "properties": { "a/b": { "type": "null" } } }),
                "/properties/a~1b",
            ),
            (json!({ "properties": { "a": true } }), json!({ "properties": { "b": true } }), "/properties/a"),
            (json!({ "enum": [1, 2] }), json!({ "enum": [1, 3] }), "/enum"),
            (json!({ "prefixItems": [true] }), json!({ "prefixItems": [true, true] }), "/prefixItems/1"),
            (
                json!({ "anyOf": [{ "type": "null" }] }),
                json!({ "anyOf": [{ "type": "string" }] }),
                "/anyOf/0",
            ),
            (json!({ "oneOf": [{ "const": 1 }, { "const": 1 }] }), json!({ "enum": [1] }), "/oneOf"),
            (json!({ "const": 1, "enum": [2] }), json!({ "const": 1 }), "/const"),
            (
                json!({ "properties": { "a": { "$ref": "#" }, "b": { "type": "null" } } }),
                json!({ "properties": { "a": { "$ref": "#/properties/b" }, "b": { "type": "null" } } }),
                "/properties/a/properties",
            ),
        ] {
            assert_eq!(first_difference(&left, &right).as_deref(), Some(at), "{left} {right}");
            assert!(!same_meaning(&right, &left), "{left} {right}");
        }
    }

    /// Looking for the right branch compares the wrong ones, and nothing of that may stay.
    #[test]
    fn what_was_tried_in_vain_is_forgotten() {
        let schema = |first: &str, second: &str, other: &str| {
            let place = |name: &str| json!({ "$ref": format!("#/$defs/{name}") });
            json!({
                "properties": { "a": { "anyOf": [place(first), place(second)] }, "b": place(other) },
                "$defs": { "P": { "type": "string" }, "Q": { "type": "null" } },
            })
        };
        let (left, right) = (schema("P", "Q", "P"), schema("Q", "P", "Q"));
        assert_eq!(first_difference(&left, &right).as_deref(), Some("/properties/b/type"));
        assert!(same_meaning(&left, &schema("Q", "P", "P")));
    }

    #[test]
    fn a_doc_comment_changes_nothing_and_a_variant_does() {
        mod plain {
            #[derive(schemars::JsonSchema)]
            #[expect(dead_code, reason = "only its schema is looked at")]
            pub(super) enum Way {
                Card,
                Cash,
            }
        }
        mod told {
            #[derive(schemars::JsonSchema)]
            #[expect(dead_code, reason = "only its schema is looked at")]
            pub(super) enum Way {
                /// Any.
                Card,
                Cash,
            }
        }
        mod grown {
            #[derive(schemars::JsonSchema)]
            #[expect(dead_code, reason = "only its schema is looked at")]
            pub(super) enum Way {
                /// Any.
                Card,
                Cash,
                Cheque,
            }
        }
        use crate::views::reader_schema;
        let (plain, told, grown) = (
            reader_schema::<Vec<plain::Way>>(),
            reader_schema::<Vec<told::Way>>(),
            reader_schema::<Vec<grown::Way>>(),
        );
        assert_ne!(plain, told);
        assert_eq!(first_difference(&plain, &told), None);
        assert_eq!(first_difference(&told, &grown).as_deref(), Some("/items/enum"));
    }
}
