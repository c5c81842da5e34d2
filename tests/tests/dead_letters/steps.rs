//! Real steps that set aside, and what a replay is to them.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};

use choreograph::settings::Settings;
use choreograph::telemetry::Telemetry;
use choreograph::{Event, In, Service, State, StepError, step};
use choreograph_tests::eventually;
use choreograph_tests::topics::{self, Group, Record, Topic};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use tokio::sync::oneshot;

use crate::stage::{Stage, WITHIN};

#[derive(Debug, Event, Deserialize, JsonSchema)]
#[event(view, type = "order.placed", major = 1, topic = "orders")]
struct OrderPlaced {
    order_id: String,
    cents: u64,
}

/// The same for who needs less.
#[derive(Debug, Event, Deserialize, JsonSchema)]
#[event(view, type = "order.placed", major = 1, topic = "orders")]
struct OrderNoticed {
    order_id: String,
}

#[derive(Debug, Event, Serialize, Deserialize, JsonSchema)]
#[event(type = "payment.confirmed", version = "1.0", topic = "payments", key = "order_id")]
struct PaymentConfirmed {
    order_id: String,
}

/// What a handler saw of an event.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Seen {
    id: String,
    order: String,
    cents: u64,
    topic: String,
    attempt: u32,
    hops: u32,
    instance: String,
}

/// Both services' state.
#[derive(Debug, Clone, Default)]
struct Shop {
    open: Arc<AtomicBool>,
    charged: Arc<Mutex<Vec<Seen>>>,
    noticed: Arc<Mutex<Vec<String>>>,
}

