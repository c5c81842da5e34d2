//! An instance is found, counted and shown at every step that owes it something or has failed it, side steps too.

use choreograph_topology::Manifest;

use super::cut::JOINED;
use super::log::Log;
use crate::answer::{Count, InstanceState, Instances, StallReason, StepNode};
use crate::fact::GroupState;
use crate::model::{InstanceFilter, ModelSettings, Stuck};
use crate::test_disk::restarted;

const CHARGE: &str = "payment/charge";
const RESERVE: &str = "stock/reserve";
const MAIL: &str = "mail/tell";

/// Orders that are charged and reserved at once.
fn joined() -> Log {
    let manifests = JOINED.map(|text| Manifest::read("m.json", text.as_bytes()).unwrap());
    let mut log = Log::of(ModelSettings::default(), &manifests);
    log.look();
    log
}

/// An order that came to its end while nobody is there to send its mails.
fn unmailed() -> Log {
    let mut log = Log::new();
    log.look();
    log.place("a");
    log.confirm("a");
    log.deliver("a");
    log.commit_all();
    log.commit("mail.tell", "orders", 0);
    log.state("mail.tell", GroupState::Empty);
    log.look_for(64_000);
    assert_eq!(log.is("a"), (InstanceState::Completed, None));
    log
}

fn list(log: &Log, change: impl FnOnce(&mut InstanceFilter)) -> Instances {
    let mut filter = InstanceFilter::default();
    change(&mut filter);
    log.model.instances(&filter, log.now)
}

fn at(log: &Log, step: &str) -> u64 {
    list(log, |it| it.step = Some(step.to_owned())).total
}

fn stuck_at(log: &Log, step: &str, reason: StallReason) -> u64 {
    let found = list(log, |it| (it.step, it.reason) = (Some(step.to_owned()), Some(reason)));
    found.total
}

fn node(log: &Log, step: &str) -> StepNode {
    let steps = log.model.workflow("order", log.now).unwrap().steps;
    steps.into_iter().find(|it| it.step == step).unwrap()
}

fn told(counts: &[Count]) -> Vec<(&str, u64)> {
    counts.iter().map(|it| (it.name.as_str(), it.count)).collect()
}

/// What the metric tells, by step.
fn gauge(log: &Log) -> Vec<(String, StallReason, u64)> {
    let gauges = log.model.gauges(log.now).stalled.into_iter();
    gauges.map(|(_, step, reason, count)| (step, reason, count)).collect()
}

#[test]
fn an_order_that_stands_still_at_two_steps_is_found_and_counted_at_both() {
    let mut log = joined();
    log.state("stock.reserve", GroupState::Empty);
    log.place("a");
    log.place("b");
    log.commit("payment.charge", "orders", 0);
    log.look_for(64_000);
    // Of `a` both are known to be late, of `b`, which waits behind it at the first, only the second is.
    assert_eq!(log.is("a").0, InstanceState::Stalled);
    assert_eq!((at(&log, CHARGE), at(&log, RESERVE)), (2, 2));
    assert_eq!(stuck_at(&log, CHARGE, StallReason::NotProgressing), 1);
    assert_eq!(stuck_at(&log, RESERVE, StallReason::NoConsumer), 2);
    assert_eq!(stuck_at(&log, CHARGE, StallReason::NoConsumer), 0, "the reason is that of the step");
    let all = list(&log, |it| it.states = vec![InstanceState::Stalled]);
    assert_eq!((all.total, all.stuck, all.side_stuck), (2, 2, 0));
    assert_eq!(told(&all.by_reason), [("no_consumer", 2), ("not_progressing", 1)]);
    assert_eq!(told(&all.by_step), [(CHARGE, 2), (RESERVE, 2)]);
    let here = list(&log, |it| it.step = Some(CHARGE.to_owned()));
    assert_eq!((here.total, here.stuck), (2, 1), "one of them only waits here");
    assert_eq!(told(&here.by_reason), [("not_progressing", 1)]);
    for (step, reason, count) in
        [(CHARGE, StallReason::NotProgressing, 1), (RESERVE, StallReason::NoConsumer, 2)]
    {
        let node = node(&log, step);
        assert_eq!(node.stalled, Some(reason));
        assert_eq!(told(&node.stalled_by), [(reason.word(), count)]);
        assert!(gauge(&log).contains(&(step.to_owned(), reason, count)), "{:?}", gauge(&log));
    }
    let order = &log.model.overview(log.now).workflows[0];
    assert_eq!(order.stalled, 2, "each is counted once");
    assert_eq!(order.stalled_by.iter().map(|it| it.count).sum::<u64>(), 2, "and by one reason");
    assert_eq!(told(&order.waiting_at), [(CHARGE, 2), (RESERVE, 2)]);
    let summary = log.summary("a");
    let steps: Vec<_> = summary.steps.iter().map(|it| (it.step.as_str(), it.path, it.reason)).collect();
    let wanted =
        [(CHARGE, true, Some(StallReason::NotProgressing)), (RESERVE, true, Some(StallReason::NoConsumer))];
    assert_eq!(steps, wanted);
}

