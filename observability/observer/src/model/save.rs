//! How values are written into a snapshot and read from it: in order, with no names.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::io::{self, Read, Write};
use std::sync::Arc;

use xxhash_rust::xxh3::Xxh3;

use super::snapshot::SnapshotError;

/// The bytes that are gathered before they are written and hashed.
const BUFFER: usize = 64 * 1024;
/// The longest text of a snapshot; the model keeps none as long.
const MAX_TEXT: usize = 64 * 1024;
/// The room that is taken for a list before its items are read, so that a wrong length takes none.
const MAX_AHEAD: usize = 4_096;

/// Where a snapshot is written.
pub(super) struct Out<'w> {
    to: &'w mut dyn Write,
    buffer: Vec<u8>,
    written: usize,
    digest: Xxh3,
}

impl<'w> Out<'w> {
    pub(super) fn new(to: &'w mut dyn Write) -> Self {
        Self { to, buffer: Vec::new(), written: 0, digest: Xxh3::new() }
    }

    /// The bytes so far.
    pub(super) fn written(&self) -> usize {
        self.written
    }

    fn put(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.written += bytes.len();
        self.buffer.extend_from_slice(bytes);
        if self.buffer.len() >= BUFFER { self.spill() } else { Ok(()) }
    }

    fn spill(&mut self) -> io::Result<()> {
        self.digest.update(&self.buffer);
        self.to.write_all(&self.buffer)?;
        self.buffer.clear();
        Ok(())
    }

    /// Writes what is left, and no checksum.
    pub(super) fn end(mut self) -> io::Result<()> {
        self.to.write_all(&self.buffer)?;
        self.buffer.clear();
        Ok(())
    }

    /// Writes what is left, and the checksum of all.
    pub(super) fn finish(mut self) -> io::Result<()> {
        self.spill()?;
        self.to.write_all(&self.digest.digest().to_le_bytes())?;
        self.to.flush()
    }
}

/// Where a snapshot is read from.
pub(super) struct In<'r> {
    from: &'r mut dyn Read,
    digest: Xxh3,
}

impl<'r> In<'r> {
    pub(super) fn new(from: &'r mut dyn Read) -> Self {
        Self { from, digest: Xxh3::new() }
    }

    fn take(&mut self, bytes: &mut [u8]) -> Result<(), SnapshotError> {
        self.from.read_exact(bytes)?;
        self.digest.update(bytes);
        Ok(())
    }

    /// Compares the checksum, behind which there must be nothing.
    pub(super) fn finish(self) -> Result<(), SnapshotError> {
        let mut sum = [0; 8];
        self.from.read_exact(&mut sum)?;
        if u64::from_le_bytes(sum) != self.digest.digest() {
            return Err(SnapshotError::Changed);
        }
        match self.from.read(&mut [0])? {
            0 => Ok(()),
            _ => Err(SnapshotError::Form("something stands behind its end")),
        }
    }
}

