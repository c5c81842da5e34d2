//! States of groups that brokers tell now and then, or not at all.

use super::log::Log;
use crate::answer::{InstanceState, StallReason};
use crate::fact::GroupState;

const NOBODY: (InstanceState, Option<StallReason>) = (InstanceState::Stalled, Some(StallReason::NoConsumer));
const STUCK: (InstanceState, Option<StallReason>) =
    (InstanceState::Stalled, Some(StallReason::NotProgressing));

/// An order that waits for a step whose group has had no member for ten minutes.
fn abandoned() -> Log {
    let mut log = Log::new();
    log.state("payment.charge", GroupState::Empty);
    log.look();
    log.place("a");
    log.look_for(600_000);
    assert_eq!(log.is("a"), NOBODY);
    log
}

#[test]
fn while_no_state_is_told_the_last_one_holds() {
    let mut log = abandoned();
    log.state("payment.charge", GroupState::Unknown);
    log.look_for(120_000);
    assert_eq!(log.is("a"), NOBODY);
    assert!(log.summary("a").sentence.ends_with("no member for 12 min"), "{}", log.summary("a").sentence);
    log.state("payment.charge", GroupState::Empty);
    log.look();
    assert!(log.summary("a").sentence.ends_with("no member for 12 min"), "{}", log.summary("a").sentence);
}

#[test]
fn it_does_not_hold_for_ever() {
    let mut log = abandoned();
    log.state("payment.charge", GroupState::Unknown);
    log.look_for(400_000);
    assert_eq!(log.is("a"), STUCK);
}

#[test]
fn whoever_commits_is_there_whatever_was_told() {
    let mut log = abandoned();
    log.place("b");
    log.state("payment.charge", GroupState::Unknown);
    log.commit("payment.charge", "orders", 1);
    log.look_for(80_000);
    assert_eq!(log.is("b"), STUCK);
    // A member that came and went between two questions.
    log.state("payment.charge", GroupState::Empty);
    log.look_for(20_000);
    assert_eq!(log.is("b"), NOBODY);
    log.commit("payment.charge", "orders", 2);
    log.place("c");
    log.look();
    assert!(
        log.model.workflow("order", log.now).unwrap().steps.iter().any(|step| step.group_state == "empty")
    );
    log.look_for(10_000);
    log.commit("payment.charge", "orders", 3);
    log.place("d");
    log.look_for(64_000);
    assert_eq!(log.is("d"), NOBODY);
    assert!(log.summary("d").sentence.ends_with("no member for 1 min"), "{}", log.summary("d").sentence);
}

#[test]
fn a_group_whose_offsets_are_known_is_not_dead() {
    let mut log = Log::new();
    log.state("payment.charge", GroupState::Dead);
    log.look();
    log.place("a");
    log.look_for(70_000);
    assert_eq!(log.is("a"), STUCK, "the broker tells nothing of it: it is of the new protocol");
}
