//! Numbers: `u64`, then negative `i64`, else what `serde_json` makes of them.

use std::str::FromStr;
use std::sync::LazyLock;

use serde::de::Visitor;
use serde_json::Number;

use super::{Json, Unsure};

/// So many digits fit an `i64` whatever they are.
const SURE_DIGITS: usize = 18;

/// Whether `serde_json` was built to keep numbers as their texts (its feature `arbitrary_precision`), which would be lost here.
static NUMBERS_ARE_TEXTS: LazyLock<bool> =
    LazyLock::new(|| "1.00".parse::<Number>().is_ok_and(|number| number.to_string() == "1.00"));

impl<'de> Json<'de> {
    /// Shows the number that begins at the next byte.
    #[inline]
    pub(super) fn number<V: Visitor<'de>>(&mut self, visitor: V) -> Result<V::Value, Unsure> {
        match self.whole() {
            Some((false, value)) => visitor.visit_u64(value.unsigned_abs()),
            Some((true, value)) => visitor.visit_i64(value),
            None => match number(self.token()) {
                Some(number) => show(&number, visitor),
                None => self.unsure(),
            },
        }
    }

    /// The number that begins at the next byte, for who asked for 128 bits.
    pub(super) fn wide<T: FromStr>(&mut self) -> Result<T, Unsure> {
        self.next();
        wide(self.token()).or_else(|_| self.unsure())
    }

    /// The same for who asked for 32 bits of a float, which `serde_json` may read at once or by way of 64.
    pub(super) fn narrow<V: Visitor<'de>>(&mut self, visitor: V) -> Result<V::Value, Unsure> {
        self.next();
        if let Some((_, value)) = self.whole() {
            return if value < 0 {
                visitor.visit_i64(value)
            } else {
                visitor.visit_u64(value.unsigned_abs())
            };
        }
        let token = self.token();
        let narrow = serde_json::from_str::<f32>(token).map(f32::to_bits);
        match (number(token), narrow) {
            (Some(wide), Ok(narrow))
                if wide.as_f64().is_some_and(|wide| (wide as f32).to_bits() == narrow) =>
            {
                show(&wide, visitor)
            }
            _ => self.unsure(),
        }
    }

    /// Steps over a number of few digits and nothing else: whether it is below zero, and its value.
    #[inline]
    fn whole(&mut self) -> Option<(bool, i64)> {
        let bytes = self.text.as_bytes();
        let negative = self.byte() == Some(b'-');
        let first = self.at + usize::from(negative);
        let mut at = first;
        let mut value = 0i64;
        while let Some(byte @ b'0'..=b'9') = bytes.get(at) {
            value = value.wrapping_mul(10).wrapping_add(i64::from(byte - b'0'));
            at += 1;
        }
        let digits = at - first;
        let zero = digits > 0 && bytes.get(first) == Some(&b'0');
        let more = matches!(bytes.get(at), Some(b'.' | b'e' | b'E'));
        if digits == 0 || digits > SURE_DIGITS || zero && (digits > 1 || negative) || more {
            return None;
        }
        self.at = at;
        Some((negative, if negative { -value } else { value }))
    }

    /// Steps over everything that numbers are made of.
    #[cold]
    fn token(&mut self) -> &'de str {
        let rest = self.text.get(self.at..).unwrap_or_default();
        let is_part = |byte: &u8| matches!(byte, b'0'..=b'9' | b'+' | b'-' | b'.' | b'e' | b'E');
        let length = rest.bytes().take_while(is_part).count();
        self.at += length;
        rest.get(..length).unwrap_or_default()
    }
}

/// A whole number of any size.
pub(super) fn wide<T: FromStr>(token: &str) -> Result<T, Unsure> {
    let digits = token.strip_prefix('-').unwrap_or(token);
    let is_whole =
        digits.bytes().all(|byte| byte.is_ascii_digit()) && (digits == "0" || !digits.starts_with('0'));
    if is_whole { token.parse().map_err(|_| Unsure) } else { Err(Unsure) }
}

/// What `serde_json` makes of a number, if that is a value and no text.
#[cold]
pub(super) fn number(token: &str) -> Option<Number> {
    let number: Number = token.parse().ok()?;
    (!number.is_f64() || !*NUMBERS_ARE_TEXTS).then_some(number)
}

/// Shows it.
#[cold]
pub(super) fn show<'de, V: Visitor<'de>>(number: &Number, visitor: V) -> Result<V::Value, Unsure> {
    if let Some(value) = number.as_u64() {
        visitor.visit_u64(value)
    } else if let Some(value) = number.as_i64() {
        visitor.visit_i64(value)
    } else {
        visitor.visit_f64(number.as_f64().ok_or(Unsure)?)
    }
}
