//! Listed lists and objects, spelled out as schemas: what is not one of them differs from each somewhere inside.

use std::sync::Arc;

use serde_json::Value;

use super::listed::Listed;
use super::node::{ListRules, Node, NodeId, ObjectRules};
use super::{Graph, Kinds};

/// How many schemas the listed values of both documents may come to. Those beyond are compared as wholes.
const MAX_SPELLED: usize = 5_000;

/// How deep a value may nest that is spelled out.
const MAX_SPELLED_DEPTH: usize = 16;

impl Graph {
    /// Gives every schema that lists lists or objects one schema for each of them.
    pub(super) fn spell_out_listed(&mut self) {
        let mut left = MAX_SPELLED;
        for id in 0..self.nodes.len() {
            let Some(values) = self.nodes[id].values.clone() else { continue };
            let inner: Vec<&Value> =
                values.iter().filter(|value| value.is_array() || value.is_object()).collect();
            let cost: Option<usize> = inner.iter().map(|value| cost(value, MAX_SPELLED_DEPTH)).sum();
            let Some(cost) = cost.filter(|cost| (1..=left).contains(cost)) else { continue };
            left -= cost;
            let spelled: Vec<NodeId> = inner.into_iter().map(|value| self.spelled(value)).collect();
            self.nodes[id].spelled = Some(spelled.into());
        }
    }

    /// A schema that takes this value and no other. The recursion is as deep as [`MAX_SPELLED_DEPTH`].
    fn spelled(&mut self, value: &Value) -> NodeId {
        let mut node = Node { kinds: Kinds::of(value), ..Node::default() };
        match value {
            Value::Array(elements) => {
                let count = elements.len() as u64;
                let prefix = elements.iter().map(|element| self.spelled(element)).collect();
                let rules = ListRules { least: count, most: Some(count), prefix, ..ListRules::default() };
                node.list = Some(Box::new(rules));
            }
            Value::Object(members) => {
                let spell = |(name, member): (&String, &Value)| (self.names.add(name), self.spelled(member));
                let mut properties: Vec<_> = members.iter().map(spell).collect();
                properties.sort_unstable();
                let required = properties.iter().map(|(name, _)| *name).collect();
                let rest = Some(self.push(Node { never: true, ..Node::default() }));
                node.object =
                    Some(Box::new(ObjectRules { properties, rest, required, ..ObjectRules::default() }));
            }
            plain => node.values = Some(Arc::new(Listed::new(vec![plain.clone()]))),
        }
        self.push(node)
    }
}

/// How many schemas a value comes to, each object with one that takes nothing. `None` if it nests too deep.
fn cost(value: &Value, depth: usize) -> Option<usize> {
    let inner: usize = match value {
        _ if depth == 0 => return None,
        Value::Array(elements) => {
            elements.iter().map(|element| cost(element, depth - 1)).sum::<Option<usize>>()?
        }
        Value::Object(members) => {
            1 + members.values().map(|member| cost(member, depth - 1)).sum::<Option<usize>>()?
        }
        _ => 0,
    };
    Some(inner + 1)
}
