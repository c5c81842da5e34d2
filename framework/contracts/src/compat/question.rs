//! Questions about one change: schemas that say one thing only, and events that hold a break at a given place.

use super::graph::{Graph, Kinds, ListRules, NameId, Node, NodeId, ObjectRules};

/// One step from a value to a value inside it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Step {
    /// The member of this name.
    Member(NameId),
    /// Some member.
    AnyMember,
    /// The element at this index.
    Element(usize),
    /// Some element.
    AnyElement,
}

/// The most elements that a step by index writes out.
const MAX_INDEX: usize = 1_000;

/// A schema that a value keeps to if it has, at the end of `path`, a value of `writer` that breaks `broken`.
pub(super) fn planted(graph: &mut Graph, path: &[Step], writer: NodeId, broken: NodeId) -> NodeId {
    let mut inner = graph.push(Node { all: vec![writer], not: Some(broken), ..Node::default() });
    for step in path.iter().rev() {
        inner = around(graph, *step, inner);
    }
    inner
}

/// A schema of values that hold, one step inside, a value of `inner`.
fn around(graph: &mut Graph, step: Step, inner: NodeId) -> NodeId {
    match step {
        Step::Member(name) => graph.push(Node {
            kinds: Kinds::OBJECT,
            object: Some(Box::new(ObjectRules {
                properties: vec![(name, inner)],
                required: vec![name],
                ..ObjectRules::default()
            })),
            ..Node::default()
        }),
        Step::AnyMember => {
            let other = graph.push(Node { not: Some(inner), ..Node::default() });
            let rules = ObjectRules { rest: Some(other), ..ObjectRules::default() };
            let none = graph.push(Node { object: Some(Box::new(rules)), ..Node::default() });
            graph.push(Node { kinds: Kinds::OBJECT, not: Some(none), ..Node::default() })
        }
        Step::Element(index) => {
            let index = index.min(MAX_INDEX);
            let any = graph.push(Node::default());
            let mut prefix = vec![any; index];
            prefix.push(inner);
            let rules = ListRules { prefix, least: index as u64 + 1, ..ListRules::default() };
            graph.push(Node { kinds: Kinds::LIST, list: Some(Box::new(rules)), ..Node::default() })
        }
        Step::AnyElement => {
            let rules = ListRules { contains: Some(inner), least_contained: 1, ..ListRules::default() };
            graph.push(Node { kinds: Kinds::LIST, list: Some(Box::new(rules)), ..Node::default() })
        }
    }
}
