//! Whether a statement is true of a value at hand.

use serde_json::{Map, Value};

use crate::compat::graph::{Decimal, Kinds, NodeId, Num};

use super::Solver;
use super::formula::{Formula, Lit};
use super::state::State;

impl Solver<'_> {
    /// Whether a value is as a state says.
    pub(super) fn state_holds(&self, state: &State, value: &Value) -> bool {
        let graph = self.graph;
        let member = |name: &u32| value.get(graph.names.text(*name)).is_some();
        state.kinds.meets(Kinds::of(value))
            && state.asserted.iter().all(|id| graph.accepts(*id, value))
            && state.broken.iter().all(|id| !graph.accepts(*id, value))
            && state.lits.iter().all(|lit| self.lit_holds(*lit, value))
            && state.pending.iter().all(|pending| match pending {
                super::state::Pending::Excluded(id) => !graph.accepts(*id, value),
                _ => true,
            })
            && (state.kind != Kinds::OBJECT
                || (state.present.iter().all(member) && !state.absent.iter().any(member)))
    }

    /// Whether a value is as some statements say.
    pub(in crate::compat) fn holds(&self, formulas: &[Formula], value: &Value) -> bool {
        formulas.iter().all(|formula| match formula {
            Formula::Keeps(id) => self.graph.accepts(*id, value),
            Formula::Breaks(id) => !self.graph.accepts(*id, value),
            Formula::Is(lit) => self.lit_holds(*lit, value),
        })
    }

    fn lit_holds(&self, lit: Lit, value: &Value) -> bool {
        match value {
            Value::Number(number) => self.number_is(lit, Num::of(number), value),
            Value::String(text) => self.text_is(lit, text, value),
            Value::Array(elements) => self.elements_are(lit, elements, value),
            Value::Object(members) => self.members_are(lit, members, value),
            _ => matches!(lit, Lit::Unlisted(id) if self.is_unlisted(id, value)),
        }
    }

    fn is_unlisted(&self, id: NodeId, value: &Value) -> bool {
        self.graph.node(id).values.as_ref().is_none_or(|values| !values.has(value))
    }

    fn number_is(&self, lit: Lit, number: Num, value: &Value) -> bool {
        match lit {
            Lit::Fraction => !number.is_integer(),
            Lit::Unlisted(id) => self.is_unlisted(id, value),
            Lit::Below(id) => !self.graph.node(id).minimum().is_some_and(|limit| limit.admits_above(number)),
            Lit::Above(id) => !self.graph.node(id).maximum().is_some_and(|limit| limit.admits_below(number)),
            Lit::OffStep(id) => self.graph.node(id).step().is_some_and(|step| {
                Decimal::of(number).and_then(|number| number.is_multiple_of(step)) == Some(false)
            }),
            _ => false,
        }
    }

    pub(super) fn text_is(&self, lit: Lit, text: &str, value: &Value) -> bool {
        let rules = |id: NodeId| self.graph.node(id).text.as_ref();
        let length = || text.chars().count() as u64;
        match lit {
            Lit::Unlisted(id) => self.is_unlisted(id, value),
            Lit::Shorter(id) => rules(id).is_some_and(|rules| length() < rules.least),
            Lit::Longer(id) => rules(id).and_then(|rules| rules.most).is_some_and(|most| length() > most),
            Lit::OffPattern(id) => rules(id)
                .and_then(|rules| rules.pattern)
                .is_some_and(|pattern| !self.graph.patterns.matches(pattern, text)),
            Lit::OffFormat(id) => {
                rules(id).and_then(|rules| rules.format).is_some_and(|format| !format.accepts(text))
            }
            Lit::Matches(pattern, must) => self.graph.patterns.matches(pattern, text) == must,
            Lit::Fresh => self.graph.names.id(text).is_none(),
            Lit::OffContent(id) => rules(id)
                .and_then(|rules| rules.content)
                .is_some_and(|content| !self.graph.patterns.matches(content, text)),
            _ => false,
        }
    }

    fn elements_are(&self, lit: Lit, elements: &[Value], value: &Value) -> bool {
        let graph = self.graph;
        let count = elements.len() as u64;
        let rules = |id: NodeId| graph.node(id).list.as_ref();
        let contained = |id: NodeId| {
            let contains = rules(id).and_then(|rules| rules.contains);
            contains.map_or(0, |contains| {
                elements.iter().filter(|element| graph.accepts(contains, element)).count() as u64
            })
        };
        match lit {
            Lit::Unlisted(id) => self.is_unlisted(id, value),
            Lit::FewerElements(id) => rules(id).is_some_and(|rules| count < rules.least),
            Lit::MoreElements(id) => rules(id).and_then(|rules| rules.most).is_some_and(|most| count > most),
            Lit::Element(id, index) => {
                let schema = rules(id).and_then(|rules| rules.prefix.get(index as usize));
                let element = elements.get(index as usize);
                schema.zip(element).is_some_and(|(schema, element)| !graph.accepts(*schema, element))
            }
            Lit::Items(id) => rules(id).is_some_and(|rules| {
                let after = elements.iter().skip(rules.prefix.len());
                rules
                    .items
                    .is_some_and(|items| after.into_iter().any(|element| !graph.accepts(items, element)))
            }),
            Lit::ContainsFew(id) => rules(id).is_some_and(|rules| contained(id) < rules.least_contained),
            Lit::ContainsMany(id) => {
                rules(id).and_then(|rules| rules.most_contained).is_some_and(|most| contained(id) > most)
            }
            Lit::Repeats => !crate::compat::graph::are_unique(elements),
            Lit::UnevaluatedElement(id) => !graph.accepts(id, value),
            _ => false,
        }
    }

    fn members_are(&self, lit: Lit, members: &Map<String, Value>, value: &Value) -> bool {
        let graph = self.graph;
        let count = members.len() as u64;
        let rules = |id: NodeId| graph.node(id).object.as_ref();
        let has = |name: u32| members.contains_key(graph.names.text(name));
        match lit {
            Lit::Unlisted(id) => self.is_unlisted(id, value),
            Lit::Present(name) => has(name),
            Lit::Absent(name) => !has(name),
            Lit::FewerMembers(id) => rules(id).is_some_and(|rules| count < rules.least),
            Lit::MoreMembers(id) => rules(id).and_then(|rules| rules.most).is_some_and(|most| count > most),
            Lit::Member(id, index) => rules(id).is_some_and(|rules| {
                let (name, schema) = rules.properties[index as usize];
                members.get(graph.names.text(name)).is_some_and(|member| !graph.accepts(schema, member))
            }),
            Lit::PatternMember(id, index) => rules(id).is_some_and(|rules| {
                let (pattern, schema) = rules.patterns[index as usize];
                members.iter().any(|(name, member)| {
                    graph.patterns.matches(pattern, name) && !graph.accepts(schema, member)
                })
            }),
            Lit::RestMember(id) => rules(id).is_some_and(|rules| {
                rules.rest.is_some_and(|rest| {
                    members
                        .iter()
                        .any(|(name, member)| !self.is_declared(rules, name) && !graph.accepts(rest, member))
                })
            }),
            Lit::Name(id) => rules(id).and_then(|rules| rules.names).is_some_and(|names| {
                members.keys().any(|name| !graph.accepts(names, &Value::String(name.clone())))
            }),
            Lit::UnevaluatedMember(id) => !graph.accepts(id, value),
            _ => false,
        }
    }

    /// Whether `properties` or `patternProperties` are about a name.
    pub(super) fn is_declared(&self, rules: &crate::compat::graph::ObjectRules, name: &str) -> bool {
        self.graph.names.id(name).is_some_and(|name| rules.property(name).is_some())
            || rules.patterns.iter().any(|(pattern, _)| self.graph.patterns.matches(*pattern, name))
    }
}
