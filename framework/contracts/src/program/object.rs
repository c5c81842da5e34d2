//! From the keywords of a place to its rules for objects and arrays.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

use super::Why;
use super::build::{Builder, Stop};
use super::flat::{Flat, Place};
use super::names::Names;
use super::node::{ArrayRules, NodeId, ObjectRules, Others, Pattern, SomeRequired};
use crate::{MAX_DECLARED_NAMES, MAX_NAME_PATTERNS};

/// What one schema says of the members of an object.
struct Declares<'a> {
    properties: Option<&'a Map<String, Value>>,
    /// Its patterns, by their index in the list of all.
    patterns: Vec<(usize, &'a Value)>,
    additional: Option<&'a Value>,
    /// `unevaluatedProperties`, and what it considers evaluated.
    unevaluated: Option<(&'a Value, Covered<'a>)>,
}

/// The names that a schema, and all that it applies in place, speak of.
struct Covered<'a> {
    all: bool,
    names: BTreeSet<&'a str>,
    patterns: Vec<usize>,
}

impl<'a> Builder<'a> {
    /// The rules for objects where no schema has to be chosen, except among required names.
    pub(super) fn object_rules(&mut self, place: &Place<'a>, flat: &Flat<'a>) -> Result<ObjectRules, Stop> {
        let mut patterns: Vec<&'a str> = Vec::new();
        for schema in &flat.schemas {
            for pattern in object_of(schema, "patternProperties").into_iter().flat_map(Map::keys) {
                if !patterns.contains(&pattern.as_str()) {
                    patterns.push(pattern);
                }
            }
        }
        if patterns.len() > MAX_NAME_PATTERNS {
            return Err(Why::Keyword("patternProperties".to_owned()).into());
        }
        let declares: Vec<Declares<'a>> =
            flat.schemas.iter().map(|schema| self.declares(schema, place, &patterns)).collect();
        let compiled = patterns
            .iter()
            .map(|pattern| self.validator(&json!({ "pattern": pattern })).map(Pattern))
            .collect::<Result<Vec<_>, _>>()?;

        let names = declared_names(flat);
        if names.len() > MAX_DECLARED_NAMES {
            return Err(Why::TooManyNames.into());
        }
        let mut members: Vec<(Box<str>, NodeId)> = Vec::with_capacity(names.len());
        for name in &names {
            let matching = matching(&compiled, name);
            let id = self.node(&applied(&declares, Some(name), matching))?;
            members.push(((*name).into(), id));
        }
        let other = if patterns.is_empty() {
            Others::At(self.node(&applied(&declares, None, 0))?)
        } else {
            let nodes = (0..1 << patterns.len())
                .map(|matching| self.node(&applied(&declares, None, matching)))
                .collect::<Result<_, _>>()?;
            Others::ByPattern { patterns: compiled, nodes }
        };
        let bit = |name: &str| names.iter().position(|known| *known == name).map_or(0, |at| 1u128 << at);
        let mask = |list: &Value| texts(list).map(bit).fold(0, |all, bit| all | bit);
        let mut rules = ObjectRules {
            names: Names::new(members),
            required: 0,
            min: 0,
            max: u64::MAX,
            other,
            each_name: None,
            some_required: Vec::new(),
            dependent: Vec::new(),
        };
        let mut each_name = Place::default();
        for schema in &flat.schemas {
            rules.required |= schema.get("required").map_or(0, mask);
            rules.min = rules.min.max(schema.get("minProperties").and_then(Value::as_u64).unwrap_or(0));
            rules.max =
                rules.max.min(schema.get("maxProperties").and_then(Value::as_u64).unwrap_or(u64::MAX));
            if let Some(schema) = schema.get("propertyNames") {
                each_name.add(schema);
            }
            for (name, needed) in object_of(schema, "dependentRequired").into_iter().flatten() {
                rules.dependent.push((bit(name), mask(needed)));
            }
        }
        if !each_name.asks_nothing() {
            rules.each_name = Some(self.node(&each_name)?);
        }
        for choice in &flat.choices {
            let masks =
                choice.branches.iter().filter_map(|branch| branch.get("required")).map(mask).collect();
            rules.some_required.push(SomeRequired { exactly_one: choice.exactly_one, masks });
        }
        Ok(rules)
    }

