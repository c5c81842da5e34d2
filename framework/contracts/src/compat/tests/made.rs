//! Schemas that hold up a comparison, made for the tests and for the example `compat_cost`, which reads this file and
//! has larger ones.

use serde_json::{Map, Value, json};

/// What a direction comes to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Told {
    /// Compatible.
    Holds,
    /// A break, with an event that shows it.
    Breaks,
    /// A break, for nothing shows that there is none.
    Unproven,
    /// The documents are refused, and the reason says this.
    Refused(&'static str),
}

use Told::{Breaks, Holds, Refused, Unproven};

/// Two documents, and what they come to.
pub(crate) struct Made {
    pub(crate) name: &'static str,
    pub(crate) old: Value,
    pub(crate) new: Value,
    /// As contracts, or as plain schemas.
    pub(crate) contract: bool,
    pub(crate) backward: Told,
    pub(crate) forward: Told,
}

/// Two contracts.
pub(crate) fn contract(name: &'static str, old: Value, new: Value, [backward, forward]: [Told; 2]) -> Made {
    Made { name, old, new, contract: true, backward, forward }
}

/// Two plain schemas.
pub(crate) fn plain(name: &'static str, old: Value, new: Value, told: [Told; 2]) -> Made {
    Made { contract: false, ..contract(name, old, new, told) }
}

/// How many there are.
pub(crate) const SMALL: usize = 24;

/// The pair at an index below [`SMALL`].
pub(crate) fn small(index: usize) -> Made {
    match index {
        0 => contract("300 tagged, one more", tagged(300, 9), tagged(301, 9), [Holds, Breaks]),
        1 => contract("300 tagged, all tighter", tagged(300, 9), tagged(300, 8), [Breaks, Holds]),
        2 => contract(
            "300 untagged of anyOf, one more",
            untagged("anyOf", 300, 9),
            untagged("anyOf", 301, 9),
            [Holds, Breaks],
        ),
        3 => contract(
            "300 untagged of anyOf, reversed",
            untagged("anyOf", 300, 9),
            reversed(untagged("anyOf", 300, 9)),
            [Holds, Holds],
        ),
        4 => contract(
            "300 untagged of anyOf, all tighter",
            untagged("anyOf", 300, 9),
            untagged("anyOf", 300, 8),
            [Breaks, Holds],
        ),
        5 => plain(
            "300 untagged of anyOf, plain, one more",
            untagged("anyOf", 300, 9),
            untagged("anyOf", 301, 9),
            [Holds, Breaks],
        ),
        6 => plain(
            "300 untagged of anyOf, plain, all tighter",
            untagged("anyOf", 300, 9),
            untagged("anyOf", 300, 8),
            [Breaks, Holds],
        ),
        7 => contract(
            "300 untagged of oneOf, one more",
            untagged("oneOf", 300, 9),
            untagged("oneOf", 301, 9),
            [Holds, Breaks],
        ),
        8 => contract(
            "300 untagged of oneOf, all tighter",
            untagged("oneOf", 300, 9),
            untagged("oneOf", 300, 8),
            [Breaks, Holds],
        ),
        9 => plain(
            "300 untagged of oneOf, plain, one more",
            untagged("oneOf", 300, 9),
            untagged("oneOf", 301, 9),
            [Breaks, Breaks],
        ),
        10 => plain("40 overlapping of oneOf", overlapping(40, 0), overlapping(40, 5), [Unproven, Unproven]),
        11 => contract("120 levels deep", deep(60, "string"), deep(60, "integer"), [Breaks, Breaks]),
        12 => contract(
            "a chain of 5,000 fields",
            chain(5_000, "string"),
            chain(5_000, "integer"),
            [Unproven, Unproven],
        ),
        13 => contract(
            "40 levels that double, changed",
            doubling(40, "string"),
            doubling(40, "integer"),
            [Breaks, Breaks],
        ),
        14 => contract(
            "40 levels that double, wider",
            doubling(40, "integer"),
            doubling(40, "number"),
            [Holds, Breaks],
        ),
        15 => contract(
            "references in a ring of 300",
            ring(300, "integer"),
            ring(300, "number"),
            [Unproven, Breaks],
        ),
        16 => plain("20 unions at once", nest(20, 3, 9), nest(20, 3, 8), [Breaks, Unproven]),
        17 => plain("unions in unions, 6 deep", nested(6, 9), nested(6, 8), [Breaks, Holds]),
        18 => contract("100 conditions in a row", conditions(100, 9), conditions(100, 8), [Breaks, Holds]),
        19 => contract(
            "a pattern too large",
            pattern(r"^[\p{L}\p{N}]{900}$"),
            pattern("^a$"),
            refused("when they are compiled"),
        ),
        20 => contract("too many patterns", patterns(2_100), patterns(2), refused("different patterns")),
        21 => contract(
            "a pattern that multiplies",
            pattern("^(a|b|ab)*(c|d|cd)*x{1,40}$"),
            pattern("^[abcd]*x{1,39}$"),
            [Breaks, Breaks],
        ),
        22 => contract("a union too wide", tagged(1_001, 9), tagged(2, 9), refused("1000 branches")),
        _ => contract("200 rules about names", name_rules(200, 9), name_rules(200, 8), [Unproven, Unproven]),
    }
}

