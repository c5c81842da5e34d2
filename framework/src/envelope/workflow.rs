//! The header `wf`: the workflow's identity in one header, because each header costs throughput.

use std::fmt::Write as _;

/// The most bytes the header `wf` may have; a longer one counts as absent.
pub(crate) const MAX_BYTES: usize = 256;
/// The most bytes of a workflow's name, as declared ones have it. A longer one would leave no room for what is added on the
/// way, and the header would be lost somewhere behind.
const MAX_NAME_BYTES: usize = 63;
/// The digits of the greatest `u64`.
const MAX_DIGITS: usize = 20;
/// The most events in a causal chain; an event deeper than this becomes a dead letter (`hop_limit`).
pub const MAX_HOPS: u32 = 64;

/// What the header `wf` of an event says about its workflow.
///
/// On the wire `key=value` pairs joined by `;`, for example `name=order;started=1767225600000;hops=2`.
/// Keys that this version does not know are kept and passed on.
///
/// # Example
///
/// ```
/// use choreograph::Workflow;
///
/// let workflow = Workflow::parse("name=order;started=1767225600000;hops=2").unwrap();
/// assert_eq!(workflow.name(), "order");
/// assert_eq!(workflow.hops(), 2);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Workflow<'a> {
    said: Parsed,
    /// What `said` was read of.
    text: &'a str,
}

/// What a header `wf` says, beside its text: kept with a record, so that it is read once.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Parsed {
    name: Piece,
    started: u64,
    hops: u32,
    trace_link: bool,
    trace_started: Option<u64>,
    trace_hops: u32,
    majors: Piece,
    /// The digits of `started` as they were read, to be written again; empty where there are none.
    started_text: Piece,
    /// Whether there are keys which this version does not know.
    has_unknown: bool,
}

/// A piece of the header's text, which has at most [`MAX_BYTES`].
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Piece {
    start: u16,
    end: u16,
}

impl Piece {
    fn is_empty(self) -> bool {
        self.start == self.end
    }

    fn of(self, text: &str) -> &str {
        text.get(usize::from(self.start)..usize::from(self.end)).unwrap_or_default()
    }
}

impl Parsed {
    /// Reads the header; `None` when it is malformed.
    pub(crate) fn read(text: &str) -> Option<Self> {
        if text.len() > MAX_BYTES {
            return None;
        }
        Self::usual(text).or_else(|| Self::any(text))
    }

    /// Reads what nearly every event says, in the order in which it is written: `name=order;started=1767225600000;hops=2`.
    /// `None` for everything else, which may be well-formed.
    fn usual(text: &str) -> Option<Self> {
        let name = text.as_bytes().strip_prefix(b"name=")?;
        let end = name.iter().position(|byte| *byte == b';' || *byte < b' ')?;
        let (name, rest) = name.split_at(end);
        let digits = rest.strip_prefix(b";started=")?;
        let (started, rest) = few_digits(digits)?;
        let read = digits.len() - rest.len();
        let (hops, rest) = few_digits(rest.strip_prefix(b";hops=")?)?;
        if name.len() > MAX_NAME_BYTES || !rest.is_empty() {
            return None;
        }
        let piece = |start: usize, length: usize| Piece { start: start as u16, end: (start + length) as u16 };
        let name = piece("name=".len(), name.len());
        Some(Self {
            name,
            started,
            started_text: piece(usize::from(name.end) + ";started=".len(), read),
            hops: u32::try_from(hops).ok()?,
            ..Self::default()
        })
    }

