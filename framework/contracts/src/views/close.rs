//! Closing a schema: nothing that it does not declare.

use std::collections::HashSet;

use serde_json::{Map, Value, json};

use super::reach::{Said, reaching, reference};
use crate::schema::{for_each_mut, resolve};

/// Keywords that apply other schemas to the same value.
const IN_PLACE: [&str; 6] = ["$ref", "allOf", "anyOf", "oneOf", "if", "dependentSchemas"];
/// Keywords with a list of schemas for the same value.
const IN_PLACE_LISTS: [&str; 3] = ["allOf", "anyOf", "oneOf"];
/// Keywords that say what an object holds.
const DECLARING: [&str; 4] =
    ["properties", "patternProperties", "additionalProperties", "unevaluatedProperties"];
/// Keywords whose one schema is for another value, inside this one.
const BELOW: [&str; 4] = ["additionalProperties", "unevaluatedProperties", "items", "unevaluatedItems"];
/// Keywords whose schemas by name are for other values, inside this one.
const BELOW_MAPS: [&str; 2] = ["properties", "patternProperties"];

/// Closes `schema`: an object may hold only what is declared for it.
///
/// An object that declares `properties` gets `additionalProperties: false`. Where its declarations are spread
/// over `$ref`, `allOf`, `anyOf` or `oneOf`, it gets `unevaluatedProperties: false` and those parts stay open,
/// for each of them sees only its own share. What is left as it is: maps and anything else that already says
/// `additionalProperties` or `unevaluatedProperties`, objects that declare nothing, and whatever stands in
/// `not`, `if`, `then`, `else`, `contains`, `dependentSchemas` or `propertyNames`, which test and do not declare.
///
/// References must go to `#` or `#/$defs/…`, as `schemars` writes them.
///
/// ```
/// use choreograph_contracts::views::close;
/// use serde_json::json;
///
/// let mut schema = json!({ "type": "object", "properties": { "id": { "type": "string" } } });
/// close(&mut schema);
/// assert_eq!(schema["additionalProperties"], false);
/// ```
pub fn close(schema: &mut Value) {
    if Uses::of(schema).seen.contains(&("#", Role::Part)) {
        name_the_root(schema);
    }
    let closer = Closer::new(schema);
    let definitions = schema.as_object_mut().and_then(|root| root.remove("$defs"));
    closer.close(schema, Role::Whole);
    if let (Some(Value::Object(mut definitions)), Value::Object(root)) = (definitions, schema) {
        for (name, definition) in &mut definitions {
            let role = if closer.parts.contains(&reference_to(name)) { Role::Part } else { Role::Whole };
            closer.close(definition, role);
        }
        root.insert("$defs".to_owned(), Value::Object(definitions));
    }
}

/// Who decides what an object may hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Role {
    /// This schema, alone.
    Whole,
    /// A schema around it, of which this is one part.
    Part,
}

/// The role of the schemas that `schema` applies to its own value.
fn role_in_place(schema: &Map<String, Value>, role: Role) -> Role {
    let several = IN_PLACE.iter().filter(|key| schema.contains_key(**key)).count() > 1;
    let conjunction = schema.get("allOf").and_then(Value::as_array).is_some_and(|all| all.len() > 1);
    let declares = DECLARING.iter().any(|key| schema.contains_key(*key));
    if several || conjunction || declares { Role::Part } else { role }
}

/// Whether a schema declares a property of the object that it describes.
fn declared(schema: &Value) -> Said<'_> {
    let mut said = Said::default();
    let mut left = vec![schema];
    while let Some(schema) = left.pop() {
        let Value::Object(object) = schema else { continue };
        let own = object.get("properties").and_then(Value::as_object);
        said.holds |= own.is_some_and(|own| !own.is_empty());
        said.references.extend(reference(object));
        left.extend(in_place(object));
    }
    said
}

fn in_place(schema: &Map<String, Value>) -> impl Iterator<Item = &Value> {
    IN_PLACE_LISTS.iter().filter_map(|key| schema.get(*key)?.as_array()).flatten()
}

/// The `$ref` to the definition `name`, as `schemars` writes it.
fn reference_to(name: &str) -> String {
    let pointer = name.replace('~', "~0").replace('/', "~1");
    format!("#/$defs/{pointer}")
}

/// Which references are used in which role, from the root on.
struct Uses<'a> {
    root: &'a Value,
    seen: HashSet<(&'a str, Role)>,
}

impl<'a> Uses<'a> {
    fn of(root: &'a Value) -> Self {
        let mut uses = Uses { root, seen: HashSet::new() };
        uses.visit(root, Role::Whole);
        uses
    }

