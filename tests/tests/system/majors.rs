//! A fact in several majors on real Kafka: written in both while readers move, each reader takes it once.

use std::collections::BTreeMap;
use std::process::ExitCode;
use std::{env, fs};

use choreograph::settings::Settings;
use choreograph::upcast::Value;
use choreograph::{Consumes, Event, In, Service, ServiceError, UpcastError, step};
use choreograph_dead_letters::{Chosen, DeadLetters, Order, What};
use choreograph_tests::topics::{self, Message, Record};
use choreograph_tests::{block_on, eventually, kafka};
use rdkafka::ClientConfig;
use rdkafka::admin::{AdminClient, AdminOptions, AlterConfig, ResourceSpecifier};
use rdkafka::client::DefaultClientContext;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::stage::{Cast, Stage, WITHIN, no_arguments};

/// An order, of which the test writes as many as it needs.
#[derive(Debug, Event, Deserialize, JsonSchema)]
#[event(view, type = "order.placed", major = 1, topic = "orders")]
struct OrderPlaced {
    order_id: String,
    cents: u64,
}

/// It was paid: as it is told from now on.
#[derive(Debug, Event, Serialize, Deserialize, JsonSchema)]
#[event(type = "payment.confirmed", version = "2.0", topic = "payments", key = "order", also = PaidV1)]
struct Paid {
    order: String,
    cents: u64,
    currency: String,
}

/// As it was told until now.
#[derive(Debug, Event, Serialize, Deserialize, JsonSchema)]
#[event(type = "payment.confirmed", version = "1.3", topic = "payments", key = "order_id", deprecated)]
struct PaidV1 {
    order_id: String,
    total: String,
}

/// An order whose payment is larger in its older major than the topic takes.
const LARGE: &str = "large";
/// One whose payment is larger in its newer major.
const LARGE_NOW: &str = "large-now";
/// What that topic takes, in bytes.
const LIMIT: usize = 4_000;

impl From<&Paid> for PaidV1 {
    fn from(paid: &Paid) -> Self {
        if paid.order == LARGE {
            return Self { order_id: paid.order.clone(), total: "1".repeat(LIMIT) };
        }
        Self { order_id: paid.order.clone(), total: format!("{}.{:02}", paid.cents / 100, paid.cents % 100) }
    }
}

async fn charge(order: In<OrderPlaced>) -> Paid {
    let order = order.into_inner();
    let currency = if order.order_id == LARGE_NOW { "E".repeat(LIMIT) } else { "EUR".to_owned() };
    Paid { order: order.order_id, cents: order.cents, currency }
}

#[derive(Debug, Event, Deserialize, JsonSchema)]
#[event(view, type = "payment.confirmed", major = 1, topic = "payments")]
struct ReadsOne {
    total: String,
}

#[derive(Debug, Event, Deserialize, JsonSchema)]
#[event(view, type = "payment.confirmed", major = 2, topic = "payments")]
struct ReadsTwo {
    cents: u64,
    currency: String,
}

/// Reads major 2, and what lies on the topic from before.
#[derive(Debug, Event, Deserialize, JsonSchema)]
#[event(view, type = "payment.confirmed", major = 2, topic = "payments", upcast(1 = in_cents))]
struct Upcast {
    cents: u64,
    currency: String,
}

fn in_cents(mut paid: Value) -> Result<Value, UpcastError> {
    let total = paid["total"].as_str().ok_or("`total` is no text")?.replace('.', "");
    paid["cents"] = total.parse::<u64>().map_err(|_| "`total` is no amount")?.into();
    paid["currency"] = "GBP".into();
    Ok(paid)
}

#[derive(Debug, Consumes)]
enum ReadsBoth {
    One(ReadsOne),
    Two(ReadsTwo),
}

/// What a reader made of it.
#[derive(Debug, Event, Serialize, Deserialize, JsonSchema)]
#[event(type = "payment.read", version = "1.0", topic = "readings", key = "reading", terminal)]
struct Reading {
    reading: String,
}

fn reading(reading: String) -> Reading {
    Reading { reading }
}

async fn one(paid: In<ReadsOne>) -> Reading {
    reading(format!("one {}", paid.total))
}

