//! Logs that are out of order on real Kafka: effects read before their causes, everything twice, whole partitions again,
//! clocks that disagree, services that declare nothing yet. What is said at the end is what is said of a log in order.

use std::collections::BTreeMap;

use choreograph_observer::answer::{
    DriftKind, Drifts, Event, Instance, InstanceState, StallReason, StepState,
};
use choreograph_tests::eventually;
use choreograph_tests::topics::{self, Message, Record};

use crate::cast::{self, Fate};
use crate::sight::{Sight, Verdict};
use crate::stage::{self, SOON, Stage, WITHIN, millis};

/// An hour, in milliseconds.
const HOUR_MS: u64 = 3_600_000;

/// The record of a message, for the topic of another stage.
fn again(message: &Message, topic: &str) -> Record {
    let record = Record::to(topic).partition(message.partition).key(message.key.clone().expect("a key"));
    let record = record.value(message.value.clone().expect("a value"));
    message.headers.iter().fold(record, |record, (name, value)| match value {
        Some(value) => record.header(name, value.clone()),
        None => record.null_header(name),
    })
}

/// What services wrote about `count` orders, by topic.
fn recorded(count: usize) -> BTreeMap<&'static str, Vec<Message>> {
    let stage = Stage::new();
    let _services = stage.start_all();
    let _orders = stage.order(Fate::Fine, count);
    let read = |topic| topics::read_all(stage.kafka(), &stage.full(topic)).expect("records");
    eventually("every order is shipped", WITHIN, || match read("shipments").len() {
        all if all == count => Ok(()),
        some => Err(format!("{some} are")),
    });
    ["orders", "payments", "shipments"].map(|topic| (topic, read(topic))).into()
}

/// Waits until `fits` takes what is said of every instance, and gives that.
#[track_caller]
fn until(sight: &Sight, ids: &[String], what: &str, fits: impl Fn(&Instance) -> bool) -> Vec<Instance> {
    eventually(what, WITHIN, || {
        let told = |id: &String| {
            let instance = sight.instance(id)?;
            if fits(&instance) { Ok(instance) } else { Err(format!("{instance:?}")) }
        };
        ids.iter().map(told).collect()
    })
}

fn types(instance: &Instance) -> Vec<&str> {
    instance.events.iter().map(|event| event.event_type.as_str()).collect()
}

fn event<'a>(instance: &'a Instance, event_type: &str) -> &'a Event {
    instance.events.iter().find(|event| event.event_type == event_type).expect(event_type)
}

/// Where an event is at a step.
fn at<'a>(instance: &'a Instance, event_type: &str, step: &str) -> &'a StepState {
    let event = event(instance, event_type);
    let at = event.steps.iter().find(|at| at.step == step);
    &at.unwrap_or_else(|| panic!("{step}: {event:?}")).state
}

