//! The program itself: one node for each place that a value can stand at.

use jsonschema::Validator;

use super::atom::{AtomRules, Kinds};
use super::names::Names;
use crate::tape::TapeJson;

/// The number of a node in its program.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct NodeId(pub(super) u32);

/// The node without a rule.
pub(crate) const ANY: NodeId = NodeId(0);
/// The node that takes nothing.
pub(crate) const NEVER: NodeId = NodeId(1);

/// A contract, compiled to what one pass over an event can check.
#[derive(Debug)]
pub(crate) struct Program {
    pub(super) nodes: Vec<Node>,
    pub(super) buffers: Vec<Buffer>,
    pub(super) root: NodeId,
}

/// All that the contract asks of the values at one place.
#[derive(Debug)]
pub(crate) struct Node {
    /// Set where the place can only be checked as a whole; then the rest says nothing.
    pub(crate) buffer: Option<usize>,
    pub(crate) atoms: AtomRules,
    /// Set where the place holds the tag that chooses among objects.
    pub(crate) tag: Option<Box<TagValues>>,
    pub(crate) array: ArrayPlan,
    pub(crate) object: ObjectPlan,
}

/// How arrays are checked.
#[derive(Debug)]
pub(crate) enum ArrayPlan {
    /// No array may stand here.
    Refused,
    /// As at another node.
    As(NodeId),
    Rules(ArrayRules),
}

/// What an array must keep.
#[derive(Debug)]
pub(crate) struct ArrayRules {
    pub(crate) prefix: Vec<NodeId>,
    pub(crate) rest: NodeId,
    pub(crate) min: u64,
    pub(crate) max: u64,
}

/// How objects are checked.
#[derive(Debug)]
pub(crate) enum ObjectPlan {
    /// No object may stand here.
    Refused,
    /// As at another node.
    As(NodeId),
    /// As at the node that the value of one member, the tag, chooses.
    ByTag(Box<Tag>),
    /// As at the node that the name of the first member chooses.
    ByName(Names<NodeId>),
    Rules(Box<ObjectRules>),
}

/// The member that chooses among objects.
#[derive(Debug)]
pub(crate) struct Tag {
    pub(crate) name: Box<str>,
    /// Where its value is checked, and chooses.
    pub(crate) value: NodeId,
    /// The members that are checked alike whatever is chosen: they may come before it.
    pub(crate) early: Names<NodeId>,
}

/// The values of a tag, and the node that each of them chooses.
#[derive(Debug)]
pub(crate) struct TagValues {
    pub(crate) known: Names<NodeId>,
    /// For all others that keep the rules: the node chosen, and the rules.
    pub(crate) other: Option<(NodeId, AtomRules)>,
}

/// What an object must keep.
#[derive(Debug)]
pub(crate) struct ObjectRules {
    /// Declared and required names; a name's index is its bit in the masks.
    pub(crate) names: Names<NodeId>,
    pub(crate) required: u128,
    pub(crate) min: u64,
    pub(crate) max: u64,
    /// For names that are not in `names`.
    pub(crate) other: Others,
    /// What each name must keep.
    pub(crate) each_name: Option<NodeId>,
    /// `anyOf` or `oneOf` over nothing but required names.
    pub(crate) some_required: Vec<SomeRequired>,
    /// If one of the first is there, all of the second must be.
    pub(crate) dependent: Vec<(u128, u128)>,
}

/// Alternatives of required names.
#[derive(Debug)]
pub(crate) struct SomeRequired {
    pub(crate) exactly_one: bool,
    pub(crate) masks: Vec<u128>,
}

/// Where the values of undeclared names are checked.
#[derive(Debug)]
pub(crate) enum Others {
    At(NodeId),
    /// By which patterns match: bit *n* of the index for pattern *n*.
    ByPattern {
        patterns: Vec<Pattern>,
        nodes: Vec<NodeId>,
    },
}

/// A pattern of names.
pub(crate) struct Pattern(pub(super) Validator<TapeJson>);

impl Pattern {
    pub(crate) fn matches(&self, name: &str) -> bool {
        self.0.is_valid(crate::tape::Cursor::Name(name))
    }
}

impl std::fmt::Debug for Pattern {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Pattern")
    }
}

/// A place that is checked as a whole, and by what.
pub(crate) struct Buffer {
    pub(crate) validator: Validator<TapeJson>,
}

impl std::fmt::Debug for Buffer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Buffer")
    }
}

impl Node {
    pub(super) fn new(kinds: Kinds) -> Self {
        Self {
            buffer: None,
            atoms: AtomRules::of_kinds(kinds.and(Kinds::ATOMS)),
            tag: None,
            array: ArrayPlan::Refused,
            object: ObjectPlan::Refused,
        }
    }

    /// The node without a rule.
    pub(super) fn any() -> Self {
        let mut node = Self::new(Kinds::ALL);
        node.array = ArrayPlan::Rules(ArrayRules { prefix: Vec::new(), rest: ANY, min: 0, max: u64::MAX });
        node.object = ObjectPlan::Rules(Box::new(ObjectRules {
            names: Names::new(Vec::new()),
            required: 0,
            min: 0,
            max: u64::MAX,
            other: Others::At(ANY),
            each_name: None,
            some_required: Vec::new(),
            dependent: Vec::new(),
        }));
        node
    }
}

impl Program {
    pub(crate) fn root(&self) -> &Node {
        self.node(self.root)
    }

    #[inline]
    pub(crate) fn node(&self, id: NodeId) -> &Node {
        // Every id comes from the compiler, which numbers the nodes that it makes.
        &self.nodes[id.0 as usize]
    }

    pub(crate) fn buffer(&self, index: usize) -> &Buffer {
        &self.buffers[index]
    }

    /// How the object at `node` is checked, `As` followed: a chain of these resolves one choice with each step.
    #[inline]
    pub(crate) fn object<'p>(&'p self, mut node: &'p Node) -> &'p ObjectPlan {
        while let ObjectPlan::As(next) = &node.object {
            node = self.node(*next);
        }
        &node.object
    }

    /// How the array at `node` is checked.
    #[inline]
    pub(crate) fn array<'p>(&'p self, mut node: &'p Node) -> Option<&'p ArrayRules> {
        loop {
            match &node.array {
                ArrayPlan::As(next) => node = self.node(*next),
                ArrayPlan::Refused => return None,
                ArrayPlan::Rules(rules) => return Some(rules),
            }
        }
    }
}
