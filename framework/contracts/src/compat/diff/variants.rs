//! Changes of unions: branches matched with each other, added and removed.

use std::collections::{BTreeSet, HashMap, HashSet, VecDeque};
use std::hash::Hash;

use serde_json::Value;

use crate::compat::graph::{Graph, Kinds, NameId, Node, NodeId};

use super::flat::Flat;
use super::walk::{Pair, Walk};
use super::words;

/// The most branches that are matched by comparing each with each.
const MAX_MATCHED: usize = 64;

impl Walk<'_> {
    pub(super) fn variants(&mut self, pair: &Pair) {
        for exclusive in [false, true] {
            let branches = |flat: &Flat, graph: &Graph| {
                flat.said(graph, |node| said(node, exclusive)).map(|(id, branches)| (id, branches.to_vec()))
            };
            let (old, new) = (branches(&pair.old, self.graph), branches(&pair.new, self.graph));
            match (old, new) {
                (Some(old), Some(new)) => self.unions(pair, exclusive, &old, &new),
                (None, None) => {}
                (old, new) => self.union_and_one(pair, exclusive, old.as_ref(), new.as_ref()),
            }
        }
    }

    fn unions(
        &mut self,
        pair: &Pair,
        exclusive: bool,
        old: &(NodeId, Vec<NodeId>),
        new: &(NodeId, Vec<NodeId>),
    ) {
        let (matched, removed, added) = matched(self.graph, &old.1, &new.1);
        let changed = !removed.is_empty() || !added.is_empty();
        for (before, after) in matched {
            self.pair(before, after);
        }
        if !changed {
            return;
        }
        let reader = if self.writer_is_old { new } else { old };
        let asked = self.asked(exclusive, Some(reader));
        for (rule, branches, id, done) in
            [("VARIANT_REMOVED", removed, old.0, "removed"), ("VARIANT_ADDED", added, new.0, "added")]
        {
            for branch in branches {
                let named = tag(self.graph, branch).map_or_else(
                    || format!("a branch of `{}`", told(exclusive)),
                    |(name, value)| format!("the variant with `{name}` {}", words::value(&value)),
                );
                let message = format!("{named} was {done}");
                let place = Some(self.graph.node(branch).pointer.to_string());
                let other = self.graph.node(if id == old.0 { new.0 } else { old.0 });
                let other = Some(format!("{}/{}", other.pointer, key(other, exclusive)));
                let places = if done == "removed" { [place, other] } else { [other, place] };
                self.variant(rule, pair, places, message, branch, asked);
            }
        }
    }

    /// A variant that only the writer has is asked about alone; one that only the reader has, about all.
    fn variant(
        &mut self,
        rule: &'static str,
        pair: &Pair,
        places: [Option<String>; 2],
        message: String,
        branch: NodeId,
        asked: NodeId,
    ) {
        let of_writer = (rule == "VARIANT_REMOVED") == self.writer_is_old;
        let mut pair = pair.clone();
        let writer = self.writer(&pair).id;
        if of_writer {
            let both = Node { all: vec![writer, branch], ..Node::default() };
            let both = self.graph.push(both);
            if self.writer_is_old { pair.old.id = both } else { pair.new.id = both }
        } else {
            // Only what keeps to the added branch too can break on it: a `oneOf` that is not disjoint.
            let both = Node { all: vec![writer, branch], ..Node::default() };
            let both = self.graph.push(both);
            if self.writer_is_old { pair.old.id = both } else { pair.new.id = both }
        }
        self.change(rule, &pair, places, message, asked);
    }

    /// The branches of a reader, alone.
    fn asked(&mut self, exclusive: bool, reader: Option<&(NodeId, Vec<NodeId>)>) -> NodeId {
        let mut asked = Node::default();
        if let Some((id, branches)) = reader {
            let branches: Option<Box<[NodeId]>> = Some(branches.as_slice().into());
            if key(self.graph.node(*id), exclusive) == "oneOf" {
                asked.one = branches;
            } else {
                asked.any = branches;
            }
        }
        self.graph.push(asked)
    }

    /// A union on one side, and one schema on the other.
    fn union_and_one(
        &mut self,
        pair: &Pair,
        exclusive: bool,
        old: Option<&(NodeId, Vec<NodeId>)>,
        new: Option<&(NodeId, Vec<NodeId>)>,
    ) {
        let place = |side: Option<&(NodeId, Vec<NodeId>)>| {
            let node = self.graph.node(side?.0);
            Some(format!("{}/{}", node.pointer, key(node, exclusive)))
        };
        let places = [place(old), place(new)];
        let reader = if self.writer_is_old { new } else { old };
        let asked = self.asked(exclusive, reader);
        let key = told(exclusive);
        let (rule, message) = if new.is_some() {
            ("VARIANT_ADDED", format!("`{key}` was added: there are variants now"))
        } else {
            ("VARIANT_REMOVED", format!("`{key}` was removed: there is one form now"))
        };
        self.change(rule, pair, places, message, asked);
    }
}