#[test]
fn effects_that_are_read_before_their_causes_make_the_same_tree_and_the_same_end() {
    const ORDERS: usize = 12;
    let log = recorded(ORDERS);
    let stage = Stage::new();
    let sight = stage.observe(&[]);
    sight.caught_up();
    let ids: Vec<String> =
        log["orders"].iter().map(|it| it.header("ce_id").expect("an id").to_owned()).collect();
    let write = |topic: &str| {
        let records: Vec<Record> = log[topic].iter().rev().map(|it| again(it, &stage.full(topic))).collect();
        topics::write(stage.kafka(), &records).expect("written");
    };

    write("shipments");
    let ended = until(&sight, &ids, "the ends are known", |it| it.summary.state == InstanceState::Completed);
    for instance in &ended {
        assert_eq!((types(instance), instance.frontier.len()), (vec!["order.shipped.v1"], 0));
        assert_eq!(instance.summary.workflow, "order", "{:?}", instance.summary);
    }

    // An end is known, and what led to it is not said to be done by anybody: no group has committed anything.
    write("payments");
    let owing = until(&sight, &ids, "the payments are known", |it| it.events.len() == 2);
    for instance in &owing {
        assert_eq!(types(instance), ["payment.confirmed.v1", "order.shipped.v1"]);
        assert_eq!(instance.frontier[0].state, StepState::Emitting, "{:?}", instance.frontier);
        let evidence = &instance.frontier[0].evidence;
        assert!(evidence.iter().any(|it| it == "something that it emitted has been seen"), "{evidence:?}");
        assert!(
            evidence.iter().any(|it| it == "group shipping.ship has committed nothing there"),
            "{evidence:?}"
        );
    }
    write("orders");
    until(&sight, &ids, "the orders are known", |it| it.events.len() == 3);
    assert_eq!(sight.overview().instances, ORDERS as u64, "each is one instance");

    for (group, topic) in
        [("payment.charge", "orders"), ("mail.thank", "orders"), ("shipping.ship", "payments")]
    {
        let group = topics::Group::of(stage.kafka(), &stage.full(group)).expect("a group");
        group.forward(&stage.full(topic)).expect("committed");
    }
    let whole = until(&sight, &ids, "all is settled", |it| {
        it.summary.state == InstanceState::Completed && it.frontier.is_empty()
    });
    for instance in &whole {
        assert_eq!(types(instance), ["order.placed.v1", "payment.confirmed.v1", "order.shipped.v1"]);
        let [placed, paid, shipped] = &instance.events[..] else { panic!("{instance:?}") };
        assert_eq!(paid.causation.as_ref(), Some(&placed.id));
        assert_eq!(shipped.causation.as_ref(), Some(&paid.id));
        assert_eq!([placed.hops, paid.hops, shipped.hops], [0, 1, 2]);
        for (event_type, step) in [
            ("order.placed.v1", "payment/charge"),
            ("order.placed.v1", "mail/thank"),
            ("payment.confirmed.v1", "shipping/ship"),
        ] {
            let found = at(instance, event_type, step);
            assert!(matches!(found, StepState::Done { .. }), "{event_type} at {step}: {found:?}");
        }
        assert_eq!(instance.summary.key.as_deref(), Some(&*format!("key-of-{}", instance.summary.id)));
        let sentence = &instance.summary.sentence;
        assert!(sentence.starts_with("came to its end "), "{sentence}");
    }
    let overview = sight.overview();
    assert_eq!((overview.instances, overview.events), (ORDERS as u64, 3 * ORDERS as u64));
}

