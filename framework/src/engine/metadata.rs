//! What a commit says beside its offset: which records above it are settled, and which are held back.
//!
//! The text is `cg1 t=TIME h=HELD s=RUNS r=REPEATED`, at most [`MAX_BYTES`] long, all numbers decimal:
//!
//! - `TIME`: milliseconds since the Unix epoch, when the text was written.
//! - `RUNS`: `gap.length` separated by commas. A run begins `gap` offsets behind the run before it (the first one:
//!   behind the committed offset) and is `length` offsets long; every record in it is settled.
//! - `HELD`: `gap.spent.due.age.reason` separated by commas. A record `gap` offsets behind the one before it (the
//!   first one: behind the committed offset) has spent `spent` attempts; the next is due `due` ms after `TIME`, the
//!   first failed `age` ms before it. The reason is `f` (its last attempt failed) or `o` (outage).
//!
//! - `REPEATED`: `gap.attempts.age.ago` separated by commas. A record `gap` offsets behind the one before it (the first
//!   one: behind offset 0) was settled `ago` ms before `TIME` with its attempt `attempts`; the first failed `age` ms
//!   before `TIME`. It lies on either side of the committed offset, and is told for who looks on alone.
//!
//! A reader that knows no `REPEATED` takes the whole text for absent. So an owner that leaves, and has anything else to say,
//! does not say it: to the next one, which may be of an older version, `HELD` and `RUNS` are worth more.
//!
//! A part with nothing to say is left out, and so is what does not fit: what is listed is true, what is not listed is
//! handled again. `REPEATED` is left out where another part does not fit. Text that is not of this form, in any detail,
//! counts as absent.

use std::{collections::VecDeque, fmt::Write as _, ops::RangeInclusive, str::Split};

use super::{
    bug::{Bug, seeded},
    command::Time,
    repeated::Repeated,
    retry::{HeldFor, Trouble},
};

/// The most bytes of metadata; Kafka's default bound is 4 KiB.
pub(crate) const MAX_BYTES: usize = 3 * 1024;
/// The most bytes for records held back, so that settled runs find room beside them.
const MAX_HELD_BYTES: usize = MAX_BYTES / 2;
/// What the text begins with: whose it is, and its version.
const MARK: &str = "cg1";
/// The longest wait or age that is believed, in ms: a year.
const MAX_MILLIS: u64 = 366 * 24 * 3_600 * 1_000;

/// What the last owner of a partition left.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Left {
    /// Offsets that are settled, first and last, ascending and apart.
    pub(crate) settled: VecDeque<(i64, i64)>,
    /// Records held back, ascending.
    pub(crate) held: VecDeque<(i64, Trouble)>,
    /// Records that were settled after more than one attempt lately, ascending.
    pub(crate) repeated: Vec<Repeated>,
}

impl Left {
    /// Whether nothing is left that counts for the next owner.
    pub(super) fn is_empty(&self) -> bool {
        self.settled.is_empty() && self.held.is_empty()
    }

    /// What is known about the record at `offset`, which is read now. It and what lies before it is forgotten here.
    pub(super) fn recall(&mut self, offset: i64) -> Recalled {
        while self.settled.front().is_some_and(|&(_, last)| last < offset) {
            self.settled.pop_front();
        }
        let settled = self.settled.front().is_some_and(|&(first, _)| first <= offset);
        self.settled.pop_front_if(|&mut (_, last)| last == offset);
        while self.held.front().is_some_and(|&(held, _)| held < offset) {
            self.held.pop_front();
        }
        let trouble = self.held.pop_front_if(|&mut (held, _)| held == offset).map(|(_, trouble)| trouble);
        if settled { Recalled::Settled } else { trouble.map_or(Recalled::Nothing, Recalled::Trouble) }
    }
}

/// What the last owner said about one record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Recalled {
    Nothing,
    Settled,
    Trouble(Trouble),
}