/// A value that can stand in a snapshot.
pub(super) trait Saved: Sized {
    fn save(&self, out: &mut Out<'_>) -> io::Result<()>;
    fn load(input: &mut In<'_>) -> Result<Self, SnapshotError>;
}

/// A struct is saved field by field.
macro_rules! saved {
    ($name:ident { $($field:ident),+ $(,)? }) => {
        impl $crate::model::save::Saved for $name {
            fn save(&self, out: &mut $crate::model::save::Out<'_>) -> std::io::Result<()> {
                $($crate::model::save::Saved::save(&self.$field, out)?;)+
                Ok(())
            }

            fn load(
                input: &mut $crate::model::save::In<'_>,
            ) -> Result<Self, $crate::model::snapshot::SnapshotError> {
                Ok(Self { $($field: $crate::model::save::Saved::load(input)?),+ })
            }
        }
    };
}
pub(super) use saved;

macro_rules! saved_numbers {
    ($($number:ty),+) => {$(
        impl Saved for $number {
            fn save(&self, out: &mut Out<'_>) -> io::Result<()> {
                out.put(&self.to_le_bytes())
            }

            fn load(input: &mut In<'_>) -> Result<Self, SnapshotError> {
                let mut bytes = [0; size_of::<$number>()];
                input.take(&mut bytes)?;
                Ok(Self::from_le_bytes(bytes))
            }
        }
    )+};
}
saved_numbers!(u8, u16, u32, u64, i32, i64);

impl Saved for usize {
    fn save(&self, out: &mut Out<'_>) -> io::Result<()> {
        (*self as u64).save(out)
    }

    fn load(input: &mut In<'_>) -> Result<Self, SnapshotError> {
        u64::load(input).map(|number| number as Self)
    }
}

impl Saved for bool {
    fn save(&self, out: &mut Out<'_>) -> io::Result<()> {
        u8::from(*self).save(out)
    }

    fn load(input: &mut In<'_>) -> Result<Self, SnapshotError> {
        match u8::load(input)? {
            0 => Ok(false),
            1 => Ok(true),
            _ => Err(SnapshotError::Form("neither yes nor no")),
        }
    }
}

impl Saved for Box<str> {
    fn save(&self, out: &mut Out<'_>) -> io::Result<()> {
        (self.len() as u32).save(out)?;
        out.put(self.as_bytes())
    }

    fn load(input: &mut In<'_>) -> Result<Self, SnapshotError> {
        let length = u32::load(input)? as usize;
        if length > MAX_TEXT {
            return Err(SnapshotError::Form("a text that is too long"));
        }
        let mut bytes = vec![0; length];
        input.take(&mut bytes)?;
        String::from_utf8(bytes).map(Into::into).map_err(|_| SnapshotError::Form("a text that is no UTF-8"))
    }
}

impl Saved for Arc<str> {
    fn save(&self, out: &mut Out<'_>) -> io::Result<()> {
        (self.len() as u32).save(out)?;
        out.put(self.as_bytes())
    }

    fn load(input: &mut In<'_>) -> Result<Self, SnapshotError> {
        Box::<str>::load(input).map(Into::into)
    }
}

impl<T: Saved> Saved for Option<T> {
    fn save(&self, out: &mut Out<'_>) -> io::Result<()> {
        self.is_some().save(out)?;
        self.as_ref().map_or(Ok(()), |value| value.save(out))
    }

    fn load(input: &mut In<'_>) -> Result<Self, SnapshotError> {
        if bool::load(input)? { T::load(input).map(Some) } else { Ok(None) }
    }
}

impl<T: Saved> Saved for Box<T> {
    fn save(&self, out: &mut Out<'_>) -> io::Result<()> {
        (**self).save(out)
    }

    fn load(input: &mut In<'_>) -> Result<Self, SnapshotError> {
        T::load(input).map(Box::new)
    }
}

impl<T: Saved> Saved for Vec<T> {
    fn save(&self, out: &mut Out<'_>) -> io::Result<()> {
        (self.len() as u32).save(out)?;
        self.iter().try_for_each(|item| item.save(out))
    }

    fn load(input: &mut In<'_>) -> Result<Self, SnapshotError> {
        let length = u32::load(input)? as usize;
        let mut items = Self::with_capacity(length.min(MAX_AHEAD));
        for _ in 0..length {
            items.push(T::load(input)?);
        }
        Ok(items)
    }
}

impl<T: Saved> Saved for VecDeque<T> {
    fn save(&self, out: &mut Out<'_>) -> io::Result<()> {
        (self.len() as u32).save(out)?;
        self.iter().try_for_each(|item| item.save(out))
    }

    fn load(input: &mut In<'_>) -> Result<Self, SnapshotError> {
        Vec::load(input).map(Self::from)
    }
}

impl<const N: usize> Saved for [u32; N] {
    fn save(&self, out: &mut Out<'_>) -> io::Result<()> {
        self.iter().try_for_each(|item| item.save(out))
    }

    fn load(input: &mut In<'_>) -> Result<Self, SnapshotError> {
        let mut items = [0; N];
        for item in &mut items {
            *item = u32::load(input)?;
        }
        Ok(items)
    }
}

impl<K: Saved + Ord, V: Saved> Saved for BTreeMap<K, V> {
    fn save(&self, out: &mut Out<'_>) -> io::Result<()> {
        (self.len() as u32).save(out)?;
        self.iter().try_for_each(|(key, value)| key.save(out).and_then(|()| value.save(out)))
    }

    fn load(input: &mut In<'_>) -> Result<Self, SnapshotError> {
        (0..u32::load(input)?).map(|_| Ok((K::load(input)?, V::load(input)?))).collect()
    }
}

impl<T: Saved + Ord> Saved for BTreeSet<T> {
    fn save(&self, out: &mut Out<'_>) -> io::Result<()> {
        (self.len() as u32).save(out)?;
        self.iter().try_for_each(|item| item.save(out))
    }

    fn load(input: &mut In<'_>) -> Result<Self, SnapshotError> {
        (0..u32::load(input)?).map(|_| T::load(input)).collect()
    }
}

macro_rules! saved_tuples {
    ($(($($part:ident),+)),+) => {$(
        impl<$($part: Saved),+> Saved for ($($part,)+) {
            #[expect(non_snake_case, reason = "the parts are named as their types")]
            fn save(&self, out: &mut Out<'_>) -> io::Result<()> {
                let ($($part,)+) = self;
                $($part.save(out)?;)+
                Ok(())
            }

            fn load(input: &mut In<'_>) -> Result<Self, SnapshotError> {
                Ok(($($part::load(input)?,)+))
            }
        }
    )+};
}
saved_tuples!((A, B), (A, B, C), (A, B, C, D), (A, B, C, D, E));
