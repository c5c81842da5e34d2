//! What happened, for people: kept while a rehearsal runs, printed when one of its tests fails.

use std::{
    collections::{BTreeMap, VecDeque},
    fmt::{self, Write as _},
    sync::Arc,
};

use super::record::LogRecord;
use crate::{envelope::head::Known, runner::port::RawRecord};

/// The most happenings that are kept; the oldest go first, and the print says how many went.
const MAX_HAPPENINGS: usize = 4_096;
/// How many of the last happenings are looked at to name what goes round in a circle.
const CIRCLE_HAPPENINGS: usize = 1_000;
/// How many parts of a circle are named.
const CIRCLE_PARTS: usize = 8;

/// One thing that happened. Making one copies pointers; text is made when somebody reads it.
#[derive(Debug, Clone)]
pub(crate) enum Happening {
    /// A step, or the test itself, wrote a record and the log has it.
    Wrote { who: Arc<str>, record: LogRecord },
    /// A step was handed a record.
    Took { who: Arc<str>, record: LogRecord },
    /// A group's progress was noted.
    Committed { who: Arc<str>, topic: Arc<str>, partition: i32, offset: i64 },
    /// Anything that the test did, or that went wrong by its will.
    Did(String),
}

/// The last happenings with their times.
#[derive(Debug, Default)]
pub(crate) struct Journal {
    kept: VecDeque<(u64, Happening)>,
    dropped: u64,
}

impl Journal {
    /// Notes something at `at`, in milliseconds since the rehearsal began.
    pub(crate) fn note(&mut self, at: u64, happening: Happening) {
        if self.kept.len() == MAX_HAPPENINGS {
            self.kept.pop_front();
            self.dropped += 1;
        }
        self.kept.push_back((at, happening));
    }

    /// One line a happening, without any payload.
    pub(crate) fn print(&self) -> String {
        let mut text = String::new();
        if self.dropped > 0 {
            text = format!("({} earlier lines are not kept)\n", self.dropped);
        }
        for (at, happening) in &self.kept {
            // Writing to a string does not fail.
            let _written = writeln!(text, "{:>7}.{:03} s  {happening}", at / 1_000, at % 1_000);
        }
        text
    }

    /// Which steps took which events again and again, the most frequent first.
    pub(crate) fn circle(&self) -> String {
        let mut counts = BTreeMap::<(&str, String), usize>::new();
        for (_, happening) in self.kept.iter().rev().take(CIRCLE_HAPPENINGS) {
            if let Happening::Took { who, record } = happening {
                let event_type = record.head().text(Known::Type).unwrap_or("no type").to_owned();
                *counts.entry((who, event_type)).or_default() += 1;
            }
        }
        let mut counts: Vec<_> = counts.into_iter().collect();
        counts.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
        let parts: Vec<_> = counts
            .iter()
            .take(CIRCLE_PARTS)
            .map(|((who, event_type), count)| format!("{who} took {event_type} {count} times"))
            .collect();
        if parts.is_empty() {
            "no record was taken: a step keeps waking itself".to_owned()
        } else {
            parts.join(", ")
        }
    }
}

impl fmt::Display for Happening {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Wrote { who, record } => write!(f, "{who:<24} wrote     {}", Line(record)),
            Self::Took { who, record } => write!(f, "{who:<24} took      {}", Line(record)),
            Self::Committed { who, topic, partition, offset } => {
                write!(f, "{who:<24} committed {topic}/{partition}@{offset}")
            }
            Self::Did(what) => write!(f, "{what}"),
        }
    }
}

/// A record on one line: where it lies, what its headers say it is.
struct Line<'r>(&'r LogRecord);

impl fmt::Display for Line<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let record = self.0;
        let head = record.head();
        write!(f, "{}/{}@{}", record.topic(), record.partition(), record.offset())?;
        match head.text(Known::Type) {
            Some(event_type) => write!(f, " {}", event_type.escape_debug())?,
            None => write!(f, " (no ce_type)")?,
        }
        if let Some(id) = head.text(Known::Id) {
            write!(f, " {}", id.escape_debug())?;
        }
        if record.value().is_none() {
            write!(f, " (tombstone)")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::{super::record::Body, *};
    use crate::runner::port::HeaderList;

    fn record(event_type: &str) -> LogRecord {
        let body = Body::new(
            Some(b"k"),
            Some(b"a secret"),
            HeaderList::of(&[("ce_type", Some(event_type.as_bytes())), ("ce_id", Some(b"id-1\x1b[31m"))]),
        );
        LogRecord::new("orders".into(), 0, 3, 0, body)
    }

    #[test]
    fn a_line_says_who_what_and_where_and_no_payload() {
        let mut journal = Journal::default();
        journal.note(1_250, Happening::Took { who: "mail.send".into(), record: record("order.placed.v1") });
        let text = journal.print();
        assert!(text.contains("1.250 s") && text.contains("mail.send"), "{text}");
        assert!(text.contains("orders/0@3 order.placed.v1 id-1"), "{text}");
        assert!(!text.contains("secret") && !text.contains('\x1b'), "{text}");
    }

    #[test]
    fn old_lines_go_and_the_print_says_so() {
        let mut journal = Journal::default();
        for at in 0..MAX_HAPPENINGS as u64 + 5 {
            journal.note(at, Happening::Did(format!("line {at}")));
        }
        let text = journal.print();
        assert!(text.starts_with("(5 earlier lines are not kept)"), "{text}");
        assert_eq!(text.lines().count(), MAX_HAPPENINGS + 1);
    }

    #[test]
    fn a_circle_is_named_by_its_steps() {
        let mut journal = Journal::default();
        for _ in 0..3 {
            journal.note(0, Happening::Took { who: "a.ping".into(), record: record("pong.v1") });
        }
        journal.note(0, Happening::Took { who: "b.pong".into(), record: record("ping.v1") });
        assert_eq!(journal.circle(), "a.ping took pong.v1 3 times, b.pong took ping.v1 1 times");
    }
}
