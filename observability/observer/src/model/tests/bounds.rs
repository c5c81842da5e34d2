//! Bounds are held, and what is old goes first.

use super::log::Log;
use crate::answer::InstanceState;
use crate::model::ModelSettings;
use crate::test_disk::Disk;

fn complete(log: &mut Log, order: &str) {
    log.place(order);
    log.confirm(order);
    log.deliver(order);
    log.commit_all();
    log.wait(5);
    log.look();
}

#[test]
fn finished_instances_go_first_and_those_that_go_on_stay() {
    let settings = ModelSettings { max_instances: 10, ..ModelSettings::default() };
    let mut log = Log::with(settings);
    log.look();
    log.place("open");
    for order in 0..30 {
        log.place(&format!("o-{order}"));
        log.emit(
            "payments",
            &format!("o-{order}"),
            (&format!("d-{order}"), "payment.declined.v1"),
            "payment/charge",
            "",
        );
        log.commit_all();
        log.commit("payment.charge", "orders", 0);
        log.wait(5);
        log.look();
    }
    assert!(log.model.overview(log.now).instances <= 10);
    let mut log = Log::with(ModelSettings { max_instances: 10, ..ModelSettings::default() });
    log.look();
    for order in 0..30 {
        complete(&mut log, &format!("o-{order}"));
    }
    let overview = log.model.overview(log.now);
    assert_eq!((overview.instances, overview.workflows[0].completed, overview.events), (10, 10, 30));
    assert!(log.model.instance("o-19", log.now).is_none());
    assert!(log.model.instance("o-20", log.now).is_some());
}

#[test]
fn bytes_are_bounded_and_what_has_ended_goes_first() {
    let settings = ModelSettings { max_bytes: 40_000, ..ModelSettings::default() };
    let mut log = Log::with(settings);
    log.look();
    log.place("open");
    for order in 0..200 {
        complete(&mut log, &format!("o-{order}"));
        assert!(log.model.gauges(log.now).kept_bytes <= 42_000, "{order}");
    }
    let gauges = log.model.gauges(log.now);
    let kept = log.model.overview(log.now).instances;
    assert!(kept > 20 && gauges.kept_bytes > 35_000, "{kept} in {}", gauges.kept_bytes);
    assert_eq!((gauges.forgotten.finished + kept, gauges.forgotten.unfinished), (201, 0));
    assert!(log.model.instance("o-199", log.now).is_some() && log.model.instance("o-0", log.now).is_none());
    assert!(log.model.overview(log.now).problems.iter().all(|it| !it.contains("no room")));
}

#[test]
fn what_goes_before_its_end_is_told() {
    let settings = ModelSettings { max_bytes: 40_000, max_events_of_one: 40, ..ModelSettings::default() };
    let mut log = Log::with(settings);
    log.look();
    for order in 0..200 {
        // Texts, keys and notes count too.
        let order = format!("{order}-{}", "x".repeat(200));
        let offset = log.place(&order);
        log.replay(&order, "payment/charge", offset, "1");
        assert!(log.model.gauges(log.now).kept_bytes <= 42_000, "{order}");
    }
    let gauges = log.model.gauges(log.now);
    let kept = log.model.overview(log.now).instances;
    assert_eq!((gauges.forgotten.finished, gauges.forgotten.unfinished + kept), (0, 200));
    let problems = log.model.overview(log.now).problems;
    let wanted = format!("{} that had not ended were forgotten, the last less than a second ago", 200 - kept);
    assert!(problems.iter().any(|it| it.contains("no room") && it.contains(&wanted)), "{problems:?}");
    log.wait(2 * 3_600_000);
    assert!(log.model.overview(log.now).problems.iter().all(|it| !it.contains("no room")));
}

#[test]
fn dead_letters_have_a_quarter_of_the_bytes() {
    let settings = ModelSettings { max_bytes: 100_000, ..ModelSettings::default() };
    let mut log = Log::with(settings);
    log.look();
    for order in 0..200 {
        let order = format!("o-{order}");
        let offset = log.place(&order);
        log.dead_letter(&order, "payment/charge", offset, "0");
    }
    log.look();
    let open = log.model.overview(log.now).dead_letters_open;
    assert!((10..=60).contains(&open), "{open}");
    assert!(log.model.gauges(log.now).kept_bytes <= 102_000);
}

#[test]
fn finished_instances_age_out() {
    let settings = ModelSettings { keep_finished_ms: 100_000, ..ModelSettings::default() };
    let mut log = Log::with(settings);
    log.look();
    complete(&mut log, "a");
    log.place("b");
    log.look_for(98_000);
    assert!(log.model.instance("a", log.now).is_some());
    log.look_for(20_000);
    assert!(log.model.instance("a", log.now).is_none());
    assert!(log.model.instance("b", log.now).is_some(), "it goes on");
    assert_eq!(log.model.overview(log.now).workflows[0].completed, 0);
}

