//! A contract as the schemas of `AsyncAPI`: JSON Schema draft 7.
//!
//! What draft 7 cannot say is left out, and the schema is *loose* there: it accepts more than the contract does. Where that would
//! make the whole refuse more (`not`, `if`, `oneOf`), the keyword goes too. Whether a schema is loose depends on what it refers
//! to, and where a reference leads on what is left out: so a schema is converted again until nothing changes any more.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value, json};

use super::pointer::{child, decoded, encoded};

/// How often a schema is converted before everything in it counts as loose.
const MAX_PASSES: usize = 20;

/// What draft 7 does not know and nobody misses, or what would mean something else in the middle of another document.
const LEFT_OUT: [&str; 9] = [
    "$schema",
    "$id",
    "id",
    "$anchor",
    "$dynamicAnchor",
    "$recursiveAnchor",
    "$vocabulary",
    "$comment",
    "contentSchema",
];

/// A schema as one of draft 7 that stands at `at` in its document. `$ref`s within the schema are moved along; one that goes
/// elsewhere is nothing this crate would look up, and allows everything. Tools of `AsyncAPI` follow a `$ref` wherever it stands, in
/// a constant too: what holds one and is no schema is left out.
///
/// The depth is that of the schema, which `serde_json` bounds where it is read.
pub(super) fn draft7(schema: &Value, at: &str) -> Value {
    let dialect = Dialect::of(schema);
    let mut known = Known::default();
    for pass in 0..=MAX_PASSES + 1 {
        let all_loose = pass >= MAX_PASSES;
        let seen = (pass > 0).then_some(&known);
        let mut converter = Pass { at, dialect, seen, all_loose, found: Known::default() };
        converter.found.loose.clone_from(&known.loose);
        let (value, _) = converter.convert(schema, Spot { old: "", new: "", base: "" });
        let found = converter.found;
        // Where everything is loose, what is left out depends on nothing any more.
        if pass > 0 && (found == known || pass > MAX_PASSES) {
            return match value {
                Value::Bool(true) => json!({}),
                Value::Bool(false) => json!({ "not": {} }),
                other => other,
            };
        }
        known = found;
    }
    json!({})
}

/// The drafts that contracts are written in, as far as they differ here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Dialect {
    /// Up to draft 7: nothing counts beside a `$ref`.
    Old,
    /// 2019-09: lists of `items`.
    Between,
    /// 2020-12: `prefixItems`.
    New,
}

impl Dialect {
    fn of(schema: &Value) -> Self {
        let name = schema["$schema"].as_str().unwrap_or_default();
        if ["draft-04", "draft-06", "draft-07"].iter().any(|old| name.contains(old)) {
            Self::Old
        } else if name.contains("2019-09") {
            Self::Between
        } else {
            Self::New
        }
    }
}

/// What a pass finds out, by JSON Pointers into the contract.
#[derive(Debug, Default, PartialEq)]
struct Known {
    /// Where each of its schemas stands after the conversion.
    places: BTreeMap<String, String>,
    /// Schemas that accept more than they did.
    loose: BTreeSet<String>,
}

/// Where a schema stands.
#[derive(Debug, Clone, Copy)]
struct Spot<'s> {
    /// In the contract.
    old: &'s str,
    /// In the conversion.
    new: &'s str,
    /// What the references in it start from: the next schema above with an `$id`.
    base: &'s str,
}

/// One conversion, with what the one before found out; the first takes everything for well.
struct Pass<'k> {
    at: &'k str,
    dialect: Dialect,
    seen: Option<&'k Known>,
    all_loose: bool,
    found: Known,
}

/// What a schema becomes, and whether it is loose.
#[derive(Default)]
struct Made {
    out: Map<String, Value>,
    loose: bool,
}

