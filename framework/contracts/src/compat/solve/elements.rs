//! Lists: how many elements, and what each of them must be.

use serde_json::Value;

use crate::compat::graph::{Kinds, ListRules, Node, NodeId, Num};

use super::evaluated::Part;
use super::formula::{Formula, Lit};
use super::state::State;
use super::{Outcome, Solver};

/// The longest prefix that is gone through.
const MAX_PREFIX: usize = 64;
/// How many of the values that a schema lists are tried.
const MAX_LISTED: usize = 2_500;
/// The most elements that are written out.
const MAX_ELEMENTS: u64 = 2_000;

/// What is settled of a list so far.
#[derive(Debug, Default)]
struct List {
    least: u64,
    most: Option<u64>,
    /// From here on all elements are alike.
    alike_from: usize,
    found: Vec<Option<Value>>,
    unknown: bool,
}

impl List {
    fn may_have(&self, index: usize) -> bool {
        self.most.is_none_or(|most| (index as u64) < most)
    }

    fn put(&mut self, index: usize, value: Value) {
        if self.found.len() <= index {
            self.found.resize(index + 1, None);
        }
        self.found[index] = Some(value);
    }

    fn is_free(&self, index: usize) -> bool {
        self.found.get(index).is_none_or(Option::is_none)
    }
}

