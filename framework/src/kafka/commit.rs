//! Stage *commit*: what the ledger says, to the group, without waiting.
//!
//! With events instead of callbacks, as rdkafka has it, librdkafka tells nobody what became of an asynchronous commit
//! (`rd_kafka_commit` gives its reply no queue), and one that waits has no time-out. So the errand thread asks the
//! group afterwards what it has: the question follows the commit on the same connection.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use rdkafka::Offset;
use rdkafka::consumer::{CommitMode, Consumer};

use super::context::StepConsumer;
use super::partition::{Partition, Slots, list, list_at};
use crate::clock::Wall;
use crate::engine::Slot;

/// The longest wait for the group to say what it has.
const CONFIRM_WITHIN: Duration = Duration::from_secs(5);

/// One partition's commit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Commit {
    pub(super) slot: Slot,
    /// The next record to read.
    pub(super) offset: i64,
    pub(super) metadata: Option<String>,
}

/// A commit that was sent and whose result is not known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Sent {
    pub(super) slot: Slot,
    pub(super) partition: Partition,
    pub(super) offset: i64,
    /// What the group had before any commit of this owner.
    pub(super) before: Option<i64>,
    /// When it was sent.
    pub(super) at: Wall,
}

impl Sent {
    /// Whether this went through, or a later one, given what the group has. A topic made anew has lower offsets than the
    /// commit that is left of the one before it, which shows nothing.
    fn is_shown_by(&self, committed: i64) -> bool {
        committed == self.offset || (committed > self.offset && Some(committed) != self.before)
    }
}

/// What became of the commit of one partition.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct CommitResult {
    pub(super) slot: Slot,
    pub(super) topic: Arc<str>,
    pub(super) offset: i64,
    /// Why it failed; `None` where it succeeded.
    pub(super) error: Option<String>,
    /// When it was sent.
    pub(super) at: Wall,
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

    /// The highest offset sent for a partition.
    pub(super) fn highest(&self, slot: Slot) -> Option<i64> {
        self.highest.get(&slot).copied()
    }

    /// Forgets a partition that is no longer ours.
    pub(super) fn forget(&mut self, slot: Slot) {
        self.highest.remove(&slot);
        self.waiting.retain(|commit| commit.slot != slot);
    }

    /// Whether the turn brought none.
    pub(super) fn is_empty(&self) -> bool {
        self.waiting.is_empty()
    }

    /// Sends what the turn brought. Answers what was sent, or what could not even be sent.
    pub(super) fn flush(
        &mut self,
        consumer: &StepConsumer,
        slots: &Slots,
        at: Wall,
    ) -> Result<Vec<Sent>, Vec<Commit>> {
        if let Err(error) = send(consumer, slots, &self.waiting) {
            tracing::debug!(%error, "a commit could not be sent; the ledger tries again");
            return Err(std::mem::take(&mut self.waiting));
        }
        let sent = self.waiting.drain(..).map(|Commit { slot, offset, .. }| {
            let partition = slots.partition(slot).clone();
            Sent { slot, partition, offset, before: None, at }
        });
        Ok(sent.collect())
    }
}

/// One asynchronous request.
#[expect(
    clippy::disallowed_methods,
    reason = "with the next the one place that commits, and never in `CommitMode::Sync`"
)]
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

/// Sends a commit of the ends of logs, for a group that nobody is in. Waits for nothing.
#[expect(clippy::disallowed_methods, reason = "as above: never in `CommitMode::Sync`")]
pub(super) fn commit_ends<'p>(
    consumer: &StepConsumer,
    ends: impl Iterator<Item = (&'p Partition, i64)>,
) -> rdkafka::error::KafkaResult<()> {
    let list = list_at(ends);
    let sent = consumer.commit(&list, CommitMode::Async);
    drop(list);
    sent
}

/// What the group has of `sent`. Waits for the broker, so it is for the errand thread.
pub(super) fn confirm(consumer: &StepConsumer, sent: &[Sent]) -> Vec<CommitResult> {
    let asked: HashSet<&Partition> = sent.iter().map(|sent| &sent.partition).collect();
    let known = consumer.committed_offsets(list(asked), CONFIRM_WITHIN).map(|list| {
        let elements = list.elements();
        let committed = elements.iter().filter_map(|element| match element.offset() {
            Offset::Offset(offset) => {
                Some((Partition { topic: element.topic().into(), number: element.partition() }, offset))
            }
            _ => None,
        });
        committed.collect::<HashMap<_, _>>()
    });
    let result = |sent: &Sent| {
        let error = match &known {
            Ok(known) if known.get(&sent.partition).is_some_and(|at| sent.is_shown_by(*at)) => None,
            Ok(_) => Some(format!("the group does not have the offset of {}", sent.partition)),
            Err(error) => Some(error.to_string()),
        };
        let topic = Arc::clone(&sent.partition.topic);
        CommitResult { slot: sent.slot, topic, offset: sent.offset, error, at: sent.at }
    };
    sent.iter().map(result).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn commit(slot: u32, offset: i64) -> Commit {
        Commit { slot: Slot(slot), offset, metadata: None }
    }

    #[test]
    fn what_is_left_of_a_topic_that_is_gone_shows_no_commit_of_ours() {
        let partition = Partition { topic: "orders".into(), number: 0 };
        let sent = Sent { slot: Slot(0), partition, offset: 3, before: Some(11), at: Wall::at_ms(0) };
        assert!(sent.is_shown_by(3));
        assert!(sent.is_shown_by(4), "a later one of ours");
        assert!(!sent.is_shown_by(11));
        assert!(!sent.is_shown_by(2));
        assert!(Sent { offset: 11, ..sent }.is_shown_by(11));
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
