//! Compatibility of two versions of a contract, and of a reader with a writer.
//!
//! [`compare`] asks both questions of a change: may new readers read old events (*backward*), and may old
//! readers read new events (*forward*)? [`covers`] asks one of them of any two schemas: may `reader` read every
//! event that `writer` allows?
//!
//! Two semantics are known. In [`Semantics::Contract`], the default, the writer is closed (nobody emits a field
//! that the contract does not declare) and readers are open (an unknown field passes), so that an optional field
//! may be added at any time. [`Semantics::Plain`] takes both schemas as they stand.
//!
//! What cannot be decided is a break. A break comes with a rule ([`rules`]), with its place on both sides, and,
//! where one was found, with a *witness*: an event that the writer's schema accepts and the reader's refuses,
//! checked with validators of both. Such a break is [`Proof::Proved`], any other [`Proof::Unproven`]. Of schemas that are too
//! large to be compiled within a comparison's time, the validators are of what the event meets of them; where that is too
//! large as well, no event is shown and the break is unproven.
//!
//! ```
//! use choreograph_contracts::compat::{self, Document, Options, Proof};
//!
//! let old = Document::parse("1.0.json", br#"{ "type": "object", "properties": { "id": { "type": "string" } } }"#)?;
//! let new = Document::parse("1.1.json", br#"{ "type": "object", "properties": { "id": { "type": "integer" } } }"#)?;
//! let comparison = compat::compare(&old, &new, &Options::default())?;
//! assert!(!comparison.backward.compatible);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod aside;
mod compare;
mod dialect;
mod diff;
mod document;
mod error;
mod graph;
mod judge;
mod lines;
mod met;
mod open;
mod options;
mod places;
mod prepare;
mod question;
mod rules;
mod sample;
mod solve;
mod translate;
mod unions;
mod verdict;

pub use compare::{compare, covers};
pub use diff::MAX_CHANGES;
pub use document::{Document, MAX_DOCUMENT_BYTES, MAX_DOCUMENT_DEPTH};
pub use error::{CompareError, DocumentError};
pub use options::{Budget, Direction, Options, Semantics};
pub use rules::{Rule, RuleId, rule, rules};
pub use verdict::{Bump, Comparison, Finding, Place, Proof, Severity, Verdict};

#[cfg(test)]
mod tests;
