//! Is there a value that keeps to these schemas and breaks those? The one question behind every verdict.
//!
//! A *cell* is a set of [`Formula`]s about one value. [`Solver::solve`] takes the kinds of values one by one,
//! follows `allOf` and `$ref`, branches where a schema leaves a choice (`anyOf`, `oneOf`, `if`, and the
//! keywords of a schema that must be broken), and ends in a set of plain rules about a number, a text, a list or
//! an object. Their members and elements are cells again.
//!
//! [`Outcome::Nothing`] is a proof: every step keeps every value that could be one. [`Outcome::Value`] carries
//! the value, checked against the cell. Anything else is [`Outcome::Unknown`].
//!
//! Recursion ends because JSON values do: a cell that comes up again inside itself needs no second look, for
//! the smallest value of it holds none.

mod alternatives;
mod elements;
mod evaluated;
mod formula;
mod holds;
mod members;
mod names;
mod numbers;
mod refute;
mod state;
mod sweep;
mod text;

use std::cell::Cell;
use std::collections::HashMap;

use serde_json::Value;

pub(super) use formula::Formula;
use refute::Summaries;
use state::State;

use super::graph::{Graph, Kinds};

/// How deep cells may stand inside each other. Deeper ones are not decided.
const MAX_CELLS: usize = 64;
/// How many choices may stand open at once, on the stack. Beyond, nothing is decided.
const MAX_CHOICES: usize = 1_000;

/// What a search came to.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Outcome {
    /// There is no such value.
    Nothing,
    /// This is one.
    Value(Value),
    /// Not decided.
    Unknown,
}

impl Outcome {
    pub(super) fn is_nothing(&self) -> bool {
        *self == Self::Nothing
    }
}

/// Searches, within a budget.
#[derive(Debug)]
pub(super) struct Solver<'g> {
    graph: &'g Graph,
    summaries: Summaries,
    /// Steps that are left.
    left: Cell<u64>,
    /// The cells being solved, outermost first.
    open: Vec<Box<[Formula]>>,
    /// The outermost open cell that the current answer leans on.
    leaned_on: usize,
    known: HashMap<Box<[Formula]>, Outcome>,
    choices: usize,
}

impl<'g> Solver<'g> {
    /// A solver that stops after `steps`.
    pub(super) fn new(graph: &'g Graph, steps: u64) -> Self {
        Self {
            graph,
            summaries: Summaries::of(graph),
            left: Cell::new(steps),
            open: Vec::new(),
            leaned_on: usize::MAX,
            known: HashMap::new(),
            choices: 0,
        }
    }

    /// Takes some steps.
    fn spend(&self, steps: usize) {
        self.left.set(self.left.get().saturating_sub(steps as u64));
    }

    /// Whether no step is left: nothing more is decided.
    pub(super) fn is_spent(&self) -> bool {
        self.left.get() == 0
    }

    /// Takes one step; whether there was one left.
    fn step(&self) -> bool {
        let any = !self.is_spent();
        self.spend(1);
        any
    }

    /// How many steps are left.
    pub(super) fn left(&self) -> u64 {
        self.left.get()
    }

    /// Whether some value keeps to all of `formulas`.
    pub(super) fn solve(&mut self, mut formulas: Vec<Formula>) -> Outcome {
        formulas.sort_unstable();
        formulas.dedup();
        let key: Box<[Formula]> = formulas.into();
        if let Some(outcome) = self.known.get(&key) {
            return outcome.clone();
        }
        if let Some(index) = self.open.iter().position(|open| *open == key) {
            self.leaned_on = self.leaned_on.min(index);
            return Outcome::Nothing;
        }
        if self.open.len() >= MAX_CELLS || !self.step() {
            return Outcome::Unknown;
        }
        let outer = std::mem::replace(&mut self.leaned_on, usize::MAX);
        self.open.push(key.clone());
        let outcome = self.cell(&key);
        self.open.pop();
        let depth = self.open.len();
        // An answer that leans on an outer cell holds inside that cell only.
        let stands_alone = self.leaned_on >= depth || matches!(outcome, Outcome::Value(_));
        self.leaned_on = outer.min(if self.leaned_on < depth { self.leaned_on } else { usize::MAX });
        if stands_alone {
            self.known.insert(key, outcome.clone());
        }
        outcome
    }

