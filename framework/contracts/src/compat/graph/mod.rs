//! Schemas as a graph: every keyword read once, references followed, both documents in one arena.

mod alias;
mod automaton;
mod classes;
mod endless;
mod evaluate;
mod finite;
mod format;
mod keywords;
mod kinds;
mod listed;
mod names;
mod node;
mod number;
mod pattern;
mod pointers;
mod read;
mod refs;
mod spelled;
mod unevaluated;

use std::cell::Cell;

pub(super) use automaton::{Texts, Wanted, texts};
pub(super) use evaluate::are_unique;
pub(super) use format::Format;
pub(super) use kinds::Kinds;
pub(super) use listed::Listed;
pub(super) use names::{NameId, Names};
pub(super) use node::{Conditional, ListRules, Node, NodeId, NumberRules, ObjectRules, TextRules};
pub(super) use number::{Decimal, Limit, Num};
pub(super) use pattern::{PatternId, Patterns};
pub(super) use pointers::KeptPointers;
pub(super) use read::ReadError;

/// Both documents.
#[derive(Debug, Default)]
pub(super) struct Graph {
    nodes: Vec<Node>,
    pub(super) names: Names,
    pub(super) patterns: Patterns,
    /// What a node means, as far as structure tells: nodes of one class accept the same values.
    classes: Vec<u32>,
    /// Whether any schema says something of what others leave alone.
    unevaluated: bool,
    /// Whether an evaluation was given up: what it said may be wrong.
    gave_up: Cell<bool>,
}

impl Graph {
    pub(super) fn node(&self, id: NodeId) -> &Node {
        &self.nodes[id as usize]
    }

    /// Whether two nodes say the same.
    pub(super) fn same(&self, left: NodeId, right: NodeId) -> bool {
        self.class(left) == self.class(right)
    }

    pub(super) fn class(&self, id: NodeId) -> u32 {
        self.classes.get(id as usize).copied().unwrap_or(u32::MAX - id)
    }

    /// Whether an evaluation was given up, so that a value may count as refused that is not.
    pub(super) fn gave_up(&self) -> bool {
        self.gave_up.get()
    }

    /// Whether any schema says something of members or elements that others leave alone.
    pub(super) fn has_unevaluated(&self) -> bool {
        self.unevaluated
    }

    pub(super) fn len(&self) -> usize {
        self.nodes.len()
    }
}

impl Graph {
    /// Adds a schema that stands in no document.
    pub(super) fn push(&mut self, node: Node) -> NodeId {
        self.nodes.push(node);
        self.nodes.len() as NodeId - 1
    }
}
