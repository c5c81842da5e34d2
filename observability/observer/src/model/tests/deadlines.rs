//! What a step without a deadline is learned to take, and what teaches nothing.

use choreograph_topology::Manifest;

use super::log::Log;
use crate::fact::Millis;
use crate::model::ModelSettings;

/// The longest that a record may block its key in these tests.
const LONGEST_BLOCK_MS: Millis = 120_000;

/// The shop, whose payment declares no deadline and how it retries.
fn manifests() -> Vec<Manifest> {
    let mut manifests = super::log::manifests();
    let charge = &mut manifests[1].steps[0];
    (charge.deadline_ms, charge.timeout_ms) = (None, Some(40_000));
    charge.retry = serde_json::from_value(serde_json::json!({
        "attempts": 3, "first_ms": 100, "cap_ms": 1_000, "jitter": "full", "longest_block_ms": LONGEST_BLOCK_MS
    }))
    .ok();
    assert!(charge.retry.is_some());
    manifests
}

/// Charges `orders` orders, each of which waited for `took`.
fn charge(log: &mut Log, prefix: &str, orders: usize, took: Millis) {
    let orders: Vec<String> = (0..orders).map(|order| format!("{prefix}-{order}")).collect();
    for order in &orders {
        log.place(order);
    }
    log.wait(took);
    for order in &orders {
        log.confirm(order);
    }
    log.commit_all();
    log.look();
}

/// How long the payment of an order may take.
fn deadline(log: &mut Log, order: &str) -> Millis {
    let offset = log.place(order);
    log.commit("payment.charge", "orders", offset);
    log.look();
    log.model.instance(order, log.now).unwrap().frontier[0].deadline_ms
}

#[test]
fn an_hours_outage_and_a_replay_after_a_day_leave_the_deadline() {
    let mut log = Log::of(ModelSettings::default(), &manifests());
    log.look();
    assert_eq!(deadline(&mut log, "first"), 40_000, "one attempt, until it was seen");
    log.commit_all();
    charge(&mut log, "usual", 300, 200);
    assert_eq!(deadline(&mut log, "before"), 30_000);

    charge(&mut log, "late", 60, 3_600_000);
    assert_eq!(deadline(&mut log, "after-the-outage"), 30_000);

    let set_aside: Vec<(String, i64)> = (0..60)
        .map(|order| {
            let order = format!("aside-{order}");
            let offset = log.place(&order);
            (order, offset)
        })
        .collect();
    for (order, offset) in &set_aside {
        log.dead_letter(order, "payment/charge", *offset, "0");
    }
    log.commit_all();
    log.look();
    // One is replayed at once, within the deadline; the others on the next day.
    for (after, replayed) in [(10_000, &set_aside[..30]), (24 * 3_600_000, &set_aside[30..])] {
        log.wait(after);
        for (order, offset) in replayed {
            log.replay(order, "payment/charge", *offset, "1");
            log.confirm(order);
        }
    }
    log.commit_all();
    log.look();
    assert_eq!(deadline(&mut log, "after-the-replays"), 30_000);
}

#[test]
fn no_deadline_is_learned_that_is_longer_than_a_record_may_block_its_key() {
    let mut log = Log::of(ModelSettings::default(), &manifests());
    log.look();
    charge(&mut log, "outage-before-anything-was-learned", 60, 3_600_000);
    assert_eq!(deadline(&mut log, "first"), 40_000);
    log.commit_all();
    charge(&mut log, "slow", 60, 50_000);
    assert_eq!(deadline(&mut log, "after-slow-ones"), LONGEST_BLOCK_MS);
}
