//! Everything that a contract says of one place, gathered: the conjunction of all schemas that apply there.

use std::collections::HashSet;

use serde_json::{Map, Value};

use super::Why;
use super::atom::Kinds;
use crate::schema::resolve;

/// Some schemas that apply to one value, and which branch of which `anyOf` or `oneOf` was chosen.
#[derive(Debug, Clone, Default)]
pub(super) struct Place<'a> {
    schemas: Vec<&'a Value>,
    chosen: Vec<(&'a [Value], usize)>,
}

/// What tells places apart: the addresses of their schemas.
pub(super) type Key = (Vec<usize>, Vec<(usize, usize)>);

impl<'a> Place<'a> {
    pub(super) fn of(schema: &'a Value) -> Self {
        Self { schemas: vec![schema], chosen: Vec::new() }
    }

    pub(super) fn add(&mut self, schema: &'a Value) {
        // `true` and `{}` ask for nothing.
        let asks = !matches!(schema, Value::Bool(true)) && schema.as_object().is_none_or(|it| !it.is_empty());
        let at = address(schema);
        if let (true, Err(index)) = (asks, self.schemas.binary_search_by_key(&at, |schema| address(schema))) {
            self.schemas.insert(index, schema);
        }
    }

    pub(super) fn choose(&mut self, branches: &'a [Value], index: usize) {
        self.chosen.push((branches, index));
        self.chosen.sort_by_key(|(branches, _)| branches.as_ptr() as usize);
    }

    pub(super) fn is_resolved(&self) -> bool {
        !self.chosen.is_empty()
    }

    pub(super) fn schemas(&self) -> &[&'a Value] {
        &self.schemas
    }

    pub(super) fn asks_nothing(&self) -> bool {
        self.schemas.is_empty()
    }

    pub(super) fn is_refused(&self) -> bool {
        self.schemas.iter().any(|schema| matches!(schema, Value::Bool(false)))
    }

    pub(super) fn key(&self) -> Key {
        let schemas = self.schemas.iter().map(|schema| address(schema)).collect();
        let chosen = self.chosen.iter().map(|(branches, index)| (branches.as_ptr() as usize, *index));
        (schemas, chosen.collect())
    }

    fn chosen(&self, branches: &'a [Value]) -> Option<&'a Value> {
        let of = |(known, index): &(&'a [Value], usize)| {
            (known.as_ptr() == branches.as_ptr()).then(|| known.get(*index)).flatten()
        };
        self.chosen.iter().find_map(of)
    }
}

pub(super) fn address(schema: &Value) -> usize {
    std::ptr::from_ref(schema) as usize
}

/// An `anyOf` or `oneOf` whose branch is not chosen yet.
#[derive(Debug, Clone, Copy)]
pub(super) struct Choice<'a> {
    pub(super) branches: &'a [Value],
    pub(super) exactly_one: bool,
}

/// A place's schemas, references and `allOf` followed.
#[derive(Debug)]
pub(super) struct Flat<'a> {
    /// An upper bound of the kinds that are taken, choices not considered.
    pub(super) kinds: Kinds,
    pub(super) schemas: Vec<&'a Map<String, Value>>,
    pub(super) choices: Vec<Choice<'a>>,
    /// What cannot be programmed, and for which kinds of values that matters.
    pub(super) whys: Vec<(Kinds, Why)>,
}

impl<'a> Flat<'a> {
    pub(super) fn of(root: &'a Value, place: &Place<'a>) -> Self {
        let mut flat = Self { kinds: Kinds::ALL, schemas: Vec::new(), choices: Vec::new(), whys: Vec::new() };
        let mut gather = Gather { root, place, seen: HashSet::new() };
        place.schemas.iter().for_each(|schema| gather.visit(schema, &mut flat));
        flat
    }

    /// The schemas that `schema`, one of this place's, applies to the value: itself and those it refers to.
    pub(super) fn part(root: &'a Value, schema: &'a Map<String, Value>, place: &Place<'a>) -> Self {
        let mut flat = Self { kinds: Kinds::ALL, schemas: Vec::new(), choices: Vec::new(), whys: Vec::new() };
        Gather { root, place, seen: HashSet::new() }.visit_object(schema, &mut flat);
        flat
    }
}

struct Gather<'a, 'p> {
    root: &'a Value,
    place: &'p Place<'a>,
    /// Addresses of the schemas visited: references may go round in circles.
    seen: HashSet<usize>,
}

