//! Objects: which members must be there, and what they must be.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value};

use crate::compat::graph::NameId;

use super::evaluated::Name;
use super::formula::{Formula, Lit};
use super::names::{Found, Reason, Wanted};
use super::state::State;
use super::{Outcome, Solver};

/// The most members that are made up to reach `minProperties`.
const MAX_FILLED: u64 = 1_000;

/// How many statements about members without a name are looked at together.
const MAX_WANTED: usize = 8;
/// In how many further members they may have to find room.
const MAX_ROOM: u64 = 3;

/// What is settled of an object so far.
#[derive(Debug, Default)]
struct Object {
    least: u64,
    most: Option<u64>,
    /// What members must be beside what is said of all.
    extra: BTreeMap<NameId, Vec<Formula>>,
    /// Statements about members without a name.
    somewhere: Vec<Lit>,
    found: Map<String, Value>,
    unknown: bool,
}

impl Solver<'_> {
    pub(super) fn members(&mut self, state: &State) -> Outcome {
        let mut object = self.object_of(state);
        if object.most.is_some_and(|most| state.present.len() as u64 > most || object.least > most) {
            return Outcome::Nothing;
        }
        if !self.named_members(state, &mut object) || !self.members_somewhere(state, &mut object) {
            return Outcome::Nothing;
        }
        if object.most.is_some_and(|most| object.found.len() as u64 > most)
            && self.must_hold_more(state, &object)
        {
            return Outcome::Nothing;
        }
        if (object.found.len() as u64) < object.least && !object.unknown && !self.fill(state, &mut object) {
            return Outcome::Nothing;
        }
        if object.unknown { Outcome::Unknown } else { Outcome::Value(Value::Object(object.found)) }
    }

    /// Whether a member that must break its schema cannot, so that no choice still open matters. Each statement is
    /// looked at once on each path.
    pub(super) fn member_fails(&mut self, state: &mut State) -> bool {
        while let Some(lit) = state.lits.get(state.looked_at).copied() {
            state.looked_at += 1;
            let Lit::Member(id, index) = lit else { continue };
            let property = self.graph.node(id).object.as_ref();
            let Some((name, schema)) =
                property.and_then(|rules| rules.properties.get(index as usize).copied())
            else {
                continue;
            };
            let text = self.graph.names.text(name).to_owned();
            let mut formulas = self.said_of(state, &Name::Known(name, &text));
            formulas.push(Formula::Breaks(schema));
            if self.solve(formulas).is_nothing() {
                return true;
            }
        }
        false
    }

    fn object_of(&self, state: &State) -> Object {
        let mut object = Object::default();
        for (_, rules) in self.rules_of(state) {
            object.least = object.least.max(rules.least);
            object.most = [object.most, rules.most].into_iter().flatten().min();
        }
        for lit in &state.lits {
            let rules = |id: u32| self.graph.node(id).object.as_deref();
            match *lit {
                Lit::FewerMembers(id) => {
                    let most = rules(id).and_then(|rules| rules.least.checked_sub(1));
                    object.most = [object.most, most].into_iter().flatten().min();
                }
                Lit::MoreMembers(id) => {
                    let most = rules(id).and_then(|rules| rules.most).unwrap_or_default();
                    object.least = object.least.max(most.saturating_add(1));
                }
                Lit::Member(id, index) => {
                    if let Some((name, schema)) =
                        rules(id).and_then(|rules| rules.properties.get(index as usize))
                    {
                        object.extra.entry(*name).or_default().push(Formula::Breaks(*schema));
                    }
                }
                Lit::PatternMember(..) | Lit::RestMember(_) | Lit::Name(_) | Lit::UnevaluatedMember(_) => {
                    object.somewhere.push(*lit);
                }
                _ => {}
            }
        }
        object
    }

    /// The members that must be there by name; those that must break something first. `false` if one cannot be.
    fn named_members(&mut self, state: &State, object: &mut Object) -> bool {
        let broken = state.present.iter().filter(|name| object.extra.contains_key(name));
        let others = state.present.iter().filter(|name| !object.extra.contains_key(name));
        let order: Vec<NameId> = broken.chain(others).copied().collect();
        for id in order {
            self.spend(1 + state.asserted.len());
            let text = self.graph.names.text(id).to_owned();
            if !self.name_is_taken(state, &text) {
                return false;
            }
            let mut formulas = self.said_of(state, &Name::Known(id, &text));
            formulas.extend(object.extra.get(&id).into_iter().flatten());
            match self.solve(formulas) {
                Outcome::Nothing => return false,
                Outcome::Unknown => object.unknown = true,
                Outcome::Value(value) => {
                    object.found.insert(text, value);
                }
            }
        }
        true
    }

    /// The members that must be there under some name. `false` if one cannot be.
    fn members_somewhere(&mut self, state: &State, object: &mut Object) -> bool {
        // Where those that must be there by name are as many as may be, it is one of them.
        let full = object.most == Some(state.present.len() as u64);
        for lit in object.somewhere.clone() {
            let wanted = Wanted { reason: Reason::Lit(lit), extra: &object.extra, full };
            match self.find_member(state, wanted, &BTreeSet::new()) {
                Found::Nothing => return false,
                Found::Unknown => object.unknown = true,
                Found::Member(name, value) => {
                    object.found.insert(name, value);
                }
            }
        }
        true
    }

    /// Whether the members that must be there, by name or because few other names will do, are more than may be.
    fn must_hold_more(&mut self, state: &State, object: &Object) -> bool {
        let mut sets = Vec::new();
        for lit in object.somewhere.iter().take(MAX_WANTED) {
            let wanted = Wanted { reason: Reason::Lit(*lit), extra: &object.extra, full: false };
            let names = self.few_names(state, wanted);
            sets.extend(names.filter(|names| names.is_disjoint(&state.present)));
        }
        let room = object.most.unwrap_or(u64::MAX).saturating_sub(state.present.len() as u64);
        room <= MAX_ROOM && !are_met(&sets, &mut Vec::new(), room)
    }

    /// Adds members until there are enough. `false` if there cannot be.
    fn fill(&mut self, state: &State, object: &mut Object) -> bool {
        if object.least > MAX_FILLED {
            object.unknown = true;
            return true;
        }
        let mut taken: BTreeSet<String> = object.found.keys().cloned().collect();
        while (object.found.len() as u64) < object.least {
            let wanted = Wanted { reason: Reason::Filler, extra: &object.extra, full: false };
            match self.find_member(state, wanted, &taken) {
                Found::Nothing => return false,
                Found::Unknown => {
                    object.unknown = true;
                    return true;
                }
                Found::Member(name, value) => {
                    taken.insert(name.clone());
                    object.found.insert(name, value);
                }
            }
        }
        true
    }
}

/// Whether so many further names, at most, are enough to have one of each set; `chosen` are had already.
fn are_met(sets: &[BTreeSet<NameId>], chosen: &mut Vec<NameId>, room: u64) -> bool {
    let Some(open) = sets.iter().find(|set| !chosen.iter().any(|name| set.contains(name))) else {
        return true;
    };
    let Some(room) = room.checked_sub(1) else { return false };
    open.iter().any(|name| {
        chosen.push(*name);
        let met = are_met(sets, chosen, room);
        chosen.pop();
        met
    })
}
