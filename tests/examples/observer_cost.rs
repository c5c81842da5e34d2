//! What an observer costs: how fast a step is with one and without, what each record costs the step's process, and how fast
//! the observer itself reads.
//!
//! ```text
//! cargo run --release -p choreograph-tests --example observer_cost
//! ```
//!
//! It starts a Kafka of its own. The step reads orders that were written before and emits a payment for each, in a process of
//! its own; with and without an observer take turns. Where Kafka, the step and the observer share the cores, records a second
//! say what all of them took; the step's own part is its processor time. Figures of a machine that does other things too are
//! worth little.

use std::io::{Read, Write};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};
use std::{env, fs, io};

use choreograph::settings::Settings;
use choreograph::telemetry::Telemetry;
use choreograph::{Event, In, Service, step};
use choreograph_observer::{Observer, Options, look_once};
use choreograph_tests::eventually;
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

/// What one round came to.
struct Seen {
    /// Records a second.
    rate: f64,
    /// Microseconds of processor time that a record took the step's process.
    micros: f64,
}

/// The argument with which this program is the step's process.
const STEP: &str = "step";

fn main() -> Result<(), Box<dyn std::error::Error>> {
    if env::args().nth(1).is_some_and(|argument| argument == STEP) {
        return be_the_step();
    }
    let cluster = Cluster::start(1, &[])?;
    let bootstrap = cluster.bootstrap();
    let manifest = Manifest::read("payment", &serde_json::to_vec(&payment().manifest())?)?;
    let (mut with, mut without) = (Vec::new(), Vec::new());
    let mut last = None;
    for _ in 0..ROUNDS {
        without.push(round(&bootstrap, None)?.0);
        let (seen, options) = round(&bootstrap, Some(&manifest))?;
        with.push(seen);
        last = options;
    }
    for (beside, rounds) in [("without an observer", without), ("with an observer", with)] {
        let rates: Vec<f64> = rounds.iter().map(|seen| seen.rate).collect();
        let micros: Vec<f64> = rounds.iter().map(|seen| seen.micros).collect();
        println!("{beside}: records a second {rates:.0?}, microseconds of the step a record {micros:.2?}");
    }
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

/// What a step that reads all orders came to, and the options of the observer beside it.
fn round(
    bootstrap: &str,
    looked_at: Option<&Manifest>,
) -> Result<(Seen, Option<Options>), Box<dyn std::error::Error>> {
    let namespace = topics::namespace("cost");
    let full = |name: &str| format!("{namespace}.{name}");
    let made = ["orders", "payments", "payment.charge.retry", "payment.charge.dlq"];
    topics::create(bootstrap, &made.map(|name| Topic::new(&full(name), 4)))?;
    write(bootstrap, &full("orders"))?;
    let environment = [
        ("KAFKA_BOOTSTRAP_SERVERS", bootstrap),
        ("CHOREOGRAPH_NAMESPACE", &namespace),
        ("CHOREOGRAPH_OPS_ADDRESS", "off"),
    ];
    let settings = Settings::read(environment)?;
    let options = looked_at.map(|manifest| {
        let mut options = Options::new(settings);
        options.given = vec![manifest.clone()];
        options.listen = std::net::SocketAddr::from(([127, 0, 0, 1], 0));
        options
    });
    let observer = options.as_ref().map(Observer::start).transpose()?;
    let began = Instant::now();
    let mut step = Command::new(env::current_exe()?)
        .arg(STEP)
        .envs(environment)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()?;
    let group = Group::of(bootstrap, &full("payment.charge"))?;
    eventually("the step has come to its end", WITHIN, || match group.lag(&full("orders")) {
        Ok(0) => Ok(()),
        other => Err(format!("{other:?}")),
    });
    let rate = ORDERS as f64 / began.elapsed().as_secs_f64();
    // The end of its input asks it to leave.
    drop(step.stdin.take());
    let told = io::read_to_string(step.stdout.take().ok_or("the step has no output")?)?;
    assert!(step.wait()?.success(), "the step failed");
    drop(observer);
    Ok((Seen { rate, micros: told.trim().parse::<f64>()? / ORDERS as f64 }, options))
}

/// Runs the step until the input ends, and says how many microseconds of processor time that took.
fn be_the_step() -> Result<(), Box<dyn std::error::Error>> {
    let settings = Settings::from_env()?;
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
    let end = runtime.spawn_blocking(|| io::stdin().read_to_end(&mut Vec::new()));
    runtime.block_on(payment().run(&settings, &Telemetry::quiet(), async { drop(end.await) }))?;
    Ok(writeln!(io::stdout(), "{}", processor_micros()?)?)
}

/// The processor time of this process so far, in microseconds.
fn processor_micros() -> Result<u64, Box<dyn std::error::Error>> {
    /// Of the clock in which Linux tells it, a hundredth of a second.
    const MICROS_A_TICK: u64 = 10_000;
    /// User and system time, counted from behind the program's name, which may hold blanks.
    const TIMES: std::ops::RangeInclusive<usize> = 11..=12;
    let stat = fs::read_to_string("/proc/self/stat")?;
    let behind_name = stat.rsplit_once(')').ok_or("no process is told of")?.1;
    let fields: Vec<&str> = behind_name.split_whitespace().collect();
    let times = fields.get(TIMES).ok_or("no times are told")?;
    let ticks: Vec<u64> = times.iter().map(|time| time.parse()).collect::<Result<_, _>>()?;
    Ok(ticks.iter().sum::<u64>() * MICROS_A_TICK)
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
