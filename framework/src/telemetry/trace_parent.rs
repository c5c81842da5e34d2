//! The header `traceparent` of [W3C Trace Context](https://www.w3.org/TR/trace-context/), without allocation.

use opentelemetry::trace::{SpanContext, SpanId, TraceFlags, TraceId, TraceState};

/// The identity of a span, as it travels in the header `traceparent`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct TraceParent {
    trace_id: TraceId,
    span_id: SpanId,
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
        let trace_id = TraceId::from_bytes(hex(&head[3..35])?);
        let span_id = SpanId::from_bytes(hex(&head[36..52])?);
        let [flags] = hex(&head[53..])?;
        let flags = TraceFlags::new(flags) & TraceFlags::SAMPLED;
        let valid = dashes && fits && trace_id != TraceId::INVALID && span_id != SpanId::INVALID;
        valid.then_some(Self { trace_id, span_id, flags })
    }

    /// The identity of a span in this process.
    pub(super) fn of(context: &SpanContext) -> Option<Self> {
        context.is_valid().then(|| Self {
            trace_id: context.trace_id(),
            span_id: context.span_id(),
            flags: context.trace_flags() & TraceFlags::SAMPLED,
        })
    }

    /// What a starting event carries whose workflow is not sampled: the trace id that every service derives
    /// from the workflow's id, and a span that does not exist and that nobody refers to.
    pub(super) fn unsampled(trace_id: TraceId) -> Self {
        let span_id = SpanId::from_bytes([0, 0, 0, 0, 0, 0, 0, 1]);
        Self { trace_id, span_id, flags: TraceFlags::NOT_SAMPLED }
    }

    /// The trace's id.
    pub(crate) fn trace_id(&self) -> TraceId {
        self.trace_id
    }

    /// Whether the span was sampled, so that there is a span to refer to.
    pub(crate) fn is_sampled(&self) -> bool {
        self.flags.is_sampled()
    }

    /// Writes the header and gives it back as text.
    pub(crate) fn write<'a>(&self, out: &'a mut [u8; Self::LENGTH]) -> &'a str {
        out.copy_from_slice(b"00-00000000000000000000000000000000-0000000000000000-00");
        write_hex(&self.trace_id.to_bytes(), &mut out[3..35]);
        write_hex(&self.span_id.to_bytes(), &mut out[36..52]);
        write_hex(&[self.flags.to_u8()], &mut out[53..]);
        // Only hexadecimal digits and dashes were written.
        std::str::from_utf8(out).unwrap_or_default()
    }

    /// The same as a parent or link that lies in another process.
    pub(super) fn remote(&self) -> SpanContext {
        SpanContext::new(self.trace_id, self.span_id, self.flags, true, TraceState::NONE)
    }
}

/// Reads `N` bytes of small hexadecimal digits.
fn hex<const N: usize>(text: &[u8]) -> Option<[u8; N]> {
    let digit = |byte: u8| match byte {
        b'0'..=b'9' => Some(byte - b'0'),
        b'a'..=b'f' => Some(byte - b'a' + 10),
        _ => None,
    };
    let mut out = [0; N];
    for (byte, pair) in out.iter_mut().zip(text.chunks_exact(2)) {
        *byte = (digit(pair[0])? << 4) | digit(pair[1])?;
    }
    Some(out)
}

/// Writes `bytes` as small hexadecimal digits.
fn write_hex(bytes: &[u8], out: &mut [u8]) {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    for (pair, byte) in out.chunks_exact_mut(2).zip(bytes) {
        pair[0] = DIGITS[usize::from(byte >> 4)];
        pair[1] = DIGITS[usize::from(byte & 15)];
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
