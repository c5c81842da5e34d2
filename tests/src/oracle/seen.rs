//! What the system made of its inputs.

use super::{Hash, hash};

/// An event emitted for an input.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Effect {
    pub(super) cause: String,
    pub(super) id: String,
    pub(super) payload: Hash,
}

impl Effect {
    /// The event `id`, emitted because of the input `cause`. `payload` is the part that the step passes on from
    /// its input unchanged, byte by byte what was issued.
    pub fn new(cause: &str, id: &str, payload: &[u8]) -> Self {
        Self { cause: cause.to_owned(), id: id.to_owned(), payload: hash(payload) }
    }
}

/// An input that was set aside.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeadLetter {
    pub(super) cause: String,
    pub(super) payload: Hash,
}

impl DeadLetter {
    /// The dead letter of the input `cause`, with its value's bytes.
    pub fn new(cause: &str, payload: &[u8]) -> Self {
        Self { cause: cause.to_owned(), payload: hash(payload) }
    }
}

/// A committed offset, seen once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Commit {
    /// The partition of the inputs' topic.
    pub partition: i32,
    /// The next offset to be read.
    pub offset: i64,
}

/// All that was seen.
///
/// Commits are to be read *before* effects and dead letters: then whatever lies below a commit must be among
/// them. Seen the other way round, an effect may be missing only because it came after the look.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Seen {
    /// Effects, those of one key in the order of their topic. Redelivered ones too.
    pub effects: Vec<Effect>,
    /// Dead letters.
    pub dead_letters: Vec<DeadLetter>,
    /// Commits in the order in which they were looked at, as often as one likes.
    pub commits: Vec<Commit>,
}
