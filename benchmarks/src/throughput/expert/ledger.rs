//! Which offsets may be committed: those before which everything is acknowledged.

use std::collections::VecDeque;

/// A tag has its partition above this bit and the record's number in that partition below.
const PARTITION_SHIFT: u32 = 40;
const NUMBER_MASK: u64 = (1 << PARTITION_SHIFT) - 1;

/// Records taken and not yet committed, by partition.
#[derive(Debug, Default)]
pub(super) struct Ledger {
    partitions: Vec<Partition>,
}

#[derive(Debug, Default)]
struct Partition {
    /// The number of the first record in `open`.
    first: u64,
    /// The offset of each record in the order of taking, and whether its output is acknowledged.
    open: VecDeque<(i64, bool)>,
    /// The next offset to be read, once it differs from what was last handed out to be committed.
    due: Option<i64>,
}

impl Ledger {
    /// A record was taken. Answers the tag under which its output is to be sent.
    pub(super) fn take(&mut self, partition: i32, offset: i64) -> usize {
        let index = partition as usize;
        if self.partitions.len() <= index {
            self.partitions.resize_with(index + 1, Partition::default);
        }
        let partition = &mut self.partitions[index];
        let number = partition.first + partition.open.len() as u64;
        partition.open.push_back((offset, false));
        (index << PARTITION_SHIFT) | (number & NUMBER_MASK) as usize
    }

    /// The output under `tag` was acknowledged.
    pub(super) fn acknowledged(&mut self, tag: usize) {
        let Some(partition) = self.partitions.get_mut(tag >> PARTITION_SHIFT) else { return };
        let place = (tag as u64 & NUMBER_MASK).checked_sub(partition.first);
        let Some((_, done)) = place.and_then(|place| partition.open.get_mut(place as usize)) else { return };
        *done = true;
        while let Some((offset, true)) = partition.open.front() {
            partition.due = Some(offset + 1);
            partition.open.pop_front();
            partition.first += 1;
        }
    }

    /// What is to be committed since this was last asked: partition and next offset.
    pub(super) fn due(&mut self) -> impl Iterator<Item = (i32, i64)> {
        (0..)
            .zip(&mut self.partitions)
            .filter_map(|(number, partition)| Some((number, partition.due.take()?)))
    }

    /// Whether everything taken is acknowledged.
    pub(super) fn is_settled(&self) -> bool {
        self.partitions.iter().all(|partition| partition.open.is_empty())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_beyond_a_gap_is_committed() {
        let mut ledger = Ledger::default();
        let tags: Vec<_> = (10..14).map(|offset| ledger.take(2, offset)).collect();
        ledger.acknowledged(tags[1]);
        assert_eq!(ledger.due().count(), 0);
        ledger.acknowledged(tags[0]);
        assert_eq!(ledger.due().collect::<Vec<_>>(), [(2, 12)]);
        assert_eq!(ledger.due().count(), 0);
        ledger.acknowledged(tags[3]);
        assert!(!ledger.is_settled());
        ledger.acknowledged(tags[2]);
        assert_eq!(ledger.due().collect::<Vec<_>>(), [(2, 14)]);
        assert!(ledger.is_settled());
    }
}
