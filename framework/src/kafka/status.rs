//! What a step's Kafka side knows about itself: told to the health probes, and in one log line for each change.

use std::ops::Range;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::partition::Partition;
use super::rights::{Needs, Refusals, Right};
use super::words::Trouble;
use crate::clock;
use crate::ops::{LostRange, Missing, StepHealth};
use crate::telemetry::StepTelemetry;
use crate::telemetry::events::{ClientComplained, ClientRecovered, RecordsLost, SetUpFound, SetUpMissing};

/// Which of a step's two clients is meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Side {
    /// The one that reads and commits.
    Consumer,
    /// The one that publishes.
    Producer,
}

/// How one client stands with its brokers.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
enum Reach {
    /// Nothing heard yet.
    #[default]
    Unknown,
    /// The last thing heard was an answer.
    Reached,
    /// The last thing heard was trouble.
    Troubled(Trouble),
}

/// What one step's Kafka side knows about itself. Written by the step's threads.
#[derive(Debug)]
pub(crate) struct Status {
    health: Arc<StepHealth>,
    telemetry: Arc<StepTelemetry>,
    needs: Needs,
    /// Some right is refused; kept apart as the next.
    refuses: AtomicBool,
    /// Each client answered last; kept apart so that the loop can ask without a lock.
    reached: [AtomicBool; 2],
    facts: Mutex<Facts>,
}

/// What changes rarely.
#[derive(Debug, Default)]
struct Facts {
    reach: [Reach; 2],
    /// What the last look for topics found missing.
    looked: Vec<Missing>,
    refusals: Refusals,
    joined: bool,
}

impl Status {
    /// A step of which nothing is known; what becomes known is told to `health` and `telemetry`.
    pub(crate) fn new(health: Arc<StepHealth>, telemetry: Arc<StepTelemetry>, needs: Needs) -> Self {
        Self {
            health,
            telemetry,
            needs,
            refuses: AtomicBool::new(false),
            reached: [AtomicBool::new(false), AtomicBool::new(false)],
            facts: Mutex::default(),
        }
    }

    /// `service/step`, as telemetry names it.
    pub(super) fn step(&self) -> &str {
        self.health.name()
    }

    /// Where it is told what is only told in full detail.
    pub(super) fn telemetry(&self) -> &StepTelemetry {
        &self.telemetry
    }

    /// The step turned, and so does its sending thread.
    pub(super) fn turned(&self) {
        self.health.turned();
    }

    /// The poll thread ended.
    pub(super) fn end(&self, why: String) {
        self.health.update(|state| state.ended = Some(why));
    }

    /// Whether a client heard an answer last.
    pub(super) fn reaches(&self, side: Side) -> bool {
        self.reached[side as usize].load(Ordering::Relaxed)
    }

    /// Whether nothing is amiss and nothing unknown, so that a slow look now and then is enough.
    pub(super) fn is_well(&self) -> bool {
        let facts = self.facts();
        facts.joined && facts.refusals.is_empty() && facts.reach == [Reach::Reached; 2]
    }

    /// A client heard an answer from a broker.
    pub(super) fn reached(&self, side: Side) {
        if self.reaches(side) {
            return;
        }
        let mut facts = self.facts();
        let before = std::mem::replace(&mut facts.reach[side as usize], Reach::Reached);
        let well = facts.reach.iter().all(|reach| !matches!(reach, Reach::Troubled(_)));
        self.reached[side as usize].store(true, Ordering::Relaxed);
        self.health.update(|state| {
            state.producer_reached |= side == Side::Producer;
            if well {
                state.client_error = None;
            }
        });
        if matches!(before, Reach::Troubled(_)) && well {
            ClientRecovered { step: self.health.name() }.emit();
        }
    }

    /// A client heard of trouble. What needs a person is not hidden by the outage that follows from it, and what both
    /// clients meet is one line of the log.
    pub(super) fn troubled(&self, side: Side, trouble: Trouble, text: &str) {
        let mut facts = self.facts();
        let known = facts.reach.contains(&Reach::Troubled(trouble));
        let reach = &mut facts.reach[side as usize];
        if let Reach::Troubled(before) = *reach
            && (before == trouble || (before.needs_a_person() && !trouble.needs_a_person()))
        {
            return;
        }
        *reach = Reach::Troubled(trouble);
        self.reached[side as usize].store(false, Ordering::Relaxed);
        let error = format!("{}: {text}", trouble.advice());
        if !known {
            let (step, needs_hands) = (self.health.name(), trouble.needs_a_person());
            ClientComplained { step, error: &error, needs_hands }.emit();
        }
        // Nor is it hidden by what the other client knows less of.
        let hides = !trouble.needs_a_person()
            && facts
                .reach
                .iter()
                .any(|reach| matches!(reach, Reach::Troubled(other) if other.needs_a_person()));
        self.health.update(|state| {
            state.producer_reached &= side != Side::Producer;
            if !hides {
                state.client_error = Some(error);
            }
        });
    }