impl Solver<'_> {
    pub(super) fn elements(&mut self, state: &State) -> Outcome {
        let mut list = self.list_of(state);
        if list.alike_from > MAX_PREFIX || list.least > MAX_ELEMENTS {
            return Outcome::Unknown;
        }
        self.end_where_nothing_fits(state, &mut list);
        self.end_where_all_differ(state, &mut list);
        self.end_where_all_count(state, &mut list);
        let short = |list: &List| list.most.is_some_and(|most| list.least > most);
        if short(&list) {
            return Outcome::Nothing;
        }
        if let Some(outcome) = self.only_element(state, &list) {
            return outcome;
        }
        if !self.elements_somewhere(state, &mut list) || !self.contained(state, &mut list) {
            return Outcome::Nothing;
        }
        if state.lits.contains(&Lit::Repeats) && !self.repeated(state, &mut list) {
            return Outcome::Nothing;
        }
        if short(&list) || !self.fill_elements(state, &mut list) {
            return Outcome::Nothing;
        }
        if list.unknown {
            return Outcome::Unknown;
        }
        Outcome::Value(Value::Array(list.found.into_iter().flatten().collect()))
    }

    fn lists_of<'s>(&'s self, state: &'s State) -> impl Iterator<Item = (NodeId, &'s ListRules)> {
        state.asserted.iter().filter_map(|id| Some((*id, self.graph.node(*id).list.as_deref()?)))
    }

    fn list_of(&self, state: &State) -> List {
        let mut list = List::default();
        for (_, rules) in self.lists_of(state) {
            list.least = list.least.max(rules.least);
            list.most = [list.most, rules.most].into_iter().flatten().min();
            if self.counts_every_element(rules) {
                list.least = list.least.max(rules.least_contained);
                list.most = [list.most, rules.most_contained].into_iter().flatten().min();
            }
        }
        // Every prefix at hand, that of parts too, for they decide what is unevaluated.
        let all = state.asserted.iter().chain(&state.broken);
        let prefixes = all.filter_map(|id| Some(self.graph.node(*id).list.as_ref()?.prefix.len()));
        list.alike_from = prefixes.max().unwrap_or_default();
        for lit in &state.lits {
            let rules = |id: u32| self.graph.node(id).list.as_deref();
            match *lit {
                Lit::FewerElements(id) => {
                    let most = rules(id).and_then(|rules| rules.least.checked_sub(1));
                    list.most = [list.most, most].into_iter().flatten().min();
                }
                Lit::MoreElements(id) => {
                    let most = rules(id).and_then(|rules| rules.most).unwrap_or_default();
                    list.least = list.least.max(most.saturating_add(1));
                }
                Lit::Element(id, index) => {
                    list.least = list.least.max(u64::from(index) + 1);
                    list.alike_from = list.alike_from.max(rules(id).map_or(0, |rules| rules.prefix.len()));
                }
                Lit::Items(id) | Lit::UnevaluatedElement(id) => {
                    list.alike_from = list.alike_from.max(rules(id).map_or(0, |rules| rules.prefix.len()));
                }
                Lit::Repeats => list.least = list.least.max(2),
                Lit::ContainsFew(id) | Lit::ContainsMany(id) => {
                    let Some(rules) = rules(id).filter(|rules| self.counts_every_element(rules)) else {
                        continue;
                    };
                    if matches!(lit, Lit::ContainsMany(_)) {
                        list.least = list.least.max(too_many(rules));
                    } else {
                        let most = rules.least_contained.checked_sub(1);
                        list.most = [list.most, most].into_iter().flatten().min();
                    }
                }
                _ => {}
            }
        }
        list
    }

    /// Whether every element is one that `contains` looks for.
    fn counts_every_element(&self, rules: &ListRules) -> bool {
        rules.contains.is_some_and(|contains| self.graph.node(contains).is_silent(Kinds::ALL))
    }

    /// What is said of the element at an index by all that is asserted.
    fn said_of_element(&self, state: &State, index: usize) -> Vec<Formula> {
        let mut said = Vec::new();
        for (id, rules) in self.lists_of(state) {
            said.extend(rules.element(index).map(Formula::Keeps));
            if let Some(rest) = rules.unevaluated
                && !self.parts_may_see(state, id, Part::Element(index))
            {
                said.push(Formula::Keeps(rest));
            }
            said.extend(rules.contains.filter(|_| rules.most_contained == Some(0)).map(Formula::Breaks));
        }
        for lit in &state.lits {
            if let Lit::ContainsFew(id) = lit
                && let Some(rules) = &self.graph.node(*id).list
                && rules.least_contained == 1
            {
                said.extend(rules.contains.map(Formula::Breaks));
            }
        }
        for lit in &state.lits {
            if let Lit::Element(id, at) = lit
                && *at as usize == index
                && let Some(rules) = &self.graph.node(*id).list
            {
                said.extend(rules.prefix.get(index).map(|schema| Formula::Breaks(*schema)));
            }
        }
        said
    }

    /// A list ends before the first index at which nothing fits.
    fn end_where_nothing_fits(&mut self, state: &State, list: &mut List) {
        for index in 0..=list.alike_from {
            if !list.may_have(index) {
                return;
            }
            let said = self.said_of_element(state, index);
            if !said.is_empty() && self.solve(said).is_nothing() {
                list.most = Some(index as u64);
                return;
            }
        }
    }

    /// A list of different elements is no longer than there are different values, where all are alike and few.
    fn end_where_all_differ(&self, state: &State, list: &mut List) {
        if list.alike_from > 0 || !self.lists_of(state).any(|(_, rules)| rules.unique) {
            return;
        }
        let said = self.said_of_element(state, 0);
        let kept = || {
            said.iter().filter_map(|formula| match formula {
                Formula::Keeps(id) => Some(self.graph.node(*id)),
                _ => None,
            })
        };
        let kinds = kept().fold(Kinds::ALL, |kinds, node| kinds.and(node.kinds));
        let listed = kept().filter_map(|node| Some(different(node.values.as_deref()?))).min();
        let integers = if kinds.meets(Kinds::INTEGER) { integers_within(kept()) } else { Some(0) };
        let simple = Kinds::NULL.or(Kinds::BOOLEAN).or(Kinds::INTEGER).contains(kinds);
        let few = integers.filter(|_| simple).map(|integers| {
            let others = u64::from(kinds.meets(Kinds::NULL)) + 2 * u64::from(kinds.meets(Kinds::BOOLEAN));
            integers.saturating_add(others)
        });
        list.most = [list.most, listed, few].into_iter().flatten().min();
    }

    /// A list of one element at most has one place for all that some element must be. `None` if nothing is asked of
    /// some element, or it is not told by its place alone.
    fn only_element(&mut self, state: &State, list: &List) -> Option<Outcome> {
        if list.most != Some(1) {
            return None;
        }
        let mut wanted: Vec<(NodeId, u64, bool)> = Vec::new();
        for (_, rules) in self.lists_of(state) {
            wanted.extend(rules.contains.map(|contains| (contains, rules.least_contained, true)));
        }
        for lit in &state.lits {
            let rules = |id: NodeId| self.graph.node(id).list.as_deref();
            match *lit {
                Lit::Items(id) => {
                    let rules = rules(id)?;
                    // An element after the first counts as two.
                    wanted.push((rules.items?, 1 + rules.prefix.len() as u64, false));
                }
                Lit::ContainsMany(id) => {
                    let rules = rules(id)?;
                    wanted.push((rules.contains?, too_many(rules), true));
                }
                Lit::UnevaluatedElement(_) => return None,
                _ => {}
            }
        }
        wanted.retain(|(_, count, _)| *count > 0);
        if wanted.is_empty() {
            return None;
        }
        if wanted.iter().any(|(_, count, _)| *count > 1) {
            return Some(Outcome::Nothing);
        }
        let mut said = self.said_of_element(state, 0);
        let formula = |(id, _, keeps)| if keeps { Formula::Keeps(id) } else { Formula::Breaks(id) };
        said.extend(wanted.into_iter().map(formula));
        Some(match self.solve(said) {
            Outcome::Value(value) => Outcome::Value(Value::Array(vec![value])),
            other => other,
        })
    }

    /// Puts an element somewhere from `first` on that is also `beside`. `false` if it fits nowhere.
    fn place(&mut self, state: &State, list: &mut List, first: usize, beside: Formula, free: bool) -> bool {
        let end = list.alike_from.max(first);
        let mut unknown = false;
        let after = list.found.len().max(end);
        let indices = (first..=end).chain(std::iter::once(after));
        for index in indices {
            if !list.may_have(index) || (free && !list.is_free(index)) {
                unknown |= free && list.may_have(index);
                continue;
            }
            let mut said = self.said_of_element(state, index);
            said.push(beside);
            match self.solve(said) {
                Outcome::Nothing => {}
                Outcome::Unknown => unknown = true,
                Outcome::Value(value) => {
                    list.put(index, value);
                    return true;
                }
            }
        }
        list.unknown |= unknown;
        unknown
    }

    fn elements_somewhere(&mut self, state: &State, list: &mut List) -> bool {
        for lit in &state.lits {
            let rules = |id: u32| self.graph.node(id).list.as_deref();
            let placed = match *lit {
                Lit::Items(id) => {
                    let Some((first, items)) =
                        rules(id).and_then(|rules| Some((rules.prefix.len(), rules.items?)))
                    else {
                        continue;
                    };
                    self.place(state, list, first, Formula::Breaks(items), false)
                }
                Lit::UnevaluatedElement(id) => {
                    let Some(rest) = rules(id).and_then(|rules| rules.unevaluated) else { continue };
                    let seen = |index: &usize| self.parts_must_see(state, id, Part::Element(*index));
                    let Some(first) = (0..=list.alike_from).find(|index| !seen(index)) else { return false };
                    self.place(state, list, first, Formula::Breaks(rest), false)
                }
                _ => continue,
            };
            if !placed {
                return false;
            }
        }
        true
    }

    /// Elements that `contains` asks for, or that exceed `maxContains`.
    fn contained(&mut self, state: &State, list: &mut List) -> bool {
        let mut wanted: Vec<(NodeId, u64)> = Vec::new();
        for (_, rules) in self.lists_of(state) {
            if rules.contains.is_some()
                && rules.most_contained.is_some_and(|most| most < rules.least_contained)
            {
                return false;
            }
            wanted.extend(rules.contains.map(|contains| (contains, rules.least_contained)));
        }
        for lit in &state.lits {
            if let Lit::ContainsMany(id) = lit
                && let Some(rules) = &self.graph.node(*id).list
            {
                wanted.extend(rules.contains.map(|contains| (contains, too_many(rules))));
            }
        }
        let unique = self.lists_of(state).any(|(_, rules)| rules.unique);
        for (contains, count) in wanted {
            let listed = self.graph.node(contains).values.as_ref();
            if unique && listed.is_some_and(|values| (values.len() as u64) < count) {
                return false;
            }
            if count > MAX_ELEMENTS || list.most.is_some_and(|most| count > most) {
                list.unknown |= list.most.is_none_or(|most| count <= most);
                return list.unknown;
            }
            if self.room_for(state, list, contains).is_some_and(|room| room < count) {
                return false;
            }
            for _ in 0..count {
                if !self.place(state, list, 0, Formula::Keeps(contains), true) {
                    return false;
                }
            }
        }
        true
    }

    /// How many elements can keep to a schema; `None` if there is no end to it.
    fn room_for(&mut self, state: &State, list: &List, schema: NodeId) -> Option<u64> {
        let mut room = 0;
        for index in 0..=list.alike_from {
            if !list.may_have(index) {
                return Some(room);
            }
            let mut said = self.said_of_element(state, index);
            said.push(Formula::Keeps(schema));
            if self.solve(said).is_nothing() {
                continue;
            }
            if index == list.alike_from {
                return list.most.map(|most| room + most.saturating_sub(index as u64));
            }
            room += 1;
        }
        Some(room)
    }

    /// A list ends where every further element would be one of which there may be but so many.
    fn end_where_all_count(&mut self, state: &State, list: &mut List) {
        let mut counted: Vec<(NodeId, u64)> = Vec::new();
        for (_, rules) in self.lists_of(state) {
            counted.extend(rules.contains.zip(rules.most_contained));
        }
        for lit in &state.lits {
            if let Lit::ContainsFew(id) = lit
                && let Some(rules) = &self.graph.node(*id).list
            {
                counted.extend(rules.contains.zip(rules.least_contained.checked_sub(1)));
            }
        }
        if counted.is_empty() {
            return;
        }
        let mut most = counted.iter().fold(0_u64, |sum, (_, most)| sum.saturating_add(*most));
        for index in 0..=list.alike_from {
            let mut said = self.said_of_element(state, index);
            said.extend(counted.iter().map(|(schema, _)| Formula::Breaks(*schema)));
            if self.solve(said).is_nothing() {
                continue;
            }
            if index == list.alike_from {
                return;
            }
            most = most.saturating_add(1);
        }
        list.most = [list.most, Some(most)].into_iter().flatten().min();
    }

    /// Two equal elements. `false` if there can be none.
    fn repeated(&mut self, state: &State, list: &mut List) -> bool {
        if self.lists_of(state).any(|(_, rules)| rules.unique) {
            return false;
        }
        let mut unknown = false;
        for second in 1..=list.alike_from + 1 {
            for first in 0..second {
                if !list.may_have(second) {
                    continue;
                }
                let mut said = self.said_of_element(state, first);
                said.extend(self.said_of_element(state, second));
                match self.solve(said) {
                    Outcome::Nothing => {}
                    Outcome::Unknown => unknown = true,
                    Outcome::Value(value) => {
                        list.put(first, value.clone());
                        list.put(second, value);
                        return true;
                    }
                }
            }
        }
        list.unknown |= unknown;
        unknown
    }

    /// Fills the gaps, and adds elements until there are enough. `false` if there cannot be.
    fn fill_elements(&mut self, state: &State, list: &mut List) -> bool {
        let unique = self.lists_of(state).any(|(_, rules)| rules.unique);
        let count = (list.found.len() as u64).max(list.least) as usize;
        for index in 0..count {
            if !list.is_free(index) {
                continue;
            }
            let said = self.said_of_element(state, index);
            match self.solve(said.clone()) {
                Outcome::Nothing => return false,
                Outcome::Unknown => list.unknown = true,
                Outcome::Value(value) => {
                    let taken: Vec<&Value> = list.found.iter().flatten().collect();
                    let value = if unique { self.unlike_any(&said, &value, &taken) } else { Some(value) };
                    match value {
                        Some(value) => list.put(index, value),
                        None => list.unknown = true,
                    }
                }
            }
        }
        true
    }

    /// A value as `said` that equals none of `taken`.
    fn unlike_any(&self, said: &[Formula], value: &Value, taken: &[&Value]) -> Option<Value> {
        let numbers = (0..50).map(Value::from);
        let texts =
            (0..50).map(|number| Value::String(format!("{}{number}", value.as_str().unwrap_or_default())));
        let listed = said.iter().filter_map(|formula| match formula {
            Formula::Keeps(id) => self.graph.node(*id).values.as_deref(),
            _ => None,
        });
        let listed: Vec<Value> = listed.flat_map(|values| values.iter().take(MAX_LISTED).cloned()).collect();
        let others = [Value::Null, true.into(), false.into(), serde_json::json!([]), serde_json::json!({})];
        let mut all = std::iter::once(value.clone()).chain(listed).chain(numbers).chain(texts).chain(others);
        all.find(|value| {
            taken.iter().all(|other| !jsonschema::json::cmp::equal(value, other)) && self.holds(said, value)
        })
    }
}

/// How many different values are listed, at most: `1` and `1.0` are one, and stand side by side.
fn different(values: &[Value]) -> u64 {
    let again = values.windows(2).filter(|pair| jsonschema::json::cmp::equal(&pair[0], &pair[1])).count();
    (values.len() - again) as u64
}

/// How many elements of `contains` exceed `maxContains`.
fn too_many(rules: &ListRules) -> u64 {
    rules.most_contained.unwrap_or_default().saturating_add(1)
}

/// How many integers keep to the bounds of all `nodes`; `None` if they are not counted.
fn integers_within<'n>(nodes: impl Iterator<Item = &'n Node>) -> Option<u64> {
    let (mut low, mut high) = (None, None);
    for node in nodes {
        for (limit, end, is_low) in [(node.minimum(), &mut low, true), (node.maximum(), &mut high, false)] {
            let Some(Num::Whole(at)) = limit.map(|limit| limit.at) else { continue };
            *end = Some(end.map_or(at, |known: i128| if is_low { known.max(at) } else { known.min(at) }));
        }
    }
    // An end that is itself outside counts one more at most, which does no harm.
    u64::try_from(high?.checked_sub(low?)?.checked_add(1)?.max(0)).ok()
}
