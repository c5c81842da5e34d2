//! Numbers: a range, a grid, and some exceptions.

use serde_json::Value;

use crate::compat::graph::{Decimal, Kinds, Limit, Num};

use super::formula::Lit;
use super::state::State;
use super::{Outcome, Solver};

/// How many numbers of a grid are tried.
const MAX_TRIED: i128 = 256;

/// Where a number may lie.
#[derive(Debug, Clone, Copy, Default)]
struct Range {
    low: Option<Limit>,
    high: Option<Limit>,
}

impl Range {
    fn above(&mut self, limit: Limit) {
        self.low = Some(self.low.map_or(limit, |low| low.higher(limit)));
    }

    fn below(&mut self, limit: Limit) {
        self.high = Some(self.high.map_or(limit, |high| high.lower(limit)));
    }

    fn is_empty(self) -> bool {
        let (Some(low), Some(high)) = (self.low, self.high) else { return false };
        low.at > high.at || (low.at == high.at && (low.open || high.open))
    }

    /// The one number that it holds, if it holds no other.
    fn only(self) -> Option<Num> {
        let (low, high) = (self.low?, self.high?);
        (low.at == high.at && !low.open && !high.open).then_some(low.at)
    }

    fn holds(self, number: Num) -> bool {
        self.low.is_none_or(|limit| limit.admits_above(number))
            && self.high.is_none_or(|limit| limit.admits_below(number))
    }
}

impl Solver<'_> {
    pub(super) fn number(&mut self, state: &State) -> Outcome {
        match self.in_range(state) {
            Outcome::Unknown => self.sweep(state).unwrap_or(Outcome::Unknown),
            outcome => outcome,
        }
    }

    fn in_range(&self, state: &State) -> Outcome {
        let mut range = Range::default();
        let mut steps: Vec<Decimal> = Vec::new();
        for id in &state.asserted {
            let node = self.graph.node(*id);
            node.minimum().into_iter().for_each(|limit| range.above(limit));
            node.maximum().into_iter().for_each(|limit| range.below(limit));
            steps.extend(node.step());
        }
        for lit in &state.lits {
            match lit {
                Lit::Below(id) => {
                    let limit = self.graph.node(*id).minimum();
                    if let Some(limit) = limit {
                        range.below(Limit { open: !limit.open, ..limit });
                    }
                }
                Lit::Above(id) => {
                    let limit = self.graph.node(*id).maximum();
                    if let Some(limit) = limit {
                        range.above(Limit { open: !limit.open, ..limit });
                    }
                }
                _ => {}
            }
        }
        if range.is_empty() {
            return Outcome::Nothing;
        }
        if let Some(only) = range.only() {
            return match only.to_value() {
                Some(value) if self.state_holds(state, &value) => Outcome::Value(value),
                Some(_) => Outcome::Nothing,
                None => Outcome::Unknown,
            };
        }
        if !state.kinds.meets(Kinds::FRACTION) {
            steps.push(Decimal::ONE);
        }
        let grid = match steps.split_first() {
            None => None,
            Some((first, others)) => {
                let common = others.iter().try_fold(*first, |common, step| common.common_multiple(*step));
                let Some(common) = common else { return Outcome::Unknown };
                Some(common)
            }
        };
        match grid {
            Some(grid) => self.on_grid(state, range, grid),
            None => self.anywhere(state, range),
        }
    }

    fn on_grid(&self, state: &State, range: Range, grid: Decimal) -> Outcome {
        if !state.kinds.meets(Kinds::INTEGER) && grid.is_multiple_of(Decimal::ONE) == Some(true) {
            return Outcome::Nothing;
        }
        for lit in &state.lits {
            if let Lit::OffStep(id) = lit
                && let Some(step) = self.graph.node(*id).step()
                && grid.is_multiple_of(step) == Some(true)
            {
                return Outcome::Nothing;
            }
        }
        let low = range.low.and_then(|limit| grid.factor_near(limit.at));
        let high = range.high.and_then(|limit| grid.factor_near(limit.at));
        if (range.low.is_some() && low.is_none()) || (range.high.is_some() && high.is_none()) {
            return Outcome::Unknown;
        }
        // Every factor that may be in range, if they are few.
        let every = low.zip(high).and_then(|(low, high)| {
            let span = high.checked_sub(low)?;
            (span <= MAX_TRIED).then(|| (low - 1..=high + 1).collect::<Vec<_>>())
        });
        let complete = every.is_some();
        let factors = every.unwrap_or_else(|| {
            let near = |at: i128| (-4..=MAX_TRIED / 4).map(move |offset| at.saturating_add(offset));
            let below = |at: i128| (-MAX_TRIED / 4..=4).rev().map(move |offset| at.saturating_add(offset));
            let mut factors: Vec<i128> = Vec::new();
            factors.extend(low.into_iter().flat_map(near));
            factors.extend(high.into_iter().flat_map(below));
            factors.extend((0..MAX_TRIED / 4).flat_map(|factor| [factor, -factor]));
            factors
        });
        let numbers = factors.into_iter().filter_map(|factor| Some(grid.times(factor)?.to_num()));
        let mut found = numbers.filter(|number| range.holds(*number)).peekable();
        if complete && found.peek().is_none() {
            return Outcome::Nothing;
        }
        let value = found.filter_map(Num::to_value).find(|value| self.state_holds(state, value));
        match value {
            Some(value) => Outcome::Value(value),
            // All of them were looked at; a double may round, so only whole numbers count as looked at.
            None if complete && grid.is_multiple_of(Decimal::ONE) == Some(true) => Outcome::Nothing,
            None => Outcome::Unknown,
        }
    }

    fn anywhere(&self, state: &State, range: Range) -> Outcome {
        let mut candidates: Vec<Num> = Vec::new();
        let ends = [range.low, range.high].into_iter().flatten().map(|limit| limit.at);
        for at in ends.chain([Num::Whole(0)]) {
            let float = at.as_float();
            candidates.push(at);
            for offset in [1.0, 0.5, 0.25, 0.1, 0.01, 0.001, float.abs() * 1e-9, float.abs() * f64::EPSILON] {
                candidates.push(Num::of_float(float + offset));
                candidates.push(Num::of_float(float - offset));
            }
        }
        if let (Some(low), Some(high)) = (range.low, range.high) {
            let (low, high) = (low.at.as_float(), high.at.as_float());
            candidates
                .extend([0.5, 0.25, 0.75, 0.1, 0.9].map(|part| Num::of_float(low + (high - low) * part)));
        }
        for lit in &state.lits {
            if let Lit::OffStep(id) = lit
                && let Some(step) = self.graph.node(*id).step()
            {
                candidates.extend([0.5, 1.5, 1.0 / 3.0].map(|part| Num::of_float(step.as_float() * part)));
            }
        }
        let found = candidates.into_iter().filter(|number| range.holds(*number));
        let value: Option<Value> =
            found.filter_map(Num::to_value).find(|value| self.state_holds(state, value));
        value.map_or(Outcome::Unknown, Outcome::Value)
    }
}
