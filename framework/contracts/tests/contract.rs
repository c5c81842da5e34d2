//! What a compiled contract promises to whoever checks events with it.

use std::net::TcpListener;

use choreograph_contracts::{
    CheckError, CompileError, Contract, MAX_PATH_BYTES, MAX_REPORT_BYTES, MAX_REPORTED_ENTRIES,
    MAX_SCHEMA_BYTES, MAX_SCHEMA_DEPTH, MAX_VIOLATIONS, Tape, UndecodableReason, Violations,
};
use serde_json::{Value, json};

fn compile(schema: &Value) -> Contract {
    Contract::compile(schema).unwrap_or_else(|error| panic!("{error}: {schema}"))
}

fn check(schema: &Value, event: &str) -> Result<(), CheckError> {
    compile(schema).check(&mut Tape::new(), event.as_bytes())
}

fn violations(schema: &Value, event: &str) -> Violations {
    match check(schema, event) {
        Err(CheckError::Violations(violations)) => violations,
        other => panic!("{other:?}"),
    }
}

/// The places and keywords of what `event` breaks.
fn broken(schema: &Value, event: &str) -> Vec<(String, String)> {
    violations(schema, event)
        .as_slice()
        .iter()
        .map(|violation| (violation.instance_path.clone(), violation.keyword.clone()))
        .collect()
}

fn expected(list: &[(&str, &str)]) -> Vec<(String, String)> {
    list.iter().map(|(path, keyword)| ((*path).to_owned(), (*keyword).to_owned())).collect()
}

#[test]
fn nothing_is_fetched() {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    listener.set_nonblocking(true).expect("non-blocking");
    let remote = format!("http://{}/schema.json", listener.local_addr().expect("an address"));
    for reference in
        [remote.as_str(), "file:///etc/passwd", "other.json", "/etc/passwd", "urn:contract:a/1.0"]
    {
        for keyword in ["$ref", "$dynamicRef", "$schema"] {
            for schema in
                [json!({ keyword: reference }), json!({ "properties": { "a": { keyword: reference } } })]
            {
                let in_place = keyword == "$schema" && schema.get("properties").is_some();
                let error = Contract::compile(&schema).err();
                assert!(error.is_some() || in_place, "{schema}");
                assert!(!format!("{error:?}").contains("root:"), "no file's content in an error");
            }
        }
    }
    let error = Contract::compile(&json!({ "$id": remote, "$ref": "other.json" })).expect_err("not here");
    assert!(error.to_string().contains("may refer to itself only"), "{error}");
    assert!(
        Contract::compile(&json!({ "$id": remote, "$ref": "#/$defs/a", "$defs": { "a": true } })).is_ok()
    );
    let connections = listener.accept();
    assert!(connections.is_err(), "nobody connected");
}

#[test]
fn formats_are_asserted_and_those_that_cannot_be_are_refused() {
    for (format, good, bad) in [
        ("uuid", "0197a8d0-5c5f-7c1f-8a3e-3f0c2f6d9a10", "0197a8d0"),
        ("date-time", "2024-02-29T12:00:00Z", "2023-02-29T12:00:00Z"),
        ("date", "2024-02-29", "29.2.2024"),
        ("email", "a@example.com", "a"),
        ("ipv4", "127.0.0.1", "127.0.0.256"),
        ("uri", "https://example.com/", "no uri"),
    ] {
        assert_eq!(check(&json!({ "format": format }), &json!(good).to_string()), Ok(()), "{format}");
        assert!(check(&json!({ "format": format }), &json!(bad).to_string()).is_err(), "{format}");
    }
    for format in ["idn-email", "idn-hostname"] {
        let error = Contract::compile(&json!({ "items": { "format": format } })).expect_err("not asserted");
        assert_eq!(error, CompileError::Format { format });
    }
    // A property may have such a name.
    compile(&json!({ "properties": { "format": { "const": "idn-email" } }, "required": ["format"] }));
}

#[test]
fn patterns_run_in_linear_time_or_not_at_all() {
    let backtracking = json!({ "pattern": "^(a+)+$" });
    let text = format!("\"{}!\"", "a".repeat(500_000));
    assert!(check(&backtracking, &text).is_err());
    for pattern in ["(?=a)b", "(a)\\1", "((a{1000}){1000}){1000}"] {
        let error =
            Contract::compile(&json!({ "properties": { "a": { "pattern": pattern } } })).expect_err(pattern);
        assert!(
            matches!(&error, CompileError::Schema { at, .. } if at.starts_with("/properties/a")),
            "{error}"
        );
    }
}

