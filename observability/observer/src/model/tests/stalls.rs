//! Every reason for which an instance stands still, and what is no reason.

use super::log::{Log, START, held};
use crate::answer::{InstanceState, StallReason, StepState};
use crate::fact::{GroupState, Held, Progress};

const STALLED: InstanceState = InstanceState::Stalled;
const RUNNING: InstanceState = InstanceState::Running;

#[test]
fn a_long_queue_that_moves_is_a_backlog_and_says_how_many_are_ahead() {
    let mut log = Log::new();
    log.look();
    for order in 0..320 {
        log.place(&format!("o-{order}"));
    }
    log.commit("payment.charge", "orders", 0);
    log.look();
    assert_eq!(log.is("o-312"), (RUNNING, None));
    for step in 1..=120 {
        log.commit("payment.charge", "orders", step / 30);
        log.look_for(2_000);
    }
    let summary = log.summary("o-312");
    assert_eq!((summary.state, summary.reason), (STALLED, Some(StallReason::Backlog)));
    assert_eq!(summary.sentence, "waiting 4 min at payment/charge: 308 ahead of it in partition 0, moving");
}

#[test]
fn a_poison_record_stops_its_partition_and_those_behind_it_are_unknown() {
    let mut log = Log::new();
    log.look();
    log.place("a");
    log.place("b");
    log.look_for(58_000);
    assert_eq!(log.is("a"), (RUNNING, None), "within its deadline");
    log.look_for(6_000);
    assert_eq!(log.is("a"), (STALLED, Some(StallReason::NotProgressing)));
    let sentence = log.summary("a").sentence;
    assert_eq!(sentence, "stuck 1 min at payment/charge: first in partition 0, and nothing moves");
    assert_eq!(log.is("b"), (RUNNING, None), "nothing is said about it");
    let StepState::Unknown { why } = log.at("b", "b", "payment/charge") else { panic!("it is known") };
    assert_eq!(why, "behind a record that blocks partition 0, nothing is said about this one");
    log.commit("payment.charge", "orders", 1);
    log.look_for(2_000);
    assert_eq!(log.is("b"), (STALLED, Some(StallReason::Backlog)), "it moves again");
}

#[test]
fn metadata_proves_that_a_record_behind_is_not_progressing() {
    let mut log = Log::new();
    log.look();
    for order in ["a", "b", "c"] {
        log.place(order);
    }
    let progress = Progress { settled: vec![2..=2], held: Vec::new(), ..Progress::default() };
    log.commit_with("payment.charge", "orders", 0, progress);
    log.look();
    log.confirm("c");
    log.look_for(66_000);
    assert_eq!(log.is("b"), (STALLED, Some(StallReason::NotProgressing)));
    assert!(matches!(log.at("c", "c", "payment/charge"), StepState::Done { .. }), "settled above the mark");
}

#[test]
fn of_a_step_that_tells_more_than_an_offset_what_hangs_behind_another_is_not_progressing_either() {
    let mut log = Log::new();
    log.look();
    for order in ["a", "b", "c", "d"] {
        log.place(order);
    }
    log.commit_with(
        "payment.charge",
        "orders",
        0,
        Progress { settled: vec![1..=1], held: Vec::new(), ..Progress::default() },
    );
    log.look();
    log.confirm("a");
    log.confirm("b");
    // From here on it has nothing to list: what is behind the mark hangs.
    log.commit("payment.charge", "orders", 2);
    log.look_for(66_000);
    for order in ["c", "d"] {
        assert_eq!(log.is(order), (STALLED, Some(StallReason::NotProgressing)));
    }
    let sentence = log.summary("d").sentence;
    assert!(sentence.ends_with(": 1 ahead of it in partition 0, not moving"), "{sentence}");
}

#[test]
fn a_record_that_hangs_first_is_not_progressing_though_others_go_past_it() {
    let mut log = Log::new();
    log.look();
    log.place("hangs");
    for order in 0..36 {
        let order = format!("o-{order}");
        log.place(&order);
        log.confirm(&order);
        let end = log.model.next_offset("orders", 0).unwrap();
        let progress = Progress { settled: vec![1..=end - 1], held: Vec::new(), ..Progress::default() };
        log.commit_with("payment.charge", "orders", 0, progress);
        log.commit("shipping.ship", "payments", end - 2);
        log.look_for(2_000);
        assert_eq!(log.is(&order), (RUNNING, None));
        if order == "o-20" {
            assert_eq!(log.is("hangs"), (RUNNING, None), "within its deadline");
        }
    }
    assert_eq!(log.is("hangs"), (STALLED, Some(StallReason::NotProgressing)));
    let sentence = log.summary("hangs").sentence;
    assert_eq!(sentence, "stuck 1 min at payment/charge: first in partition 0, and others go past it");
}

