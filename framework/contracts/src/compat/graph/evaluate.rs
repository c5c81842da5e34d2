//! Whether a value keeps to a schema, read off the graph.

use std::cell::Cell;
use std::collections::BTreeSet;

use jsonschema::json::cmp;
use serde_json::{Map, Number, Value};

use super::node::{ListRules, Node, NodeId, ObjectRules, TextRules};
use super::number::{Decimal, Num};
use super::{Graph, Kinds};

/// How deep schemas may apply inside each other before an evaluation gives up.
const MAX_EVALUATION_DEPTH: usize = 600;

/// How many schemas one evaluation may apply before it gives up.
const MAX_EVALUATION_STEPS: usize = 2_000_000;

/// Members and elements that a schema has looked at, for `unevaluatedProperties` and `unevaluatedItems`.
#[derive(Debug, Clone, Default)]
struct Seen {
    members: BTreeSet<String>,
    elements: BTreeSet<usize>,
}

impl Seen {
    fn add(&mut self, other: Self) {
        self.members.extend(other.members);
        self.elements.extend(other.elements);
    }
}

impl Graph {
    /// Whether `value` keeps to the schema `id`. An evaluation that goes too deep or takes too long counts as refused,
    /// and [`gave_up`](Self::gave_up) says so from then on.
    pub(in crate::compat) fn accepts(&self, id: NodeId, value: &Value) -> bool {
        let evaluation = Evaluation { graph: self, steps: Cell::new(0) };
        evaluation.evaluate(id, value, 0).is_some()
    }

    /// Whether a text keeps to what is said of texts.
    pub(in crate::compat) fn text_keeps(&self, rules: &TextRules, text: &str) -> bool {
        let length = text.chars().count() as u64;
        length >= rules.least
            && rules.most.is_none_or(|most| length <= most)
            && rules.pattern.iter().chain(&rules.content).all(|pattern| self.patterns.matches(*pattern, text))
            && rules.format.is_none_or(|format| format.accepts(text))
    }
}

/// One evaluation.
struct Evaluation<'g> {
    graph: &'g Graph,
    steps: Cell<usize>,
}

