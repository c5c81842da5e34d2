//! Bounds of numbers: exact for integers, cautious for everything else.

use serde_json::Number;

use super::atom::Verdict;

/// How far two floats must be apart, relative to the larger, for their order to be believed. Parsers that do not
/// round to the nearest are off by 1e-15 or less, an `f32` by 1e-7.
const MARGIN: f64 = 1e-6;

/// Below this a float may have lost all its digits.
const SMALLEST: f64 = 1e-30;

/// The bounds of one node.
#[derive(Debug)]
pub(crate) struct NumberRules {
    /// The least and the largest integer, bounds with fractions rounded to the integers inside.
    least: i128,
    most: i128,
    bounds: Vec<Bound>,
}

#[derive(Debug, Clone, Copy)]
struct Bound {
    side: Side,
    limit: f64,
}

/// Which side of a limit a number must be on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Side {
    AtLeast,
    Above,
    AtMost,
    Below,
}

impl NumberRules {
    pub(super) const NONE: Self = Self { least: i128::MIN, most: i128::MAX, bounds: Vec::new() };

    /// Adds a bound.
    pub(super) fn bound(&mut self, side: Side, limit: &Number) {
        let whole = limit.as_i64().map(i128::from).or_else(|| limit.as_u64().map(i128::from));
        // Every JSON number without arbitrary precision is one of the three.
        let float = limit.as_f64().unwrap_or(f64::NAN);
        let is_whole = whole.is_some() || float.fract() == 0.0;
        // A float as large as to saturate is beyond all integers that are compared.
        let at = |rounded: f64| whole.unwrap_or(rounded as i128);
        match side {
            Side::AtLeast => self.least = self.least.max(at(float.ceil())),
            Side::Above => {
                self.least = self.least.max(at(float.floor()).saturating_add(1));
            }
            Side::AtMost => self.most = self.most.min(at(float.floor())),
            Side::Below => self.most = self.most.min(at(float.ceil()).saturating_sub(1)),
        }
        debug_assert!(is_whole || whole.is_none());
        self.bounds.push(Bound { side, limit: float });
    }

    #[inline]
    pub(super) fn integer(&self, value: i128) -> Verdict {
        if value >= self.least && value <= self.most { Verdict::Valid } else { Verdict::Invalid }
    }

    /// Valid or unknown, never invalid.
    pub(super) fn float(&self, value: f64) -> Verdict {
        if self.bounds.iter().all(|bound| bound.surely_holds(value)) {
            Verdict::Valid
        } else {
            Verdict::Unknown
        }
    }
}

impl Bound {
    fn surely_holds(self, value: f64) -> bool {
        // However a zero was rounded, its sign is the one that was written.
        if value == 0.0 && self.limit == 0.0 {
            return match self.side {
                Side::AtLeast => value.is_sign_positive(),
                Side::AtMost => value.is_sign_negative(),
                Side::Above | Side::Below => false,
            };
        }
        let distance = match self.side {
            Side::AtLeast | Side::Above => value - self.limit,
            Side::AtMost | Side::Below => self.limit - value,
        };
        let larger = value.abs().max(self.limit.abs());
        larger > SMALLEST && distance > larger * MARGIN
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn rules(side: Side, limit: &Value) -> NumberRules {
        let mut rules = NumberRules::NONE;
        rules.bound(side, limit.as_number().expect("a number"));
        rules
    }

    #[test]
    fn integers_are_compared_exactly() {
        for (side, limit, inside, outside) in [
            (Side::AtLeast, json!(3), 3, 2),
            (Side::Above, json!(3), 4, 3),
            (Side::AtMost, json!(3), 3, 4),
            (Side::Below, json!(3), 2, 3),
            (Side::AtLeast, json!(2.5), 3, 2),
            (Side::Above, json!(2.5), 3, 2),
            (Side::AtMost, json!(2.5), 2, 3),
            (Side::Below, json!(2.5), 2, 3),
            (Side::Above, json!(3.0), 4, 3),
            (Side::Below, json!(-3.0), -4, -3),
            (Side::AtMost, json!(u64::MAX), i128::from(u64::MAX), i128::from(u64::MAX) + 1),
            (Side::AtLeast, json!(i64::MIN), i128::from(i64::MIN), i128::from(i64::MIN) - 1),
        ] {
            let rules = rules(side, &limit);
            assert_eq!(rules.integer(inside), Verdict::Valid, "{side:?} {limit} {inside}");
            assert_eq!(rules.integer(outside), Verdict::Invalid, "{side:?} {limit} {outside}");
        }
        assert_eq!(rules(Side::AtMost, &json!(1e300)).integer(i128::from(u64::MAX)), Verdict::Valid);
        assert_eq!(rules(Side::Above, &json!(1e300)).integer(i128::from(u64::MAX)), Verdict::Invalid);
    }

    #[test]
    fn floats_near_a_bound_are_left_to_others() {
        let at_least = rules(Side::AtLeast, &json!(1));
        assert_eq!(at_least.float(1.5), Verdict::Valid);
        assert_eq!(at_least.float(1.000_000_1), Verdict::Unknown);
        assert_eq!(at_least.float(0.5), Verdict::Unknown);
        let zero = rules(Side::AtLeast, &json!(0));
        assert_eq!(zero.float(0.0), Verdict::Valid);
        assert_eq!(zero.float(-0.0), Verdict::Unknown);
        assert_eq!(zero.float(0.01), Verdict::Valid);
        assert_eq!(zero.float(5e-324), Verdict::Unknown);
        assert_eq!(rules(Side::Above, &json!(0)).float(0.0), Verdict::Unknown);
    }
}