#[test]
fn records_that_are_written_twice_and_partitions_that_come_again_change_no_verdict() {
    const FINE: usize = 20;
    let stage = Stage::new();
    let _services = stage.start_all();
    let sight = stage.observe(&[]);
    let fates = [Fate::Fine, Fate::Rejected, Fate::Swallowed];
    let ids = fates.map(|fate| stage::ids(fate, if fate == Fate::Fine { FINE } else { 3 }));
    let records: Vec<Record> = (fates.into_iter().zip(&ids))
        .flat_map(|(fate, ids)| ids.iter().map(move |id| (id, fate)))
        .flat_map(|(id, fate)| [stage.record(id, fate, millis()), stage.record(id, fate, millis())])
        .collect();
    topics::write(stage.kafka(), &records).expect("written");
    let [fine, rejected, swallowed] = ids;

    let judged = |copies| {
        stage.settled("payment.charge", "orders");
        stage.settled("mail.thank", "orders");
        stage.settled("shipping.ship", "payments");
        // What was written twice lies there four times once its partition came again.
        let seen = |it: &Instance| {
            let placed = &it.events[0];
            placed.duplicates == if placed.partition == 0 { copies } else { 1 }
                && it.frontier.iter().all(|it| it.path)
        };
        until(&sight, &fine, "the fine ones are at their end", |it| {
            seen(it) && it.summary.state == InstanceState::Completed && it.frontier.is_empty()
        });
        until(&sight, &rejected, "the rejected ones failed", |it| {
            let Some(owing) = it.frontier.first() else { return false };
            let said = (it.summary.state, it.summary.reason, it.summary.step.as_deref());
            seen(it)
                && said == (InstanceState::Failed, Some(StallReason::DeadLetter), Some("payment/charge"))
                && it.summary.sentence.starts_with("set aside by payment/charge ")
                && it.summary.sentence.contains("rejected: ")
                && owing.evidence.iter().any(|it| it.starts_with("its dead letter is payment.charge.dlq/0/"))
        });
        until(&sight, &swallowed, "the swallowed ones are lost", |it| {
            seen(it)
                && (it.summary.state, it.summary.step.as_deref())
                    == (InstanceState::Lost, Some("payment/charge"))
                && it.summary.sentence.starts_with("lost at payment/charge: it took order.placed.v1 ")
        });
    };
    judged(1);
    let counts = || {
        let overview = sight.overview();
        let of = overview.workflows.into_iter().find(|of| of.name == "order").expect("the workflow");
        ([of.completed, of.failed, of.lost, of.stalled, of.running], overview.instances, overview.events)
    };
    let expected = ([FINE as u64, 3, 3, 0, 0], FINE as u64 + 6, 3 * FINE as u64 + 6);
    assert_eq!(counts(), expected, "each is counted once");

    // A whole partition again, of what came in and of what steps said.
    let mut copies = 0;
    for topic in ["orders", "payments", "shipments"] {
        let full = stage.full(topic);
        let all = topics::read_all(stage.kafka(), &full).expect("records");
        let first: Vec<Record> =
            all.iter().filter(|it| it.partition == 0).map(|it| again(it, &full)).collect();
        copies += first.len();
        topics::write(stage.kafka(), &first).expect("written");
    }
    assert!(copies > 20, "{copies}: too few to say anything");
    judged(3);
    assert_eq!(counts(), expected, "each is counted once");
    let problems = sight.overview().problems;
    assert!(problems.is_empty(), "{problems:?}");
}

#[test]
fn clocks_that_are_an_hour_off_make_nobody_older_or_younger() {
    let stage = Stage::new();
    stage.expects_soon("payment");
    let mut services = stage.start_all();
    services.remove("payment").expect("a service").kill().expect("killed");
    let sight = stage.observe(&[]);
    sight.caught_up();
    let now = millis();
    // By how much the producer's clock is off that says when the event was, and the one that says when the record was.
    let clocks = [("slow", [-1, -1]), ("fast", [1, 1]), ("torn", [1, -1]), ("split", [-1, 1])];
    let ids: Vec<String> = clocks.iter().map(|(word, _)| format!("{word}-{now}")).collect();
    let records: Vec<Record> = (ids.iter().zip(clocks))
        .map(|(id, (_, off))| {
            let [said, stamped] = off.map(|hours| now.saturating_add_signed(hours * HOUR_MS as i64));
            let time = time::OffsetDateTime::from_unix_timestamp_nanos(i128::from(said) * 1_000_000);
            let time = time.expect("a time").format(&time::format_description::well_known::Rfc3339);
            stage
                .record(id, Fate::Fine, said)
                .header("ce_time", time.expect("a text"))
                .timestamp(i64::try_from(stamped).expect("a time"))
        })
        .collect();
    topics::write(stage.kafka(), &records).expect("written");

    // Each waits as long as any other: from when it was there, by the observer's own clock.
    let stuck = until(&sight, &ids, "they stand still", |it| {
        assert!(
            it.summary.state == InstanceState::Running || it.as_of.now >= now + SOON.as_millis() as u64,
            "stalled before its time: {it:?}"
        );
        it.summary.reason == Some(StallReason::NoConsumer)
    });
    for instance in &stuck {
        let owing = &instance.frontier[0];
        assert_eq!((owing.step.as_str(), owing.stalled), ("payment/charge", Some(StallReason::NoConsumer)));
        assert!(owing.since >= now - 1_000 && owing.since <= instance.as_of.now, "{owing:?}");
        let sentence = &instance.summary.sentence;
        assert!(sentence.contains(" at payment/charge: nobody is there") && is_soon(sentence), "{sentence}");
        let started = instance.summary.started;
        assert!(started >= now - 1_000 && started <= instance.as_of.now, "{:?}", instance.summary);
        assert!(instance.summary.updated <= instance.as_of.now, "{:?}", instance.summary);
    }

    let _payment = stage.start("payment");
    let ended = until(&sight, &ids, "they come to their end", |it| {
        it.summary.state == InstanceState::Completed && it.frontier.is_empty()
    });
    for instance in &ended {
        assert!(is_soon(&instance.summary.sentence), "{:?}", instance.summary);
        assert_eq!(types(instance), ["order.placed.v1", "payment.confirmed.v1", "order.shipped.v1"]);
    }
    let order = sight.overview().workflows.into_iter().find(|of| of.name == "order").expect("the workflow");
    assert!(order.duration_ms.is_some_and(|(_, slowest)| slowest < HOUR_MS / 2), "{order:?}");
}

