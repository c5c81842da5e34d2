//! Members that must be there without a name being said: which names can they have?

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use crate::compat::graph::{NameId, NodeId, ObjectRules, PatternId};

use super::evaluated::{Name, Part};
use super::formula::{Formula, Lit};
use super::state::State;
use super::{Outcome, Solver};

/// The most patterns whose combinations are gone through.
const MAX_PATTERNS: usize = 6;
/// From how many names in both documents on they are not gone through for a name that only they can be.
pub(super) const MAX_NAMES: usize = 4_000;

/// How many names are few.
const MAX_FEW: usize = 8;

/// Why a member must be there.
#[derive(Debug, Clone, Copy)]
pub(super) enum Reason {
    /// A statement needs it.
    Lit(Lit),
    /// There are too few.
    Filler,
}

impl Reason {
    /// The schema that the statement is about.
    fn node(self) -> Option<NodeId> {
        match self {
            Self::Lit(
                Lit::PatternMember(id, _) | Lit::RestMember(id) | Lit::Name(id) | Lit::UnevaluatedMember(id),
            ) => Some(id),
            _ => None,
        }
    }
}

/// What a member is wanted for.
#[derive(Debug, Clone, Copy)]
pub(super) struct Wanted<'w> {
    pub(super) reason: Reason,
    /// What is needed of known members beside.
    pub(super) extra: &'w BTreeMap<NameId, Vec<Formula>>,
    /// Whether there is room for none but those that must be there.
    pub(super) full: bool,
}

/// A member found, or why not.
pub(super) enum Found {
    Member(String, Value),
    Nothing,
    Unknown,
}