/// Refused in both directions.
pub(crate) fn refused(reason: &'static str) -> [Told; 2] {
    [Refused(reason), Refused(reason)]
}

/// A document of definitions `D0`, `D1` and so on, which is the first.
pub(crate) fn defined(definitions: impl Iterator<Item = Value>) -> Value {
    let named = definitions.enumerate().map(|(index, definition)| (format!("D{index}"), definition));
    let definitions: Map<String, Value> = named.collect();
    json!({ "$ref": "#/$defs/D0", "$defs": definitions })
}

/// A reference to one of them.
pub(crate) fn to(index: usize) -> Value {
    json!({ "$ref": format!("#/$defs/D{index}") })
}

/// A union of tagged branches, each with a field of its own.
pub(crate) fn tagged(count: usize, length: usize) -> Value {
    let branch = |index: usize| {
        json!({
            "type": "object",
            "properties": { "kind": { "const": format!("k{index}") }, format!("f{index}"): { "type": "string", "maxLength": length } },
            "required": ["kind"],
        })
    };
    json!({ "oneOf": (0..count).map(branch).collect::<Vec<_>>() })
}

/// A union of branches that nothing but their fields tells apart.
fn untagged(key: &str, count: usize, length: usize) -> Value {
    let branch = |index: usize| json!({ "type": "object", "properties": { format!("f{index}"): { "type": "string", "maxLength": length } }, "required": [format!("f{index}")] });
    json!({ key: (0..count).map(branch).collect::<Vec<_>>() })
}

fn reversed(mut union: Value) -> Value {
    let lists = union.as_object_mut().into_iter().flat_map(Map::values_mut);
    lists.filter_map(Value::as_array_mut).for_each(|list| list.reverse());
    union
}

fn overlapping(count: usize, least: usize) -> Value {
    json!({ "oneOf": (0..count).map(|index| json!({ "multipleOf": index + 2, "minimum": least })).collect::<Vec<_>>() })
}

fn deep(levels: usize, end: &str) -> Value {
    (0..levels).fold(json!({ "type": end }), |inner, _| json!({ "properties": { "a": inner } }))
}

fn chain(count: usize, end: &str) -> Value {
    let link = |index: usize| json!({ "properties": { "a": to(index + 1) } });
    defined((0..count).map(link).chain([json!({ "type": end })]))
}

/// References that double at each level.
fn doubling(levels: usize, end: &str) -> Value {
    let level =
        |index: usize| json!({ "type": "object", "properties": { "a": to(index + 1), "b": to(index + 1) } });
    defined((0..levels).map(level).chain([json!({ "type": end })]))
}

/// Definitions that refer to each other in a circle, each with a value.
fn ring(count: usize, kind: &str) -> Value {
    let link = |index: usize| json!({ "type": "object", "properties": { "next": to((index + 1) % count), "value": { "type": kind } }, "required": ["value"] });
    defined((0..count).map(link))
}

/// Several unions that apply at once, of branches that overlap.
fn nest(unions: usize, branches: usize, length: usize) -> Value {
    let branch = |union: usize, branch: usize| json!({ "properties": { format!("f{union}_{branch}"): { "type": "string", "maxLength": length } }, "required": [format!("f{union}_{branch}")] });
    let union =
        |index: usize| json!({ "anyOf": (0..branches).map(|at| branch(index, at)).collect::<Vec<_>>() });
    json!({ "type": "object", "allOf": (0..unions).map(union).collect::<Vec<_>>() })
}

/// Unions whose branches are unions.
fn nested(levels: usize, length: usize) -> Value {
    fn below(levels: usize, length: usize, name: &str) -> Value {
        if levels == 0 {
            return json!({ "properties": { name: { "type": "string", "maxLength": length } }, "required": [name] });
        }
        let branch = |index: usize| below(levels - 1, length, &format!("{name}{index}"));
        json!({ "anyOf": [branch(0), branch(1)] })
    }
    below(levels, length, "f")
}

fn conditions(count: usize, length: usize) -> Value {
    let one = |index: usize| {
        json!({
            "if": { "properties": { "kind": { "const": index } }, "required": ["kind"] },
            "then": { "properties": { "text": { "maxLength": length + index } } },
        })
    };
    json!({
        "type": "object",
        "properties": { "kind": { "type": "integer" }, "text": { "type": "string" } },
        "required": ["kind"],
        "allOf": (0..count).map(one).collect::<Vec<_>>(),
    })
}

fn pattern(pattern: &str) -> Value {
    json!({ "type": "object", "properties": { "a": { "type": "string", "pattern": pattern } }, "required": ["a"] })
}

fn patterns(count: usize) -> Value {
    let field =
        |index: usize| (format!("f{index}"), json!({ "type": "string", "pattern": format!("^a{index}$") }));
    json!({ "type": "object", "properties": (0..count).map(field).collect::<Map<_, _>>() })
}

/// Rules for names that match a pattern; one pattern for each.
fn name_rules(count: usize, length: usize) -> Value {
    let rule = |index: usize| (format!("^p{index}_"), json!({ "type": "string", "maxLength": length }));
    json!({ "type": "object", "patternProperties": (0..count).map(rule).collect::<Map<_, _>>() })
}