#[test]
fn events_beyond_the_bound_are_counted_and_nothing_is_called_lost() {
    let settings = ModelSettings { max_events_of_one: 2, ..ModelSettings::default() };
    let mut log = Log::with(settings);
    log.look();
    log.place("a");
    log.emit("mails", "a", ("m", "mail.sent.v1"), "mail/tell", "a");
    log.confirm("a");
    log.commit_all();
    log.wait(5);
    log.look();
    assert_eq!(log.is("a").0, InstanceState::Running);
    assert_eq!(log.summary("a").events, 3);
}

#[test]
fn dead_letters_beyond_the_bound_go_the_closed_ones_first() {
    let settings = ModelSettings { max_dead_letters: 3, ..ModelSettings::default() };
    let mut log = Log::with(settings);
    log.look();
    for order in 0..4 {
        let offset = log.place(&format!("o-{order}"));
        let letter = log.dead_letter(&format!("o-{order}"), "payment/charge", offset, "0");
        if order == 1 {
            log.audit(&letter, "o-1", "discarded");
        }
    }
    log.commit_all();
    log.look();
    assert_eq!(log.model.overview(log.now).dead_letters_open, 3);
    assert_eq!(log.is("o-1"), (InstanceState::Failed, None), "what became of it is still known");
}

#[test]
fn what_is_known_of_another_cluster_is_forgotten() {
    let mut log = Log::new();
    assert!(!log.model.follows("one"), "nothing was known");
    log.look();
    complete(&mut log, "done");
    let disk = Disk::default();
    disk.save(&mut log.model);
    let read = || disk.load(&ModelSettings::default()).unwrap();
    let mut same = read();
    assert!(!same.follows("one"));
    assert_eq!(same.overview(log.now).instances, 1);
    let mut other = read();
    let generation = other.generation();
    assert!(other.follows("two") && !other.follows("two"));
    assert!(other.generation() > generation);
    assert_eq!((other.overview(log.now).instances, other.next_offset("orders", 0)), (0, None));
    disk.save(&mut other);
    assert_eq!(read().overview(log.now).instances, 0);
    other.manifests(&super::log::manifests(), log.now);
    assert_eq!(other.topics(), log.model.topics());
}

#[test]
fn however_many_workflows_the_wire_names_metrics_are_few_and_declared_ones_among_them() {
    let mut log = Log::new();
    log.look();
    for number in 0..500 {
        let (id, wf) = (format!("w-{number}"), format!("name=a-{number:03};started=1767225600000;hops=0"));
        let headers =
            [("ce_id", id.as_str()), ("ce_type", "order.placed.v1"), ("ce_correlationid", &id), ("wf", &wf)];
        log.put("orders", &id, &headers);
    }
    log.place("a");
    log.look();
    let gauges = log.model.gauges(log.now);
    let names: std::collections::BTreeSet<&str> =
        gauges.instances.iter().map(|(name, ..)| name.as_str()).collect();
    assert_eq!((names.len(), gauges.instances[0].0.as_str()), (102, "order"));
    let running = |wanted: &str| {
        let of = gauges
            .instances
            .iter()
            .find(|(name, state, _)| name == wanted && *state == InstanceState::Running);
        of.unwrap().2
    };
    assert_eq!((running("order"), running("a-000"), running("other")), (1, 1, 400));
    let waiting: u64 = gauges.waiting.iter().map(|(.., count)| count).sum();
    assert_eq!((waiting, gauges.waiting[0].0.as_str()), (2 * 501, "order"));
}

#[test]
fn however_many_sources_the_wire_names_the_ways_of_declared_ones_are_seen() {
    let mut log = Log::new();
    log.look();
    for number in 0..20_500 {
        let id = format!("e-{number}");
        let headers = [
            ("ce_id", id.as_str()),
            ("ce_type", "order.placed.v1"),
            ("ce_source", &format!("https://shop.example/carts/{number}")),
            ("ce_correlationid", "one"),
        ];
        log.put("orders", "k", &headers);
    }
    log.place("a");
    log.confirm("a");
    let graph = log.model.workflow("order", log.now).unwrap();
    let edge = graph.edges.iter().find(|edge| edge.from.as_deref() == Some("payment/charge")).unwrap();
    assert_eq!((edge.event_type.as_str(), edge.seen), ("payment.confirmed.v1", 1));
}
