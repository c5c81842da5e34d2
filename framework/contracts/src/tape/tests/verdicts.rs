//! Verdicts on the tape are those of `jsonschema` on `serde_json`'s values, whatever schema and event.

use jsonschema::json::SerdeJson;
use jsonschema::{Draft, PatternOptions, Validator};
use proptest::prelude::*;
use serde_json::{Value, json};

use super::super::*;
use super::{oracle, through_tape};
use crate::{CheckError, Contract};

/// A validator of `serde_json` values with the settings of [`Contract`].
fn reference(schema: &Value) -> Validator<SerdeJson> {
    jsonschema::options()
        .with_draft(Draft::Draft202012)
        .with_pattern_options(PatternOptions::regex())
        .should_validate_formats(true)
        .build(schema)
        .expect("a schema")
}

/// A schema compiled both ways.
struct Both {
    schema: Value,
    contract: Contract,
    reference: Validator<SerdeJson>,
}

impl Both {
    fn compile(schema: Value) -> Self {
        let contract = Contract::compile(&schema).unwrap_or_else(|error| panic!("{error}: {schema}"));
        Self { reference: reference(&schema), contract, schema }
    }

    /// Both ways give the same verdict and the same rules broken.
    fn agree(&self, event: &str) {
        let value = oracle(event.as_bytes()).expect("JSON");
        let expected: Vec<String> = self
            .reference
            .iter_errors(&value)
            .take(crate::MAX_VIOLATIONS)
            .map(|error| error.schema_path().to_string())
            .collect();
        let found = match self.contract.check(&mut Tape::new(), event.as_bytes()) {
            Ok(()) => Vec::new(),
            Err(CheckError::Violations(found)) => {
                found.as_slice().iter().map(|v| v.schema_path.clone()).collect()
            }
            Err(error) => panic!("{error}: {event}"),
        };
        assert_eq!(found, expected, "{event} against {}", self.schema);
        assert_eq!(found.is_empty(), self.reference.is_valid(&value), "{event} against {}", self.schema);
    }
}

#[test]
fn nasty_values_have_the_verdict_of_the_reference() {
    let values = [
        "0",
        "-0",
        "0.0",
        "1",
        "1.0",
        "1.5",
        "-1",
        "3",
        "10",
        "1e2",
        "100",
        "0.5",
        "0.30000000000000004",
        "9007199254740993",
        "18446744073709551615",
        "18446744073709551616",
        "1.8446744073709552e19",
        "-9223372036854775808",
        "1e300",
        "true",
        "false",
        "null",
        r#""""#,
        r#""a""#,
        r#""ab""#,
        r#""ä€😀""#,
        r#""\u00e4""#,
        r#""\uD83D\uDE00""#,
        r#""1""#,
        r#""2024-02-29""#,
        r#""2024-02-30""#,
        r#""2024-02-29T23:59:60Z""#,
        r#""2024-01-01T00:00:00+01:00""#,
        r#""0197a8d0-5c5f-7c1f-8a3e-3f0c2f6d9a10""#,
        r#""a@b.de""#,
        r#""127.0.0.1""#,
        r#""::1""#,
        r#""urn:contract:a/1.0""#,
        "[]",
        "[1]",
        "[1,1.0]",
        "[0,-0.0]",
        "[1,2,3]",
        r#"["a","\u0061"]"#,
        r#"[{"a":1,"b":2},{"b":2.0,"a":1}]"#,
        "[[1],[1.0]]",
        "[1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18]",
        "[1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,1.0]",
        "{}",
        r#"{"a":1}"#,
        r#"{"a":1.0}"#,
        r#"{"a":"x","b":2}"#,
        r#"{"\u0061":1}"#,
        r#"{"a":{"a":{"a":1}}}"#,
        r#"{"x":1,"yy":2}"#,
        r#"{"a":null}"#,
        r#"{"😀":1}"#,
        r#"{"a":1,"b":2,"c":3,"d":4,"e":5,"f":6,"g":7,"h":8,"i":9}"#,
    ];
    for schema in schemas() {
        // A schema that refers to its root cannot stand inside another.
        let nested =
            (!schema.to_string().contains("$ref")).then(|| Both::compile(json!({ "items": schema })));
        let alone = Both::compile(schema);
        for value in values {
            alone.agree(value);
            if let Some(nested) = &nested {
                nested.agree(&format!("[{value}, {value}]"));
            }
        }
    }
}

