//! The adapter around serde's `Serializer`: each value passes the program on its way to the bytes.
//!
//! Nothing is held back: what is suspect is written like everything else, and judged afterwards by its bytes.

use std::fmt::Display;

use serde::Serialize;
use serde::ser::{SerializeSeq, Serializer};

use super::PRIVATE;
use super::frame::{ArrayFrame, ObjectFrame};
use super::state::State;
use super::watch::whole;
use super::write_holder::{Held, HeldVariant};
use crate::program::{Atom, Node};

/// A serializer whose values are checked at `node`.
pub(super) struct Checked<'s, S> {
    pub(super) inner: S,
    pub(super) state: &'s State<'s>,
    pub(super) node: &'s Node,
}

/// A value that is checked at `node` when it is written.
pub(super) struct CheckedValue<'s, 'v, T: ?Sized> {
    pub(super) value: &'v T,
    pub(super) state: &'s State<'s>,
    pub(super) node: &'s Node,
}

impl<T: Serialize + ?Sized> Serialize for CheckedValue<'_, '_, T> {
    #[inline]
    fn serialize<S: Serializer>(&self, inner: S) -> Result<S::Ok, S::Error> {
        let Some(buffer) = self.node.buffer else {
            return self.value.serialize(Checked { inner, state: self.state, node: self.node });
        };
        let start = self.state.written.get();
        let done = self.value.serialize(inner)?;
        self.state.check_later(buffer, start);
        Ok(done)
    }
}

impl<'s, S> Checked<'s, S> {
    #[inline]
    fn atom(&self, atom: Atom<'_>) {
        // A refusal is noted in the state.
        let _kept = self.state.atom(self.node, atom);
    }

    fn of<'v, T: ?Sized>(&self, value: &'v T) -> CheckedValue<'s, 'v, T> {
        CheckedValue { value, state: self.state, node: self.node }
    }

    fn object(&self) -> Option<ObjectFrame<'s>> {
        ObjectFrame::open(self.state, self.node)
    }

    fn array(&self) -> Option<ArrayFrame<'s>> {
        ArrayFrame::open(self.state, self.node)
    }

    /// An object with one member: the frame, and where the member's value is checked.
    fn variant(&self, name: &str) -> (Option<ObjectFrame<'s>>, &'s Node) {
        let mut frame = self.object();
        let node = frame.as_mut().and_then(|frame| frame.name(name).then(|| frame.value()));
        let node = node.unwrap_or_else(|| self.state.any());
        (frame, node)
    }
}

macro_rules! integers {
    ($($method:ident($type:ty))*) => {$(
        #[inline]
        fn $method(self, value: $type) -> Result<S::Ok, S::Error> {
            self.atom(Atom::Integer(value.into()));
            self.inner.$method(value)
        }
    )*};
}

impl<'s, S: Serializer> Serializer for Checked<'s, S> {
    type Ok = S::Ok;
    type Error = S::Error;
    type SerializeSeq = Held<'s, S::SerializeSeq, ArrayFrame<'s>>;
    type SerializeTuple = Held<'s, S::SerializeTuple, ArrayFrame<'s>>;
    type SerializeTupleStruct = Held<'s, S::SerializeTupleStruct, ArrayFrame<'s>>;
    type SerializeTupleVariant = HeldVariant<'s, S::SerializeTupleVariant, ArrayFrame<'s>>;
    type SerializeMap = Held<'s, S::SerializeMap, ObjectFrame<'s>>;
    type SerializeStruct = Held<'s, S::SerializeStruct, ObjectFrame<'s>>;
    type SerializeStructVariant = HeldVariant<'s, S::SerializeStructVariant, ObjectFrame<'s>>;

    integers! {
        serialize_i8(i8) serialize_i16(i16) serialize_i32(i32) serialize_i64(i64)
        serialize_u8(u8) serialize_u16(u16) serialize_u32(u32) serialize_u64(u64)
    }

    fn serialize_bool(self, value: bool) -> Result<S::Ok, S::Error> {
        self.atom(Atom::Bool(value));
        self.inner.serialize_bool(value)
    }

    fn serialize_i128(self, value: i128) -> Result<S::Ok, S::Error> {
        self.atom(whole(value));
        self.inner.serialize_i128(value)
    }

    fn serialize_u128(self, value: u128) -> Result<S::Ok, S::Error> {
        self.atom(i128::try_from(value).map_or(Atom::Float(value as f64), whole));
        self.inner.serialize_u128(value)
    }

    fn serialize_f32(self, value: f32) -> Result<S::Ok, S::Error> {
        self.atom(float(value.into()));
        self.inner.serialize_f32(value)
    }

    fn serialize_f64(self, value: f64) -> Result<S::Ok, S::Error> {
        self.atom(float(value));
        self.inner.serialize_f64(value)
    }

    fn serialize_char(self, value: char) -> Result<S::Ok, S::Error> {
        self.atom(Atom::Text(value.encode_utf8(&mut [0; 4])));
        self.inner.serialize_char(value)
    }

    #[inline]
    fn serialize_str(self, value: &str) -> Result<S::Ok, S::Error> {
        self.atom(Atom::Text(value));
        self.inner.serialize_str(value)
    }

