//! Lists, filters, pages, and what a text names.

use super::log::{Log, START, manifests};
use crate::answer::{InstanceState, StallReason};
use crate::model::{InstanceFilter, Model, ModelSettings};
use crate::test_disk::restarted;

fn shop() -> Log {
    let mut log = Log::new();
    log.look();
    for order in ["a", "b", "c"] {
        log.wait(10);
        log.place(order);
    }
    log.confirm("b");
    let offset = log.place("d");
    log.dead_letter("d", "payment/charge", offset, "0");
    log.look_for(64_000);
    log
}

fn ids(log: &Log, filter: &InstanceFilter) -> Vec<String> {
    log.model.instances(filter, log.now).items.into_iter().map(|it| it.id).collect()
}

#[test]
fn filters_leave_what_fits() {
    let log = shop();
    let all = log.model.instances(&InstanceFilter::default(), log.now);
    assert_eq!(all.total, 4);
    let of = |change: &dyn Fn(&mut InstanceFilter)| {
        let mut filter = InstanceFilter::default();
        change(&mut filter);
        let mut found = ids(&log, &filter);
        found.sort();
        found.join(",")
    };
    assert_eq!(of(&|it| it.states = vec![InstanceState::Failed]), "d");
    assert_eq!(of(&|it| it.reason = Some(StallReason::DeadLetter)), "d");
    assert_eq!(of(&|it| it.error = Some("CARD 17".to_owned())), "d");
    assert_eq!(of(&|it| it.attempts = Some(3)), "d");
    assert_eq!(of(&|it| it.key = Some("b".to_owned())), "b");
    assert_eq!(of(&|it| it.workflow = Some("order".to_owned())), "a,b,c,d");
    assert_eq!(of(&|it| it.workflow = Some("nothing".to_owned())), "");
    assert_eq!(of(&|it| it.step = Some("payment/charge".to_owned())), "a,b,c,d", "`b` is not committed");
    assert_eq!(of(&|it| it.step = Some("shipping/ship".to_owned())), "b");
    assert_eq!(of(&|it| it.older_ms = Some(64_015)), "a");
    assert_eq!(of(&|it| it.older_ms = Some(u64::MAX)), "");
}

#[test]
fn pages_follow_one_another_those_that_changed_last_first() {
    let mut log = Log::new();
    for order in 0..25 {
        log.wait(u64::from(order % 2 == 0));
        log.place(&format!("o-{order}"));
    }
    log.look();
    let mut filter = InstanceFilter { limit: 10, ..InstanceFilter::default() };
    let mut seen = Vec::new();
    for wanted in [10, 10, 5] {
        let page = log.model.instances(&filter, log.now);
        assert_eq!((page.items.len(), page.total), (wanted, 25));
        seen.extend(page.items.into_iter().map(|it| (it.updated, it.id)));
        filter.cursor = page.next.map(|next| next.parse().unwrap());
    }
    assert_eq!(filter.cursor, None);
    assert!(seen.windows(2).all(|pair| pair[0].0 >= pair[1].0));
    seen.sort();
    seen.dedup();
    assert_eq!(seen.len(), 25);
}

#[test]
fn a_text_finds_by_id_by_key_and_by_any_events_id() {
    let mut log = shop();
    let id = "2EA4CD0F-E49B-84C0-9FCD-C5C6D3E6CF85".to_lowercase();
    log.place(&id);
    for (text, wanted) in [("b-paid", "b"), ("c", "c"), (id.as_str(), id.as_str()), (" c ", "c")] {
        let found = log.model.find(text, log.now);
        assert_eq!(found.items.iter().map(|it| it.id.as_str()).collect::<Vec<_>>(), [wanted], "{text}");
    }
    assert_eq!(log.model.find(&id.to_uppercase(), log.now).total, 1);
    assert_eq!(log.model.find("nobody", log.now).total, 0);
}

