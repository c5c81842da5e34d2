//! A contract as a program that one pass over an event can run: *fast accept, slow refuse*.
//!
//! A JSON Schema says what a value must keep by many schemas at one place: beside each other, through `$ref`, in
//! `allOf`. The program has one node for each place, which holds the conjunction of them all, and in it the nodes
//! of its members and elements. Nodes are made once for each set of schemas, so recursion ends.
//!
//! `anyOf` and `oneOf` become a choice that is made from what one pass sees first: the kind of the value, the text
//! of a tag that all branches require, or the name of the only member. Where nothing tells the branches apart, or
//! a keyword looks at an object or array as a whole (`not`, `if`, `contains`, `uniqueItems` …), the place is
//! *buffered*: its bytes are checked by `jsonschema` on a tape, as the whole event would be without a program.
//!
//! The program only ever says *valid* or *suspect*, and a suspect event is judged by `jsonschema`. So it may be
//! cautious where being exact is hard (floats near a bound, a tag that is not the first member), and every error
//! has one source. `pattern`, `format` and the like are borrowed from `jsonschema`, a keyword at a time.

mod atom;
mod atoms;
mod build;
mod choice;
mod flat;
mod names;
mod node;
mod number;
mod object;

pub(crate) use atom::{Atom, Verdict};
pub(crate) use names::{hash, is_same};
pub(crate) use node::{
    ANY, ArrayRules, NEVER, Node, NodeId, ObjectPlan, ObjectRules, Others, Program, Tag, TagValues,
};

use std::fmt;

use jsonschema::Validator;
use serde_json::Value;

use crate::tape::TapeJson;

/// A place of a contract that is not checked while the event is read or written, but afterwards, on its bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BufferedPlace {
    /// JSON Pointer into the contract; empty for the whole of it.
    pub at: String,
    /// What keeps it from being checked in passing.
    pub why: String,
}

impl fmt::Display for BufferedPlace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let at = if self.at.is_empty() { "/" } else { &self.at };
        write!(f, "{at} ({})", self.why)
    }
}

/// What keeps a place from being programmed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
enum Why {
    #[error("`{0}` looks at the value as a whole")]
    Keyword(String),
    #[error("nothing that comes first tells the alternatives apart")]
    Alternatives,
    #[error("a reference that is no plain pointer into the contract")]
    Reference,
    #[error("an `$id` or `$schema` inside the contract")]
    Resources,
    #[error("more than {} names at one place", crate::MAX_DECLARED_NAMES)]
    TooManyNames,
    #[error("more than {} places that must be buffered", crate::MAX_BUFFERED_PLACES)]
    TooManyBuffered,
    #[error("the contract is too large to be checked in passing")]
    TooLarge,
}

/// The program of `schema`, if there is any point in one, and the places that are buffered.
pub(crate) fn compile(
    schema: &Value,
    validator: &dyn Fn(&Value) -> Option<Validator<TapeJson>>,
) -> (Option<Program>, Vec<BufferedPlace>) {
    match build::build(schema, validator) {
        Ok((program, places)) => (Some(program), places),
        Err(why) => (None, vec![BufferedPlace { at: String::new(), why: why.to_string() }]),
    }
}
