//! A field's value as the text of a record's key, through serde and without an allocation of its own.

use std::fmt::{self, Display};
use std::io::Write as _;

use serde::ser::{Error as _, Impossible, Serialize, Serializer};

use crate::envelope::head::MAX_IDENTITY_BYTES;

/// The longest key, in bytes. Kafka has no such bound; a key is an identifier, and it is kept for every record in flight.
const MAX_KEY_BYTES: usize = 4_096;

/// A field that cannot be a key: it says what kind of value was found, and never the value.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct KeyError(&'static str);

impl KeyError {
    const MAP: Self = Self("a key is a text, a whole number or a boolean, but this value is an object");
    const LIST: Self = Self("a key is a text, a whole number or a boolean, but this value is a list");
    const FLOAT: Self =
        Self("a key is a text, a whole number or a boolean, but this value is a floating-point number");
    const NOTHING: Self = Self("a key is a text, a whole number or a boolean, but this value is absent");
    const BYTES: Self = Self("a key is a text, a whole number or a boolean, but this value is raw bytes");
    const REFUSED: Self = Self("the value's own serializer refused it");
    const TOO_LONG: Self = Self("the key is longer than 4096 bytes");
    const EMPTY: Self =
        Self("the key is an empty text, which says of no two events whether they belong together");
    const SUBJECT_TOO_LONG: Self = Self("the subject is longer than 256 bytes");
}

impl serde::ser::Error for KeyError {
    // The message may hold the value: it is dropped.
    fn custom<T: Display>(_: T) -> Self {
        Self::REFUSED
    }
}

/// Appends the text of a value: a string as it is, a number in decimal, the name of a unit variant.
///
/// # Errors
///
/// [`KeyError`] for a value with no such text, an empty one, or one longer than 4,096 bytes.
pub fn write_key<T: Serialize + ?Sized>(value: &T, out: &mut Vec<u8>) -> Result<(), KeyError> {
    let is_there = write_text(value, out, MAX_KEY_BYTES, KeyError::TOO_LONG)?;
    if is_there { Ok(()) } else { Err(KeyError::EMPTY) }
}

/// Appends the same text of a value as an event's subject and answers `true`; `false` where the value is absent or empty.
///
/// # Errors
///
/// [`KeyError`] for a value with no such text, or one longer than 256 bytes.
pub fn write_subject<T: Serialize + ?Sized>(value: &T, out: &mut Vec<u8>) -> Result<bool, KeyError> {
    match write_text(value, out, MAX_IDENTITY_BYTES, KeyError::SUBJECT_TOO_LONG) {
        Err(KeyError::NOTHING) => Ok(false),
        written => written,
    }
}

/// Appends the text of a value; whether there is any. On an error nothing of it stays.
fn write_text<T: Serialize + ?Sized>(
    value: &T,
    out: &mut Vec<u8>,
    max_bytes: usize,
    too_long: KeyError,
) -> Result<bool, KeyError> {
    let start = out.len();
    let written = value.serialize(KeyWriter(out));
    let length = out.len() - start;
    let written = written.and(if length > max_bytes { Err(too_long) } else { Ok(length > 0) });
    if written.is_err() {
        out.truncate(start);
    }
    written
}

struct KeyWriter<'a>(&'a mut Vec<u8>);

impl KeyWriter<'_> {
    fn display(self, value: impl fmt::Display) -> Result<(), KeyError> {
        write!(self.0, "{value}").map_err(KeyError::custom)
    }
}

/// Methods of `Serializer` that write a scalar through `Display`.
macro_rules! display {
    ($($method:ident: $kind:ty),* $(,)?) => {
        $(fn $method(self, value: $kind) -> Result<(), KeyError> { self.display(value) })*
    };
}

