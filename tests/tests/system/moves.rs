//! A reader that moves from one major of a fact to another and back on real Kafka, killed or rolled while facts wait in lanes,
//! for retries and in an outage, judged by an oracle that knows what was acknowledged.

use std::process::ExitCode;
use std::time::Duration;

use choreograph::{Event, In, Retry, Service, State, StepError, step};
use choreograph_tests::oracle::{Effect, Oracle, Seen};
use choreograph_tests::topics::{Message, Record, Writer};
use choreograph_tests::{eventually, kafka};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::stage::{Actor, Cast, Stage, WITHIN, no_arguments};

/// An order, of which the test writes as many as it needs.
#[derive(Debug, Event, Deserialize, JsonSchema)]
#[event(view, type = "order.placed", major = 1, topic = "orders")]
struct OrderPlaced {
    order: String,
    customer: String,
}

/// It was paid: as it is told from now on.
#[derive(Debug, Event, Serialize, Deserialize, JsonSchema)]
#[event(type = "payment.confirmed", version = "2.0", topic = "payments", key = "customer", also = PaidV1)]
struct Paid {
    order: String,
    customer: String,
    currency: String,
}

/// As it was told until now.
#[derive(Debug, Event, Serialize, Deserialize, JsonSchema)]
#[event(type = "payment.confirmed", version = "1.0", topic = "payments", key = "customer", deprecated)]
struct PaidV1 {
    order: String,
    customer: String,
}

impl From<&Paid> for PaidV1 {
    fn from(paid: &Paid) -> Self {
        Self { order: paid.order.clone(), customer: paid.customer.clone() }
    }
}

async fn charge(order: In<OrderPlaced>) -> Paid {
    let OrderPlaced { order, customer } = order.into_inner();
    Paid { order, customer, currency: "EUR".to_owned() }
}

#[derive(Debug, Event, Deserialize, JsonSchema)]
#[event(view, type = "payment.confirmed", major = 1, topic = "payments")]
struct ReadsOne {
    order: String,
    customer: String,
}

#[derive(Debug, Event, Deserialize, JsonSchema)]
#[event(view, type = "payment.confirmed", major = 2, topic = "payments")]
struct ReadsTwo {
    order: String,
    customer: String,
    #[expect(dead_code, reason = "only its contract matters")]
    currency: String,
}

#[derive(Debug, Event, Serialize, Deserialize, JsonSchema)]
#[event(type = "mail.sent", version = "1.0", topic = "mails", key = "customer", terminal)]
struct Sent {
    order: String,
    customer: String,
}

/// The variable that is set where the post is away.
const AWAY: &str = "TEST_POST_AWAY";
/// Customers whose mails need no post.
const QUICK: &str = "quick";
/// The customer at whose mail the post says that it is away.
const LAST: &str = "last";
/// The longest wait before an attempt, and between two probes of an outage.
const PACE: Duration = Duration::from_millis(500);
/// More attempts than a test lasts.
const ATTEMPTS: u32 = 1_000;

#[derive(Debug, Clone)]
struct Post {
    away: bool,
}

impl Post {
    fn send(&self, order: String, customer: String) -> Result<Sent, StepError> {
        match customer.as_str() {
            LAST if self.away => Err(StepError::unavailable("the post is away")),
            customer if self.away && !customer.starts_with(QUICK) => {
                Err(StepError::retry("the post takes nothing"))
            }
            _ => Ok(Sent { order, customer }),
        }
    }
}

async fn one(paid: In<ReadsOne>, State(post): State<Post>) -> Result<Sent, StepError> {
    let ReadsOne { order, customer } = paid.into_inner();
    post.send(order, customer)
}

async fn two(paid: In<ReadsTwo>, State(post): State<Post>) -> Result<Sent, StepError> {
    let ReadsTwo { order, customer, .. } = paid.into_inner();
    post.send(order, customer)
}

fn emitter() -> Service {
    Service::new("payment", ()).step(step("charge", charge))
}

fn post() -> Post {
    Post { away: std::env::var_os(AWAY).is_some() }
}

fn retry() -> Retry {
    Retry::exponential(ATTEMPTS).cap(PACE)
}

fn mail_of_one() -> Service<Post> {
    Service::new("mail", post()).step(step("read", one).retry(retry()))
}

fn mail_of_two() -> Service<Post> {
    Service::new("mail", post()).step(step("read", two).retry(retry()))
}

/// They on the stage. Both versions of mail are one group.
pub(crate) const CASTS: [Cast; 3] = [
    Cast { name: "moves-payment", main: run_emitter, check: || emitter().check() },
    Cast { name: ONE, main: || mail_of_one().main_from(no_arguments()), check: || mail_of_one().check() },
    Cast { name: TWO, main: || mail_of_two().main_from(no_arguments()), check: || mail_of_two().check() },
];

/// The version of mail that reads major 1.
const ONE: &str = "moves-one";
/// The version that reads major 2.
const TWO: &str = "moves-two";

fn run_emitter() -> ExitCode {
    emitter().main_from(no_arguments())
}

/// How one version gives way to the next.
#[derive(Debug, Clone, Copy)]
enum Leaving {
    /// It is killed, then the next one starts.
    Killed,
    /// The next one joins the group, then it is told to end.
    Rolled,
}

