//! How values are turned into bytes and back: in order, with no names.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;

use super::kept_bytes::BadState;

/// The longest text that is saved; the model keeps none as long.
const MAX_TEXT: usize = 64 * 1024;
/// The room that is taken for a list before its items are read, so that a wrong length takes none.
const MAX_AHEAD: usize = 4_096;

/// What is read.
pub(super) struct In<'r>(&'r [u8]);

impl<'r> In<'r> {
    pub(super) fn new(bytes: &'r [u8]) -> Self {
        Self(bytes)
    }

    fn take(&mut self, length: usize) -> Result<&'r [u8], BadState> {
        let (taken, left) = self.0.split_at_checked(length).ok_or(BadState::Form("it ends too early"))?;
        self.0 = left;
        Ok(taken)
    }

    /// Behind what was read there must be nothing.
    pub(super) fn finish(self) -> Result<(), BadState> {
        if self.0.is_empty() { Ok(()) } else { Err(BadState::Form("something stands behind its end")) }
    }
}

/// A value that can be saved.
pub(super) trait Saved: Sized {
    fn save(&self, out: &mut Vec<u8>);
    fn load(input: &mut In<'_>) -> Result<Self, BadState>;
}

/// A struct is saved field by field.
macro_rules! saved {
    ($name:ident { $($field:ident),+ $(,)? }) => {
        impl $crate::model::save::Saved for $name {
            fn save(&self, out: &mut Vec<u8>) {
                $($crate::model::save::Saved::save(&self.$field, out);)+
            }

            fn load(
                input: &mut $crate::model::save::In<'_>,
            ) -> Result<Self, $crate::model::kept_bytes::BadState> {
                Ok(Self { $($field: $crate::model::save::Saved::load(input)?),+ })
            }
        }
    };
}
pub(super) use saved;

macro_rules! saved_numbers {
    ($($number:ty),+) => {$(
        impl Saved for $number {
            fn save(&self, out: &mut Vec<u8>) {
                out.extend_from_slice(&self.to_le_bytes());
            }

            fn load(input: &mut In<'_>) -> Result<Self, BadState> {
                let mut bytes = [0; size_of::<$number>()];
                bytes.copy_from_slice(input.take(size_of::<$number>())?);
                Ok(Self::from_le_bytes(bytes))
            }
        }
    )+};
}
saved_numbers!(u8, u16, u32, u64, i32, i64);

impl Saved for usize {
    fn save(&self, out: &mut Vec<u8>) {
        (*self as u64).save(out);
    }

    fn load(input: &mut In<'_>) -> Result<Self, BadState> {
        u64::load(input).map(|number| number as Self)
    }
}

impl Saved for bool {
    fn save(&self, out: &mut Vec<u8>) {
        u8::from(*self).save(out);
    }

    fn load(input: &mut In<'_>) -> Result<Self, BadState> {
        match u8::load(input)? {
            0 => Ok(false),
            1 => Ok(true),
            _ => Err(BadState::Form("neither yes nor no")),
        }
    }
}

impl Saved for Box<str> {
    fn save(&self, out: &mut Vec<u8>) {
        (self.len() as u32).save(out);
        out.extend_from_slice(self.as_bytes());
    }

    fn load(input: &mut In<'_>) -> Result<Self, BadState> {
        let length = u32::load(input)? as usize;
        if length > MAX_TEXT {
            return Err(BadState::Form("a text that is too long"));
        }
        let text = std::str::from_utf8(input.take(length)?);
        text.map(Into::into).map_err(|_| BadState::Form("a text that is no UTF-8"))
    }
}

impl Saved for Arc<str> {
    fn save(&self, out: &mut Vec<u8>) {
        (self.len() as u32).save(out);
        out.extend_from_slice(self.as_bytes());
    }

    fn load(input: &mut In<'_>) -> Result<Self, BadState> {
        Box::<str>::load(input).map(Into::into)
    }
}

impl<T: Saved> Saved for Option<T> {
    fn save(&self, out: &mut Vec<u8>) {
        self.is_some().save(out);
        if let Some(value) = self {
            value.save(out);
        }
    }

    fn load(input: &mut In<'_>) -> Result<Self, BadState> {
        if bool::load(input)? { T::load(input).map(Some) } else { Ok(None) }
    }
}

impl<T: Saved> Saved for Box<T> {
    fn save(&self, out: &mut Vec<u8>) {
        (**self).save(out);
    }

    fn load(input: &mut In<'_>) -> Result<Self, BadState> {
        T::load(input).map(Box::new)
    }
}

impl<T: Saved> Saved for Vec<T> {
    fn save(&self, out: &mut Vec<u8>) {
        (self.len() as u32).save(out);
        for item in self {
            item.save(out);
        }
    }

    fn load(input: &mut In<'_>) -> Result<Self, BadState> {
        let length = u32::load(input)? as usize;
        let mut items = Self::with_capacity(length.min(MAX_AHEAD));
        for _ in 0..length {
            items.push(T::load(input)?);
        }
        Ok(items)
    }
}

impl<T: Saved> Saved for VecDeque<T> {
    fn save(&self, out: &mut Vec<u8>) {
        (self.len() as u32).save(out);
        for item in self {
            item.save(out);
        }
    }

    fn load(input: &mut In<'_>) -> Result<Self, BadState> {
        Vec::load(input).map(Self::from)
    }
}

impl<const N: usize> Saved for [u32; N] {
    fn save(&self, out: &mut Vec<u8>) {
        for item in self {
            item.save(out);
        }
    }

    fn load(input: &mut In<'_>) -> Result<Self, BadState> {
        let mut items = [0; N];
        for item in &mut items {
            *item = u32::load(input)?;
        }
        Ok(items)
    }
}

impl<K: Saved + Ord, V: Saved> Saved for BTreeMap<K, V> {
    fn save(&self, out: &mut Vec<u8>) {
        (self.len() as u32).save(out);
        for (key, value) in self {
            key.save(out);
            value.save(out);
        }
    }

    fn load(input: &mut In<'_>) -> Result<Self, BadState> {
        (0..u32::load(input)?).map(|_| Ok((K::load(input)?, V::load(input)?))).collect()
    }
}

impl<T: Saved + Ord> Saved for BTreeSet<T> {
    fn save(&self, out: &mut Vec<u8>) {
        (self.len() as u32).save(out);
        for item in self {
            item.save(out);
        }
    }

    fn load(input: &mut In<'_>) -> Result<Self, BadState> {
        (0..u32::load(input)?).map(|_| T::load(input)).collect()
    }
}

macro_rules! saved_tuples {
    ($(($($part:ident),+)),+) => {$(
        impl<$($part: Saved),+> Saved for ($($part,)+) {
            #[expect(non_snake_case, reason = "the parts are named as their types")]
            fn save(&self, out: &mut Vec<u8>) {
                let ($($part,)+) = self;
                $($part.save(out);)+
            }

            fn load(input: &mut In<'_>) -> Result<Self, BadState> {
                Ok(($($part::load(input)?,)+))
            }
        }
    )+};
}
saved_tuples!((A, B), (A, B, C), (A, B, C, D), (A, B, C, D, E));
