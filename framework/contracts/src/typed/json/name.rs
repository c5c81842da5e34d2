//! The names of members. A map may ask for them as numbers or flags, as with `serde_json`.

use serde::de::{Deserializer, Visitor};

use super::number::{number, show, wide};
use super::{Quoted, Unsure};
use crate::typed::RAW_VALUE;

/// The name of a member.
pub(super) struct Name<'de, 'j> {
    pub(super) name: Quoted<'de, 'j>,
    /// Set where somebody takes the name. A type may make one of nothing, or of an error; then `serde_json` says how.
    pub(super) taken: &'j mut bool,
}

impl<'de> Name<'de, '_> {
    /// The name, if it stands there without escapes: with some it is neither number nor flag to `serde_json`.
    fn plain(&self) -> Result<&'de str, Unsure> {
        match self.name {
            Quoted::AsItStands(text) => Ok(text),
            Quoted::Resolved(_) => Err(Unsure),
        }
    }

    /// Notes that somebody made this value of the name.
    #[inline]
    fn taken<T>(self, value: T) -> T {
        *self.taken = true;
        value
    }
}

macro_rules! texts {
    ($($method:ident($($argument:ty),*);)*) => {$(
        #[inline]
        fn $method<V: Visitor<'de>>(self, $(_: $argument,)* visitor: V) -> Result<V::Value, Unsure> {
            let value = match self.name {
                Quoted::AsItStands(text) => visitor.visit_borrowed_str(text),
                Quoted::Resolved(text) => visitor.visit_str(text),
            }?;
            Ok(self.taken(value))
        }
    )*};
}

macro_rules! numbers {
    ($($method:ident)*) => {$(
        fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Unsure> {
            let value = show(&number(self.plain()?).ok_or(Unsure)?, visitor)?;
            Ok(self.taken(value))
        }
    )*};
}

impl<'de> Deserializer<'de> for Name<'de, '_> {
    type Error = Unsure;

    texts! {
        deserialize_any();
        deserialize_char();
        deserialize_str();
        deserialize_string();
        deserialize_unit();
        deserialize_unit_struct(&'static str);
        deserialize_seq();
        deserialize_tuple(usize);
        deserialize_tuple_struct(&'static str, usize);
        deserialize_map();
        deserialize_struct(&'static str, &'static [&'static str]);
        deserialize_identifier();
        deserialize_ignored_any();
    }

    numbers! {
        deserialize_i8 deserialize_i16 deserialize_i32 deserialize_i64
        deserialize_u8 deserialize_u16 deserialize_u32 deserialize_u64
        deserialize_f64
    }

    fn deserialize_i128<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Unsure> {
        let value = visitor.visit_i128(wide(self.plain()?)?)?;
        Ok(self.taken(value))
    }

    fn deserialize_u128<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Unsure> {
        let value = visitor.visit_u128(wide(self.plain()?)?)?;
        Ok(self.taken(value))
    }

    /// Few name anything by such numbers.
    fn deserialize_f32<V: Visitor<'de>>(self, _: V) -> Result<V::Value, Unsure> {
        Err(Unsure)
    }

    fn deserialize_bool<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Unsure> {
        let value = match self.plain()? {
            "true" => visitor.visit_bool(true),
            "false" => visitor.visit_bool(false),
            _ => Err(Unsure),
        }?;
        Ok(self.taken(value))
    }

    fn deserialize_bytes<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Unsure> {
        let value = visitor.visit_borrowed_bytes(self.plain()?.as_bytes())?;
        Ok(self.taken(value))
    }

    fn deserialize_byte_buf<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Unsure> {
        self.deserialize_bytes(visitor)
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Unsure> {
        visitor.visit_some(self)
    }

    #[inline]
    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        visitor: V,
    ) -> Result<V::Value, Unsure> {
        if name == RAW_VALUE { Err(Unsure) } else { visitor.visit_newtype_struct(self) }
    }

    /// A variant by its name: [`Checked`](super::super::read::Checked) asks for it as a text.
    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        _: V,
    ) -> Result<V::Value, Unsure> {
        Err(Unsure)
    }
}