/// Orders of the customers `of`, one each, in this order.
fn place(stage: &Stage, oracle: &mut Oracle, of: &[&str]) {
    let writer = Writer::new(stage.kafka()).expect("a writer");
    let first = oracle.issued() as u64;
    for (number, customer) in (first..).zip(of) {
        let id = format!("order-{number}");
        let value = serde_json::json!({ "order": id, "customer": customer }).to_string();
        let record = Record::to(&stage.full("orders")).key(*customer).value(value);
        oracle.issue(&id, customer, number, id.as_bytes());
        let record = record.header("ce_id", id).header("ce_type", "order.placed.v1");
        writer.send(number, &record).expect("sent");
    }
    for ack in writer.finish().expect("acknowledged") {
        // Mail commits on another topic than that of orders.
        let placed = choreograph_tests::topics::Placed { offset: None, ..ack.result.expect("acknowledged") };
        oracle.acknowledge(&format!("order-{}", ack.number), placed);
    }
}

/// What mail did. A fact has another id in each major; what its mails have in common is the order's id.
fn look(stage: &Stage) -> Seen {
    let commits = stage.commits("mail.read", "payments");
    let effect = |message: &Message| {
        let Sent { order, .. } = serde_json::from_slice(message.value.as_deref()?).ok()?;
        Some(Effect::new(&order, message.header("ce_correlationid")?, order.as_bytes()))
    };
    let effects = stage.read("mails").iter().map(|message| effect(message).expect("a mail")).collect();
    Seen { effects, dead_letters: Vec::new(), commits }
}

/// What the group has committed beside its offsets, of all partitions.
fn notes(stage: &Stage) -> Vec<String> {
    let committed = stage.group("mail.read").committed(&stage.full("payments")).expect("commits");
    committed.into_iter().map(|committed| committed.metadata).collect()
}

/// How many records a commit calls held back.
fn held(note: &str) -> usize {
    note.split(' ').find_map(|part| part.strip_prefix("h=")).map_or(0, |held| held.split(',').count())
}

/// Waits until `mail` says that it is in outage.
fn in_outage(mail: &Actor) {
    eventually("mail is in outage", WITHIN, || match mail.ask("/ready")? {
        (503, body) if body.contains("in outage") => Ok(()),
        (status, body) => Err(format!("{status} {body}")),
    });
}

/// The next version takes over from `mail`.
fn follow(stage: &Stage, mut mail: Actor, leaving: Leaving, next: &str, settings: &[(&str, &str)]) -> Actor {
    match leaving {
        Leaving::Killed => {
            mail.service.kill().expect("killed");
            stage.start(next, settings)
        }
        Leaving::Rolled => {
            let next = stage.start(next, settings);
            let group = stage.group("mail.read");
            eventually("both are members", WITHIN, || match group.members() {
                Ok((2, is)) if is == "Stable" => Ok(()),
                found => Err(format!("{found:?}")),
            });
            mail.leave();
            next
        }
    }
}

/// One version after the other reads, the first two while the post is away.
fn move_through(versions: [&'static str; 3], leaving: Leaving) {
    /// Customers whose mails wait, each more than one.
    const LATE: [&str; 4] = ["a", "b", "c", "d"];
    let stage = Stage::on(kafka::shared());
    let topics = ["orders", "payments", "mails", "mail.read.dlq"].map(|topic| stage.topic(topic, 2));
    stage.create(&topics);
    // With one of them a member could own nothing else.
    stage.create(&[stage.topic("mail.read.retry", 1)]);
    let payment = stage.start("moves-payment", &[]);
    let mut oracle = Oracle::default();
    let away = [(AWAY, "yes")];
    let [first, second, third] = versions;

    // Behind what is held for a retry one more waits in its lane, and what is quick is settled and listed.
    let mail = stage.start(first, &away);
    for _ in 0..2 {
        place(&stage, &mut oracle, &LATE);
        place(&stage, &mut oracle, &["quick-1", "quick-2", "quick-3", "quick-4"]);
    }
    eventually("what is quick is mailed", WITHIN, || match stage.read("mails").len() {
        8 => Ok(()),
        count => Err(format!("{count} mails")),
    });
    eventually("the commits say what is held back and what is settled", WITHIN, || {
        let notes = notes(&stage);
        let held: usize = notes.iter().map(|note| held(note)).sum();
        if held == LATE.len() && notes.iter().any(|note| note.contains(" s=")) {
            Ok(())
        } else {
            Err(format!("{notes:?}"))
        }
    });
    place(&stage, &mut oracle, &[LAST]);
    in_outage(&mail);
    place(&stage, &mut oracle, &["a", "quick-1", "e", LAST]);
    stage.settled("payment.charge", "orders");
    let before = look(&stage);

    let mail = follow(&stage, mail, leaving, second, &away);
    in_outage(&mail);
    place(&stage, &mut oracle, &["b", "quick-2", "f"]);
    stage.settled("payment.charge", "orders");
    let between = look(&stage);

    let mail = follow(&stage, mail, leaving, third, &[]);
    stage.settled("mail.read", "payments");
    let mut seen = look(&stage);
    seen.commits = [before.commits, between.commits, seen.commits].concat();
    assert_eq!(stage.read("mail.read.dlq"), [], "{versions:?} {leaving:?}: nothing was set aside");
    let faults = oracle.judge(&seen).faults();
    assert_eq!(faults, [""; 0], "{versions:?} {leaving:?}");
    mail.leave();
    payment.leave();
}

#[test]
fn a_killed_reader_leaves_every_fact_to_a_reader_of_another_major() {
    move_through([ONE, TWO, ONE], Leaving::Killed);
    move_through([TWO, ONE, TWO], Leaving::Killed);
}

#[test]
fn a_reader_is_rolled_to_another_major_and_back_and_every_fact_is_handled() {
    move_through([ONE, TWO, ONE], Leaving::Rolled);
    move_through([TWO, ONE, TWO], Leaving::Rolled);
}
