//! Schemas that apply themselves to their own value again, without end.

use super::Graph;
use super::node::{Node, NodeId};

impl Graph {
    /// A schema that leads back to itself without a step into the value. Such a schema means nothing, and a
    /// validator that is given one never ends.
    pub(super) fn endless(&self) -> Option<NodeId> {
        let mut settled = vec![Mark::New; self.nodes.len()];
        let mut left: Vec<(NodeId, bool)> = Vec::new();
        for start in 0..self.nodes.len() as NodeId {
            left.push((start, false));
            while let Some((id, done)) = left.pop() {
                if done {
                    settled[id as usize] = Mark::Done;
                    continue;
                }
                match settled[id as usize] {
                    Mark::Done | Mark::Open => continue,
                    Mark::New => settled[id as usize] = Mark::Open,
                }
                left.push((id, true));
                for part in in_place(&self.nodes[id as usize]) {
                    match settled[part as usize] {
                        Mark::Open => return Some(part),
                        Mark::New => left.push((part, false)),
                        Mark::Done => {}
                    }
                }
            }
        }
        None
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Mark {
    New,
    Open,
    Done,
}

/// The schemas that a node applies to its own value.
fn in_place(node: &Node) -> Vec<NodeId> {
    let lists = node.any.iter().chain(&node.one).flat_map(|list| list.iter().copied());
    let conditional = node.conditional.iter().flat_map(|conditional| {
        [Some(conditional.test), conditional.then, conditional.otherwise].into_iter().flatten()
    });
    let implied = node.object.iter().flat_map(|rules| rules.implies.iter().map(|(_, schema)| *schema));
    node.all.iter().copied().chain(lists).chain(node.not).chain(conditional).chain(implied).collect()
}
