//! Schemas that are nothing but a reference: the same as what they refer to.

use super::node::NodeId;
use super::{Graph, Node};

impl Graph {
    /// Lets every edge skip nodes that only refer to another one. Returns where each node went.
    pub(super) fn skip_references(&mut self) -> Vec<NodeId> {
        let next: Vec<Option<NodeId>> = self.nodes.iter().map(only_reference).collect();
        let targets: Vec<NodeId> = (0..self.nodes.len() as NodeId).map(|id| follow(&next, id)).collect();
        for node in &mut self.nodes {
            node.for_each_edge(|edge| *edge = targets[*edge as usize]);
        }
        targets
    }
}

/// What the node refers to, if it does nothing else.
fn only_reference(node: &Node) -> Option<NodeId> {
    let [target] = node.all.as_slice() else { return None };
    let silent = Node { all: Vec::new(), ..Node::default() };
    let says_more = node.never
        || node.kinds != silent.kinds
        || node.values.is_some()
        || node.minimum.is_some()
        || node.maximum.is_some()
        || node.step.is_some()
        || node.text.is_some()
        || node.list.is_some()
        || node.object.is_some()
        || node.any.is_some()
        || node.one.is_some()
        || node.not.is_some()
        || node.conditional.is_some();
    (!says_more).then_some(*target)
}

/// The end of a chain of references. A chain that bites its tail says nothing, and ends anywhere on it.
fn follow(next: &[Option<NodeId>], id: NodeId) -> NodeId {
    let mut at = id;
    for _ in 0..next.len() {
        match next[at as usize] {
            Some(target) => at = target,
            None => break,
        }
    }
    at
}
