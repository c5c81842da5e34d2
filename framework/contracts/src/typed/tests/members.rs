//! The members of objects: in any order, and whatever a type makes of them.

use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::fmt;

use serde::Deserialize;
use serde::de::{Deserializer, MapAccess, Visitor};

use super::json::Taken::{Alone, Not, Plain};
use super::json::{Lenient, read};
use crate::{Contract, Tape};

#[derive(Debug, Deserialize)]
#[expect(dead_code, reason = "shown by `Debug`")]
struct Ordered {
    first: u8,
    #[serde(alias = "zweiter")]
    second: Option<u8>,
    #[serde(default)]
    third: u8,
}

#[test]
fn members_are_read_in_any_order() {
    for text in [
        r#"{"first":1,"second":2,"third":3}"#,
        r#"{"third":3,"second":2,"first":1}"#,
        r#"{"second":2,"third":3,"first":1}"#,
        r#"{"first":1,"zweiter":2,"third":3}"#,
        r#"{"first":1,"third":3}"#,
        r#"{"first":1}"#,
        r#"{"first":1,"new":[{"first":2}],"second":null}"#,
        r#"{"fir\u0073t":1,"second":2}"#,
        r#"{"first" :1,"second":2}"#,
        r#"{"first":1 ,"second":2, "third":3}"#,
        r#"{ "first":1,"second":2,"third":3}"#,
    ] {
        assert_eq!(read::<Ordered>(text.as_bytes()), Alone, "{text}");
    }
    for text in [
        r#"{,"first":1}"#,
        r#"{"first":1"second":2}"#,
        r#"{"first":1,,"second":2}"#,
        r#"{"first":1,"first":1}"#,
        r#"{"second":1,"second":1,"first":1}"#,
        r#"{"first"::1}"#,
        r#"{"first":}"#,
        r#"{"first"}"#,
        r#"{"first":1,"second":}"#,
        r#"{"first":1,"second"#,
        r#"{"first":1,"secon":2,"#,
        r#"{"second":2}"#,
    ] {
        assert_eq!(read::<Ordered>(text.as_bytes()), Not, "{text}");
    }
}

/// Names that JSON writes with escapes.
#[derive(Debug, Deserialize)]
#[expect(dead_code, reason = "shown by `Debug`")]
struct Odd {
    plain: u8,
    #[serde(rename = "a\"b")]
    quote: Option<u8>,
    #[serde(rename = "a\\b")]
    backslash: Option<u8>,
    #[serde(rename = "a\nb")]
    line: Option<u8>,
}