    fn cell(&mut self, formulas: &[Formula]) -> Outcome {
        let mut outcome = Outcome::Nothing;
        for kind in Kinds::EACH {
            let mut state = State::new(kind);
            if !state.add(self.graph, formulas.iter().copied()) {
                continue;
            }
            match self.search(state) {
                Outcome::Nothing => {}
                Outcome::Unknown => outcome = Outcome::Unknown,
                found @ Outcome::Value(_) => return found,
            }
        }
        outcome
    }

    /// Whether some text is as `formulas` say.
    fn text_cell(&mut self, formulas: &[Formula]) -> Outcome {
        let mut state = State::new(Kinds::TEXT);
        if !self.step() {
            return Outcome::Unknown;
        }
        if state.add(self.graph, formulas.iter().copied()) { self.search(state) } else { Outcome::Nothing }
    }

    /// Decides a state: takes what is forced, then branches on the choice with the fewest ways.
    fn search(&mut self, mut state: State) -> Outcome {
        loop {
            if !self.step() || self.choices > MAX_CHOICES {
                return Outcome::Unknown;
            }
            if let Some(outcome) = self.listed(&state) {
                return outcome;
            }
            match self.next_choice(&state) {
                alternatives::Choice::None => return self.leaf_or_split(state),
                alternatives::Choice::Impossible => return Outcome::Nothing,
                alternatives::Choice::Settled(index) => state.settle(index),
                alternatives::Choice::Forced(index, way) => {
                    state.settle(index);
                    if !state.take(self.graph, &self.summaries, &way) {
                        return Outcome::Nothing;
                    }
                }
                alternatives::Choice::Ways { index, ways, complete } => {
                    if self.member_fails(&mut state) {
                        return Outcome::Nothing;
                    }
                    if state.kind == Kinds::NUMBER
                        && let Some(outcome) = self.sweep(&state)
                    {
                        return outcome;
                    }
                    state.settle(index);
                    return self.branch(&state, &ways, complete);
                }
                alternatives::Choice::Spent => return Outcome::Unknown,
            }
        }
    }

    fn branch(&mut self, state: &State, ways: &[alternatives::Way], complete: bool) -> Outcome {
        let mut outcome = if complete { Outcome::Nothing } else { Outcome::Unknown };
        self.choices += 1;
        for way in ways {
            self.spend(state.size());
            let mut next = state.clone();
            if !next.take(self.graph, &self.summaries, way) {
                continue;
            }
            match self.search(next) {
                Outcome::Nothing => {}
                Outcome::Unknown => outcome = Outcome::Unknown,
                found @ Outcome::Value(_) => {
                    outcome = found;
                    break;
                }
            }
        }
        self.choices -= 1;
        outcome
    }

    /// Where the value is one of a few, each is tried.
    fn listed(&self, state: &State) -> Option<Outcome> {
        let values: &[Value] = if state.kind == Kinds::NULL {
            &[Value::Null]
        } else if state.kind == Kinds::BOOLEAN {
            &[Value::Bool(false), Value::Bool(true)]
        } else {
            let lists = state.asserted.iter().filter_map(|id| self.graph.node(*id).values.as_deref());
            lists.min_by_key(|values| values.len())?
        };
        let found = values.iter().find(|value| self.state_holds(state, value));
        if found.is_none() && self.is_spent() {
            return Some(Outcome::Unknown);
        }
        Some(found.map_or(Outcome::Nothing, |value| Outcome::Value(value.clone())))
    }

    /// Decides a state without a choice, or goes two ways from it where what parts look at is open.
    fn leaf_or_split(&mut self, mut state: State) -> Outcome {
        let outcome = self.leaf(&state);
        if outcome != Outcome::Unknown {
            return outcome;
        }
        let Some(ways) = self.split(&state) else { return outcome };
        state.splits += 1;
        self.branch(&state, &ways.map(alternatives::Way::one), true)
    }

    /// Nothing is left to choose: what remains are plain rules about one kind.
    fn leaf(&mut self, state: &State) -> Outcome {
        let outcome = if state.kind == Kinds::NUMBER {
            self.number(state)
        } else if state.kind == Kinds::TEXT {
            self.text(state)
        } else if state.kind == Kinds::LIST {
            self.elements(state)
        } else {
            self.members(state)
        };
        match outcome {
            Outcome::Value(value) if !self.state_holds(state, &value) => Outcome::Unknown,
            outcome => outcome,
        }
    }
}
