//! A reader that moves from one major of a fact to another, or back, as a team deploys it: what waits then is the next
//! version's, and no fact is lost on the way.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use choreograph::{
    Consumes, Event, In, Retry, Service, State, StepError, UpcastError, rehearsal::Rehearsal, step,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

#[derive(Event, Deserialize, JsonSchema)]
#[event(view, type = "order.placed", major = 1, topic = "orders")]
struct OrderPlaced {
    order: String,
}

#[derive(Event, Serialize, Deserialize, JsonSchema)]
#[event(type = "payment.confirmed", version = "2.0", topic = "payments", key = "order", also = PaidV1)]
struct Paid {
    order: String,
    cents: u64,
}

#[derive(Event, Serialize, Deserialize, JsonSchema)]
#[event(type = "payment.confirmed", version = "1.0", topic = "payments", key = "order")]
struct PaidV1 {
    order: String,
}

impl From<&Paid> for PaidV1 {
    fn from(paid: &Paid) -> Self {
        Self { order: paid.order.clone() }
    }
}

async fn charge(order: In<OrderPlaced>) -> Paid {
    Paid { order: order.into_inner().order, cents: 1 }
}

fn payment() -> Service {
    Service::new("payment", ()).step(step("charge", charge))
}

#[derive(Event, Deserialize, JsonSchema)]
#[event(view, type = "payment.confirmed", major = 1, topic = "payments")]
struct One {
    order: String,
}

#[derive(Event, Deserialize, JsonSchema)]
#[event(view, type = "payment.confirmed", major = 2, topic = "payments")]
struct Two {
    order: String,
    #[expect(dead_code, reason = "only its contract matters")]
    cents: u64,
}

#[derive(Event, Deserialize, JsonSchema)]
#[event(view, type = "payment.confirmed", major = 2, topic = "payments", upcast(1 = in_cents))]
struct Lifted {
    order: String,
    #[expect(dead_code, reason = "only its contract matters")]
    cents: u64,
}

fn in_cents(mut paid: Value) -> Result<Value, UpcastError> {
    let fields = paid.as_object_mut().ok_or("a payment is an object")?;
    fields.insert("cents".to_owned(), json!(1));
    Ok(paid)
}

#[derive(Consumes)]
enum Both {
    One(One),
    Two(Two),
}

#[derive(Event, Serialize, Deserialize, JsonSchema)]
#[event(type = "mail.sent", version = "1.0", topic = "mails", key = "order", terminal)]
struct Sent {
    order: String,
}

/// Whether the post is away for all mails but those that are quick.
#[derive(Clone, Default)]
struct Post {
    away: Arc<AtomicBool>,
}

impl Post {
    fn send(&self, order: String) -> Result<Sent, StepError> {
        if self.away.load(Ordering::Relaxed) && !order.starts_with("quick") {
            return Err(StepError::retry("the post is away"));
        }
        Ok(Sent { order })
    }
}

async fn one(paid: In<One>, State(post): State<Post>) -> Result<Sent, StepError> {
    post.send(paid.into_inner().order)
}

async fn two(paid: In<Two>, State(post): State<Post>) -> Result<Sent, StepError> {
    post.send(paid.into_inner().order)
}

async fn lifted(paid: In<Lifted>, State(post): State<Post>) -> Result<Sent, StepError> {
    post.send(paid.into_inner().order)
}

async fn both(paid: In<Both>, State(post): State<Post>) -> Result<Sent, StepError> {
    post.send(match paid.into_inner() {
        Both::One(paid) => paid.order,
        Both::Two(paid) => paid.order,
    })
}

/// The versions of mail that read major 1, 2, 2 with what an upcaster leads there, and both.
const VERSIONS: [fn(Post) -> Service<Post>; 4] = [
    |post| Service::new("mail", post).step(step("read", one).retry(Retry::exponential(50))),
    |post| Service::new("mail", post).step(step("read", two).retry(Retry::exponential(50))),
    |post| Service::new("mail", post).step(step("read", lifted).retry(Retry::exponential(50))),
    |post| Service::new("mail", post).step(step("read", both).retry(Retry::exponential(50))),
];

fn place(rehearsal: &mut Rehearsal, order: &str) {
    let value = json!({ "order": order }).to_string();
    let headers = [("ce_type", Some(&b"order.placed.v1"[..])), ("ce_id", Some(order.as_bytes()))];
    rehearsal.publish_raw("orders", Some(order.as_bytes()), Some(value.as_bytes()), &headers);
}

