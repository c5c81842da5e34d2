//! What is known of one value on one path of the search.

use std::collections::BTreeSet;

use crate::compat::graph::{Graph, Kinds, NameId, NodeId};

use super::alternatives::Way;
use super::formula::{Formula, Lit};
use super::refute::Summaries;

/// A choice that is still open.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Pending {
    /// One branch of `anyOf` at least.
    Any(NodeId),
    /// One branch of `oneOf` exactly.
    One(NodeId),
    /// `if` with `then`, or not with `else`.
    Conditional(NodeId),
    /// A keyword that is broken.
    Broken(NodeId),
    /// The same, following from a `oneOf`: rarely needed, so looked at last.
    Excluded(NodeId),
}

/// One path of the search: statements about a value of one kind, closed under what follows at once.
#[derive(Debug, Clone)]
pub(super) struct State {
    /// The kind that is looked at.
    pub(super) kind: Kinds,
    /// What is left of it: of numbers, whole ones or fractions.
    pub(super) kinds: Kinds,
    pub(super) asserted: Vec<NodeId>,
    asserted_classes: BTreeSet<u32>,
    pub(super) broken: Vec<NodeId>,
    broken_classes: BTreeSet<u32>,
    pub(super) pending: Vec<Pending>,
    pub(super) lits: Vec<Lit>,
    pub(super) present: BTreeSet<NameId>,
    pub(super) absent: BTreeSet<NameId>,
    /// How many of `lits` were looked at ahead of time.
    pub(super) looked_at: usize,
    /// How many times the path was split by what parts look at.
    pub(super) splits: usize,
}

impl State {
    pub(super) fn new(kind: Kinds) -> Self {
        Self {
            kind,
            kinds: kind,
            asserted: Vec::new(),
            asserted_classes: BTreeSet::new(),
            broken: Vec::new(),
            broken_classes: BTreeSet::new(),
            pending: Vec::new(),
            lits: Vec::new(),
            present: BTreeSet::new(),
            absent: BTreeSet::new(),
            looked_at: 0,
            splits: 0,
        }
    }

    /// How much it takes to copy it, in steps.
    pub(super) fn size(&self) -> usize {
        let sets = self.asserted.len() + self.broken.len() + self.present.len() + self.absent.len();
        1 + (2 * sets + self.pending.len() + self.lits.len()) / 8
    }

    /// Whether the value is known to keep to a schema like `id`.
    pub(super) fn keeps(&self, graph: &Graph, id: NodeId) -> bool {
        self.asserted_classes.contains(&graph.class(id))
    }

    /// Whether the value is known to break a schema like `id`.
    pub(super) fn breaks(&self, graph: &Graph, id: NodeId) -> bool {
        self.broken_classes.contains(&graph.class(id))
    }

    pub(super) fn settle(&mut self, index: usize) {
        self.pending.remove(index);
    }

    /// Goes one way of a choice; `false` if that contradicts what is known.
    pub(super) fn take(&mut self, graph: &Graph, summaries: &Summaries, way: &Way) -> bool {
        if let Some((id, taken)) = way.only {
            let branches = graph.node(id).one.as_deref().unwrap_or_default();
            for branch in branches.iter().filter(|branch| **branch != taken) {
                if !self.breaks(graph, *branch)
                    && !summaries.exclude_each_other(graph, self.kind, taken, *branch)
                {
                    if self.keeps(graph, *branch) {
                        return false;
                    }
                    self.broken_classes.insert(graph.class(*branch));
                    self.pending.push(Pending::Excluded(*branch));
                }
            }
        }
        self.add(graph, way.formulas.iter().copied())
    }

    /// Adds statements and all that follows at once; `false` if they contradict each other.
    pub(super) fn add(&mut self, graph: &Graph, formulas: impl IntoIterator<Item = Formula>) -> bool {
        let mut queue: Vec<Formula> = formulas.into_iter().collect();
        loop {
            while let Some(formula) = queue.pop() {
                let fits = match formula {
                    Formula::Keeps(id) => self.keep(graph, id, &mut queue),
                    Formula::Breaks(id) => self.break_(graph, id),
                    Formula::Is(lit) => self.literal(lit),
                };
                if !fits {
                    return false;
                }
            }
            if !self.follow_members(graph, &mut queue) {
                return false;
            }
            if queue.is_empty() {
                return true;
            }
        }
    }

    fn keep(&mut self, graph: &Graph, id: NodeId, queue: &mut Vec<Formula>) -> bool {
        if self.keeps(graph, id) {
            return true;
        }
        let node = graph.node(id);
        self.kinds = self.kinds.and(node.kinds);
        if node.never || self.kinds.is_empty() || self.breaks(graph, id) {
            return false;
        }
        self.asserted.push(id);
        self.asserted_classes.insert(graph.class(id));
        queue.extend(node.all.iter().map(|part| Formula::Keeps(*part)));
        queue.extend(node.not.map(Formula::Breaks));
        self.pending.extend(node.any.is_some().then_some(Pending::Any(id)));
        self.pending.extend(node.one.is_some().then_some(Pending::One(id)));
        self.pending.extend(node.conditional.is_some().then_some(Pending::Conditional(id)));
        if self.kind == Kinds::OBJECT
            && let Some(object) = &node.object
        {
            queue.extend(object.required.iter().map(|name| Formula::Is(Lit::Present(*name))));
        }
        true
    }

    fn break_(&mut self, graph: &Graph, id: NodeId) -> bool {
        let node = graph.node(id);
        if node.never || !node.kinds.meets(self.kinds) || self.breaks(graph, id) {
            return true;
        }
        if node.is_silent(self.kinds) || self.keeps(graph, id) {
            return false;
        }
        self.broken.push(id);
        self.broken_classes.insert(graph.class(id));
        self.pending.push(Pending::Broken(id));
        true
    }

    fn literal(&mut self, lit: Lit) -> bool {
        match lit {
            Lit::Present(name) => {
                self.present.insert(name);
                !self.absent.contains(&name)
            }
            Lit::Absent(name) => {
                self.absent.insert(name);
                !self.present.contains(&name)
            }
            Lit::Fraction => {
                self.kinds = self.kinds.and(Kinds::FRACTION);
                !self.kinds.is_empty()
            }
            lit => {
                if !self.lits.contains(&lit) {
                    self.lits.push(lit);
                }
                true
            }
        }
    }

    /// What follows from the members that must be there.
    fn follow_members(&mut self, graph: &Graph, queue: &mut Vec<Formula>) -> bool {
        if self.kind != Kinds::OBJECT {
            return true;
        }
        for lit in &self.lits {
            if let Lit::Member(id, index) = lit
                && let Some(object) = &graph.node(*id).object
            {
                self.present.insert(object.properties[*index as usize].0);
            }
        }
        for id in &self.asserted {
            let Some(object) = &graph.node(*id).object else { continue };
            // One need may lead to the next, in whatever order they are listed.
            loop {
                let before = self.present.len();
                let needed = object.needs.iter().filter(|(name, _)| self.present.contains(name));
                let needed: Vec<NameId> = needed.flat_map(|(_, needed)| needed.iter().copied()).collect();
                self.present.extend(needed);
                if self.present.len() == before {
                    break;
                }
            }
            for (name, schema) in &object.implies {
                if self.present.contains(name) && !self.keeps(graph, *schema) {
                    queue.push(Formula::Keeps(*schema));
                }
            }
        }
        self.present.is_disjoint(&self.absent)
    }
}
