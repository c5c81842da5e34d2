//! The two sides of a comparison: a reader's layers, and what is known of a writer at one place.

use std::collections::{BTreeSet, HashSet};
use std::fmt;

use serde_json::{Map, Value};

use crate::schema::resolve;

/// The schemas that apply together to one value: `schema`, what it refers to, and its `allOf`.
pub(super) fn layers<'a>(root: &'a Value, schema: &'a Value) -> Vec<&'a Map<String, Value>> {
    fn collect<'a>(
        root: &'a Value,
        schema: &'a Value,
        seen: &mut HashSet<usize>,
        into: &mut Vec<&'a Map<String, Value>>,
    ) {
        let Value::Object(object) = schema else { return };
        if !seen.insert(std::ptr::from_ref(schema) as usize) {
            return;
        }
        // A schema that is only a reference says nothing of its own, and is the same place as its target.
        if !(object.len() == 1 && object.contains_key("$ref")) {
            into.push(object);
        }
        let target = object.get("$ref").and_then(Value::as_str).and_then(|target| resolve(root, target));
        let all = object.get("allOf").and_then(Value::as_array).into_iter().flatten();
        target.into_iter().chain(all).for_each(|part| collect(root, part, seen, into));
    }
    let mut found = Vec::new();
    collect(root, schema, &mut HashSet::new(), &mut found);
    found
}

pub(super) fn required(schema: &Map<String, Value>) -> impl Iterator<Item = &str> {
    schema.get("required").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str)
}

/// Tells places apart by the addresses of what applies there.
pub(super) fn identity(layers: &[&Map<String, Value>]) -> Vec<usize> {
    layers.iter().map(|layer| std::ptr::from_ref(*layer) as usize).collect()
}

/// Kinds of JSON values.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Kinds(u8);

/// The names of the kinds, bit by bit. A number that is no integer is a kind of its own.
const NAMES: [&str; 7] = ["null", "boolean", "integer", "fraction", "text", "list", "object"];

impl Kinds {
    const ALL: Self = Self(0b111_1111);
    const INTEGER: Self = Self(1 << 2);
    pub(super) const NUMBER: Self = Self(0b1100);
    pub(super) const TEXT: Self = Self(1 << 4);
    pub(super) const ARRAY: Self = Self(1 << 5);
    pub(super) const OBJECT: Self = Self(1 << 6);

    fn named(kind: &str) -> Self {
        match kind {
            "null" => Self(1),
            "boolean" => Self(2),
            "integer" => Self::INTEGER,
            "number" => Self::NUMBER,
            "string" => Self::TEXT,
            "array" => Self::ARRAY,
            "object" => Self::OBJECT,
            _ => Self(0),
        }
    }

    pub(super) fn of(value: &Value) -> Self {
        match value {
            Value::Null => Self(1),
            Value::Bool(_) => Self(2),
            Value::Number(number) if number.as_f64().is_some_and(|number| number.fract() != 0.0) => {
                Self(1 << 3)
            }
            Value::Number(_) => Self::INTEGER,
            Value::String(_) => Self::TEXT,
            Value::Array(_) => Self::ARRAY,
            Value::Object(_) => Self::OBJECT,
        }
    }

    fn union(kinds: impl Iterator<Item = Self>) -> Self {
        Self(kinds.fold(0, |sum, kind| sum | kind.0))
    }

    /// What `schema` says of its value's kind by `type`.
    pub(super) fn stated(schema: &Map<String, Value>) -> Self {
        match schema.get("type") {
            Some(Value::String(kind)) => Self::named(kind),
            Some(Value::Array(kinds)) => Self::union(kinds.iter().filter_map(Value::as_str).map(Self::named)),
            _ => Self::ALL,
        }
    }

    /// The same by `type`, `enum` and `const`.
    fn possible(schema: &Map<String, Value>) -> Self {
        let by_value =
            values(schema).map_or(Self::ALL, |values| Self::union(values.iter().copied().map(Self::of)));
        Self(Self::stated(schema).0 & by_value.0)
    }

    pub(super) fn is_empty(self) -> bool {
        self.0 == 0
    }

    pub(super) fn has(self, other: Self) -> bool {
        self.0 & other.0 != 0
    }

    pub(super) fn without(self, other: Self) -> Self {
        Self(self.0 & !other.0)
    }
}

impl fmt::Display for Kinds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut names =
            NAMES.iter().enumerate().filter(|(bit, _)| self.0 & (1 << bit) != 0).map(|(_, name)| name);
        f.write_str(names.next().unwrap_or(&"value"))?;
        names.try_for_each(|name| write!(f, ", {name}"))
    }
}

/// The values that `schema` lists by `enum` or `const`.
pub(super) fn values(schema: &Map<String, Value>) -> Option<Vec<&Value>> {
    match (schema.get("const"), schema.get("enum")) {
        (Some(value), _) => Some(vec![value]),
        (None, Some(Value::Array(values))) => Some(values.iter().collect()),
        _ => None,
    }
}

