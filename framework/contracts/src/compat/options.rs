//! How to compare.

use serde::{Deserialize, Serialize};

/// What the two schemas stand for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Semantics {
    /// Closed writer, open reader: nobody emits what a contract does not declare, and every reader lets pass
    /// what it does not know. So a reader takes what fits any branch of a `oneOf` of objects, as long as no two of its branches
    /// fit as they are written: opened, several may fit what was written as one. Integer formats are bounds; an enum marked
    /// `x-open-enum` lets new values pass.
    #[default]
    Contract,
    /// Both schemas as they stand, with formats asserted.
    Plain,
}

/// Who reads whom.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Direction {
    /// New readers read old events.
    Backward,
    /// Old readers read new events.
    Forward,
}

/// How much work one comparison may take. What is not decided within it is an unproven break.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Budget {
    /// Steps in each direction: looks at a schema or a branch, in search of a proof or a witness. Half of them are
    /// for the verdict, the rest for who is to blame. Steps are counted and not time, so that the same documents
    /// have the same verdict on every machine.
    pub steps: u64,
}

impl Budget {
    /// Steps by default. Ordinary contracts take a few hundred, and two directions stay within the two seconds that a
    /// comparison may take.
    pub const STEPS: u64 = 5_000_000;
}

impl Default for Budget {
    fn default() -> Self {
        Self { steps: Self::STEPS }
    }
}

/// How to compare.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Options {
    /// What the schemas stand for.
    pub semantics: Semantics,
    /// How much work it may take.
    pub budget: Budget,
}

impl Options {
    /// The default budget, in `semantics`.
    pub fn new(semantics: Semantics) -> Self {
        Self { semantics, budget: Budget::default() }
    }
}
