//! The walk through two schemas.

use std::collections::HashSet;

use crate::compat::graph::{Graph, NodeId};
use crate::compat::question::Step;
use crate::compat::rules::RuleId;

use super::flat::Flat;
use super::{Change, MAX_CHANGES, MAX_WALK_DEPTH};

/// Lists the changes from one root to the other.
pub(in crate::compat) fn changes(
    graph: &mut Graph,
    writer: NodeId,
    reader: NodeId,
    writer_is_old: bool,
) -> Vec<Change> {
    let mut walk = Walk { graph, writer_is_old, seen: HashSet::new(), path: Vec::new(), changes: Vec::new() };
    let (old, new) = if writer_is_old { (writer, reader) } else { (reader, writer) };
    walk.pair(old, new);
    walk.changes
}

pub(super) struct Walk<'g> {
    pub(super) graph: &'g mut Graph,
    pub(super) writer_is_old: bool,
    seen: HashSet<(NodeId, NodeId)>,
    pub(super) path: Vec<Step>,
    changes: Vec<Change>,
}

/// The old side and the new side of one place.
#[derive(Debug, Clone)]
pub(super) struct Pair {
    pub(super) old: Flat,
    pub(super) new: Flat,
}

impl Walk<'_> {
    /// Compares two schemas of one place.
    pub(super) fn pair(&mut self, old: NodeId, new: NodeId) {
        let known = self.graph.same(old, new) || !self.seen.insert((old, new));
        if known || self.path.len() > MAX_WALK_DEPTH || self.is_full() {
            return;
        }
        let pair = Pair { old: Flat::of(self.graph, old), new: Flat::of(self.graph, new) };
        let before = self.changes.len();
        self.kinds(&pair);
        self.values(&pair);
        self.numbers(&pair);
        self.texts(&pair);
        self.lists(&pair);
        self.objects(&pair);
        self.variants(&pair);
        self.tests(&pair);
        if self.changes.len() == before && self.path.is_empty() {
            self.unexplained(&pair);
        }
    }

    /// What no rule describes.
    pub(super) fn unexplained(&mut self, pair: &Pair) {
        let message = "the schema changed in a way that no simpler rule describes".to_owned();
        let asked = self.reader(pair).id;
        let before = self.changes.len();
        self.change("COMBINATOR_CHANGED", pair, [None, None], message, asked);
        self.changes.iter_mut().skip(before).for_each(|change| change.is_described = false);
    }

    pub(super) fn writer<'p>(&self, pair: &'p Pair) -> &'p Flat {
        if self.writer_is_old { &pair.old } else { &pair.new }
    }

    pub(super) fn reader<'p>(&self, pair: &'p Pair) -> &'p Flat {
        if self.writer_is_old { &pair.new } else { &pair.old }
    }

    /// Whether no more changes are listed.
    pub(super) fn is_full(&self) -> bool {
        self.changes.len() >= MAX_CHANGES
    }

    /// Goes one step into the value.
    pub(super) fn inside(&mut self, step: Step, old: NodeId, new: NodeId) {
        self.path.push(step);
        self.pair(old, new);
        self.path.pop();
    }

    /// Notes a change. `places` are pointers on both sides, the schemas themselves where there is none.
    pub(super) fn change(
        &mut self,
        rule: RuleId,
        pair: &Pair,
        [old, new]: [Option<String>; 2],
        message: String,
        asked: NodeId,
    ) {
        if self.is_full() {
            return;
        }
        let old = old.unwrap_or_else(|| pair.old.pointer(self.graph, None));
        let new = new.unwrap_or_else(|| pair.new.pointer(self.graph, None));
        let (writer, path) = (self.writer(pair).id, self.path.clone());
        self.changes.push(Change { rule, old, new, message, path, writer, asked, is_described: true });
    }
}