impl Pass<'_> {
    fn is_loose(&self, old: &str) -> bool {
        self.all_loose || self.seen.is_some_and(|seen| seen.loose.contains(old))
    }

    /// The schema, and whether it is loose.
    fn convert(&mut self, schema: &Value, spot: Spot<'_>) -> (Value, bool) {
        self.found.places.insert(spot.old.to_owned(), spot.new.to_owned());
        let Value::Object(members) = schema else { return (schema.clone(), false) };
        let is_named = !spot.old.is_empty() && members.get("$id").is_some_and(|id| !is_anchor(id));
        let spot = Spot { base: if is_named { spot.old } else { spot.base }, ..spot };
        let mut made = Made::default();
        let mut reference = None;
        let has_reference = members.get("$ref").is_some_and(Value::is_string);
        for (keyword, value) in members {
            match (keyword.as_str(), value) {
                ("$ref", Value::String(target)) => {
                    let (value, loose) = self.reference(target, spot.base);
                    made.loose |= loose;
                    reference = Some(value);
                }
                ("$defs" | "definitions", Value::Object(map)) => {
                    self.definitions(keyword, map, spot, &mut made.out);
                }
                _ if has_reference && self.dialect == Dialect::Old => {}
                _ => self.keyword(members, keyword, value, spot, &mut made),
            }
        }
        self.dependencies(members, spot, &mut made);
        if made.loose {
            self.found.loose.insert(spot.old.to_owned());
        }
        (with_reference(reference, made.out), made.loose)
    }

    fn keyword(
        &mut self,
        members: &Map<String, Value>,
        keyword: &str,
        value: &Value,
        spot: Spot<'_>,
        made: &mut Made,
    ) {
        let modern = self.dialect != Dialect::Old;
        let tuple = self.dialect == Dialect::New && members.contains_key("prefixItems");
        match (keyword, value) {
            ("prefixItems", Value::Array(list)) if tuple => self.list(list, (keyword, "items"), spot, made),
            ("items", _) if tuple => self.schema(value, (keyword, "additionalItems"), spot, made),
            // 2020-12 knows neither of them any more, and not every validator passes over them.
            ("additionalItems", _) if self.dialect == Dialect::New => made.loose = true,
            ("dependencies", _) => made.loose |= modern,
            ("dependentRequired" | "dependentSchemas", Value::Object(_)) if modern => {}
            ("contains", _) if modern && members.get("minContains").is_some_and(|least| *least == 0) => {}
            ("minContains" | "maxContains", limit) if modern => {
                let says_nothing = keyword == "minContains" && limit.as_u64().is_some_and(|least| least < 2);
                made.loose |= members.contains_key("contains") && !says_nothing;
            }
            ("unevaluatedProperties" | "unevaluatedItems", _) if modern => made.loose |= *value != true,
            ("$dynamicRef" | "$recursiveRef", _) if modern => made.loose = true,
            // In draft 4 they say how `minimum` and `maximum` are meant.
            ("exclusiveMinimum" | "exclusiveMaximum", Value::Bool(exclusive)) => made.loose |= *exclusive,
            ("properties" | "patternProperties", Value::Object(map)) => {
                let to =
                    json_map(map, |name, it| self.below(it, &[keyword, name], &[keyword, name], spot, made));
                made.out.insert(keyword.to_owned(), to);
            }
            ("items" | "allOf" | "anyOf", Value::Array(list)) => {
                self.list(list, (keyword, keyword), spot, made);
            }
            ("oneOf", Value::Array(list)) => self.one_of(members, list, spot, made),
            ("if" | "then" | "else", _) if self.is_loose(&child(spot.old, "if")) => {
                made.loose |= keyword == "if";
            }
            ("not", _) if self.is_loose(&child(spot.old, keyword)) => made.loose = true,
            (
                "items"
                | "additionalItems"
                | "additionalProperties"
                | "not"
                | "if"
                | "then"
                | "else"
                | "contains"
                | "propertyNames",
                _,
            ) => self.schema(value, (keyword, keyword), spot, made),
            (keyword, _) if LEFT_OUT.contains(&keyword) => {}
            (keyword, value) if keyword == "$ref" || refers(value) => {
                made.loose |= ["const", "enum"].contains(&keyword);
            }
            (keyword, value) => _ = made.out.insert(keyword.to_owned(), value.clone()),
        }
    }

    /// A schema below another one, whose looseness is that of both.
    fn below(
        &mut self,
        schema: &Value,
        from: &[&str],
        to: &[&str],
        spot: Spot<'_>,
        made: &mut Made,
    ) -> Value {
        let old = from.iter().fold(spot.old.to_owned(), |old, name| child(&old, name));
        let new = to.iter().fold(spot.new.to_owned(), |new, name| child(&new, name));
        let (value, loose) = self.convert(schema, Spot { old: &old, new: &new, base: spot.base });
        made.loose |= loose;
        value
    }

    fn schema(&mut self, schema: &Value, (from, to): (&str, &str), spot: Spot<'_>, made: &mut Made) {
        let value = self.below(schema, &[from], &[to], spot, made);
        made.out.insert(to.to_owned(), value);
    }

    fn list(&mut self, list: &[Value], (from, to): (&str, &str), spot: Spot<'_>, made: &mut Made) {
        let mut values = Vec::new();
        for (index, schema) in list.iter().enumerate() {
            let index = index.to_string();
            values.push(self.below(schema, &[from, &index], &[to, &index], spot, made));
        }
        made.out.insert(to.to_owned(), values.into());
    }

    /// Of loose branches more than one may fit where one did: then one of them at least does.
    fn one_of(&mut self, members: &Map<String, Value>, list: &[Value], spot: Spot<'_>, made: &mut Made) {
        let branches = child(spot.old, "oneOf");
        let loose = (0..list.len()).any(|index| self.is_loose(&child(&branches, &index.to_string())));
        made.loose |= loose;
        if !loose {
            self.list(list, ("oneOf", "oneOf"), spot, made);
        } else if !members.contains_key("anyOf") {
            self.list(list, ("oneOf", "anyOf"), spot, made);
        }
    }

    /// Schemas that nothing but references leads to, each under a name of its own.
    fn definitions(
        &mut self,
        from: &str,
        map: &Map<String, Value>,
        spot: Spot<'_>,
        out: &mut Map<String, Value>,
    ) {
        for (name, schema) in map {
            let taken = |name: &str| out.get("definitions").is_some_and(|known| known.get(name).is_some());
            let free = (2_usize..).map(|number| format!("{name}_{number}"));
            let Some(name_there) = std::iter::once(name.clone()).chain(free).find(|name| !taken(name)) else {
                continue;
            };
            // That one is loose is nothing to whoever does not refer to it.
            let mut apart = Made::default();
            let value = self.below(schema, &[from, name], &["definitions", &name_there], spot, &mut apart);
            if let Value::Object(known) = out.entry("definitions").or_insert_with(|| json!({})) {
                known.insert(name_there, value);
            }
        }
    }

    /// What a property asks for beside it, which later drafts say in two keywords.
    fn dependencies(&mut self, members: &Map<String, Value>, spot: Spot<'_>, made: &mut Made) {
        let map = |keyword: &str| members.get(keyword).and_then(Value::as_object).into_iter().flatten();
        let mut all = Map::new();
        if self.dialect == Dialect::Old {
            if members.contains_key("$ref") {
                return;
            }
            for (name, it) in map("dependencies") {
                let keyword = "dependencies";
                all.insert(name.clone(), self.below(it, &[keyword, name], &[keyword, name], spot, made));
            }
        } else {
            for (name, fields) in map("dependentRequired") {
                all.insert(name.clone(), fields.clone());
            }
            for (name, it) in map("dependentSchemas") {
                let from = ["dependentSchemas", name.as_str()];
                let value = match all.get(name).cloned() {
                    None => self.below(it, &from, &["dependencies", name], spot, made),
                    Some(fields) => {
                        let schema = self.below(it, &from, &["dependencies", name, "allOf", "0"], spot, made);
                        json!({ "allOf": [schema, { "required": fields }] })
                    }
                };
                all.insert(name.clone(), value);
            }
        }
        if !all.is_empty() {
            made.out.insert("dependencies".to_owned(), all.into());
        }
    }

    /// A reference to where its schema stands now, and whether that is loose. One that leads nowhere allows everything.
    fn reference(&self, target: &str, base: &str) -> (Value, bool) {
        let Some(pointer) = target.strip_prefix('#') else { return (json!({}), true) };
        let old = format!("{base}{}", decoded(pointer));
        let Some(seen) = self.seen else { return (json!({ "$ref": self.at }), false) };
        match seen.places.get(&old) {
            Some(new) => (json!({ "$ref": format!("{}{}", self.at, encoded(new)) }), self.is_loose(&old)),
            None => (json!({}), true),
        }
    }
}

/// Whether a tool finds something to follow in it.
fn refers(value: &Value) -> bool {
    match value {
        Value::Object(members) => members.contains_key("$ref") || members.values().any(refers),
        Value::Array(list) => list.iter().any(refers),
        _ => false,
    }
}

fn json_map(map: &Map<String, Value>, mut each: impl FnMut(&str, &Value) -> Value) -> Value {
    map.iter().map(|(name, it)| (name.clone(), each(name, it))).collect::<Map<_, _>>().into()
}

/// Whether an `$id` is only a name within its document.
fn is_anchor(id: &Value) -> bool {
    id.as_str().is_none_or(|id| id.starts_with('#'))
}

/// Beside a `$ref`, draft 7 passes over everything else, so that what stands beside moves into an `allOf` of both.
fn with_reference(reference: Option<Value>, mut out: Map<String, Value>) -> Value {
    let Some(reference) = reference else { return out.into() };
    if out.is_empty() {
        return reference;
    }
    match out.get_mut("allOf").and_then(Value::as_array_mut) {
        Some(all) => all.push(reference),
        None => _ = out.insert("allOf".to_owned(), json!([reference])),
    }
    out.into()
}

#[cfg(test)]
mod tests;
