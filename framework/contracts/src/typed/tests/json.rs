//! What the reader of the pass takes, `serde_json` takes, and both read the same; and what teams write, it takes.

use std::collections::{BTreeMap, HashMap};
use std::fmt::Debug;

use proptest::prelude::*;
use serde::Deserialize;
use serde::de::{DeserializeOwned, IgnoredAny};
use serde_json::Value;
use serde_json::value::RawValue;

use crate::typed::read_alone;
use crate::{Contract, MAX_DEPTH};

/// What became of a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Taken {
    /// Without `serde_json`.
    Alone,
    /// By `serde_json` alone.
    Plain,
    Not,
}

use Taken::{Alone, Not, Plain};

/// # Panics
///
/// If it is read otherwise than by `serde_json`.
pub(super) fn read<T: DeserializeOwned + Debug>(text: &[u8]) -> Taken {
    let alone: Option<T> = read_alone(text, std::marker::PhantomData);
    let plain: Result<T, _> = serde_json::from_slice(text);
    let either: Result<T, _> = Contract::decode_unchecked(text, std::marker::PhantomData);
    assert_eq!(format!("{either:?}"), format!("{plain:?}"), "the two together");
    let shown = String::from_utf8_lossy(text);
    match (alone, plain) {
        (Some(alone), Ok(plain)) => {
            assert_eq!(format!("{alone:?}"), format!("{plain:?}"), "{shown}");
            Alone
        }
        (Some(alone), Err(error)) => panic!("read as {alone:?}, though {error}: {shown}"),
        (None, Ok(_)) => Plain,
        (None, Err(_)) => Not,
    }
}

#[derive(Debug, Deserialize)]
#[expect(dead_code, reason = "shown by `Debug`")]
struct Everything {
    text: String,
    letter: char,
    flag: bool,
    small: i8,
    large: u64,
    huge: i128,
    float: f64,
    single: f32,
    nothing: (),
    maybe: Option<u16>,
    list: Vec<Everything>,
    pair: (u8, String),
    wrapped: Wrapped,
    by_number: BTreeMap<i32, bool>,
    by_flag: BTreeMap<bool, u8>,
    other: BTreeMap<String, Value>,
}

#[derive(Debug, Deserialize)]
#[expect(dead_code, reason = "shown by `Debug`")]
struct Wrapped(u32);

#[derive(Debug, Deserialize)]
#[expect(dead_code, reason = "shown by `Debug`")]
enum Kind {
    None,
    One(u8),
}

const EVERYTHING: &str = r#"{
    "text": "a \"b\" \u00e9 \ud83d\ude00 é\n", "letter": "\u00e9", "flag": true, "small": -128, "large": 18446744073709551615,
    "huge": -170141183460469231731687303715884105728, "float": -1.5e-3, "single": 0.1, "nothing": null, "maybe": null,
    "list": [], "pair": [7 , "x"], "wrapped": 3, "by_number": {"-1": true, "2": false}, "by_flag": {"true": 1},
    "other": {"": {"a": [1, 2.50, {}, [], null, "\\"]}, "-0": -0, "1e400": 1E+2}
}"#;

#[test]
fn what_teams_write_is_read_alone() {
    assert_eq!(read::<Everything>(EVERYTHING.as_bytes()), Alone);
    assert_eq!(read::<Value>(EVERYTHING.as_bytes()), Alone);
    assert_eq!(read::<IgnoredAny>(EVERYTHING.as_bytes()), Alone);
    assert_eq!(read::<Box<RawValue>>(EVERYTHING.as_bytes()), Alone);
    let compact = EVERYTHING.replace([' ', '\n'], "");
    assert_eq!(read::<Everything>(compact.as_bytes()), Alone);
}

#[test]
fn wherever_a_text_is_cut_or_a_byte_is_another_both_say_the_same() {
    let compact = EVERYTHING.replace([' ', '\n'], "");
    for text in [EVERYTHING, &compact] {
        for at in 0..text.len() {
            let (before, after) = (&text.as_bytes()[..at], &text.as_bytes()[at + 1..]);
            read::<Everything>(before);
            for byte in *b"\"\\{}[],:0-.e \x00\x1f\x7f\xff" {
                let spoilt = [before, &[byte], after].concat();
                read::<Everything>(&spoilt);
                read::<Value>(&spoilt);
                read::<Box<RawValue>>(&spoilt);
            }
        }
    }
}

