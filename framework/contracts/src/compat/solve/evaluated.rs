//! Which members and elements the parts of a schema look at: what `unevaluatedProperties` and
//! `unevaluatedItems` leave alone.

use crate::compat::graph::{NameId, Node, NodeId, ObjectRules, PatternId};

use super::Solver;
use super::formula::{Formula, Lit};
use super::state::State;

/// How far parts are followed.
const MAX_PARTS_DEPTH: usize = 24;

/// A member's name: a known one, or any that neither document says and that matches these patterns.
#[derive(Debug, Clone)]
pub(super) enum Name<'a> {
    Known(NameId, &'a str),
    Fresh { matched: Vec<(PatternId, bool)> },
}

/// What is asked about.
#[derive(Debug, Clone, Copy)]
pub(super) enum Part<'a> {
    Member(&'a Name<'a>),
    Element(usize),
}

/// What is asked about, and of whom.
#[derive(Debug, Clone, Copy)]
struct Sight<'a> {
    part: Part<'a>,
    /// Whether the schema applies to every value: the element that its `contains` finds is one that what is said of
    /// unevaluated ones [takes](crate::compat::graph::Graph::settle) anyhow.
    always: bool,
}

/// How many times one path is split by what parts look at.
const MAX_SPLITS: usize = 8;

