//! The record's way, on a driver that only writes down what it is asked.

mod given_up;
mod said;
mod set_up;
mod too_large;
mod written_time;

use std::{
    collections::{HashMap, HashSet},
    sync::{
        Arc, Mutex,
        atomic::{AtomicU32, Ordering},
    },
    task::{Context, Waker},
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    Runner,
    plan::tests::plan_of,
    port::{Delivery, Outgoing, OwnedOutgoing, Port, PublishError, RawRecord, Tag},
};
use crate::{
    Emits, Event, In, Retry, Service, State, StepError,
    engine::{Slot, Time},
    envelope::head::Head,
    step,
};

#[derive(Debug, Deserialize, JsonSchema, Event)]
#[event(view, type = "order.placed", major = 1, topic = "orders")]
struct OrderPlaced {
    order_id: String,
    /// What the handler shall do.
    #[serde(default)]
    act: Act,
    #[serde(default, deserialize_with = "unlucky")]
    #[expect(dead_code, reason = "only its contract matters")]
    small: Option<u8>,
}

/// A team's own code, which panics.
fn unlucky<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Option<u8>, D::Error> {
    let small = Option::deserialize(deserializer)?;
    assert!(small != Some(13), "thirteen");
    Ok(small)
}

#[derive(Debug, Default, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
enum Act {
    #[default]
    Confirm,
    Twice,
    Fail,
    FailOnce,
    Away,
    Reject,
    Panic,
    Wait,
    BadEmit,
    /// Waits, and fails in words of its own.
    FailLater,
    /// Waits, with something that panics where it is dropped.
    Bomb,
}

#[derive(Debug, Serialize, Deserialize, JsonSchema, Event)]
#[event(type = "payment.confirmed", version = "1.2", topic = "payments", key = "order_id")]
struct PaymentConfirmed {
    order_id: String,
    #[schemars(length(max = 5))]
    note: String,
}

#[derive(Debug, Emits)]
enum Payment {
    One(PaymentConfirmed),
    Two((PaymentConfirmed, PaymentConfirmed)),
}

#[derive(Clone, Default)]
struct Shop {
    seen: Arc<Mutex<Vec<(String, u32)>>>,
    gate: Arc<tokio::sync::Notify>,
    failures: Arc<AtomicU32>,
    /// One reference for each shop, of which each handler that waits has one.
    shops: Arc<()>,
}

impl Shop {
    /// How many handlers are there and wait.
    fn waiting(&self) -> usize {
        // The bench and the service have one each.
        Arc::strong_count(&self.shops) - 2
    }
}

struct Bomb;

impl Drop for Bomb {
    fn drop(&mut self) {
        panic!("a bomb");
    }
}

async fn charge(order: In<OrderPlaced>, State(shop): State<Shop>) -> Result<Payment, StepError> {
    shop.seen.lock().unwrap().push((order.order_id.clone(), order.metadata().attempt()));
    let confirmed = |note: &str| PaymentConfirmed { order_id: order.order_id.clone(), note: note.to_owned() };
    match order.act {
        Act::Twice => return Ok(Payment::Two((confirmed("a"), confirmed("b")))),
        Act::Fail => return Err(StepError::retry("no luck")),
        Act::FailOnce if shop.failures.fetch_add(1, Ordering::Relaxed) == 0 => {
            return Err(StepError::retry("once"));
        }
        Act::Confirm | Act::FailOnce => {}
        Act::Away => return Err(StepError::unavailable("the bank is away")),
        Act::Reject => return Err(StepError::reject("too_poor", "no money")),
        Act::Panic => panic!("a literal"),
        Act::Wait => shop.gate.notified().await,
        Act::FailLater => {
            shop.gate.notified().await;
            if order.order_id == "bank" {
                return Err(StepError::unavailable("the bank is away"));
            }
            return Err(StepError::retry(format!("no luck for {}", order.order_id)));
        }
        Act::Bomb => {
            let _bomb = Bomb;
            std::future::pending::<()>().await;
        }
        Act::BadEmit => return Ok(Payment::One(confirmed("far too long"))),
    }
    Ok(Payment::One(confirmed("ok")))
}