async fn two(paid: In<ReadsTwo>) -> Reading {
    reading(format!("two {} {}", paid.cents, paid.currency))
}

async fn both(paid: In<ReadsBoth>) -> Reading {
    match paid.into_inner() {
        ReadsBoth::One(paid) => reading(format!("both {}", paid.total)),
        ReadsBoth::Two(paid) => reading(format!("both {} {}", paid.cents, paid.currency)),
    }
}

async fn upcast(paid: In<Upcast>) -> Reading {
    reading(format!("upcast {} {}", paid.cents, paid.currency))
}

fn emitter() -> Service {
    Service::new("payment", ()).step(step("charge", charge))
}

fn readers() -> Service {
    let readers = Service::new("readers", ()).step(step("one", one)).step(step("two", two));
    readers.step(step("both", both)).step(step("upcast", upcast))
}

/// They on the stage.
pub(crate) const CASTS: [Cast; 2] = [
    Cast { name: "majors-payment", main: run_emitter, check: check_emitter },
    Cast { name: "majors-readers", main: run_readers, check: check_readers },
];

fn run_emitter() -> ExitCode {
    emitter().main_from(no_arguments())
}

fn run_readers() -> ExitCode {
    readers().main_from(no_arguments())
}

fn check_emitter() -> Result<(), ServiceError> {
    emitter().check()
}

fn check_readers() -> Result<(), ServiceError> {
    readers().check()
}

