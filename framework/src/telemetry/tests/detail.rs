//! What is told only in full detail: polls, commits, and contracts that were kept.

use std::sync::Arc;
use std::time::Duration;

use opentelemetry::trace::{SpanId, SpanKind, Status};

use super::super::{Batch, Kept, Outcome, Polled, StepTelemetry, TraceParent};
use super::kept::{ALL, NONE, at, kept, kept_in_detail, record, start};

const IN_CLIENT: Duration = Duration::from_millis(2);

/// A batch of so many records with this context.
fn batch(step: &StepTelemetry, parent: Option<TraceParent>, records: i64) -> Batch {
    let mut batch = Batch::default();
    for offset in 0..records {
        let topic: Arc<str> = "orders".into();
        let (event_id, workflow_id) = ("e-1", "w-1");
        let polled =
            Polled { topic: &topic, partition: 3, offset, event_id, workflow_id, replay: false, parent };
        batch.add(step, &polled);
    }
    batch
}

#[test]
fn a_poll_is_a_trace_of_its_own_linked_to_what_it_brought() {
    let (telemetry, kept) = kept_in_detail(ALL);
    let context = start(&telemetry);
    let step = telemetry.step("shop", "charge", "shop.charge");
    step.polled(batch(&step, context, 200), at(0), IN_CLIENT);
    let poll = kept.named("poll orders");
    assert_eq!((poll.parent_span_id, &poll.span_kind), (SpanId::INVALID, &SpanKind::Client));
    assert_eq!((poll.start_time, poll.end_time), (at(0).into(), at(2).into()));
    assert_eq!((poll.links.links.len(), poll.links.dropped_count), (128, 72), "as many as a span may have");
    let said: Vec<String> = poll.attributes.iter().map(|one| format!("{}={}", one.key, one.value)).collect();
    for expected in [
        "messaging.operation.type=receive",
        "messaging.batch.message_count=200",
        "messaging.consumer.group.name=shop.charge",
    ] {
        assert!(said.iter().any(|said| said == expected), "{expected} is missing in {said:?}");
    }
    let link = &poll.links.links[1];
    assert!(link.attributes.iter().any(|one| one.key.as_str() == "messaging.kafka.offset"), "{link:?}");
    assert_eq!(kept.unresolved(), [] as [String; 0]);
}

#[test]
fn polls_and_commits_of_what_is_not_traced_build_nothing() {
    let (telemetry, kept) = kept_in_detail(NONE);
    let step = telemetry.step("shop", "charge", "shop.charge");
    step.polled(batch(&step, start(&telemetry), 1), at(0), IN_CLIENT);
    step.polled(Batch::default(), at(0), IN_CLIENT);
    step.committed("orders", true, at(0), at(1));
    assert!(kept.all().is_empty());
}

#[test]
fn a_commit_is_a_trace_of_its_own_and_says_where_it_failed() {
    let (telemetry, kept) = kept_in_detail(ALL);
    let step = telemetry.step("shop", "charge", "shop.charge");
    step.committed("orders", true, at(0), at(1));
    step.committed("payments", false, at(0), at(1));
    let [good, bad] = ["commit orders", "commit payments"].map(|name| kept.named(name));
    assert_eq!((good.parent_span_id, &good.span_kind), (SpanId::INVALID, &SpanKind::Client));
    assert_eq!(good.status, Status::Unset);
    assert!(matches!(bad.status, Status::Error { .. }));
    assert!(bad.attributes.iter().any(|one| one.value.as_str() == "not_committed"), "{bad:?}");
}

#[test]
fn a_contract_that_was_kept_is_a_span_below_that_of_its_record() {
    let (telemetry, kept) = kept_in_detail(ALL);
    let step = telemetry.step("shop", "charge", "shop.charge");
    let process = step.process(&record(None), at(0));
    let validated = Kept { event_type: "order.placed", received: Some("1.3"), expected: "1" };
    step.kept(&process, &validated, (at(0), at(1)));
    step.end(process, Outcome::Done, at(2));
    let span = kept.named("validate order.placed");
    assert_eq!(span.parent_span_id, kept.named("process orders").span_context.span_id());
    assert_eq!((span.start_time, span.end_time, span.status), (at(0).into(), at(1).into(), Status::Unset));
}

#[test]
fn without_full_detail_only_how_long_commits_take_is_told() {
    let (telemetry, kept) = kept(ALL);
    let step = telemetry.step("shop", "charge", "shop.charge");
    assert!(!step.is_detailed());
    step.committed("orders", true, at(0), at(1));
    assert!(kept.all().is_empty());
    let text = prometheus::TextEncoder::new().encode_to_string(&telemetry.metrics().gather()).unwrap();
    let told = |line: &&str| line.starts_with("messaging_client_operation_duration_seconds_count{");
    let line = text.lines().find(told).unwrap_or_else(|| panic!("{text}"));
    assert!(line.contains("messaging_operation_name=\"commit\"") && line.ends_with(" 1"), "{line}");
}
