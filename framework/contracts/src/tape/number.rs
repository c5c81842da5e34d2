//! Numbers, exactly as `serde_json` reads them: `u64`, then negative `i64`, else the nearest `f64`.

use super::{Entry, Refusal};
use crate::UndecodableReason as Why;

/// Reads the number that starts at byte `start`; returns it and the index of the byte after it.
pub(super) fn read(source: &str, start: usize) -> Result<(Entry, usize), Refusal> {
    let bytes = source.as_bytes();
    let negative = bytes.get(start) == Some(&b'-');
    let first = start + usize::from(negative);
    let (magnitude, mut at) = whole(bytes, first)?;
    let mut written_whole = true;
    if bytes.get(at) == Some(&b'.') {
        at = digits(bytes, at + 1)?;
        written_whole = false;
    }
    if let Some(b'e' | b'E') = bytes.get(at) {
        let sign = usize::from(matches!(bytes.get(at + 1), Some(b'+' | b'-')));
        at = digits(bytes, at + 1 + sign)?;
        written_whole = false;
    }
    let whole = magnitude.filter(|_| written_whole).and_then(|value| integer(negative, value));
    let entry = match whole {
        Some(entry) => entry,
        None => float(source, start, at)?,
    };
    Ok((entry, at))
}

/// `-0` is a float, as is what fits neither `u64` nor `i64`.
fn integer(negative: bool, magnitude: u64) -> Option<Entry> {
    if !negative {
        Some(Entry::Unsigned(magnitude))
    } else if magnitude == 0 {
        None
    } else {
        0i64.checked_sub_unsigned(magnitude).map(Entry::Signed)
    }
}

/// The digits before point and exponent: their value if it fits, and the index after them.
fn whole(bytes: &[u8], start: usize) -> Result<(Option<u64>, usize), Refusal> {
    let mut value = Some(0u64);
    let mut at = start;
    while let Some(byte @ b'0'..=b'9') = bytes.get(at) {
        let digit = u64::from(byte - b'0');
        value = value.and_then(|value| value.checked_mul(10)?.checked_add(digit));
        at += 1;
    }
    let leading_zero = at > start + 1 && bytes.get(start) == Some(&b'0');
    if at == start || leading_zero { Err(refuse(bytes, at.min(start + 1))) } else { Ok((value, at)) }
}

/// At least one digit: the index after the last.
fn digits(bytes: &[u8], start: usize) -> Result<usize, Refusal> {
    let count = bytes.iter().skip(start).take_while(|byte| byte.is_ascii_digit()).count();
    if count == 0 { Err(refuse(bytes, start)) } else { Ok(start + count) }
}

fn refuse(bytes: &[u8], at: usize) -> Refusal {
    let reason = if at < bytes.len() { Why::InvalidNumber } else { Why::UnexpectedEnd };
    Refusal { reason, at: at.min(bytes.len()) }
}

fn float(source: &str, start: usize, end: usize) -> Result<Entry, Refusal> {
    let value = source.get(start..end).and_then(|text| text.parse::<f64>().ok());
    value
        .filter(|value| value.is_finite())
        .map(Entry::Float)
        .ok_or(Refusal { reason: Why::NumberOutOfRange, at: start })
}
