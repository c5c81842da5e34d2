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

/// How many schemas may apply to one value inside each other, and how many in all, each `$ref` written out: an
/// evaluation goes as deep, on the stack, and looks at as many.
const MAX_IN_PLACE: Extent = Extent { levels: 200, schemas: 200_000 };

/// How much applies to one value.
#[derive(Debug, Clone, Copy)]
struct Extent {
    levels: usize,
    schemas: usize,
}

impl Graph {
    /// A schema that applies more to one value than is followed. No schema leads back to itself.
    pub(super) fn overgrown(&self) -> Option<NodeId> {
        let mut known: Vec<Option<Extent>> = vec![None; self.nodes.len()];
        let mut left: Vec<NodeId> = Vec::new();
        for start in 0..self.nodes.len() as NodeId {
            left.push(start);
            while let Some(id) = left.last().copied() {
                let parts = in_place(&self.nodes[id as usize]);
                let before = left.len();
                left.extend(parts.iter().filter(|part| known[**part as usize].is_none()));
                if known[id as usize].is_some() || left.len() == before {
                    left.truncate(before - 1);
                    let extents = parts.iter().filter_map(|part| known[*part as usize]);
                    let whole = extents.fold(Extent { levels: 0, schemas: 1 }, |sum, part| Extent {
                        levels: sum.levels.max(part.levels),
                        schemas: sum.schemas.saturating_add(part.schemas),
                    });
                    let whole = Extent { levels: whole.levels + 1, ..whole };
                    if whole.levels > MAX_IN_PLACE.levels || whole.schemas > MAX_IN_PLACE.schemas {
                        return Some(id);
                    }
                    known[id as usize] = Some(whole);
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
    let mut parts = Vec::new();
    node.for_each_in_place(|part| parts.push(part));
    parts
}
