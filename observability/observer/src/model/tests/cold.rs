//! What is said on a cold start is what was said before: whatever retention took, and whenever manifests came.

use super::log::{Log, START, manifests};
use crate::answer::{DriftKind, InstanceState, StallReason};
use crate::model::{Model, ModelSettings};

const LOST: (InstanceState, Option<StallReason>) = (InstanceState::Lost, Some(StallReason::Lost));
const STUCK: (InstanceState, Option<StallReason>) =
    (InstanceState::Stalled, Some(StallReason::NotProgressing));
const DEAD: (InstanceState, Option<StallReason>) = (InstanceState::Failed, Some(StallReason::DeadLetter));
const KEPT_FOR: u64 = 100_000;

fn shortly() -> Log {
    Log::with(ModelSettings { keep_finished_ms: KEPT_FOR, ..ModelSettings::default() })
}

fn running(log: &Log) -> u64 {
    log.model.overview(log.now).workflows.iter().map(|workflow| workflow.running).sum()
}

/// Two orders whose dead letters were replayed longer ago than the retry topic keeps; `ended` has come to its end.
fn replayed_long_ago(log: &mut Log) {
    log.retain("payment.charge.retry", 2);
    for order in ["ended", "open"] {
        let offset = log.place(order);
        let letter = log.dead_letter(order, "payment/charge", offset, "0");
        log.audit(&letter, order, "replayed");
    }
    log.confirm("ended");
    log.deliver("ended");
    log.commit_all();
}

#[test]
fn a_dead_letter_that_was_replayed_longer_ago_than_the_retry_topic_keeps_owes_nothing() {
    let mut log = shortly();
    replayed_long_ago(&mut log);
    log.look();
    log.look();
    assert_eq!(log.is("ended"), (InstanceState::Completed, None));
    let graph = log.model.workflow("order", log.now).unwrap();
    let charge = graph.steps.iter().find(|step| step.step == "payment/charge").unwrap();
    assert_eq!((charge.oldest_waiting_ms, charge.owing.len()), (None, 0));
    let open = log.model.instance("open", log.now).unwrap();
    assert_eq!((open.frontier.len(), open.summary.step.as_deref()), (0, None));
    log.look_for(KEPT_FOR + 20_000);
    assert_eq!(running(&log), 0);
    assert!(log.model.instance("open", log.now).is_none(), "it ages out");
}

#[test]
fn while_the_retry_topic_is_still_read_a_replay_is_awaited() {
    let mut log = shortly();
    log.model.unseen(["payment.charge.retry"]);
    replayed_long_ago(&mut log);
    log.look();
    log.look();
    assert_eq!(log.is("open"), (InstanceState::Running, None));
    assert_eq!(log.summary("open").step.as_deref(), Some("payment/charge"));
    log.model.unseen([]);
    log.look();
    assert_eq!(log.summary("open").step, None);
}

#[test]
fn what_was_lost_and_what_a_side_step_owes_is_kept_as_long_as_there_is_room() {
    let mut log = shortly();
    log.look();
    log.place("lost");
    log.commit_all();
    log.wait(5);
    log.look();
    assert_eq!(log.is("lost"), LOST);
    log.place("side");
    log.confirm("side");
    log.deliver("side");
    log.commit_all();
    log.commit("mail.tell", "orders", 1);
    log.look_for(2 * KEPT_FOR);
    assert_eq!(log.is("lost"), LOST);
    assert_eq!(log.is("side"), (InstanceState::Completed, None), "a mail is still to be sent");
    assert_eq!(log.model.gauges(log.now).forgotten.finished, 0);
    log.commit_all();
    log.look_for(20_000);
    assert!(log.model.instance("side", log.now).is_none() && log.model.instance("lost", log.now).is_some());
}

#[test]
fn manifests_that_come_after_the_observer_was_started_declare_nothing_late() {
    let mut log = Log::new();
    log.model = Model::new(ModelSettings::default());
    log.model.manifests(&[], START);
    log.wait(60_000);
    log.model.manifests(&manifests(), log.now);
    log.now -= 3_600_000;
    log.place("a");
    log.now += 3_600_000;
    log.look_for(66_000);
    assert_eq!(log.is("a"), STUCK);
}

/// The shop whose `charge` bears another name, in the same group.
fn renamed() -> Vec<choreograph_topology::Manifest> {
    let mut manifests = manifests();
    manifests[1].steps[0].name = "collect".to_owned();
    manifests
}

#[test]
fn a_dead_letter_stays_one_when_its_step_gets_another_name() {
    for live in [true, false] {
        let mut log = if live { Log::new() } else { Log::of(ModelSettings::default(), &renamed()) };
        log.look();
        let offset = log.place("a");
        log.dead_letter("a", "payment/charge", offset, "0");
        log.commit_all();
        log.wait(5);
        log.look();
        log.model.manifests(&renamed(), log.now);
        log.look();
        log.look();
        assert_eq!(log.is("a"), DEAD, "{live}");
        assert_eq!(log.summary("a").step.as_deref(), Some("payment/collect"), "{live}");
    }
}

#[test]
fn what_waits_for_a_step_waits_for_it_under_another_name() {
    let mut log = Log::new();
    log.look();
    log.place("a");
    log.look_for(3_600_000);
    assert_eq!(log.is("a"), STUCK);
    log.model.manifests(&renamed(), log.now);
    log.look();
    assert_eq!(log.is("a"), STUCK);
}

#[test]
fn what_a_step_did_under_its_earlier_name_it_did() {
    let mut log = Log::of(ModelSettings::default(), &renamed());
    log.look();
    log.place("a");
    log.wait(1_000);
    log.confirm("a");
    log.commit_all();
    log.wait(5);
    log.look();
    assert_eq!((log.is("a"), log.summary("a").step.as_deref()), (LOST, Some("shipping/ship")));
}

#[test]
fn nothing_is_silent_before_what_came_lately_was_read() {
    let mut log = Log::new();
    log.now -= 3 * 24 * 3_600_000;
    log.place("old");
    log.now = START;
    let silent = |log: &Log| {
        let drifts = log.model.drifts(log.now).drifts;
        drifts.iter().filter(|drift| drift.kind == DriftKind::Silent).count()
    };
    assert_eq!(silent(&log), 0);
    log.look();
    assert!(silent(&log) > 0);
}
