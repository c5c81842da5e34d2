//! Offsets that hold no record: the marks that transactions leave behind.

use super::log::{Log, manifests};
use crate::answer::{InstanceState, StallReason, StepState};
use crate::fact::GroupState;

const RETRY: &str = "payment.charge.retry";

/// The mark that ends a transaction: it takes an offset, and is no record.
fn mark(log: &mut Log, topic: &str) {
    let offset = log.write(topic, 0);
    log.model.read_to(topic, 0, offset + 1);
}

/// What the metric and the picture say of the lag of the step that charges, on a topic and on all.
fn lag(log: &Log, topic: &str) -> (u64, u64) {
    let gauges = log.model.gauges(log.now).groups;
    let gauge =
        gauges.iter().find(|gauge| &*gauge.topic == topic && &*gauge.step == "payment/charge").unwrap();
    let graph = log.model.workflow("order", log.now).unwrap();
    (gauge.lag, graph.steps.iter().find(|step| step.step == "payment/charge").unwrap().lag)
}

#[test]
fn a_replay_that_is_done_with_leaves_no_lag() {
    let mut log = Log::new();
    log.look();
    let offset = log.place("a");
    log.dead_letter("a", "payment/charge", offset, "0");
    log.commit_all();
    log.replay("a", "payment/charge", offset, "1");
    mark(&mut log, RETRY);
    log.look();
    assert_eq!(lag(&log, RETRY), (1, 1), "the record waits");
    log.commit("payment.charge", RETRY, 1);
    log.look();
    assert_eq!(lag(&log, RETRY), (0, 0));
    let behind = log.write(RETRY, 0);
    log.look();
    assert_eq!(lag(&log, RETRY), (2, 2), "a record that was not read yet may be one");
    log.model.read_to(RETRY, 0, behind + 1);
    assert_eq!(lag(&log, RETRY), (0, 0));
}

#[test]
fn after_retention_has_taken_every_record_there_is_no_lag_on_a_cold_start_either() {
    let mut log = Log::new();
    log.retain(RETRY, 2);
    log.commit("payment.charge", RETRY, 1);
    log.look();
    assert_eq!(lag(&log, RETRY), (0, 0));
}

#[test]
fn a_record_behind_nothing_but_a_mark_is_the_first() {
    let mut log = Log::new();
    log.look();
    log.place("a");
    mark(&mut log, "orders");
    log.place("b");
    mark(&mut log, "orders");
    log.place("c");
    log.commit("payment.charge", "orders", 1);
    log.look();
    assert_eq!(log.at("b", "b", "payment/charge"), StepState::Handling);
    let queued = StepState::Queued { partition: 0, ahead: 1, moving: true };
    assert_eq!(log.at("c", "c", "payment/charge"), queued, "marks are none that are ahead");
    log.look_for(66_000);
    assert_eq!(log.is("b"), (InstanceState::Stalled, Some(StallReason::NotProgressing)));
    assert_eq!(log.is("c"), (InstanceState::Running, None), "nothing says that it hangs");
}

#[test]
fn a_step_that_begins_with_the_newest_record_lags_behind_none_before_it_commits() {
    let mut manifests = manifests();
    manifests[1].steps[0].from = Some("latest".into());
    let mut log = Log::of(crate::model::ModelSettings::default(), &manifests);
    log.place("a");
    log.commit_nothing("payment.charge", "orders");
    log.state("payment.charge", GroupState::Stable);
    log.look();
    assert_eq!(lag(&log, "orders"), (0, 0));
}
