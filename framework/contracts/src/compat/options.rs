//! How to compare.

use std::time::Duration;

use serde::{Deserialize, Serialize};

/// What the two schemas stand for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Semantics {
    /// Closed writer, open reader: nobody emits what a contract does not declare, and every reader lets pass
    /// what it does not know. Integer formats are bounds; an enum marked `x-open-enum` lets new values pass.
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
    /// Steps of the search for a proof or a witness, in each direction.
    pub steps: u64,
    /// Wall-clock time for each direction: half of it for the verdict, the rest for who is to blame.
    pub time: Duration,
}

impl Budget {
    /// Steps by default. Ordinary contracts take a few hundred.
    pub const STEPS: u64 = 400_000;
    /// Time by default: two directions stay within the two seconds that a comparison may take.
    pub const TIME: Duration = Duration::from_millis(700);
}

impl Default for Budget {
    fn default() -> Self {
        Self { steps: Self::STEPS, time: Self::TIME }
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
