//! The adapter around serde's `Deserializer`: each value passes the program on its way to the visitor.

use serde::de::{self, Deserialize, DeserializeSeed, Deserializer, IgnoredAny, Visitor};
use serde_json::value::RawValue;

use super::RAW_VALUE;
use super::json::{Json, Unsure};
use super::read_enum::EnumWatch;
use super::state::State;
use super::watch::Watch;
use crate::program::Node;

/// A deserializer whose values are checked at `node`.
pub(super) struct Checked<'s, D> {
    pub(super) inner: D,
    pub(super) state: &'s State<'s>,
    pub(super) node: &'s Node,
}

/// Ends the pass: what was seen is suspect, and the slow way decides.
#[cold]
pub(super) fn stop<E: de::Error>(state: &State<'_>) -> E {
    state.suspect();
    E::custom("suspect")
}

impl<'s, D> Checked<'s, D> {
    fn watch<V>(self, visitor: V) -> (D, Watch<'s, V>) {
        (self.inner, Watch { visitor, state: self.state, node: self.node })
    }
}

impl<'de, D: Deserializer<'de>> Checked<'_, D> {
    /// The bytes of the value, checked as a whole.
    fn raw(self, buffer: usize) -> Result<&'de str, D::Error> {
        let raw = <&RawValue>::deserialize(self.inner)?;
        if self.state.whole(buffer, raw.get()) { Ok(raw.get()) } else { Err(stop(self.state)) }
    }
}

/// Forwards to the same method, with the visitor watched, or on the checked bytes of a buffered place.
macro_rules! watched {
    ($($method:ident($($argument:ident: $type:ty),*);)*) => {$(
        #[inline]
        fn $method<V: Visitor<'de>>(self, $($argument: $type,)* visitor: V) -> Result<V::Value, D::Error> {
            if let Some(buffer) = self.node.buffer {
                let raw = self.raw(buffer)?;
                let mut plain = serde_json::Deserializer::from_str(raw);
                return plain.$method($($argument,)* visitor).map_err(de::Error::custom);
            }
            let (inner, watch) = self.watch(visitor);
            inner.$method($($argument,)* watch)
        }
    )*};
}

impl<'de, D: Deserializer<'de>> Deserializer<'de> for Checked<'_, D> {
    type Error = D::Error;

    watched! {
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
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        visitor: V,
    ) -> Result<V::Value, D::Error> {
        let raw = match self.node.buffer {
            Some(buffer) => self.raw(buffer)?,
            None if name == RAW_VALUE => {
                let raw = <&RawValue>::deserialize(self.inner)?.get();
                walk(raw, self.state, self.node).map_err(|_| stop(self.state))?;
                raw
            }
            None => {
                let (inner, watch) = self.watch(visitor);
                return inner.deserialize_newtype_struct(name, watch);
            }
        };
        serde_json::Deserializer::from_str(raw)
            .deserialize_newtype_struct(name, visitor)
            .map_err(de::Error::custom)
    }

    /// Through `deserialize_any`: serde reads `{"Lost":null}` as the unit variant `Lost`, the contract an object.
    fn deserialize_enum<V: Visitor<'de>>(
        self,
        name: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, D::Error> {
        if let Some(buffer) = self.node.buffer {
            let raw = self.raw(buffer)?;
            return serde_json::Deserializer::from_str(raw)
                .deserialize_enum(name, variants, visitor)
                .map_err(de::Error::custom);
        }
        self.inner.deserialize_any(EnumWatch { visitor, state: self.state, node: self.node })
    }

    /// What a type ignores is read like everything else: within the same bounds, and against the contract.
    fn deserialize_ignored_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, D::Error> {
        if let Some(buffer) = self.node.buffer {
            self.raw(buffer)?;
            return visitor.visit_unit();
        }
        let (inner, watch) = self.watch(IgnoredAny);
        inner.deserialize_any(watch)?;
        visitor.visit_unit()
    }

    fn is_human_readable(&self) -> bool {
        self.inner.is_human_readable()
    }
}

/// Checks a text that a type takes unread.
fn walk<'s>(text: &str, state: &'s State<'s>, node: &'s Node) -> Result<(), Unsure> {
    let mut inner = Json::new(text);
    IgnoredAny::deserialize(Checked { inner: &mut inner, state, node })?;
    inner.end()
}

/// A seed whose value is checked at `node`.
pub(super) struct CheckedSeed<'s, S> {
    pub(super) seed: S,
    pub(super) state: &'s State<'s>,
    pub(super) node: &'s Node,
}

impl<'de, S: DeserializeSeed<'de>> DeserializeSeed<'de> for CheckedSeed<'_, S> {
    type Value = S::Value;

    #[inline]
    fn deserialize<D: Deserializer<'de>>(self, inner: D) -> Result<S::Value, D::Error> {
        self.seed.deserialize(Checked { inner, state: self.state, node: self.node })
    }
}

/// Reads `text` by `seed`, checking on the way. Nothing said against it means that it keeps the contract.
pub(super) fn read<'de, 's, S: DeserializeSeed<'de>>(
    state: &'s State<'s>,
    text: &'de str,
    seed: S,
) -> Option<S::Value> {
    let mut inner = Json::new(text);
    let value = seed.deserialize(Checked { inner: &mut inner, state, node: state.program.root() }).ok()?;
    (inner.end().is_ok() && !state.is_suspect()).then_some(value)
}

/// Reads `text` by `seed`, and looks at nothing more.
pub(super) fn read_alone<'de, S: DeserializeSeed<'de>>(text: &'de str, seed: S) -> Option<S::Value> {
    let mut inner = Json::new(text);
    let value = seed.deserialize(&mut inner).ok()?;
    inner.end().is_ok().then_some(value)
}
