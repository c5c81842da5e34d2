//! What leaves for a collector, how it is packed, and when.

use std::{
    io::{Read, Write},
    net::TcpListener,
    sync::mpsc::{Receiver, channel},
    thread,
    time::Duration,
};

use opentelemetry::trace::{Span as _, Tracer as _};

use super::super::Telemetry;
use crate::settings::Settings;

/// Longer than a batch takes, and shorter than the longest delays that are set here.
const AT_LAST: Duration = Duration::from_secs(30);
/// An hour, which nobody waits for.
const NEVER: &str = "3600000";

/// A collector over HTTP on a free port, and the heads and bodies of what it is sent.
fn collector() -> (String, Receiver<(String, Vec<u8>)>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    let (sent, received) = channel();
    thread::spawn(move || {
        for stream in listener.incoming() {
            let (mut stream, sent) = (stream.unwrap(), sent.clone());
            thread::spawn(move || {
                while let Some(request) = request(&mut stream) {
                    stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n").unwrap();
                    // Nobody listens any more where the test has ended.
                    if sent.send(request).is_err() {
                        return;
                    }
                }
            });
        }
    });
    (address, received)
}

/// The next request of a connection.
fn request(stream: &mut impl Read) -> Option<(String, Vec<u8>)> {
    let (mut head, mut byte) = (Vec::new(), [0]);
    while !head.ends_with(b"\r\n\r\n") {
        stream.read_exact(&mut byte).ok()?;
        head.push(byte[0]);
    }
    let head = String::from_utf8(head).unwrap().to_ascii_lowercase();
    let length = head.lines().find_map(|line| line.strip_prefix("content-length: "))?;
    let mut body = vec![0; length.parse().unwrap()];
    stream.read_exact(&mut body).ok()?;
    Some((head, body))
}

fn telemetry(settings: &[(&str, &str)]) -> Telemetry {
    let settings = Settings::read(settings.iter().copied()).unwrap();
    Telemetry::build(&settings, "payment", "1", |_| {}).unwrap()
}

#[test]
fn a_full_batch_of_spans_leaves_at_once_and_packed() {
    let (address, received) = collector();
    let telemetry = telemetry(&[
        ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", &address),
        ("OTEL_EXPORTER_OTLP_COMPRESSION", "gzip"),
        ("OTEL_BSP_SCHEDULE_DELAY", NEVER),
        ("OTEL_BSP_MAX_EXPORT_BATCH_SIZE", "1"),
    ]);
    for name in ["a", "b"] {
        telemetry.tracer().start(name).end();
        let (head, body) = received.recv_timeout(AT_LAST).unwrap();
        assert!(head.contains("content-encoding: gzip"), "{head}");
        assert_eq!(body[..2], [0x1f, 0x8b], "gzip's own mark");
    }
}

#[test]
fn spans_and_metrics_leave_after_their_time_and_as_they_are() {
    for (endpoint, time) in [
        ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_BSP_SCHEDULE_DELAY"),
        ("OTEL_EXPORTER_OTLP_METRICS_ENDPOINT", "OTEL_METRIC_EXPORT_INTERVAL"),
    ] {
        let (address, received) = collector();
        let telemetry = telemetry(&[(endpoint, &address), (time, "1")]);
        if endpoint.contains("TRACES") {
            telemetry.tracer().start("a").end();
        } else {
            telemetry.step("shop", "charge", "shop.charge").rebalanced();
        }
        let (head, body) = received.recv_timeout(AT_LAST).unwrap();
        assert!(!head.contains("content-encoding"), "{head}");
        assert_ne!(body[..2], [0x1f, 0x8b]);
    }
}

#[test]
fn gzip_is_built_in_for_grpc_too() {
    let to = ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:1");
    let gzip = ("OTEL_EXPORTER_OTLP_COMPRESSION", "gzip");
    drop(telemetry(&[to, gzip, ("OTEL_EXPORTER_OTLP_PROTOCOL", "grpc")]));
}
