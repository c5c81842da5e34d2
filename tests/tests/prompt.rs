//! How soon what cannot be handled is set aside, on real Kafka, and that nobody else waits for it.
//!
//! The one test here that asserts a time: one second is what is promised, and many times what it takes. It is the
//! broker's clock that says it, which stamps each record as it appends it, and the test is alone in its binary, so that
//! nothing runs beside it but the broker and the service. How the times are spread under load is told, and not asserted, by
//! the example `dead_letter_time`.

#[expect(dead_code, reason = "the tests of bad input's fate need more of the cases")]
#[path = "system/bad_input/cases.rs"]
mod cases;
#[path = "system/bad_input/payment.rs"]
mod payment;
#[expect(dead_code, reason = "most tests of services need more of the stage")]
#[path = "system/stage.rs"]
mod stage;

use std::collections::BTreeMap;

use choreograph_tests::kafka;
use choreograph_tests::topics::{self, Message, Writer};

use cases::Fate;
use stage::{Cast, Stage};

/// What is promised, in milliseconds.
const PROMISED: i64 = 1_000;
/// The limit of the payments' topic, which the receipt of one order breaks.
const PAYMENT_LIMIT: &str = "200000";

/// What topics of ten megabytes need.
const ROOMY: &str = "20000000";

/// The service of this binary.
fn casts() -> impl Iterator<Item = &'static Cast> {
    std::iter::once(&payment::CAST)
}

/// Orders and what becomes of them share a partition each: whoever held it up would delay the others.
fn stage() -> Stage {
    let stage = Stage::on(kafka::shared());
    let topic = |name: &str| stage.topic(name, 1).setting("message.timestamp.type", "LogAppendTime");
    let payments = topic("payments").setting("max.message.bytes", PAYMENT_LIMIT);
    let orders = topic("orders").setting("max.message.bytes", ROOMY);
    stage.create(&[orders, payments, topic("payment.charge.dlq")]);
    stage
}

#[test]
fn what_cannot_be_handled_is_set_aside_within_a_second_and_delays_no_other_key() {
    let stage = stage();
    let orders = stage.full("orders");
    let good = |id: &str| cases::good(&orders, id, id, "good");
    let service = stage.start("payment", &[]);
    // Its start is over when it has handled something.
    topics::write(stage.kafka(), &[good("first")]).expect("acknowledged");
    stage.settled("payment.charge", "orders");

    let cases = cases::all(&orders);
    let writer = Writer::new(stage.kafka()).expect("a writer");
    for case in &cases {
        for record in [&case.record, &good(&format!("beside {}", case.name))] {
            writer.send(0, record).expect("sent");
        }
        // The next come when the broker has these: what is timed is a record's own way, not a crowd's.
        assert!(writer.finish().expect("acknowledged").iter().all(|ack| ack.result.is_ok()));
    }
    stage.settled("payment.charge", "orders");

    let set_aside: BTreeMap<_, _> = stage.read("payment.charge.dlq").iter().map(set_aside).collect();
    let wanted = cases.iter().filter(|case| matches!(case.fate, Fate::DeadLetter { .. })).count();
    assert_eq!(set_aside.len(), wanted);
    let arrived: BTreeMap<_, _> = stage.read("orders").iter().filter_map(by_id).collect();
    let handled = stage.read("payments");
    let handled = handled.iter().filter_map(|payment| {
        let cause = payment.header("ce_causationid").filter(|cause| cause.starts_with("beside "))?;
        Some((cause.to_owned(), payment.timestamp? - arrived.get(cause)?))
    });
    let handled: BTreeMap<_, _> = handled.collect();
    assert_eq!(handled.len(), cases.len());
    eprintln!("from append to append, in ms: dead letters {set_aside:?}, others {handled:?}");
    for (name, took) in set_aside.iter().chain(&handled) {
        assert!((0..PROMISED).contains(took), "{name}: {took} ms");
    }
    service.leave();
}

/// A dead letter's name, and how long it took from the append of its record.
fn set_aside(letter: &Message) -> (String, i64) {
    let arrived: i64 = letter.header("wf-origin-timestamp").expect("a time").parse().expect("milliseconds");
    (letter.key_text().expect("a key").to_owned(), letter.timestamp.expect("a time") - arrived)
}

/// An order's id, and when it was appended.
fn by_id(order: &Message) -> Option<(String, i64)> {
    Some((order.header("ce_id")?.to_owned(), order.timestamp?))
}