    /// Reads any well-formed header.
    fn any(text: &str) -> Option<Self> {
        let mut workflow = Self::default();
        let mut seen_hops = false;
        let mut start = 0;
        let bytes = text.as_bytes();
        while start < bytes.len() {
            let mut equals = None;
            let mut end = start;
            for byte in bytes[start..].iter().copied() {
                match byte {
                    b';' => break,
                    b'=' if equals.is_none() => equals = Some(end),
                    0..b' ' => return None,
                    _ => {}
                }
                end += 1;
            }
            let equals = equals?;
            let (key, value) = (&bytes[start..equals], &bytes[equals + 1..end]);
            // `;` and `=` are characters of their own, so each piece is text.
            let piece = Piece { start: equals as u16 + 1, end: end as u16 };
            start = end + 1;
            match key {
                b"name" if value.len() > MAX_NAME_BYTES => return None,
                b"name" => workflow.name = piece,
                b"started" => {
                    workflow.started = number(value)?;
                    workflow.started_text = piece;
                }
                b"hops" => {
                    workflow.hops = u32::try_from(number(value)?).ok()?;
                    seen_hops = true;
                }
                b"trace" => workflow.trace_link = value == b"link",
                b"trace-started" => workflow.trace_started = Some(piece.of(text).parse().ok()?),
                b"trace-hops" => workflow.trace_hops = piece.of(text).parse().ok()?,
                b"majors" => workflow.majors = piece,
                _ => workflow.has_unknown = true,
            }
        }
        // A name may be empty: that of a workflow which a stranger's record began. A piece that was read begins behind `name=`.
        (seen_hops && workflow.name.start > 0).then_some(workflow)
    }

    /// The same with `text`, of which it was read.
    pub(crate) fn with(self, text: &str) -> Workflow<'_> {
        Workflow { said: self, text }
    }
}

impl<'a> Workflow<'a> {
    /// Reads the header; `None` when it is malformed, which counts as absent.
    pub fn parse(text: &'a str) -> Option<Self> {
        Some(Parsed::read(text)?.with(text))
    }

    /// The workflow which an event starts, or a stranger's record that carries none.
    pub(crate) fn start(name: &'a str, started: u64) -> Self {
        let end = u16::try_from(name.len()).unwrap_or(u16::MAX);
        Self { said: Parsed { name: Piece { start: 0, end }, started, ..Parsed::default() }, text: name }
    }

    /// The workflow's name, as the starting event's `starts` says; empty where a stranger's record says none.
    pub fn name(&self) -> &'a str {
        self.said.name.of(self.text)
    }

    /// When the workflow started, in milliseconds since the Unix epoch.
    pub const fn started(&self) -> u64 {
        self.said.started
    }

    /// How many events lie between the starting event and this one.
    pub const fn hops(&self) -> u32 {
        self.said.hops
    }

    /// Whether the sender asks for a new trace, linked to the old one (`trace=link`: after a wait).
    pub(crate) const fn trace_link(&self) -> bool {
        self.said.trace_link
    }

    /// When the present trace began: its own mark, else the workflow's start.
    pub(crate) fn trace_started(&self) -> u64 {
        self.said.trace_started.unwrap_or(self.said.started)
    }

    /// How many hops the present trace has: counted from its own mark, else from the workflow's start.
    pub(crate) fn trace_hops(&self) -> u32 {
        if self.said.trace_started.is_some() { self.said.trace_hops } else { self.said.hops }
    }

    /// The majors in which the same fact was written, one event each; empty where there is one.
    pub(crate) fn majors(&self) -> impl Iterator<Item = u32> + 'a {
        let majors = (!self.said.majors.is_empty()).then(|| self.said.majors.of(self.text).split(','));
        majors.into_iter().flatten().filter_map(|major| major.parse().ok())
    }

    /// Writes the header of an event emitted by the handling of one that carries `self`: one hop deeper,
    /// keys that belong to one event alone (`trace`, `majors`) left out, unknown ones passed on while there
    /// is room. `out` is empty before.
    ///
    /// `new_trace` is the start of a trace which begins with this handling (milliseconds since the Unix epoch).
    /// `majors` are those in which the fact is written, joined by commas; empty where there is one.
    pub(crate) fn write_next(&self, new_trace: Option<u64>, majors: &str, out: &mut String) {
        self.write(self.said.hops.saturating_add(1), majors, out);
        match (new_trace, self.said.trace_started) {
            (Some(started), _) => push_number(out, ";trace-started=", started, Some(1)),
            (None, Some(started)) => {
                push_number(out, ";trace-started=", started, Some(self.said.trace_hops.saturating_add(1)));
            }
            (None, None) => {}
        }
        self.pass_on_unknown(out);
    }

    /// Writes the header of a starting event; `majors` as in [`write_next`](Self::write_next).
    pub(crate) fn write_start(&self, majors: &str, out: &mut String) {
        self.write(0, majors, out);
    }

    fn write(&self, hops: u32, majors: &str, out: &mut String) {
        out.push_str("name=");
        out.push_str(self.name());
        if self.said.started_text.is_empty() {
            push_number(out, ";started=", self.said.started, None);
        } else {
            out.push_str(";started=");
            out.push_str(self.said.started_text.of(self.text));
        }
        push_number(out, ";hops=", u64::from(hops), None);
        if !majors.is_empty() {
            out.push_str(";majors=");
            out.push_str(majors);
        }
    }

    fn pass_on_unknown(&self, out: &mut String) {
        const KNOWN: [&str; 7] =
            ["name", "started", "hops", "trace", "trace-started", "trace-hops", "majors"];
        if !self.said.has_unknown {
            return;
        }
        for pair in self.text.split(';') {
            let known = pair.split_once('=').is_some_and(|(key, _)| KNOWN.contains(&key));
            if !known && out.len() + 1 + pair.len() <= MAX_BYTES {
                out.push(';');
                out.push_str(pair);
            }
        }
    }
}

