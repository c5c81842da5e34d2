//! Failures that pass, and failures that do not.

use super::super::{
    Case, Lab, Promise,
    lab::{self, ATTEMPTS, CHARGE, ORDERS, PAYMENTS, Task},
    settled,
};

/// Failures that pass.
pub(super) const STUMBLES: Case = Case {
    name: "a failed attempt is made again, its key waits, the others go on",
    promises: &[Promise::Retries, Promise::OrderPerKey],
    run: |platform| {
        let lab = Lab::default();
        platform.start(lab::payment(&lab));
        platform.publish(vec![
            lab::placed("stumbling", 0, Task::Stumble),
            lab::placed("stumbling", 1, Task::Succeed),
            lab::placed("other", 0, Task::Succeed),
        ]);
        settled(platform, CHARGE, &[ORDERS]);

        let attempts: Vec<_> = attempts(&lab, "stumbling");
        let expected: Vec<_> = (1..=ATTEMPTS).map(|attempt| (0, attempt)).chain([(1, 1)]).collect();
        assert_eq!(attempts, expected, "(event, attempt) of the key that stumbles");
        let payments = lab::payments(&platform.records(PAYMENTS));
        assert_eq!(payments.get("stumbling"), Some(&vec![0, 1]), "paid once each, in order");
        assert_eq!(payments.get("other"), Some(&vec![0]));
        assert!(platform.records("payment.charge.dlq").is_empty());
    },
};

/// Failures that do not.
pub(super) const EXHAUSTED: Case = Case {
    name: "after the last attempt a record is set aside and its key goes on",
    promises: &[Promise::Retries, Promise::DeadLetters],
    run: |platform| {
        let lab = Lab::default();
        platform.start(lab::payment(&lab));
        platform
            .publish(vec![lab::placed("failing", 0, Task::Fail), lab::placed("failing", 1, Task::Succeed)]);
        settled(platform, CHARGE, &[ORDERS]);

        let expected: Vec<_> = (1..=ATTEMPTS).map(|attempt| (0, attempt)).chain([(1, 1)]).collect();
        assert_eq!(attempts(&lab, "failing"), expected);
        let letters = platform.records("payment.charge.dlq");
        let reasons: Vec<_> = letters.iter().map(|letter| letter.header("dlq-reason")).collect();
        assert_eq!(reasons, [Some("retries_exhausted")]);
        assert_eq!(letters[0].header("wf-attempt"), Some(ATTEMPTS.to_string().as_str()));
        assert_eq!(lab::payments(&platform.records(PAYMENTS)).get("failing"), Some(&vec![1]));
    },
};

/// Event and attempt, in the order in which they began.
fn attempts(lab: &Lab, order: &str) -> Vec<(u32, u32)> {
    let handled = lab.handled(CHARGE).into_iter().filter(|handled| handled.order == order);
    handled.map(|handled| (handled.seq, handled.attempt)).collect()
}
