//! A collector that is away.

use std::fs;
use std::net::TcpListener;

use choreograph_tests::kafka;
use choreograph_tests::topics::{Record, Writer};

use crate::stage::{Actor, Stage};

/// Orders before memory is looked at: clients and buffers have their size by then.
const FIRST: u64 = 5_000;
/// Orders after that. Their spans, three for each order and none of them under a kilobyte, would take more than
/// [`GROWTH_KIB`] if they were kept.
const MORE: u64 = 40_000;
/// How much memory may grow meanwhile.
const GROWTH_KIB: u64 = 64 * 1024;
/// The counter of what became of spans, and those of it that found no room.
const DROPPED: (&str, &str) = ("otel_sdk_processor_span_processed", "queue_full");

/// The collector takes connections and never answers, which is worse than one that refuses them.
#[test]
fn a_collector_that_is_away_stops_no_record_and_memory_stays_bounded() {
    let collector = TcpListener::bind("127.0.0.1:0").expect("a port");
    let endpoint = format!("http://{}", collector.local_addr().expect("its address"));
    for protocol in ["http/protobuf", "grpc"] {
        let stage = Stage::on(kafka::shared());
        stage.create(&["orders", "payments"].map(|topic| stage.topic(topic, 4)));
        let settings =
            [("OTEL_EXPORTER_OTLP_PROTOCOL", protocol), ("OTEL_EXPORTER_OTLP_ENDPOINT", endpoint.as_str())];
        let till = stage.start("till", &settings);
        orders(&stage, 0..FIRST);
        let (memory, dropped) = (resident_kib(&till), dropped(&till));
        assert!(dropped > 0, "{protocol}: spans that find no room are counted");
        orders(&stage, FIRST..FIRST + MORE);
        let (memory_then, dropped_then) = (resident_kib(&till), self::dropped(&till));
        assert!(
            memory_then < memory + GROWTH_KIB,
            "{protocol}: {memory} KiB before, {memory_then} KiB after {MORE} orders"
        );
        assert!(
            dropped_then as u64 > dropped as u64 + MORE,
            "{protocol}: dropped {dropped} before, {dropped_then} after {MORE} orders"
        );
        assert_eq!(stage.read("payments").len() as u64, FIRST + MORE);
        till.leave();
    }
}

/// Writes orders, and waits until all are settled.
fn orders(stage: &Stage, numbers: std::ops::Range<u64>) {
    let (writer, topic) = (Writer::new(stage.kafka()).expect("a writer"), stage.full("orders"));
    for number in numbers {
        let key = format!("order-{number}");
        let value = serde_json::json!({ "order_id": key, "note": "n", "gateway_ms": 0 }).to_string();
        let record = Record::to(&topic).key(key).value(value).header("ce_type", "order.placed.v1");
        writer.send(number, &record.header("ce_id", format!("event-{number}"))).expect("sent");
    }
    writer.finish().expect("acknowledged");
    stage.settled("payment.charge", "orders");
}

fn dropped(actor: &Actor) -> usize {
    actor.metric(DROPPED.0, DROPPED.1)
}

/// The memory of the process that is there and not only promised.
fn resident_kib(actor: &Actor) -> u64 {
    let status = fs::read_to_string(format!("/proc/{}/status", actor.service.id())).expect("a process");
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).expect("its memory");
    line.trim().trim_end_matches(" kB").parse().expect("a number")
}