fn schemas() -> Vec<Value> {
    let mut schemas = vec![
        json!(true),
        json!(false),
        json!({ "type": "integer" }),
        json!({ "type": "number" }),
        json!({ "type": ["string", "null"] }),
        json!({ "type": ["integer", "boolean", "array"] }),
        json!({ "type": "object" }),
        json!({ "minimum": 1 }),
        json!({ "maximum": 1.5 }),
        json!({ "exclusiveMinimum": 0 }),
        json!({ "exclusiveMaximum": 9_007_199_254_740_993_u64 }),
        json!({ "maximum": u64::MAX }),
        json!({ "minimum": i64::MIN, "maximum": i64::MAX }),
        json!({ "multipleOf": 0.1 }),
        json!({ "multipleOf": 3 }),
        json!({ "const": 1 }),
        json!({ "const": 1.0 }),
        json!({ "const": 0 }),
        json!({ "const": { "a": 1 } }),
        json!({ "const": [1, 1] }),
        json!({ "enum": [1, "a", null, 1.5, [1], { "a": 1.0 }] }),
        json!({ "enum": ["a", "ä€😀", ""] }),
        json!({ "enum": [9_007_199_254_740_993_u64, 0.5, -1] }),
        json!({ "minLength": 1, "maxLength": 2 }),
        json!({ "minLength": 3, "maxLength": 3 }),
        json!({ "pattern": "^ä" }),
        json!({ "pattern": "^\\d{4}-" }),
        json!({ "uniqueItems": true }),
        json!({ "minItems": 1, "maxItems": 2 }),
        json!({ "prefixItems": [{ "type": "integer" }], "items": { "const": 1 } }),
        json!({ "contains": { "const": 1 }, "minContains": 2 }),
        json!({ "unevaluatedItems": false, "prefixItems": [true] }),
        json!({ "required": ["a"] }),
        json!({ "required": ["a", "b"] }),
        json!({ "required": ["a", "b", "c"] }),
        json!({ "required": ["a", "b", "c", "d", "e", "f"] }),
        json!({ "properties": { "a": { "type": "integer" } }, "additionalProperties": false }),
        json!({ "properties": { "a": { "type": "integer" }, "b": true }, "required": ["a", "b"] }),
        json!({ "properties": { "a": { "$ref": "#" } }, "additionalProperties": { "type": "integer" } }),
        json!({ "patternProperties": { "^y+$": { "const": 2 } }, "additionalProperties": { "minimum": 1 } }),
        json!({ "propertyNames": { "maxLength": 1 } }),
        json!({ "propertyNames": { "enum": ["a", "😀"] } }),
        json!({ "propertyNames": { "pattern": "^[a-c]$" } }),
        json!({ "minProperties": 1, "maxProperties": 1 }),
        json!({ "dependentRequired": { "a": ["b"] } }),
        json!({ "dependentSchemas": { "a": { "properties": { "b": { "type": "integer" } }, "required": ["b"] } } }),
        json!({ "allOf": [{ "type": "object" }, { "required": ["a"] }] }),
        json!({ "anyOf": [{ "type": "null" }, { "type": "string", "maxLength": 1 }] }),
        json!({ "oneOf": [{ "type": "integer" }, { "minimum": 2 }] }),
        json!({ "not": { "type": "string" } }),
        json!({ "if": { "type": "object" }, "then": { "required": ["a"] }, "else": { "type": "integer" } }),
        json!({ "$ref": "#/$defs/n", "$defs": { "n": { "type": ["integer", "string"] } } }),
        json!({ "allOf": [{ "properties": { "a": true } }], "unevaluatedProperties": false }),
        json!({ "$defs": { "t": { "type": "object", "properties": { "a": { "$ref": "#/$defs/t" } }, "unevaluatedProperties": { "type": "integer" } } }, "$ref": "#/$defs/t" }),
        json!({ "contentEncoding": "base64", "contentMediaType": "application/json" }),
    ];
    let formats = [
        "date",
        "date-time",
        "time",
        "duration",
        "email",
        "hostname",
        "ipv4",
        "ipv6",
        "uri",
        "uri-reference",
        "iri",
        "uuid",
        "json-pointer",
        "relative-json-pointer",
        "regex",
        "uri-template",
        "uint64",
        "decimal",
    ];
    schemas.extend(formats.map(|format| json!({ "format": format })));
    schemas
}

