//! Which schemas say the same: classes of nodes, found by telling them apart ever further.

use std::collections::HashMap;
use std::fmt::Write as _;

use super::node::NodeId;
use super::{Graph, Node};

impl Graph {
    /// Sorts every node into classes. Nodes of one class accept the same values, recursion included; nodes of
    /// two classes may all the same.
    pub(super) fn classify(&mut self) {
        let mut shapes: HashMap<String, u32> = HashMap::new();
        let mut classes: Vec<u32> = Vec::with_capacity(self.nodes.len());
        for node in &self.nodes {
            let next = shapes.len() as u32;
            classes.push(*shapes.entry(shape(node)).or_insert(next));
        }
        let mut count = shapes.len();
        drop(shapes);
        // Each round tells apart at least one node more, or is the last.
        for _ in 0..self.nodes.len() {
            let mut seen: HashMap<Vec<u32>, u32> = HashMap::new();
            let mut finer = Vec::with_capacity(classes.len());
            for (node, class) in self.nodes.iter().zip(&classes) {
                let next = seen.len() as u32;
                finer.push(*seen.entry(signature(node, *class, &classes)).or_insert(next));
            }
            classes = finer;
            if seen.len() == count {
                break;
            }
            count = seen.len();
        }
        self.classes = classes;
    }
}

/// What a node says itself, without the nodes it names. Whether each of them is there is part of it.
fn shape(node: &Node) -> String {
    let mut text = String::new();
    // Writing to a text cannot fail.
    _ = write!(
        text,
        "{:?}{:?}{:?}{:?}{:?}{:?}{:?}",
        node.never, node.kinds, node.values, node.minimum, node.maximum, node.step, node.text
    );
    _ = write!(text, "{:?}{:?}{:?}", node.any.is_some(), node.one.is_some(), node.not.is_some());
    if let Some(conditional) = &node.conditional {
        _ = write!(text, "if{}{}", conditional.then.is_some(), conditional.otherwise.is_some());
    }
    if let Some(list) = &node.list {
        let super::ListRules { least, most, prefix, items, contains, .. } = &**list;
        _ = write!(text, "list{least}{most:?}{}{}{}", prefix.len(), items.is_some(), contains.is_some());
        _ = write!(
            text,
            "/{}{:?}{}{}",
            list.least_contained,
            list.most_contained,
            list.unique,
            list.unevaluated.is_some()
        );
    }
    if let Some(object) = &node.object {
        let names: Vec<_> = object.properties.iter().map(|(name, _)| name).collect();
        let patterns: Vec<_> = object.patterns.iter().map(|(pattern, _)| pattern).collect();
        let implies: Vec<_> = object.implies.iter().map(|(name, _)| name).collect();
        _ = write!(text, "object{}{:?}{names:?}{patterns:?}{implies:?}", object.least, object.most);
        _ = write!(text, "/{:?}{:?}", object.required, object.needs);
        let [rest, names, unevaluated] =
            [&object.rest, &object.names, &object.unevaluated].map(Option::is_some);
        _ = write!(text, "/{rest}{names}{unevaluated}");
    }
    text
}

/// A node's class and those of the nodes it names; branches in any order.
fn signature(node: &Node, class: u32, classes: &[u32]) -> Vec<u32> {
    const END: u32 = u32::MAX;
    let of = |id: &NodeId| classes[*id as usize];
    let mut signature = vec![class];
    let mut all: Vec<u32> = node.all.iter().map(of).collect();
    all.sort_unstable();
    all.dedup();
    signature.extend(all);
    signature.push(END);
    for (branches, is_set) in [(&node.any, true), (&node.one, false)] {
        let mut branches: Vec<u32> = branches.iter().flat_map(|list| list.iter().map(of)).collect();
        branches.sort_unstable();
        if is_set {
            branches.dedup();
        }
        signature.extend(branches);
        signature.push(END);
    }
    signature.extend(node.not.iter().map(of));
    if let Some(conditional) = &node.conditional {
        signature.push(of(&conditional.test));
        signature.extend(conditional.then.iter().chain(&conditional.otherwise).map(of));
    }
    if let Some(list) = &node.list {
        signature.extend(list.prefix.iter().map(of));
        signature.extend(list.items.iter().chain(&list.contains).chain(&list.unevaluated).map(of));
    }
    if let Some(object) = &node.object {
        let members = object.properties.iter().map(|(_, node)| of(node));
        signature.extend(members);
        signature.extend(object.patterns.iter().map(|(_, node)| of(node)));
        signature.extend(object.implies.iter().map(|(_, node)| of(node)));
        signature.extend(object.rest.iter().chain(&object.names).chain(&object.unevaluated).map(of));
    }
    signature
}
