//! Numbers, compared as what they are: no rounding.

use std::cmp::Ordering;

use serde_json::{Number, Value};

/// A JSON number as it was read: a whole one exactly, any other as the nearest double.
#[derive(Debug, Clone, Copy)]
pub(in crate::compat) enum Num {
    Whole(i128),
    /// Not whole, or too large for an `i128`.
    Float(f64),
}

/// Doubles below this are read as whole numbers where they are whole.
const WHOLE_BELOW: f64 = 1e36;

impl Num {
    pub(in crate::compat) fn of(number: &Number) -> Self {
        if let Some(whole) = number.as_i128() {
            return Self::Whole(whole);
        }
        Self::of_float(number.as_f64().unwrap_or_default())
    }

    pub(in crate::compat) fn of_float(float: f64) -> Self {
        if float.fract() == 0.0 && float.abs() < WHOLE_BELOW {
            Self::Whole(float as i128)
        } else {
            Self::Float(float)
        }
    }

    pub(in crate::compat) fn is_integer(self) -> bool {
        match self {
            Self::Whole(_) => true,
            Self::Float(float) => float.fract() == 0.0,
        }
    }

    /// The number as it stands in an event; `None` if events hold no such number.
    pub(in crate::compat) fn to_value(self) -> Option<Value> {
        match self {
            Self::Whole(whole) => {
                if let Ok(small) = i64::try_from(whole) {
                    return Some(small.into());
                }
                if let Ok(large) = u64::try_from(whole) {
                    return Some(large.into());
                }
                // Beyond them events hold doubles.
                let float = whole as f64;
                if float as i128 == whole { Number::from_f64(float).map(Value::Number) } else { None }
            }
            Self::Float(float) => Number::from_f64(float).map(Value::Number),
        }
    }

    pub(in crate::compat) fn as_float(self) -> f64 {
        match self {
            Self::Whole(whole) => whole as f64,
            Self::Float(float) => float,
        }
    }
}

impl PartialEq for Num {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Num {}

impl PartialOrd for Num {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Num {
    fn cmp(&self, other: &Self) -> Ordering {
        match (*self, *other) {
            (Self::Whole(left), Self::Whole(right)) => left.cmp(&right),
            (Self::Float(left), Self::Float(right)) => left.total_cmp(&right),
            (Self::Whole(whole), Self::Float(float)) => compare_whole(whole, float),
            (Self::Float(float), Self::Whole(whole)) => compare_whole(whole, float).reverse(),
        }
    }
}

/// `float` is not whole or beyond [`WHOLE_BELOW`]: it never equals `whole`.
fn compare_whole(whole: i128, float: f64) -> Ordering {
    if float.abs() >= WHOLE_BELOW {
        return if float > 0.0 { Ordering::Less } else { Ordering::Greater };
    }
    if whole <= float.floor() as i128 { Ordering::Less } else { Ordering::Greater }
}

/// One end of a range of numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::compat) struct Limit {
    pub(in crate::compat) at: Num,
    /// Whether `at` itself is outside.
    pub(in crate::compat) open: bool,
}

impl Limit {
    pub(in crate::compat) fn admits_above(self, number: Num) -> bool {
        if self.open { number > self.at } else { number >= self.at }
    }

    pub(in crate::compat) fn admits_below(self, number: Num) -> bool {
        if self.open { number < self.at } else { number <= self.at }
    }

    /// The tighter of two lower limits.
    pub(in crate::compat) fn higher(self, other: Self) -> Self {
        match self.at.cmp(&other.at) {
            Ordering::Less => other,
            Ordering::Greater => self,
            Ordering::Equal => Self { open: self.open || other.open, ..self },
        }
    }

    /// The tighter of two upper limits.
    pub(in crate::compat) fn lower(self, other: Self) -> Self {
        match self.at.cmp(&other.at) {
            Ordering::Less => self,
            Ordering::Greater => other,
            Ordering::Equal => Self { open: self.open || other.open, ..self },
        }
    }
}

/// A decimal number, `mantissa × 10^exponent`, without trailing zeros.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(in crate::compat) struct Decimal {
    mantissa: i128,
    exponent: i32,
}

impl Decimal {
    pub(in crate::compat) const ONE: Self = Self { mantissa: 1, exponent: 0 };

    /// The decimal that the number is written as, the shortest for a double. `None` if it is too long.
    pub(in crate::compat) fn of(number: Num) -> Option<Self> {
        match number {
            Num::Whole(whole) => Some(Self { mantissa: whole, exponent: 0 }.trimmed()),
            Num::Float(float) => {
                let text = format!("{float:e}");
                let (digits, exponent) = text.split_once('e')?;
                let exponent: i32 = exponent.parse().ok()?;
                let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
                let mantissa: i128 = format!("{whole}{fraction}").parse().ok()?;
                Some(Self { mantissa, exponent: exponent - fraction.len() as i32 }.trimmed())
            }
        }
    }