#[test]
fn several_orders_of_one_key_are_all_found_and_forgotten_one_by_one() {
    let mut log = Log::new();
    for order in 0..5 {
        let id = format!("o-{order}");
        log.put(
            "orders",
            "customer",
            &[("ce_id", &id), ("ce_type", "order.placed.v1"), ("ce_correlationid", &id)],
        );
    }
    assert_eq!(log.model.find("customer", log.now).total, 5);
    for (left, order) in [(4, 2), (3, 4), (2, 0), (1, 1), (0, 3)] {
        let slot = log.model.store.find_instance(crate::model::id::Id::of(&format!("o-{order}"))).unwrap();
        log.model.store.remove(slot);
        assert_eq!(log.model.store.keys.with("customer").count(), left, "{order}");
    }
    assert_eq!(log.model.store.rows.len(), 0);
}

#[test]
fn the_business_key_is_that_of_the_start_whatever_is_read_first() {
    let started = [("ce_id", "e-0"), ("ce_type", "order.placed.v1"), ("ce_correlationid", "flow")];
    let follows = |id: &'static str| {
        let cause = ("ce_causationid", "e-0");
        [("ce_id", id), ("ce_type", "payment.confirmed.v1"), ("ce_correlationid", "flow"), cause]
    };
    let mut log = Log::new();
    let before = log.model.store.extra;
    // The topic of what follows is read before the topic of the start.
    log.put("payments", "card", &follows("e-1"));
    log.put("payments", "order", &follows("e-2"));
    log.put("payments", "cup", &follows("e-3"));
    assert_eq!(log.model.find("card", log.now).total, 1);
    log.put("orders", "order", &started);
    assert_eq!(log.model.find("order", log.now).items[0].key.as_deref(), Some("order"));
    assert_eq!(log.model.find("card", log.now).total, 0);
    let one = log.model.instance("flow", log.now).unwrap();
    let keys = |id: &str| one.events.iter().find(|it| it.id == id).and_then(|it| it.key.clone());
    let of = ["e-0", "e-1", "e-2", "e-3"].map(|id| keys(id).unwrap());
    assert_eq!(of, ["order", "card", "order", "cup"]);
    // A second event without a cause takes nothing away from the first.
    log.put(
        "orders",
        "other",
        &[("ce_id", "e-4"), ("ce_type", "order.placed.v1"), ("ce_correlationid", "flow")],
    );
    assert_eq!(log.model.find("order", log.now).total, 1);
    let slot = log.model.store.find_instance(crate::model::id::Id::of("flow")).unwrap();
    log.model.store.remove(slot);
    assert_eq!(
        (log.model.store.keys.with("order").count(), log.model.store.keys.with("card").count()),
        (0, 0)
    );
    assert_eq!((log.model.store.extra, log.model.store.keys.bytes()), (before, 0));
}

/// The instances that a text names, by their ids.
fn found(model: &Model, text: &str) -> Vec<String> {
    let mut ids: Vec<String> = model.find(text, START).items.into_iter().map(|it| it.id).collect();
    ids.sort();
    ids
}

#[test]
fn an_order_is_found_by_its_subjects_and_by_the_keys_of_all_that_came_from_outside() {
    let event = |id: &'static str, order: &'static str, subject: &'static str| {
        [("ce_id", id), ("ce_type", "order.placed.v1"), ("ce_correlationid", order), ("ce_subject", subject)]
    };
    let mut log = Log::new();
    // What has a cause is no business key of its order, though it may say one.
    let stock = [("ce_id", "e-1"), ("ce_type", "payment.confirmed.v1"), ("ce_correlationid", "o-1")];
    log.put(
        "payments",
        "85123A",
        &[&stock[..], &[("ce_causationid", "o-1"), ("ce_subject", "card-7")]].concat(),
    );
    log.put("orders", "shelf-1", &event("o-1", "o-1", "536365"));
    log.put("orders", "shelf-2", &event("o-2", "o-2", "536365"));
    log.put("orders", "536366", &event("o-3", "o-3", "536366"));
    log.put("orders", "parcel", &event("e-2", "o-3", "shelf-1"));
    let summary = |model: &Model, id: &str| model.instance(id, START).unwrap().summary;
    let look = |model: &Model| {
        assert_eq!(found(model, "536365"), ["o-1", "o-2"]);
        assert_eq!(found(model, "536366"), ["o-3"]);
        assert_eq!(found(model, "shelf-1"), ["o-1", "o-3"]);
        assert_eq!(
            (found(model, "card-7"), found(model, "parcel")),
            (vec!["o-1".into()], vec!["o-3".into()])
        );
        assert_eq!(found(model, "85123A"), [""; 0]);
        let filter = InstanceFilter { key: Some("536365".to_owned()), ..InstanceFilter::default() };
        assert_eq!(model.instances(&filter, START).total, 2);
        let one = summary(model, "o-1");
        assert_eq!((one.key.as_deref(), one.keys), (Some("shelf-1"), vec!["card-7".into(), "536365".into()]));
        assert_eq!(summary(model, "o-3").keys, ["parcel", "shelf-1"], "its key is its first subject");
    };
    look(&log.model);
    let mut again = restarted(&mut log.model, &ModelSettings::default());
    again.manifests(&manifests(), log.now);
    look(&again);
    assert_eq!(again.bytes(), log.model.bytes());
    for (order, left) in [("o-2", vec!["o-1"]), ("o-1", vec![])] {
        again.store.remove(slot(&again, order));
        assert_eq!(found(&again, "536365"), left);
    }
    again.store.remove(slot(&again, "o-3"));
    assert_eq!((again.store.keys.bytes(), found(&again, "shelf-1").len()), (0, 0));
}

