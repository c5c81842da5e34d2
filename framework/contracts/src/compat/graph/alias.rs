//! Schemas that are nothing but a reference: the same as what they refer to.

use super::node::NodeId;
use super::{Graph, Node};

impl Graph {
    /// Lets every edge skip nodes that only refer to another one. Returns where each node went.
    pub(super) fn skip_references(&mut self) -> Vec<NodeId> {
        let next: Vec<Option<NodeId>> = self.nodes.iter().map(only_reference).collect();
        let targets = ends(&next);
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
        || node.numbers.as_ref().is_some_and(|rules| rules.refuses())
        || node.text.is_some()
        || node.list.is_some()
        || node.object.is_some()
        || node.any.is_some()
        || node.one.is_some()
        || node.not.is_some()
        || node.conditional.is_some();
    (!says_more).then_some(*target)
}

/// The end of each chain of references; no chain bites its tail, for such documents are refused before. Each node
/// is gone through once, however long its chain.
fn ends(next: &[Option<NodeId>]) -> Vec<NodeId> {
    let mut ends: Vec<Option<NodeId>> = vec![None; next.len()];
    let mut chain: Vec<NodeId> = Vec::new();
    for id in 0..next.len() as NodeId {
        let mut at = id;
        let end = loop {
            if let Some(end) = ends[at as usize] {
                break end;
            }
            match next[at as usize] {
                Some(target) if chain.len() < next.len() => {
                    chain.push(at);
                    at = target;
                }
                _ => break at,
            }
        };
        ends[at as usize] = Some(end);
        chain.drain(..).for_each(|passed| ends[passed as usize] = Some(end));
    }
    ends.into_iter().zip(0..).map(|(end, id)| end.unwrap_or(id)).collect()
}