/// Writes the metadata of a commit of `base`; `None` when there is nothing to say.
///
/// `settled` and `held` ascend and lie at or behind `base`; `repeated` ascend.
pub(super) fn write(
    now: Time,
    base: i64,
    settled: impl Iterator<Item = (i64, i64)>,
    held: impl Iterator<Item = (i64, Trouble)>,
    repeated: &[Repeated],
) -> Option<String> {
    let mut text = format!("{MARK} t={}", now.0);
    let empty = text.len();
    let mut part = String::new();
    let mut whole = true;

    let mut end = base;
    for (offset, trouble) in held {
        let reason = match trouble.reason {
            HeldFor::Failure => 'f',
            HeldFor::Outage => 'o',
        };
        let due = trouble.due.0.saturating_sub(now.0).min(MAX_MILLIS);
        let age = now.0.saturating_sub(trouble.first_failed_at.0).min(MAX_MILLIS);
        item(&mut part, format_args!("{}.{}.{due}.{age}.{reason}", offset - end, trouble.spent));
        if !append(&mut text, " h=", &part, MAX_HELD_BYTES) {
            whole = false;
            break;
        }
        end = offset + 1;
    }
    let mut end = base;
    let mut first = true;
    for (from, to) in settled {
        item(&mut part, format_args!("{}.{}", from - end, to - from + 1));
        if !append(&mut text, if first { " s=" } else { "," }, &part, MAX_BYTES) {
            whole = false;
            break;
        }
        first = false;
        end = to + 1;
    }
    if whole {
        write_repeated(&mut text, now, repeated);
    }
    (text.len() > empty).then_some(text)
}

fn write_repeated(text: &mut String, now: Time, repeated: &[Repeated]) {
    let since = |then: Time| now.0.saturating_sub(then.0).min(MAX_MILLIS);
    let (mut part, mut end) = (String::new(), 0);
    for (place, it) in repeated.iter().enumerate() {
        let (age, ago) = (since(it.first_failed_at), since(it.settled_at));
        item(&mut part, format_args!("{}.{}.{age}.{ago}", it.offset - end, it.attempts));
        if !append(text, if place == 0 { " r=" } else { "," }, &part, MAX_BYTES) {
            return;
        }
        end = it.offset + 1;
    }
}

fn item(part: &mut String, text: std::fmt::Arguments<'_>) {
    part.clear();
    // Writing to a string cannot fail.
    part.write_fmt(text).unwrap_or_default();
}

/// Appends one item with what separates it, where it fits.
fn append(text: &mut String, separator: &str, part: &str, bound: usize) -> bool {
    let separator = if separator == " h=" && text.contains(separator) { "," } else { separator };
    if text.len() + separator.len() + part.len() > bound && !seeded(Bug::ListTooMuch) {
        return false;
    }
    text.push_str(separator);
    text.push_str(part);
    true
}

/// Reads what was committed beside `base`; `None` unless every detail is of our form.
pub(crate) fn read(text: &str, base: i64) -> Option<Left> {
    if text.len() > MAX_BYTES || base < 0 {
        return None;
    }
    let mut parts = text.split(' ');
    if parts.next()? != MARK {
        return None;
    }
    let time = number(parts.next()?.strip_prefix("t=")?, 0..=i64::MAX as u64)?;
    let mut left = Left::default();
    let mut part = parts.next();
    if let Some(list) = part.and_then(|part| part.strip_prefix("h=")) {
        left.held = read_held(list, base, time)?;
        part = parts.next();
    }
    if let Some(list) = part.and_then(|part| part.strip_prefix("s=")) {
        left.settled = read_runs(list, base)?;
        part = parts.next();
    }
    if let Some(list) = part.and_then(|part| part.strip_prefix("r=")) {
        left.repeated = read_repeated(list, time)?;
        part = parts.next();
    }
    (part.is_none() && !(left.is_empty() && left.repeated.is_empty())).then_some(left)
}