/// The branches that a schema says under one of the two keywords, as the document has it.
fn said(node: &Node, exclusive: bool) -> Option<&[NodeId]> {
    match (exclusive, node.was_one) {
        (true, true) | (false, false) => node.any.as_deref(),
        (true, false) => node.one.as_deref(),
        (false, true) => None,
    }
}

/// The keyword under which a schema has them.
fn key(node: &Node, exclusive: bool) -> &'static str {
    if node.was_one { "anyOf" } else { told(exclusive) }
}

/// The keyword under which the document has them.
fn told(exclusive: bool) -> &'static str {
    if exclusive { "oneOf" } else { "anyOf" }
}

/// Branches that belong together, those only the old side has, and those only the new side has.
type Matched = (Vec<(NodeId, NodeId)>, Vec<NodeId>, Vec<NodeId>);

/// Matches branches: the same ones first, then those of one tag, then those of the same fields, and where few are
/// left, those of one kind.
fn matched(graph: &Graph, old: &[NodeId], new: &[NodeId]) -> Matched {
    let mut left = (old.to_vec(), new.to_vec());
    // The same ones are no change.
    drop(pairs_of(&mut left, |branch| Some(graph.class(branch))));
    let mut pairs =
        pairs_of(&mut left, |branch| tag(graph, branch).map(|(name, value)| (name, value.to_string())));
    if left.0.len() > MAX_MATCHED || left.1.len() > MAX_MATCHED {
        pairs.extend(pairs_of(&mut left, |branch| fields(graph, branch)));
        return (pairs, left.0, left.1);
    }
    let (mut removed, mut added) = left;
    removed.retain(|before| match added.iter().position(|after| same_kind(graph, *before, *after)) {
        Some(index) => {
            pairs.push((*before, added.remove(index)));
            false
        }
        None => true,
    });
    (pairs, removed, added)
}

/// Takes out the branches of both sides that have the same key, in order.
fn pairs_of<K: Hash + Eq>(
    (removed, added): &mut (Vec<NodeId>, Vec<NodeId>),
    key: impl Fn(NodeId) -> Option<K>,
) -> Vec<(NodeId, NodeId)> {
    let mut waiting: HashMap<K, VecDeque<NodeId>> = HashMap::new();
    for branch in &*added {
        if let Some(key) = key(*branch) {
            waiting.entry(key).or_default().push_back(*branch);
        }
    }
    let mut pairs = Vec::new();
    removed.retain(|branch| {
        let found = key(*branch).and_then(|key| waiting.get_mut(&key)?.pop_front());
        pairs.extend(found.map(|found| (*branch, found)));
        found.is_none()
    });
    let taken: HashSet<NodeId> = pairs.iter().map(|(_, after)| *after).collect();
    added.retain(|branch| !taken.contains(branch));
    pairs
}

/// The members that a branch requires and declares, if it has any and no tag.
fn fields(graph: &Graph, branch: NodeId) -> Option<(BTreeSet<NameId>, BTreeSet<NameId>)> {
    if tag(graph, branch).is_some() {
        return None;
    }
    let flat = Flat::of(graph, branch);
    let rules = || flat.nodes(graph).filter_map(|node| node.object.as_deref());
    let required: BTreeSet<NameId> = rules().flat_map(|rules| rules.required.iter().copied()).collect();
    let declared: BTreeSet<NameId> =
        rules().flat_map(|rules| rules.properties.iter().map(|(name, _)| *name)).collect();
    (!declared.is_empty()).then_some((required, declared))
}

/// The member that tells a branch apart, and its value.
fn tag(graph: &Graph, branch: NodeId) -> Option<(String, Value)> {
    let flat = Flat::of(graph, branch);
    flat.nodes(graph).find_map(|node| {
        let rules = node.object.as_ref()?;
        rules.properties.iter().find_map(|(name, schema)| {
            let [value] = &**graph.node(*schema).values.as_deref()? else { return None };
            rules.requires(*name).then(|| (graph.names.text(*name).to_owned(), value.clone()))
        })
    })
}

/// Branches without a tag belong together if they are of one kind, and objects only if they share a required
/// member.
fn same_kind(graph: &Graph, left: NodeId, right: NodeId) -> bool {
    if tag(graph, left).is_some() || tag(graph, right).is_some() {
        return false;
    }
    let (left, right) = (Flat::of(graph, left), Flat::of(graph, right));
    if left.kinds != right.kinds {
        return false;
    }
    if left.kinds != Kinds::OBJECT {
        return true;
    }
    let required = |flat: &Flat| -> Vec<u32> {
        let rules = flat.nodes(graph).filter_map(|node| node.object.as_deref());
        rules.flat_map(|rules| rules.required.clone()).collect()
    };
    let (left, right) = (required(&left), required(&right));
    left.is_empty() && right.is_empty() || left.iter().any(|name| right.contains(name))
}