fn sent(rehearsal: &mut Rehearsal) -> Vec<String> {
    let mut sent: Vec<String> = rehearsal.emitted::<Sent>().iter().map(|it| it.order.clone()).collect();
    sent.sort();
    sent
}

#[test]
fn no_fact_is_lost_whichever_version_takes_over_from_which() {
    const ORDERS: [&str; 6] = ["a", "b", "c", "d", "quick-1", "quick-2"];
    for (from, old) in VERSIONS.iter().enumerate() {
        for (to, new) in VERSIONS.iter().enumerate() {
            for leave in [Rehearsal::stop, Rehearsal::kill] {
                let post = Post::default();
                post.away.store(true, Ordering::Relaxed);
                let rehearsal = Rehearsal::new(7).partitions("orders", 1).partitions("payments", 1);
                let mut rehearsal = rehearsal.service(payment()).service(old(post.clone()));
                for order in ["a", "quick-1", "b", "quick-2", "c", "d"] {
                    place(&mut rehearsal, order);
                }
                rehearsal.advance(Duration::from_secs(3));
                assert_eq!(sent(&mut rehearsal), ["quick-1", "quick-2"], "from {from} to {to}");
                leave(&mut rehearsal, "mail");
                post.away.store(false, Ordering::Relaxed);

                let mut rehearsal = rehearsal.service(new(post));
                rehearsal.advance(Duration::from_secs(30));
                let mut sent = sent(&mut rehearsal);
                sent.dedup();
                assert_eq!(sent, ORDERS, "from {from} to {to}: {}", rehearsal.journal());
                assert!(rehearsal.dead_letters().is_empty(), "from {from} to {to}");
                assert!(rehearsal.is_settled(), "from {from} to {to}: {}", rehearsal.journal());
            }
        }
    }
}

#[test]
fn a_reader_that_stays_what_it_is_handles_each_fact_once() {
    for version in VERSIONS {
        let rehearsal = Rehearsal::new(7).partitions("payments", 1);
        let mut rehearsal = rehearsal.service(payment()).service(version(Post::default()));
        for order in ["a", "b", "c"] {
            place(&mut rehearsal, order);
        }
        rehearsal.settle();
        rehearsal.stop("mail");
        rehearsal.restart("mail");
        rehearsal.advance(Duration::from_secs(1));
        assert_eq!(sent(&mut rehearsal), ["a", "b", "c"]);
        assert!(rehearsal.is_settled());
    }
}

#[test]
fn the_older_major_lies_in_front_of_the_later_one() {
    let mut rehearsal = Rehearsal::new(7).service(payment());
    place(&mut rehearsal, "a");
    rehearsal.settle();
    let records = rehearsal.records("payments");
    let types: Vec<_> = records.iter().map(|it| it.header("ce_type")).collect();
    assert_eq!(types, [Some("payment.confirmed.v1"), Some("payment.confirmed.v2")]);
}

/// What was set aside before the move, and is replayed after it, is this step's alone: no twin of it comes.
#[test]
fn what_is_replayed_is_handled_or_set_aside_again_whatever_majors_it_names() {
    let replay = |version: fn(Post) -> Service<Post>| {
        let mut rehearsal = Rehearsal::new(7).service(version(Post::default()));
        let headers = [
            ("ce_type", Some(&b"payment.confirmed.v1"[..])),
            ("ce_id", Some(&b"a-1"[..])),
            ("wf", Some(&b"name=order;started=1;hops=1;majors=1,2"[..])),
        ];
        rehearsal.publish_raw("mail.read.retry", Some(b"a"), Some(br#"{"order":"a"}"#), &headers);
        rehearsal.settle();
        let letters = rehearsal.dead_letters();
        let reasons: Vec<String> = letters.iter().map(|letter| letter.reason.as_str().to_owned()).collect();
        (sent(&mut rehearsal), reasons)
    };
    let [one, two, lifted, both] = VERSIONS.map(replay);
    let handled = (vec!["a".to_owned()], vec![]);
    assert_eq!([&one, &lifted, &both], [&handled; 3]);
    assert_eq!(two, (vec![], vec!["unsupported_version".to_owned()]));
}