    fn declares(&self, schema: &'a Map<String, Value>, place: &Place<'a>, patterns: &[&str]) -> Declares<'a> {
        Declares {
            properties: object_of(schema, "properties"),
            patterns: indexed_patterns(schema, patterns),
            additional: schema.get("additionalProperties"),
            unevaluated: schema.get("unevaluatedProperties").map(|unevaluated| {
                let part = Flat::part(self.root, schema, place);
                let mut covered = Covered { all: false, names: BTreeSet::new(), patterns: Vec::new() };
                for inner in &part.schemas {
                    let itself = std::ptr::eq(*inner, schema);
                    covered.all |= inner.contains_key("additionalProperties")
                        || (!itself && inner.contains_key("unevaluatedProperties"));
                    let names = object_of(inner, "properties").into_iter().flat_map(Map::keys);
                    covered.names.extend(names.map(String::as_str));
                    covered
                        .patterns
                        .extend(indexed_patterns(inner, patterns).iter().map(|(index, _)| *index));
                }
                (unevaluated, covered)
            }),
        }
    }

    /// The rules for arrays where no schema has to be chosen.
    pub(super) fn array_rules(&mut self, flat: &Flat<'a>) -> Result<ArrayRules, Stop> {
        let prefix_of = |schema: &'a Map<String, Value>| {
            schema.get("prefixItems").and_then(Value::as_array).map_or(&[][..], Vec::as_slice)
        };
        let longest = flat.schemas.iter().map(|schema| prefix_of(schema).len()).max().unwrap_or(0);
        let mut at = |index: usize| {
            let mut place = Place::default();
            for schema in &flat.schemas {
                match prefix_of(schema).get(index) {
                    Some(item) => place.add(item),
                    None => schema.get("items").into_iter().for_each(|items| place.add(items)),
                }
            }
            self.node(&place)
        };
        let prefix = (0..longest).map(&mut at).collect::<Result<Vec<_>, _>>()?;
        let rest = at(longest)?;
        let mut rules = ArrayRules { prefix, rest, min: 0, max: u64::MAX };
        for schema in &flat.schemas {
            rules.min = rules.min.max(schema.get("minItems").and_then(Value::as_u64).unwrap_or(0));
            rules.max = rules.max.min(schema.get("maxItems").and_then(Value::as_u64).unwrap_or(u64::MAX));
        }
        Ok(rules)
    }

    /// What applies to the members of the object at `place`, if names alone decide it.
    pub(super) fn members(&self, place: &Place<'a>, flat: &Flat<'a>) -> Option<Members<'a>> {
        let has_patterns = flat.schemas.iter().any(|schema| schema.contains_key("patternProperties"));
        let declares = flat.schemas.iter().map(|schema| self.declares(schema, place, &[])).collect();
        (!has_patterns).then_some(Members(declares))
    }
}

/// What applies to the members of an object.
pub(super) struct Members<'a>(Vec<Declares<'a>>);

impl<'a> Members<'a> {
    /// The schemas that apply to the member `name`.
    pub(super) fn at(&self, name: &str) -> Place<'a> {
        applied(&self.0, Some(name), 0)
    }
}

/// The schemas that apply to a member: by its name, or, for one that nobody declares, by the patterns it matches.
fn applied<'a>(declares: &[Declares<'a>], name: Option<&str>, matching: usize) -> Place<'a> {
    let mut place = Place::default();
    let matches = |index: &usize| matching & (1 << index) != 0;
    for declared in declares {
        let own = name.and_then(|name| declared.properties?.get(name));
        if let Some(own) = own {
            place.add(own);
        }
        let mut evaluated = own.is_some();
        for (_, schema) in declared.patterns.iter().filter(|(index, _)| matches(index)) {
            place.add(schema);
            evaluated = true;
        }
        if let (false, Some(additional)) = (evaluated, declared.additional) {
            place.add(additional);
        }
        if let Some((unevaluated, covered)) = &declared.unevaluated {
            let named = name.is_some_and(|name| covered.names.contains(name));
            if !covered.all && !named && !covered.patterns.iter().any(matches) {
                place.add(unevaluated);
            }
        }
    }
    place
}

/// Every name that one of the schemas declares, requires or depends on, each once.
fn declared_names<'a>(flat: &Flat<'a>) -> Vec<&'a str> {
    let mut names = BTreeSet::new();
    for schema in &flat.schemas {
        names.extend(object_of(schema, "properties").into_iter().flat_map(Map::keys).map(String::as_str));
        names.extend(schema.get("required").into_iter().flat_map(texts));
        for (name, needed) in object_of(schema, "dependentRequired").into_iter().flatten() {
            names.insert(name);
            names.extend(texts(needed));
        }
    }
    for choice in &flat.choices {
        names.extend(choice.branches.iter().filter_map(|branch| branch.get("required")).flat_map(texts));
    }
    names.into_iter().collect()
}

fn object_of<'a>(schema: &'a Map<String, Value>, keyword: &str) -> Option<&'a Map<String, Value>> {
    schema.get(keyword)?.as_object()
}

pub(super) fn texts(list: &Value) -> impl Iterator<Item = &str> {
    list.as_array().into_iter().flatten().filter_map(Value::as_str)
}

fn indexed_patterns<'a>(schema: &'a Map<String, Value>, all: &[&str]) -> Vec<(usize, &'a Value)> {
    let own = object_of(schema, "patternProperties").into_iter().flatten();
    own.filter_map(|(pattern, schema)| Some((all.iter().position(|known| known == pattern)?, schema)))
        .collect()
}

fn matching(patterns: &[Pattern], name: &str) -> usize {
    patterns.iter().enumerate().map(|(index, pattern)| usize::from(pattern.matches(name)) << index).sum()
}
