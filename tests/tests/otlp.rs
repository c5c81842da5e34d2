//! Spans leave over real OTLP, and the last batch survives the end, also on a runtime of one thread.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use choreograph::settings::Settings;
use choreograph::telemetry::Telemetry;
use choreograph_tests::kafka::Certificates;
use choreograph_tests::otlp::Receiver;
use choreograph_tests::tls::Encrypted;
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
fn exporting(protocol: &str, endpoint: &str, more: &[(&str, &str)]) -> Telemetry {
    let own = [
        ("OTEL_EXPORTER_OTLP_PROTOCOL", protocol),
        ("OTEL_EXPORTER_OTLP_ENDPOINT", endpoint),
        ("CHOREOGRAPH_NAMESPACE", "staging"),
    ];
    let settings = Settings::read(own.iter().chain(more).copied()).expect("legal settings");
    Telemetry::setup(&settings, "payment", "1.2.3").expect("telemetry is set up")
}

/// Builds one span on a runtime of one thread and ends; gives back what arrived.
fn last_batch(protocol: &str, receiver: &Receiver, endpoint: &str, more: &[(&str, &str)]) -> Vec<String> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    runtime.block_on(async {
        let telemetry = exporting(protocol, endpoint, more);
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
    assert_eq!(last_batch("grpc", &receiver, &receiver.grpc(), &[]), ["the last"]);
}

#[test]
fn the_last_batch_survives_over_http() {
    let _alone = alone();
    let receiver = Receiver::start().unwrap();
    assert_eq!(last_batch("http/protobuf", &receiver, &receiver.http(), &[]), ["the last"]);
}

/// Spans leave over an encrypted connection to a collector that is trusted and wants to know who asks, and to no other.
fn encrypted(protocol: &str, server: impl Fn(&Receiver) -> SocketAddr) {
    let _alone = alone();
    let certificates = Certificates::of("127.0.0.1", "payment").expect("certificates");
    let text = |path: PathBuf| path.to_str().expect("text").to_owned();
    let (authority, (certificate, key)) = (text(certificates.authority()), certificates.client());
    let (certificate, key) = (text(certificate), text(key));
    let trusted = ("OTEL_EXPORTER_OTLP_CERTIFICATE", authority.as_str());
    let shown = [
        trusted,
        ("OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE", certificate.as_str()),
        ("OTEL_EXPORTER_OTLP_CLIENT_KEY", key.as_str()),
        ("OTEL_EXPORTER_OTLP_TIMEOUT", "5000"),
    ];
    let receiver = Receiver::start().expect("a receiver");
    let front = Encrypted::before(server(&receiver), &certificates, true).expect("a listener");
    assert_eq!(last_batch(protocol, &receiver, &front.url(), &shown), ["the last"]);

    let receiver = Receiver::start().expect("a receiver");
    let front = Encrypted::before(server(&receiver), &certificates, true).expect("a listener");
    let soon = ("OTEL_EXPORTER_OTLP_TIMEOUT", "1000");
    assert!(last_batch(protocol, &receiver, &front.url(), &[trusted, soon]).is_empty(), "nobody is shown");
    let stranger = Certificates::of("127.0.0.1", "payment").expect("certificates");
    let other = text(stranger.authority());
    let front = Encrypted::before(server(&receiver), &certificates, false).expect("a listener");
    let trusting = [("OTEL_EXPORTER_OTLP_CERTIFICATE", other.as_str()), soon];
    assert!(last_batch(protocol, &receiver, &front.url(), &trusting).is_empty(), "somebody else is trusted");
}

#[test]
fn spans_leave_encrypted_over_grpc() {
    encrypted("grpc", |receiver| receiver.addresses().0);
}

#[test]
fn spans_leave_encrypted_over_http() {
    encrypted("http/protobuf", |receiver| receiver.addresses().1);
}

#[test]
fn a_login_in_a_file_goes_with_every_batch() {
    let _alone = alone();
    let mut login = tempfile::NamedTempFile::new().expect("a file");
    std::io::Write::write_all(&mut login, b"authorization=Basic%20abc\n").expect("written");
    let login = login.path().to_str().expect("text");
    for protocol in ["grpc", "http/protobuf"] {
        let receiver = Receiver::start().expect("a receiver");
        let endpoint = if protocol == "grpc" { receiver.grpc() } else { receiver.http() };
        let metrics = ("OTEL_EXPORTER_OTLP_METRICS_HEADERS", "authorization=Basic%20xyz");
        last_batch(protocol, &receiver, &endpoint, &[("OTEL_EXPORTER_OTLP_HEADERS_FILE", login), metrics]);
        let logins = receiver.logins();
        let expected = [("metrics", "Basic xyz".to_owned()), ("traces", "Basic abc".to_owned())];
        assert_eq!(logins, expected.into(), "{protocol}");
    }
}

#[test]
fn a_collector_that_does_not_answer_does_not_hold_the_end_up() {
    let _alone = alone();
    let receiver = Receiver::start().unwrap();
    receiver.stall();
    for (protocol, endpoint) in [("grpc", receiver.grpc()), ("http/protobuf", receiver.http())] {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        let telemetry = runtime.block_on(async { exporting(protocol, &endpoint, &[]) });
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