impl Shop {
    fn charged(&self) -> Vec<Seen> {
        self.charged.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn noticed(&self) -> Vec<String> {
        self.noticed.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

async fn charge(order: In<OrderPlaced>, State(shop): State<Shop>) -> Result<PaymentConfirmed, StepError> {
    let of = order.metadata();
    let seen = Seen {
        id: of.id().to_owned(),
        order: order.order_id.clone(),
        cents: order.cents,
        topic: of.topic().to_owned(),
        attempt: of.attempt(),
        hops: of.hops(),
        instance: of.correlation_id().to_owned(),
    };
    if !shop.open.load(Ordering::SeqCst) {
        return Err(StepError::reject("closed", "the till is closed"));
    }
    shop.charged.lock().unwrap_or_else(PoisonError::into_inner).push(seen);
    Ok(PaymentConfirmed { order_id: order.into_inner().order_id })
}

async fn notify(order: In<OrderNoticed>, State(shop): State<Shop>) {
    shop.noticed.lock().unwrap_or_else(PoisonError::into_inner).push(order.into_inner().order_id);
}

fn payment(shop: &Shop) -> Service<Shop> {
    Service::new("payment", shop.clone()).step(step("charge", charge))
}

fn mail(shop: &Shop) -> Service<Shop> {
    Service::new("mail", shop.clone()).step(step("notify", notify))
}

/// A service on a thread of its own; it leaves when this is dropped.
struct Running {
    telemetry: Arc<Telemetry>,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Running {
    fn start(stage: &Stage, service: Service<Shop>) -> Self {
        let settings = Settings::read([
            ("KAFKA_BOOTSTRAP_SERVERS", stage.kafka()),
            ("KAFKA_SESSION_TIMEOUT_MS", "6000"),
            ("CHOREOGRAPH_NAMESPACE", stage.namespace()),
            ("CHOREOGRAPH_DRAIN_DEADLINE", "5s"),
        ]);
        let settings = settings.expect("settings");
        let (stop, asked) = oneshot::channel::<()>();
        let telemetry = Arc::new(Telemetry::quiet());
        let told = Arc::clone(&telemetry);
        let thread = thread::spawn(move || {
            let runtime =
                tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
            let shutdown = async { drop(asked.await) };
            runtime.block_on(service.run(&settings, &told, shutdown)).expect("it runs");
        });
        Self { telemetry, stop: Some(stop), thread: Some(thread) }
    }

    /// What the service says of its own lag on a topic's first partition; nothing before it has looked.
    fn lag(&self, topic: &str) -> Option<f64> {
        let told = self.telemetry.metrics().gather();
        let lag = told.iter().find(|family| family.name() == "workflow_consumer_lag")?;
        let of_topic = lag.get_metric().iter().find(|metric| {
            let mut labels = metric.get_label().iter();
            labels.any(|label| label.name() == "messaging_destination_name" && label.value() == topic)
        });
        Some(of_topic?.get_gauge().get_value())
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            drop(thread.join());
        }
    }
}

/// A stage with both services' topics, and a dead-letter topic that takes no more than `bytes` a record.
fn shop(bytes: &str) -> Stage {
    let stage = Stage::new();
    let names = ["orders", "payments", "payment.charge.retry", "mail.notify.retry", "mail.notify.dlq"];
    stage.create(&names.map(|name| (name, 1)));
    let dead = Topic::new(&stage.full("payment.charge.dlq"), 1).setting("max.message.bytes", bytes);
    topics::create(stage.kafka(), &[dead]).expect("a topic");
    stage
}

fn order(stage: &Stage, id: &str, value: &Value) -> Record {
    Record::to(&stage.full("orders"))
        .key(id)
        .value(value.to_string())
        .header("ce_id", format!("event-{id}"))
        .header("ce_type", "order.placed.v1")
        .header("ce_correlationid", format!("flow-{id}"))
        .header("wf", "name=order;started=1700000000000;hops=3;tenant=7")
        .header("tenant", "blue")
}

/// Waits until so many dead letters of payment's are open.
fn open(stage: &Stage, count: usize) -> Vec<Value> {
    eventually("dead letters", WITHIN, || {
        let list = stage.dlq(&["list", "--step", "payment/charge", "--format", "json"]).json();
        let items = list["items"].as_array().cloned().unwrap_or_default();
        if items.len() == count { Ok(items) } else { Err(format!("{list:#}")) }
    })
}

fn charged(shop: &Shop, count: usize) -> Vec<Seen> {
    eventually("charges", WITHIN, || match shop.charged() {
        seen if seen.len() >= count => Ok(seen),
        seen => Err(format!("{seen:?}")),
    })
}

fn id(letter: &Value) -> &str {
    letter["id"].as_str().expect("an id")
}

#[test]
fn a_replay_is_handled_by_the_step_that_failed_and_by_no_other() {
    let (stage, shop) = (shop("1048576"), Shop::default());
    let manifest =
        stage.file("payment.json", &serde_json::to_string(&payment(&shop).manifest()).expect("JSON"));
    let _services = (Running::start(&stage, payment(&shop)), Running::start(&stage, mail(&shop)));
    stage.write(&[
        order(&stage, "a", &json!({ "order_id": "a", "cents": 1 })),
        order(&stage, "b", &json!({ "order_id": "b", "cents": "two" })),
    ]);
    let letters = open(&stage, 2);
    let of = |reason: &str| id(letters.iter().find(|it| it["reason"] == reason).expect(reason)).to_owned();
    let (rejected, broken) = (of("rejected"), of("contract_violation"));

    // Replayed while the till is still closed, it comes back as another dead letter.
    let replay = ["replay", "--id", &rejected, "--create-topics", "--manifests", &manifest];
    assert_eq!(stage.json(&replay, 0)["done"], 1);
    let back = eventually("it comes back", WITHIN, || {
        open(&stage, 2).into_iter().find(|it| it["replays"] == 1).ok_or("not yet")
    });
    assert_ne!(id(&back), rejected);
    assert_eq!((&back["event"], &back["reason"]), (&json!("event-a"), &json!("rejected")));
    assert_eq!(back["origin"], json!(format!("{}/0/0", stage.full("orders"))), "where it came from first");

    shop.open.store(true, Ordering::SeqCst);
    let again = stage.json(&replay, 0);
    assert_eq!(
        (&again["done"], &again["already"]),
        (&json!(0), &json!(1)),
        "a second replay is none: {again:#}"
    );
    assert_eq!(again["before"][0]["action"]["by"], "ada");
    assert_eq!(stage.json(&["replay", "--id", id(&back), "--manifests", &manifest], 0)["done"], 1);
    let seen = charged(&shop, 1);
    let expected = Seen {
        id: "event-a".to_owned(),
        order: "a".to_owned(),
        cents: 1,
        topic: stage.full("payment.charge.retry"),
        attempt: 1,
        hops: 3,
        instance: "flow-a".to_owned(),
    };
    assert_eq!(seen, [expected]);

    // What breaks the contract goes out only with another value.
    let refused = stage.json(&["replay", "--id", &broken, "--manifests", &manifest], 1);
    assert_eq!(refused["refused_for"], json!({ "still_violates": 1 }));
    let wrong = stage.file("wrong.json", r#"{"order_id":"b"}"#);
    assert_eq!(stage.json(&["edit", &broken, "--value", &wrong, "--manifests", &manifest], 1)["done"], 0);
    let right = stage.file("right.json", r#"{"order_id":"b","cents":2}"#);
    assert_eq!(stage.json(&["edit", &broken, "--value", &right, "--manifests", &manifest], 0)["done"], 1);
    let seen = charged(&shop, 2);
    assert_eq!((seen[1].id.as_str(), seen[1].cents, seen.len()), ("event-b", 2, 2));
    let twice = stage.json(&["edit", &broken, "--value", &right, "--manifests", &manifest], 0);
    assert_eq!((&twice["done"], &twice["already"]), (&json!(0), &json!(1)));

    wire(&stage);
    assert_eq!(stage.json(&["list"], 0)["open"], 0);
    assert_eq!(shop.noticed().len(), 2, "mail saw each order once: {:?}", shop.noticed());
    assert_eq!(stage.read("mail.notify.retry").len(), 0);
    assert_eq!(shop.charged().len(), 2);
}

#[test]
fn a_step_that_has_handled_a_replay_lags_behind_nothing() {
    let (stage, shop) = (shop("1048576"), Shop::default());
    let service = Running::start(&stage, payment(&shop));
    stage.write(&[order(&stage, "a", &json!({ "order_id": "a", "cents": 1 }))]);
    let letters = open(&stage, 1);
    drop(service);
    shop.open.store(true, Ordering::SeqCst);
    let replay = ["replay", "--id", id(&letters[0]), "--unchecked", "--create-topics"];
    assert_eq!(stage.json(&replay, 0)["done"], 1);
    let topic = stage.full("payment.charge.retry");
    let end = Group::of(stage.kafka(), "nobody").and_then(|group| group.lag(&topic));
    assert_eq!(end.expect("the end of the topic"), 2, "the record, and the mark that ends its transaction");

    // One that begins now has nothing to say of its lag before it has looked.
    let service = Running::start(&stage, payment(&shop));
    charged(&shop, 1);
    eventually("it lags behind nothing", WITHIN, || match service.lag(&topic) {
        Some(0.0) => Ok(()),
        lag => Err(format!("{lag:?}")),
    });
}

/// What stands on the retry topic, on the audit topic and on what the step then emitted.
fn wire(stage: &Stage) {
    let retried = stage.read("payment.charge.retry");
    assert_eq!(retried.len(), 3);
    for (message, count) in retried.iter().zip(["1", "2", "1"]) {
        assert_eq!(message.header("dlq-replay-count"), Some(count));
        assert_eq!(message.header("wf"), Some("name=order;started=1700000000000;hops=3;tenant=7;trace=link"));
        assert_eq!((message.header("tenant"), message.header("wf-replayed-by")), (Some("blue"), Some("ada")));
        assert_eq!(message.header("wf-origin-topic"), Some(stage.full("orders").as_str()));
        let own = message.headers.iter().filter(|(name, _)| name.starts_with("dlq-")).count();
        assert_eq!((own, message.header("wf-attempt")), (1, None), "{:?}", message.headers);
    }
    assert_eq!(retried[0].value.as_deref(), Some(&br#"{"cents":1,"order_id":"a"}"#[..]));
    let audit = stage.read("choreograph.audit");
    let actions: Vec<_> = audit.iter().map(|it| it.header("audit-action").expect("an action")).collect();
    assert_eq!(actions, ["replayed", "replayed", "edited"]);
    assert_eq!(
        (audit[0].header("ce_id"), audit[0].header("ce_correlationid")),
        (Some("event-a"), Some("flow-a"))
    );
    assert_eq!(
        (audit[0].header("dlq-service"), audit[0].header("dlq-step")),
        (Some("payment"), Some("charge"))
    );
    assert_eq!(audit[0].key_text(), audit[0].header("dlq-id"));
    let told: Value = serde_json::from_slice(audit[2].value.as_deref().expect("a value")).expect("JSON");
    assert_eq!(told["value_before"]["text"], r#"{"cents":"two","order_id":"b"}"#);
    let emitted = eventually("payments", WITHIN, || match stage.read("payments") {
        emitted if emitted.len() == 2 => Ok(emitted),
        emitted => Err(emitted.len()),
    });
    for message in &emitted {
        let cause = message.header("ce_causationid").expect("a cause");
        assert!(
            cause.starts_with("event-")
                && message.header("ce_correlationid").is_some_and(|id| id.starts_with("flow-"))
        );
        assert!(message.header("wf").is_some_and(|wf| wf.contains(";hops=4") && !wf.contains("trace=link")));
    }
}

#[test]
fn a_value_that_was_too_large_comes_from_where_it_first_lay() {
    let (stage, shop) = (shop("4000"), Shop::default());
    stage.create(&[("choreograph.audit", 1)]);
    let _service = Running::start(&stage, payment(&shop));
    let large = "x".repeat(20_000);
    stage.write(&[
        order(&stage, "a", &json!({ "order_id": large, "cents": 1 })).header("large", large.as_str())
    ]);
    let letters = open(&stage, 1);
    assert_eq!(letters[0]["value_omitted"], true);
    shop.open.store(true, Ordering::SeqCst);
    assert_eq!(stage.json(&["replay", "--id", id(&letters[0]), "--unchecked"], 0)["done"], 1);
    assert_eq!(charged(&shop, 1)[0].order, large);
    let retried = stage.read("payment.charge.retry");
    assert_eq!(retried[0].header("large"), Some(large.as_str()), "headers that were left out are back");
}