/// Whether nothing in a sentence takes hours.
fn is_soon(sentence: &str) -> bool {
    !sentence.split_whitespace().any(|word| word == "h" || word == "d")
}

#[test]
fn what_no_manifest_declares_is_seen_and_judged_anew_once_one_does() {
    const ORDERS: usize = 5;
    let stage = Stage::new();
    for service in ["payment", "shipping"] {
        stage.withdraw(service);
    }
    let _services = stage.start_all();
    let sight = stage.observe(&[]);
    let fine = stage.order(Fate::Fine, ORDERS);
    let swallowed = stage.order(Fate::Swallowed, 2);
    let drifts = || -> Vec<(DriftKind, Option<String>, String, Option<String>)> {
        let told: Drifts = sight.get("/api/drift").expect("drifts");
        told.drifts.into_iter().map(|it| (it.kind, it.from, it.event_type, it.to)).collect()
    };
    for (group, topic) in
        [("payment.charge", "orders"), ("mail.thank", "orders"), ("shipping.ship", "payments")]
    {
        stage.settled(group, topic);
    }

    // Only the letter is declared, from which nothing follows. Who ships is seen by nobody, for its topic is not known.
    let both: Vec<String> = fine.iter().chain(&swallowed).cloned().collect();
    for instance in until(&sight, &both, "they go on", |it| it.summary.state == InstanceState::Running) {
        assert_eq!(instance.summary.step, None, "{:?}", instance.summary);
    }

    stage.declare(&cast::service("shipping").expect("a service"));
    until(&sight, &fine, "the fine ones are at their end", |it| it.summary.state == InstanceState::Completed);
    let undeclared = |event: &str, from: Option<&str>, to: Option<&str>| {
        (DriftKind::Undeclared, from.map(str::to_owned), event.to_owned(), to.map(str::to_owned))
    };
    let payment = Some("payment/charge");
    assert_eq!(
        drifts(),
        [undeclared("payment.confirmed.v1", payment, None), undeclared("order.placed.v1", None, payment)]
    );
    for instance in until(&sight, &swallowed, "nobody lost it", |_| true) {
        assert_eq!(instance.summary.state, InstanceState::Running, "{:?}", instance.summary);
    }

    stage.declare(&cast::service("payment").expect("a service"));
    sight.says(&fine, &Verdict::completed());
    sight.says(&swallowed, &Verdict::at(InstanceState::Lost, StallReason::Lost, "payment/charge"));
    assert_eq!(drifts(), []);
    for instance in until(&sight, &fine, "known", |_| true) {
        let found = at(&instance, "order.placed.v1", "payment/charge");
        assert!(matches!(found, StepState::Done { .. }), "{found:?}");
    }
}