impl Serializer for KeyWriter<'_> {
    type Ok = ();
    type Error = KeyError;
    type SerializeSeq = Impossible<(), KeyError>;
    type SerializeTuple = Impossible<(), KeyError>;
    type SerializeTupleStruct = Impossible<(), KeyError>;
    type SerializeTupleVariant = Impossible<(), KeyError>;
    type SerializeMap = Impossible<(), KeyError>;
    type SerializeStruct = Impossible<(), KeyError>;
    type SerializeStructVariant = Impossible<(), KeyError>;

    display! {
        serialize_bool: bool,
        serialize_i8: i8, serialize_i16: i16, serialize_i32: i32, serialize_i64: i64, serialize_i128: i128,
        serialize_u8: u8, serialize_u16: u16, serialize_u32: u32, serialize_u64: u64, serialize_u128: u128,
        serialize_char: char,
    }

    fn serialize_str(self, value: &str) -> Result<(), KeyError> {
        self.0.extend_from_slice(value.as_bytes());
        Ok(())
    }

    fn collect_str<T: Display + ?Sized>(self, value: &T) -> Result<(), KeyError> {
        self.display(value)
    }

    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Result<(), KeyError> {
        value.serialize(self)
    }

    fn serialize_newtype_struct<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        value: &T,
    ) -> Result<(), KeyError> {
        value.serialize(self)
    }

    fn serialize_unit_variant(self, _: &'static str, _: u32, variant: &'static str) -> Result<(), KeyError> {
        self.serialize_str(variant)
    }

    fn serialize_f32(self, _: f32) -> Result<(), KeyError> {
        Err(KeyError::FLOAT)
    }

    fn serialize_f64(self, _: f64) -> Result<(), KeyError> {
        Err(KeyError::FLOAT)
    }

    fn serialize_bytes(self, _: &[u8]) -> Result<(), KeyError> {
        Err(KeyError::BYTES)
    }

    fn serialize_none(self) -> Result<(), KeyError> {
        Err(KeyError::NOTHING)
    }

    fn serialize_unit(self) -> Result<(), KeyError> {
        Err(KeyError::NOTHING)
    }

    fn serialize_unit_struct(self, _: &'static str) -> Result<(), KeyError> {
        Err(KeyError::NOTHING)
    }

    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        _: u32,
        _: &'static str,
        _: &T,
    ) -> Result<(), KeyError> {
        Err(KeyError::MAP)
    }

    fn serialize_seq(self, _: Option<usize>) -> Result<Self::SerializeSeq, KeyError> {
        Err(KeyError::LIST)
    }

    fn serialize_tuple(self, _: usize) -> Result<Self::SerializeTuple, KeyError> {
        Err(KeyError::LIST)
    }

    fn serialize_tuple_struct(
        self,
        _: &'static str,
        _: usize,
    ) -> Result<Self::SerializeTupleStruct, KeyError> {
        Err(KeyError::LIST)
    }

    fn serialize_tuple_variant(
        self,
        _: &'static str,
        _: u32,
        _: &'static str,
        _: usize,
    ) -> Result<Self::SerializeTupleVariant, KeyError> {
        Err(KeyError::MAP)
    }

    fn serialize_map(self, _: Option<usize>) -> Result<Self::SerializeMap, KeyError> {
        Err(KeyError::MAP)
    }

    fn serialize_struct(self, _: &'static str, _: usize) -> Result<Self::SerializeStruct, KeyError> {
        Err(KeyError::MAP)
    }

    fn serialize_struct_variant(
        self,
        _: &'static str,
        _: u32,
        _: &'static str,
        _: usize,
    ) -> Result<Self::SerializeStructVariant, KeyError> {
        Err(KeyError::MAP)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(serde::Serialize)]
    struct OrderId(u64);

    #[derive(serde::Serialize)]
    #[serde(rename_all = "lowercase")]
    enum Region {
        North,
    }

    fn text(value: &impl Serialize) -> Result<String, KeyError> {
        let mut out = b"before ".to_vec();
        write_key(value, &mut out)?;
        Ok(String::from_utf8(out.split_off(7)).expect("a key is UTF-8"))
    }

    #[test]
    fn scalars_have_the_text_that_json_would_show() {
        assert_eq!(text(&"a-1").as_deref(), Ok("a-1"));
        assert_eq!(text(&OrderId(17)).as_deref(), Ok("17"));
        assert_eq!(text(&-3_i8).as_deref(), Ok("-3"));
        assert_eq!(text(&Region::North).as_deref(), Ok("north"));
        assert_eq!(text(&Some("x")).as_deref(), Ok("x"));
    }

    #[test]
    fn what_has_no_text_is_refused_without_its_value() {
        assert_eq!(text(&None::<u8>), Err(KeyError::NOTHING));
        assert_eq!(text(&1.5_f64), Err(KeyError::FLOAT));
        assert_eq!(text(&vec![1]), Err(KeyError::LIST));
        assert_eq!(text(&serde_json::json!({"secret": 1})), Err(KeyError::MAP));
    }

    #[test]
    fn an_empty_key_is_none() {
        assert_eq!(text(&""), Err(KeyError::EMPTY));
    }

    #[test]
    fn a_subject_may_be_absent_and_is_as_long_as_readers_take() {
        let subject = |value: &dyn Fn(&mut Vec<u8>) -> Result<bool, KeyError>| {
            let mut out = Vec::new();
            value(&mut out).map(|written| (written, out.len()))
        };
        assert_eq!(subject(&|out| write_subject(&Some("a"), out)), Ok((true, 1)));
        assert_eq!(subject(&|out| write_subject(&None::<&str>, out)), Ok((false, 0)));
        assert_eq!(subject(&|out| write_subject("", out)), Ok((false, 0)));
        assert_eq!(subject(&|out| write_subject(&"s".repeat(MAX_IDENTITY_BYTES), out)), Ok((true, 256)));
        let too_long = subject(&|out| write_subject(&"s".repeat(MAX_IDENTITY_BYTES + 1), out));
        assert_eq!(too_long, Err(KeyError::SUBJECT_TOO_LONG));
        assert_eq!(subject(&|out| write_subject(&1.5, out)), Err(KeyError::FLOAT));
    }

    #[test]
    fn a_key_is_bounded() {
        assert_eq!(text(&"k".repeat(MAX_KEY_BYTES)).map(|key| key.len()), Ok(MAX_KEY_BYTES));
        assert_eq!(text(&"k".repeat(MAX_KEY_BYTES + 1)), Err(KeyError::TOO_LONG));
    }
}