#[test]
fn a_name_with_escapes_is_not_taken_as_it_stands() {
    for text in
        [r#"{"plain":1,"a\"b":2,"a\\b":3,"a\nb":4}"#, r#"{"plain":1,"a\b":3}"#, r#"{"plain":1,"a":2}"#]
    {
        assert_eq!(read::<Odd>(text.as_bytes()), Alone, "{text}");
    }
    for text in [r#"{"plain":1,"a"b":2}"#, "{\"plain\":1,\"a\nb\":2}"] {
        assert_eq!(read::<Odd>(text.as_bytes()), Not, "{text}");
    }
}

#[test]
fn no_member_is_read_after_what_was_unsure() {
    #[derive(Debug, Deserialize)]
    #[expect(dead_code, reason = "shown by `Debug`")]
    struct Two {
        first: Lenient<u8>,
        second: Option<u8>,
    }
    for text in [r#"{"first":"x","second":2}"#, r#"{"first":"x"}"#, r#"{"first":[1],"second":2}"#] {
        assert_ne!(read::<Two>(text.as_bytes()), Alone, "{text}");
    }
    assert_eq!(read::<Two>(br#"{"first":1,"second":2}"#), Alone);
}

#[test]
fn what_a_type_refuses_is_not_ended_by_somebody_else() {
    #[derive(Debug, Deserialize)]
    #[expect(dead_code, reason = "shown by `Debug`")]
    struct Outer {
        a: Lenient<Ordered>,
    }
    for text in [
        r#"{"first":1,"second":1,"zweiter":"#,
        r#"{"first":1,"second":1,"second":"#,
        r#"{"second":2"#,
        r#"{"second":2}"#,
    ] {
        read::<Lenient<Ordered>>(text.as_bytes());
        read::<Outer>(format!(r#"{{"a":{text}"#).as_bytes());
        read::<Outer>(format!(r#"{{"a":{text}}}"#).as_bytes());
        read::<Outer>(format!(r#"{{"a":{text}}}}}"#).as_bytes());
    }
    for text in ["[[300]", "[[300]]", "[[300],[1]]"] {
        read::<Vec<Lenient<Vec<u8>>>>(text.as_bytes());
    }
    let contract = Contract::compile(&serde_json::json!({ "required": ["third"] })).unwrap();
    for text in [r#"{"first":300"#, r#"{"first":300}"#, r#"{"first":300,"third":3"#] {
        let read: Result<Lenient<Ordered>, _> = contract.decode(&mut Tape::new(), text.as_bytes());
        assert!(read.is_err(), "{text}");
    }
}

/// A reader that does as it is told.
#[derive(Debug)]
struct ByHand(#[expect(dead_code, reason = "shown by `Debug`")] Vec<Option<u8>>);

impl<'de> Deserialize<'de> for ByHand {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct Names;

        impl<'de> Visitor<'de> for Names {
            type Value = ByHand;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("names")
            }

            /// Takes the name `first` without its value.
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<ByHand, A::Error> {
                let mut values = Vec::new();
                while let Some(name) = map.next_key::<String>()? {
                    values.push(if name == "first" { None } else { Some(map.next_value()?) });
                }
                Ok(ByHand(values))
            }
        }

        from.deserialize_struct(
            "ByHand",
            &["first", "", "é\x7f", "a-name-that-is-longer-than-most-texts-are"],
            Names,
        )
    }
}

#[test]
fn a_name_without_its_value_is_no_member() {
    for text in [r#"{"first":}"#, r#"{"first":,"":2}"#, r#"{"first":,"other"2}"#, r#"{"first":1}"#] {
        assert_eq!(read::<ByHand>(text.as_bytes()), Not, "{text}");
    }
    for text in ["{}", r#"{"first"}"#, r#"{"":2,"é":3}"#, "{\"\":2,\"é\x7f\":3}", r#"{"é":1}"#] {
        assert_ne!(read::<ByHand>(text.as_bytes()), Plain, "{text}");
    }
}

/// Whatever its name is.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Nothing;

impl<'de> Deserialize<'de> for Nothing {
    fn deserialize<D: Deserializer<'de>>(_: D) -> Result<Self, D::Error> {
        Ok(Self)
    }
}

/// What cannot be read as a number is none.
#[derive(Debug, PartialEq)]
struct Number<T>(Option<T>);

impl<T: PartialEq> Eq for Number<T> {}

impl<T: fmt::Debug + PartialEq> PartialOrd for Number<T> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl<T: fmt::Debug + PartialEq> Ord for Number<T> {
    fn cmp(&self, other: &Self) -> Ordering {
        format!("{self:?}").cmp(&format!("{other:?}"))
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Number<T> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        Ok(Self(T::deserialize(from).ok()))
    }
}

#[test]
fn a_name_of_which_nothing_is_made_is_read_as_serde_json_reads_it() {
    for text in [r#"{"a":1}"#, r#"{"300":1}"#, r#"{"1.5":1}"#, r#"{"1":1}"#, "{}"] {
        read::<BTreeMap<Nothing, u8>>(text.as_bytes());
        read::<BTreeMap<Number<u8>, u8>>(text.as_bytes());
        read::<BTreeMap<Number<f32>, u8>>(text.as_bytes());
        read::<BTreeMap<Number<bool>, u8>>(text.as_bytes());
    }
    assert_eq!(read::<BTreeMap<Number<u8>, u8>>(br#"{"1":1}"#), Alone);
}
