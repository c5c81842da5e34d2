//! Enums on their way in: a text is a unit variant, an object with one member any other.

use std::fmt;
use std::marker::PhantomData;

use serde::de::value::{BorrowedStrDeserializer, StrDeserializer};
use serde::de::{
    DeserializeSeed, Deserializer, EnumAccess, Error, IgnoredAny, MapAccess, VariantAccess, Visitor,
};

use super::frame::ObjectFrame;
use super::read::stop;
use super::state::State;
use super::watch::Members;
use crate::program::{Atom, Node};

/// A visitor of an enum that is shown a text or an object.
pub(super) struct EnumWatch<'s, V> {
    pub(super) visitor: V,
    pub(super) state: &'s State<'s>,
    pub(super) node: &'s Node,
}

impl<V> EnumWatch<'_, V> {
    #[inline]
    fn text<E: Error>(&self, text: &str) -> Result<(), E> {
        if self.state.atom(self.node, Atom::Text(text)) { Ok(()) } else { Err(stop(self.state)) }
    }
}

impl<'de, V: Visitor<'de>> Visitor<'de> for EnumWatch<'_, V> {
    type Value = V::Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.visitor.expecting(f)
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<V::Value, E> {
        self.text(text)?;
        self.visitor.visit_enum(StrDeserializer::new(text))
    }

    fn visit_borrowed_str<E: Error>(self, text: &'de str) -> Result<V::Value, E> {
        self.text(text)?;
        self.visitor.visit_enum(BorrowedStrDeserializer::new(text))
    }

    fn visit_map<A: MapAccess<'de>>(self, inner: A) -> Result<V::Value, A::Error> {
        let Some(mut frame) = ObjectFrame::open(self.state, self.node) else { return Err(stop(self.state)) };
        let mut members = Members { inner, state: self.state, frame: &mut frame };
        let value = self.visitor.visit_enum(OnlyMember(&mut members))?;
        let more = members.next_key::<IgnoredAny>()?.is_some();
        if !more && frame.close() { Ok(value) } else { Err(stop(self.state)) }
    }
}

/// The one member of an object: its name is the variant, its value what the variant holds.
struct OnlyMember<'m, A>(&'m mut A);

impl<'de, A: MapAccess<'de>> EnumAccess<'de> for OnlyMember<'_, A> {
    type Error = A::Error;
    type Variant = Self;

    fn variant_seed<S: DeserializeSeed<'de>>(self, seed: S) -> Result<(S::Value, Self), A::Error> {
        match self.0.next_key_seed(seed)? {
            Some(variant) => Ok((variant, self)),
            None => Err(A::Error::custom("no variant")),
        }
    }
}

impl<'de, A: MapAccess<'de>> VariantAccess<'de> for OnlyMember<'_, A> {
    type Error = A::Error;

    fn unit_variant(self) -> Result<(), A::Error> {
        self.0.next_value()
    }

    fn newtype_variant_seed<S: DeserializeSeed<'de>>(self, seed: S) -> Result<S::Value, A::Error> {
        self.0.next_value_seed(seed)
    }

    fn tuple_variant<V: Visitor<'de>>(self, _: usize, visitor: V) -> Result<V::Value, A::Error> {
        self.0.next_value_seed(Fields { visitor, names: None, lifetime: PhantomData })
    }

    fn struct_variant<V: Visitor<'de>>(
        self,
        names: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, A::Error> {
        self.0.next_value_seed(Fields { visitor, names: Some(names), lifetime: PhantomData })
    }
}

/// The fields of a variant: named ones as a struct, others as a list.
struct Fields<'de, V> {
    visitor: V,
    names: Option<&'static [&'static str]>,
    lifetime: PhantomData<&'de ()>,
}

impl<'de, V: Visitor<'de>> DeserializeSeed<'de> for Fields<'de, V> {
    type Value = V::Value;

    fn deserialize<D: Deserializer<'de>>(self, inner: D) -> Result<V::Value, D::Error> {
        match self.names {
            Some(names) => inner.deserialize_struct("", names, self.visitor),
            None => inner.deserialize_seq(self.visitor),
        }
    }
}