    /// The brokers refuse a right.
    pub(super) fn refused(&self, right: Right) {
        let mut facts = self.facts();
        if facts.refusals.refused(right, clock::millis()) {
            let missing = self.needs.missing(right);
            SetUpMissing { step: self.health.name(), topic: &missing.topic, what: &missing.what }.emit();
            self.show(&facts.refusals);
        }
    }

    /// Whether any right is refused.
    pub(super) fn refuses(&self) -> bool {
        self.refuses.load(Ordering::Relaxed)
    }

    /// Whether a right is refused.
    pub(super) fn is_refused(&self, right: Right) -> bool {
        self.facts().refusals.is_refused(right)
    }

    /// Whether a client shall be made to try a refused right again, now that it can be.
    pub(super) fn is_to_try(&self, right: Right) -> bool {
        self.facts().refusals.is_to_try(right, clock::millis())
    }

    /// Forgets the refusal of a right that was tried again since, and met with silence.
    pub(super) fn listen(&self, right: Right) {
        let mut facts = self.facts();
        if facts.refusals.is_quiet(right, clock::millis()) {
            self.mended(&facts);
        }
    }

    /// A right is no longer refused.
    fn mended(&self, facts: &Facts) {
        self.show(&facts.refusals);
        if facts.refusals.is_empty() {
            SetUpFound { step: self.health.name() }.emit();
        }
    }

    /// Tells the probes which rights are refused.
    fn show(&self, refusals: &Refusals) {
        let refused = Right::ALL.into_iter().filter(|right| refusals.is_refused(*right));
        let refused: Vec<Missing> = refused.map(|right| self.needs.missing(right)).collect();
        self.refuses.store(!refused.is_empty(), Ordering::Relaxed);
        self.health.update(|state| state.refused = refused);
    }

    /// What the last look for topics found missing or refused.
    pub(super) fn looked(&self, missing: Vec<Missing>) {
        let mut facts = self.facts();
        let step = self.health.name();
        for fault in missing.iter().filter(|fault| !facts.looked.contains(fault)) {
            SetUpMissing { step, topic: &fault.topic, what: &fault.what }.emit();
        }
        if missing.is_empty() && !facts.looked.is_empty() {
            SetUpFound { step }.emit();
        }
        facts.looked.clone_from(&missing);
        self.health.update(|state| state.missing = missing);
    }

    /// A right is missing without which it cannot be found out whether everything is there.
    pub(super) fn lacks(&self, right: Right) {
        self.looked(vec![self.needs.missing(right)]);
    }

    /// Whether the group knows this member.
    pub(super) fn joined(&self, joined: bool) {
        let mut facts = self.facts();
        if std::mem::replace(&mut facts.joined, joined) != joined {
            self.health.update(|state| state.group_joined = joined);
        }
        if joined && facts.refusals.granted(Right::Group) {
            self.mended(&facts);
        }
    }

    /// How far the step is from the end of a log: records not committed, and the age of the first of them.
    pub(super) fn lag(&self, partition: &Partition, records: i64, age: Duration) {
        let records = u64::try_from(records).unwrap_or(0);
        self.telemetry.lag(&partition.topic, partition.number, records, age);
    }

    /// A partition is no longer ours: how far the step is there is somebody else's to say.
    pub(super) fn gone(&self, partition: &Partition) {
        self.telemetry.forget_lag(&partition.topic, partition.number);
    }

    /// Partitions that cannot be read, as no broker answers for them; none where all can.
    pub(super) fn silent(&self, partitions: Vec<String>) {
        let step = self.health.name();
        self.health.update(|state| {
            if state.silent != partitions {
                if partitions.is_empty() {
                    tracing::info!(workflow_step = step, "brokers answer for all partitions again");
                } else {
                    let silent = partitions.join(", ");
                    tracing::warn!(workflow_step = step, silent, "no broker answers for some partitions");
                }
                state.silent = partitions;
            }
        });
    }

    /// Whether something that was published has long been waiting for its acknowledgement.
    pub(super) fn overdue(&self, overdue: bool) {
        let step = self.health.name();
        self.health.update(|state| {
            if std::mem::replace(&mut state.overdue, overdue) == overdue {
                return;
            }
            if overdue {
                tracing::warn!(
                    workflow_step = step,
                    "the broker does not acknowledge what was published; going on with records one by one"
                );
            } else {
                tracing::info!(workflow_step = step, "what was published is acknowledged again");
            }
        });
    }