fn read_runs(list: &str, base: i64) -> Option<VecDeque<(i64, i64)>> {
    let mut end = base;
    list.split(',')
        .map(|run| {
            let mut fields = run.split('.');
            let first = end.checked_add(offset(&mut fields)?)?;
            let length = offset(&mut fields)?;
            end = first.checked_add(length)?;
            (length > 0 && fields.next().is_none()).then(|| (first, end - 1))
        })
        .collect()
}

fn read_held(list: &str, base: i64, time: u64) -> Option<VecDeque<(i64, Trouble)>> {
    let mut end = base;
    list.split(',')
        .map(|held| {
            let mut fields = held.split('.');
            let offset = end.checked_add(offset(&mut fields)?)?;
            end = offset.checked_add(1)?;
            let spent = number(fields.next()?, 0..=u64::from(u32::MAX))? as u32;
            let due = number(fields.next()?, 0..=MAX_MILLIS)?;
            let age = number(fields.next()?, 0..=MAX_MILLIS)?;
            let reason = match fields.next()? {
                "f" => HeldFor::Failure,
                "o" => HeldFor::Outage,
                _ => return None,
            };
            let trouble = Trouble {
                spent,
                due: Time(time.saturating_add(due)),
                first_failed_at: Time(time.saturating_sub(age)),
                reason,
            };
            fields.next().is_none().then_some((offset, trouble))
        })
        .collect()
}

fn read_repeated(list: &str, time: u64) -> Option<Vec<Repeated>> {
    let mut end = 0_i64;
    list.split(',')
        .map(|repeated| {
            let mut fields = repeated.split('.');
            let offset = end.checked_add(offset(&mut fields)?)?;
            end = offset.checked_add(1)?;
            let attempts = number(fields.next()?, 2..=u64::from(u32::MAX))? as u32;
            let age = number(fields.next()?, 0..=MAX_MILLIS)?;
            let ago = number(fields.next()?, 0..=MAX_MILLIS)?;
            let first_failed_at = Time(time.saturating_sub(age));
            let settled_at = Time(time.saturating_sub(ago));
            fields.next().is_none().then_some(Repeated { offset, attempts, first_failed_at, settled_at })
        })
        .collect()
}

fn offset(fields: &mut Split<'_, char>) -> Option<i64> {
    i64::try_from(number(fields.next()?, 0..=i64::MAX as u64)?).ok()
}