fn any_number() -> impl Strategy<Value = String> {
    prop_oneof![
        any::<u64>().prop_map(|n| n.to_string()),
        any::<i64>().prop_map(|n| n.to_string()),
        (-3i64..4).prop_map(|n| n.to_string()),
        any::<f64>().prop_filter("finite", |n| n.is_finite()).prop_map(|n| format!("{n:e}")),
        "-?(0|[1-9][0-9]{0,25})(\\.[0-9]{1,25})?([eE][+-]?[0-9]{1,2})?",
    ]
}

fn any_text() -> impl Strategy<Value = String> {
    prop_oneof![
        any::<String>().prop_map(|text| json!(text).to_string()),
        "[a-c]{0,2}".prop_map(|text| json!(text).to_string()),
        "\"(a|\\\\u00(4|e)1|\\\\uD83D\\\\uDE00|\\\\n|\\\\/|ä){0,9}\"",
    ]
}

/// JSON texts, with white space, escapes and numbers of every kind; no duplicate names.
fn any_json() -> impl Strategy<Value = String> {
    let leaf = prop_oneof![
        Just("null".to_owned()),
        Just("true".to_owned()),
        Just("false".to_owned()),
        any_number(),
        any_text()
    ];
    leaf.prop_recursive(5, 40, 6, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(|items| format!("[{}]", items.join(" ,\n"))),
            prop::collection::btree_map("[a-d]{0,2}|\\PC{0,9}", inner, 0..6).prop_map(|members| {
                let members: Vec<_> =
                    members.into_iter().map(|(k, v)| format!(" {}:\t{v}", json!(k))).collect();
                format!("{{{}}}", members.join(","))
            }),
        ]
    })
}

fn any_schema() -> impl Strategy<Value = Value> {
    let leaf = prop::sample::select(schemas());
    leaf.prop_recursive(3, 12, 4, |inner| {
        // A schema inside another must not refer to the root it had.
        let inner = inner.prop_filter("no references", |schema| !schema.to_string().contains("$ref")).boxed();
        prop_oneof![
            (inner.clone(), inner.clone())
                .prop_map(|(a, b)| json!({ "properties": { "a": a, "b": b }, "required": ["a"] })),
            inner.clone().prop_map(|a| json!({ "additionalProperties": a })),
            inner.clone().prop_map(|a| json!({ "items": a })),
            (inner.clone(), inner.clone()).prop_map(|(a, b)| json!({ "anyOf": [a, b] })),
            (inner.clone(), inner.clone()).prop_map(|(a, b)| json!({ "oneOf": [a, b] })),
            (inner.clone(), inner.clone())
                .prop_map(|(a, b)| json!({ "allOf": [a, b], "unevaluatedProperties": false })),
            inner.clone().prop_map(|a| json!({ "not": a })),
            inner.prop_map(|a| json!({ "propertyNames": a })),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn reads_what_serde_json_reads(text in any_json()) {
        prop_assert_eq!(through_tape(text.as_bytes()).ok(), Some(oracle(text.as_bytes()).expect("JSON")));
    }

    /// One byte changed, dropped or doubled: still the same answer, duplicate names aside.
    #[test]
    fn refuses_what_serde_json_refuses(text in any_json(), at: prop::sample::Index, byte: u8, how in 0..3) {
        let mut bytes = text.into_bytes();
        let at = at.index(bytes.len());
        match how {
            0 => bytes[at] = byte,
            1 => { bytes.remove(at); }
            _ => bytes.insert(at, byte),
        }
        match through_tape(&bytes) {
            Ok(value) => prop_assert_eq!(Some(value), oracle(&bytes)),
            Err(refusal) if refusal.reason == UndecodableReason::DuplicateMember => {}
            Err(refusal) => {
                prop_assert_eq!(oracle(&bytes), None, "{:?}", refusal);
                prop_assert!(refusal.at <= bytes.len());
            }
        }
    }

    #[test]
    fn has_the_verdict_of_the_reference(
        schema in any_schema(), events in prop::collection::vec(any_json(), 1..8)
    ) {
        let both = Both::compile(schema);
        for event in &events {
            both.agree(event);
        }
    }

    #[test]
    fn garbage_is_refused(bytes in prop::collection::vec(any::<u8>(), 0..64)) {
        prop_assert_eq!(through_tape(&bytes).is_ok(), oracle(&bytes).is_some());
    }
}