#[test]
fn an_order_that_one_step_failed_is_found_where_it_stands_still_too() {
    let mut log = Log::new();
    log.look();
    let offset = log.place("a");
    log.dead_letter("a", CHARGE, offset, "0");
    log.commit_all();
    log.commit("mail.tell", "orders", 0);
    log.state("mail.tell", GroupState::Dead);
    log.look_for(64_000);
    assert_eq!(log.is("a"), (InstanceState::Failed, Some(StallReason::DeadLetter)));
    assert_eq!((at(&log, CHARGE), at(&log, MAIL)), (1, 1));
    assert_eq!(stuck_at(&log, CHARGE, StallReason::DeadLetter), 1);
    assert_eq!(list(&log, |it| it.reason = Some(StallReason::DeadLetter)).total, 1);
    assert_eq!(node(&log, CHARGE).stalled, None, "its dead letters are told apart");
}

#[test]
fn a_side_step_that_stands_still_is_told_though_its_orders_came_to_their_end() {
    let mut log = unmailed();
    let reason = log.model.workflow("order", log.now).unwrap();
    assert!(reason.steps.iter().any(|it| it.step == MAIL && !it.path));
    let node = |log: &Log| node(log, MAIL);
    let why = node(&log).stalled.unwrap();
    assert_eq!(told(&node(&log).stalled_by), [(why.word(), 1)]);
    assert_eq!((at(&log, MAIL), stuck_at(&log, MAIL, why)), (1, 1));
    let found = list(&log, |it| {
        (it.step, it.states) = (Some(MAIL.to_owned()), vec![InstanceState::Completed]);
    });
    assert_eq!((found.total, found.stuck, found.side_stuck), (1, 0, 1));
    assert_eq!(told(&found.by_step), [(MAIL, 1)]);
    let item = &found.items[0];
    assert_eq!((item.state, item.reason, item.step.as_deref()), (InstanceState::Completed, None, None));
    assert_eq!(item.steps.iter().filter(|it| !it.path && it.reason == Some(why)).count(), 1);
    assert_eq!(gauge(&log), [(MAIL.to_owned(), why, 1)]);
    let order = log.model.overview(log.now).workflows.remove(0);
    assert_eq!((order.completed, order.stalled, order.side_stuck), (1, 0, 1));
    assert_eq!(told(&order.side_stuck_by), [(why.word(), 1)]);
    assert_eq!(told(&order.waiting_at), [(MAIL, 1)]);
    // Somebody is there again.
    log.commit_all();
    log.state("mail.tell", GroupState::Stable);
    log.look_for(4_000);
    assert_eq!((at(&log, MAIL), node(&log).stalled, gauge(&log)), (0, None, Vec::new()));
    assert_eq!(log.model.overview(log.now).workflows[0].side_stuck, 0);
}

#[test]
fn a_dead_letter_of_a_side_step_is_found_there_until_somebody_settles_it() {
    let mut log = Log::new();
    log.look();
    let offset = log.place("a");
    log.confirm("a");
    log.deliver("a");
    let letter = log.dead_letter("a", MAIL, offset, "0");
    log.commit_all();
    log.wait(1);
    log.look();
    assert_eq!(log.is("a"), (InstanceState::Completed, None));
    assert_eq!(stuck_at(&log, MAIL, StallReason::DeadLetter), 1);
    assert_eq!(log.model.overview(log.now).workflows[0].side_stuck, 1);
    assert_eq!(gauge(&log), [], "it has a metric of its own");
    log.audit(&letter, "a", "discarded");
    log.look();
    assert_eq!((at(&log, MAIL), log.model.overview(log.now).workflows[0].side_stuck), (0, 0));
}

