//! The header `traceparent` of [W3C Trace Context](https://www.w3.org/TR/trace-context/), without allocation.

use opentelemetry::trace::{SpanContext, SpanId, TraceFlags, TraceId, TraceState};

/// The identity of a span, as it travels in the header `traceparent`.
/// In bytes, as it is kept with each record and each event on its way: numbers of that size would be aligned.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct TraceParent {
    trace_id: [u8; 16],
    span_id: [u8; 8],
    flags: TraceFlags,
}

impl TraceParent {
    /// The bytes of a header of version 00.
    pub(crate) const LENGTH: usize = 55;

    /// Reads the header; `None` when it is malformed, which counts as absent.
    ///
    /// A higher version than 00 may be longer, and is read by the rules of 00 as far as they go. Flags other
    /// than *sampled* are dropped, as version 00 asks for.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let (head, rest) = text.as_bytes().split_at_checked(Self::LENGTH)?;
        let dashes = [2, 35, 52].iter().all(|&at| head[at] == b'-');
        let [version, flags, ..] = hex::<4>(&[head[0], head[1], head[53], head[54], b'0', b'0', b'0', b'0'])?;
        let fits = match version {
            0 => rest.is_empty(),
            0xff => false,
            _ => rest.first().is_none_or(|&next| next == b'-'),
        };
        let (trace_id, span_id) = (hex(&head[3..35])?, hex(&head[36..52])?);
        let flags = TraceFlags::new(flags) & TraceFlags::SAMPLED;
        let valid = dashes && fits && trace_id != [0; 16] && span_id != [0; 8];
        valid.then_some(Self { trace_id, span_id, flags })
    }

    /// The identity of a span in this process.
    pub(super) fn of(context: &SpanContext) -> Option<Self> {
        context.is_valid().then(|| Self {
            trace_id: context.trace_id().to_bytes(),
            span_id: context.span_id().to_bytes(),
            flags: context.trace_flags() & TraceFlags::SAMPLED,
        })
    }

    /// What a starting event carries whose workflow is not sampled: the trace id that every service derives
    /// from the workflow's id, and a span that does not exist and that nobody refers to.
    pub(super) fn unsampled(trace_id: TraceId) -> Self {
        Self {
            trace_id: trace_id.to_bytes(),
            span_id: [0, 0, 0, 0, 0, 0, 0, 1],
            flags: TraceFlags::NOT_SAMPLED,
        }
    }

    /// The trace's id.
    pub(crate) fn trace_id(&self) -> TraceId {
        TraceId::from_bytes(self.trace_id)
    }

    /// Whether the span was sampled, so that there is a span to refer to.
    pub(crate) fn is_sampled(&self) -> bool {
        self.flags.is_sampled()
    }

    /// Writes the header and gives it back as text.
    pub(crate) fn write<'a>(&self, out: &'a mut [u8; Self::LENGTH]) -> &'a str {
        out.copy_from_slice(b"00-00000000000000000000000000000000-0000000000000000-00");
        write_hex(&self.trace_id, &mut out[3..35]);
        write_hex(&self.span_id, &mut out[36..52]);
        write_hex(&[self.flags.to_u8()], &mut out[53..]);
        // Only hexadecimal digits and dashes were written.
        std::str::from_utf8(out).unwrap_or_default()
    }

    /// The same as a parent or link that lies in another process.
    pub(super) fn remote(&self) -> SpanContext {
        let span_id = SpanId::from_bytes(self.span_id);
        SpanContext::new(self.trace_id(), span_id, self.flags, true, TraceState::NONE)
    }
}

/// The two digits of each byte.
static PAIR_OF: [[u8; 2]; 256] = {
    let mut pairs = [[0; 2]; 256];
    let mut byte = 0;
    while byte < 256 {
        pairs[byte] = [DIGITS[byte >> 4], DIGITS[byte & 15]];
        byte += 1;
    }
    pairs
};
const DIGITS: &[u8; 16] = b"0123456789abcdef";

/// Reads `N` bytes of small hexadecimal digits, a multiple of four.
fn hex<const N: usize>(text: &[u8]) -> Option<[u8; N]> {
    const { assert!(N.is_multiple_of(4)) };
    let mut out = [0; N];
    let mut amiss = 0;
    // Without a way out in the middle: nearly all are well-formed, and this is read of every record.
    for (bytes, digits) in out.as_chunks_mut().0.iter_mut().zip(text.as_chunks().0) {
        let (four, wrong) = eight_digits(u64::from_be_bytes(*digits));
        *bytes = four.to_be_bytes();
        amiss |= wrong;
    }
    (amiss == 0).then_some(out)
}

