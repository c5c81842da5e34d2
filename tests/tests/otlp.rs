//! Spans leave over real OTLP, and the last batch survives the end, also on a runtime of one thread.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use choreograph::settings::Settings;
use choreograph::telemetry::Telemetry;
use choreograph_tests::otlp::Receiver;
use opentelemetry::global;
use opentelemetry::trace::Tracer as _;

/// Long enough for any export that works.
const DEADLINE: Duration = Duration::from_secs(30);

/// The process has one global tracer, so one test at a time has it.
fn alone() -> MutexGuard<'static, ()> {
    static ALONE: Mutex<()> = Mutex::new(());
    ALONE.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Telemetry that exports to `endpoint`.
fn exporting(protocol: &str, endpoint: &str) -> Telemetry {
    let settings = Settings::read([
        ("OTEL_EXPORTER_OTLP_PROTOCOL", protocol),
        ("OTEL_EXPORTER_OTLP_ENDPOINT", endpoint),
        ("CHOREOGRAPH_NAMESPACE", "staging"),
    ])
    .expect("legal settings");
    Telemetry::setup(&settings, "payment", "1.2.3").expect("telemetry is set up")
}

/// Builds one span on a runtime of one thread and ends; gives back what arrived.
fn last_batch(protocol: &str, receiver: &Receiver, endpoint: &str) -> Vec<String> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    runtime.block_on(async {
        let telemetry = exporting(protocol, endpoint);
        global::tracer("test").in_span("the last", |_| ());
        telemetry.shutdown(DEADLINE).await;
    });
    for span in receiver.spans() {
        assert_eq!(span.resource["service.name"], "payment");
        assert_eq!(span.resource["service.version"], "1.2.3");
        assert_eq!(span.resource["deployment.environment.name"], "staging");
        assert!(span.resource.contains_key("service.instance.id"));
    }
    receiver.spans().into_iter().map(|span| span.name).collect()
}

/// How many spans did not fit the queue to the collector, as the metrics tell.
#[expect(
    clippy::redundant_closure_for_method_calls,
    reason = "the method is of a crate that the tests do not name"
)]
fn dropped(telemetry: &Telemetry) -> f64 {
    let families = telemetry.metrics().gather();
    let processed =
        families.iter().filter(|family| family.name() == "otel_sdk_processor_span_processed_total");
    let full = processed.flat_map(|family| family.get_metric()).filter(|metric| {
        metric.get_label().iter().any(|label| (label.name(), label.value()) == ("error_type", "queue_full"))
    });
    full.map(|metric| metric.get_counter().get_value()).sum()
}

#[test]
fn the_last_batch_survives_over_grpc() {
    let _alone = alone();
    let receiver = Receiver::start().unwrap();
    assert_eq!(last_batch("grpc", &receiver, &receiver.grpc()), ["the last"]);
}

#[test]
fn the_last_batch_survives_over_http() {
    let _alone = alone();
    let receiver = Receiver::start().unwrap();
    assert_eq!(last_batch("http/protobuf", &receiver, &receiver.http()), ["the last"]);
}

#[test]
fn a_collector_that_does_not_answer_does_not_hold_the_end_up() {
    let _alone = alone();
    let receiver = Receiver::start().unwrap();
    receiver.stall();
    for (protocol, endpoint) in [("grpc", receiver.grpc()), ("http/protobuf", receiver.http())] {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        let telemetry = runtime.block_on(async { exporting(protocol, &endpoint) });
        for _ in 0..10_000 {
            global::tracer("test").in_span("one of many", |_| ());
        }
        assert!(dropped(&telemetry) > 0.0, "what does not fit the queue is counted");
        runtime.block_on(telemetry.shutdown(Duration::from_millis(100)));
        // What still waits for the collector is left alone with its thread.
        runtime.shutdown_background();
    }
    assert!(receiver.spans().is_empty());
}