    /// Goes on from `schema`, with what is left to visit on a list: a chain of references may be longer than any
    /// stack.
    fn visit(&mut self, schema: &'a Value, role: Role) {
        let mut left = vec![(schema, role)];
        while let Some((schema, role)) = left.pop() {
            let Value::Object(object) = schema else { continue };
            let below = BELOW.iter().filter_map(|key| object.get(*key));
            let maps =
                BELOW_MAPS.iter().filter_map(|key| object.get(*key)?.as_object()).flat_map(Map::values);
            let tuple = object.get("prefixItems").and_then(Value::as_array).into_iter().flatten();
            left.extend(below.chain(maps).chain(tuple).map(|child| (child, Role::Whole)));
            let inner = role_in_place(object, role);
            left.extend(in_place(object).map(|part| (part, inner)));
            if let Some(target) = reference(object)
                && self.seen.insert((target, inner))
                && let Some(definition) = resolve(self.root, target)
            {
                left.push((definition, inner));
            }
        }
    }
}

/// Makes the root a definition like any other, so that it can be a part elsewhere and whole as the root.
fn name_the_root(schema: &mut Value) {
    let Value::Object(body) = schema else { return };
    let mut root = Map::new();
    for key in ["$schema", "$id"] {
        root.extend(body.remove(key).map(|value| (key.to_owned(), value)));
    }
    let mut definitions = match body.remove("$defs") {
        Some(Value::Object(definitions)) => definitions,
        _ => Map::new(),
    };
    let title = body.get("title").and_then(Value::as_str).unwrap_or("Root").to_owned();
    let mut name = title.clone();
    while definitions.contains_key(&name) {
        name.push('_');
    }
    let target = reference_to(&name);
    definitions.insert(name, Value::Object(std::mem::take(body)));
    root.insert("title".to_owned(), title.into());
    root.insert("$ref".to_owned(), json!("#"));
    root.insert("$defs".to_owned(), Value::Object(definitions));
    *schema = Value::Object(root);
    for_each_mut(schema, &mut |object| {
        if object.get("$ref").is_some_and(|reference| reference == "#") {
            object.insert("$ref".to_owned(), target.clone().into());
        }
    });
}

struct Closer {
    /// References to definitions that are a part of something, somewhere.
    parts: HashSet<String>,
    /// References to schemas that declare properties.
    declaring: HashSet<String>,
}

impl Closer {
    fn new(root: &Value) -> Self {
        let used = Uses::of(root).seen.into_iter().filter(|(_, role)| *role == Role::Part);
        let parts: HashSet<String> = used.map(|(target, _)| target.to_owned()).collect();
        // Without such parts nobody asks what a reference declares.
        let declaring = if parts.is_empty() { HashSet::new() } else { reaching(root, declared) };
        Self { parts, declaring }
    }

    /// Whether `schema` declares a property of the object it describes, itself or through others.
    fn declares(&self, schema: &Value) -> bool {
        let said = declared(schema);
        said.holds || said.references.iter().any(|target| self.declaring.contains(*target))
    }

    fn close(&self, schema: &mut Value, role: Role) {
        let spread = role == Role::Whole && self.is_spread(schema);
        let Value::Object(object) = schema else { return };
        let says =
            object.contains_key("additionalProperties") || object.contains_key("unevaluatedProperties");
        let inner = role_in_place(object, role);
        self.close_below(object);
        for key in IN_PLACE_LISTS {
            let parts = object.get_mut(key).and_then(Value::as_array_mut);
            parts.into_iter().flatten().for_each(|part| self.close(part, inner));
        }
        if says || role == Role::Part {
            return;
        }
        if spread {
            object.insert("unevaluatedProperties".to_owned(), false.into());
        } else if object.contains_key("properties") {
            object.insert("additionalProperties".to_owned(), false.into());
        }
    }

    /// Whether others declare what `schema`, as a whole, leaves open.
    fn is_spread(&self, schema: &Value) -> bool {
        let Value::Object(object) = schema else { return false };
        if IN_PLACE.iter().all(|key| !object.contains_key(*key)) {
            return false;
        }
        if role_in_place(object, Role::Whole) == Role::Part {
            return self.declares(schema);
        }
        reference(object).is_some_and(|target| self.parts.contains(target) && self.declaring.contains(target))
    }

    fn close_below(&self, object: &mut Map<String, Value>) {
        for key in BELOW {
            if let Some(child) = object.get_mut(key) {
                self.close(child, Role::Whole);
            }
        }
        for key in BELOW_MAPS {
            let children = object.get_mut(key).and_then(Value::as_object_mut);
            children.into_iter().flat_map(Map::values_mut).for_each(|child| self.close(child, Role::Whole));
        }
        let tuple = object.get_mut("prefixItems").and_then(Value::as_array_mut);
        tuple.into_iter().flatten().for_each(|child| self.close(child, Role::Whole));
    }
}
