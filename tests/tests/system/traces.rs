//! Traces as a collector gets them: real services, real Kafka, real OTLP.

mod chain;

use std::collections::{BTreeMap, BTreeSet};

use choreograph_tests::otlp::{Receiver, Span, unresolved};
use choreograph_tests::topics::{self, Record};
use choreograph_tests::{eventually, kafka};

use crate::stage::{Actor, Stage, WITHIN};
pub(crate) use chain::CASTS;

/// Longer than any test: nothing leaves a process before its end but full batches.
const NEVER: &str = "3600000";

/// The stage of the chain.
fn stage() -> Stage {
    let stage = Stage::on(kafka::shared());
    stage.create(&["orders", "payments", "dispatches", "mail.tell.dlq"].map(|topic| stage.topic(topic, 2)));
    stage
}

/// Plays the chain for one order with a collector, and returns what the collector got.
fn play(protocol: &str, endpoint: &str, detail: &str, receiver: &Receiver) -> (Stage, Vec<Span>, String) {
    let stage = stage();
    let settings = [
        ("OTEL_EXPORTER_OTLP_PROTOCOL", protocol),
        ("OTEL_EXPORTER_OTLP_ENDPOINT", endpoint),
        ("OTEL_BSP_SCHEDULE_DELAY", NEVER),
        ("CHOREOGRAPH_TRACE_DETAIL", detail),
    ];
    let mut site = stage.start("chain-site", &settings);
    let services =
        ["chain-payment", "chain-warehouse", "chain-mail"].map(|name| stage.start(name, &settings));
    assert!(site.service.wait(WITHIN).expect("ended").success(), "{}", site.log());
    let log = site.log();
    let correlation =
        log.split("correlation=").nth(1).and_then(|rest| rest.split_once('.')).expect("an id").0;
    eventually("the dead letter", WITHIN, || match stage.read("mail.tell.dlq").len() {
        1 => Ok(()),
        count => Err(format!("{count} dead letters")),
    });
    stage.settled("mail.tell", "dispatches");
    let early = receiver.spans();
    assert!(early.iter().all(|span| span.resource["service.name"] == "site"), "the rest leaves with the end");
    for service in services {
        service.leave();
    }
    (stage, receiver.spans(), correlation.to_owned())
}

/// The only span of a name.
fn only<'s>(spans: &'s [Span], name: &str) -> &'s Span {
    let found: Vec<_> = spans.iter().filter(|span| span.name == name).collect();
    let names: Vec<_> = spans.iter().map(|span| &span.name).collect();
    assert_eq!(found.len(), 1, "{name} in {names:?}");
    found[0]
}

/// One order, three steps, a retry on the way and a dead letter at the end.
fn one_order_is_one_trace(spans: &[Span], stage: &Stage, correlation: &str) {
    assert_eq!(unresolved(spans), [], "every parent and every link is there");
    let traces: BTreeSet<_> = spans.iter().map(|span| &span.id.trace).collect();
    assert_eq!(traces.len(), 1, "{spans:#?}");
    let ids: BTreeSet<_> = spans.iter().map(|span| &span.id.span).collect();
    assert_eq!(ids.len(), spans.len(), "each span once");
    let services: BTreeSet<_> = spans.iter().map(|span| span.resource["service.name"].as_str()).collect();
    assert_eq!(services, BTreeSet::from(["site", "payment", "warehouse", "mail"]));
    let roots: Vec<_> = spans.iter().filter(|span| span.parent.is_none()).collect();
    assert_eq!(roots.len(), 1, "{roots:#?}");
    assert_eq!(roots[0].resource["service.name"], "site");

    // From the dead letter up to the site.
    let by_id: BTreeMap<_, _> = spans.iter().map(|span| (&span.id.span, span)).collect();
    let topic = |name: &str| stage.full(name);
    let mut way = Vec::new();
    let mut at = Some(only(spans, &format!("send {}", topic("mail.tell.dlq"))));
    while let Some(span) = at {
        way.push(span.name.as_str());
        at = span.parent.as_ref().map(|parent| by_id[parent]);
    }
    let wanted = [
        format!("send {}", topic("mail.tell.dlq")),
        format!("process {}", topic("dispatches")),
        format!("send {}", topic("dispatches")),
        "handle warehouse/dispatch".to_owned(),
        format!("process {}", topic("payments")),
        format!("send {}", topic("payments")),
        "handle payment/charge".to_owned(),
        format!("process {}", topic("orders")),
        format!("send {}", topic("orders")),
    ];
    assert_eq!(way, wanted);

    // The retry: one delivery, two attempts, in each the user's own span.
    let process = only(spans, &format!("process {}", topic("orders")));
    let attempts: Vec<_> = spans.iter().filter(|span| span.name == "handle payment/charge").collect();
    assert_eq!(attempts.len(), 2);
    assert!(attempts.iter().all(|attempt| attempt.parent.as_ref() == Some(&process.id.span)));
    assert_eq!(attempts.iter().filter(|attempt| attempt.status == 2).count(), 1, "the first one failed");
    assert!(process.events.iter().any(|(name, _)| name == "retry"), "{:?}", process.events);
    let users: Vec<_> = spans.iter().filter(|span| span.name == "ask the gateway").collect();
    let below: BTreeSet<_> = users.iter().filter_map(|span| span.parent.as_ref()).collect();
    let handled: BTreeSet<_> = attempts.iter().map(|attempt| &attempt.id.span).collect();
    assert_eq!((users.len(), below), (2, handled), "each below the attempt that it was made in");

    let failed = only(spans, &format!("process {}", topic("dispatches")));
    assert_eq!(failed.status, 2);
    let messages = |span: &&Span| span.name.starts_with("process ") || span.name.starts_with("send ");
    for span in spans.iter().filter(messages) {
        assert_eq!(
            span.attributes.get("workflow.id").map(String::as_str),
            Some(correlation),
            "{}",
            span.name
        );
    }
}