#[derive(Debug, Clone, Default)]
struct Record {
    offset: i64,
    key: Option<Vec<u8>>,
    value: Option<Vec<u8>>,
    topic: Arc<str>,
    head: Arc<Head>,
}

impl RawRecord for Record {
    fn topic(&self) -> &Arc<str> {
        &self.topic
    }
    fn partition(&self) -> i32 {
        0
    }
    fn offset(&self) -> i64 {
        self.offset
    }
    fn timestamp(&self) -> Option<i64> {
        Some(1_000)
    }
    fn key(&self) -> Option<&[u8]> {
        self.key.as_deref()
    }
    fn value(&self) -> Option<&[u8]> {
        self.value.as_deref()
    }
    fn head(&self) -> &Arc<Head> {
        &self.head
    }
}

#[derive(Default)]
struct Driver {
    sent: Vec<(Tag, OwnedOutgoing)>,
    commits: Vec<i64>,
    /// How many of the commits' results were told.
    told: usize,
    paused: bool,
    /// Publishes to these topics fail.
    faults: HashMap<String, PublishError>,
    /// These topics are missing, as the broker says later.
    missing: HashSet<String>,
    /// What the broker says later.
    reports: Vec<(Tag, Delivery)>,
    /// The most bytes of a record, key, value and headers together.
    max_bytes: Option<usize>,
    /// How far the wall clock is ahead of the steady one.
    ahead: Duration,
}

impl Port for Driver {
    type Record = Record;

    fn publish(&mut self, record: &Outgoing<'_>, tag: Tag) -> Result<(), PublishError> {
        if let Some(fault) = self.faults.get(record.topic) {
            return Err(fault.clone());
        }
        let record_bytes = size(&super::publish::owned(record));
        if self.max_bytes.is_some_and(|max| record_bytes > max) {
            return Err(PublishError::Record("MSG_SIZE_TOO_LARGE".to_owned()));
        }
        if self.missing.contains(record.topic) {
            let fault = Delivery::Setup {
                topic: record.topic.into(),
                error: "UNKNOWN_TOPIC".into(),
                record: super::publish::owned(record).into(),
            };
            self.reports.push((tag, fault));
            return Ok(());
        }
        self.sent.push((tag, super::publish::owned(record)));
        Ok(())
    }
    fn pause(&mut self, _: Slot) {
        self.paused = true;
    }
    fn resume(&mut self, _: Slot) {}
    fn commit(&mut self, _: Slot, offset: i64, _: Option<String>) {
        self.commits.push(offset);
    }
    fn release(&mut self, _: &[Slot]) {}
    fn read_wall(&mut self, now: Time) -> SystemTime {
        UNIX_EPOCH + Duration::from_millis(now.0) + self.ahead
    }
}

/// The bytes of a record.
fn size(record: &OwnedOutgoing) -> usize {
    let length = |bytes: &Option<Vec<u8>>| bytes.as_ref().map_or(0, Vec::len);
    let headers: usize = record.headers.iter().map(|(name, value)| name.len() + length(value)).sum();
    length(&record.key) + length(&record.value) + headers
}

/// A runner of `charge` on one partition, at a time that the test moves.
struct Bench {
    runner: Runner<Driver>,
    driver: Driver,
    shop: Shop,
    now: Time,
    next: i64,
}

const SLOT: Slot = Slot(0);
const DAY_MS: u64 = 86_400_000;

impl Bench {
    fn new() -> Self {
        let shop = Shop::default();
        let service =
            Service::new("payment", shop.clone()).step(step("charge", charge).retry(Retry::exponential(3)));
        let mut runner = Runner::new(Arc::new(plan_of(service)));
        let now = Time(20_000 * DAY_MS);
        runner.assigned(now, SLOT, Some(0), None);
        Self { runner, driver: Driver::default(), shop, now, next: 0 }
    }

    fn take(&mut self, headers: &[(&str, &str)], value: Option<&str>) {
        self.take_keyed(b"k", headers, value);
    }