#[test]
fn what_is_no_json_is_not_read() {
    let texts = [
        "",
        " ",
        "[",
        "]",
        "{",
        "{]",
        "[}",
        "[1,]",
        "[,1]",
        "[1 2]",
        "[,]",
        "{,}",
        "{\"a\"}",
        "{\"a\":}",
        "{\"a\":1,}",
        "{,\"a\":1}",
        "{\"a\" 1}",
        "{a:1}",
        "{1:1}",
        "nul",
        "nulll",
        "true1",
        "True",
        "+1",
        "01",
        "-",
        "-01",
        "00",
        "1.",
        ".5",
        "1e",
        "1e+",
        "0x1",
        "1 1",
        "\"",
        "\"\\\"",
        "\"\\x\"",
        "\"\\u12\"",
        "\"\\ud800\"",
        "\"\t\"",
        "\u{feff}1",
        "NaN",
        "Infinity",
        "1e999",
        "-1e999",
        "//",
        "1//",
        "[1]]",
        "\u{c}1",
        "\u{a0}1",
        "\0",
        "'a'",
        "\"a\"b",
        "\"\u{0}\"",
    ];
    for text in texts {
        assert_eq!(read::<Value>(text.as_bytes()), Not, "{text:?}");
        // What is ignored or taken as it stands, `serde_json` looks at less closely.
        assert_ne!(read::<IgnoredAny>(text.as_bytes()), Alone, "{text:?}");
        assert_ne!(read::<Box<RawValue>>(text.as_bytes()), Alone, "{text:?}");
    }
}

#[test]
fn numbers_are_those_of_serde_json() {
    let texts = [
        "0",
        "-0",
        "0.0",
        "-0.0",
        "0e5",
        "7",
        "-7",
        "999999999999999999",
        "-999999999999999999",
        "1000000000000000000",
        "9223372036854775807",
        "9223372036854775808",
        "-9223372036854775808",
        "-9223372036854775809",
        "18446744073709551615",
        "18446744073709551616",
        "340282366920938463463374607431768211455",
        "340282366920938463463374607431768211456",
        "-170141183460469231731687303715884105729",
        "1.0",
        "1e0",
        "1E5",
        "1e-5",
        "123456789.123456789",
        "0.1",
        "0.30000001192092896",
        "1.7976931348623157e308",
        "5e-324",
        "2.2250738585072011e-308",
        "179769313486231580793728971405303415079934132710037826936173778980444968292764750946649017977587207096330286416",
    ];
    for text in texts {
        let text = text.as_bytes();
        read::<Value>(text);
        let all: [fn(&[u8]) -> Taken; 8] = [
            read::<i8>,
            read::<u8>,
            read::<i64>,
            read::<u64>,
            read::<i128>,
            read::<u128>,
            read::<f32>,
            read::<f64>,
        ];
        for read in all {
            read(text);
        }
        let named = [b"{\"", text, b"\":1}"].concat();
        read::<BTreeMap<i64, u8>>(&named);
        read::<BTreeMap<u64, u8>>(&named);
        read::<BTreeMap<i128, u8>>(&named);
        read::<BTreeMap<u128, u8>>(&named);
    }
    assert_eq!(read::<f64>(b"-12.75e3"), Alone);
    assert_eq!(read::<f32>(b"12.75"), Alone);
}

#[test]
fn depth_is_bounded() {
    let nested = |depth: usize| "[".repeat(depth) + &"]".repeat(depth);
    assert_eq!(read::<Value>(nested(MAX_DEPTH).as_bytes()), Alone);
    assert_eq!(read::<Value>(nested(MAX_DEPTH + 1).as_bytes()), Plain);
    let side_by_side = format!("[{}]", vec![nested(MAX_DEPTH - 1); 100].join(","));
    assert_eq!(read::<Value>(side_by_side.as_bytes()), Alone);
    assert_eq!(read::<Value>(nested(1_000_000).as_bytes()), Not);
}

