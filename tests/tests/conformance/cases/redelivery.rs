//! Leaving and coming back: what is handled again, and what is not.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use super::super::{
    Case, Lab, Platform, Promise, Raw, WITHIN,
    lab::{self, CHARGE, COUNT, ORDERS, PAYMENTS, Task},
    settled,
};

/// Orders of one case.
const ORDERS_OF_CASE: u32 = 20;
/// Longer than any platform waits for a handler when it leaves.
const LONGER_THAN_A_DRAIN: Duration = Duration::from_hours(1);

/// A service that was away.
pub(super) const CATCHING_UP: Case = Case {
    name: "a service that was away catches up",
    promises: &[Promise::CatchingUp, Promise::NothingLost],
    run: |platform| {
        let lab = Lab::default();
        platform.start(lab::payment(&lab));
        publish(platform, 0, Task::Succeed);
        settled(platform, CHARGE, &[ORDERS]);
        platform.stop("payment");
        publish(platform, 1, Task::Succeed);
        assert_eq!(platform.lag(CHARGE, ORDERS), u64::from(ORDERS_OF_CASE));
        platform.start(lab::payment(&lab));
        settled(platform, CHARGE, &[ORDERS]);
        assert!(lab.finished(CHARGE).values().all(|seqs| *seqs == [0, 1]), "{:?}", lab.finished(CHARGE));
        assert_eq!(lab::payments(&platform.records(PAYMENTS)).len(), ORDERS_OF_CASE as usize);
    },
};

/// A service that is new.
pub(super) const HISTORY: Case = Case {
    name: "a new service sees history",
    promises: &[Promise::CatchingUp],
    run: |platform| {
        let lab = Lab::default();
        publish(platform, 0, Task::Succeed);
        platform.start(lab::statistics(&lab));
        settled(platform, COUNT, &[ORDERS]);
        assert_eq!(lab.finished(COUNT).len(), ORDERS_OF_CASE as usize);
    },
};

/// A service that leaves with a handler that does not end.
pub(super) const UNFINISHED: Case = Case {
    name: "what was not finished is handled again, what was is not",
    promises: &[Promise::Redelivery, Promise::NothingLost],
    run: |platform| {
        let lab = Lab::default();
        lab.set_dawdle(LONGER_THAN_A_DRAIN);
        platform.start(lab::payment(&lab));
        platform.publish(vec![lab::placed("stuck", 3, Task::Dawdle)]);
        wait_for(platform, "the stuck handler begins", &lab, |handled| handled == 1);
        publish(platform, 0, Task::Succeed);
        wait_for(platform, "the others are handled", &lab, |handled| handled == 1 + ORDERS_OF_CASE as usize);
        platform.stop("payment");
        assert!(platform.lag(CHARGE, ORDERS) >= 1, "the unfinished record is not committed");

        lab.set_dawdle(Duration::ZERO);
        platform.start(lab::payment(&lab));
        settled(platform, CHARGE, &[ORDERS]);
        let payments = lab::payments(&platform.records(PAYMENTS));
        assert_eq!(payments.get("stuck"), Some(&vec![3]));
        for (order, seqs) in payments {
            assert_eq!(seqs.len(), 1, "{order} is paid once: what was settled beyond the gap is skipped");
        }
    },
};

/// A group set back to the start by an operator.
pub(super) const SAME_IDS: Case = Case {
    name: "records handled again emit the same ids",
    promises: &[Promise::SameIds],
    run: |platform| {
        let lab = Lab::default();
        platform.start(lab::payment(&lab));
        publish(platform, 0, Task::Succeed);
        settled(platform, CHARGE, &[ORDERS]);
        platform.stop("payment");
        let first = ids(&platform.records(PAYMENTS));
        platform.rewind(CHARGE, ORDERS);
        platform.start(lab::payment(&lab));
        settled(platform, CHARGE, &[ORDERS]);

        let both = ids(&platform.records(PAYMENTS));
        assert_eq!(first.len(), ORDERS_OF_CASE as usize);
        assert_eq!(first.values().map(|(count, _)| *count).collect::<BTreeSet<_>>(), BTreeSet::from([1]));
        assert_eq!(both.len(), first.len(), "no id is new");
        for (id, (count, order)) in both {
            assert_eq!((count, &order), (2, &first[&id].1), "{id} is emitted twice, for the same order");
        }
    },
};

/// A service that leaves in order while its handlers are at work.
pub(super) const DRAIN: Case = Case {
    name: "what leaves in order hands over everything it began",
    promises: &[Promise::Drain],
    run: |platform| {
        let lab = Lab::default();
        lab.set_dawdle(Duration::from_millis(200));
        platform.start(lab::payment(&lab));
        publish(platform, 0, Task::Dawdle);
        wait_for(platform, "handlers begin", &lab, |handled| handled > 0);
        platform.stop("payment");
        assert!(lab.handled(CHARGE).iter().all(|handled| handled.finished), "what began has ended");
        platform.start(lab::payment(&lab));
        settled(platform, CHARGE, &[ORDERS]);
        assert_eq!(lab.handled(CHARGE).len(), ORDERS_OF_CASE as usize, "nothing was handled twice");
    },
};

fn publish(platform: &mut dyn Platform, seq: u32, task: Task) {
    platform.publish(
        (0..ORDERS_OF_CASE).map(|order| lab::placed(&format!("order-{order}"), seq, task)).collect(),
    );
}

fn wait_for(platform: &mut dyn Platform, what: &str, lab: &Lab, enough: impl Fn(usize) -> bool) {
    assert!(LONGER_THAN_A_DRAIN > WITHIN, "the handler that does not end must outlast every wait");
    platform.until(what, &mut |_| {
        let handled = lab.handled(CHARGE).len();
        if enough(handled) { Ok(()) } else { Err(format!("{handled} attempts began")) }
    });
}

/// How often each id was emitted, and for which order.
fn ids(payments: &[Raw]) -> BTreeMap<String, (usize, Vec<u8>)> {
    let mut ids = BTreeMap::new();
    for record in payments {
        let id = record.header("ce_id").expect("an emitted event has an id").to_owned();
        ids.entry(id).or_insert_with(|| (0, record.key.clone().unwrap_or_default())).0 += 1;
    }
    ids
}
