//! The adapter around serde's `Visitor`: what it is shown is checked first.

use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};

use super::frame::{ArrayFrame, ObjectFrame};
use super::name::Name;
use super::read::{Checked, CheckedSeed, stop};
use super::state::State;
use crate::program::{Atom, Node};

/// A visitor that is shown only what may stand at `node`.
pub(super) struct Watch<'s, V> {
    pub(super) visitor: V,
    pub(super) state: &'s State<'s>,
    pub(super) node: &'s Node,
}

impl<'s, V> Watch<'s, V> {
    #[inline]
    fn atom<E: Error>(&self, atom: Atom<'_>) -> Result<(), E> {
        if self.state.atom(self.node, atom) { Ok(()) } else { Err(stop(self.state)) }
    }

    fn checked<D>(self, inner: D) -> (V, Checked<'s, D>) {
        (self.visitor, Checked { inner, state: self.state, node: self.node })
    }

    /// Bytes that serde takes for a text without looking whether they are one.
    fn bytes<E: Error>(&self, bytes: &[u8]) -> Result<(), E> {
        match std::str::from_utf8(bytes) {
            Ok(text) if !bytes.iter().any(u8::is_ascii_control) => self.atom(Atom::Text(text)),
            _ => Err(stop(self.state)),
        }
    }
}

/// A whole number as JSON readers see it: beyond 64 bits it is a float.
pub(super) fn whole(value: i128) -> Atom<'static> {
    let fits = u64::try_from(value).is_ok() || i64::try_from(value).is_ok();
    if fits { Atom::Integer(value) } else { Atom::Float(value as f64) }
}

impl<'de, V: Visitor<'de>> Visitor<'de> for Watch<'_, V> {
    type Value = V::Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.visitor.expecting(f)
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<V::Value, E> {
        self.atom(Atom::Bool(value))?;
        self.visitor.visit_bool(value)
    }

    #[inline]
    fn visit_i64<E: Error>(self, value: i64) -> Result<V::Value, E> {
        self.atom(Atom::Integer(value.into()))?;
        self.visitor.visit_i64(value)
    }

    #[inline]
    fn visit_u64<E: Error>(self, value: u64) -> Result<V::Value, E> {
        self.atom(Atom::Integer(value.into()))?;
        self.visitor.visit_u64(value)
    }

    fn visit_i128<E: Error>(self, value: i128) -> Result<V::Value, E> {
        self.atom(whole(value))?;
        self.visitor.visit_i128(value)
    }

    fn visit_u128<E: Error>(self, value: u128) -> Result<V::Value, E> {
        self.atom(i128::try_from(value).map_or(Atom::Float(value as f64), whole))?;
        self.visitor.visit_u128(value)
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<V::Value, E> {
        self.atom(Atom::Float(value))?;
        self.visitor.visit_f64(value)
    }

    #[inline]
    fn visit_str<E: Error>(self, text: &str) -> Result<V::Value, E> {
        self.atom(Atom::Text(text))?;
        self.visitor.visit_str(text)
    }

    #[inline]
    fn visit_borrowed_str<E: Error>(self, text: &'de str) -> Result<V::Value, E> {
        self.atom(Atom::Text(text))?;
        self.visitor.visit_borrowed_str(text)
    }

    fn visit_bytes<E: Error>(self, bytes: &[u8]) -> Result<V::Value, E> {
        self.bytes(bytes)?;
        self.visitor.visit_bytes(bytes)
    }

    fn visit_borrowed_bytes<E: Error>(self, bytes: &'de [u8]) -> Result<V::Value, E> {
        self.bytes(bytes)?;
        self.visitor.visit_borrowed_bytes(bytes)
    }

    fn visit_none<E: Error>(self) -> Result<V::Value, E> {
        self.atom(Atom::Null)?;
        self.visitor.visit_none()
    }

    #[inline]
    fn visit_some<D: Deserializer<'de>>(self, inner: D) -> Result<V::Value, D::Error> {
        let (visitor, checked) = self.checked(inner);
        visitor.visit_some(checked)
    }

    fn visit_unit<E: Error>(self) -> Result<V::Value, E> {
        self.atom(Atom::Null)?;
        self.visitor.visit_unit()
    }

    #[inline]
    fn visit_newtype_struct<D: Deserializer<'de>>(self, inner: D) -> Result<V::Value, D::Error> {
        let (visitor, checked) = self.checked(inner);
        visitor.visit_newtype_struct(checked)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, inner: A) -> Result<V::Value, A::Error> {
        let Some(mut frame) = ArrayFrame::open(self.state, self.node) else { return Err(stop(self.state)) };
        let value = self.visitor.visit_seq(Elements { inner, state: self.state, frame: &mut frame })?;
        if frame.close() { Ok(value) } else { Err(stop(self.state)) }
    }

    fn visit_map<A: MapAccess<'de>>(self, inner: A) -> Result<V::Value, A::Error> {
        let Some(mut frame) = ObjectFrame::open(self.state, self.node) else { return Err(stop(self.state)) };
        let value = self.visitor.visit_map(Members { inner, state: self.state, frame: &mut frame })?;
        if frame.close() { Ok(value) } else { Err(stop(self.state)) }
    }
}

/// The elements of an array, each checked at its place.
struct Elements<'f, 's, A> {
    inner: A,
    state: &'s State<'s>,
    frame: &'f mut ArrayFrame<'s>,
}

impl<'de, A: SeqAccess<'de>> SeqAccess<'de> for Elements<'_, '_, A> {
    type Error = A::Error;

    #[inline]
    fn next_element_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<Option<S::Value>, A::Error> {
        let seed = CheckedSeed { seed, state: self.state, node: self.frame.element() };
        let value = self.inner.next_element_seed(seed)?;
        if value.is_some() {
            self.frame.after();
        }
        Ok(value)
    }

    fn size_hint(&self) -> Option<usize> {
        self.inner.size_hint()
    }
}

/// The members of an object: names by the object's rules, values each at its place.
pub(super) struct Members<'f, 's, A> {
    pub(super) inner: A,
    pub(super) state: &'s State<'s>,
    pub(super) frame: &'f mut ObjectFrame<'s>,
}

impl<'de, A: MapAccess<'de>> MapAccess<'de> for Members<'_, '_, A> {
    type Error = A::Error;

    #[inline]
    fn next_key_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<Option<S::Value>, A::Error> {
        self.inner.next_key_seed(Name { inner: seed, state: self.state, frame: &mut *self.frame })
    }

    #[inline]
    fn next_value_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<S::Value, A::Error> {
        let seed = CheckedSeed { seed, state: self.state, node: self.frame.value() };
        let value = self.inner.next_value_seed(seed)?;
        if self.frame.after() { Ok(value) } else { Err(stop(self.state)) }
    }

    fn size_hint(&self) -> Option<usize> {
        self.inner.size_hint()
    }
}