#[test]
fn types_ask_for_what_they_need() {
    assert_eq!(read::<Kind>(b"\"None\""), Plain, "the pass asks for enums in another way");
    assert_eq!(read::<HashMap<String, Kind>>(br#"{"a":{"One":1}}"#), Plain);
    assert_eq!(read::<(u8, u8)>(b"[1,2]"), Alone);
    assert_eq!(read::<(u8, u8)>(b"[1,2,3]"), Not);
    assert_eq!(read::<(u8, u8)>(b"[1]"), Not);
    assert_eq!(read::<Wrapped>(b"7"), Alone);
    assert_eq!(read::<Vec<u8>>(b"{}"), Not);
    assert_eq!(read::<HashMap<String, u8>>(b"[]"), Not);
    assert_eq!(read::<char>(b"\"ab\""), Not);
    assert_eq!(read::<Option<Option<u8>>>(b"null"), Alone);
    assert_eq!(read::<()>(b"0"), Not);
    assert_eq!(read::<bool>(b"1"), Not);
    assert_eq!(read::<BTreeMap<u8, u8>>(br#"{"\u0031":1}"#), Not);
    assert_eq!(read::<BTreeMap<u8, u8>>(br#"{" 1":1}"#), Not);
}

/// Made of nothing.
#[derive(Debug, Default)]
#[expect(dead_code, reason = "shown by `Debug`")]
struct Nothing(u8);

impl<'de> Deserialize<'de> for Nothing {
    fn deserialize<D: serde::Deserializer<'de>>(_: D) -> Result<Self, D::Error> {
        Ok(Self::default())
    }
}

#[test]
fn a_value_that_nobody_reads_is_left_to_serde_json() {
    for text in ["", " ", "1", "null"] {
        assert_ne!(read::<Nothing>(text.as_bytes()), Alone, "{text}");
    }
    for text in ["[]", "[,]", "[1]", "[,,]", "[ ,]"] {
        assert_eq!(read::<Vec<Nothing>>(text.as_bytes()) == Alone, text == "[]", "{text}");
    }
    for text in ["{}", r#"{"a":}"#, r#"{"a":,"b":}"#, r#"{"a":1}"#, r#"{"a": }"#] {
        assert_eq!(read::<BTreeMap<String, Nothing>>(text.as_bytes()) == Alone, text == "{}", "{text}");
        assert_eq!(
            read::<BTreeMap<String, Option<Nothing>>>(text.as_bytes()) == Alone,
            text == "{}",
            "{text}"
        );
    }
}

/// What it cannot be is nothing.
#[derive(Debug)]
pub(super) struct Lenient<T>(pub(super) Option<T>);

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Lenient<T> {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(Self(T::deserialize(deserializer).ok()))
    }
}

/// A text's bytes.
#[derive(Debug)]
struct Bytes(#[expect(dead_code, reason = "shown by `Debug`")] usize);

impl<'de> Deserialize<'de> for Bytes {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Length;
        impl serde::de::Visitor<'_> for Length {
            type Value = usize;
            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("bytes")
            }
            fn visit_bytes<E>(self, bytes: &[u8]) -> Result<usize, E> {
                Ok(bytes.len())
            }
        }
        deserializer.deserialize_bytes(Length).map(Self)
    }
}

#[test]
fn what_this_reader_does_not_take_is_not_taken_for_what_the_type_refuses() {
    assert_eq!(read::<Vec<Lenient<Bytes>>>(br#"["a"]"#), Alone);
    assert_eq!(read::<Vec<Lenient<Bytes>>>(br#"["\u0041", "a"]"#), Plain);
    assert_eq!(read::<Vec<Lenient<Kind>>>(br#"["None"]"#), Plain);
    assert_eq!(read::<Vec<Lenient<u8>>>(b"[1, 300]"), Alone);
    assert_eq!(read::<Vec<Lenient<u8>>>(br#"[1, "a", null]"#), Plain);
    for text in ["[[1],[2]]", "[[1,[2]]]", "[[[]],{}]", "[[1,300],2]", "[[[300]]]", "[[300]]]", "[[[300]]"] {
        read::<Vec<Lenient<Vec<Lenient<u8>>>>>(text.as_bytes());
        read::<Vec<Lenient<Vec<u8>>>>(text.as_bytes());
        read::<Lenient<Vec<Vec<u8>>>>(text.as_bytes());
    }
}

fn json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        any::<String>().prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 40, 6, |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
            proptest::collection::btree_map(any::<String>(), inner, 0..6)
                .prop_map(|members| Value::Object(members.into_iter().collect())),
        ]
    })
}

proptest! {
    #[test]
    fn any_json_is_read_alone_and_spoilt_as_serde_json_reads_it(
        value in json(), pretty: bool, at: prop::sample::Index, byte: u8,
    ) {
        let mut text = if pretty { serde_json::to_vec_pretty(&value) } else { serde_json::to_vec(&value) }.expect("a text");
        prop_assert_eq!(read::<Value>(&text), Alone);
        prop_assert_eq!(read::<Box<RawValue>>(&text), Alone);
        let at = at.index(text.len());
        text[at] = byte;
        read::<Value>(&text);
        read::<Box<RawValue>>(&text);
    }
}