    fn trimmed(self) -> Self {
        let Self { mut mantissa, mut exponent } = self;
        if mantissa == 0 {
            return Self { mantissa: 0, exponent: 0 };
        }
        while mantissa % 10 == 0 {
            mantissa /= 10;
            exponent += 1;
        }
        Self { mantissa, exponent }
    }

    pub(in crate::compat) fn is_positive(self) -> bool {
        self.mantissa > 0
    }

    /// Both mantissas with one exponent, `None` on overflow.
    fn aligned(self, other: Self) -> Option<(i128, i128, i32)> {
        let exponent = self.exponent.min(other.exponent);
        let scaled = |decimal: Self| {
            let factor = 10_i128.checked_pow(u32::try_from(decimal.exponent - exponent).ok()?)?;
            decimal.mantissa.checked_mul(factor)
        };
        Some((scaled(self)?, scaled(other)?, exponent))
    }

    /// Whether this is a whole multiple of `step`, `None` if the numbers are too long to tell.
    pub(in crate::compat) fn is_multiple_of(self, step: Self) -> Option<bool> {
        let (value, step, _) = self.aligned(step)?;
        value.checked_rem(step).map(|rest| rest == 0)
    }

    /// The least common multiple of two positive decimals.
    pub(in crate::compat) fn common_multiple(self, other: Self) -> Option<Self> {
        let (left, right, exponent) = self.aligned(other)?;
        let mantissa = (left / greatest_divisor(left, right)?).checked_mul(right)?;
        Some(Self { mantissa, exponent }.trimmed())
    }

    /// The last multiple of this at or below `number`, as a factor. `None` if the numbers are too long to tell.
    pub(in crate::compat) fn factor_near(self, number: Num) -> Option<i128> {
        let (number, step, _) = Self::of(number)?.aligned(self)?;
        number.checked_div_euclid(step)
    }

    pub(in crate::compat) fn times(self, factor: i128) -> Option<Self> {
        Some(Self { mantissa: self.mantissa.checked_mul(factor)?, exponent: self.exponent }.trimmed())
    }

    pub(in crate::compat) fn as_float(self) -> f64 {
        format!("{}e{}", self.mantissa, self.exponent).parse().unwrap_or_default()
    }

    /// The nearest JSON number.
    pub(in crate::compat) fn to_num(self) -> Num {
        let whole = u32::try_from(self.exponent)
            .ok()
            .and_then(|exponent| 10_i128.checked_pow(exponent)?.checked_mul(self.mantissa));
        match whole {
            Some(whole) if i64::try_from(whole).is_ok() || u64::try_from(whole).is_ok() => Num::Whole(whole),
            _ => Num::of_float(self.as_float()),
        }
    }
}

fn greatest_divisor(mut left: i128, mut right: i128) -> Option<i128> {
    while right != 0 {
        (left, right) = (right, left.checked_rem(right)?);
    }
    (left != 0).then_some(left)
}

#[cfg(test)]
mod tests {
    use super::{Decimal, Num};

    fn decimal(float: f64) -> Decimal {
        Decimal::of(Num::of_float(float)).unwrap()
    }

    #[test]
    fn multiples_are_decided_in_decimal() {
        for (value, step, is) in [
            (0.3, 0.1, true),
            (0.07, 0.01, true),
            (10.0, 5.0, true),
            (7.0, 13.0, false),
            (0.5, 0.25, true),
            (1e300, 2.0, true),
        ] {
            let found = decimal(value).is_multiple_of(decimal(step));
            assert!(found == Some(is) || (found.is_none() && value > 1e30), "{value} {step} {found:?}");
        }
        assert_eq!(decimal(0.4).common_multiple(decimal(0.6)), Some(decimal(1.2)));
        assert_eq!(decimal(0.5), decimal(0.50));
    }

    #[test]
    fn whole_numbers_and_doubles_compare_exactly() {
        assert!(Num::Whole(9_007_199_254_740_993) > Num::of_float(9_007_199_254_740_992.0));
        assert!(Num::Whole(1) < Num::of_float(1.5));
        assert!(Num::Whole(2) > Num::of_float(1.5));
        assert!(Num::Whole(-1) > Num::of_float(-1.5));
        assert_eq!(Num::Whole(1), Num::of_float(1.0));
        assert!(Num::Whole(i128::from(u64::MAX)) < Num::of_float(1e300));
        let beyond = i128::from(u64::MAX) + 1;
        assert!(Num::Whole(beyond).to_value().is_some_and(|value| value.as_f64() == Some(beyond as f64)));
        assert_eq!(Num::Whole(beyond + 1).to_value(), None);
    }
}
