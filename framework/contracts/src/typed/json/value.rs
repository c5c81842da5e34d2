//! Values, shown to serde as its types ask for them.

use serde::de::{Deserialize, DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};

use super::name::Name;
use super::names::Names;
use super::{Json, Quoted, Unsure};
use crate::typed::RAW_VALUE;

/// What stands inside an object or an array, up to its end.
struct Inside<'j, 'de> {
    json: &'j mut Json<'de>,
    close: u8,
    is_first: bool,
    names: Names,
}

impl<'de> Json<'de> {
    /// Reads what stands from the next byte up to `close`.
    #[inline]
    fn inside<T>(
        &mut self,
        close: u8,
        names: Names,
        read: impl FnOnce(Inside<'_, 'de>) -> Result<T, Unsure>,
    ) -> Result<T, Unsure> {
        let Some(left) = self.depth_left.checked_sub(1) else { return self.unsure() };
        self.depth_left = left;
        self.at += 1;
        // Where a type refuses something inside, nobody has read up to the end.
        let Ok(value) = read(Inside { json: self, close, is_first: true, names }) else {
            return self.unsure();
        };
        self.depth_left += 1;
        self.expect(close)?;
        Ok(value)
    }

    #[inline]
    fn array<V: Visitor<'de>>(&mut self, visitor: V) -> Result<V::Value, Unsure> {
        self.inside(b']', Names::NONE, |inside| visitor.visit_seq(inside))
    }

    #[inline]
    fn object<V: Visitor<'de>>(&mut self, names: Names, visitor: V) -> Result<V::Value, Unsure> {
        self.inside(b'}', names, |inside| visitor.visit_map(inside))
    }

    /// The text of the next value.
    fn raw(&mut self) -> Result<&'de str, Unsure> {
        self.next();
        let start = self.at;
        IgnoredAny::deserialize(&mut *self)?;
        Ok(self.text.get(start..self.at).unwrap_or_default())
    }
}

impl<'de> Inside<'_, 'de> {
    /// Reads the next value. A type may make one of nothing, and leave what stands there.
    #[inline]
    fn value<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<S::Value, Unsure> {
        self.json.next();
        let before = self.json.at;
        let value = seed.deserialize(&mut *self.json)?;
        if self.json.at > before { Ok(value) } else { self.json.unsure() }
    }

    /// Whether something follows, which is the next byte then.
    #[inline]
    fn more(&mut self) -> Result<bool, Unsure> {
        let next = self.json.next();
        if next == Some(self.close) {
            return Ok(false);
        }
        if !std::mem::take(&mut self.is_first) {
            self.json.expect(b',')?;
            self.json.next();
        }
        Ok(true)
    }
}

impl<'de> SeqAccess<'de> for Inside<'_, 'de> {
    type Error = Unsure;

    #[inline]
    fn next_element_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<Option<S::Value>, Unsure> {
        if self.more()? { self.value(seed).map(Some) } else { Ok(None) }
    }
}

impl<'de> MapAccess<'de> for Inside<'_, 'de> {
    type Error = Unsure;

    #[inline]
    fn next_key_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<Option<S::Value>, Unsure> {
        let mut taken = false;
        let name = match self.names.expected() {
            Some(name) if self.json.skip_name(!self.is_first, name) => {
                self.is_first = false;
                self.names.came();
                Quoted::AsItStands(name)
            }
            _ if !self.more()? => return Ok(None),
            _ => {
                let name = self.json.quoted()?;
                if let Quoted::AsItStands(name) = name {
                    self.names.other(name);
                }
                name
            }
        };
        match seed.deserialize(Name { name, taken: &mut taken }) {
            Ok(name) if taken => Ok(Some(name)),
            _ => self.json.unsure(),
        }
    }

    #[inline]
    fn next_value_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<S::Value, Unsure> {
        self.json.expect(b':')?;
        self.value(seed)
    }
}

macro_rules! numbers {
    ($($method:ident)*) => {$(
        #[inline]
        fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Unsure> {
            self.next();
            self.number(visitor)
        }
    )*};
}