/// What is known of a writer at one place: schemas that all apply.
#[derive(Debug, Clone)]
pub(super) struct Side<'a> {
    layers: Vec<&'a Map<String, Value>>,
    /// Lists of branches, by address, of which one is already among the layers.
    decided: BTreeSet<usize>,
    /// What the value may be, if it was narrowed to one kind.
    narrowed: Kinds,
    /// `false` is among the schemas: the writer emits nothing here.
    nothing: bool,
}

impl<'a> Side<'a> {
    pub(super) fn new(root: &'a Value, schema: &'a Value) -> Self {
        Self::all(root, [schema])
    }

    fn all(root: &'a Value, schemas: impl IntoIterator<Item = &'a Value>) -> Self {
        let mut side =
            Self { layers: Vec::new(), decided: BTreeSet::new(), narrowed: Kinds::ALL, nothing: false };
        for schema in schemas {
            side.nothing |= *schema == false;
            side.layers.extend(layers(root, schema));
        }
        side
    }

    pub(super) fn layers(&self) -> impl Iterator<Item = &'a Map<String, Value>> {
        self.layers.iter().copied()
    }

    /// Tells places apart, for recursion.
    pub(super) fn identity(&self) -> Vec<usize> {
        identity(&self.layers)
    }

    /// What the value may be.
    pub(super) fn kinds(&self) -> Kinds {
        if self.nothing {
            return Kinds(0);
        }
        let all = self.layers.iter().fold(self.narrowed.0, |kinds, layer| kinds & Kinds::possible(layer).0);
        Kinds(all)
    }

    /// One side for each kind that the value may have, all numbers as one.
    pub(super) fn by_kind(&self) -> Vec<Self> {
        let kinds = self.kinds();
        let bits = (0..NAMES.len()).map(|bit| Kinds(1 << bit)).filter(|kind| !Kinds::NUMBER.has(*kind));
        bits.chain([Kinds::NUMBER])
            .filter(|kind| kinds.has(*kind))
            .map(|kind| Self { narrowed: Kinds(kind.0 & kinds.0), ..self.clone() })
            .collect()
    }

    /// One side for each branch of the first `anyOf` or `oneOf` that is not decided yet.
    pub(super) fn branches(&self, root: &'a Value) -> Option<Vec<Self>> {
        let lists = self.layers.iter().flat_map(|layer| ["anyOf", "oneOf"].map(|key| layer.get(key)));
        let (list, id) = lists
            .filter_map(|list| list?.as_array())
            .map(|list| (list, list.as_ptr() as usize))
            .find(|(_, id)| !self.decided.contains(id))?;
        Some(
            list.iter()
                .map(|branch| {
                    let mut side = self.clone();
                    side.decided.insert(id);
                    side.nothing |= *branch == false;
                    side.layers.extend(layers(root, branch));
                    side
                })
                .collect(),
        )
    }

    pub(super) fn requires(&self, name: &str) -> bool {
        self.layers.iter().any(|layer| required(layer).any(|required| required == name))
    }

    /// The names that the writer declares.
    pub(super) fn names(&self) -> impl Iterator<Item = &'a str> {
        let named = self.layers().filter_map(|layer| layer.get("properties")?.as_object());
        named.flat_map(Map::keys).map(String::as_str)
    }

    /// What the writer emits under `name`; `None` if it never does, or nothing is known of it.
    pub(super) fn member(&self, root: &'a Value, name: &str) -> Option<Self> {
        let declared: Vec<&Value> =
            self.layers().filter_map(|layer| layer.get("properties")?.get(name)).collect();
        if declared.is_empty() {
            return self.any_member(root);
        }
        Some(Self::all(root, declared)).filter(|side| !side.kinds().is_empty())
    }

    /// What a map emits under names that are not declared.
    pub(super) fn any_member(&self, root: &'a Value) -> Option<Self> {
        let rest: Vec<&Value> = self
            .layers()
            .filter_map(|layer| layer.get("additionalProperties"))
            .filter(|rest| rest.is_object())
            .collect();
        if rest.is_empty() { None } else { Some(Self::all(root, rest)) }
    }

    /// How many elements the writer describes one by one.
    pub(super) fn tuple_len(&self) -> usize {
        let tuples = self.layers().filter_map(|layer| layer.get("prefixItems")?.as_array());
        tuples.map(Vec::len).max().unwrap_or_default()
    }

    /// What the writer emits as element `index`; `None` if nothing is known of it.
    pub(super) fn element(&self, root: &'a Value, index: usize) -> Option<Self> {
        let found: Vec<&Value> = self
            .layers()
            .filter_map(|layer| {
                let tuple = layer.get("prefixItems").and_then(Value::as_array);
                tuple.and_then(|tuple| tuple.get(index)).or_else(|| layer.get("items"))
            })
            .collect();
        if found.is_empty() { None } else { Some(Self::all(root, found)) }
    }
}