#[test]
fn a_fact_in_two_majors_is_handled_once_by_readers_of_either_and_of_both() {
    const ORDERS: usize = 50;
    let stage = Stage::on(kafka::shared());
    let dead = ["one", "two", "both", "upcast"].map(|step| format!("readers.{step}.dlq"));
    let topics = ["orders", "payments", "readings"].map(|topic| stage.topic(topic, 4));
    stage.create(&topics);
    stage.create(&dead.each_ref().map(|topic| stage.topic(topic, 1)));

    // What lies on the topic from the time before major 2, and one that no upcaster can lead on.
    let before = |n: usize, total: &str| {
        let record = Record::to(&stage.full("payments")).key(format!("old-{n}"));
        let record = record.value(format!(r#"{{"order_id":"old-{n}","total":"{total}"}}"#));
        record.header("ce_id", format!("old-{n}")).header("ce_type", "payment.confirmed.v1")
    };
    topics::write(stage.kafka(), &[before(1, "0.01"), before(2, "much")]).expect("acknowledged");

    let services = ["majors-payment", "majors-readers"].map(|name| stage.start(name, &[]));
    let order = |n: usize| {
        let record = Record::to(&stage.full("orders")).key(format!("o-{n}"));
        let record = record.value(format!(r#"{{"order_id":"o-{n}","cents":{}}}"#, 100 + n));
        record.header("ce_id", format!("order-{n}")).header("ce_type", "order.placed.v1")
    };
    topics::write(stage.kafka(), &(0..ORDERS).map(order).collect::<Vec<_>>()).expect("acknowledged");
    stage.settled("payment.charge", "orders");
    // The step that reads major 2 alone cannot read what was written before it; the others can, but for one record.
    let readings = 4 * ORDERS + 2 + 2 + 1;
    eventually("all is read", WITHIN, || match stage.read("readings").len() {
        count if count >= readings => Ok(()),
        count => Err(format!("{count} readings")),
    });
    for step in ["one", "two", "both", "upcast"] {
        stage.settled(&format!("readers.{step}"), "payments");
    }

    let mut times: BTreeMap<String, usize> = BTreeMap::new();
    for record in stage.read("readings") {
        *times.entry(String::from_utf8(record.key.expect("a key")).expect("text")).or_default() += 1;
    }
    let more_than_once: Vec<_> = times.iter().filter(|(_, times)| **times != 1).collect();
    assert!(more_than_once.is_empty(), "{more_than_once:?}");
    assert_eq!(times.len(), readings);
    for n in 0..ORDERS {
        let (cents, total) = (100 + n, format!("1.{n:02}"));
        for reading in [
            format!("one {total}"),
            format!("two {cents} EUR"),
            format!("both {cents} EUR"),
            format!("upcast {cents} EUR"),
        ] {
            assert!(times.contains_key(&reading), "{reading}");
        }
    }
    assert!(times.contains_key("upcast 1 GBP") && times.contains_key("both 0.01"));

    let reasons = dead.each_ref().map(|topic| {
        let letters = stage.read(topic);
        let mut reasons: Vec<_> =
            letters.iter().filter_map(|letter| letter.header("dlq-reason").map(str::to_owned)).collect();
        reasons.sort();
        reasons
    });
    assert_eq!(reasons[0], [""; 0], "no twin is set aside");
    assert_eq!(reasons[1], ["unsupported_version"; 2], "what was written before major 2, and no twin");
    assert_eq!(reasons[2], [""; 0]);
    assert_eq!(reasons[3], ["unreadable"]);

    let payments = stage.read("payments");
    assert_eq!(payments.len(), 2 + 2 * ORDERS);
    hold_recorded(&payments);
    let facts: Vec<&Message> = payments
        .iter()
        .filter(|it| {
            let (event_type, wf) = (it.header("ce_type"), it.header("wf"));
            !choreograph::wire::is_older_twin(event_type.unwrap_or_default(), wf.unwrap_or_default())
        })
        .collect();
    assert_eq!(facts.len(), 2 + ORDERS, "who counts facts counts each once");
    for service in services {
        service.leave();
    }
}

/// An event of the older major lies on the topic byte for byte as it was recorded there, and is read as its golden file says.
/// `UPDATE=1` records it anew.
fn hold_recorded(payments: &[Message]) {
    const FOLDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/system/recorded/payment.confirmed");
    let path = format!("{FOLDER}/of-one-order.v1.json");
    let is_it =
        |it: &&Message| it.header("ce_type") == Some("payment.confirmed.v1") && it.key_text() == Some("o-7");
    let value = payments.iter().find(is_it).and_then(|it| it.value.as_deref()).expect("a payment");
    if env::var_os("UPDATE").is_some_and(|it| it == "1") {
        fs::create_dir_all(FOLDER).and_then(|()| fs::write(&path, value)).expect("a folder");
    }
    assert_eq!(fs::read(&path).expect("it was recorded"), value);
    assert_eq!(choreograph::upcast::golden::<Upcast>(FOLDER).expect("its golden file"), 1);
}

/// The broker takes a fact in one major and refuses it in the other: its cause is set aside with what was refused, and said to
/// be half told. The record beside it is whole. Once the topic takes it, the replay of the letter makes the fact whole under the
/// ids of the first time, and whoever reads a major that was refused handles it.
#[test]
fn a_fact_of_which_one_major_is_refused_is_set_aside_and_its_replay_makes_it_whole() {
    let stage = Stage::on(kafka::shared());
    let payments = stage.topic("payments", 1).setting("max.message.bytes", LIMIT.to_string().as_str());
    let others = ["orders", "readings", "payment.charge.dlq", "payment.charge.retry", "choreograph.audit"];
    stage.create(&[payments]);
    stage.create(&others.map(|topic| stage.topic(topic, 1).setting("retention.ms", "-1")));
    let services = ["majors-payment", "majors-readers"].map(|name| stage.start(name, &[]));
    let order = |id: &str, cents: u64| {
        let record = Record::to(&stage.full("orders")).key(id);
        let record = record.value(format!(r#"{{"order_id":"{id}","cents":{cents}}}"#));
        record.header("ce_id", format!("order-{id}")).header("ce_type", "order.placed.v1")
    };
    topics::write(stage.kafka(), &[order(LARGE, 100), order("small", 200), order(LARGE_NOW, 300)])
        .expect("acknowledged");
    stage.settled("payment.charge", "orders");

    let mut letters = stage.read("payment.charge.dlq");
    letters.sort_by_key(|letter| letter.header("ce_id").map(str::to_owned));
    assert_eq!(letters.len(), 2, "{letters:?}");
    let halves = [("order-large", "v1"), ("order-large-now", "v2")];
    for (letter, (id, major)) in letters.iter().zip(halves) {
        assert_eq!(letter.header("ce_id"), Some(id));
        assert_eq!(letter.header("dlq-reason"), Some("emit_violation"));
        let error = letter.header("dlq-error").expect("an error");
        for part in [
            &format!("refuses payment.confirmed.{major}"),
            "MSG_SIZE_TOO_LARGE",
            "in its other majors the fact may be on the log",
        ] {
            assert!(error.contains(part), "{part}: {error}");
        }
    }
    let told = |id: &str| -> Vec<(String, String)> {
        let records = stage.read("payments").into_iter().filter(|record| record.key_text() == Some(id));
        let said = |record: &Message, name| record.header(name).expect(name).to_owned();
        records.map(|record| (said(&record, "ce_type"), said(&record, "ce_id"))).collect()
    };
    let types = |id: &str| told(id).into_iter().map(|(event_type, _)| event_type).collect::<Vec<_>>();
    let (one, two) = ("payment.confirmed.v1", "payment.confirmed.v2");
    assert_eq!(types(LARGE), [two], "the half that the dead letter speaks of");
    assert_eq!(types(LARGE_NOW), [one]);
    assert_eq!(types("small"), [one, two]);

    let_in_more(&stage);
    replay(&stage, &letters);
    eventually("both facts are whole", WITHIN, || match [LARGE, LARGE_NOW].map(types) {
        [large, now] if large.len() == 3 && now.len() == 3 => Ok(()),
        told => Err(format!("{told:?}")),
    });
    assert_eq!(stage.read("payment.charge.dlq").len(), 2, "nothing was set aside again");
    assert_eq!(types(LARGE), [two, one, two]);
    assert_eq!(types(LARGE_NOW), [one, one, two]);
    let (large, large_now) = (told(LARGE), told(LARGE_NOW));
    assert_eq!((&large[0], &large_now[0]), (&large[2], &large_now[1]), "said again under its first id");
    for step in ["one", "two", "both", "upcast"] {
        stage.settled(&format!("readers.{step}"), "payments");
        assert_eq!(stage.read(&format!("readers.{step}.dlq")), [], "{step}");
    }
    let readings: Vec<String> =
        stage.read("readings").iter().filter_map(|record| record.key_text().map(str::to_owned)).collect();
    let count = |step: &str, orders: usize| {
        let mut read: Vec<_> = readings.iter().filter(|reading| reading.starts_with(step)).collect();
        read.sort();
        read.dedup();
        assert_eq!(read.len(), orders, "{step}: {read:?}");
    };
    for step in ["one ", "two ", "both ", "upcast "] {
        count(step, 3);
    }
    for service in services {
        service.leave();
    }
}

/// From now on the topic of payments takes as much as any.
fn let_in_more(stage: &Stage) {
    let admin: AdminClient<DefaultClientContext> =
        ClientConfig::new().set("bootstrap.servers", stage.kafka()).create().expect("a client");
    let topic = stage.full("payments");
    let more = AlterConfig::new(ResourceSpecifier::Topic(&topic)).set("max.message.bytes", "1048588");
    let altered = block_on(admin.alter_configs([&more], &AdminOptions::new())).expect("an answer");
    assert!(altered.iter().all(Result::is_ok), "{altered:?}");
}

/// Has an operator replay dead letters of payment.
fn replay(stage: &Stage, letters: &[Message]) {
    let mut chosen = Chosen::default();
    for letter in letters {
        let id = letter.header("dlq-id").and_then(|id| id.parse().ok()).expect("an id");
        chosen.add("payment.charge.dlq", letter.partition, letter.offset, id);
    }
    let variables =
        [("KAFKA_BOOTSTRAP_SERVERS", stage.kafka()), ("CHOREOGRAPH_NAMESPACE", stage.namespace())];
    let settings = Settings::read(variables).expect("settings");
    let what = What::Replay { force: false };
    let order =
        Order { by: "ada".to_owned(), what, dry_run: false, rate: None, unchecked: true, forgetful: false };
    let open = DeadLetters::open(&settings, &[]).expect("open");
    let report = open.act(&chosen, &order, &mut ()).expect("a report");
    assert_eq!(report.done as usize, letters.len(), "{report:?}");
}
