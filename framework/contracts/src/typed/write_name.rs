//! The names of members on their way out: a map may have numbers or flags for keys; what is checked is their text.

use std::cell::Cell;
use std::fmt::Display;

use serde::Serialize;
use serde::ser::{Impossible, Serializer};

use super::frame::ObjectFrame;
use super::state::State;

/// A key, and the object which it names a member of.
pub(super) struct NameOf<'f, 's, 'k, T: ?Sized> {
    key: &'k T,
    state: &'s State<'s>,
    /// Taken by the key when it is written, which happens once.
    frame: Cell<Option<&'f mut ObjectFrame<'s>>>,
}

impl<'f, 's, 'k, T: ?Sized> NameOf<'f, 's, 'k, T> {
    pub(super) fn new(key: &'k T, state: &'s State<'s>, frame: &'f mut ObjectFrame<'s>) -> Self {
        Self { key, state, frame: Cell::new(Some(frame)) }
    }
}

impl<T: Serialize + ?Sized> Serialize for NameOf<'_, '_, '_, T> {
    fn serialize<S: Serializer>(&self, inner: S) -> Result<S::Ok, S::Error> {
        self.key.serialize(NameWriter { inner, state: self.state, frame: self.frame.take() })
    }
}

/// A serializer of one name.
struct NameWriter<'f, 's, S> {
    inner: S,
    state: &'s State<'s>,
    frame: Option<&'f mut ObjectFrame<'s>>,
}

impl<S> NameWriter<'_, '_, S> {
    fn take(&mut self, name: &str) {
        match &mut self.frame {
            // A refusal is noted in the state.
            Some(frame) => {
                let _kept = frame.name(name);
            }
            None => self.state.suspect(),
        }
    }

    fn take_displayed(&mut self, value: &(impl Display + ?Sized)) {
        let state = self.state;
        state.with_text(value, |text| match text {
            Some(text) => self.take(text),
            None => state.suspect(),
        });
    }
}

macro_rules! displayed {
    ($($method:ident($type:ty))*) => {$(
        fn $method(mut self, value: $type) -> Result<S::Ok, S::Error> {
            self.take_displayed(&value);
            self.inner.$method(value)
        }
    )*};
}

/// What `serde_json` refuses as a name, it refuses here.
macro_rules! refused {
    ($($method:ident($($type:ty),*) -> $result:ty;)*) => {$(
        fn $method(self $(, _: $type)*) -> Result<$result, S::Error> {
            Err(serde::ser::Error::custom("key must be a string"))
        }
    )*};
}

impl<S: Serializer> Serializer for NameWriter<'_, '_, S> {
    type Ok = S::Ok;
    type Error = S::Error;
    type SerializeSeq = Impossible<S::Ok, S::Error>;
    type SerializeTuple = Impossible<S::Ok, S::Error>;
    type SerializeTupleStruct = Impossible<S::Ok, S::Error>;
    type SerializeTupleVariant = Impossible<S::Ok, S::Error>;
    type SerializeMap = Impossible<S::Ok, S::Error>;
    type SerializeStruct = Impossible<S::Ok, S::Error>;
    type SerializeStructVariant = Impossible<S::Ok, S::Error>;

    displayed! {
        serialize_bool(bool)
        serialize_i8(i8) serialize_i16(i16) serialize_i32(i32) serialize_i64(i64) serialize_i128(i128)
        serialize_u8(u8) serialize_u16(u16) serialize_u32(u32) serialize_u64(u64) serialize_u128(u128)
        serialize_char(char)
    }

    refused! {
        serialize_bytes(&[u8]) -> S::Ok;
        serialize_unit() -> S::Ok;
        serialize_unit_struct(&'static str) -> S::Ok;
        serialize_none() -> S::Ok;
        serialize_seq(Option<usize>) -> Self::SerializeSeq;
        serialize_tuple(usize) -> Self::SerializeTuple;
        serialize_tuple_struct(&'static str, usize) -> Self::SerializeTupleStruct;
        serialize_tuple_variant(&'static str, u32, &'static str, usize) -> Self::SerializeTupleVariant;
        serialize_map(Option<usize>) -> Self::SerializeMap;
        serialize_struct(&'static str, usize) -> Self::SerializeStruct;
        serialize_struct_variant(&'static str, u32, &'static str, usize) -> Self::SerializeStructVariant;
    }

    #[inline]
    fn serialize_str(mut self, name: &str) -> Result<S::Ok, S::Error> {
        self.take(name);
        self.inner.serialize_str(name)
    }

    fn serialize_unit_variant(
        mut self,
        name: &'static str,
        index: u32,
        variant: &'static str,
    ) -> Result<S::Ok, S::Error> {
        self.take(variant);
        self.inner.serialize_unit_variant(name, index, variant)
    }

    /// A float has many spellings.
    fn serialize_f32(self, value: f32) -> Result<S::Ok, S::Error> {
        self.state.suspect();
        self.inner.serialize_f32(value)
    }

    fn serialize_f64(self, value: f64) -> Result<S::Ok, S::Error> {
        self.state.suspect();
        self.inner.serialize_f64(value)
    }

    fn serialize_newtype_struct<T: Serialize + ?Sized>(
        self,
        name: &'static str,
        value: &T,
    ) -> Result<S::Ok, S::Error> {
        let Self { inner, state, frame } = self;
        inner.serialize_newtype_struct(name, &NameOf { key: value, state, frame: Cell::new(frame) })
    }

    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Result<S::Ok, S::Error> {
        let Self { inner, state, frame } = self;
        inner.serialize_some(&NameOf { key: value, state, frame: Cell::new(frame) })
    }

    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        _: u32,
        _: &'static str,
        _: &T,
    ) -> Result<S::Ok, S::Error> {
        Err(serde::ser::Error::custom("key must be a string"))
    }

    fn collect_str<T: Display + ?Sized>(self, value: &T) -> Result<S::Ok, S::Error> {
        let state = self.state;
        state.with_text(value, |text| match text {
            Some(text) => self.serialize_str(text),
            None => Err(serde::ser::Error::custom("a key that cannot be displayed")),
        })
    }

    fn is_human_readable(&self) -> bool {
        self.inner.is_human_readable()
    }
}
