//! A check that passes allocates nothing once its tape has grown.

use choreograph_contracts::{Contract, Tape};
use serde_json::json;

#[test]
fn a_passing_check_allocates_nothing() {
    let contract = Contract::compile(&json!({
        "type": "object",
        "properties": {
            "id": { "type": "string", "format": "uuid" },
            "at": { "type": "string", "format": "date-time" },
            "state": { "oneOf": [{ "const": "open" }, { "const": "closed" }] },
            "code": { "type": "string", "pattern": "^[A-Z]{2}\\d+$", "maxLength": 8 },
            "kind": { "enum": ["a", 1, null] },
            "lines": { "type": "array", "items": { "$ref": "#/$defs/Line" }, "minItems": 1, "uniqueItems": true },
            "tags": { "type": "object", "additionalProperties": { "type": "string" }, "propertyNames": { "maxLength": 9 } },
            "by": { "anyOf": [{ "$ref": "#/$defs/Person" }, { "type": "null" }] },
        },
        "required": ["id", "at", "state", "lines"],
        "additionalProperties": false,
        "$defs": {
            "Line": {
                "type": "object",
                "properties": { "sku": { "type": "string" }, "n": { "type": "integer", "minimum": 0 }, "price": { "type": "number" } },
                "required": ["sku", "n"],
                "additionalProperties": false,
            },
            "Person": { "type": "object", "properties": { "name": { "type": "string", "minLength": 1 } }, "required": ["name"] },
        },
    }))
    .expect("a contract");
    let events: [&[u8]; 2] = [
        br#"{"id":"0197a8d0-5c5f-7c1f-8a3e-3f0c2f6d9a10","at":"2024-02-29T12:00:00Z","state":"open","code":"AB12",
            "kind":1.0,"lines":[{"sku":"a\u00e4\n","n":3,"price":1.25},{"sku":"b","n":18446744073709551615}],
            "tags":{"gr\u00fcn":"ja"},"by":{"name":"Zo\u00eb"}}"#,
        br#"{"id":"0197a8d0-5c5f-7c1f-8a3e-3f0c2f6d9a10","at":"2024-02-29T12:00:00Z","state":"closed","by":null,
            "lines":[{"sku":"a","n":3}]}"#,
    ];
    let mut tape = Tape::new();
    let mut check =
        || events.iter().for_each(|event| contract.check(&mut tape, event).expect("it keeps the contract"));
    let grown = allocation_counter::measure(&mut check);
    assert!(grown.count_total > 0, "the counter counts");
    let again = allocation_counter::measure(|| (0..100).for_each(|_| check()));
    assert_eq!(again.count_total, 0, "{again:?}");
}
