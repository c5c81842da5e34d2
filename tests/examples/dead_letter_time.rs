//! How long a record that cannot be handled takes to its dead-letter topic, while good ones on other keys come in.
//!
//! ```text
//! cargo run --release -p choreograph-tests --example dead_letter_time
//! ```
//!
//! It starts a Kafka of its own, which stamps each record as it appends it: the time is that from the bad record's stamp to
//! its dead letter's, both by the one clock. Figures of a machine that does other things too are worth little.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use choreograph::settings::Settings;
use choreograph::telemetry::Telemetry;
use choreograph::{Event, In, Service, StepError, step};
use choreograph_tests::eventually;
use choreograph_tests::kafka::Cluster;
use choreograph_tests::topics::{self, Group, Message, Record, Topic, Writer};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// How long records come in.
const FOR: Duration = Duration::from_mins(1);
/// Good records a second.
const GOOD_A_SECOND: u64 = 2_000;
/// One bad record beside so many good ones.
const ONE_BAD_IN: u64 = 40;
/// Keys of the good records; each bad one has a key of its own.
const KEYS: u64 = 500;
/// What cannot be handled: its type, if any, and its value.
const BAD: [(Option<&str>, &str); 5] = [
    (Some("order.placed.v1"), r#"{"order_id":"bad","pence":1"#),
    (Some("order.placed.v1"), r#"{"order_id":7,"pence":"much"}"#),
    (Some("order.placed.v9"), r"{}"),
    (None, r#"{"order_id":"bad","pence":1}"#),
    (Some("order.placed.v1"), r#"{"order_id":"bad","pence":0}"#),
];
/// The longest that anything may take.
const WITHIN: Duration = Duration::from_mins(2);

#[derive(Debug, Event, Deserialize, JsonSchema)]
#[event(view, type = "order.placed", major = 1, topic = "orders")]
struct Order {
    order_id: String,
    pence: u64,
}

#[derive(Debug, Event, Serialize, Deserialize, JsonSchema)]
#[event(type = "payment.confirmed", version = "1.0", topic = "payments", key = "order_id")]
struct PaymentConfirmed {
    order_id: String,
}

async fn charge(order: In<Order>) -> Result<PaymentConfirmed, StepError> {
    if order.pence == 0 {
        return Err(StepError::reject("nothing_to_pay", "the order's total is zero"));
    }
    Ok(PaymentConfirmed { order_id: order.into_inner().order_id })
}

type Outcome<T> = Result<T, Box<dyn std::error::Error>>;

fn main() -> Outcome<()> {
    let cluster = Cluster::start(1, &[])?;
    let bootstrap = cluster.bootstrap();
    let stamped = |name: &str| Topic::new(name, 4).setting("message.timestamp.type", "LogAppendTime");
    let made = ["orders", "payments", "payment.charge.retry", "payment.charge.dlq"];
    topics::create(&bootstrap, &made.map(stamped))?;
    let settings = Settings::read([
        ("KAFKA_BOOTSTRAP_SERVERS", bootstrap.as_str()),
        ("CHOREOGRAPH_OPS_ADDRESS", "off"),
    ])?;
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let service = runtime.spawn(async move {
        let payment = Service::new("payment", ()).step(step("charge", charge));
        payment.run(&settings, &Telemetry::quiet(), async { drop(stopped.await) }).await
    });
    let group = Group::of(&bootstrap, "payment.charge")?;
    eventually("the step is the group's one member", WITHIN, || match group.members() {
        Ok(members) if members == (1, "Stable".to_owned()) => Ok(()),
        other => Err(format!("{other:?}")),
    });

    let bad = send(&bootstrap)?;
    eventually("the step has come to its end", WITHIN, || match group.lag("orders") {
        Ok(0) => Ok(()),
        other => Err(format!("{other:?}")),
    });
    // Whoever listened may have ended by itself.
    let _ended = stop.send(());
    runtime.block_on(service)??;

    let letters = topics::read_all(&bootstrap, "payment.charge.dlq")?;
    assert_eq!(letters.len(), bad, "each bad record has its dead letter, once");
    let mut by_reason = BTreeMap::<&str, Vec<i64>>::new();
    for letter in &letters {
        let took = took(letter).ok_or("a dead letter without its times")?;
        by_reason.entry(letter.header("dlq-reason").unwrap_or_default()).or_default().push(took);
        by_reason.entry("all").or_default().push(took);
    }
    println!(
        "{GOOD_A_SECOND} good records a second; from a bad record's append to its dead letter's, in ms:"
    );
    println!("| reason | dead letters | p50 | p99 | max |\n|---|--:|--:|--:|--:|");
    for (reason, mut took) in by_reason {
        took.sort_unstable();
        let at = |share: usize| took[(took.len() - 1) * share / 100];
        println!("| {reason} | {} | {} | {} | {} |", took.len(), at(50), at(99), at(100));
    }
    Ok(())
}

/// Sends good and bad records, each at its moment, and says how many were bad.
fn send(bootstrap: &str) -> Outcome<usize> {
    let writer = Writer::new(bootstrap)?;
    let (begun, mut bad) = (Instant::now(), 0);
    let good = FOR.as_secs() * GOOD_A_SECOND;
    for number in 0..good {
        let due = begun + Duration::from_micros(number * 1_000_000 / GOOD_A_SECOND);
        std::thread::sleep(due.saturating_duration_since(Instant::now()));
        let key = format!("order-{}", number % KEYS);
        let value = format!(r#"{{"order_id":"{key}","pence":1250}}"#);
        let record = Record::to("orders").key(key).value(value);
        writer.send(number, &record.header("ce_type", "order.placed.v1"))?;
        if number.is_multiple_of(ONE_BAD_IN) {
            let (event_type, value) = BAD[bad % BAD.len()];
            let record = Record::to("orders").key(format!("bad-{number}")).value(value);
            let record = match event_type {
                Some(event_type) => record.header("ce_type", event_type),
                None => record,
            };
            writer.send(good + number, &record)?;
            bad += 1;
        }
        drop(writer.acks());
    }
    writer.finish()?;
    Ok(bad)
}

/// From the record's append to the dead letter's, in milliseconds.
fn took(letter: &Message) -> Option<i64> {
    let origin: i64 = letter.header("wf-origin-timestamp")?.parse().ok()?;
    Some(letter.timestamp? - origin)
}
