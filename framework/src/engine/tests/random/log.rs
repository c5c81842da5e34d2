//! The broker's side: a partition's records, and what was committed.

use super::{
    dice::Dice,
    facts::{Facts, Twin, Versions},
    scenario::Scenario,
};
use crate::engine::metadata;

/// One record on the broker.
#[derive(Debug)]
pub(super) struct Record {
    pub(super) offset: i64,
    pub(super) key: Option<u64>,
    /// The step does not consume it.
    pub(super) routed: bool,
    /// One of several records that say one fact.
    pub(super) twin: Option<Twin>,
}

/// One partition on the broker.
#[derive(Debug)]
pub(super) struct Log {
    pub(super) records: Vec<Record>,
    pub(super) facts: Facts,
    /// What the group committed, and what stands beside it.
    pub(super) committed: Option<(i64, Option<String>)>,
}

impl Record {
    fn says_fact_of(&self, other: Twin) -> bool {
        self.twin.is_some_and(|twin| twin.fact == other.fact)
    }
}

impl Log {
    pub(super) fn new(scenario: &Scenario, dice: &mut Dice) -> Self {
        let mut offset = dice.between(0, 5) as i64;
        let mut log = Self { records: Vec::new(), facts: Facts::default(), committed: None };
        while log.records.len() < scenario.records || log.facts.is_open() {
            log.write(scenario, dice, &mut offset);
        }
        if scenario.versions.loses() {
            // What comes after the last fact ends the patience with it.
            for _ in 0..scenario.versions.patience() {
                log.write(scenario, dice, &mut offset);
            }
        }
        log
    }

    fn write(&mut self, scenario: &Scenario, dice: &mut Dice, offset: &mut i64) {
        if dice.chance(scenario.gaps) {
            *offset += dice.between(1, 300) as i64;
        }
        *offset += 1;
        let mut key = (!dice.chance(scenario.keyless)).then(|| dice.between(1, scenario.keys));
        let routed = dice.chance(scenario.routed);
        let index = self.records.len();
        let twin = self.facts.next(dice, &scenario.versions, (index, *offset), index < scenario.records);
        let first = self.records.iter().find(|first| twin.is_some_and(|twin| first.says_fact_of(twin)));
        if let Some(first) = first {
            key = first.key;
        }
        self.records.push(Record { offset: *offset, key, routed: routed && twin.is_none(), twin });
    }

    /// Where reading begins after a commit of `offset`.
    pub(super) fn index_of(&self, offset: i64) -> usize {
        self.records.partition_point(|record| record.offset < offset)
    }

    /// A record was handled, or set aside.
    pub(super) fn handles(&mut self, index: usize) {
        if let Some(twin) = self.records[index].twin {
            self.facts.handles(twin);
        }
    }

    /// A fact that nobody has handled, and that some version does not find behind a commit of `offset`.
    pub(super) fn lost_by(&self, versions: &Versions, offset: i64, text: Option<&str>) -> Option<usize> {
        if !versions.has_twins() {
            return None;
        }
        let left = text.and_then(|text| metadata::read(text, offset)).unwrap_or_default();
        self.facts.lost_by(versions, offset, &left)
    }

    /// The offset behind the last record.
    pub(super) fn end(&self) -> i64 {
        self.records.last().map_or(0, |record| record.offset + 1)
    }

    /// Whether everything is committed.
    pub(super) fn is_done(&self) -> bool {
        self.committed.as_ref().is_some_and(|&(offset, _)| offset == self.end())
    }
}