#[test]
fn what_a_person_gave_up_failed_and_is_not_stuck() {
    let mut log = Log::new();
    log.look();
    let offset = log.place("a");
    let letter = log.dead_letter("a", CHARGE, offset, "0");
    log.commit_all();
    log.look();
    let of = |log: &Log, stuck: Stuck| list(log, |it| it.stuck = Some(stuck)).total;
    assert_eq!((of(&log, Stuck::Any), of(&log, Stuck::Path), of(&log, Stuck::Side)), (1, 1, 0));
    let summary = |log: &Log| log.model.overview(log.now).workflows.remove(0);
    assert_eq!((summary(&log).failed, summary(&log).given_up), (1, 0));
    log.audit(&letter, "a", "discarded");
    log.look();
    assert_eq!(log.is("a"), (InstanceState::Failed, None));
    assert_eq!((of(&log, Stuck::Any), of(&log, Stuck::Path)), (0, 0));
    assert_eq!((summary(&log).failed, summary(&log).given_up), (1, 1));
    assert_eq!(at(&log, CHARGE), 1, "it failed there");
    let found = list(&log, |it| it.states = vec![InstanceState::Failed]);
    assert_eq!((found.total, found.stuck, found.by_reason.len()), (1, 0, 0));
}

#[test]
fn of_a_lost_order_only_the_steps_to_blame_are_told() {
    let mut log = joined();
    log.place("a");
    log.emit("stock", "a", ("a-r", "stock.reserved.v1"), RESERVE, "a");
    log.commit_all();
    log.look_for(4_000);
    assert_eq!(log.is("a").0, InstanceState::Lost);
    assert_eq!(stuck_at(&log, CHARGE, StallReason::Lost), 1);
    assert_eq!(node(&log, CHARGE).lost, 1);
    let waits = &log.summary("a").sentence;
    assert!(waits.contains("which may wait for payment.confirmed.v1"), "{waits}");
    assert_eq!(at(&log, "shipping/join"), 0, "it waits for what was lost elsewhere");
}

#[test]
fn a_restart_knows_the_same_of_every_step() {
    let mut log = unmailed();
    let mut again = restarted(&mut log.model, &ModelSettings::default());
    again.manifests(&super::log::manifests(), log.now);
    let mail = InstanceFilter { step: Some(MAIL.to_owned()), ..InstanceFilter::default() };
    assert_eq!(again.instances(&mail, log.now).total, 1, "before anything is looked at again");
    assert_eq!(again.overview(log.now).workflows[0].side_stuck, 1);
}

#[test]
fn what_is_kept_of_the_steps_goes_with_the_instances() {
    let settings = ModelSettings { max_instances: 10, ..ModelSettings::default() };
    let mut log = Log::with(settings);
    log.look();
    let mut most = 0;
    for order in 0..100 {
        let offset = log.place(&format!("o-{order}"));
        if order % 3 == 0 {
            log.dead_letter(&format!("o-{order}"), CHARGE, offset, "0");
        }
        log.look();
        let kept: u64 = told(&list(&log, |_| ()).by_step).iter().map(|(_, count)| count).sum();
        most = most.max(kept);
        assert_eq!(at(&log, CHARGE), list(&log, |_| ()).total, "each order owes or failed there");
    }
    assert!((10..=20).contains(&most), "two steps of ten orders: {most}");
    let sets = log.model.store.sets.all();
    assert_eq!(sets.iter().map(|set| set.instances).sum::<u64>(), list(&log, |_| ()).total);
    assert!(
        sets.len() <= 6,
        "orders at the same steps share a set, and a free one is used again: {}",
        sets.len()
    );
    assert_eq!(node(&log, CHARGE).dead_letters, 34, "dead letters are kept by themselves");
}
