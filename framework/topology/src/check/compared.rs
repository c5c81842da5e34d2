//! Readers compared with writers: a bounded number, with a bounded amount of work.

use std::collections::HashMap;

use choreograph_contracts::compat::{self, Budget, Document, Options, Semantics, covers};
use serde_json::Value;

use super::cover::Gap;
use crate::choreography::{Consumer, Emitter};

/// How many pairs of writer and reader are compared. A choreography with more is told so.
pub const MAX_COMPARISONS: usize = 20_000;

/// How much work all comparisons may take, in the steps of [`Budget`]: about a minute. A choreography that takes more is told so.
pub const MAX_WORK: u64 = 50 * Budget::STEPS;

/// What was compared of one event. Pairs of the same two schemas are compared once.
#[derive(Debug)]
pub(crate) struct Cover<'a> {
    /// How many pairs are left.
    left: usize,
    /// How many steps are left.
    work: u64,
    readers: Schemas<'a>,
    writers: Schemas<'a>,
    known: HashMap<(usize, usize), Result<Vec<Gap>, String>>,
}

impl<'a> Cover<'a> {
    pub(crate) fn new() -> Self {
        Self::bounded(MAX_COMPARISONS, MAX_WORK)
    }

    fn bounded(left: usize, work: u64) -> Self {
        let (readers, writers) =
            (Schemas::named("the reader's schema"), Schemas::named("the writer's schema"));
        Self { left, work, readers, writers, known: HashMap::new() }
    }

    /// Forgets the schemas of the event before: the next one has its own.
    pub(crate) fn forget(&mut self) {
        *self = Self::bounded(self.left, self.work);
    }

    /// What `writer` may write and `reader` refuses. An error says which schema cannot be compared, and why; `None`
    /// stands for the bound.
    pub(crate) fn gaps(
        &mut self,
        reader: &Consumer<'a>,
        writer: &Emitter<'a>,
    ) -> Option<Result<Vec<Gap>, String>> {
        self.compare(&reader.event.schema, &writer.event.schema)
    }

    /// Whether a schema that is compared with no other could be.
    pub(crate) fn alone(&mut self, schema: &'a Value) -> Option<Result<(), String>> {
        self.compare(schema, schema).map(|gaps| gaps.map(drop))
    }

    /// Whether it is proved that all that `writer` allows is taken by `reader`, within the bound.
    pub(crate) fn contains(&mut self, reader: Value, writer: Value, semantics: Semantics) -> bool {
        let Some(left) = self.left.checked_sub(1).filter(|_| self.work >= Budget::STEPS) else {
            return false;
        };
        self.left = left;
        let (reader, writer) = (Document::from_value("it", reader), Document::from_value("it", writer));
        covers(&reader, &writer, &Options::new(semantics)).is_ok_and(|verdict| {
            self.work = self.work.saturating_sub(verdict.steps);
            verdict.compatible
        })
    }

    fn compare(&mut self, reader: &'a Value, writer: &'a Value) -> Option<Result<Vec<Gap>, String>> {
        self.left = self.left.checked_sub(1)?;
        let pair = (self.readers.place(reader), self.writers.place(writer));
        if let Some(known) = self.known.get(&pair) {
            return Some(known.clone());
        }
        // One that may not take what each may take would find what is not there.
        self.work.checked_sub(Budget::STEPS)?;
        let (reader, writer) = (self.readers.documents.get(pair.0)?, self.writers.documents.get(pair.1)?);
        let gaps = match covers(reader, writer, &Options::default()) {
            Ok(verdict) => {
                self.work = self.work.saturating_sub(verdict.steps);
                Ok(verdict.findings.into_iter().map(gap).collect())
            }
            Err(error) => Err(error.to_string()),
        };
        self.known.insert(pair, gaps.clone());
        Some(gaps)
    }
}

/// Schemas, each once.
#[derive(Debug)]
struct Schemas<'a> {
    /// What messages call each.
    name: &'static str,
    places: HashMap<&'a Value, usize>,
    /// The same by where a schema stands in memory, so that a large one is not read for each pair.
    seen: HashMap<*const Value, usize>,
    documents: Vec<Document>,
}

impl<'a> Schemas<'a> {
    fn named(name: &'static str) -> Self {
        Self { name, places: HashMap::new(), seen: HashMap::new(), documents: Vec::new() }
    }

    fn place(&mut self, schema: &'a Value) -> usize {
        let Self { name, places, seen, documents } = self;
        *seen.entry(std::ptr::from_ref(schema)).or_insert_with(|| {
            *places.entry(schema).or_insert_with(|| {
                documents.push(Document::from_value(name, schema.clone()));
                documents.len() - 1
            })
        })
    }
}

fn gap(finding: compat::Finding) -> Gap {
    Gap {
        rule: finding.rule,
        message: finding.message,
        reader: finding.new.pointer,
        writer: finding.old.pointer,
        witness: finding.witness,
        proof: finding.proof,
    }
}

#[cfg(test)]
mod tests {
    use choreograph_contracts::compat::Budget;
    use serde_json::json;

    use super::Cover;

    #[test]
    fn a_pair_counts_and_its_work_only_once() {
        let (reader, twin) = (json!({ "required": ["a"] }), json!({ "required": ["a"] }));
        let writer = json!({ "properties": { "a": {} } });
        let mut cover = Cover::bounded(3, 2 * Budget::STEPS);
        let first = cover.compare(&reader, &writer);
        assert!(first.as_ref().is_some_and(|gaps| gaps.as_ref().is_ok_and(|gaps| gaps.len() == 1)));
        let work = cover.work;
        assert!(work < 2 * Budget::STEPS, "{work}");
        assert_eq!(cover.compare(&twin, &writer), first);
        assert_eq!((cover.work, cover.readers.documents.len()), (work, 1));
        assert!(cover.compare(&writer, &reader).is_some());
        assert_eq!(cover.compare(&reader, &writer), None, "three pairs are all");
    }

    #[test]
    fn work_that_may_not_suffice_is_not_begun() {
        let (reader, writer) = (json!({ "required": ["a"] }), json!({ "properties": { "a": {} } }));
        let mut cover = Cover::bounded(3, Budget::STEPS);
        assert!(cover.compare(&reader, &writer).is_some());
        assert_eq!(cover.compare(&writer, &reader), None);
        assert!(cover.compare(&reader, &writer).is_some(), "what is known costs nothing");
    }
}
