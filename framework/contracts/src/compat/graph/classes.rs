//! Which schemas say the same: classes of nodes, found by telling them apart ever further.

use std::cmp::Reverse;
use std::collections::{BTreeMap, HashMap, HashSet};
use std::fmt::Write as _;

use super::node::{NodeId, TextRules};
use super::{Graph, Listed, Node};

/// How many times schemas, and those they name, are looked at: some tenths of a second. Beyond it no two schemas
/// count as the same.
const MAX_WORK: usize = 12_000_000;

impl Graph {
    /// Sorts every node into classes. Nodes of one class accept the same values, recursion included; nodes of
    /// two classes may all the same.
    ///
    /// All nodes that look alike begin in one class. Whenever nodes leave a class, those that name them are
    /// looked at again; the larger part keeps the class, so that no node is looked at often.
    pub(in crate::compat) fn classify(&mut self) {
        let named_by = NamedBy::of(&self.nodes);
        let mut partition = Partition::by_shape(&self.nodes);
        let mut work = 0_usize;
        while let Some((class, nodes)) = partition.touched.pop_first() {
            let (nodes, moved) = partition.still_in(class, nodes);
            for id in moved {
                partition.touch(id);
            }
            for part in partition.split(&self.nodes, class, &nodes, &mut work) {
                for id in part {
                    named_by.of_node(id).iter().for_each(|namer| partition.touch(*namer));
                }
            }
            if work > MAX_WORK {
                // Every schema counts as different: nothing is taken for granted.
                self.classes = (0..self.nodes.len() as u32).collect();
                return;
            }
        }
        self.classes = partition.classes;
    }
}

/// The nodes that name each node, all in one list.
struct NamedBy {
    /// Where the namers of each node begin; those of the next one begin where they end.
    begins: Vec<u32>,
    namers: Vec<NodeId>,
}

impl NamedBy {
    fn of(nodes: &[Node]) -> Self {
        let mut begins = vec![0_u32; nodes.len() + 1];
        for node in nodes {
            node.for_each_named(|named| begins[named as usize + 1] += 1);
        }
        for index in 1..begins.len() {
            begins[index] += begins[index - 1];
        }
        let mut next = begins.clone();
        let mut namers = vec![0; begins.last().map_or(0, |end| *end as usize)];
        for (id, node) in nodes.iter().enumerate() {
            node.for_each_named(|named| {
                let at = &mut next[named as usize];
                namers[*at as usize] = id as NodeId;
                *at += 1;
            });
        }
        Self { begins, namers }
    }

    fn of_node(&self, id: NodeId) -> &[NodeId] {
        let [begin, end] = [self.begins[id as usize], self.begins[id as usize + 1]];
        &self.namers[begin as usize..end as usize]
    }
}

/// Nodes by class.
struct Partition {
    classes: Vec<u32>,
    members: Vec<Vec<NodeId>>,
    /// Where each node stands among the members of its class.
    places: Vec<usize>,
    /// Nodes to look at, by the class they were in when one that they name moved.
    touched: BTreeMap<u32, Vec<NodeId>>,
}

impl Partition {
    fn by_shape(nodes: &[Node]) -> Self {
        let (mut shapes, mut lists) = (HashMap::<String, u32>::new(), HashMap::new());
        let mut partition = Self {
            classes: Vec::with_capacity(nodes.len()),
            members: Vec::new(),
            places: Vec::with_capacity(nodes.len()),
            touched: BTreeMap::new(),
        };
        for (id, node) in nodes.iter().enumerate() {
            let class = *shapes.entry(shape(node, &mut lists)).or_insert(partition.members.len() as u32);
            if class as usize == partition.members.len() {
                partition.members.push(Vec::new());
            }
            let members = &mut partition.members[class as usize];
            partition.places.push(members.len());
            members.push(id as NodeId);
            partition.classes.push(class);
            partition.touch(id as NodeId);
        }
        partition
    }

    fn touch(&mut self, id: NodeId) {
        self.touched.entry(self.classes[id as usize]).or_default().push(id);
    }

