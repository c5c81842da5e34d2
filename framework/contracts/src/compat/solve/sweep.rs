//! Numbers about which schemas ask for nothing but bounds and listed values: between two neighbouring ends all numbers
//! of a kind fare alike, so one of each tells of all.

use std::collections::BTreeSet;

use crate::compat::graph::{Kinds, NodeId, Num};

use super::state::{Pending, State};
use super::{Outcome, Solver};

/// How many schemas may be about the number.
const MAX_SCHEMAS: usize = 5_000;

/// How many looks at a schema a sweep may take.
const MAX_LOOKS: usize = 4_000_000;

/// Where a fraction is looked for between two numbers.
const BETWEEN: [f64; 5] = [0.5, 0.25, 0.7, 0.1, 0.9];

impl Solver<'_> {
    /// Tries a number for each stretch that the schemas tell apart. `None` if they ask for more, or are too many.
    pub(super) fn sweep(&self, state: &State) -> Option<Outcome> {
        let (schemas, ends) = self.ends(state)?;
        let (numbers, complete) = candidates(&ends, state.kinds);
        let looks = numbers.len().saturating_mul(schemas);
        if looks > MAX_LOOKS {
            return None;
        }
        self.spend(looks / 8);
        let mut values = numbers.into_iter().filter_map(Num::to_value);
        match values.find(|value| self.state_holds(state, value)) {
            Some(value) => Some(Outcome::Value(value)),
            None => (complete && !self.graph.gave_up() && !self.is_spent()).then_some(Outcome::Nothing),
        }
    }

    /// How many schemas are about the number, and all at which they change their mind, in order.
    fn ends(&self, state: &State) -> Option<(usize, Vec<Num>)> {
        let mut left: Vec<NodeId> = state.asserted.iter().chain(&state.broken).copied().collect();
        left.extend(state.pending.iter().map(|pending| match pending {
            Pending::Any(id)
            | Pending::One(id)
            | Pending::Conditional(id)
            | Pending::Broken(id)
            | Pending::Excluded(id) => *id,
        }));
        let mut seen: BTreeSet<NodeId> = left.iter().copied().collect();
        let mut ends: Vec<Num> = Vec::new();
        while let Some(id) = left.pop() {
            let node = self.graph.node(id);
            if node.step().is_some() || seen.len() > MAX_SCHEMAS {
                return None;
            }
            ends.extend([node.minimum(), node.maximum()].into_iter().flatten().map(|limit| limit.at));
            let listed = node.values.iter().flat_map(|values| values.iter());
            ends.extend(listed.filter_map(|value| Some(Num::of(value.as_number()?))));
            if ends.len() > MAX_SCHEMAS {
                return None;
            }
            node.for_each_in_place(|part| {
                if seen.insert(part) {
                    left.push(part);
                }
            });
        }
        ends.sort_unstable();
        ends.dedup();
        Some((seen.len(), ends))
    }
}

/// One number of each kind at each end, between each two, below the first and above the last; and whether none that
/// there may be is missing.
fn candidates(ends: &[Num], kinds: Kinds) -> (Vec<Num>, bool) {
    let mut numbers: Vec<Num> = ends.to_vec();
    let mut complete = ends.iter().all(|end| end.to_value().is_some());
    let lows = std::iter::once(None).chain(ends.iter().copied().map(Some));
    let highs = ends.iter().copied().map(Some).chain(std::iter::once(None));
    for (low, high) in lows.zip(highs) {
        if kinds.meets(Kinds::INTEGER) {
            match integer_between(low, high) {
                Ok(found) => numbers.extend(found),
                Err(Untold) => complete = false,
            }
        }
        if kinds.meets(Kinds::FRACTION) {
            match fraction_between(low, high) {
                Some(found) => numbers.push(found),
                None => complete = false,
            }
        }
    }
    // Small numbers read well.
    numbers.sort_by(|left, right| left.as_float().abs().total_cmp(&right.as_float().abs()));
    (numbers, complete)
}

fn is_between(number: Num, low: Option<Num>, high: Option<Num>) -> bool {
    low.is_none_or(|low| low < number) && high.is_none_or(|high| number < high)
}

/// Numbers too large to say what lies between them.
#[derive(Debug, PartialEq, Eq)]
struct Untold;

/// An integer strictly between two numbers, if there is one.
fn integer_between(low: Option<Num>, high: Option<Num>) -> Result<Option<Num>, Untold> {
    let floor = |number: Num| match number {
        Num::Whole(whole) => Ok(whole),
        // Beyond all that are read as whole ones, every double is one.
        Num::Float(float) if float.abs() < i64::MAX as f64 => Ok(float.floor() as i128),
        Num::Float(_) => Err(Untold),
    };
    let number = match (low, high) {
        (None, None) => Num::Whole(0),
        (Some(low), _) => Num::Whole(floor(low)?.checked_add(1).ok_or(Untold)?),
        (None, Some(high)) => {
            let floor = floor(high)?;
            Num::Whole(if Num::Whole(floor) < high { floor } else { floor.checked_sub(1).ok_or(Untold)? })
        }
    };
    if !is_between(number, low, high) {
        return Ok(None);
    }
    if number.to_value().is_some() { Ok(Some(number)) } else { Err(Untold) }
}

/// A fraction strictly between two numbers. `None` if none was found.
fn fraction_between(low: Option<Num>, high: Option<Num>) -> Option<Num> {
    let (from, to) = match (low.map(Num::as_float), high.map(Num::as_float)) {
        (None, None) => (0.0, 1.0),
        (Some(low), None) => (low, low + 1.0),
        (None, Some(high)) => (high - 1.0, high),
        (Some(low), Some(high)) => (low, high),
    };
    let tried = BETWEEN.into_iter().map(|part| Num::of_float(from + (to - from) * part));
    tried.into_iter().find(|number| !number.is_integer() && is_between(*number, low, high))
}

#[cfg(test)]
mod tests {
    use super::{Untold, candidates, integer_between};
    use crate::compat::graph::{Kinds, Num};

    #[test]
    fn every_stretch_has_its_numbers() {
        let ends = [1.0, 1.5, 2.0, 5.0].map(Num::of_float);
        let (numbers, complete) = candidates(&ends, Kinds::NUMBER);
        assert!(complete);
        // The ends; 0, 3 and 6; one fraction in each of five stretches.
        assert_eq!(numbers.len(), 4 + 3 + 5, "{numbers:?}");
        let (numbers, complete) = candidates(&ends, Kinds::INTEGER);
        assert!(complete);
        assert_eq!(numbers.len(), 4 + 3, "{numbers:?}");
    }

    #[test]
    fn what_cannot_be_written_down_is_not_left_out_in_silence() {
        let huge = Num::of_float(1e300);
        assert_eq!(integer_between(Some(huge), None), Err(Untold));
        // Beyond the largest `u64` events hold doubles, and not every integer is one.
        let beyond = Num::Whole(i128::from(u64::MAX) + 1);
        assert_eq!(integer_between(Some(Num::Whole(u64::MAX.into())), None), Ok(Some(beyond)));
        assert_eq!(integer_between(Some(beyond), None), Err(Untold));
        assert!(!candidates(&[huge], Kinds::NUMBER).1);
        let [low, high] = [1e15, 1e15 + 0.125].map(Num::of_float);
        assert!(!candidates(&[low, high], Kinds::FRACTION).1);
        assert_eq!(integer_between(Some(low), Some(high)), Ok(None));
    }
}
