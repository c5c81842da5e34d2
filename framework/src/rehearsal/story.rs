//! One workflow told as a tree: which event led to which.

use std::{collections::BTreeSet, fmt};

use super::{
    dead_letter::DeadLetter,
    record::LogRecord,
    written::{Written, metadata},
};
use crate::envelope::Metadata;

/// The deepest branch that is drawn; an event of the framework's own is never deeper than its hop limit of 64.
const MAX_DEPTH: usize = 100;

/// The events of one workflow in the order in which they were written; printed, a tree of causes.
///
/// ```text
/// order.placed.v1               orders/0@0       by shop
///   payment.confirmed.v1        payments/2@0     by payment/charge
///     parcel.shipped.v1         parcels/1@0      by warehouse/ship
///     dead letter of mail/send: rejected
/// ```
#[derive(Clone)]
pub struct Story {
    events: Vec<Metadata>,
    dead_letters: Vec<(String, DeadLetter)>,
}

impl Story {
    pub(crate) fn tell<'r>(correlation_id: &str, written: impl Iterator<Item = &'r LogRecord>) -> Self {
        let mut story = Self { events: Vec::new(), dead_letters: Vec::new() };
        for record in written {
            let metadata = metadata(record);
            if let Some(letter) = DeadLetter::read(record) {
                story.dead_letters.push((metadata.id().to_owned(), letter));
            } else if metadata.correlation_id() == correlation_id {
                story.events.push(metadata);
            }
        }
        let ids: BTreeSet<&str> = story.events.iter().map(Metadata::id).collect();
        story.dead_letters.retain(|(id, letter)| {
            ids.contains(id.as_str()) || Written::metadata(&letter.record).correlation_id() == correlation_id
        });
        story
    }

    /// What is known of each event, in the order in which they were written.
    pub fn events(&self) -> &[Metadata] {
        &self.events
    }

    /// The types of the events, in the order in which they were written.
    pub fn types(&self) -> Vec<&str> {
        self.events.iter().map(Metadata::event_type).collect()
    }

    /// The workflow's dead letters, in the order in which they were written.
    pub fn dead_letters(&self) -> impl Iterator<Item = &DeadLetter> {
        self.dead_letters.iter().map(|(_, letter)| letter)
    }

    fn branch(
        &self,
        f: &mut fmt::Formatter<'_>,
        at: usize,
        depth: usize,
        told: &mut BTreeSet<usize>,
    ) -> fmt::Result {
        if depth > MAX_DEPTH || !told.insert(at) {
            return Ok(());
        }
        let event = &self.events[at];
        let name = format!("{:indent$}{}", "", event.event_type().escape_debug(), indent = depth * 2);
        let place = format!("{}/{}@{}", event.topic(), event.partition(), event.offset());
        writeln!(f, "{name:<40} {place:<24} by {}", event.source().unwrap_or("a stranger").escape_debug())?;
        for (number, other) in self.events.iter().enumerate() {
            if other.causation_id() == Some(event.id()) {
                self.branch(f, number, depth + 1, told)?;
            }
        }
        for (_, letter) in self.dead_letters.iter().filter(|(id, _)| id == event.id()) {
            let indent = (depth + 1) * 2;
            writeln!(
                f,
                "{:indent$}dead letter of {}/{}: {}",
                "", letter.service, letter.step, letter.reason
            )?;
        }
        Ok(())
    }
}

impl fmt::Display for Story {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut told = BTreeSet::new();
        let ids: BTreeSet<&str> = self.events.iter().map(Metadata::id).collect();
        for (number, event) in self.events.iter().enumerate() {
            if event.causation_id().is_none_or(|cause| !ids.contains(cause)) {
                self.branch(f, number, 0, &mut told)?;
            }
        }
        // What only causes itself has no root.
        (0..self.events.len()).try_for_each(|number| self.branch(f, number, 0, &mut told))
    }
}

impl fmt::Debug for Story {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use super::{super::record::Body, *};
    use crate::runner::port::HeaderList;

    fn record(offset: i64, id: &str, cause: Option<&str>, event_type: &str) -> LogRecord {
        let mut headers = vec![
            ("ce_id", Some(id.as_bytes())),
            ("ce_type", Some(event_type.as_bytes())),
            ("ce_correlationid", Some(&b"w"[..])),
        ];
        headers.extend(cause.map(|cause| ("ce_causationid", Some(cause.as_bytes()))));
        LogRecord::new("t".into(), 0, offset, 0, Body::new(None, None, HeaderList::of(&headers)))
    }

    #[test]
    fn causes_are_drawn_as_a_tree() {
        let records = [
            record(0, "a", None, "placed"),
            record(1, "c", Some("b"), "shipped"),
            record(2, "b", Some("a"), "paid"),
        ];
        let story = Story::tell("w", records.iter());
        assert_eq!(story.types(), ["placed", "shipped", "paid"]);
        let text = story.to_string();
        let names: Vec<_> = text.lines().filter_map(|line| line.get(..12)).map(str::trim_end).collect();
        assert_eq!(names, ["placed", "  paid", "    shipped"]);
    }

    #[test]
    fn a_circle_of_causes_is_told_once() {
        let records = [record(0, "a", Some("b"), "x"), record(1, "b", Some("a"), "y")];
        assert_eq!(Story::tell("w", records.iter()).to_string().lines().count(), 2);
        assert_eq!(Story::tell("other", records.iter()).events().len(), 0);
    }
}
