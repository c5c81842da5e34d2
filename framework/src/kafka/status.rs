//! What a step's Kafka side can say about itself: for `/live`, for `/ready`, and one log line for each change.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::partition::Partition;
use super::words::Trouble;

/// A poll thread that has not turned for this long makes `/live` false (law 9), in milliseconds.
const STALLED_AFTER_MS: u64 = 30_000;

/// Which of a step's two clients is meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Side {
    /// The one that reads and commits.
    Consumer,
    /// The one that publishes.
    Producer,
}

/// How one client stands with its brokers.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
enum Reach {
    /// Nothing heard yet.
    #[default]
    Unknown,
    /// The last thing heard was an answer.
    Reached,
    /// The last thing heard was trouble, in librdkafka's words.
    Troubled(Trouble, String),
}

/// What one step's Kafka side knows about itself. Written by the step's threads, read by the health endpoints.
#[derive(Debug)]
pub(crate) struct Status {
    /// `service/step`, for the log.
    step: String,
    /// When the poll thread last turned, on the steady clock.
    beat: AtomicU64,
    /// The poll thread has ended.
    ended: AtomicBool,
    /// Both clients answered last; kept apart so that the loop can ask without a lock.
    untroubled: [AtomicBool; 2],
    facts: Mutex<Facts>,
}

/// What changes rarely.
#[derive(Debug, Default)]
struct Facts {
    consumer: Reach,
    producer: Reach,
    /// The group knows this member.
    joined: bool,
    /// Topics that are missing or refused, each with what to do; `None` before the first look.
    topics: Option<Vec<String>>,
    /// What the broker refused on a topic while publishing.
    fatal: Option<String>,
    /// Offsets that retention took unread, by partition. Bounded by the partitions of the step's inputs.
    lost: BTreeMap<String, Range<i64>>,
    /// Records lost so far.
    lost_records: u64,
}

impl Status {
    /// A step that has not started.
    pub(crate) fn new(step: String) -> Self {
        Self {
            step,
            beat: AtomicU64::new(crate::clock::millis()),
            ended: AtomicBool::new(false),
            untroubled: [AtomicBool::new(false), AtomicBool::new(false)],
            facts: Mutex::default(),
        }
    }

    /// Why the step is not ready, one reason a line of text; empty when it is (law 9).
    pub(crate) fn unready(&self) -> Vec<String> {
        let facts = self.facts();
        let mut reasons = Vec::new();
        if self.ended.load(Ordering::Relaxed) {
            reasons.push("the step's poll thread has ended".to_owned());
        }
        for (side, reach) in [("consumer", &facts.consumer), ("producer", &facts.producer)] {
            match reach {
                Reach::Reached => {}
                Reach::Unknown => reasons.push(format!("the {side} has not reached a broker yet")),
                Reach::Troubled(trouble, text) => reasons.push(format!("{side}: {}: {text}", trouble.advice())),
            }
        }
        match &facts.topics {
            None => reasons.push("topics have not been looked for yet".to_owned()),
            Some(faults) => reasons.extend(faults.iter().cloned()),
        }
        if !facts.joined {
            reasons.push("the group has not been joined yet".to_owned());
        }
        reasons.extend(facts.lost.iter().map(|(partition, range)| {
            format!("retention took offsets {}..{} of {partition} before they were read", range.start, range.end)
        }));
        reasons.extend(facts.fatal.clone());
        reasons
    }

    /// Why the process should be restarted; `None` while the poll thread turns. `now` is the steady clock.
    pub(crate) fn dead(&self, now: u64) -> Option<String> {
        if self.ended.load(Ordering::Relaxed) {
            return Some(format!("{}: the poll thread has ended", self.step));
        }
        if let Some(fatal) = &self.facts().fatal {
            return Some(format!("{}: {fatal}", self.step));
        }
        let still = now.saturating_sub(self.beat.load(Ordering::Relaxed));
        (still > STALLED_AFTER_MS)
            .then(|| format!("{}: the poll thread has not turned for {} s", self.step, still / 1000))
    }

    /// Records that retention took unread, so far.
    pub(crate) fn lost_records(&self) -> u64 {
        self.facts().lost_records
    }

    /// The poll thread turned.
    pub(super) fn turned(&self, now: u64) {
        self.beat.store(now, Ordering::Relaxed);
    }

    /// The poll thread ended.
    pub(super) fn end(&self) {
        self.ended.store(true, Ordering::Relaxed);
    }

    /// A client heard an answer from a broker.
    pub(super) fn reached(&self, side: Side) {
        if self.untroubled[side as usize].load(Ordering::Relaxed) {
            return;
        }
        let mut facts = self.facts();
        let before = std::mem::replace(facts.reach(side), Reach::Reached);
        self.untroubled[side as usize].store(true, Ordering::Relaxed);
        if let Reach::Troubled(trouble, _) = before {
            tracing::info!(workflow.step = %self.step, ?side, ?trouble, "the broker answers again; going on");
        }
    }