macro_rules! texts {
    ($($method:ident)*) => {$(
        #[inline]
        fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Unsure> {
            match self.quoted()? {
                Quoted::AsItStands(text) => visitor.visit_borrowed_str(text),
                Quoted::Resolved(text) => visitor.visit_str(text),
            }
        }
    )*};
}

impl<'de> Deserializer<'de> for &mut Json<'de> {
    type Error = Unsure;

    numbers! {
        deserialize_i8 deserialize_i16 deserialize_i32 deserialize_i64
        deserialize_u8 deserialize_u16 deserialize_u32 deserialize_u64
        deserialize_f64
    }

    texts! { deserialize_char deserialize_str deserialize_string deserialize_identifier }

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Unsure> {
        match self.next() {
            Some(b'"') => self.deserialize_str(visitor),
            Some(b'{') => self.object(Names::NONE, visitor),
            Some(b'[') => self.array(visitor),
            Some(b'-' | b'0'..=b'9') => self.number(visitor),
            Some(b'n') => self.deserialize_unit(visitor),
            _ => self.deserialize_bool(visitor),
        }
    }

    fn deserialize_bool<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Unsure> {
        let value = self.next() == Some(b't');
        self.word(if value { "true" } else { "false" })?;
        visitor.visit_bool(value)
    }

    fn deserialize_i128<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Unsure> {
        visitor.visit_i128(self.wide()?)
    }

    fn deserialize_u128<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Unsure> {
        visitor.visit_u128(self.wide()?)
    }

    fn deserialize_f32<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Unsure> {
        self.narrow(visitor)
    }

    /// A text's bytes as they stand, or a list of numbers.
    fn deserialize_bytes<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Unsure> {
        if self.next() == Some(b'[') {
            return self.array(visitor);
        }
        match self.quoted()? {
            Quoted::AsItStands(text) => visitor.visit_borrowed_bytes(text.as_bytes()),
            Quoted::Resolved(_) => self.unsure(),
        }
    }

    fn deserialize_byte_buf<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Unsure> {
        self.deserialize_bytes(visitor)
    }

    #[inline]
    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Unsure> {
        if self.next() != Some(b'n') {
            return visitor.visit_some(self);
        }
        self.word("null")?;
        visitor.visit_none()
    }

    fn deserialize_unit<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Unsure> {
        self.next();
        self.word("null")?;
        visitor.visit_unit()
    }

    fn deserialize_unit_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, Unsure> {
        self.deserialize_unit(visitor)
    }

    #[inline]
    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        visitor: V,
    ) -> Result<V::Value, Unsure> {
        if name != RAW_VALUE {
            return visitor.visit_newtype_struct(self);
        }
        let raw = self.raw()?;
        let taken = serde_json::Deserializer::from_str(raw).deserialize_newtype_struct(name, visitor);
        taken.or_else(|_| self.unsure())
    }

    #[inline]
    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Unsure> {
        if self.next() == Some(b'[') { self.array(visitor) } else { self.unsure() }
    }

    fn deserialize_tuple<V: Visitor<'de>>(self, _: usize, visitor: V) -> Result<V::Value, Unsure> {
        self.deserialize_seq(visitor)
    }

    fn deserialize_tuple_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: usize,
        visitor: V,
    ) -> Result<V::Value, Unsure> {
        self.deserialize_seq(visitor)
    }

    #[inline]
    fn deserialize_map<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Unsure> {
        if self.next() == Some(b'{') { self.object(Names::NONE, visitor) } else { self.unsure() }
    }

    #[inline]
    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        names: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Unsure> {
        match self.next() {
            Some(b'{') => self.object(Names::of(names), visitor),
            Some(b'[') => self.array(visitor),
            _ => self.unsure(),
        }
    }

    /// A variant by its name alone. [`Checked`](super::super::read::Checked) asks for enums in another way, and reads all.
    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        _: V,
    ) -> Result<V::Value, Unsure> {
        self.unsure()
    }

    fn deserialize_ignored_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Unsure> {
        self.deserialize_any(visitor)
    }
}