    /// As `serde_json` writes them: an array of numbers.
    fn serialize_bytes(self, value: &[u8]) -> Result<S::Ok, S::Error> {
        let mut array = self.serialize_seq(Some(value.len()))?;
        for byte in value {
            array.serialize_element(byte)?;
        }
        array.end()
    }

    fn serialize_none(self) -> Result<S::Ok, S::Error> {
        self.atom(Atom::Null);
        self.inner.serialize_none()
    }

    #[inline]
    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Result<S::Ok, S::Error> {
        let value = self.of(value);
        self.inner.serialize_some(&value)
    }

    fn serialize_unit(self) -> Result<S::Ok, S::Error> {
        self.atom(Atom::Null);
        self.inner.serialize_unit()
    }

    fn serialize_unit_struct(self, name: &'static str) -> Result<S::Ok, S::Error> {
        self.atom(Atom::Null);
        self.inner.serialize_unit_struct(name)
    }

    fn serialize_unit_variant(
        self,
        name: &'static str,
        index: u32,
        variant: &'static str,
    ) -> Result<S::Ok, S::Error> {
        self.atom(Atom::Text(variant));
        self.inner.serialize_unit_variant(name, index, variant)
    }

    #[inline]
    fn serialize_newtype_struct<T: Serialize + ?Sized>(
        self,
        name: &'static str,
        value: &T,
    ) -> Result<S::Ok, S::Error> {
        let value = self.of(value);
        self.inner.serialize_newtype_struct(name, &value)
    }

    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        name: &'static str,
        index: u32,
        variant: &'static str,
        value: &T,
    ) -> Result<S::Ok, S::Error> {
        let (frame, node) = self.variant(variant);
        let value = CheckedValue { value, state: self.state, node };
        let done = self.inner.serialize_newtype_variant(name, index, variant, &value)?;
        if let Some(mut frame) = frame {
            let _kept = frame.after() && frame.close();
        }
        Ok(done)
    }

    fn serialize_seq(self, length: Option<usize>) -> Result<Self::SerializeSeq, S::Error> {
        let (state, frame) = (self.state, self.array());
        Ok(Held { inner: self.inner.serialize_seq(length)?, state, frame })
    }

    fn serialize_tuple(self, length: usize) -> Result<Self::SerializeTuple, S::Error> {
        let (state, frame) = (self.state, self.array());
        Ok(Held { inner: self.inner.serialize_tuple(length)?, state, frame })
    }

    fn serialize_tuple_struct(
        self,
        name: &'static str,
        length: usize,
    ) -> Result<Self::SerializeTupleStruct, S::Error> {
        let (state, frame) = (self.state, self.array());
        Ok(Held { inner: self.inner.serialize_tuple_struct(name, length)?, state, frame })
    }

    fn serialize_tuple_variant(
        self,
        name: &'static str,
        index: u32,
        variant: &'static str,
        length: usize,
    ) -> Result<Self::SerializeTupleVariant, S::Error> {
        let (outer, node) = self.variant(variant);
        let (state, frame) = (self.state, ArrayFrame::open(self.state, node));
        let inner = self.inner.serialize_tuple_variant(name, index, variant, length)?;
        Ok(HeldVariant { outer, held: Held { inner, state, frame } })
    }

    fn serialize_map(self, length: Option<usize>) -> Result<Self::SerializeMap, S::Error> {
        let (state, frame) = (self.state, self.object());
        Ok(Held { inner: self.inner.serialize_map(length)?, state, frame })
    }

    fn serialize_struct(self, name: &'static str, length: usize) -> Result<Self::SerializeStruct, S::Error> {
        let state = self.state;
        // A raw value or a number as text is no struct, and what it holds is not shown.
        let private = name.starts_with(PRIVATE);
        let frame = if private { state.refused_frame() } else { self.object() };
        Ok(Held { inner: self.inner.serialize_struct(name, length)?, state, frame })
    }

    fn serialize_struct_variant(
        self,
        name: &'static str,
        index: u32,
        variant: &'static str,
        length: usize,
    ) -> Result<Self::SerializeStructVariant, S::Error> {
        let (outer, node) = self.variant(variant);
        let (state, frame) = (self.state, ObjectFrame::open(self.state, node));
        let inner = self.inner.serialize_struct_variant(name, index, variant, length)?;
        Ok(HeldVariant { outer, held: Held { inner, state, frame } })
    }

    fn collect_str<T: Display + ?Sized>(self, value: &T) -> Result<S::Ok, S::Error> {
        let state = self.state;
        state.with_text(value, |text| match text {
            Some(text) => self.serialize_str(text),
            None => Err(serde::ser::Error::custom("a value that cannot be displayed")),
        })
    }

    fn is_human_readable(&self) -> bool {
        self.inner.is_human_readable()
    }
}

/// A float as it will stand in the bytes: JSON has no NaN and no infinity, and `null` is written for them.
fn float(value: f64) -> Atom<'static> {
    if value.is_finite() { Atom::Float(value) } else { Atom::Null }
}