impl<'a> Gather<'a, '_> {
    fn visit(&mut self, schema: &'a Value, flat: &mut Flat<'a>) {
        match schema {
            Value::Object(object) => self.visit_object(object, flat),
            Value::Bool(true) => {}
            _ => flat.kinds = Kinds::NONE,
        }
    }

    fn visit_object(&mut self, object: &'a Map<String, Value>, flat: &mut Flat<'a>) {
        if !self.seen.insert(std::ptr::from_ref(object) as usize) {
            return;
        }
        flat.schemas.push(object);
        for (keyword, value) in object {
            match keyword.as_str() {
                "$ref" => self.follow(value, flat),
                "allOf" => value.as_array().into_iter().flatten().for_each(|part| self.visit(part, flat)),
                "anyOf" | "oneOf" => self.choice(value, keyword == "oneOf", flat),
                "type" => flat.kinds = flat.kinds.and(stated_kinds(value)),
                "const" => flat.kinds = flat.kinds.and(kind_of(value)),
                "enum" => {
                    let values = value.as_array().into_iter().flatten();
                    flat.kinds = flat.kinds.and(values.fold(Kinds::NONE, |all, it| all.or(kind_of(it))));
                }
                other => flat.whys.extend(unprogrammable(other, value, object)),
            }
            flat.whys.extend(listed_holders(keyword, value));
        }
    }

    fn follow(&mut self, reference: &Value, flat: &mut Flat<'a>) {
        // What is encoded may mean two things; nobody's generator writes it.
        let target = reference.as_str().filter(|reference| !reference.contains('%'));
        match target.and_then(|target| resolve(self.root, target)) {
            Some(schema) => self.visit(schema, flat),
            None => flat.whys.push((Kinds::ALL, Why::Reference)),
        }
    }

    fn choice(&mut self, branches: &'a Value, exactly_one: bool, flat: &mut Flat<'a>) {
        let Some(branches) = branches.as_array() else { return };
        match (branches.as_slice(), self.place.chosen(branches)) {
            ([only], _) => self.visit(only, flat),
            (_, Some(branch)) => self.visit(branch, flat),
            (branches, None) => flat.choices.push(Choice { branches, exactly_one }),
        }
    }
}

fn stated_kinds(value: &Value) -> Kinds {
    match value {
        Value::String(name) => Kinds::named(name),
        Value::Array(names) => {
            names.iter().filter_map(Value::as_str).map(Kinds::named).fold(Kinds::NONE, Kinds::or)
        }
        _ => Kinds::ALL,
    }
}

/// The kinds of instances that can equal `value`.
fn kind_of(value: &Value) -> Kinds {
    match value {
        Value::Null => Kinds::NULL,
        Value::Bool(_) => Kinds::BOOL,
        // `1.0` equals `1`, and is a float until somebody looks.
        Value::Number(_) => Kinds::NUMBER,
        Value::String(_) => Kinds::TEXT,
        Value::Array(_) => Kinds::ARRAY,
        Value::Object(_) => Kinds::OBJECT,
    }
}

/// Objects and arrays that a `const` or `enum` lists are compared as a whole.
fn listed_holders(keyword: &str, value: &Value) -> Option<(Kinds, Why)> {
    let kinds = match (keyword, value) {
        ("const", value) => kind_of(value),
        ("enum", Value::Array(values)) => values.iter().fold(Kinds::NONE, |all, it| all.or(kind_of(it))),
        _ => Kinds::NONE,
    };
    kinds.has(Kinds::HOLDERS).then(|| (kinds.and(Kinds::HOLDERS), Why::Keyword(keyword.to_owned())))
}

/// Whether a keyword cannot be programmed, and for which kinds of values that matters.
fn unprogrammable(keyword: &str, value: &Value, beside: &Map<String, Value>) -> Option<(Kinds, Why)> {
    let kinds = match keyword {
        _ if is_programmed(keyword, value) || asserts_nothing(keyword) => return None,
        "contains" | "uniqueItems" | "unevaluatedItems" | "minItems" | "maxItems" => Kinds::ARRAY,
        "dependentSchemas" | "minProperties" | "maxProperties" => Kinds::OBJECT,
        // Atoms are looked at with the keyword alone; it must not refer to anything for that.
        "not" | "if" => {
            let branches = ["then", "else"].into_iter().filter_map(|branch| beside.get(branch));
            if refers(value) || branches.into_iter().any(refers) { Kinds::ALL } else { Kinds::HOLDERS }
        }
        _ => Kinds::ALL,
    };
    Some((kinds, Why::Keyword(keyword.to_owned())))
}

fn is_programmed(keyword: &str, value: &Value) -> bool {
    const MEMBERS: [&str; 7] = [
        "properties",
        "patternProperties",
        "additionalProperties",
        "unevaluatedProperties",
        "required",
        "propertyNames",
        "dependentRequired",
    ];
    const ELEMENTS: [&str; 2] = ["items", "prefixItems"];
    const ATOMS: [&str; 9] = [
        "minLength",
        "maxLength",
        "pattern",
        "format",
        "minimum",
        "maximum",
        "exclusiveMinimum",
        "exclusiveMaximum",
        "multipleOf",
    ];
    match keyword {
        "minItems" | "maxItems" | "minProperties" | "maxProperties" => value.is_u64(),
        "uniqueItems" => *value == Value::Bool(false),
        other => MEMBERS.contains(&other) || ELEMENTS.contains(&other) || ATOMS.contains(&other),
    }
}

/// Remarks, and keywords that only say something beside another, which is looked at with them.
fn asserts_nothing(keyword: &str) -> bool {
    const REMARKS: [&str; 19] = [
        "title",
        "description",
        "default",
        "examples",
        "deprecated",
        "readOnly",
        "writeOnly",
        "$comment",
        "$schema",
        "$id",
        "$defs",
        "definitions",
        "contentEncoding",
        "contentMediaType",
        "contentSchema",
        "then",
        "else",
        "minContains",
        "maxContains",
    ];
    keyword.starts_with("x-") || REMARKS.contains(&keyword)
}

/// Whether there is a reference anywhere in `value`.
pub(super) fn refers(value: &Value) -> bool {
    match value {
        Value::Object(members) => {
            members.iter().any(|(name, value)| name == "$ref" || name == "$dynamicRef" || refers(value))
        }
        Value::Array(elements) => elements.iter().any(refers),
        _ => false,
    }
}
