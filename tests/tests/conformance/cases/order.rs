//! Order, types, groups, identity: what holds while nothing fails.

use std::collections::BTreeSet;

use super::super::{
    Case, Lab, Platform, Promise,
    lab::{self, CHARGE, COUNT, NOTIFY, ORDERS, PAYMENTS, Task},
    settled,
};

const KEYS_OF_CASE: u32 = 12;
const EVENTS_PER_KEY: u32 = 15;
/// A trace that a stranger began.
const TRACE_OF_CASE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";

/// Many keys, handlers that take turns to be slow.
pub(super) const KEYS: Case = Case {
    name: "many keys interleave, each in its order",
    promises: &[Promise::NothingLost, Promise::OrderPerKey],
    run: |platform| {
        let lab = Lab::default();
        platform.start(lab::payment(&lab));
        publish_interleaved(platform, |order, seq| lab::placed(order, seq, Task::Dawdle));
        settled(platform, CHARGE, &[ORDERS]);

        let expected: Vec<u32> = (0..EVENTS_PER_KEY).collect();
        let payments = lab::payments(&platform.records(PAYMENTS));
        assert_eq!(payments.len(), KEYS_OF_CASE as usize, "orders paid");
        for (order, seqs) in payments.into_iter().chain(lab.finished(CHARGE)) {
            assert_eq!(seqs, expected, "the events of {order}");
        }
    },
};

/// Two types of one topic in one step.
pub(super) const TYPES: Case = Case {
    name: "a step on two types keeps a key's order across them",
    promises: &[Promise::OrderPerKey],
    run: |platform| {
        let lab = Lab::default();
        platform.start(lab::mail(&lab));
        publish_interleaved(platform, |order, seq| match seq % 3 {
            0 => lab::cancelled(order, seq),
            _ => lab::placed(order, seq, Task::Succeed),
        });
        settled(platform, NOTIFY, &[ORDERS]);

        let types: BTreeSet<_> = lab.handled(NOTIFY).into_iter().map(|handled| handled.event_type).collect();
        assert_eq!(types.len(), 2, "{types:?}");
        let expected: Vec<u32> = (0..EVENTS_PER_KEY).collect();
        let finished = lab.finished(NOTIFY);
        assert_eq!(finished.len(), KEYS_OF_CASE as usize);
        for (order, seqs) in finished {
            assert_eq!(seqs, expected, "the events of {order}");
        }
    },
};

/// Two groups on one topic.
pub(super) const GROUPS: Case = Case {
    name: "two groups on a topic see all of it",
    promises: &[Promise::Groups, Promise::NothingLost],
    run: |platform| {
        let lab = Lab::default();
        platform.start(lab::payment(&lab));
        platform.start(lab::statistics(&lab));
        publish_interleaved(platform, |order, seq| lab::placed(order, seq, Task::Succeed));
        settled(platform, CHARGE, &[ORDERS]);
        settled(platform, COUNT, &[ORDERS]);
        assert_eq!(lab.finished(CHARGE), lab.finished(COUNT));
        assert_eq!(lab.handled(COUNT).len(), (KEYS_OF_CASE * EVENTS_PER_KEY) as usize);
    },
};

/// Correlation and causation of a stranger's record and of one that knows its workflow.
pub(super) const IDENTITY: Case = Case {
    name: "an emitted event names its workflow and its cause",
    promises: &[Promise::Identity],
    run: |platform| {
        let lab = Lab::default();
        platform.start(lab::payment(&lab));
        let mut stranger = lab::placed("stranger", 0, Task::Succeed);
        let traceparent = format!("00-{TRACE_OF_CASE}-00f067aa0ba902b7-01");
        stranger
            .headers
            .extend([lab::header("ce_id", "stranger-1"), lab::header("traceparent", &traceparent)]);
        let mut known = lab::placed("known", 0, Task::Succeed);
        known.headers.extend([
            lab::header("ce_id", "known-1"),
            lab::header("ce_correlationid", "workflow-1"),
            lab::header("wf", "name=order;started=1767225600000;hops=4;tenant=7"),
        ]);
        platform.publish(vec![stranger, known]);
        settled(platform, CHARGE, &[ORDERS]);

        let payments = platform.records(PAYMENTS);
        let of = |order: &str| {
            let found = payments.iter().find(|record| record.key.as_deref() == Some(order.as_bytes()));
            found.unwrap_or_else(|| panic!("no payment of {order}"))
        };
        let stranger = of("stranger");
        assert_eq!(stranger.header("ce_correlationid"), Some("stranger-1"));
        assert_eq!(stranger.header("ce_causationid"), Some("stranger-1"));
        let trace = stranger.header("traceparent").and_then(|parent| parent.split('-').nth(1));
        assert_eq!(trace, Some(TRACE_OF_CASE), "an event is on the trace of its cause");
        assert!(
            stranger.header("wf").is_some_and(|wf| wf.starts_with("name=order;") && wf.contains("hops=1"))
        );
        let known = of("known");
        assert_eq!(known.header("ce_correlationid"), Some("workflow-1"));
        assert_eq!(known.header("ce_causationid"), Some("known-1"));
        assert_eq!(known.header("wf"), Some("name=order;started=1767225600000;hops=5;tenant=7"));
        assert_eq!(known.header("ce_type"), Some("payment.confirmed.v1"));
        assert_eq!(known.header("ce_source"), Some("payment/charge"));
        let mut names: Vec<_> = known.headers.iter().map(|(name, _)| name).collect();
        names.sort();
        let count = names.len();
        names.dedup();
        assert_eq!(names.len(), count, "each header is written once");
    },
};

fn publish_interleaved(platform: &mut dyn Platform, record: impl Fn(&str, u32) -> super::super::Raw) {
    let records = (0..EVENTS_PER_KEY)
        .flat_map(|seq| (0..KEYS_OF_CASE).map(move |key| (format!("order-{key}"), seq)))
        .map(|(order, seq)| record(&order, seq))
        .collect();
    platform.publish(records);
}
