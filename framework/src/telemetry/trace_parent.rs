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
        let [version] = hex(&head[..2])?;
        let fits = match version {
            0 => rest.is_empty(),
            0xff => false,
            _ => rest.first().is_none_or(|&next| next == b'-'),
        };
        let (trace_id, span_id) = (hex(&head[3..35])?, hex(&head[36..52])?);
        let [flags] = hex(&head[53..])?;
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

/// What a character is as a small hexadecimal digit; [`NO_DIGIT`] where it is none.
static DIGIT_OF: [u8; 256] = {
    let mut digits = [NO_DIGIT; 256];
    let mut digit = 0;
    while digit < 16 {
        digits[DIGITS[digit as usize] as usize] = digit;
        digit += 1;
    }
    digits
};
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
/// Has a bit that no digit has.
const NO_DIGIT: u8 = 0x10;
const DIGITS: &[u8; 16] = b"0123456789abcdef";

/// Reads `N` bytes of small hexadecimal digits.
fn hex<const N: usize>(text: &[u8]) -> Option<[u8; N]> {
    let mut out = [0; N];
    let mut seen = 0;
    // Without a way out in the middle: nearly all are well-formed, and this is read of every record.
    for (byte, pair) in out.iter_mut().zip(text.as_chunks::<2>().0) {
        let [high, low] = pair.map(|digit| DIGIT_OF[usize::from(digit)]);
        seen |= high | low;
        *byte = (high << 4) | low;
    }
    (seen & NO_DIGIT == 0).then_some(out)
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
}
