//! What the picture of a workflow says of how much goes where.

use super::log::Log;
use crate::answer::{Edge, WorkflowGraph};

fn picture(log: &Log) -> WorkflowGraph {
    log.model.workflow("order", log.now).unwrap()
}

/// How many events of a type a step has taken, and how many of them in the last minute.
fn taken(log: &Log, event_type: &str, step: &str) -> (u64, u64) {
    let of = |edge: &Edge| edge.event_type == event_type && edge.to.as_deref() == Some(step);
    let edge = picture(log).edges.into_iter().find(of).unwrap();
    (edge.seen, edge.seen_last_minute)
}

/// What a step took in the last minute.
fn lately(log: &Log, step: &str) -> u64 {
    picture(log).steps.into_iter().find(|it| it.step == step).unwrap().committed_last_minute
}

/// The order is paid in three parts.
fn pay_in_parts(log: &mut Log, order: &str) {
    for part in 0..3 {
        let id = format!("{order}-part-{part}");
        log.emit("payments", order, (&id, "payment.confirmed.v1"), "payment/charge", order);
    }
}

#[test]
fn an_event_that_has_three_effects_is_taken_once() {
    let mut log = Log::new();
    log.look();
    for order in 0..10 {
        log.place(&format!("o-{order}"));
    }
    for order in 0..6 {
        pay_in_parts(&mut log, &format!("o-{order}"));
    }
    // Nothing says yet that anything more is settled.
    log.look();
    assert_eq!(taken(&log, "order.placed.v1", "payment/charge"), (6, 6));
    log.commit_all();
    log.wait(2_000);
    log.look();
    log.look();
    assert_eq!(taken(&log, "order.placed.v1", "payment/charge"), (10, 10));
    assert_eq!(taken(&log, "payment.confirmed.v1", "shipping/ship"), (18, 18));
}

#[test]
fn a_step_is_said_to_take_only_what_it_consumes() {
    let mut log = Log::new();
    log.look();
    for order in 0..10 {
        let order = format!("o-{order}");
        log.place(&order);
        log.confirm(&order);
        log.deliver(&order);
    }
    log.wait(2_000);
    log.commit_all();
    log.look();
    log.look();
    // The topic has the deliveries too.
    assert_eq!((lately(&log, "payment/charge"), lately(&log, "mail/tell")), (10, 20));
    assert_eq!(taken(&log, "order.placed.v1", "payment/charge"), (10, 10));
}

#[test]
fn what_lies_behind_in_the_topic_and_is_no_business_of_the_step_makes_nothing_wait() {
    let mut log = Log::new();
    log.look();
    for order in 0..4 {
        let order = format!("o-{order}");
        log.place(&order);
        log.confirm(&order);
    }
    log.wait(2_000);
    log.commit_all();
    log.look();
    for order in 4..8 {
        let order = format!("o-{order}");
        log.place(&order);
        let declined = format!("{order}-declined");
        log.emit("payments", &order, (&declined, "payment.declined.v1"), "payment/charge", &order);
    }
    log.look();
    // Its group lags behind four refusals.
    assert_eq!(taken(&log, "payment.confirmed.v1", "shipping/ship").0, 4);
}
