//! Where serde and JSON Schema see different things, one case each.

use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap};
use std::fmt::Debug;

use schemars::JsonSchema;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use serde_json::{Value, json};

use super::{Outcome, compile, events, read_both, write_both};
use crate::{
    CheckError, Contract, ContractId, DecodeError, EncodeError, Kept, MAX_DECLARED_NAMES, MAX_DEPTH, Tape,
    UndecodableReason, views,
};

use Outcome::{Passed, Refused, Slow};

fn reader<T: JsonSchema>() -> Contract {
    compile(&views::reader_schema::<T>())
}

fn writer<T: JsonSchema>() -> Contract {
    compile(&views::writer_schema::<T>(ContractId::new("trap", 1, 0).expect("a name")))
}

fn read<T: DeserializeOwned + Debug>(contract: &Contract, event: &str) -> Outcome {
    read_both::<T>(contract, &mut Tape::new(), event.as_bytes())
}

fn write(contract: &Contract, value: &impl Serialize) -> Outcome {
    write_both(contract, &mut Tape::new(), value)
}

#[test]
fn a_unit_variant_is_a_text_and_no_object() {
    let contract = reader::<events::Parcel>();
    assert_eq!(read::<events::Parcel>(&contract, r#""Lost""#), Passed);
    assert!(serde_json::from_str::<events::Parcel>(r#"{"Lost":null}"#).is_ok(), "serde takes it");
    assert_eq!(read::<events::Parcel>(&contract, r#"{"Lost":null}"#), Refused);
    assert_eq!(read::<events::Parcel>(&contract, r#"{"Found":1,"Found":1}"#), Refused);
    assert_eq!(read::<events::Parcel>(&contract, r#"{"Found":1,"At":[1,2]}"#), Refused);
    assert_eq!(read::<events::Parcel>(&contract, "{}"), Refused);
}

#[test]
fn a_name_twice_is_refused_wherever_it_stands() {
    let contract = reader::<events::View>();
    for (event, at) in [
        (r#"{"order_id":"a","order_id":"a"}"#, 16),
        (r#"{"order_id":"a","x":1,"x":2}"#, 22),
        (r#"{"order_id":"a","x":1,"\u0078":2}"#, 22),
        (r#"{"order_id":"a","x":{"deep":[{"b":1,"b":1}]}}"#, 36),
    ] {
        let found = contract.decode::<events::View>(&mut Tape::new(), event.as_bytes());
        let reason = UndecodableReason::DuplicateMember;
        let expected = CheckError::Undecodable { reason, at };
        assert!(matches!(&found, Err(DecodeError::Check(error)) if *error == expected), "{event}: {found:?}");
        assert_eq!(read::<Value>(&contract, event), Refused);
    }
    let many: Vec<String> = (0..200).map(|n| format!("\"n{n}\":{n}")).collect();
    let wide = format!(r#"{{"order_id":"a",{}}}"#, many.join(","));
    assert_eq!(read::<events::View>(&contract, &wide), Passed);
    let twice = format!(r#"{{"order_id":"a",{},"n7":0}}"#, many.join(","));
    assert_eq!(read::<events::View>(&contract, &twice), Refused);
}

#[test]
fn what_is_ignored_is_held_to_what_holds_everywhere() {
    let contract = reader::<events::View>();
    for (ignored, outcome) in [
        ("[1,\"a\",{\"b\":null}]", Passed),
        ("1e308", Passed),
        ("1e999", Refused),
        ("\"\\ud83d\"", Refused),
        ("\"\\ud83d\\ude00\"", Passed),
        ("\"a\nb\"", Refused),
        ("01", Refused),
        ("nul", Refused),
    ] {
        let event = format!(r#"{{"order_id":"a","ignored":{ignored}}}"#);
        assert_eq!(read::<events::View>(&contract, &event), outcome, "{event}");
    }
    let broken = b"{\"order_id\":\"a\",\"ignored\":\"\xff\"}";
    assert_eq!(read_both::<events::View>(&contract, &mut Tape::new(), broken), Refused);
    for (levels, outcome) in [(MAX_DEPTH - 1, Passed), (MAX_DEPTH, Refused), (500, Refused)] {
        let event = format!(r#"{{"order_id":"a","i":{}0{}}}"#, "[".repeat(levels), "]".repeat(levels));
        assert_eq!(read::<events::View>(&contract, &event), outcome, "{levels}");
    }
    let rule = compile(&json!({ "properties": { "order_id": true, "ignored": { "type": "integer" } } }));
    assert_eq!(read::<events::View>(&rule, r#"{"order_id":"a","ignored":1}"#), Passed);
    assert_eq!(read::<events::View>(&rule, r#"{"order_id":"a","ignored":"1"}"#), Refused);
}

#[test]
fn a_tag_may_stand_anywhere() {
    let contract = reader::<events::Payment>();
    assert_eq!(read::<events::Payment>(&contract, r#"{"kind":"transfer","iban":"a"}"#), Passed);
    assert_eq!(read::<events::Payment>(&contract, r#"{"iban":"a","kind":"transfer"}"#), Slow);
    assert_eq!(read::<events::Payment>(&contract, r#"{"kind":"cheque"}"#), Refused);
    assert_eq!(read::<events::Payment>(&contract, r#"{"kind":"card","iban":"a"}"#), Refused);
    assert_eq!(read::<events::Payment>(&contract, r#"{"kind":"cash","kind":"cash"}"#), Refused);
    // What all variants check alike may come before the tag.
    let flattened = reader::<events::Addressed>();
    assert_eq!(read::<events::Addressed>(&flattened, r#"{"id":1,"street":"a","kind":"cash"}"#), Passed);
    assert_eq!(
        read::<events::Addressed>(&flattened, r#"{"id":1,"id":1,"street":"a","kind":"cash"}"#),
        Refused
    );
    assert_eq!(read::<events::Addressed>(&flattened, r#"{"id":-1,"street":"a","kind":"cash"}"#), Refused);
    assert_eq!(read::<events::Addressed>(&flattened, r#"{"street":"a","kind":"cash"}"#), Refused);
}

#[test]
fn an_integer_written_with_a_point_fits_the_contract_and_not_the_type() {
    #[derive(Debug, Deserialize, JsonSchema)]
    struct Counted {
        #[expect(dead_code, reason = "read by `Debug` alone")]
        count: u8,
    }
    let contract = reader::<Counted>();
    let decode = |event: &str| contract.decode::<Counted>(&mut Tape::new(), event.as_bytes());
    assert!(decode(r#"{"count":1}"#).is_ok());
    assert!(matches!(decode(r#"{"count":1.0}"#), Err(DecodeError::Unreadable(_))));
    assert!(matches!(decode(r#"{"count":1.5}"#), Err(DecodeError::Check(CheckError::Violations(_)))));
    assert!(matches!(decode(r#"{"count":256}"#), Err(DecodeError::Check(CheckError::Violations(_)))));
    let undecodable = decode(r#"{"count":1}}"#);
    assert!(
        matches!(undecodable, Err(DecodeError::Check(CheckError::Undecodable { .. }))),
        "{undecodable:?}"
    );
    let plain = serde_json::from_str::<Counted>(r#"{"count":1.0}"#).expect_err("no float");
    let Err(DecodeError::Unreadable(error)) = decode(r#"{"count":1.0}"#) else { panic!("unreadable") };
    assert_eq!((error.line(), error.column()), (plain.line(), plain.column()));
}

#[test]
fn absent_and_null_are_told_apart() {
    #[derive(Debug, Deserialize, Serialize)]
    struct Both {
        a: Option<String>,
        b: Option<String>,
    }
    let schema = json!({
        "type": "object",
        "properties": { "a": { "type": "string" }, "b": { "type": ["string", "null"] } },
        "required": ["b"],
    });
    let contract = compile(&schema);
    assert_eq!(read::<Both>(&contract, r#"{"b":null}"#), Passed);
    assert_eq!(read::<Both>(&contract, r#"{"a":null,"b":null}"#), Refused);
    assert_eq!(read::<Both>(&contract, r#"{"a":"x"}"#), Refused);
    assert_eq!(write(&contract, &Both { a: None, b: None }), Refused);
    assert_eq!(write(&contract, &Both { a: Some(String::new()), b: None }), Passed);
}

#[test]
fn more_required_names_than_bits_are_counted_all_the_same() {
    for count in [MAX_DECLARED_NAMES, MAX_DECLARED_NAMES + 1] {
        let names: Vec<String> = (0..count).map(|n| format!("n{n}")).collect();
        let contract = compile(&json!({ "required": names }));
        let outcome = if count > MAX_DECLARED_NAMES { Slow } else { Passed };
        let all: BTreeMap<&String, u8> = names.iter().map(|name| (name, 1)).collect();
        assert_eq!(write(&contract, &all), outcome);
        for missing in [0, 63, 64, count - 1] {
            let mut some = all.clone();
            some.remove(&names[missing]);
            assert_eq!(write(&contract, &some), if contract.program.is_some() { Refused } else { Slow });
            assert_eq!(read::<Value>(&contract, &serde_json::to_string(&some).expect("JSON")), Refused);
        }
        assert_eq!(contract.buffered().len(), usize::from(count > MAX_DECLARED_NAMES));
    }
}

#[test]
fn floats_go_out_as_they_will_be_read() {
    #[derive(Serialize, JsonSchema)]
    struct Floats {
        #[schemars(range(max = 0.1))]
        single: f32,
        double: f64,
    }
    let contract = writer::<Floats>();
    assert_eq!(write(&contract, &Floats { single: 0.05, double: 1e300 }), Passed);
    // As an `f64` this `f32` is more than 0.1; as it is written it is not.
    assert_eq!(write(&contract, &Floats { single: 0.1, double: -0.0 }), Slow);
    assert_eq!(write(&contract, &Floats { single: 0.2, double: 0.0 }), Refused);
    assert_eq!(write(&contract, &Floats { single: 0.0, double: f64::NAN }), Refused);
    assert_eq!(write(&contract, &Floats { single: 0.0, double: f64::INFINITY }), Refused);
    assert_eq!(write(&compile(&json!({ "type": "null" })), &f32::NAN), Passed);
}

#[test]
fn the_ends_of_integers() {
    let contract = compile(
        &json!({ "type": "integer", "minimum": -9_223_372_036_854_775_808_i64, "maximum": u64::MAX }),
    );
    assert_eq!(write(&contract, &u64::MAX), Passed);
    assert_eq!(write(&contract, &i64::MIN), Passed);
    // To JSON readers a float, and beyond the bound all the same.
    assert_eq!(write(&contract, &(u128::from(u64::MAX) + 1)), Refused);
    assert_eq!(write(&contract, &i128::MIN), Refused);
    assert_eq!(write(&contract, &u128::from(u64::MAX)), Passed);
    assert_eq!(read::<u64>(&contract, "18446744073709551615"), Passed);
    assert_eq!(read::<i128>(&contract, "-9223372036854775808"), Passed);
    assert_eq!(read::<u128>(&contract, "18446744073709551616"), Refused);
    assert_eq!(read::<i128>(&contract, "-0"), Passed);
}

#[test]
fn raw_values_are_looked_into() {
    #[derive(Debug, Serialize, Deserialize)]
    struct Raw {
        raw: Box<RawValue>,
    }
    let contract = compile(&json!({ "properties": { "raw": { "items": { "type": "integer" } } } }));
    assert_eq!(read::<Raw>(&contract, r#"{"raw": [1, 2] }"#), Passed);
    for event in [r#"{"raw":[1,"2"]}"#, r#"{"raw":{"a":1,"a":1}}"#, r#"{"raw":1e999}"#] {
        assert_eq!(read::<Raw>(&contract, event), Refused, "{event}");
    }
    let raw = |text: &str| Raw { raw: RawValue::from_string(text.to_owned()).expect("JSON") };
    assert_eq!(write(&contract, &raw("[1]")), Slow);
    assert_eq!(write(&contract, &raw(r#"["1"]"#)), Refused);
}

#[test]
fn texts_are_borrowed_from_the_event() {
    #[derive(Debug, Deserialize)]
    struct Borrowed<'a> {
        plain: &'a str,
        #[serde(borrow)]
        maybe: Cow<'a, str>,
        #[serde(borrow)]
        raw: &'a RawValue,
    }
    let contract = compile(&json!({ "properties": { "plain": { "maxLength": 3 } } }));
    let event = br#"{"plain":"abc","maybe":"a\nb","raw":[1, 2]}"#;
    let read: Borrowed<'_> = contract.decode(&mut Tape::new(), event).expect("it keeps the contract");
    assert!(event.as_ptr_range().contains(&read.plain.as_ptr()));
    assert_eq!((&*read.maybe, read.raw.get()), ("a\nb", "[1, 2]"));
    let escaped = contract.decode::<Borrowed<'_>>(&mut Tape::new(), br#"{"plain":"\n","maybe":"","raw":1}"#);
    assert!(matches!(escaped, Err(DecodeError::Unreadable(_))), "nothing to borrow");
}

#[test]
fn names_are_texts_whatever_a_map_takes_them_for() {
    let contract = compile(&json!({
        "properties": { "1": { "type": "string" }, "true": { "type": "null" } },
        "propertyNames": { "maxLength": 4 },
        "additionalProperties": { "type": "boolean" },
    }));
    assert_eq!(read::<HashMap<u64, String>>(&contract, r#"{"1":"a"}"#), Passed);
    assert_eq!(read::<HashMap<u64, Value>>(&contract, r#"{"1":true}"#), Refused);
    assert_eq!(read::<HashMap<i64, bool>>(&contract, r#"{"-2":true}"#), Passed);
    assert_eq!(read::<HashMap<u64, bool>>(&contract, r#"{"12345":true}"#), Refused);
    assert_eq!(read::<HashMap<bool, Option<u8>>>(&contract, r#"{"true":null}"#), Passed);
    assert_eq!(read::<HashMap<bool, bool>>(&contract, r#"{"true":false}"#), Refused);
    assert_eq!(read::<HashMap<i128, bool>>(&contract, r#"{"0":true}"#), Slow);
    assert_eq!(write(&contract, &HashMap::from([(1u8, "a")])), Passed);
    assert_eq!(write(&contract, &HashMap::from([(1u8, true)])), Refused);
    assert_eq!(write(&contract, &HashMap::from([(true, None::<u8>)])), Passed);
    assert_eq!(write(&contract, &HashMap::from([(-2i128, true)])), Passed);
    assert_eq!(write(&contract, &HashMap::from([('a', true)])), Passed);
    assert_eq!(write(&contract, &HashMap::from([("abcde", true)])), Refused);
    assert_eq!(
        write(&contract, &BTreeMap::from([(Some("a"), true)])),
        write(&contract, &BTreeMap::from([("a", true)]))
    );
}

#[test]
fn bytes_are_texts_on_the_way_in_and_lists_on_the_way_out() {
    #[derive(Debug)]
    struct Bytes(Vec<u8>);
    impl<'de> Deserialize<'de> for Bytes {
        fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
            struct Take;
            impl serde::de::Visitor<'_> for Take {
                type Value = Bytes;
                fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                    f.write_str("bytes")
                }
                fn visit_bytes<E>(self, bytes: &[u8]) -> Result<Bytes, E> {
                    Ok(Bytes(bytes.to_vec()))
                }
            }
            deserializer.deserialize_bytes(Take)
        }
    }
    impl Serialize for Bytes {
        fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
            serializer.serialize_bytes(&self.0)
        }
    }
    let short = compile(&json!({ "type": "string", "maxLength": 2 }));
    assert_eq!(read::<Bytes>(&short, r#""ab""#), Passed);
    assert_eq!(read::<Bytes>(&short, r#""abc""#), Refused);
    assert_eq!(read::<Bytes>(&short, "\"a\u{1}\""), Refused, "serde takes it");
    assert_eq!(read::<Bytes>(&short, r#""\ud83d""#), Refused, "serde takes it");
    let list = compile(&json!({ "items": { "maximum": 9 }, "maxItems": 2 }));
    assert_eq!(write(&list, &Bytes(vec![1, 9])), Passed);
    assert_eq!(write(&list, &Bytes(vec![1, 10])), Refused);
    assert_eq!(write(&list, &Bytes(vec![1, 2, 3])), Refused);
    assert_eq!(write(&compile(&json!({ "const": "ä" })), &'ä'), Passed);
}

#[test]
fn nothing_undeclared_goes_out() {
    #[derive(Serialize)]
    struct More {
        total: u8,
        #[serde(flatten)]
        more: BTreeMap<&'static str, u8>,
    }
    #[derive(JsonSchema)]
    #[expect(dead_code, reason = "only its schema is used")]
    struct Declared {
        total: u8,
    }
    let contract = writer::<Declared>();
    assert_eq!(write(&contract, &More { total: 1, more: BTreeMap::new() }), Passed);
    assert_eq!(write(&contract, &More { total: 1, more: BTreeMap::from([("more", 1)]) }), Refused);
    assert_eq!(write(&contract, &More { total: 1, more: BTreeMap::from([("total", 1)]) }), Refused, "twice");
    assert_eq!(write(&reader::<Declared>(), &More { total: 1, more: BTreeMap::from([("more", 1)]) }), Passed);
}

#[test]
fn what_is_displayed_is_checked_without_a_text_of_its_own() {
    struct Shown(u32);
    impl Serialize for Shown {
        fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
            serializer.collect_str(&format_args!("#{}", self.0))
        }
    }
    let contract = compile(&json!({ "type": "string", "pattern": "^#\\d$" }));
    assert_eq!(write(&contract, &Shown(7)), Passed);
    assert_eq!(write(&contract, &Shown(77)), Refused);
}

/// Each of these places is checked on its bytes, with the references of the contract around it.
#[test]
fn buffered_places_are_checked_whole() {
    let contract = compile(&json!({
        "$id": "urn:contract:trap/1.0",
        "type": "object",
        "properties": {
            "größter set": { "type": "array", "items": { "$ref": "#/$defs/a~1name" }, "uniqueItems": true },
            "other": { "not": { "required": ["x"] }, "properties": { "again": { "$ref": "#" } } },
            "plain": { "type": "string" },
        },
        "$defs": { "a/name": { "type": "integer" } },
    }));
    let places: Vec<_> = contract.buffered().iter().map(|place| place.at.as_str()).collect();
    assert_eq!(places, ["/properties/größter set", "/properties/other"]);
    for (event, outcome) in [
        (r#"{"größter set":[1,2],"plain":"a"}"#, Passed),
        (r#"{"größter set": [ 1 , 2 ] , "plain":"a"}"#, Passed),
        (r#"{"größter set":[1,1]}"#, Refused),
        (r#"{"größter set":[1,"2"]}"#, Refused),
        (r#"{"größter set":[1e999]}"#, Refused),
        (r#"{"other":{"again":{"größter set":[3]}},"plain":"a"}"#, Passed),
        (r#"{"other":{"again":{"größter set":[3,3]}},"plain":"a"}"#, Refused),
        (r#"{"other":{"x":1}}"#, Refused),
        (r#"{"other":{"y":1,"y":1}}"#, Refused),
        (r#"{"other":"a text"}"#, Refused),
        (r#"{"other":{"y":1},"plain":1}"#, Refused),
    ] {
        assert_eq!(read::<Value>(&contract, event), outcome, "{event}");
        if let Ok(value) = serde_json::from_str::<Value>(event) {
            // A tree of values has no name twice.
            let outcome = if event.contains(r#""y":1,"y":1"#) { Passed } else { outcome };
            assert_eq!(write(&contract, &value), outcome, "{event}");
        }
    }
    for levels in [MAX_DEPTH - 2, MAX_DEPTH - 1, MAX_DEPTH] {
        let event = format!(r#"{{"other":{{"d":{}{}}}}}"#, "[".repeat(levels), "]".repeat(levels));
        let outcome = if levels + 2 > MAX_DEPTH { Refused } else { Passed };
        assert_eq!(read::<Value>(&contract, &event), outcome, "{levels}");
    }
}

#[test]
fn a_contract_without_a_program_is_checked_as_a_whole() {
    let contract = compile(&json!({ "not": { "type": "object", "required": ["x"] } }));
    assert!(contract.program.is_none());
    let place = contract.buffered().first().expect("the whole of it");
    assert_eq!(place.to_string(), "/ (`not` looks at the value as a whole)");
    let mut tape = Tape::new();
    let value: Value = contract.decode(&mut tape, b"{\"y\":1}").expect("it keeps the contract");
    assert!(contract.decode::<Value>(&mut tape, b"{\"x\":1}").is_err());
    let mut out = b"before".to_vec();
    contract.encode(&mut tape, &value, &mut out).expect("it keeps the contract");
    assert_eq!(out, b"before{\"y\":1}");
}

#[test]
fn what_is_not_kept_is_not_left_in_the_buffer() {
    let contract = compile(&json!({ "maximum": 3 }));
    let (mut tape, mut out) = (Tape::new(), b"before".to_vec());
    assert!(matches!(contract.encode(&mut tape, &4, &mut out), Err(EncodeError::Check(_))));
    assert!(matches!(
        contract.encode(&mut tape, &HashMap::from([((), 1)]), &mut out),
        Err(EncodeError::Unwritable(_))
    ));
    assert_eq!(out, b"before");
    assert!(matches!(contract.write(&mut tape, &4, &mut out), Ok(Kept::Unknown)));
    contract.encode(&mut tape, &3, &mut out).expect("it keeps the contract");
    assert_eq!(out, b"before43");
    let mut small = Tape::with_max_bytes(3);
    let too_large = contract.encode(&mut small, "abc", &mut out);
    assert!(matches!(
        too_large,
        Err(EncodeError::Check(CheckError::Undecodable { reason: UndecodableReason::TooLarge, .. }))
    ));
    assert!(contract.decode::<String>(&mut small, b"\"abc\"").is_err());
}

/// `oneOf` must not take what two branches take; `anyOf` may.
#[test]
fn one_of_is_exactly_one() {
    let both = json!([{ "type": "integer", "minimum": 3 }, { "type": "number", "maximum": 5 }]);
    let one = compile(&json!({ "oneOf": both }));
    let any = compile(&json!({ "anyOf": both }));
    for (event, of_one, of_any) in
        [("2", Passed, Passed), ("4", Refused, Passed), ("6", Passed, Passed), ("5.5", Refused, Refused)]
    {
        assert_eq!(read::<Value>(&one, event), of_one, "{event}");
        assert_eq!(read::<Value>(&any, event), of_any, "{event}");
    }
    let open = json!([
        { "type": "object", "properties": { "a": { "type": "integer" } }, "required": ["a"] },
        { "type": "object", "properties": { "b": { "type": "integer" } }, "required": ["b"] },
    ]);
    let contract = compile(&json!({ "properties": { "x": { "oneOf": open } } }));
    assert_eq!(contract.buffered().len(), 1, "open objects are not told apart by one name");
    assert_eq!(read::<Value>(&contract, r#"{"x":{"a":1,"b":1}}"#), Refused);
    assert_eq!(read::<Value>(&contract, r#"{"x":{"a":1,"c":1}}"#), Passed);
}

/// A hostile contract must not hold up a start, nor break the stack.
#[test]
fn a_contract_that_is_too_much_is_checked_as_a_whole() {
    // Each level of an event stands under another set of these schemas.
    let definitions: serde_json::Map<String, Value> = (0..13)
        .map(|n| {
            let to = |n: usize| json!({ "properties": { "a": { "$ref": format!("#/$defs/d{}", n % 13) } } });
            let schema = json!({ "allOf": [to(n + 1), to(n * 5 + 2)] });
            (format!("d{n}"), schema)
        })
        .collect();
    let contract = compile(&json!({ "$ref": "#/$defs/d0", "$defs": definitions }));
    assert_eq!(
        read::<Value>(&contract, r#"{"a":{"b":{"c":{"d":[]}}}}"#),
        if contract.program.is_some() { Passed } else { Slow }
    );
    let branches: Vec<Value> = (0..400)
        .map(|n| json!({ "type": "object", "properties": { (format!("v{n}")): { "type": "integer" } }, "required": [format!("v{n}")], "additionalProperties": false }))
        .collect();
    let contract = compile(&json!({ "oneOf": branches }));
    assert_eq!(read::<Value>(&contract, r#"{"v399":1}"#), Passed);
    assert_eq!(read::<Value>(&contract, r#"{"v399":1,"v1":1}"#), Refused);
}