    fn take_keyed(&mut self, key: &[u8], headers: &[(&str, &str)], value: Option<&str>) {
        let record = Record {
            offset: self.next,
            key: Some(key.to_vec()),
            value: value.map(|value| value.as_bytes().to_vec()),
            topic: "test.orders".into(),
            head: Head::of(headers.len(), headers.iter().map(|(n, v)| (*n, Some(v.as_bytes())))),
        };
        self.next += 1;
        self.runner.take(self.now, SLOT, record, &mut self.driver);
    }

    fn order(&mut self, value: &str) {
        self.order_keyed(b"k", value);
    }

    fn order_keyed(&mut self, key: &[u8], value: &str) {
        let id = format!("event-{}", self.next);
        let headers = [
            ("ce_type", "order.placed.v1"),
            ("ce_id", &id),
            ("ce_correlationid", "c"),
            ("wf", "name=order;started=1;hops=0"),
        ];
        self.take_keyed(key, &headers, Some(value));
    }

    /// Lets `ms` pass in steps as long as something may happen.
    fn pass(&mut self, ms: u64) {
        let end = self.now.0 + ms;
        let mut cx = Context::from_waker(Waker::noop());
        for _ in 0..100_000 {
            while self.runner.turn(self.now, &mut cx, &mut self.driver) {}
            for offset in self.driver.commits.split_off(self.driver.told) {
                self.driver.commits.push(offset);
                self.driver.told += 1;
                self.runner.committed(self.now, SLOT, offset, true);
            }
            for (tag, delivery) in std::mem::take(&mut self.driver.reports) {
                self.runner.delivered(self.now, tag, delivery, &mut self.driver);
            }
            match self.runner.next_wake() {
                Some(wake) if wake.0 <= end => self.now = Time(wake.0.max(self.now.0 + 1)),
                _ => break,
            }
        }
        self.now = Time(end);
        while self.runner.turn(self.now, &mut cx, &mut self.driver) {}
    }

    fn acknowledge_all(&mut self) {
        let tags: Vec<_> = self.driver.sent.iter().map(|(tag, _)| *tag).collect();
        for tag in tags {
            let delivery = Delivery::Acknowledged { partition: 0, offset: 0 };
            self.runner.delivered(self.now, tag, delivery, &mut self.driver);
        }
    }

    fn header(&self, index: usize, name: &str) -> Option<&str> {
        let (_, value) = self.driver.sent[index].1.headers.iter().find(|(n, _)| n == name)?;
        Some(std::str::from_utf8(value.as_deref()?).unwrap())
    }

    /// The reason of the only dead letter, which must be all that was sent.
    fn reason(&self) -> Option<&str> {
        assert_eq!(self.driver.sent.len(), 1, "{:?}", self.driver.sent);
        assert_eq!(self.driver.sent[0].1.topic, "test.payment.charge.dlq");
        self.header(0, "dlq-reason")
    }
}

