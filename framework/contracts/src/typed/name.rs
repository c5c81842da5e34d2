//! The names of members on their way in. A map may ask for them as numbers or flags: what is checked is the text.

use std::fmt;

use serde::de::value::{BorrowedStrDeserializer, StrDeserializer};
use serde::de::{DeserializeSeed, Deserializer, Error, Visitor};

use super::RAW_VALUE;
use super::frame::ObjectFrame;
use super::read::stop;
use super::state::State;

/// Anything that reads a name, with the object which the name is for.
pub(super) struct Name<'f, 's, T> {
    pub(super) inner: T,
    pub(super) state: &'s State<'s>,
    pub(super) frame: &'f mut ObjectFrame<'s>,
}

impl<'de, S: DeserializeSeed<'de>> DeserializeSeed<'de> for Name<'_, '_, S> {
    type Value = S::Value;

    #[inline]
    fn deserialize<D: Deserializer<'de>>(self, inner: D) -> Result<S::Value, D::Error> {
        self.inner.deserialize(Name { inner, state: self.state, frame: self.frame })
    }
}

impl<'f, 's, T> Name<'f, 's, T> {
    fn with<U>(self, other: U) -> (T, Name<'f, 's, U>) {
        (self.inner, Name { inner: other, state: self.state, frame: self.frame })
    }
}

macro_rules! named {
    ($($method:ident($($argument:ident: $type:ty),*);)*) => {$(
        #[inline]
        fn $method<V: Visitor<'de>>(self, $($argument: $type,)* visitor: V) -> Result<V::Value, D::Error> {
            let (inner, watch) = self.with(visitor);
            inner.$method($($argument,)* watch)
        }
    )*};
}

impl<'de, D: Deserializer<'de>> Deserializer<'de> for Name<'_, '_, D> {
    type Error = D::Error;

    named! {
        deserialize_any();
        deserialize_bool();
        deserialize_i8();
        deserialize_i16();
        deserialize_i32();
        deserialize_i64();
        deserialize_i128();
        deserialize_u8();
        deserialize_u16();
        deserialize_u32();
        deserialize_u64();
        deserialize_u128();
        deserialize_f32();
        deserialize_f64();
        deserialize_char();
        deserialize_str();
        deserialize_string();
        deserialize_bytes();
        deserialize_byte_buf();
        deserialize_option();
        deserialize_unit();
        deserialize_unit_struct(name: &'static str);
        deserialize_seq();
        deserialize_tuple(length: usize);
        deserialize_tuple_struct(name: &'static str, length: usize);
        deserialize_map();
        deserialize_struct(name: &'static str, fields: &'static [&'static str]);
        deserialize_identifier();
        deserialize_ignored_any();
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        visitor: V,
    ) -> Result<V::Value, D::Error> {
        if name == RAW_VALUE {
            return Err(stop(self.state));
        }
        let (inner, watch) = self.with(visitor);
        inner.deserialize_newtype_struct(name, watch)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, D::Error> {
        let (inner, watch) = self.with(Variant(visitor));
        inner.deserialize_str(watch)
    }

    fn is_human_readable(&self) -> bool {
        self.inner.is_human_readable()
    }
}

impl<T> Name<'_, '_, T> {
    #[inline]
    fn take<E: Error>(&mut self, name: &str) -> Result<(), E> {
        if self.frame.name(name) { Ok(()) } else { Err(stop(self.state)) }
    }

    /// A number as a name: written whole, it has one spelling only, but for a zero with a sign.
    fn whole<E: Error>(&mut self, value: impl fmt::Display) -> Result<(), E> {
        let state = self.state;
        state.with_text(&value, |text| match text {
            Some(text) => self.take(text),
            None => Err(stop(state)),
        })
    }
}

impl<'de, V: Visitor<'de>> Visitor<'de> for Name<'_, '_, V> {
    type Value = V::Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.inner.expecting(f)
    }

    #[inline]
    fn visit_str<E: Error>(mut self, name: &str) -> Result<V::Value, E> {
        self.take(name)?;
        self.inner.visit_str(name)
    }

    #[inline]
    fn visit_borrowed_str<E: Error>(mut self, name: &'de str) -> Result<V::Value, E> {
        self.take(name)?;
        self.inner.visit_borrowed_str(name)
    }

    fn visit_bytes<E: Error>(mut self, bytes: &[u8]) -> Result<V::Value, E> {
        match std::str::from_utf8(bytes) {
            Ok(name) if !bytes.iter().any(u8::is_ascii_control) => self.take(name)?,
            _ => return Err(stop(self.state)),
        }
        self.inner.visit_bytes(bytes)
    }

    fn visit_borrowed_bytes<E: Error>(mut self, bytes: &'de [u8]) -> Result<V::Value, E> {
        match std::str::from_utf8(bytes) {
            Ok(name) if !bytes.iter().any(u8::is_ascii_control) => self.take(name)?,
            _ => return Err(stop(self.state)),
        }
        self.inner.visit_borrowed_bytes(bytes)
    }

    fn visit_bool<E: Error>(mut self, value: bool) -> Result<V::Value, E> {
        self.take(if value { "true" } else { "false" })?;
        self.inner.visit_bool(value)
    }

    fn visit_u64<E: Error>(mut self, value: u64) -> Result<V::Value, E> {
        self.whole(value)?;
        self.inner.visit_u64(value)
    }

    fn visit_i64<E: Error>(mut self, value: i64) -> Result<V::Value, E> {
        self.whole(value)?;
        self.inner.visit_i64(value)
    }

    fn visit_u128<E: Error>(mut self, value: u128) -> Result<V::Value, E> {
        self.whole(value)?;
        self.inner.visit_u128(value)
    }

    fn visit_i128<E: Error>(mut self, value: i128) -> Result<V::Value, E> {
        if value == 0 {
            return Err(stop(self.state));
        }
        self.whole(value)?;
        self.inner.visit_i128(value)
    }

    /// A float has many spellings.
    fn visit_f64<E: Error>(self, _: f64) -> Result<V::Value, E> {
        Err(stop(self.state))
    }

    fn visit_some<D: Deserializer<'de>>(self, inner: D) -> Result<V::Value, D::Error> {
        let (visitor, name) = self.with(inner);
        visitor.visit_some(name)
    }

    #[inline]
    fn visit_newtype_struct<D: Deserializer<'de>>(self, inner: D) -> Result<V::Value, D::Error> {
        let (visitor, name) = self.with(inner);
        visitor.visit_newtype_struct(name)
    }
}

/// A visitor of an enum that is shown a text.
struct Variant<V>(V);

impl<'de, V: Visitor<'de>> Visitor<'de> for Variant<V> {
    type Value = V::Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.expecting(f)
    }

    fn visit_str<E: Error>(self, name: &str) -> Result<V::Value, E> {
        self.0.visit_enum(StrDeserializer::new(name))
    }

    fn visit_borrowed_str<E: Error>(self, name: &'de str) -> Result<V::Value, E> {
        self.0.visit_enum(BorrowedStrDeserializer::new(name))
    }
}