#[test]
fn of_too_many_keys_of_one_instance_the_first_ones_find_it() {
    let mut log = Log::new();
    log.place("o-1");
    for many in 0..20 {
        log.model.store.keep_further_key(slot(&log.model, "o-1"), &format!("part-{many}"));
    }
    assert_eq!((found(&log.model, "part-15").len(), found(&log.model, "part-16").len()), (1, 0));
}

#[test]
fn a_subject_that_turns_out_to_be_the_key_finds_once() {
    let mut log = Log::new();
    let follows = [("ce_id", "e-1"), ("ce_type", "payment.confirmed.v1"), ("ce_correlationid", "o-1")];
    let said = [("ce_causationid", "o-1"), ("ce_subject", "order")];
    log.put("payments", "card", &[&follows[..], &said].concat());
    log.put(
        "orders",
        "order",
        &[("ce_id", "o-1"), ("ce_type", "order.placed.v1"), ("ce_correlationid", "o-1")],
    );
    assert_eq!(log.model.store.keys.with("order").count(), 1);
    let one = log.model.instance("o-1", log.now).unwrap().summary;
    assert_eq!((one.key.as_deref(), one.keys.len()), (Some("order"), 0));
}

fn slot(model: &Model, order: &str) -> u32 {
    model.store.find_instance(crate::model::id::Id::of(order)).unwrap()
}

#[test]
fn the_fleet_the_picture_and_the_numbers_agree() {
    let log = shop();
    let overview = log.model.overview(log.now);
    let order = &overview.workflows[0];
    assert_eq!(order.name, "order");
    assert_eq!((order.failed, order.stalled + order.running, order.completed), (1, 3, 0));
    assert_eq!((overview.dead_letters_open, overview.instances, overview.events), (1, 4, 5));
    assert_eq!(order.oldest_waiting_ms, Some(log.now - (START + 12)));
    let graph = log.model.workflow("order", log.now).unwrap();
    let charge = graph.steps.iter().find(|it| it.step == "payment/charge").unwrap();
    assert!(charge.path && charge.declared);
    assert_eq!((charge.owner.as_deref(), charge.group_state.as_str()), (Some("Finance"), "stable"));
    assert_eq!((charge.lag, charge.dead_letters), (4, 1));
    assert_eq!(charge.stalled, Some(StallReason::NotProgressing));
    let mail = graph.steps.iter().find(|it| it.step == "mail/tell").unwrap();
    assert!(!mail.path);
    let placed = graph.events.iter().find(|it| it.event_type == "order.placed.v1").unwrap();
    assert_eq!((placed.seen, placed.external, placed.terminal), (4, true, false));
    let gauges = log.model.gauges(log.now);
    assert!(gauges.dead_letters_open.contains(&("order".to_owned(), "payment/charge".to_owned(), 1)));
    assert!(gauges.instances.contains(&("order".to_owned(), InstanceState::Failed, 1)));
    let lag =
        gauges.groups.iter().find(|it| &*it.group == "payment.charge" && &*it.topic == "orders").unwrap();
    assert_eq!((lag.lag, lag.committed), (4, 0));
}