#[test]
fn an_event_is_handled_emitted_and_committed_after_acknowledgement() {
    let mut bench = Bench::new();
    bench.order(r#"{"order_id":"o1"}"#);
    let emitted = &bench.driver.sent[0].1;
    assert_eq!((emitted.topic.as_str(), emitted.key.as_deref()), ("test.payments", Some(&b"o1"[..])));
    assert_eq!(emitted.value.as_deref(), Some(&br#"{"order_id":"o1","note":"ok"}"#[..]));
    for (name, value) in [
        ("ce_source", "payment/charge"),
        ("ce_type", "payment.confirmed.v1"),
        ("ce_dataschema", "urn:contract:payment.confirmed/1.2"),
        ("ce_correlationid", "c"),
        ("ce_causationid", "event-0"),
        ("wf", "name=order;started=1;hops=1"),
        ("ce_time", "2024-10-04T00:00:00.000Z"),
    ] {
        assert_eq!(bench.header(0, name), Some(value), "{name}");
    }
    bench.pass(1_000);
    assert!(bench.driver.commits.is_empty(), "nothing is committed before its emits are acknowledged");
    bench.acknowledge_all();
    bench.pass(1_000);
    assert_eq!(bench.driver.commits, [1]);
}

#[test]
fn a_record_handled_again_emits_the_same_ids_and_each_emit_its_own() {
    let ids = |_| {
        let mut bench = Bench::new();
        bench.order(r#"{"order_id":"o1","act":"twice"}"#);
        [0, 1].map(|index| bench.header(index, "ce_id").unwrap().to_owned())
    };
    let [first, second] = [0, 1].map(ids);
    assert_eq!(first, second);
    assert_ne!(first[0], first[1]);
}

#[test]
fn other_types_are_settled_without_a_look_at_the_payload() {
    let mut bench = Bench::new();
    bench.take(&[("ce_type", "stock.counted.v1")], Some("{ not json"));
    bench.pass(1_000);
    assert_eq!((bench.driver.commits.as_slice(), bench.driver.sent.len()), (&[1][..], 0));
}

#[test]
fn each_way_to_fail_has_its_reason() {
    let order = |value: &'static str| (vec![("ce_type", "order.placed.v1")], Some(value));
    for ((headers, value), reason) in [
        ((vec![], Some("{}")), "unknown_event"),
        ((vec![("ce_type", "order.placed.v9")], Some("{}")), "unsupported_version"),
        ((vec![("ce_type", "order.placed.v1"), ("wf", "name=o;hops=65")], Some("{}")), "hop_limit"),
        (order("{ not json"), "undecodable"),
        (order(""), "undecodable"),
        ((vec![("ce_type", "order.placed.v1")], None), "undecodable"),
        (order(r#"{"order_id":7}"#), "contract_violation"),
        (order(r#"{"order_id":"o","small":1.0}"#), "unreadable"),
        (order(r#"{"small":13,"order_id":"o"}"#), "panic"),
        (order(r#"{"small":13,"order_id":7}"#), "contract_violation"),
        (order(r#"{"small":13,"order_id":"o","x":1,"x":2}"#), "undecodable"),
        (order(r#"{"order_id":"o","act":"reject"}"#), "rejected"),
        (order(r#"{"order_id":"o","act":"panic"}"#), "panic"),
        (order(r#"{"order_id":"o","act":"badEmit"}"#), "contract_violation"),
        (order(r#"{"order_id":"o","act":"bademit"}"#), "emit_violation"),
        (order(r#"{"order_id":"o","act":"fail"}"#), "retries_exhausted"),
    ] {
        let mut bench = Bench::new();
        bench.take(&headers, value);
        bench.pass(60_000);
        assert_eq!(bench.reason(), Some(reason), "{headers:?} {value:?}");
        assert_eq!(bench.driver.sent[0].1.value.as_deref(), value.map(str::as_bytes));
        assert!(bench.driver.commits.iter().all(|offset| *offset == 0), "{reason}");
        bench.acknowledge_all();
        bench.pass(1_000);
        assert_eq!(bench.driver.commits.last(), Some(&1), "{reason}");
    }
}

#[test]
fn a_failed_attempt_is_repeated_and_blocks_its_key_alone() {
    let mut bench = Bench::new();
    bench.order(r#"{"order_id":"o1","act":"failonce"}"#);
    bench.order(r#"{"order_id":"o2"}"#);
    bench.pass(60_000);
    let seen = bench.shop.seen.lock().unwrap().clone();
    assert_eq!(seen, [("o1".to_owned(), 1), ("o1".to_owned(), 2), ("o2".to_owned(), 1)]);
    assert_eq!(bench.driver.sent.len(), 2);
}

#[test]
fn a_handler_that_waits_is_taken_up_again() {
    let mut bench = Bench::new();
    bench.order(r#"{"order_id":"o1","act":"wait"}"#);
    bench.pass(1_000);
    assert!(bench.driver.sent.is_empty());
    bench.shop.gate.notify_one();
    bench.pass(10);
    assert_eq!(bench.driver.sent.len(), 1);
}

#[test]
fn a_handler_that_never_ends_times_out() {
    let mut bench = Bench::new();
    bench.order(r#"{"order_id":"o1","act":"wait"}"#);
    bench.pass(10 * 60_000);
    assert_eq!(bench.reason(), Some("retries_exhausted"));
    assert!(bench.header(0, "dlq-error").unwrap().contains("no end within"));
    assert_eq!(bench.shop.seen.lock().unwrap().len(), 3);
}

#[test]
fn an_outage_takes_nothing_and_loses_nothing() {
    let mut bench = Bench::new();
    bench.order(r#"{"order_id":"o1","act":"away"}"#);
    bench.pass(120_000);
    assert!(bench.driver.sent.is_empty());
    assert!(bench.driver.paused);
    assert!(bench.driver.commits.iter().all(|offset| *offset == 0));
}

#[test]
fn an_emit_that_the_broker_refuses_makes_its_cause_a_dead_letter() {
    let mut bench = Bench::new();
    bench.order(r#"{"order_id":"o1"}"#);
    let (tag, _) = bench.driver.sent.remove(0);
    let refused = Delivery::Refused { error: "MSG_SIZE_TOO_LARGE".to_owned() };
    bench.runner.delivered(bench.now, tag, refused, &mut bench.driver);
    assert_eq!(bench.reason(), Some("emit_violation"));
    assert!(bench.header(0, "dlq-error").unwrap().contains("MSG_SIZE_TOO_LARGE"));
}

#[test]
fn an_emit_that_the_producer_refuses_at_once_does_too() {
    let mut bench = Bench::new();
    bench.driver.faults.insert("test.payments".to_owned(), PublishError::Record("too large".to_owned()));
    bench.order(r#"{"order_id":"o1"}"#);
    assert_eq!(bench.reason(), Some("emit_violation"));
}

#[test]
fn a_dead_letter_that_is_too_large_goes_without_its_value() {
    let mut bench = Bench::new();
    bench.take(&[], Some("abc"));
    let (tag, _) = bench.driver.sent.remove(0);
    let refused = Delivery::Refused { error: "MSG_SIZE_TOO_LARGE".to_owned() };
    bench.runner.delivered(bench.now, tag, refused, &mut bench.driver);
    assert_eq!(bench.reason(), Some("unknown_event"));
    assert_eq!(
        (bench.driver.sent[0].1.value.as_deref(), bench.header(0, "dlq-value-size")),
        (None, Some("3"))
    );
}

#[test]
fn a_full_queue_keeps_the_order_and_stops_taking() {
    let mut bench = Bench::new();
    bench.driver.faults.insert("test.payments".to_owned(), PublishError::QueueFull);
    bench.order(r#"{"order_id":"o1","act":"twice"}"#);
    assert!(!bench.runner.wants_records());
    bench.driver.faults.clear();
    bench.pass(1);
    let notes: Vec<_> = bench.driver.sent.iter().map(|(tag, _)| tag.0).collect();
    assert_eq!(notes, [0, 1]);
    assert!(bench.runner.wants_records());
}

#[test]
fn what_a_dead_producer_held_is_sent_again_in_order() {
    let mut bench = Bench::new();
    bench.order(r#"{"order_id":"o1"}"#);
    bench.order(r#"{"order_id":"o2"}"#);
    let lost = std::mem::take(&mut bench.driver.sent);
    for (tag, record) in lost.into_iter().rev() {
        bench.runner.delivered(bench.now, tag, Delivery::Unsent { record: record.into() }, &mut bench.driver);
    }
    bench.pass(1);
    let keys: Vec<_> = bench.driver.sent.iter().map(|(_, record)| record.key.clone().unwrap()).collect();
    assert_eq!(keys, [b"o1".to_vec(), b"o2".to_vec()]);
}

#[test]
fn shutdown_lets_what_runs_end_and_releases() {
    let mut bench = Bench::new();
    bench.order(r#"{"order_id":"o1"}"#);
    bench.runner.shutdown(bench.now);
    bench.pass(10);
    assert!(!bench.runner.stopped());
    bench.acknowledge_all();
    bench.pass(10);
    assert_eq!(bench.driver.commits, [1]);
    bench.pass(10);
    assert!(bench.runner.stopped());
}
