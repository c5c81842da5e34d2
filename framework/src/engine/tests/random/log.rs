//! The broker's side: a partition's records, and what was committed.

use super::{dice::Dice, scenario::Scenario};

/// One record on the broker.
#[derive(Debug)]
pub(super) struct Record {
    pub(super) offset: i64,
    pub(super) key: Option<u64>,
    /// The step does not consume it.
    pub(super) routed: bool,
}

/// One partition on the broker.
#[derive(Debug)]
pub(super) struct Log {
    pub(super) records: Vec<Record>,
    /// What the group committed, and what stands beside it.
    pub(super) committed: Option<(i64, Option<String>)>,
}

impl Log {
    pub(super) fn new(scenario: &Scenario, dice: &mut Dice) -> Self {
        let mut offset = dice.between(0, 5) as i64;
        let records = (0..scenario.records)
            .map(|_| {
                if dice.chance(scenario.gaps) {
                    offset += dice.between(1, 300) as i64;
                }
                offset += 1;
                Record {
                    offset,
                    key: (!dice.chance(scenario.keyless)).then(|| dice.between(1, scenario.keys)),
                    routed: dice.chance(scenario.routed),
                }
            })
            .collect();
        Self { records, committed: None }
    }

    /// Where reading begins after a commit of `offset`.
    pub(super) fn index_of(&self, offset: i64) -> usize {
        self.records.partition_point(|record| record.offset < offset)
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