/// A number of digits only: `str::parse` would take a sign.
fn number(text: &str, range: RangeInclusive<u64>) -> Option<u64> {
    if text.is_empty() || !text.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    text.parse().ok().filter(|number| range.contains(number))
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Time = Time(1_000_000);

    fn trouble(spent: u32, due: u64, first: u64, reason: HeldFor) -> Trouble {
        Trouble { spent, due: Time(due), first_failed_at: Time(first), reason }
    }

    fn repeated(offset: i64, attempts: u32, settled_at: u64) -> Repeated {
        Repeated { offset, attempts, first_failed_at: Time(980_000), settled_at: Time(settled_at) }
    }

    #[test]
    fn what_is_written_is_read() {
        let settled = [(12, 14), (16, 16), (17, 40)];
        let held = [
            (10, trouble(2, 1_000_400, 999_000, HeldFor::Failure)),
            (15, trouble(0, 1_010_000, 1_000_000, HeldFor::Outage)),
        ];
        let repeated = [repeated(3, 2, 990_000), repeated(4, 1_000, 999_999), repeated(12, 5, 1_000_000)];
        let text = write(NOW, 10, settled.into_iter(), held.into_iter(), &repeated).unwrap();
        assert_eq!(
            text,
            "cg1 t=1000000 h=0.2.400.1000.f,4.0.10000.0.o s=2.3,1.1,0.24 r=3.2.20000.10000,0.1000.20000.1,7.5.20000.0"
        );
        let left = Left { settled: settled.into(), held: held.into(), repeated: repeated.into() };
        assert_eq!(read(&text, 10), Some(left));
    }

    #[test]
    fn nothing_to_say_is_nothing() {
        assert_eq!(write(NOW, 10, [].into_iter(), [].into_iter(), &[]), None);
    }

    #[test]
    fn what_does_not_fit_is_left_out_and_the_rest_stays_true() {
        let settled = (0..5_000).map(|run| (run * 3 + 1, run * 3 + 2));
        let held = (0..5_000).map(|run| (run * 3, trouble(1, 1_000_100, 999_900, HeldFor::Failure)));
        let repeated: Vec<Repeated> = (0..500).map(|it| repeated(it * 3, 2, 999_000)).collect();
        let alone = write(NOW, 0, [].into_iter(), [].into_iter(), &repeated).unwrap();
        assert!(alone.len() <= MAX_BYTES && alone.len() > MAX_BYTES - 20, "{}", alone.len());
        assert!(repeated.starts_with(&read(&alone, 0).unwrap().repeated));
        let text = write(NOW, 0, settled.clone(), held.clone(), &repeated).unwrap();
        assert!(text.len() <= MAX_BYTES && text.len() > MAX_BYTES - 10, "{}", text.len());
        let left = read(&text, 0).unwrap();
        assert!(left.settled.len() > 100 && left.held.len() > 50 && left.repeated.is_empty());
        assert!(left.settled.iter().copied().eq(settled.take(left.settled.len())));
        assert!(left.held.iter().copied().eq(held.take(left.held.len())));
    }

    #[test]
    fn foreign_or_broken_text_counts_as_absent() {
        for text in [
            "",
            " ",
            "cg1",
            "cg1 t=1",
            "cg1 t=1 ",
            "cg2 t=1 s=0.1",
            "cg1 t=x s=0.1",
            "cg1 t=1 s=",
            "cg1 t=1 s=0.0",
            "cg1 t=1 s=0.+1",
            "cg1 t=1 s=-1.1",
            "cg1 t=1 s=0.1,",
            "cg1 t=1 s=0.1.1",
            "cg1 t=1 s=0.1 x=1",
            "cg1 t=1 s=0.1 h=0.1.1.1.f",
            "cg1 t=1 h=0.1.1.1.x",
            "cg1 t=1 h=0.1.1.f",
            "cg1 t=1 h=0.4294967296.1.1.f",
            "cg1 t=1 h=0.1.99999999999999.1.f",
            "cg1 t=1 r=",
            "cg1 t=1 r=0.1.1.1",
            "cg1 t=1 r=0.2.1",
            "cg1 t=1 r=0.2.1.1.1",
            "cg1 t=1 r=0.4294967296.1.1",
            "cg1 t=1 r=0.2.1.99999999999999",
            "cg1 t=1 r=9223372036854775807.2.1.1",
            "cg1 t=1 r=0.2.1.1 s=0.1",
            "cg1 t=1 s=9223372036854775807.2",
            "cg1 t=1 s=18446744073709551616.1",
            "{\"offset\":1}",
            "\u{1F600}",
        ] {
            assert_eq!(read(text, 5), None, "{text:?}");
        }
        assert_eq!(read(&format!("cg1 t=1 s=0.1{}", ",0.1".repeat(1_000)), 0), None);
        assert!(read("cg1 t=1 s=0.1", 5).is_some());
    }

    #[test]
    fn what_was_left_is_asked_once_in_order() {
        let mut left = read("cg1 t=1 h=0.1.1.1.f,2.3.1.1.o s=1.2,4.1", 10).unwrap();
        let mut recalled = |offset| match left.recall(offset) {
            Recalled::Nothing => 'n',
            Recalled::Settled => 's',
            Recalled::Trouble(trouble) if trouble.spent == 1 => 'f',
            Recalled::Trouble(_) => 'o',
        };
        assert_eq!([10, 11, 12, 13, 16].map(&mut recalled), ['f', 's', 's', 'o', 'n']);
        assert_eq!(recalled(17), 's');
        assert!(left.is_empty());
    }
}