#[test]
fn a_key_blocked_by_back_off_beside_them_stalls_nobody_else() {
    let mut log = Log::new();
    log.look();
    log.place("slow");
    for order in 0..30 {
        let order = format!("o-{order}");
        log.place(&order);
        log.confirm(&order);
        let end = log.model.next_offset("orders", 0).unwrap();
        let held = vec![held(0, 2, log.now + 5_000)];
        log.commit_with(
            "payment.charge",
            "orders",
            0,
            Progress { settled: vec![1..=end - 1], held, ..Progress::default() },
        );
        log.commit("shipping.ship", "payments", end - 2);
        log.look_for(4_000);
        assert_eq!(log.is(&order), (RUNNING, None));
    }
    assert_eq!(log.is("slow"), (STALLED, Some(StallReason::Retrying)));
    let summary = log.summary("slow");
    assert_eq!(summary.attempts, 2);
    assert_eq!(summary.sentence, "waiting 2 min at payment/charge: 2 attempts failed, the next in 1 s");
}

#[test]
fn a_retry_within_the_deadline_is_no_stall() {
    let mut log = Log::new();
    log.look();
    log.place("a");
    let progress =
        Progress { settled: Vec::new(), held: vec![held(0, 1, log.now + 20_000)], ..Progress::default() };
    log.commit_with("payment.charge", "orders", 0, progress);
    log.look_for(10_000);
    assert_eq!(log.is("a"), (RUNNING, None));
    let due = Some(START + 20_002);
    assert_eq!(log.at("a", "a", "payment/charge"), StepState::Retrying { attempts: 1, due, outage: false });
}

#[test]
fn an_outage_is_told_for_all_that_wait_behind_it() {
    let mut log = Log::new();
    log.look();
    log.place("a");
    log.place("b");
    let outage = Held { outage: true, ..held(0, 0, START + 3_600_000) };
    log.commit_with(
        "payment.charge",
        "orders",
        0,
        Progress { settled: Vec::new(), held: vec![outage], ..Progress::default() },
    );
    log.look_for(70_000);
    assert_eq!(log.is("a"), (STALLED, Some(StallReason::Retrying)));
    assert_eq!(log.is("b"), (STALLED, Some(StallReason::Retrying)));
    let sentence = log.summary("a").sentence;
    assert!(
        sentence.contains("the step is in outage, what it needs is away; the next in 58 min"),
        "{sentence}"
    );
}

#[test]
fn a_group_without_a_member_is_the_reason_as_soon_as_the_deadline_is_over() {
    let mut log = Log::new();
    log.look();
    log.place("a");
    log.look_for(56_000);
    log.state("payment.charge", GroupState::Empty);
    log.look_for(4_000);
    assert_eq!(log.is("a"), (RUNNING, None), "within its deadline");
    log.look_for(4_000);
    assert_eq!(log.is("a"), (STALLED, Some(StallReason::NoConsumer)));
    let sentence = log.summary("a").sentence;
    let wanted = "waiting 1 min at payment/charge: nobody is there, its group has had no member for 6 s";
    assert_eq!(sentence, wanted);
    log.state("payment.charge", GroupState::Stable);
    log.commit("payment.charge", "orders", 1);
    log.confirm("a");
    log.look_for(2_000);
    assert_eq!(log.is("a"), (RUNNING, None));
}

#[test]
fn where_the_broker_tells_no_state_nobody_is_called_gone() {
    let mut log = Log::new();
    for state in [GroupState::Unknown, GroupState::Rebalancing] {
        log.state("payment.charge", state);
        log.look();
        log.place(&format!("{state:?}"));
        log.look_for(120_000);
        assert_eq!(log.is("Unknown").1, Some(StallReason::NotProgressing));
    }
}

#[test]
fn a_step_that_was_never_started_has_no_consumer() {
    let mut log = Log::new();
    log.state("payment.charge", GroupState::Dead);
    log.commit_nothing("payment.charge", "orders");
    log.commit_nothing("payment.charge", "payment.charge.retry");
    log.look();
    log.place("a");
    log.look_for(70_000);
    assert_eq!(log.is("a"), (STALLED, Some(StallReason::NoConsumer)));
}

