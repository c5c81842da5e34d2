//! Schemas that a value cannot keep to, seen at a glance: what makes unions of hundreds of tagged branches cheap.

use std::cell::OnceCell;

use crate::compat::graph::{Graph, Kinds, Listed, NameId, Node, NodeId, ObjectRules};

use super::Solver;
use super::state::State;

/// How far `allOf` is followed for a summary.
const MAX_SUMMARY_DEPTH: usize = 6;

/// What a schema says of single members, itself and through `allOf`.
#[derive(Debug, Clone, Default)]
struct Summary {
    members: Vec<(NameId, NodeId)>,
    required: Vec<NameId>,
    /// Schemas that take no undeclared members.
    closed: Vec<NodeId>,
}

/// Summaries, each made when it is first asked for.
#[derive(Debug)]
pub(super) struct Summaries {
    all: Vec<OnceCell<Summary>>,
}

impl Summaries {
    pub(super) fn of(graph: &Graph) -> Self {
        Self { all: (0..graph.len()).map(|_| OnceCell::new()).collect() }
    }

    fn get(&self, graph: &Graph, id: NodeId) -> &Summary {
        self.all[id as usize].get_or_init(|| {
            let mut summary = Summary::default();
            summarise(graph, id, MAX_SUMMARY_DEPTH, &mut summary);
            summary.members.sort_unstable();
            summary.members.dedup();
            summary.required.sort_unstable();
            summary.required.dedup();
            summary
        })
    }

    /// Whether no value of the kind keeps to both.
    pub(super) fn exclude_each_other(&self, graph: &Graph, kind: Kinds, left: NodeId, right: NodeId) -> bool {
        if are_apart(graph.node(left), graph.node(right), kind) {
            return true;
        }
        if kind != Kinds::OBJECT {
            return false;
        }
        let (left, right) = (self.get(graph, left), self.get(graph, right));
        let needed = |name: &NameId| {
            left.required.binary_search(name).is_ok() || right.required.binary_search(name).is_ok()
        };
        let apart = left.members.iter().filter(|(name, _)| needed(name)).any(|(name, schema)| {
            members_named(&right.members, *name)
                .any(|other| are_apart(graph.node(*schema), graph.node(other), Kinds::ALL))
        });
        apart || needs_undeclared(graph, left, right) || needs_undeclared(graph, right, left)
    }
}

fn needs_undeclared(graph: &Graph, needing: &Summary, closing: &Summary) -> bool {
    closing.closed.iter().any(|closed| {
        let rules = graph.node(*closed).object.as_ref();
        rules.is_some_and(|rules| needing.required.iter().any(|name| rules.property(*name).is_none()))
    })
}

fn members_named(members: &[(NameId, NodeId)], name: NameId) -> impl Iterator<Item = NodeId> {
    let start = members.partition_point(|(other, _)| *other < name);
    members[start..].iter().take_while(move |(other, _)| *other == name).map(|(_, node)| *node)
}

fn summarise(graph: &Graph, id: NodeId, depth: usize, into: &mut Summary) {
    let node = graph.node(id);
    if let Some(rules) = &node.object {
        into.members.extend(&rules.properties);
        into.required.extend(&rules.required);
        if is_closed(graph, rules) {
            into.closed.push(id);
        }
    }
    if depth > 0 {
        node.all.iter().for_each(|part| summarise(graph, *part, depth - 1, into));
    }
}

/// Whether an object may hold what is declared only.
pub(super) fn is_closed(graph: &Graph, rules: &ObjectRules) -> bool {
    rules.patterns.is_empty() && rules.rest.is_some_and(|rest| graph.node(rest).never)
}

/// Whether no value of the kinds keeps to both, as far as types and listed values tell.
fn are_apart(left: &Node, right: &Node, kinds: Kinds) -> bool {
    let both = left.kinds.and(right.kinds).and(kinds);
    left.never
        || right.never
        || both.is_empty()
        || are_disjoint(left.values.as_deref(), right.values.as_deref())
}

fn are_disjoint(left: Option<&Listed>, right: Option<&Listed>) -> bool {
    left.zip(right).is_some_and(|(left, right)| left.is_disjoint(right))
}

impl Solver<'_> {
    /// Whether a value as known cannot keep to the schema, seen at a glance.
    pub(super) fn is_refuted(&self, state: &State, id: NodeId) -> bool {
        state.breaks(self.graph, id) || self.is_refuted_but_broken(state, id)
    }

    /// The same, without what follows from its being broken.
    pub(super) fn is_refuted_but_broken(&self, state: &State, id: NodeId) -> bool {
        let graph = self.graph;
        let node = graph.node(id);
        self.spend(1 + state.asserted.len() / 4);
        if node.never || !node.kinds.meets(state.kinds) {
            return true;
        }
        if let Some(values) = &node.values
            && state
                .asserted
                .iter()
                .any(|other| are_disjoint(Some(values), graph.node(*other).values.as_deref()))
        {
            return true;
        }
        if state.kind != Kinds::OBJECT {
            return false;
        }
        let summary = self.summaries.get(graph, id);
        if summary.required.iter().any(|name| state.absent.contains(name)) {
            return true;
        }
        let undeclared = |closed: &NodeId| {
            let rules = graph.node(*closed).object.as_ref();
            rules.is_some_and(|rules| state.present.iter().any(|name| rules.property(*name).is_none()))
        };
        if summary.closed.iter().any(undeclared) {
            return true;
        }
        state.asserted.iter().any(|other| {
            let Some(rules) = &graph.node(*other).object else { return false };
            if is_closed(graph, rules) && summary.required.iter().any(|name| rules.property(*name).is_none())
            {
                return true;
            }
            // Those that must be there are few as a rule, whatever is declared.
            state.present.iter().chain(&summary.required).any(|name| {
                rules.property(*name).is_some_and(|known| {
                    members_named(&summary.members, *name)
                        .any(|schema| are_apart(graph.node(known), graph.node(schema), Kinds::ALL))
                })
            })
        })
    }
}
