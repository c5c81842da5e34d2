//! What is said of members and elements that all else leaves alone.

use super::Graph;
use super::node::{ListRules, Node, NodeId, ObjectRules};

impl Graph {
    /// Lets `unevaluatedProperties` and `unevaluatedItems` stand beside one schema that says all else: breaking
    /// them can then be told from breaking the rest.
    pub(super) fn split_unevaluated(&mut self) {
        for id in 0..self.nodes.len() {
            let node = &mut self.nodes[id];
            let members = node.object.as_mut().and_then(|rules| rules.unevaluated.take());
            let elements = node.list.as_mut().and_then(|rules| rules.unevaluated.take());
            if members.is_none() && elements.is_none() {
                continue;
            }
            self.unevaluated = true;
            let elements = elements.map(|schema| self.or_contained(id as NodeId, schema));
            let next = self.nodes.len() as NodeId;
            let node = &mut self.nodes[id];
            let rest = std::mem::take(node);
            node.pointer = rest.pointer.clone();
            node.kinds = rest.kinds;
            if members.is_some() {
                node.object = Some(Box::new(ObjectRules { unevaluated: members, ..ObjectRules::default() }));
            }
            if elements.is_some() {
                node.list = Some(Box::new(ListRules { unevaluated: elements, ..ListRules::default() }));
            }
            node.all = vec![next];
            self.nodes.push(rest);
        }
    }

    /// What unevaluated elements may be, or what any `contains` beside it finds: those are evaluated.
    fn or_contained(&mut self, id: NodeId, schema: NodeId) -> NodeId {
        let mut parts = vec![id];
        let mut at = 0;
        // Parts lead to no part again: such documents are refused before.
        while let Some(part) = parts.get(at) {
            let inner = self.nodes[*part as usize].all.clone();
            parts.extend(inner);
            at += 1;
        }
        parts.sort_unstable();
        parts.dedup();
        let lists = parts.iter().filter_map(|part| self.nodes[*part as usize].list.as_ref());
        let mut branches: Vec<NodeId> = lists.filter_map(|rules| rules.contains).collect();
        if branches.is_empty() {
            return schema;
        }
        branches.push(schema);
        let pointer = self.nodes[schema as usize].pointer.clone();
        self.push(Node { pointer, any: Some(branches.into()), ..Node::default() })
    }
}
