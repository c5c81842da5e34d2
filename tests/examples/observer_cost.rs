//! What an observer costs: how fast a step is with one and without, and how fast the observer itself reads.
//!
//! ```text
//! cargo run --release -p choreograph-tests --example observer_cost
//! ```
//!
//! It starts a Kafka of its own. The step reads orders that were written before and emits a payment for each; with and
//! without an observer take turns. Figures of a machine that does other things too are worth little.

use std::time::{Duration, Instant};

use choreograph::settings::Settings;
use choreograph::telemetry::Telemetry;
use choreograph::{Event, In, Service, step};
use choreograph_observer::{Observer, Options, look_once};
use choreograph_tests::kafka::Cluster;
use choreograph_tests::topics::{self, Group, Record, Topic, Writer};
use choreograph_topology::Manifest;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Orders of one round.
const ORDERS: u64 = 200_000;
/// Rounds with an observer, and as many without.
const ROUNDS: usize = 3;
/// Workflows' ids, so that an instance has ten orders and as many payments.
const WORKFLOWS: u64 = ORDERS / 10;
/// The longest that a round may take.
const WITHIN: Duration = Duration::from_mins(10);

#[derive(Debug, Event, Deserialize, JsonSchema)]
#[event(view, type = "order.placed", major = 1, topic = "orders", external)]
struct Order {
    order_id: String,
}

#[derive(Debug, Event, Serialize, Deserialize, JsonSchema)]
#[event(
    type = "payment.confirmed",
    version = "1.0",
    topic = "payments",
    key = "order_id",
    terminal,
    outbound
)]
struct PaymentConfirmed {
    order_id: String,
}

async fn charge(order: In<Order>) -> PaymentConfirmed {
    PaymentConfirmed { order_id: order.into_inner().order_id }
}

fn payment() -> Service {
    Service::new("payment", ()).step(step("charge", charge))
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let cluster = Cluster::start(1, &[])?;
    let bootstrap = cluster.bootstrap();
    let manifest = Manifest::read("payment", &serde_json::to_vec(&payment().manifest())?)?;
    let (mut with, mut without) = (Vec::new(), Vec::new());
    let mut last = None;
    for _ in 0..ROUNDS {
        without.push(round(&bootstrap, None)?.0);
        let (rate, options) = round(&bootstrap, Some(&manifest))?;
        with.push(rate);
        last = options;
    }
    println!("records a second of the step without an observer: {without:.0?}");
    println!("records a second of the step with an observer:    {with:.0?}");
    if let Some(options) = last {
        let began = Instant::now();
        let known = look_once(&options, WITHIN)?;
        let events = known.read(|model| model.overview(0).events);
        let rate = events as f64 / began.elapsed().as_secs_f64();
        println!(
            "an observer that begins anew reads {events} events, start and looks included: {rate:.0} a second"
        );
    }
    Ok(())
}

/// The records a second of a step that reads all orders, and the options of the observer beside it.
fn round(
    bootstrap: &str,
    looked_at: Option<&Manifest>,
) -> Result<(f64, Option<Options>), Box<dyn std::error::Error>> {
    let namespace = topics::namespace("cost");
    let full = |name: &str| format!("{namespace}.{name}");
    let made = ["orders", "payments", "payment.charge.retry", "payment.charge.dlq"];
    topics::create(bootstrap, &made.map(|name| Topic::new(&full(name), 4)))?;
    write(bootstrap, &full("orders"))?;
    let settings = Settings::read([
        ("KAFKA_BOOTSTRAP_SERVERS", bootstrap),
        ("CHOREOGRAPH_NAMESPACE", &namespace),
        ("CHOREOGRAPH_OPS_ADDRESS", "off"),
    ])?;
    let options = looked_at.map(|manifest| {
        let mut options = Options::new(settings.clone());
        options.given = vec![manifest.clone()];
        options.listen = std::net::SocketAddr::from(([127, 0, 0, 1], 0));
        options
    });
    let observer = options.as_ref().map(Observer::start).transpose()?;
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let began = Instant::now();
    let running = settings.clone();
    let service = runtime.spawn(async move {
        payment().run(&running, &Telemetry::quiet(), async { drop(stopped.await) }).await
    });
    let group = Group::of(bootstrap, &full("payment.charge"))?;
    while group.lag(&full("orders"))? > 0 {
        assert!(began.elapsed() < WITHIN, "the step has not come to its end");
        std::thread::sleep(Duration::from_millis(50));
    }
    let rate = ORDERS as f64 / began.elapsed().as_secs_f64();
    // Whoever listened may have ended by itself.
    let _ended = stop.send(());
    runtime.block_on(service)??;
    drop(observer);
    Ok((rate, options))
}

fn write(bootstrap: &str, topic: &str) -> Result<(), topics::TopicError> {
    let writer = Writer::new(bootstrap)?;
    for number in 0..ORDERS {
        let workflow = format!("workflow-{}", number % WORKFLOWS);
        let record = Record::to(topic)
            .key(format!("order-{number}"))
            .value(format!(r#"{{"order_id":"order-{number}"}}"#))
            .header("ce_specversion", "1.0")
            .header("ce_id", format!("event-{number}"))
            .header("ce_source", "shop")
            .header("ce_type", "order.placed.v1")
            .header("ce_correlationid", workflow)
            .header("wf", "name=order;started=1700000000000;hops=0");
        writer.send(number, &record)?;
    }
    writer.finish().map(drop)
}