/// The number that begins here, of too few digits to overflow, and what is behind it.
fn few_digits(bytes: &[u8]) -> Option<(u64, &[u8])> {
    let (mut number, mut count) = (0_u64, 0);
    while let Some(digit @ 0..=9) = bytes.get(count).map(|byte| byte.wrapping_sub(b'0')) {
        number = number.wrapping_mul(10).wrapping_add(u64::from(digit));
        count += 1;
    }
    (1..MAX_DIGITS).contains(&count).then(|| (number, &bytes[count..]))
}

/// Decimal digits, at most as many as a `u64` has: nothing is written again that is longer.
fn number(digits: &[u8]) -> Option<u64> {
    if digits.is_empty() || digits.len() > MAX_DIGITS {
        return None;
    }
    digits.iter().try_fold(0_u64, |number, byte| {
        let digit = byte.wrapping_sub(b'0');
        if digit > 9 { None } else { number.checked_mul(10)?.checked_add(u64::from(digit)) }
    })
}

/// Appends `name` and a number, and `;trace-hops=` with `hops` where given. Numbers in plain decimals.
fn push_number(out: &mut String, name: &str, number: u64, hops: Option<u32>) {
    out.push_str(name);
    let mut digits = [0_u8; MAX_DIGITS];
    let mut at = digits.len();
    let mut rest = number;
    loop {
        at -= 1;
        digits[at] = b'0' + (rest % 10) as u8;
        rest /= 10;
        if rest == 0 {
            break;
        }
    }
    out.push_str(std::str::from_utf8(&digits[at..]).unwrap_or_default());
    if let Some(hops) = hops {
        // Writing to a `String` cannot fail.
        let _ignored = write!(out, ";trace-hops={hops}");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn next(text: &str, new_trace: Option<u64>) -> String {
        let mut out = String::new();
        Workflow::parse(text).unwrap().write_next(new_trace, "", &mut out);
        out
    }

    #[test]
    fn the_next_hop_keeps_name_and_start_and_counts_one_more() {
        assert_eq!(next("name=order;started=17;hops=2", None), "name=order;started=17;hops=3");
    }

    #[test]
    fn what_belongs_to_one_event_alone_is_not_passed_on() {
        assert_eq!(next("name=o;started=1;hops=0;trace=link;majors=1,2", None), "name=o;started=1;hops=1");
    }

    #[test]
    fn the_majors_of_a_fact_are_written_before_what_may_be_left_out() {
        let mut out = String::new();
        Workflow::parse("name=o;tenant=7;started=1;hops=0").unwrap().write_next(None, "1,2", &mut out);
        assert_eq!(out, "name=o;started=1;hops=1;majors=1,2;tenant=7");
        assert!(Workflow::parse(&out).unwrap().majors().eq([1, 2]));
        out.clear();
        Workflow::start("o", 1).write_start("1,2", &mut out);
        assert_eq!(out, "name=o;started=1;hops=0;majors=1,2");
    }

    #[test]
    fn unknown_keys_are_passed_on() {
        assert_eq!(next("name=o;tenant=7;started=1;hops=0", None), "name=o;started=1;hops=1;tenant=7");
    }

    #[test]
    fn a_workflow_without_a_name_keeps_what_else_is_said() {
        let mut out = String::new();
        Workflow::start("", 7).write_next(None, "1,2", &mut out);
        let read = Workflow::parse(&out).unwrap();
        assert_eq!((read.name(), read.hops(), read.started()), ("", 1, 7));
        assert!(read.majors().eq([1, 2]));
    }

    #[test]
    fn a_new_trace_counts_its_own_hops() {
        assert_eq!(
            next("name=o;started=1;hops=40", Some(99)),
            "name=o;started=1;hops=41;trace-started=99;trace-hops=1"
        );
        let second = next("name=o;started=1;hops=41;trace-started=99;trace-hops=1", None);
        assert_eq!(second, "name=o;started=1;hops=42;trace-started=99;trace-hops=2");
        assert_eq!(Workflow::parse(&second).unwrap().trace_hops(), 2);
    }

    proptest::proptest! {
        #[test]
        fn what_is_usual_is_read_as_anything_else(
            name in "[a-c=é]{0,4}|[a-c]{60,66}|[ab \u{1}\u{1f}]{1,4}",
            started in "[0-9]{1,21}|[0-9+]{1,4}",
            hops in "[0-9]{1,3}|[0-9]{9,11}|[0-9x]{1,3}",
            rest in "|;|;[a-z]=|[;=]{1,2}",
        ) {
            let text = format!("name={name};started={started};hops={hops}{rest}");
            if let Some(usual) = Parsed::usual(&text) {
                proptest::prop_assert_eq!(Some(usual), Parsed::any(&text));
            }
        }
    }

    #[test]
    fn what_is_written_is_usual() {
        assert!(Parsed::usual("name=order;started=1767225600000;hops=2").is_some());
        assert!(Parsed::usual(&next("name=;started=0;hops=63", None)).is_some());
    }

    #[test]
    fn malformed_counts_as_absent() {
        for text in [
            "",
            "name",
            "name=o",
            "name=o;hops=x",
            "name=o;hops=1;started=-1",
            "name=o;hops=1;started=+1",
            "name=o;hops=1;started=",
            "name=o;hops=1;started=000000000000000000001",
            "name=o;hops=1;started=18446744073709551616",
            "name=o;hops=4294967296",
            "name=o\n;hops=1",
        ] {
            assert_eq!(Workflow::parse(text), None, "{text:?}");
        }
        assert_eq!(Workflow::parse(&format!("name=o;hops=1;x={}", "y".repeat(MAX_BYTES))), None);
    }

    #[test]
    fn never_longer_than_the_bound() {
        for name in ["o", &"n".repeat(MAX_NAME_BYTES)] {
            let mut text = format!("name={name};started={};hops=9;x=", u64::MAX);
            text.push_str(&"y".repeat(MAX_BYTES - text.len()));
            for _ in 0..5 {
                text = next(&text, Some(u64::MAX));
                assert!(text.len() <= MAX_BYTES, "{} bytes: {text}", text.len());
            }
        }
        let long = format!("name={};started=1;hops=9", "n".repeat(MAX_NAME_BYTES + 1));
        assert_eq!(Workflow::parse(&long), None);
    }

    #[test]
    fn majors_are_read() {
        let workflow = Workflow::parse("name=o;hops=1;majors=1,2").unwrap();
        assert_eq!(workflow.majors().collect::<Vec<_>>(), [1, 2]);
        assert_eq!(Workflow::parse("name=o;hops=1").unwrap().majors().count(), 0);
    }
}
