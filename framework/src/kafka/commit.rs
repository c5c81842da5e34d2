//! Stage *commit*: what the ledger says, to the group, without waiting.

use std::collections::HashMap;

use rdkafka::consumer::{CommitMode, Consumer};

use super::context::StepConsumer;
use super::partition::{Slots, list_at};
use crate::engine::Slot;

/// One partition's commit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Commit {
    pub(super) slot: Slot,
    /// The next record to read.
    pub(super) offset: i64,
    pub(super) metadata: Option<String>,
}

/// The commits of one turn, sent as one request.
#[derive(Debug, Default)]
pub(super) struct Commits {
    waiting: Vec<Commit>,
    /// The highest offset sent for each slot held: a commit by librdkafka can go back, ours cannot.
    highest: HashMap<Slot, i64>,
}

impl Commits {
    /// Takes a commit for the end of the turn. One that would go back is refused: an engine at fault must not
    /// make the group read settled records again without end.
    pub(super) fn add(&mut self, commit: Commit) -> bool {
        let highest = self.highest.entry(commit.slot).or_insert(commit.offset);
        if commit.offset < *highest {
            tracing::error!(
                slot = commit.slot.0,
                offset = commit.offset,
                highest,
                "refused to commit backwards"
            );
            return false;
        }
        *highest = commit.offset;
        match self.waiting.iter_mut().find(|waiting| waiting.slot == commit.slot) {
            Some(waiting) => *waiting = commit,
            None => self.waiting.push(commit),
        }
        true
    }

    /// Forgets a partition that is no longer ours.
    pub(super) fn forget(&mut self, slot: Slot) {
        self.highest.remove(&slot);
        self.waiting.retain(|commit| commit.slot != slot);
    }

    /// Sends what the turn brought; answers what could not even be sent.
    pub(super) fn flush(&mut self, consumer: &StepConsumer, slots: &Slots) -> Vec<Commit> {
        if self.waiting.is_empty() {
            return Vec::new();
        }
        match send(consumer, slots, &self.waiting) {
            Ok(()) => {
                self.waiting.clear();
                Vec::new()
            }
            Err(error) => {
                tracing::debug!(%error, "a commit could not be sent; the ledger tries again");
                std::mem::take(&mut self.waiting)
            }
        }
    }
}

/// One asynchronous request; its result comes to the context's callback.
#[expect(clippy::disallowed_methods, reason = "the one place that commits, and never in `CommitMode::Sync`")]
fn send(consumer: &StepConsumer, slots: &Slots, commits: &[Commit]) -> rdkafka::error::KafkaResult<()> {
    let list = list_at(commits.iter().map(|commit| (slots.partition(commit.slot), commit.offset)));
    for commit in commits {
        let partition = slots.partition(commit.slot);
        if let Some(metadata) = &commit.metadata
            && let Some(mut element) = list.find_partition(&partition.topic, partition.number)
        {
            element.set_metadata(metadata);
        }
    }
    let sent = consumer.commit(&list, CommitMode::Async);
    drop(list);
    sent
}

#[cfg(test)]
mod tests {
    use super::*;

    fn commit(slot: u32, offset: i64) -> Commit {
        Commit { slot: Slot(slot), offset, metadata: None }
    }

    #[test]
    fn the_last_commit_of_a_turn_counts_and_none_goes_back() {
        let mut commits = Commits::default();
        assert!(commits.add(commit(0, 5)));
        assert!(commits.add(commit(1, 9)));
        assert!(commits.add(commit(0, 7)));
        assert!(commits.add(Commit { metadata: Some("held".to_owned()), ..commit(0, 7) }));
        assert!(!commits.add(commit(0, 6)));
        assert_eq!(commits.waiting.len(), 2);
        assert_eq!(commits.waiting[0].metadata.as_deref(), Some("held"));
        commits.forget(Slot(0));
        assert_eq!(commits.waiting, [commit(1, 9)]);
        assert!(commits.add(commit(0, 3)), "the next owner's commit may have been lower");
    }
}