/// The value of eight characters as small hexadecimal digits, and zero if that is what they are: all at once, each in its
/// byte, as whatever the characters are no sum is more than 142.
fn eight_digits(text: u64) -> (u32, u64) {
    const ONES: u64 = 0x0101_0101_0101_0101;
    // A letter has a bit that no figure has, and its low bits count from one.
    let digits = (text & (0x0f * ONES)) + 9 * ((text >> 6) & ONES);
    let is_letter = ((digits + (128 - 10) * ONES) >> 7) & ONES;
    let written = digits + u64::from(b'0') * ONES + u64::from(b'a' - b'9' - 1) * is_letter;
    let amiss = (written ^ text) | (digits & (0x10 * ONES));
    let pairs = (digits | (digits >> 4)) & 0x00ff_00ff_00ff_00ff;
    let fours = (pairs | (pairs >> 8)) & 0x0000_ffff_0000_ffff;
    ((fours | (fours >> 16)) as u32, amiss)
}

/// Writes `bytes` as small hexadecimal digits.
fn write_hex(bytes: &[u8], out: &mut [u8]) {
    for (pair, byte) in out.as_chunks_mut::<2>().0.iter_mut().zip(bytes) {
        *pair = PAIR_OF[usize::from(*byte)];
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

    #[test]
    fn what_is_read_is_written_again() {
        let mut out = [0; TraceParent::LENGTH];
        for text in [GOOD, &GOOD.replace("-01", "-00")] {
            let parent = TraceParent::parse(text).unwrap();
            assert_eq!(parent.write(&mut out), text);
            assert_eq!(parent.is_sampled(), text.ends_with('1'));
        }
    }

    #[test]
    fn a_later_version_is_read_by_the_rules_of_this_one() {
        let mut out = [0; TraceParent::LENGTH];
        for text in [GOOD.replacen("00", "01", 1), GOOD.replacen("00", "cc", 1) + "-what-comes"] {
            assert_eq!(TraceParent::parse(&text).unwrap().write(&mut out), GOOD);
        }
        let flags = TraceParent::parse(&GOOD.replace("-01", "-03")).unwrap();
        assert_eq!(flags.write(&mut out), GOOD);
    }

    #[test]
    fn malformed_counts_as_absent() {
        for text in [
            "",
            "00",
            &GOOD[..54],
            &format!("{GOOD}-"),
            &format!("{GOOD}0"),
            &format!(" {GOOD}"),
            &GOOD.to_uppercase(),
            &GOOD.replacen("00", "ff", 1),
            &(GOOD.replacen("00", "01", 1) + "x"),
            &GOOD.replace('-', "_"),
            &GOOD.replace("4bf9", "4bfg"),
            "00-00000000000000000000000000000000-00f067aa0ba902b7-01",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01",
            "00-4bf92f3577b34da6a3ce929d0e0e473-00f067aa0ba902b7-011",
            &GOOD.replace("4bf9", "4bä9"),
        ] {
            assert_eq!(TraceParent::parse(text), None, "{text:?}");
        }
    }

    #[test]
    fn eight_characters_are_read_each_for_itself() {
        for byte in 0..=u8::MAX {
            for place in 0..8 {
                for around in [b'0', b'9', b'a', b'f', 0x00, 0x6f, 0xff] {
                    let mut text = [around; 8];
                    text[place] = byte;
                    let is_digit = |byte: &u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(byte);
                    let (value, amiss) = eight_digits(u64::from_be_bytes(text));
                    assert_eq!(amiss == 0, text.iter().all(is_digit), "{text:?}");
                    if amiss == 0 {
                        let text = std::str::from_utf8(&text).unwrap();
                        assert_eq!(Ok(value), u32::from_str_radix(text, 16));
                    }
                }
            }
        }
    }

    #[test]
    fn a_digit_is_a_digit_at_every_place() {
        for place in 0..TraceParent::LENGTH {
            for byte in 0..0x80_u8 {
                let mut text = GOOD.as_bytes().to_vec();
                text[place] = byte;
                let text = String::from_utf8(text).unwrap();
                let is_digit = byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
                let good = match place {
                    2 | 35 | 52 => byte == b'-',
                    _ => is_digit,
                };
                let Some(parent) = TraceParent::parse(&text) else {
                    assert!(!good, "{text}");
                    continue;
                };
                assert!(good, "{text}");
                let number = |range: std::ops::Range<usize>| u128::from_str_radix(&text[range], 16).unwrap();
                assert_eq!(parent.trace_id().to_bytes(), number(3..35).to_be_bytes());
                assert_eq!(u128::from(u64::from_be_bytes(parent.span_id)), number(36..52));
                assert_eq!(u128::from(parent.flags.to_u8()), number(53..55) & 1);
            }
        }
    }
}
