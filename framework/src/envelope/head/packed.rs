//! Headers as bytes behind one another, for a record that waits: see [`shelf`](crate::runner::shelf).
//!
//! How many headers there are, and how many bytes are text; then for each header what its name and its value are; then the
//! text, then the values that are no text. All numbers have four bytes.

use std::sync::Arc;

use super::{Head, Known, NameAt, ValueAt};

/// Added to the length of a name that is in the text; without it the number is that of a known header.
const IN_TEXT: u32 = 1 << 31;
/// Added to the length of a value that is no text.
const ODD: u32 = 1 << 31;
/// In place of a value's length: there is none.
const NULL: u32 = u32::MAX;

impl Head {
    /// The bytes that [`pack`](Self::pack) adds.
    pub(crate) fn packed_bytes(&self) -> usize {
        8 + 8 * self.headers.len() + self.size()
    }

    /// Adds all headers to a buffer. They have less than 2 GiB.
    pub(crate) fn pack(&self, to: &mut Vec<u8>) {
        put(to, self.headers.len() as u32, self.text.len() as u32);
        for header in &self.headers {
            let name = match header.name {
                NameAt::Known(known) => known as u32,
                NameAt::Text(at) => at.length | IN_TEXT,
            };
            let value = match header.value {
                ValueAt::Null => NULL,
                ValueAt::Text(at) => at.length,
                ValueAt::Odd(at) => at.length | ODD,
            };
            put(to, name, value);
        }
        to.extend_from_slice(self.text.as_bytes());
        to.extend_from_slice(&self.odd);
    }

    /// The headers that lie packed at the front of these bytes.
    pub(crate) fn unpack(mut packed: &[u8]) -> Arc<Self> {
        let (count, text) = numbers(take(&mut packed, 8));
        let entries = take(&mut packed, 8 * count as usize);
        let mut text = take(&mut packed, text as usize);
        let mut odd = packed;
        Self::copied(count as usize, |copy| {
            for entry in entries.chunks_exact(8) {
                let (name, value) = numbers(entry);
                let name = match Known::ALL.get(name as usize) {
                    Some(known) => known.name(),
                    None => {
                        std::str::from_utf8(take(&mut text, (name & !IN_TEXT) as usize)).unwrap_or_default()
                    }
                };
                let value = match value {
                    NULL => None,
                    value if value & ODD == 0 => Some(take(&mut text, value as usize)),
                    value => Some(take(&mut odd, (value & !ODD) as usize)),
                };
                copy.push(name, value);
            }
        })
    }
}

/// Adds two numbers.
fn put(to: &mut Vec<u8>, first: u32, second: u32) {
    to.extend_from_slice(&(u64::from(first) | u64::from(second) << 32).to_le_bytes());
}

/// The two numbers at the front of these bytes.
fn numbers(bytes: &[u8]) -> (u32, u32) {
    let both = bytes.first_chunk().map_or(0, |bytes| u64::from_le_bytes(*bytes));
    (both as u32, (both >> 32) as u32)
}

/// Takes so many bytes from the front; none where there are less.
fn take<'b>(from: &mut &'b [u8], count: usize) -> &'b [u8] {
    let (taken, rest) = from.split_at_checked(count).unwrap_or_default();
    *from = rest;
    taken
}