    /// The group moved partitions.
    pub(super) fn rebalanced(&self) {
        self.telemetry.rebalanced();
    }

    /// Retention took records before they were read (law 10).
    pub(super) fn lost(&self, partition: &Partition, range: &Range<i64>) {
        let records = u64::try_from(range.end.saturating_sub(range.start)).unwrap_or(0);
        let (step, topic) = (self.health.name(), &*partition.topic);
        RecordsLost { step, topic, partition: partition.number, from: range.start, to: range.end }.emit();
        self.telemetry.lost(&partition.topic, records);
        self.health.update(|state| {
            state.lose(LostRange {
                topic: partition.topic.to_string(),
                partition: partition.number,
                from: range.start,
                to: range.end,
            });
        });
    }

    /// A client that cannot be replaced is beyond help: the process has to be restarted.
    pub(super) fn fatal(&self, text: String) {
        tracing::error!(workflow_step = self.health.name(), "{text}");
        self.health.update(|state| state.fatal = Some(text));
    }

    /// The facts; a panic elsewhere leaves nothing half written here.
    fn facts(&self) -> MutexGuard<'_, Facts> {
        self.facts.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ops::Health;
    use crate::telemetry::Telemetry;

    fn joined() -> (Health, Status) {
        let health = Health::new();
        let telemetry = Telemetry::quiet().step("payment", "charge", "payment.charge");
        let status = Status::new(health.step("payment/charge"), Arc::new(telemetry), Needs::default());
        status.reached(Side::Consumer);
        status.reached(Side::Producer);
        status.joined(true);
        (health, status)
    }

    fn notes(health: &Health) -> String {
        let report = health.report();
        [report.steps[0].reasons.as_slice(), &report.steps[0].notes].concat().join("\n")
    }

    #[test]
    fn a_step_is_ready_once_it_joined_and_its_producer_reached_a_broker() {
        let (health, status) = joined();
        assert!(health.report().ready, "{}", notes(&health));
        assert!(status.is_well());
        status.joined(false);
        assert!(!health.report().ready && !status.is_well());
    }

    #[test]
    fn a_refused_login_is_not_hidden_by_the_outage_that_follows() {
        let (health, status) = joined();
        status.troubled(Side::Producer, Trouble::Login, "SASL authentication error");
        status.troubled(Side::Producer, Trouble::Away, "1/1 brokers are down");
        assert!(!health.report().ready && health.report().live);
        assert!(notes(&health).contains("refused the login"), "{}", notes(&health));
        status.reached(Side::Producer);
        assert!(health.report().ready, "{}", notes(&health));
    }

    #[test]
    fn a_refused_login_is_not_hidden_by_the_other_clients_outage() {
        let (health, status) = joined();
        status.troubled(Side::Consumer, Trouble::Login, "SASL authentication error");
        status.troubled(Side::Producer, Trouble::Away, "1/1 brokers are down");
        assert!(notes(&health).contains("refused the login"), "{}", notes(&health));
    }

    #[test]
    fn a_refused_right_stands_though_brokers_answer_other_questions() {
        let (health, status) = joined();
        status.joined(false);
        status.refused(Right::Group);
        status.reached(Side::Consumer);
        assert!(notes(&health).contains("GROUP_AUTHORIZATION_FAILED"), "{}", notes(&health));
        assert!(!status.is_well());
        status.joined(true);
        assert!(health.report().ready && status.is_well(), "{}", notes(&health));
    }

    #[test]
    fn partitions_without_a_leader_are_named_until_they_have_one() {
        let (health, status) = joined();
        status.silent(vec!["orders [3]".to_owned()]);
        assert!(health.report().ready, "the others are read");
        assert!(notes(&health).contains("no broker answers for orders [3]"), "{}", notes(&health));
        status.silent(Vec::new());
        assert_eq!(notes(&health), "");
        status.silent((0..30).map(|number| format!("orders [{number}]")).collect());
        assert!(notes(&health).contains("orders [9] and 20 more"), "{}", notes(&health));
    }

    #[test]
    fn lost_ranges_are_shown() {
        let (health, status) = joined();
        let partition = Partition { topic: "orders".into(), number: 3 };
        status.lost(&partition, &(10..25));
        let lost = &health.report().steps[0].lost[0];
        assert_eq!((lost.partition, lost.from, lost.to), (3, 10, 25));
    }
}
