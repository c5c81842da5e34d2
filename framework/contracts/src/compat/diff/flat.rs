//! A schema with its `$ref`s, `allOf`s and nullable spellings taken in.

use crate::compat::graph::{Graph, Kinds, NameId, Node, NodeId};

/// How far parts are taken in.
const MAX_FLAT_DEPTH: usize = 16;

/// All that applies to one value without a choice, the first that says a thing in front.
#[derive(Debug, Clone)]
pub(super) struct Flat {
    /// The schema itself.
    pub(super) id: NodeId,
    pub(super) kinds: Kinds,
    /// Every schema that applies.
    pub(super) parts: Vec<NodeId>,
}

impl Flat {
    pub(super) fn of(graph: &Graph, id: NodeId) -> Self {
        let mut flat = Self { id, kinds: Kinds::ALL, parts: Vec::new() };
        flat.take(graph, id, MAX_FLAT_DEPTH);
        if let [only] = flat.parts.as_slice()
            && let Some((inner, kinds)) = nullable(graph, *only)
        {
            let mut inner = Self::of(graph, inner);
            inner.kinds = inner.kinds.or(Kinds::NULL).and(kinds);
            inner.id = id;
            return inner;
        }
        flat
    }

    fn take(&mut self, graph: &Graph, id: NodeId, depth: usize) {
        if self.parts.contains(&id) {
            return;
        }
        let node = graph.node(id);
        if node.is_made {
            return;
        }
        self.parts.push(id);
        self.kinds = if node.never { Kinds::EMPTY } else { self.kinds.and(node.kinds) };
        if depth > 0 {
            node.all.iter().for_each(|part| self.take(graph, *part, depth - 1));
        }
    }

    pub(super) fn nodes<'a>(&'a self, graph: &'a Graph) -> impl Iterator<Item = &'a Node> {
        self.parts.iter().map(|id| graph.node(*id))
    }

    /// The first part that says what `find` looks for, and what it says.
    pub(super) fn said<'a, T>(
        &self,
        graph: &'a Graph,
        find: impl Fn(&'a Node) -> Option<T>,
    ) -> Option<(NodeId, T)> {
        self.parts.iter().find_map(|id| Some((*id, find(graph.node(*id))?)))
    }

    /// The pointer of a part.
    pub(super) fn pointer(&self, graph: &Graph, part: Option<NodeId>) -> String {
        graph.node(part.unwrap_or(self.id)).pointer.to_string()
    }

    /// What is declared of a member, part by part.
    pub(super) fn property(&self, graph: &Graph, name: NameId) -> Vec<(NodeId, NodeId)> {
        let declared =
            self.parts.iter().filter_map(|id| Some((*id, graph.node(*id).object.as_ref()?.property(name)?)));
        declared.collect()
    }

    /// The part that requires a member.
    pub(super) fn requires(&self, graph: &Graph, name: NameId) -> Option<NodeId> {
        let requires =
            |id: &&NodeId| graph.node(**id).object.as_ref().is_some_and(|rules| rules.requires(name));
        self.parts.iter().find(requires).copied()
    }
}

/// The schema beside `null` in an `anyOf` or `oneOf` of two, and the kinds that are allowed.
fn nullable(graph: &Graph, id: NodeId) -> Option<(NodeId, Kinds)> {
    let node = graph.node(id);
    let branches = node.any.as_ref().or(node.one.as_ref())?;
    let bare = Node { any: None, one: None, kinds: Kinds::ALL, ..node.clone() };
    let [left, right] = &**branches else { return None };
    if !bare.is_silent(Kinds::ALL) || (node.any.is_some() && node.one.is_some()) {
        return None;
    }
    let is_null = |id: NodeId| {
        let node = graph.node(id);
        node.kinds == Kinds::NULL && node.is_silent(Kinds::NULL)
    };
    if is_null(*left) {
        Some((*right, node.kinds))
    } else if is_null(*right) {
        Some((*left, node.kinds))
    } else {
        None
    }
}