    /// The nodes that are in the class, each once and sorted, and those that left it since they were touched.
    fn still_in(&self, class: u32, nodes: Vec<NodeId>) -> (Vec<NodeId>, Vec<NodeId>) {
        let (mut here, moved): (Vec<NodeId>, Vec<NodeId>) =
            nodes.into_iter().partition(|id| self.classes[*id as usize] == class);
        here.sort_unstable();
        here.dedup();
        (here, moved)
    }

    /// Splits a class by what its touched members say now. Returns the parts that left it.
    fn split(
        &mut self,
        nodes: &[Node],
        class: u32,
        touched: &[NodeId],
        work: &mut usize,
    ) -> Vec<Vec<NodeId>> {
        let all = self.members[class as usize].len();
        if all < 2 || touched.is_empty() {
            return Vec::new();
        }
        let mut sign = |id: NodeId| {
            let signature = signature(&nodes[id as usize], class, &self.classes);
            *work += signature.len();
            signature
        };
        // The members that were not touched are all alike: one of them speaks for them.
        let others = all - touched.len();
        let mut members = self.members[class as usize].iter().filter(|_| others > 0);
        let untouched = members.find(|id| touched.binary_search(id).is_err());
        let of_others = untouched.map(|id| sign(*id));
        let mut parts: HashMap<Vec<u32>, Vec<NodeId>> = HashMap::new();
        let mut as_others = 0;
        for id in touched.iter().copied() {
            let signature = sign(id);
            if of_others.as_ref() == Some(&signature) {
                as_others += 1;
            } else {
                parts.entry(signature).or_default().push(id);
            }
        }
        let mut parts: Vec<Vec<NodeId>> = parts.into_values().collect();
        for part in &mut parts {
            part.sort_unstable();
        }
        parts.sort_by_key(|part| (Reverse(part.len()), part.first().copied()));
        let stay = others + as_others;
        if parts.first().is_some_and(|part| part.len() > stay) {
            // The largest part keeps the class, and those that did not change leave it.
            let keep: HashSet<NodeId> = parts.remove(0).into_iter().collect();
            let gone: HashSet<NodeId> = parts.iter().flatten().copied().collect();
            let members = self.members[class as usize].iter().copied();
            let left: Vec<NodeId> = members.filter(|id| !keep.contains(id) && !gone.contains(id)).collect();
            parts.extend(Some(left).filter(|left| !left.is_empty()));
        }
        for part in &parts {
            self.leave(part);
        }
        parts
    }

    /// Makes a class of nodes that are in another one together.
    fn leave(&mut self, part: &[NodeId]) {
        let fresh = self.members.len() as u32;
        for id in part {
            let (class, place) = (self.classes[*id as usize] as usize, self.places[*id as usize]);
            self.members[class].swap_remove(place);
            if let Some(moved) = self.members[class].get(place) {
                self.places[*moved as usize] = place;
            }
        }
        for (place, id) in part.iter().enumerate() {
            self.classes[*id as usize] = fresh;
            self.places[*id as usize] = place;
        }
        self.members.push(part.to_vec());
    }
}

/// What a node says itself, without the nodes it names. Whether each of them is there is part of it.
fn shape<'n>(node: &'n Node, lists: &mut HashMap<&'n Listed, usize>) -> String {
    let mut text = String::new();
    // Writing to a text cannot fail.
    text.push(if node.never { '!' } else { '.' });
    text.push(node.kinds.letter());
    // Each with a word before it, so that no two say the same by chance.
    if let Some(values) = &node.values {
        let next = lists.len();
        _ = write!(text, "values{}.", lists.entry(values).or_insert(next));
    }
    if let Some(limit) = node.minimum() {
        _ = write!(text, "from{limit:?}");
    }
    if let Some(limit) = node.maximum() {
        _ = write!(text, "to{limit:?}");
    }
    if let Some(step) = node.step() {
        _ = write!(text, "step{step:?}");
    }
    if let Some(rules) = &node.text {
        let TextRules { least, most, pattern, format, content } = &**rules;
        _ = write!(text, "text{least}/{most:?}/{pattern:?}/{format:?}/{content:?}");
    }
    let parts = [node.any.is_some(), node.one.is_some(), node.not.is_some()];
    text.extend(parts.map(|there| if there { '+' } else { '-' }));
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
