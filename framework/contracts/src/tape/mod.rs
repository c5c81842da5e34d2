//! A JSON document as one flat vector of entries: what a check reads instead of a tree of allocated values.
//!
//! An object is an entry with its number of members, followed by name, value, name, value …; an array is an
//! entry followed by its elements. Containers know where they end, so a reader can step over them. Texts are
//! ranges of the document's own bytes, or, where escapes had to be resolved, of one shared string.
//!
//! The vectors stay with the [`Tape`] and are used again by the next document: after the first few events a
//! check allocates nothing.

mod json;
mod number;
mod one;
mod parse;
mod text;

pub(crate) use json::{Cursor, TapeJson};
pub(crate) use one::one_value;
pub(crate) use parse::{read, read_within};
pub(crate) use text::{Scanned, resolve, scan};

use crate::typed::Unchecked;
use crate::{MAX_DEPTH, MAX_EVENT_BYTES, UndecodableReason};

/// One value, or the name of a member, in the order of the document.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Entry {
    Null,
    Bool(bool),
    Unsigned(u64),
    /// Below zero.
    Signed(i64),
    Float(f64),
    /// A text without escapes: a range of the document.
    Plain(Span),
    /// A text with its escapes resolved: a range of [`Tape::resolved`].
    Resolved(Span),
    Array(Extent),
    Object(Extent),
}

/// A range of bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Span {
    start: u32,
    end: u32,
}

impl Span {
    /// Documents are shorter than 2³¹ bytes, by [`Tape::with_max_bytes`].
    const fn new(start: usize, end: usize) -> Self {
        Self { start: start as u32, end: end as u32 }
    }
}

/// How much a container holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Extent {
    /// Elements, or members.
    count: u32,
    /// Index of the first entry after the container.
    end: u32,
}

/// Scratch space for [`Contract::check`](crate::Contract::check): one for each thread that checks, used again
/// for every event.
///
/// It also holds the two limits of what it takes in, and both are applied before anything is built: the bytes
/// before parsing starts, the depth while parsing.
///
/// It keeps the largest capacity it ever needed, at most 20 times the byte limit, and no event's content is
/// readable through it.
pub struct Tape {
    entries: Vec<Entry>,
    resolved: String,
    /// Names of an object too wide to compare pairwise, while it is looked at.
    names: Vec<u32>,
    /// Hashes of undeclared names, of the objects that a typed pass is inside of.
    pub(crate) names_seen: Vec<u64>,
    /// What a typed pass wrote and must still check as a whole.
    pub(crate) unchecked: Vec<Unchecked>,
    /// A value as text, while it is looked at.
    pub(crate) text: String,
    max_bytes: usize,
    max_depth: usize,
}

impl Tape {
    /// A tape with the default limits: [`MAX_EVENT_BYTES`] and [`MAX_DEPTH`].
    pub const fn new() -> Self {
        Self::with_max_bytes(MAX_EVENT_BYTES)
    }

    /// A tape that takes events of up to `max_bytes` bytes. More than 2³¹ − 1 counts as that.
    pub const fn with_max_bytes(max_bytes: usize) -> Self {
        const CEILING: usize = i32::MAX as usize;
        let max_bytes = if max_bytes > CEILING { CEILING } else { max_bytes };
        Self {
            entries: Vec::new(),
            resolved: String::new(),
            names: Vec::new(),
            names_seen: Vec::new(),
            unchecked: Vec::new(),
            text: String::new(),
            max_bytes,
            max_depth: MAX_DEPTH,
        }
    }

    /// The largest event that this tape takes, in bytes.
    pub const fn max_bytes(&self) -> usize {
        self.max_bytes
    }
}

impl Default for Tape {
    fn default() -> Self {
        Self::new()
    }
}

/// Shows limits only, never an event.
impl std::fmt::Debug for Tape {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Tape").field("max_bytes", &self.max_bytes).finish_non_exhaustive()
    }
}

/// A parsed document: the tape and the text it points into.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Document<'a> {
    source: &'a str,
    resolved: &'a str,
    entries: &'a [Entry],
}

impl<'a> Document<'a> {
    /// How many entries the document takes: values and member names.
    pub(crate) fn len(&self) -> usize {
        self.entries.len()
    }

    fn entry(&self, index: u32) -> Entry {
        // Every index comes from the parser or from `after`, which stay inside; `Null` only spares a panic.
        self.entries.get(index as usize).copied().unwrap_or(Entry::Null)
    }

    /// The text of the entry at `index`, if it is one.
    fn text(&self, index: u32) -> Option<&'a str> {
        match self.entry(index) {
            Entry::Plain(span) => self.source.get(span.start as usize..span.end as usize),
            Entry::Resolved(span) => self.resolved.get(span.start as usize..span.end as usize),
            _ => None,
        }
    }

    /// Index of the entry that follows the value at `index`.
    fn after(&self, index: u32) -> u32 {
        match self.entry(index) {
            Entry::Array(extent) | Entry::Object(extent) => extent.end,
            _ => index + 1,
        }
    }
}

/// Why a document could not be read, and at which byte.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Refusal {
    pub(crate) reason: UndecodableReason,
    pub(crate) at: usize,
}

#[cfg(test)]
mod tests;
