//! What is counted of a record, and what its spans say.

use opentelemetry::trace::Status;

use super::*;
use crate::telemetry::{
    Telemetry,
    tests::kept::{ALL, kept},
};

const REFUSED: &str = "MSG_SIZE_TOO_LARGE";

/// What a metric says of all labels that hold each of `labels`.
fn count(telemetry: &Telemetry, metric: &str, labels: &[&str]) -> u64 {
    let text = prometheus::TextEncoder::new().encode_to_string(&telemetry.metrics().gather()).unwrap();
    let is_it = |line: &&str| {
        line.split('{').next() == Some(metric) && labels.iter().all(|label| line.contains(label))
    };
    text.lines().filter(is_it).map(|line| line.rsplit(' ').next().unwrap().parse::<u64>().unwrap()).sum()
}

/// What is counted once for each record that is taken.
fn taken(telemetry: &Telemetry) -> [u64; 5] {
    [
        "messaging_client_consumed_messages_total",
        "workflow_edge_messages_total",
        "workflow_queue_time_seconds_count",
        "workflow_age_seconds_count",
        "messaging_process_duration_seconds_count",
    ]
    .map(|metric| count(telemetry, metric, &[]))
}

/// How many workflows were completed, and how many failed.
fn ended(telemetry: &Telemetry) -> [u64; 2] {
    ["completed", "failed"].map(|outcome| {
        let label = format!("outcome=\"{outcome}\"");
        let counts = ["workflow_instances_finished_total", "workflow_duration_seconds_count"]
            .map(|metric| count(telemetry, metric, &[&label]));
        assert_eq!(counts[0], counts[1], "{outcome}");
        counts[0]
    })
}

