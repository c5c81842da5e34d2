//! Metrics and log lines: their names, their labels, and the bounds on both.

use std::time::Duration;

use prometheus::TextEncoder;

use super::super::{DeadLetter, Emit, End, HandleSpan, Incoming, Outcome, Telemetry, Violation, log};
use super::kept::{at, emit, pass, record, start};
use crate::envelope::Workflow;

/// The metrics as text.
fn exposition(telemetry: &Telemetry) -> String {
    TextEncoder::new().encode_to_string(&telemetry.metrics().gather()).unwrap()
}

#[test]
fn metrics_have_their_names_and_labels() {
    let telemetry = Telemetry::quiet();
    let step = telemetry.step("shop", "charge", "shop.charge");
    let _context = (start(&telemetry), pass(&step, &record(None), 0));
    let record = record(None);
    let mut process = step.process(&record, at(0));
    step.started(&process, &record);
    step.retry(&process, 2, Duration::ZERO, "timeout", at(0));
    step.handle(&mut process, &record, 2, at(0)).end(Ok(()), at(0));
    let violation = Violation { event_type: "order.placed", received: None, expected: "1.2", path: "" };
    step.violation(&process, &violation, at(0));
    let letter = DeadLetter { topic: "shop.charge.dlq", reason: "rejected", attempts: 1 };
    let mut send = step.dead_letter(&process, &record, &letter, at(0));
    step.finished(&mut send, "orders", 1_767_225_600_000, End::Failed, at(2_000));
    step.delivered(send, Ok((0, 0)), at(0));
    step.end(process, Outcome::Rejected, at(0));
    step.skipped("orders");
    step.rebalanced();
    step.lost("orders", 5);
    step.lag("orders", 3, 12, Duration::from_secs(4));
    assert_eq!(step.trace_context(Some("nonsense")), None);
    step.looked(Some("nonsense"), None, false);

    let text = exposition(&telemetry);
    for name in [
        "messaging_process_duration_seconds_count{",
        "messaging_client_consumed_messages_total{",
        "messaging_client_sent_messages_total{",
        "messaging_client_operation_duration_seconds_bucket{",
        "workflow_queue_time_seconds_bucket{",
        "workflow_age_seconds_bucket{",
        "workflow_duration_seconds_bucket{",
        "workflow_instances_started_total{",
        "workflow_instances_finished_total{",
        "workflow_step_in_flight{",
        "workflow_edge_messages_total{",
        "workflow_retries_total{",
        "workflow_dead_letters_total{",
        "workflow_contract_violations_total{",
        "workflow_consumer_lag{",
        "workflow_consumer_lag_time_seconds{",
        "workflow_consumer_rebalances_total{",
        "workflow_lost_records_total{",
        "workflow_skipped_records_total{",
        "workflow_malformed_headers_total{",
    ] {
        assert!(text.contains(&format!("\n{name}")), "{name} is missing in\n{text}");
    }
    let line = |name: &str| text.lines().find(|line| line.starts_with(name)).unwrap();
    let edge = line("workflow_edge_messages_total");
    for label in [
        "from_step=\"shop/site\"",
        "to_step=\"shop/charge\"",
        "event_type=\"order.placed\"",
        "contract_version=\"1.3\"",
        "workflow_name=\"order\"",
        "messaging_consumer_group_name=\"shop.charge\"",
    ] {
        assert!(edge.contains(label), "{label} is missing in {edge}");
    }
    assert!(line("workflow_retries_total").contains("retry_attempt=\"1\""));
    assert!(line("workflow_duration_seconds_bucket").contains("outcome=\"failed\""));
    assert!(line("workflow_consumer_lag{").ends_with(" 12"));
    assert!(line("workflow_step_in_flight").ends_with(" 0"));
    assert!(!text.contains("w-1") && !text.contains("o-17"));

    step.forget_lag("orders", 3);
    assert!(!exposition(&telemetry).contains("\nworkflow_consumer_lag{"));
}

#[test]
fn a_record_given_up_is_no_longer_in_flight() {
    let telemetry = Telemetry::quiet();
    let step = telemetry.step("shop", "charge", "shop.charge");
    let process = step.process(&record(None), at(0));
    let in_flight = || {
        let text = exposition(&telemetry);
        let line = text.lines().find(|line| line.starts_with("workflow_step_in_flight")).unwrap();
        line.rsplit(' ').next().unwrap().to_owned()
    };
    assert_eq!(in_flight(), "1");
    drop(process);
    assert_eq!(in_flight(), "0");
}

#[test]
fn hostile_headers_cannot_make_labels_without_end() {
    let telemetry = Telemetry::quiet();
    let step = telemetry.step("shop", "charge", "shop.charge");
    for number in 0..3_000 {
        let name = format!("workflow-{number}");
        let source = format!("evil/{number}");
        let schema = format!("x/{}.{number}", number % 50);
        let record = Incoming {
            workflow: Workflow::start(&name, 0),
            source: Some(&source),
            data_schema: Some(&schema),
            ..record(None)
        };
        step.end(step.process(&record, at(0)), Outcome::Done, at(0));
    }
    let text = exposition(&telemetry);
    let sets = |name: &str| text.lines().filter(|line| line.starts_with(name)).count();
    assert_eq!(sets("messaging_client_consumed_messages_total"), 101);
    let edges = sets("workflow_edge_messages_total");
    assert!((1_000..=2_000).contains(&edges), "{edges}");
}

#[test]
fn what_is_found_without_a_lock_and_what_is_not_are_counted_alike() {
    let telemetry = Telemetry::quiet();
    let step = telemetry.step("shop", "charge", "shop.charge");
    for round in 1..=3 {
        for number in 0..60 {
            let (source, topic) = (format!("shop/{number}"), format!("payments-{number}"));
            let record = Incoming { source: Some(&source), ..record(None) };
            let process = step.process(&record, at(0));
            let send = step.send(&process, None, &Emit { topic: &topic, ..emit() }, at(0));
            step.delivered(send, Ok((0, 7)), at(1));
            step.end(process, Outcome::Done, at(1));
        }
        let text = exposition(&telemetry);
        for number in 0..60 {
            let counted = |name: &str, label: String| {
                let mut of =
                    text.lines().filter(|line| line.starts_with(name) && line.contains(label.as_str()));
                let count = of.next().and_then(|line| line.rsplit(' ').next()).map(str::to_owned);
                assert_eq!((count, of.next()), (Some(round.to_string()), None), "{label}");
            };
            counted("workflow_edge_messages_total{", format!("=\"shop/{number}\""));
            counted("messaging_client_sent_messages_total{", format!("=\"payments-{number}\""));
        }
    }
}

#[test]
fn log_lines_of_a_handler_carry_its_records_ids() {
    let telemetry = Telemetry::rehearsing();
    let step = telemetry.step("shop", "charge", "shop.charge");
    let record = record(None);
    let mut process = step.process(&record, at(0));
    let trace_id = process.traceparent().unwrap().trace_id().to_string();
    let mut handle = Some(step.handle(&mut process, &record, 1, at(0)));
    let text = log::tests::logged(crate::settings::LogFormat::Json, || {
        HandleSpan::within(&mut handle, || tracing::info!("charged"));
    });
    let line: serde_json::Value = serde_json::from_str(&text).unwrap();
    assert_eq!(line["trace_id"], trace_id);
    assert_eq!(line["workflow_id"], "w-1");
    assert_eq!(line["event_id"], "e-1");
    assert_eq!(line["workflow_step"], "shop/charge");
}