#[test]
fn schemas_have_limits() {
    let nested =
        |levels: usize| (0..levels).fold(json!({ "type": "null" }), |inner, _| json!({ "items": inner }));
    compile(&nested(MAX_SCHEMA_DEPTH - 1));
    assert_eq!(Contract::compile(&nested(MAX_SCHEMA_DEPTH)).expect_err("deep"), CompileError::TooDeep);
    assert_eq!(Contract::compile(&nested(2000)).expect_err("deep"), CompileError::TooDeep);

    let large = json!({ "description": "x".repeat(MAX_SCHEMA_BYTES) });
    assert!(matches!(Contract::compile(&large), Err(CompileError::TooLarge { .. })));

    let doubling = |levels: usize| {
        let mut definitions = json!({ "d0": { "type": "string" } });
        for level in 1..=levels {
            let next = json!({ "$ref": format!("#/$defs/d{}", level - 1) });
            definitions[format!("d{level}")] = json!({ "anyOf": [next, next] });
        }
        json!({ "$ref": format!("#/$defs/d{levels}"), "$defs": definitions })
    };
    compile(&doubling(8));
    assert_eq!(Contract::compile(&doubling(28)).expect_err("doubles"), CompileError::TooManyRefs);

    let chain = |length: usize| {
        let link =
            |n: usize| (format!("d{n}"), json!({ "items": { "$ref": format!("#/$defs/d{}", n + 1) } }));
        let mut definitions: serde_json::Map<_, _> = (0..length).map(link).collect();
        definitions.insert(format!("d{length}"), json!(true));
        json!({ "$ref": "#/$defs/d0", "$defs": definitions })
    };
    compile(&chain(60));
    assert_eq!(Contract::compile(&chain(4_000)).expect_err("a chain"), CompileError::TooDeepRefs);

    let recursive = json!({ "properties": { "a": { "$ref": "#" }, "b": { "$ref": "#" } } });
    assert_eq!(check(&recursive, r#"{"a":{"b":{"a":{}}}}"#), Ok(()));
    let endless = json!({ "$ref": "#/$defs/a", "$defs": { "a": { "$ref": "#/$defs/b" }, "b": { "$ref": "#/$defs/a" } } });
    if let Ok(contract) = Contract::compile(&endless) {
        assert!(contract.check(&mut Tape::new(), b"{}").is_ok(), "it asks for nothing");
    }
}

#[test]
fn other_dialects_are_refused() {
    let draft7 = json!({ "$schema": "http://json-schema.org/draft-07/schema#" });
    assert_eq!(Contract::compile(&draft7).expect_err("draft 7"), CompileError::Dialect);
    compile(&json!({ "$schema": "https://json-schema.org/draft/2020-12/schema" }));
    let error =
        Contract::compile(&json!({ "properties": { "a": { "type": "text" } } })).expect_err("no type");
    assert!(matches!(&error, CompileError::Schema { at, .. } if at == "/properties/a/type"), "{error}");
}

#[test]
fn a_report_names_places_and_rules_in_order() {
    let schema = json!({
        "type": "object",
        "properties": {
            "id": { "type": "string", "format": "uuid" },
            "items": { "type": "array", "items": { "$ref": "#/$defs/Item" } },
        },
        "required": ["id", "total"],
        "additionalProperties": false,
        "$defs": { "Item": { "type": "object", "properties": { "a/b": { "minimum": 1 } }, "required": ["sku"] } },
    });
    let report = violations(&schema, r#"{"id":"x","items":[{"sku":1},{"a/b":0}],"secret":1}"#);
    let mut found: Vec<_> = report
        .as_slice()
        .iter()
        .map(|v| (v.instance_path.as_str(), v.schema_path.as_str(), v.keyword.as_str()))
        .collect();
    found.sort_unstable();
    assert_eq!(
        found,
        [
            ("", "/additionalProperties", "additionalProperties"),
            ("/id", "/properties/id/format", "format"),
            ("/items/1/a~1b", "/$defs/Item/properties/a~1b/minimum", "minimum"),
            ("/items/1/sku", "/$defs/Item/required", "required"),
            ("/total", "/required", "required"),
        ]
    );
    assert!(!report.has_more());
    let back: Value = serde_json::from_str(&report.to_json()).expect("JSON");
    assert_eq!(back.as_array().map(Vec::len), Some(5));
    assert!(
        back[0]["instance_path"].is_string()
            && back[0]["schema_path"].is_string()
            && back[0]["keyword"].is_string()
    );
}

const SECRET: &str = "canary-4711";

#[test]
fn no_report_repeats_what_an_event_holds() {
    let open = json!({ "type": "object", "additionalProperties": { "type": "integer", "maximum": 1 } });
    assert_eq!(
        broken(&open, &json!({ SECRET: 2, "b": 3 }).to_string()),
        expected(&[("/*", "maximum"), ("/*", "maximum")])
    );
    let schemas = [
        json!({ "type": "null" }),
        json!({ "const": 1 }),
        json!({ "enum": [1] }),
        json!({ "not": {} }),
        json!({ "anyOf": [{ "type": "null" }, false] }),
        json!({ "oneOf": [true, true] }),
        json!({ "additionalProperties": false, "items": false, "maxLength": 0, "format": "uuid" }),
        json!({ "unevaluatedProperties": false, "unevaluatedItems": false, "pattern": "^$" }),
        json!({ "propertyNames": { "maxLength": 1 }, "uniqueItems": true, "contains": { "type": "null" } }),
        json!({ "patternProperties": { "^c": false }, "dependentRequired": { SECRET: ["a"] }, "maximum": 1 }),
        json!({ "additionalProperties": { "additionalProperties": false, "type": "null" }, "maxItems": 0 }),
    ];
    let events = [
        json!({ SECRET: { SECRET: SECRET } }),
        json!({ SECRET: SECRET }),
        json!([SECRET, SECRET]),
        json!([{ SECRET: [SECRET] }]),
        json!(SECRET),
        json!(4711),
    ];
    for schema in schemas {
        // The one rule whose own text holds the word may show it.
        let told = schema.get("dependentRequired").is_some();
        for event in &events {
            let Err(error) = check(&schema, &event.to_string()) else { continue };
            let CheckError::Violations(report) = &error else { panic!("{error}") };
            let shown = format!("{error} {error:?} {} {report}", report.to_json());
            assert!(told || !shown.contains("4711"), "{schema} {event}: {shown}");
        }
    }
    let text = r#"{"name":"canary-4711" "#;
    let error = check(&json!(true), text).expect_err("no JSON");
    assert_eq!(error.to_string(), "not a readable JSON document: ends too early at byte 22");
    assert!(!format!("{:?}", compile(&json!({ "const": SECRET }))).contains(SECRET));
}

#[test]
fn a_report_is_bounded() {
    let names: Vec<String> = (0..50).map(|n| format!("{n}-{}", "ä".repeat(400))).collect();
    let report = violations(&json!({ "required": names }), "{}");
    assert_eq!(report.as_slice().len(), MAX_VIOLATIONS);
    assert!(report.has_more());
    assert!(report.as_slice().iter().all(|violation| violation.instance_path.len() <= MAX_PATH_BYTES));
    let json = report.to_json();
    assert!(json.len() <= MAX_REPORT_BYTES, "{}", json.len());
    let listed: Value = serde_json::from_str(&json).expect("JSON");
    assert!(listed.as_array().is_some_and(|list| list.len() > 5));
    assert!(report.to_string().ends_with("and at least 20 more"), "{report}");

    // One error for each of a hostile event's values would take memory for each.
    let many = format!("[{}0]", "0,".repeat(MAX_REPORTED_ENTRIES));
    let report = violations(&json!({ "items": { "type": "string" } }), &many);
    assert_eq!((report.as_slice().len(), report.has_more()), (1, true));
}

#[test]
fn limits_come_before_the_contract() {
    let contract = compile(&json!({ "type": "string" }));
    let reason = |tape: &mut Tape, event: &[u8]| match contract.check(tape, event) {
        Err(CheckError::Undecodable { reason, .. }) => reason,
        other => panic!("{other:?}"),
    };
    assert_eq!(reason(&mut Tape::with_max_bytes(10), b"[1,2,3,4,5]"), UndecodableReason::TooLarge);
    assert_eq!(reason(&mut Tape::new(), &[b' '; 10]), UndecodableReason::Empty);
    assert_eq!(reason(&mut Tape::new(), "[".repeat(200).as_bytes()), UndecodableReason::TooDeep);
    assert_eq!(reason(&mut Tape::new(), br#"{"a":1,"a":2}"#), UndecodableReason::DuplicateMember);
    assert_eq!(reason(&mut Tape::new(), &vec![b'['; 10 * 1024 * 1024]), UndecodableReason::TooLarge);
}

#[test]
fn a_contract_is_shared_between_threads() {
    let contract = compile(&json!({ "type": "integer" }));
    std::thread::scope(|scope| {
        for n in 0..4 {
            let contract = &contract;
            scope.spawn(move || {
                let mut tape = Tape::new();
                for event in 0..100 {
                    assert!(contract.check(&mut tape, (n * event).to_string().as_bytes()).is_ok());
                    assert!(contract.check(&mut tape, b"\"x\"").is_err());
                }
            });
        }
    });
}