#[test]
fn a_side_step_that_stands_still_changes_nothing() {
    let mut log = Log::new();
    log.state("mail.tell", GroupState::Dead);
    log.commit_nothing("mail.tell", "orders");
    log.commit_nothing("mail.tell", "mail.tell.retry");
    log.look();
    log.place("a");
    log.confirm("a");
    log.deliver("a");
    log.commit("payment.charge", "orders", 2);
    log.commit("shipping.ship", "payments", 1);
    log.look_for(120_000);
    assert_eq!(log.is("a"), (InstanceState::Completed, None));
    let instance = log.model.instance("a", log.now).unwrap();
    let owing: Vec<_> = instance.frontier.iter().map(|it| (it.step.as_str(), it.path, it.stalled)).collect();
    let wanted = ("mail/tell", false, Some(StallReason::NoConsumer));
    assert_eq!(owing, [wanted, wanted]);
    let gauges = log.model.gauges(log.now);
    assert!(
        gauges.waiting.contains(&("order".to_owned(), "mail/tell".to_owned(), "queued", 2)),
        "{gauges:?}"
    );
}

#[test]
fn while_the_observer_is_blind_nothing_ages() {
    let mut log = Log::new();
    log.look();
    log.place("a");
    log.look();
    log.wait(3_600_000);
    log.model.tick(log.now);
    assert_eq!(log.is("a"), (RUNNING, None));
    let problems = log.model.overview(log.now).problems;
    assert!(problems.iter().any(|it| it.contains("nothing was heard of the consumer groups for 1 h")));
}

#[test]
fn a_group_that_cannot_be_asked_about_ages_nothing_while_others_are_told_of() {
    let mut log = Log::new();
    log.look();
    log.place("a");
    log.place("b");
    log.emit("payments", "b", ("b-paid", "payment.confirmed.v1"), "payment/charge", "b");
    log.look();
    log.answers("payment.charge", false);
    log.look_for(120_000);
    assert_eq!(log.is("a"), (RUNNING, None), "nothing was heard of who charges");
    assert!(log.model.instance("b", log.now).unwrap().frontier.iter().any(|it| it.stalled.is_some()));
    log.answers("payment.charge", true);
    log.look();
    assert_eq!(log.is("a"), (STALLED, Some(StallReason::NotProgressing)));
}

#[test]
fn a_step_without_a_deadline_has_five_times_what_it_takes_and_half_a_minute_at_least() {
    let mut log = Log::new();
    log.look();
    let deadline = |log: &Log| log.model.instance("last", log.now).unwrap().frontier[0].deadline_ms;
    for order in 0..100 {
        let order = format!("o-{order}");
        log.place(&order);
        log.confirm(&order);
    }
    log.wait(20_000);
    for order in 0..60 {
        log.deliver(&format!("o-{order}"));
    }
    log.commit_all();
    log.look();
    log.place("last");
    log.confirm("last");
    log.commit("payment.charge", "orders", 161);
    log.look();
    let deadline = deadline(&log);
    assert!((100_000..=130_000).contains(&deadline), "{deadline}");
}

#[test]
fn of_a_group_that_was_not_asked_yet_it_is_said_that_nothing_is_known() {
    let mut log = Log::new();
    log.place("a");
    let StepState::Unknown { why } = log.at("a", "a", "payment/charge") else { panic!("it is known") };
    assert_eq!(why, "nothing is known of what group payment.charge has committed there");
}

#[test]
fn without_a_deadline_a_step_may_take_as_long_as_one_attempt_until_it_was_seen_how_long_it_takes() {
    let mut manifests = super::log::manifests();
    (manifests[1].steps[0].deadline_ms, manifests[1].steps[0].timeout_ms) = (None, Some(60_000));
    let mut log = Log::of(crate::model::ModelSettings::default(), &manifests);
    log.look();
    log.place("a");
    log.look_for(46_000);
    assert_eq!(log.is("a"), (RUNNING, None));
    log.look_for(20_000);
    assert_eq!(log.is("a"), (STALLED, Some(StallReason::NotProgressing)));
}

#[test]
fn what_moved_before_an_event_came_is_no_sign_that_it_moves_now() {
    let mut log = Log::new();
    log.look();
    log.place("before");
    log.look();
    log.commit_all();
    log.look();
    // It comes and hangs while the observer sees nothing, and its group is asked about before it is read.
    let (came, offset) = (log.now + 100_000, log.write("orders", 0));
    log.wait(200_000);
    log.look_at_groups();
    let headers = [("ce_id", "a"), ("ce_type", "order.placed.v1"), ("ce_correlationid", "a")];
    log.tell("orders", 0, offset, "a", &headers, Some(came));
    log.look_at_ends();
    log.model.tick(log.now);
    assert_eq!(log.is("a"), (RUNNING, None));
    log.look_for(66_000);
    assert_eq!(log.is("a"), (STALLED, Some(StallReason::NotProgressing)));
}
