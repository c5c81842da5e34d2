//! Orders that keep coming while something happens.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use choreograph_tests::oracle::Oracle;
use choreograph_tests::topics::{Record, Writer};

use crate::stage::Stage;

/// Keys that orders are on.
const KEYS: u64 = 97;
/// Between two orders: about 400 a second.
const PACE: Duration = Duration::from_micros(2_500);
/// Orders of one load at most, whatever the test waits for.
const MOST: u64 = 60_000;

/// Orders on their way until told otherwise.
#[derive(Debug)]
pub(super) struct Load {
    sent: Arc<AtomicU64>,
    ends: Arc<AtomicBool>,
    thread: JoinHandle<Oracle>,
}

impl Load {
    /// Begins to send, with `oracle` as the witness.
    pub(super) fn start(stage: &Stage, mut oracle: Oracle) -> Self {
        let (sent, ends) = (Arc::new(AtomicU64::new(0)), Arc::new(AtomicBool::new(false)));
        let (count, told) = (Arc::clone(&sent), Arc::clone(&ends));
        let (kafka, topic) = (stage.kafka().to_owned(), stage.full("orders"));
        let from = oracle.issued() as u64;
        let thread = thread::spawn(move || {
            let writer = Writer::new(&kafka).expect("a writer");
            for number in (from..from + MOST).take_while(|_| !told.load(Ordering::Relaxed)) {
                send(&writer, &topic, &mut oracle, number);
                acknowledge(&mut oracle, writer.acks());
                count.fetch_add(1, Ordering::Relaxed);
                thread::sleep(PACE);
            }
            acknowledge(&mut oracle, writer.finish().expect("acknowledged"));
            oracle
        });
        Self { sent, ends, thread }
    }

    /// How many were sent.
    pub(super) fn sent(&self) -> u64 {
        self.sent.load(Ordering::Relaxed)
    }

    /// Ends, and returns the witness when everything is acknowledged.
    pub(super) fn end(self) -> Oracle {
        self.ends.store(true, Ordering::Relaxed);
        self.thread.join().expect("the load")
    }
}

/// Sends `count` orders as fast as they go.
pub(super) fn burst(stage: &Stage, mut oracle: Oracle, count: u64) -> Oracle {
    let writer = Writer::new(stage.kafka()).expect("a writer");
    let from = oracle.issued() as u64;
    for number in from..from + count {
        send(&writer, &stage.full("orders"), &mut oracle, number);
    }
    acknowledge(&mut oracle, writer.finish().expect("acknowledged"));
    oracle
}

/// How long an order's gateway takes, in milliseconds. Every fourth takes its time, so that others of its partition overtake
/// it; a few so long that whoever looks meanwhile sees what was committed while they were under way.
fn gateway_ms(number: u64) -> u64 {
    match number {
        _ if number % 128 == 127 => 800,
        _ if number.is_multiple_of(4) => number % 23,
        _ => 0,
    }
}

fn send(writer: &Writer, topic: &str, oracle: &mut Oracle, number: u64) {
    let (id, key) = (format!("order-event-{number}"), format!("order-{}", number % KEYS));
    let (note, gateway_ms) = (format!("note {number}"), gateway_ms(number));
    let value = serde_json::json!({ "order_id": key, "note": note, "gateway_ms": gateway_ms }).to_string();
    oracle.issue(&id, &key, number, note.as_bytes());
    let record =
        Record::to(topic).key(key).value(value).header("ce_id", id).header("ce_type", "order.placed.v1");
    writer.send(number, &record).expect("sent");
}

fn acknowledge(oracle: &mut Oracle, acks: Vec<choreograph_tests::topics::Ack>) {
    for ack in acks {
        oracle.acknowledge(&format!("order-event-{}", ack.number), ack.result.expect("acknowledged"));
    }
}
