//! Rules about single values: lists of values, bounds, formats, patterns.

use serde_json::{Map, Value};

use super::sides::{Kinds, Side, values};
use jsonschema::json::cmp;

/// A rule that limits a value, its length or its size.
struct Bound {
    inclusive: &'static str,
    exclusive: Option<&'static str>,
    /// What kind of value it is about.
    kind: Kinds,
    lower: bool,
}

const fn bound(inclusive: &'static str, exclusive: Option<&'static str>, kind: Kinds, lower: bool) -> Bound {
    Bound { inclusive, exclusive, kind, lower }
}

const BOUNDS: [Bound; 8] = [
    bound("minimum", Some("exclusiveMinimum"), Kinds::NUMBER, true),
    bound("maximum", Some("exclusiveMaximum"), Kinds::NUMBER, false),
    bound("minLength", None, Kinds::TEXT, true),
    bound("maxLength", None, Kinds::TEXT, false),
    bound("minItems", None, Kinds::ARRAY, true),
    bound("maxItems", None, Kinds::ARRAY, false),
    bound("minProperties", None, Kinds::OBJECT, true),
    bound("maxProperties", None, Kinds::OBJECT, false),
];

impl Bound {
    /// The limits that `schema` sets: its inclusive one and its exclusive one.
    fn limits(&self, schema: &Map<String, Value>) -> (Option<f64>, Option<f64>) {
        let limit = |key: &str| schema.get(key).and_then(Value::as_f64);
        (limit(self.inclusive), self.exclusive.and_then(limit))
    }

    /// Whether `limit` leaves less room than `other`.
    fn is_tighter(&self, limit: f64, other: f64) -> bool {
        if self.lower { limit > other } else { limit < other }
    }

    /// Whether nothing of this kind can be below `limit`: no length or size is less than 0.
    fn is_trivial(&self, limit: f64) -> bool {
        self.lower && self.exclusive.is_none() && limit <= 0.0
    }

    /// Whether `schema` keeps to the inclusive `limit`.
    fn keeps(&self, schema: &Map<String, Value>, limit: f64) -> bool {
        let (inclusive, exclusive) = self.limits(schema);
        inclusive.is_some_and(|own| !self.is_tighter(limit, own))
            || exclusive.is_some_and(|own| !self.is_tighter(limit, own))
    }

    /// Whether `schema` keeps to the exclusive `limit`.
    fn keeps_within(&self, schema: &Map<String, Value>, limit: f64) -> bool {
        let (inclusive, exclusive) = self.limits(schema);
        inclusive.is_some_and(|own| self.is_tighter(own, limit))
            || exclusive.is_some_and(|own| !self.is_tighter(limit, own))
    }

    /// The limit of `reader` that no layer of `writer` keeps.
    fn gone_beyond(&self, reader: &Map<String, Value>, writer: &Side<'_>) -> Option<String> {
        if !writer.kinds().has(self.kind) {
            return None;
        }
        let (inclusive, exclusive) = self.limits(reader);
        let inclusive = inclusive
            .filter(|limit| {
                !self.is_trivial(*limit) && !writer.layers().any(|layer| self.keeps(layer, *limit))
            })
            .map(|limit| (self.inclusive, limit));
        let exclusive = exclusive
            .filter(|limit| !writer.layers().any(|layer| self.keeps_within(layer, *limit)))
            .and_then(|limit| Some((self.exclusive?, limit)));
        let (name, limit) = inclusive.or(exclusive)?;
        Some(format!("the reader's `{name}` is {limit}, and the writer goes beyond"))
    }
}

/// The formats that are asserted.
const FORMATS: [&str; 17] = [
    "date",
    "date-time",
    "duration",
    "email",
    "hostname",
    "ipv4",
    "ipv6",
    "iri",
    "iri-reference",
    "json-pointer",
    "regex",
    "relative-json-pointer",
    "time",
    "uri",
    "uri-reference",
    "uri-template",
    "uuid",
];

/// What `reader` refuses of the single values that `writer` may emit.
pub(super) fn refused(reader: &Map<String, Value>, writer: &Side<'_>) -> Vec<String> {
    let mut problems = Vec::new();
    let known = writer.layers().find_map(values);
    if let Some(taken) = values(reader) {
        problems.extend(not_listed(&taken, known.as_deref(), writer.kinds()));
    }
    // Listed values are known one by one; no bound or format follows for any other.
    if known.is_none() {
        problems.extend(BOUNDS.iter().filter_map(|bound| bound.gone_beyond(reader, writer)));
        problems.extend(unshaped(reader, writer));
    }
    problems
}

fn not_listed(listed: &[&Value], known: Option<&[&Value]>, kinds: Kinds) -> Option<String> {
    let takes = |value: &Value| listed.iter().any(|one| cmp::equal(one, value));
    let Some(known) = known else {
        let both = kinds == Kinds::of(&Value::Bool(true)) && takes(&true.into()) && takes(&false.into());
        let null = kinds == Kinds::of(&Value::Null) && takes(&Value::Null);
        return (!both && !null)
            .then(|| format!("the reader takes listed values only, the writer any {kinds}"));
    };
    let emitted = known.iter().filter(|value| kinds.has(Kinds::of(value)));
    let missing: Vec<String> = emitted.filter(|value| !takes(value)).map(ToString::to_string).collect();
    (!missing.is_empty()).then(|| format!("the reader does not take {}", missing.join(", ")))
}

/// A format or pattern where the writer has no rule about its texts at all.
fn unshaped(reader: &Map<String, Value>, writer: &Side<'_>) -> Option<String> {
    let asserted = |schema: &Map<String, Value>| {
        schema
            .get("format")
            .and_then(Value::as_str)
            .filter(|format| FORMATS.contains(format))
            .map(str::to_owned)
    };
    let shaped = |layer: &Map<String, Value>| layer.contains_key("pattern") || asserted(layer).is_some();
    if !writer.kinds().has(Kinds::TEXT) || writer.layers().any(shaped) {
        return None;
    }
    let wanted = asserted(reader).map(|format| format!("`{format}` texts"));
    let wanted = wanted.or_else(|| reader.get("pattern").map(|_| "texts of a pattern".to_owned()))?;
    Some(format!("the reader takes {wanted} only, the writer any text"))
}
