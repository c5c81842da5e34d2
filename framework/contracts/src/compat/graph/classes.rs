//! Which schemas say the same: classes of nodes, found by telling them apart ever further.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::fmt::Write as _;

use super::node::NodeId;
use super::{Graph, Node};

/// How many times schemas are looked at: some tenths of a second. Beyond it no two schemas count as the same.
const MAX_WORK: usize = 4_000_000;

impl Graph {
    /// Sorts every node into classes. Nodes of one class accept the same values, recursion included; nodes of
    /// two classes may all the same.
    ///
    /// All nodes that look alike begin in one class. Whenever nodes leave a class, those that name them are
    /// looked at again; the larger part keeps the class, so that no node is looked at often.
    pub(super) fn classify(&mut self) {
        let mut shapes: HashMap<String, u32> = HashMap::new();
        let mut members: Vec<Vec<NodeId>> = Vec::new();
        let mut classes: Vec<u32> = Vec::with_capacity(self.nodes.len());
        let mut named_by: Vec<Vec<NodeId>> = vec![Vec::new(); self.nodes.len()];
        for (id, node) in self.nodes.iter().enumerate() {
            let class = *shapes.entry(shape(node)).or_insert(members.len() as u32);
            if class as usize == members.len() {
                members.push(Vec::new());
            }
            members[class as usize].push(id as NodeId);
            classes.push(class);
            node.for_each_named(|named| named_by[named as usize].push(id as NodeId));
        }
        drop(shapes);
        let mut dirty: BTreeSet<u32> = (0..members.len() as u32).collect();
        let mut touched: HashMap<u32, HashSet<NodeId>> = HashMap::new();
        for (class, members) in members.iter().enumerate() {
            touched.insert(class as u32, members.iter().copied().collect());
        }
        let mut work = 0_usize;
        while let Some(class) = dirty.pop_first() {
            let changed = touched.remove(&class).unwrap_or_default();
            work += members[class as usize].len();
            if work > MAX_WORK {
                // Every schema counts as different: nothing is taken for granted.
                self.classes = (0..self.nodes.len() as u32).collect();
                return;
            }
            for (part, fresh) in self.split(class, &changed, &mut members, &classes) {
                for id in part {
                    classes[id as usize] = fresh;
                    for namer in &named_by[id as usize] {
                        let class = classes[*namer as usize];
                        dirty.insert(class);
                        touched.entry(class).or_default().insert(*namer);
                    }
                }
            }
            // Nodes that moved while they were touched are looked at in their new class.
            if let Some(stale) = touched.remove(&class) {
                for id in stale {
                    let class = classes[id as usize];
                    dirty.insert(class);
                    touched.entry(class).or_default().insert(id);
                }
            }
        }
        self.classes = classes;
    }

    /// Splits a class by what its changed members say now. Returns the parts that leave it, with their new class.
    fn split(
        &self,
        class: u32,
        changed: &HashSet<NodeId>,
        members: &mut Vec<Vec<NodeId>>,
        classes: &[u32],
    ) -> Vec<(Vec<NodeId>, u32)> {
        let all = &members[class as usize];
        if all.len() < 2 {
            return Vec::new();
        }
        let mut parts: HashMap<Vec<u32>, Vec<NodeId>> = HashMap::new();
        let sign = |id: NodeId| signature(&self.nodes[id as usize], class, classes);
        // The members that did not change are all alike: one of them speaks for them.
        let unchanged: Vec<NodeId> = all.iter().copied().filter(|id| !changed.contains(id)).collect();
        if let Some(first) = unchanged.first() {
            parts.insert(sign(*first), unchanged);
        }
        for id in all.iter().filter(|id| changed.contains(id)) {
            parts.entry(sign(*id)).or_default().push(*id);
        }
        let mut parts: Vec<Vec<NodeId>> = parts.into_values().collect();
        parts.sort_by_key(|part| (std::cmp::Reverse(part.len()), part.first().copied()));
        let mut parts = parts.into_iter();
        members[class as usize] = parts.next().unwrap_or_default();
        let mut left = Vec::new();
        for part in parts {
            left.push((part.clone(), members.len() as u32));
            members.push(part);
        }
        left
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