#[test]
fn a_workflow_is_completed_when_its_terminal_event_is_on_the_log_and_once() {
    let (telemetry, spans) = kept(ALL);
    let mut bench = Bench::watched(&telemetry);
    bench.order(r#"{"order_id":"o1"}"#);
    bench.pass(60_000);
    assert_eq!(ended(&telemetry), [0, 0], "it waits for the broker");
    bench.acknowledge_all();
    bench.acknowledge_all();
    assert_eq!(ended(&telemetry), [1, 0]);
    let spans = spans.all();
    let send = spans.iter().find(|span| span.name.starts_with("send ")).unwrap();
    let event = send.events.iter().find(|event| event.name == "workflow.completed").unwrap();
    assert!(event.attributes.iter().any(|one| one.key.as_str() == "workflow.duration_ms"), "{event:?}");

    bench.order(r#"{"order_id":"o2"}"#);
    bench.runner.lost(&[SLOT]);
    bench.acknowledge_all();
    assert_eq!(ended(&telemetry), [1, 0], "the partition's next owner emits it again, and counts it");
}

#[test]
fn a_workflow_has_failed_when_the_record_that_would_have_ended_it_is_set_aside() {
    let (telemetry, spans) = kept(ALL);
    let mut bench = Bench::watched(&telemetry);
    for value in [r#"{"order_id":"o1","act":"reject"}"#, r#"{"order_id":7}"#] {
        bench.order(value);
    }
    assert_eq!(ended(&telemetry), [0, 0], "their dead letters wait for the broker");
    bench.acknowledge_all();
    assert_eq!(ended(&telemetry), [0, 2]);
    let sends: Vec<_> = spans.all().into_iter().filter(|span| span.name.starts_with("send ")).collect();
    assert!(sends.iter().all(|send| send.events.iter().any(|event| event.name == "workflow.failed")));

    bench.take(&[("ce_type", "order.placed.v1")], Some("garbage"));
    bench.acknowledge_all();
    assert_eq!(ended(&telemetry), [0, 2], "a stranger's record that began no workflow fails none");
}

#[test]
fn a_record_is_counted_once_however_many_attempts_it_takes() {
    let telemetry = Telemetry::quiet();
    let mut bench = Bench::watched(&telemetry);
    let headers = [("ce_type", "order.placed.v1"), ("ce_id", "e-1")];
    bench.take(&headers, Some(r#"{"order_id":"o1","act":"failonce"}"#));
    bench.pass(60_000);
    bench.acknowledge_all();
    assert_eq!(taken(&telemetry), [1; 5]);
    for metric in ["workflow_instances_started_total", "workflow_instances_finished_total"] {
        assert_eq!(count(&telemetry, metric, &[]), 1, "{metric}");
    }
    assert_eq!(count(&telemetry, "workflow_retries_total", &["error_type=\"retry\""]), 1);
}

#[test]
fn the_first_span_of_a_strangers_workflow_says_that_it_began() {
    let (telemetry, spans) = kept(ALL);
    let mut bench = Bench::watched(&telemetry);
    bench.take(&[("ce_type", "order.placed.v1"), ("ce_id", "e-1")], Some(r#"{"order_id":"o1"}"#));
    bench.order(r#"{"order_id":"o2"}"#);
    bench.acknowledge_all();
    let spans = spans.all();
    let process = spans.iter().filter(|span| span.name.starts_with("process "));
    let began = process.map(|span| span.events.iter().any(|event| event.name == "workflow.started"));
    assert_eq!(began.collect::<Vec<_>>(), [true, false]);
}

#[test]
fn one_whose_emit_the_broker_refuses_later_is_too() {
    let telemetry = Telemetry::quiet();
    let mut bench = Bench::watched(&telemetry);
    bench.order(r#"{"order_id":"o1"}"#);
    let (tag, _) = bench.driver.sent.remove(0);
    bench.runner.delivered(
        bench.now,
        tag,
        Delivery::Refused { error: REFUSED.to_owned() },
        &mut bench.driver,
    );
    assert_eq!(bench.reason(), Some("emit_violation"));
    bench.acknowledge_all();
    assert_eq!(taken(&telemetry), [1; 5]);
    assert_eq!(count(&telemetry, "workflow_dead_letters_total", &["emit_violation"]), 1);
    assert_eq!(ended(&telemetry), [0, 1], "its terminal event is not on the log");
    assert_eq!(count(&telemetry, "workflow_step_in_flight", &[]), 0);
}

#[test]
fn a_malformed_header_is_counted_once_for_each_record_that_has_it() {
    let headers =
        [("ce_type", "order.placed.v1"), ("ce_id", "e-1"), ("traceparent", "nonsense"), ("wf", "hops=many")];
    for value in [r#"{"order_id":"o1","act":"fail"}"#, r#"{"order_id":7}"#, r#"{"order_id":"o1"}"#] {
        let telemetry = Telemetry::quiet();
        let mut bench = Bench::watched(&telemetry);
        bench.take(&headers, Some(value));
        bench.pass(60_000);
        for header in ["header=\"traceparent\"", "header=\"wf\""] {
            let counted = count(&telemetry, "workflow_malformed_headers_total", &[header]);
            assert_eq!(counted, 1, "{header} {value}");
        }
    }
}

#[test]
fn a_retry_is_counted_for_what_failed() {
    let telemetry = Telemetry::quiet();
    let mut bench = Bench::watched(&telemetry);
    bench.order(r#"{"order_id":"o1","act":"wait"}"#);
    bench.pass(10 * 60_000);
    assert_eq!(count(&telemetry, "workflow_retries_total", &["error_type=\"timeout\""]), 2);
    assert_eq!(count(&telemetry, "workflow_retries_total", &[]), 2);
}

#[test]
fn the_span_of_an_attempt_that_was_cut_off_says_so() {
    let (telemetry, spans) = kept(ALL);
    let mut bench = Bench::watched(&telemetry);
    let error_types = || {
        let spans = spans.all().into_iter().filter(|span| span.name.starts_with("handle "));
        let told = spans.map(|span| {
            assert!(matches!(span.status, Status::Error { .. }), "{span:?}");
            let error = span.attributes.iter().find(|attribute| attribute.key.as_str() == "error.type");
            error.map(|error| error.value.to_string()).unwrap_or_default()
        });
        told.collect::<Vec<_>>()
    };
    bench.order(r#"{"order_id":"o1","act":"wait"}"#);
    bench.pass(10 * 60_000);
    assert_eq!(error_types(), ["timeout"; 3]);
    bench.order(r#"{"order_id":"o2","act":"wait"}"#);
    bench.runner.lost(&[SLOT]);
    assert_eq!(error_types()[3..], ["abandoned"]);
}

/// As the broker takes them in this order: its first terminal event and its second, the terminal event and the dead letter of
/// a run whose other emit is refused.
#[test]
fn one_run_of_a_record_ends_its_workflow_once_whatever_it_publishes() {
    let telemetry = Telemetry::quiet();
    let mut bench = Bench::watched(&telemetry);
    bench.order(r#"{"order_id":"o1","act":"twice"}"#);
    assert_eq!(bench.driver.sent.len(), 2);
    bench.acknowledge_all();
    assert_eq!(ended(&telemetry), [1, 0]);

    let mut bench = Bench::watched(&telemetry);
    bench.order(r#"{"order_id":"o2","act":"twice"}"#);
    let refused = Delivery::Refused { error: REFUSED.to_owned() };
    let (first, second) = (bench.driver.sent[0].0, bench.driver.sent[1].0);
    let taken = Delivery::Acknowledged { partition: 0, offset: 0 };
    bench.runner.delivered(bench.now, first, taken, &mut bench.driver);
    bench.runner.delivered(bench.now, second, refused, &mut bench.driver);
    assert_eq!(bench.driver.sent.len(), 3, "and the dead letter");
    bench.acknowledge_all();
    assert_eq!(ended(&telemetry), [2, 0]);
}