/// What travels in the records is what the collector knows.
fn the_records_say_the_same(spans: &[Span], stage: &Stage) {
    for topic in ["orders", "payments", "dispatches", "mail.tell.dlq"] {
        let records = stage.read(topic);
        assert_eq!(records.len(), 1, "{topic}");
        let times = records[0].headers.iter().filter(|(name, _)| name == "traceparent").count();
        assert_eq!(times, 1, "{topic}: written once");
        let sent = only(spans, &format!("send {}", stage.full(topic)));
        let traceparent = records[0].header("traceparent").expect("a context");
        assert_eq!(traceparent, format!("00-{}-{}-01", sent.id.trace, sent.id.span), "{topic}");
    }
}

#[test]
fn one_order_is_one_trace_over_grpc() {
    let receiver = Receiver::start().expect("a receiver");
    let (stage, spans, correlation) = play("grpc", &receiver.grpc(), "normal", &receiver);
    one_order_is_one_trace(&spans, &stage, &correlation);
    the_records_say_the_same(&spans, &stage);
}

#[test]
fn one_order_is_one_trace_over_http() {
    let receiver = Receiver::start().expect("a receiver");
    let (stage, spans, correlation) = play("http/protobuf", &receiver.http(), "normal", &receiver);
    one_order_is_one_trace(&spans, &stage, &correlation);
    the_records_say_the_same(&spans, &stage);
}

/// Polls and commits are traces of their own, so the order's stays what it is, with its contracts in it.
#[test]
fn in_full_detail_a_collector_gets_polls_commits_and_contracts_that_were_kept() {
    let receiver = Receiver::start().expect("a receiver");
    let (stage, spans, correlation) = play("grpc", &receiver.grpc(), "full", &receiver);
    assert_eq!(unresolved(&spans), [], "every parent and every link is there");
    let beside = |span: &Span| span.name.starts_with("poll ") || span.name.starts_with("commit ");
    let (beside, order): (Vec<Span>, Vec<Span>) = spans.into_iter().partition(beside);
    one_order_is_one_trace(&order, &stage, &correlation);

    assert!(beside.iter().all(|span| span.parent.is_none()), "{beside:#?}");
    for topic in ["orders", "payments", "dispatches"].map(|topic| stage.full(topic)) {
        let poll = only(&beside, &format!("poll {topic}"));
        assert!(poll.attributes["messaging.batch.message_count"].contains('1'), "{poll:?}");
        let sent = only(&order, &format!("send {topic}"));
        assert_eq!(poll.links, std::slice::from_ref(&sent.id), "{poll:?}");
        assert!(beside.iter().any(|span| span.name == format!("commit {topic}")), "{beside:#?}");
    }
    let by_id: BTreeMap<_, _> = order.iter().map(|span| (&span.id.span, span)).collect();
    let kept = order.iter().filter(|span| span.name.starts_with("validate ") && span.status != 2);
    let mut kept: Vec<_> = kept
        .map(|span| {
            let record = span.parent.as_ref().map_or("none", |parent| &by_id[parent].name);
            (span.name.as_str(), record.to_owned())
        })
        .collect();
    kept.sort_unstable();
    kept.dedup();
    let below = |topic: &str| format!("process {}", stage.full(topic));
    let wanted = [
        ("validate order.dispatched.v1", below("dispatches")),
        ("validate order.dispatched.v1", below("payments")),
        ("validate order.placed.v1", below("orders")),
        ("validate payment.confirmed.v1", below("orders")),
        ("validate payment.confirmed.v1", below("payments")),
    ];
    assert_eq!(kept, wanted);
}

/// The collector takes connections and answers nothing; the service goes on, and ends in order.
#[test]
fn a_collector_that_is_away_stops_nobody() {
    /// More than the exporter's queue holds, several times.
    const ORDERS: usize = 3_000;
    let receiver = Receiver::start().expect("a receiver");
    receiver.stall();
    for (protocol, endpoint) in [("grpc", receiver.grpc()), ("http/protobuf", receiver.http())] {
        let stage = stage();
        let service: Actor = stage.start(
            "chain-warehouse",
            &[
                ("OTEL_EXPORTER_OTLP_PROTOCOL", protocol),
                ("OTEL_EXPORTER_OTLP_ENDPOINT", &endpoint),
                ("OTEL_BSP_SCHEDULE_DELAY", "100"),
            ],
        );
        let payment = |n: usize| {
            let record = Record::to(&stage.full("payments")).key(format!("o-{n}"));
            let record = record.value(format!(r#"{{"order_id":"o-{n}"}}"#));
            record.header("ce_id", format!("payment-{n}")).header("ce_type", "payment.confirmed.v1")
        };
        let records: Vec<_> = (0..ORDERS).map(payment).collect();
        topics::write(stage.kafka(), &records).expect("acknowledged");
        stage.settled("warehouse.dispatch", "payments");
        assert_eq!(stage.read("dispatches").len(), ORDERS);
        service.ready();
        service.leave();
    }
    assert!(receiver.spans().is_empty());
}
