//! Texts: where they end, and what their escapes mean.

use super::Refusal;
use crate::UndecodableReason as Why;

/// What a text turned out to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Scanned {
    /// No escapes; `end` is the index of the closing quote.
    Plain { end: usize },
    /// It holds an escape and must be resolved.
    Escaped,
}

/// Looks for the end of the text whose first byte is at `start`, up to the first escape.
#[inline]
pub(crate) fn scan(bytes: &[u8], start: usize) -> Result<Scanned, Refusal> {
    let at = next_special(bytes, start);
    match bytes.get(at) {
        Some(b'"') => Ok(Scanned::Plain { end: at }),
        Some(b'\\') => Ok(Scanned::Escaped),
        other => Err(refuse_byte(other.copied(), at)),
    }
}

/// Appends the text that starts at `start` to `into`, escapes resolved; returns the index of its closing quote.
#[cold]
pub(crate) fn resolve(source: &str, start: usize, into: &mut String) -> Result<usize, Refusal> {
    let bytes = source.as_bytes();
    let mut at = start;
    loop {
        let special = next_special(bytes, at);
        // Both ends stand beside ASCII bytes, so the range is on character boundaries.
        into.push_str(source.get(at..special).unwrap_or_default());
        match bytes.get(special) {
            Some(b'"') => return Ok(special),
            Some(b'\\') => {
                let (character, after) = escape(bytes, special)?;
                into.push(character);
                at = after;
            }
            other => return Err(refuse_byte(other.copied(), special)),
        }
    }
}

/// Index of the next quote, backslash or control character at or after `at`, else the length.
fn next_special(bytes: &[u8], mut at: usize) -> usize {
    while let Some(chunk) = bytes.get(at..).and_then(|rest| rest.first_chunk::<8>()) {
        let found = specials(u64::from_le_bytes(*chunk));
        if found != 0 {
            return at + (found.trailing_zeros() / 8) as usize;
        }
        at += 8;
    }
    while bytes.get(at).is_some_and(|byte| *byte >= 0x20 && *byte != b'"' && *byte != b'\\') {
        at += 1;
    }
    at
}

/// The high bit of the lowest byte that is a quote, a backslash or below 0x20; bits above it may be wrong.
const fn specials(chunk: u64) -> u64 {
    const ONES: u64 = 0x0101_0101_0101_0101;
    const HIGH: u64 = ONES * 0x80;
    let quote = chunk ^ (ONES * b'"' as u64);
    let backslash = chunk ^ (ONES * b'\\' as u64);
    let control = chunk.wrapping_sub(ONES * 0x20) & !chunk;
    let quote = quote.wrapping_sub(ONES) & !quote;
    let backslash = backslash.wrapping_sub(ONES) & !backslash;
    (control | quote | backslash) & HIGH
}

/// The character that the escape at `at` (its backslash) means, and the index after it.
fn escape(bytes: &[u8], at: usize) -> Result<(char, usize), Refusal> {
    let character = match bytes.get(at + 1) {
        Some(byte @ (b'"' | b'\\' | b'/')) => char::from(*byte),
        Some(b'b') => '\u{8}',
        Some(b'f') => '\u{c}',
        Some(b'n') => '\n',
        Some(b'r') => '\r',
        Some(b't') => '\t',
        Some(b'u') => return unicode_escape(bytes, at),
        Some(_) => return Err(Refusal { reason: Why::InvalidEscape, at }),
        None => return Err(Refusal { reason: Why::UnexpectedEnd, at: bytes.len() }),
    };
    Ok((character, at + 2))
}

/// `\uXXXX`, or two of them for a character beyond U+FFFF.
fn unicode_escape(bytes: &[u8], at: usize) -> Result<(char, usize), Refusal> {
    let first = hex(bytes, at + 2)?;
    if let Some(character) = char::from_u32(first) {
        return Ok((character, at + 6));
    }
    let lone = Refusal { reason: Why::LoneSurrogate, at };
    let follows = bytes.get(at + 6) == Some(&b'\\') && bytes.get(at + 7) == Some(&b'u');
    if first >= 0xDC00 || !follows {
        return Err(lone);
    }
    let second = hex(bytes, at + 8)?;
    if !(0xDC00..=0xDFFF).contains(&second) {
        return Err(lone);
    }
    let code = 0x1_0000 + ((first - 0xD800) << 10) + (second - 0xDC00);
    char::from_u32(code).map(|character| (character, at + 12)).ok_or(lone)
}

/// Four hexadecimal digits.
fn hex(bytes: &[u8], at: usize) -> Result<u32, Refusal> {
    let Some(digits) = bytes.get(at..).and_then(|rest| rest.first_chunk::<4>()) else {
        return Err(Refusal { reason: Why::UnexpectedEnd, at: bytes.len() });
    };
    digits.iter().try_fold(0, |value, byte| {
        let digit = char::from(*byte).to_digit(16).ok_or(Refusal { reason: Why::InvalidEscape, at })?;
        Ok(value * 16 + digit)
    })
}

fn refuse_byte(byte: Option<u8>, at: usize) -> Refusal {
    let reason = if byte.is_some() { Why::ControlCharacter } else { Why::UnexpectedEnd };
    Refusal { reason, at }
}

/// One bit of 64 for a name: two names with different bits differ.
pub(super) fn fingerprint(name: &str) -> u64 {
    let bytes = name.as_bytes();
    let first = bytes.first().copied().unwrap_or_default();
    let middle = bytes.get(bytes.len() / 2).copied().unwrap_or_default();
    let last = bytes.last().copied().unwrap_or_default();
    let mixed = usize::from(first)
        .wrapping_add(usize::from(middle).wrapping_mul(5))
        .wrapping_add(usize::from(last).wrapping_mul(17))
        .wrapping_add(bytes.len().wrapping_mul(7));
    1 << (mixed % 64)
}
