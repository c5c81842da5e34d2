//! Outages: what a step needs is away, or the broker is.

use super::super::{
    Case, Lab, Platform, Promise,
    lab::{self, CHARGE, ORDERS, PAYMENTS, Task},
    settled,
};

/// Orders of one case.
const ORDERS_OF_CASE: u32 = 30;

/// The gateway goes and comes back.
pub(super) const GATEWAY: Case = Case {
    name: "an outage of the gateway spends no attempt and sets nothing aside",
    promises: &[Promise::Outages, Promise::NothingLost],
    run: |platform| {
        let lab = Lab::default();
        lab.set_gateway_away(true);
        platform.start(lab::payment(&lab));
        publish(platform, 0);
        platform.until("the step notices", &mut |_| match lab.handled(CHARGE).len() {
            0 => Err("no attempt yet".to_owned()),
            _ => Ok(()),
        });
        publish(platform, 1);
        assert!(lab.finished(CHARGE).is_empty());
        lab.set_gateway_away(false);
        settled(platform, CHARGE, &[ORDERS]);

        assert!(lab.handled(CHARGE).iter().all(|handled| handled.attempt == 1), "no attempt was spent");
        assert!(platform.records("payment.charge.dlq").is_empty());
        assert_all_paid(platform);
    },
};

/// The broker goes and comes back.
pub(super) const BROKER: Case = Case {
    name: "an outage of the broker loses nothing and needs no restart",
    promises: &[Promise::BrokerOutage, Promise::NothingLost],
    run: |platform| {
        let lab = Lab::default();
        lab.set_barred(true);
        platform.start(lab::payment(&lab));
        publish(platform, 0);
        platform.until("the step begins", &mut |_| match lab.handled(CHARGE).len() {
            0 => Err("no attempt yet".to_owned()),
            _ => Ok(()),
        });
        platform.broker_down();
        assert!(lab.finished(CHARGE).is_empty());
        lab.set_barred(false);
        platform.until(
            "a handler ends while the broker is away",
            &mut |_| match lab.finished(CHARGE).len() {
                0 => Err("none has".to_owned()),
                _ => Ok(()),
            },
        );
        platform.broker_up();
        publish(platform, 1);
        settled(platform, CHARGE, &[ORDERS]);
        assert!(platform.records("payment.charge.dlq").is_empty());
        assert_all_paid(platform);
    },
};

fn publish(platform: &mut dyn Platform, seq: u32) {
    let records = (0..ORDERS_OF_CASE).map(|order| lab::placed(&format!("order-{order}"), seq, Task::Dawdle));
    platform.publish(records.collect());
}

/// Every order is paid for both events, in order; what was in flight may be there twice.
fn assert_all_paid(platform: &mut dyn Platform) {
    let payments = lab::payments(&platform.records(PAYMENTS));
    assert_eq!(payments.len(), ORDERS_OF_CASE as usize);
    for (order, mut seqs) in payments {
        seqs.dedup();
        assert_eq!(seqs, [0, 1], "{order}");
    }
}