impl Solver<'_> {
    /// Two ways that go apart by what is open on this path: whether a branch holds, where that decides about unevaluated
    /// members and elements, or whether a member is there on which others depend.
    pub(super) fn split(&self, state: &State) -> Option<[Formula; 2]> {
        if state.splits >= MAX_SPLITS {
            return None;
        }
        let nodes = || state.asserted.iter().map(|id| self.graph.node(*id));
        let counts = |_: &&[NodeId]| self.graph.has_unevaluated();
        let branches = nodes().filter_map(|node| node.any.as_deref()).filter(counts).flatten().copied();
        let open = |branch: &NodeId| !state.keeps(self.graph, *branch) && !self.is_refuted(state, *branch);
        if let Some(branch) = branches.into_iter().find(open) {
            return Some([Formula::Keeps(branch), Formula::Breaks(branch)]);
        }
        let rules = || nodes().filter_map(|node| node.object.as_deref());
        let implied = rules().flat_map(|rules| &rules.implies).map(|(name, _)| *name);
        let needs = rules().flat_map(|rules| &rules.needs).map(|(name, _)| *name);
        let open = |name: &NameId| !state.present.contains(name) && !state.absent.contains(name);
        let name = implied.chain(needs).find(open)?;
        Some([Lit::Present(name), Lit::Absent(name)].map(Formula::Is))
    }

    /// Whether the name matches the pattern; `None` if that is open.
    pub(super) fn matches(&self, name: &Name<'_>, pattern: PatternId) -> Option<bool> {
        match name {
            Name::Known(_, text) => Some(self.graph.patterns.matches(pattern, text)),
            Name::Fresh { matched } => {
                matched.iter().find(|(known, _)| *known == pattern).map(|(_, matches)| *matches)
            }
        }
    }

    /// Whether `properties` or `patternProperties` are about the name. What is open counts as `unknown`.
    pub(super) fn declares(&self, rules: &ObjectRules, name: &Name<'_>, unknown: bool) -> bool {
        let property = matches!(name, Name::Known(id, _) if rules.property(*id).is_some());
        let mut patterns = rules.patterns.iter().map(|(pattern, _)| self.matches(name, *pattern));
        property || patterns.any(|matches| matches.unwrap_or(unknown))
    }

    /// Whether the parts of the schema may look at it, on the path that `state` is on.
    pub(super) fn parts_may_see(&self, state: &State, id: NodeId, part: Part<'_>) -> bool {
        let sight = Sight { part, always: true };
        self.graph.node(id).all.iter().any(|inner| self.may_see(state, *inner, sight, MAX_PARTS_DEPTH))
    }

    /// Whether the parts of the schema, which the value keeps to, surely look at it.
    pub(super) fn parts_must_see(&self, state: &State, id: NodeId, part: Part<'_>) -> bool {
        self.graph.node(id).all.iter().any(|inner| self.must_see(state, *inner, part, MAX_PARTS_DEPTH))
    }

    fn may_see(&self, state: &State, id: NodeId, sight: Sight<'_>, depth: usize) -> bool {
        if depth == 0 {
            return true;
        }
        let node = self.graph.node(id);
        let contains = !sight.always && node.list.as_ref().is_some_and(|rules| rules.contains.is_some());
        if self.itself_sees(node, sight.part, true) || (contains && matches!(sight.part, Part::Element(_))) {
            return true;
        }
        let see = |inner: NodeId, always| self.may_see(state, inner, Sight { always, ..sight }, depth - 1);
        let possible = |inner: &NodeId| !self.is_refuted(state, *inner);
        let implied = node.object.iter().flat_map(|rules| &rules.implies);
        let implied = implied.filter(|(name, _)| !state.absent.contains(name)).map(|(_, schema)| *schema);
        let any = node.any.iter().flat_map(|branches| branches.iter().copied().filter(possible));
        let one: Vec<NodeId> = node.one.iter().flat_map(|branches| branches.iter().copied()).collect();
        let taken: Vec<NodeId> =
            one.iter().copied().filter(|branch| state.keeps(self.graph, *branch)).collect();
        let one = if taken.is_empty() { one.into_iter().filter(possible).collect() } else { taken };
        let conditional = node.conditional.iter().flat_map(|conditional| {
            let may_hold = possible(&conditional.test);
            let tested = [Some(conditional.test), conditional.then].map(|part| part.filter(|_| may_hold));
            let otherwise = conditional.otherwise.filter(|_| !state.keeps(self.graph, conditional.test));
            tested.into_iter().chain([otherwise]).flatten()
        });
        let conditional = conditional.filter(possible);
        let chosen = implied.chain(any).chain(one).chain(conditional);
        node.all.iter().any(|inner| see(*inner, sight.always))
            || chosen.into_iter().any(|inner| see(inner, false))
    }

    fn must_see(&self, state: &State, id: NodeId, part: Part<'_>, depth: usize) -> bool {
        let node = self.graph.node(id);
        if depth == 0 {
            return false;
        }
        if self.itself_sees(node, part, false) {
            return true;
        }
        let see = |inner: NodeId| self.must_see(state, inner, part, depth - 1);
        let kept = |inner: &NodeId| state.keeps(self.graph, *inner);
        let implied = node.object.iter().flat_map(|rules| &rules.implies);
        let implied = implied
            .filter(|(name, schema)| state.present.contains(name) && kept(schema))
            .map(|(_, schema)| *schema);
        let branches = node.any.iter().chain(node.one.iter()).flat_map(|branches| branches.iter().copied());
        let conditional = node.conditional.iter().flat_map(|conditional| {
            let holds = kept(&conditional.test);
            let fails = self.is_refuted(state, conditional.test);
            let tested = [Some(conditional.test), conditional.then].map(|part| part.filter(|_| holds));
            tested.into_iter().chain([conditional.otherwise.filter(|_| fails)]).flatten()
        });
        let chosen = branches.chain(conditional).filter(kept);
        node.all.iter().copied().chain(implied).chain(chosen).any(see)
    }

    /// What a schema looks at by its own keywords.
    fn itself_sees(&self, node: &Node, part: Part<'_>, unknown: bool) -> bool {
        match part {
            Part::Member(name) => node.object.as_ref().is_some_and(|rules| {
                rules.rest.is_some() || rules.unevaluated.is_some() || self.declares(rules, name, unknown)
            }),
            Part::Element(index) => node
                .list
                .as_ref()
                .is_some_and(|rules| rules.unevaluated.is_some() || rules.element(index).is_some()),
        }
    }
}