    /// A client heard of trouble. What needs a person is not hidden by the outage that follows from it.
    pub(super) fn troubled(&self, side: Side, trouble: Trouble, text: &str) {
        let mut facts = self.facts();
        let reach = facts.reach(side);
        if let Reach::Troubled(before, _) = reach
            && (*before == trouble || (before.needs_a_person() && !trouble.needs_a_person()))
        {
            return;
        }
        *reach = Reach::Troubled(trouble, text.to_owned());
        self.untroubled[side as usize].store(false, Ordering::Relaxed);
        let advice = trouble.advice();
        if trouble.needs_a_person() {
            tracing::error!(workflow.step = %self.step, ?side, ?trouble, "{advice}: {text}");
        } else {
            tracing::warn!(workflow.step = %self.step, ?side, ?trouble, "{advice}: {text}");
        }
    }

    /// What the last look for topics found missing or refused.
    pub(super) fn looked(&self, faults: Vec<String>) {
        let mut facts = self.facts();
        if facts.topics.as_ref() == Some(&faults) {
            return;
        }
        for fault in &faults {
            tracing::error!(workflow.step = %self.step, "{fault}");
        }
        facts.topics = Some(faults);
    }

    /// Whether the group knows this member.
    pub(super) fn joined(&self, joined: bool) {
        let mut facts = self.facts();
        if facts.joined != joined {
            facts.joined = joined;
            let text = if joined { "joined the group" } else { "lost the group; joining again" };
            tracing::info!(workflow.step = %self.step, "{text}");
        }
    }

    /// Retention took records before they were read (law 10).
    pub(super) fn lost(&self, partition: &Partition, range: Range<i64>) {
        let mut facts = self.facts();
        let name = partition.to_string();
        if facts.lost.get(&name) == Some(&range) {
            return;
        }
        let records = u64::try_from(range.end.saturating_sub(range.start)).unwrap_or(0);
        tracing::error!(
            workflow.step = %self.step, %partition, from = range.start, to = range.end, records,
            "retention took records before they were read; they are lost to this step",
        );
        facts.lost_records = facts.lost_records.saturating_add(records);
        facts.lost.insert(name, range);
    }

    /// A client that cannot be replaced is beyond help: the process has to be restarted.
    pub(super) fn fatal(&self, text: String) {
        tracing::error!(workflow.step = %self.step, "{text}");
        self.facts().fatal = Some(text);
    }

    /// The facts; a panic elsewhere leaves nothing half written here.
    fn facts(&self) -> MutexGuard<'_, Facts> {
        self.facts.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Facts {
    fn reach(&mut self, side: Side) -> &mut Reach {
        match side {
            Side::Consumer => &mut self.consumer,
            Side::Producer => &mut self.producer,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn healthy() -> Status {
        let status = Status::new("payment/charge".to_owned());
        status.reached(Side::Consumer);
        status.reached(Side::Producer);
        status.looked(Vec::new());
        status.joined(true);
        status
    }

    #[test]
    fn ready_is_the_absence_of_reasons() {
        assert_eq!(healthy().unready(), Vec::<String>::new());
        assert_eq!(Status::new("a/b".to_owned()).unready().len(), 4);
        let status = healthy();
        status.joined(false);
        assert_eq!(status.unready().len(), 1);
    }

    #[test]
    fn a_refused_login_is_not_hidden_by_the_outage_that_follows() {
        let status = healthy();
        status.troubled(Side::Producer, Trouble::Login, "SASL authentication error");
        status.troubled(Side::Producer, Trouble::Away, "1/1 brokers are down");
        let reasons = status.unready().join("\n");
        assert!(reasons.contains("refused the login"), "{reasons}");
        status.reached(Side::Producer);
        assert_eq!(status.unready(), Vec::<String>::new());
    }

    #[test]
    fn a_lost_range_is_counted_once_and_shown() {
        let status = healthy();
        let partition = Partition { topic: "orders".into(), number: 3 };
        status.lost(&partition, 10..25);
        status.lost(&partition, 10..25);
        assert_eq!(status.lost_records(), 15);
        assert!(status.unready()[0].contains("orders [3]"), "{:?}", status.unready());
    }

    #[test]
    fn only_a_thread_that_stands_still_or_has_ended_is_dead() {
        let status = healthy();
        status.turned(1_000);
        assert_eq!(status.dead(1_000 + STALLED_AFTER_MS), None);
        assert!(status.dead(1_001 + STALLED_AFTER_MS).is_some());
        status.troubled(Side::Consumer, Trouble::Away, "all brokers down");
        assert_eq!(status.dead(1_000), None, "a broker that is away never kills a process");
        status.end();
        assert!(status.dead(1_000).is_some());
    }
}