impl Solver<'_> {
    pub(super) fn rules_of<'s>(
        &'s self,
        state: &'s State,
    ) -> impl Iterator<Item = (NodeId, &'s ObjectRules)> {
        state.asserted.iter().filter_map(|id| Some((*id, self.graph.node(*id).object.as_deref()?)))
    }

    /// What is said of a member of this name by all that is asserted.
    pub(super) fn said_of(&self, state: &State, name: &Name<'_>) -> Vec<Formula> {
        let mut said = Vec::new();
        for (id, rules) in self.rules_of(state) {
            if let Name::Known(name, _) = name {
                said.extend(rules.property(*name).map(Formula::Keeps));
            }
            for (pattern, schema) in &rules.patterns {
                if self.matches(name, *pattern) == Some(true) {
                    said.push(Formula::Keeps(*schema));
                }
            }
            if !self.declares(rules, name, true) {
                said.extend(rules.rest.map(Formula::Keeps));
            }
            if let Some(rest) = rules.unevaluated
                && !self.parts_may_see(state, id, Part::Member(name))
            {
                said.push(Formula::Keeps(rest));
            }
        }
        said
    }

    /// Whether `propertyNames` take a known name.
    pub(super) fn name_is_taken(&self, state: &State, text: &str) -> bool {
        let value = Value::String(text.to_owned());
        self.rules_of(state)
            .filter_map(|(_, rules)| rules.names)
            .all(|names| self.graph.accepts(names, &value))
    }

    /// What a member must be beside, if this name is to serve the reason. `None` if the name cannot.
    fn serves(&self, state: &State, name: &Name<'_>, reason: Reason) -> Option<Vec<Formula>> {
        let Reason::Lit(lit) = reason else { return Some(Vec::new()) };
        let rules = |id: NodeId| self.graph.node(id).object.as_deref();
        match lit {
            Lit::PatternMember(id, index) => {
                let (pattern, schema) = *rules(id)?.patterns.get(index as usize)?;
                (self.matches(name, pattern) != Some(false)).then(|| vec![Formula::Breaks(schema)])
            }
            Lit::RestMember(id) => {
                let rules = rules(id)?;
                let rest = rules.rest?;
                (!self.declares(rules, name, false)).then(|| vec![Formula::Breaks(rest)])
            }
            Lit::UnevaluatedMember(id) => {
                let rest = rules(id)?.unevaluated?;
                (!self.parts_must_see(state, id, Part::Member(name))).then(|| vec![Formula::Breaks(rest)])
            }
            Lit::Name(id) => match name {
                Name::Known(_, text) => {
                    let names = rules(id)?.names?;
                    (!self.graph.accepts(names, &Value::String((*text).to_owned()))).then(Vec::new)
                }
                Name::Fresh { .. } => Some(Vec::new()),
            },
            _ => None,
        }
    }

    /// Finds a member as wanted, not among `taken`.
    pub(super) fn find_member(
        &mut self,
        state: &State,
        wanted: Wanted<'_>,
        taken: &BTreeSet<String>,
    ) -> Found {
        let mut unknown = false;
        let names = if wanted.full { state.present.clone() } else { self.known_names(state, wanted.reason) };
        for id in names {
            match self.known_member(state, wanted, taken, id) {
                Found::Nothing => {}
                Found::Unknown if self.is_spent() => return Found::Unknown,
                Found::Unknown => unknown = true,
                found @ Found::Member(..) => return found,
            }
        }
        let fresh = if wanted.full { Found::Nothing } else { self.fresh_member(state, wanted, taken) };
        match fresh {
            Found::Nothing if unknown => Found::Unknown,
            found => found,
        }
    }

    /// The names that a member as wanted can have, if they are few.
    pub(super) fn few_names(&mut self, state: &State, wanted: Wanted<'_>) -> Option<BTreeSet<NameId>> {
        let taken = BTreeSet::new();
        let mut names = BTreeSet::new();
        for id in self.known_names(state, wanted.reason) {
            if matches!(self.known_member(state, wanted, &taken, id), Found::Nothing) {
                continue;
            }
            names.insert(id);
            if names.len() > MAX_FEW {
                return None;
            }
        }
        let fresh = self.fresh_member(state, wanted, &taken);
        matches!(fresh, Found::Nothing).then_some(names)
    }

    /// The member as wanted of a name that a schema says.
    fn known_member(
        &mut self,
        state: &State,
        wanted: Wanted<'_>,
        taken: &BTreeSet<String>,
        id: NameId,
    ) -> Found {
        self.spend(1 + state.asserted.len());
        if self.is_spent() {
            return Found::Unknown;
        }
        let text = self.graph.names.text(id).to_owned();
        if state.absent.contains(&id) || taken.contains(&text) || !self.name_is_taken(state, &text) {
            return Found::Nothing;
        }
        let name = Name::Known(id, &text);
        let Some(beside) = self.serves(state, &name, wanted.reason) else { return Found::Nothing };
        let mut formulas = self.said_of(state, &name);
        formulas.extend(beside);
        formulas.extend(wanted.extra.get(&id).into_iter().flatten());
        match self.solve(formulas) {
            Outcome::Value(value) => Found::Member(text, value),
            Outcome::Unknown => Found::Unknown,
            Outcome::Nothing => Found::Nothing,
        }
    }

    /// The names that the schemas at hand say, and those that may be evaluated.
    fn known_names(&self, state: &State, reason: Reason) -> BTreeSet<NameId> {
        let mut names: BTreeSet<NameId> = state.present.clone();
        let about = reason.node().and_then(|id| self.graph.node(id).object.as_deref());
        for rules in self.rules_of(state).map(|(_, rules)| rules).chain(about) {
            names.extend(rules.properties.iter().map(|(name, _)| *name));
        }
        names.extend(state.absent.iter());
        names.extend(self.listed_names(state).iter().filter_map(|name| self.graph.names.id(name)));
        if self.graph.has_unevaluated() {
            self.add_names_of_parts(state, &mut names);
        }
        names
    }

    /// Adds the names that parts declare of what says something of unevaluated members, whether these parts hold or not:
    /// as long as that is open, such a name may be evaluated where a fresh one is not.
    fn add_names_of_parts(&self, state: &State, names: &mut BTreeSet<NameId>) {
        let closed = self.rules_of(state).filter(|(_, rules)| rules.unevaluated.is_some());
        let mut left: Vec<NodeId> = closed.map(|(id, _)| id).collect();
        let mut met: BTreeSet<NodeId> = left.iter().copied().collect();
        while let Some(id) = left.pop() {
            self.spend(1);
            let node = self.graph.node(id);
            let declared = node.object.iter().flat_map(|rules| &rules.properties);
            names.extend(declared.map(|(name, _)| *name));
            node.for_each_in_place(|part| {
                if met.insert(part) {
                    left.push(part);
                }
            });
        }
    }

    /// The names that `propertyNames` list, where they list any.
    fn listed_names(&self, state: &State) -> Vec<&str> {
        let names = self.rules_of(state).filter_map(|(_, rules)| rules.names);
        let values = names.filter_map(|names| self.graph.node(names).values.as_deref());
        values.flat_map(|values| values.iter()).filter_map(Value::as_str).collect()
    }

    fn fresh_member(&mut self, state: &State, wanted: Wanted<'_>, taken: &BTreeSet<String>) -> Found {
        let about = wanted.reason.node().and_then(|id| self.graph.node(id).object.as_deref());
        let mut patterns: Vec<PatternId> = Vec::new();
        for rules in self.rules_of(state).map(|(_, rules)| rules).chain(about) {
            patterns.extend(rules.patterns.iter().map(|(pattern, _)| *pattern));
        }
        patterns.sort_unstable();
        patterns.dedup();
        if patterns.len() > MAX_PATTERNS {
            return Found::Unknown;
        }
        let mut unknown = false;
        for signs in 0..1_u32 << patterns.len() {
            let matched: Vec<(PatternId, bool)> = patterns
                .iter()
                .enumerate()
                .map(|(bit, pattern)| (*pattern, signs & (1 << bit) != 0))
                .collect();
            match self.fresh_of(state, wanted, &matched, taken) {
                Found::Nothing => {}
                Found::Unknown => unknown = true,
                found @ Found::Member(..) => return found,
            }
        }
        if unknown { Found::Unknown } else { Found::Nothing }
    }

    /// A member whose name no schema says, and which matches just these patterns.
    fn fresh_of(
        &mut self,
        state: &State,
        wanted: Wanted<'_>,
        matched: &[(PatternId, bool)],
        taken: &BTreeSet<String>,
    ) -> Found {
        let name = Name::Fresh { matched: matched.to_vec() };
        let Some(beside) = self.serves(state, &name, wanted.reason) else { return Found::Nothing };
        let mut formulas = self.said_of(state, &name);
        formulas.extend(beside);
        let value = match self.solve(formulas) {
            Outcome::Nothing => return Found::Nothing,
            Outcome::Unknown => None,
            Outcome::Value(value) => Some(value),
        };
        let mut spelled: Vec<Formula> =
            self.rules_of(state).filter_map(|(_, rules)| rules.names).map(Formula::Keeps).collect();
        if let Reason::Lit(Lit::Name(id)) = wanted.reason {
            let names = self.graph.node(id).object.as_ref().and_then(|rules| rules.names);
            spelled.extend(names.map(Formula::Breaks));
        }
        spelled.extend(matched.iter().map(|(pattern, must)| Formula::Is(Lit::Matches(*pattern, *must))));
        let any_name = spelled.clone();
        spelled.push(Formula::Is(Lit::Fresh));
        // A name is a text: whatever else `propertyNames` takes does not count.
        match (self.text_cell(&spelled), value) {
            (Outcome::Nothing, _) => self.member_said_elsewhere(state, wanted, taken, &any_name),
            (Outcome::Value(Value::String(text)), Some(value)) => {
                let text = self.unlike(&text, taken, &spelled);
                text.map_or(Found::Unknown, |text| Found::Member(text, value))
            }
            _ => Found::Unknown,
        }
    }

    /// Only names that some schema says are left: those that `any_name` allows and that were not tried yet.
    fn member_said_elsewhere(
        &mut self,
        state: &State,
        wanted: Wanted<'_>,
        taken: &BTreeSet<String>,
        any_name: &[Formula],
    ) -> Found {
        let count = self.graph.names.len();
        if count > MAX_NAMES {
            let tried = !self.listed_names(state).is_empty();
            let none = tried || self.text_cell(any_name).is_nothing();
            return if none { Found::Nothing } else { Found::Unknown };
        }
        self.spend(count * any_name.len() / 4);
        let tried = self.known_names(state, wanted.reason);
        let allowed = |id: &NameId| {
            let text = Value::String(self.graph.names.text(*id).to_owned());
            !tried.contains(id) && self.holds(any_name, &text)
        };
        let left: Vec<NameId> = (0..count as NameId).filter(allowed).collect();
        let mut unknown = false;
        for id in left {
            match self.known_member(state, wanted, taken, id) {
                Found::Nothing => {}
                Found::Unknown => unknown = true,
                found @ Found::Member(..) => return found,
            }
        }
        if unknown { Found::Unknown } else { Found::Nothing }
    }

    /// A text as `spelled` that is not taken yet.
    fn unlike(&self, text: &str, taken: &BTreeSet<String>, spelled: &[Formula]) -> Option<String> {
        let endings = std::iter::once(String::new()).chain((0..200).map(|number| number.to_string()));
        endings
            .map(|ending| format!("{text}{ending}"))
            .find(|text| !taken.contains(text) && self.holds(spelled, &Value::String(text.clone())))
    }
}