impl Evaluation<'_> {
    /// What was looked at, if the value is accepted.
    fn evaluate(&self, id: NodeId, value: &Value, depth: usize) -> Option<Seen> {
        self.steps.set(self.steps.get() + 1);
        if depth > MAX_EVALUATION_DEPTH || self.steps.get() > MAX_EVALUATION_STEPS {
            self.graph.gave_up.set(true);
            return None;
        }
        let node = self.graph.node(id);
        let kind = Kinds::of(value);
        if node.never || !node.kinds.meets(kind) {
            return None;
        }
        if let Some(values) = &node.values
            && !values.has(value)
        {
            return None;
        }
        let mut seen = Seen::default();
        let depth = depth + 1;
        match value {
            Value::Number(number) if !self.number_keeps(node, number) => return None,
            Value::String(text)
                if !node.text.as_ref().is_none_or(|rules| self.graph.text_keeps(rules, text)) =>
            {
                return None;
            }
            Value::Array(elements) => {
                if let Some(rules) = &node.list {
                    self.elements_keep(rules, elements, depth, &mut seen)?;
                }
            }
            Value::Object(members) => {
                if let Some(rules) = &node.object {
                    self.members_keep(rules, members, depth, &mut seen)?;
                }
            }
            _ => {}
        }
        self.parts_hold(node, value, depth, &mut seen)?;
        self.unevaluated_keeps(node, value, depth, &mut seen)?;
        Some(seen)
    }

    /// Whether a number keeps to what is said of numbers. A multiple too long to be told counts as refused.
    fn number_keeps(&self, node: &Node, number: &Number) -> bool {
        number_is_within(node, number).unwrap_or_else(|| {
            self.graph.gave_up.set(true);
            false
        })
    }

    fn parts_hold(&self, node: &Node, value: &Value, depth: usize, seen: &mut Seen) -> Option<()> {
        for part in &node.all {
            seen.add(self.evaluate(*part, value, depth)?);
        }
        if let Some(branches) = &node.any {
            let mut held =
                branches.iter().filter_map(|branch| self.evaluate(*branch, value, depth)).peekable();
            held.peek()?;
            held.for_each(|branch| seen.add(branch));
        }
        if let Some(branches) = &node.one {
            let mut held = branches.iter().filter_map(|branch| self.evaluate(*branch, value, depth));
            let first = held.next()?;
            if held.next().is_some() {
                return None;
            }
            seen.add(first);
        }
        if let Some(not) = node.not
            && self.evaluate(not, value, depth).is_some()
        {
            return None;
        }
        if let Some(conditional) = &node.conditional {
            let next = match self.evaluate(conditional.test, value, depth) {
                Some(test) => {
                    seen.add(test);
                    conditional.then
                }
                None => conditional.otherwise,
            };
            if let Some(next) = next {
                seen.add(self.evaluate(next, value, depth)?);
            }
        }
        Some(())
    }

    fn unevaluated_keeps(&self, node: &Node, value: &Value, depth: usize, seen: &mut Seen) -> Option<()> {
        if let (Value::Object(members), Some(rules)) = (value, &node.object)
            && let Some(rest) = rules.unevaluated
        {
            for (name, member) in members {
                if !seen.members.contains(name) {
                    self.evaluate(rest, member, depth)?;
                    seen.members.insert(name.clone());
                }
            }
        }
        if let (Value::Array(elements), Some(rules)) = (value, &node.list)
            && let Some(rest) = rules.unevaluated
        {
            for (index, element) in elements.iter().enumerate() {
                if seen.elements.insert(index) {
                    self.evaluate(rest, element, depth)?;
                }
            }
        }
        Some(())
    }

    fn elements_keep(
        &self,
        rules: &ListRules,
        elements: &[Value],
        depth: usize,
        seen: &mut Seen,
    ) -> Option<()> {
        let count = elements.len() as u64;
        if count < rules.least || rules.most.is_some_and(|most| count > most) {
            return None;
        }
        if rules.unique && !are_unique(elements) {
            return None;
        }
        for (index, element) in elements.iter().enumerate() {
            if let Some(schema) = rules.element(index) {
                self.evaluate(schema, element, depth)?;
                seen.elements.insert(index);
            }
        }
        if let Some(contains) = rules.contains {
            let held: Vec<usize> = (0..elements.len())
                .filter(|index| self.evaluate(contains, &elements[*index], depth).is_some())
                .collect();
            let held_count = held.len() as u64;
            if held_count < rules.least_contained
                || rules.most_contained.is_some_and(|most| held_count > most)
            {
                return None;
            }
            seen.elements.extend(held);
        }
        Some(())
    }

    fn members_keep(
        &self,
        rules: &ObjectRules,
        members: &Map<String, Value>,
        depth: usize,
        seen: &mut Seen,
    ) -> Option<()> {
        let count = members.len() as u64;
        if count < rules.least || rules.most.is_some_and(|most| count > most) {
            return None;
        }
        let has = |name: &super::NameId| members.contains_key(self.graph.names.text(*name));
        let needs_met = rules.needs.iter().all(|(name, needed)| !has(name) || needed.iter().all(has));
        if !rules.required.iter().all(has) || !needs_met {
            return None;
        }
        for (name, member) in members {
            if let Some(names) = rules.names {
                self.evaluate(names, &Value::String(name.clone()), depth)?;
            }
            let mut declared = false;
            if let Some(schema) = self.graph.names.id(name).and_then(|name| rules.property(name)) {
                self.evaluate(schema, member, depth)?;
                declared = true;
            }
            for (pattern, schema) in &rules.patterns {
                if self.graph.patterns.matches(*pattern, name) {
                    self.evaluate(*schema, member, depth)?;
                    declared = true;
                }
            }
            if !declared && let Some(rest) = rules.rest {
                self.evaluate(rest, member, depth)?;
                declared = true;
            }
            if declared {
                seen.members.insert(name.clone());
            }
        }
        for (name, schema) in &rules.implies {
            if has(name) {
                let object = Value::Object(members.clone());
                seen.add(self.evaluate(*schema, &object, depth)?);
            }
        }
        Some(())
    }
}

/// Whether a number keeps to what a node says of numbers; `None` if its digits are too many to tell.
fn number_is_within(node: &Node, number: &Number) -> Option<bool> {
    let number = Num::of(number);
    let within = node.minimum().is_none_or(|limit| limit.admits_above(number))
        && node.maximum().is_none_or(|limit| limit.admits_below(number));
    match node.step() {
        Some(step) if within => Decimal::of(number)?.is_multiple_of(step),
        _ => Some(within),
    }
}

pub(in crate::compat) fn are_unique(elements: &[Value]) -> bool {
    (0..elements.len()).all(|at| elements[..at].iter().all(|other| !cmp::equal(other, &elements[at])))
}
