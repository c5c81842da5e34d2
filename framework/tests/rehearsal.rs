//! The rehearsal as a team uses it: plain tests, no broker, no sleeping.

use std::sync::{
    Arc,
    atomic::{AtomicU32, Ordering},
};
use std::time::Duration;

use choreograph::{
    Emits, Event, In, Publisher, Retry, Service, StartFrom, State, StepError,
    rehearsal::{Error, Fault, Rehearsal},
    step,
    wire::Retried,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

#[derive(Event, Serialize, Deserialize, JsonSchema)]
#[event(type = "order.placed", version = "1.0", topic = "orders", key = "order", starts = "order")]
struct Placed {
    order: String,
    cents: u32,
}

#[derive(Event, Serialize, Deserialize, JsonSchema)]
#[event(type = "payment.confirmed", version = "1.0", topic = "payments", key = "order")]
struct Confirmed {
    order: String,
}

#[derive(Event, Serialize, Deserialize, JsonSchema)]
#[event(type = "payment.declined", version = "1.0", topic = "payments", key = "order", terminal)]
struct Declined {
    order: String,
}

#[derive(Event, Serialize, Deserialize, JsonSchema)]
#[event(type = "parcel.shipped", version = "1.0", topic = "parcels", key = "order", terminal)]
struct Shipped {
    order: String,
}

#[derive(Emits)]
enum Payment {
    Confirmed(Confirmed),
    Declined(Declined),
}

/// A gateway that fails as often as it is told, and counts.
#[derive(Clone, Default)]
struct Gateway {
    failures: Arc<AtomicU32>,
    calls: Arc<AtomicU32>,
}

async fn charge(order: In<Placed>, State(gateway): State<Gateway>) -> Result<Payment, StepError> {
    gateway.calls.fetch_add(1, Ordering::Relaxed);
    if gateway.failures.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(1)).is_ok()
    {
        return Err(StepError::retry("the gateway stumbled"));
    }
    tokio::time::sleep(Duration::from_secs(2)).await;
    let order = order.into_inner();
    Ok(match order.cents {
        0 => Payment::Declined(Declined { order: order.order }),
        _ => Payment::Confirmed(Confirmed { order: order.order }),
    })
}

async fn ship(payment: In<Confirmed>) -> Shipped {
    Shipped { order: payment.into_inner().order }
}

fn payment(gateway: &Gateway) -> Service<Gateway> {
    Service::new("payment", gateway.clone()).step(step("charge", charge).retry(Retry::exponential(3)))
}

fn warehouse() -> Service {
    Service::new("warehouse", ()).step(step("ship", ship))
}

fn placed(order: &str, cents: u32) -> Placed {
    Placed { order: order.to_owned(), cents }
}

/// A payment as a stranger writes it.
fn publish_payment(rehearsal: &mut Rehearsal, key: &str, order: &str) {
    let value = format!(r#"{{"order":"{order}"}}"#);
    let headers = [("ce_type", Some(&b"payment.confirmed.v1"[..]))];
    rehearsal.publish_raw("payments", Some(key.as_bytes()), Some(value.as_bytes()), &headers);
}

#[test]
fn a_dance_of_two_services_takes_no_time_and_is_told_as_a_tree() {
    let mut rehearsal = Rehearsal::new(1).service(payment(&Gateway::default())).service(warehouse());
    let order = rehearsal.start(&placed("a", 100)).unwrap();
    rehearsal.settle();
    assert!(rehearsal.emitted::<Confirmed>().is_empty(), "the gateway takes two seconds");
    assert!(!rehearsal.is_settled());
    assert_eq!(rehearsal.elapsed(), Duration::ZERO);

    rehearsal.advance(Duration::from_millis(1_990));
    assert!(rehearsal.emitted::<Confirmed>().is_empty());
    rehearsal.advance(Duration::from_millis(510));
    assert_eq!(rehearsal.elapsed(), Duration::from_millis(2_500));
    let shipped = rehearsal.emitted::<Shipped>();
    assert_eq!(shipped.len(), 1);
    assert_eq!(shipped[0].order, "a");
    assert_eq!(shipped[0].metadata.correlation_id(), order.correlation_id());
    assert_eq!(shipped[0].metadata.hops(), 2);
    assert!(shipped[0].trace_id().is_some());
    assert_eq!(shipped[0].trace_id(), rehearsal.emitted::<Placed>()[0].trace_id());
    assert!(rehearsal.is_settled());

    let story = rehearsal.workflow(order.correlation_id());
    assert_eq!(story.types(), ["order.placed.v1", "payment.confirmed.v1", "parcel.shipped.v1"]);
    let lines: Vec<String> = story.to_string().lines().map(|line| line[..30].trim_end().to_owned()).collect();
    assert_eq!(lines, ["order.placed.v1", "  payment.confirmed.v1", "    parcel.shipped.v1"]);
}

#[test]
fn the_same_seed_gives_the_same_run_and_another_one_another() {
    let journal = |seed| {
        let mut rehearsal = Rehearsal::new(seed).service(payment(&Gateway::default())).service(warehouse());
        for order in 0..20 {
            rehearsal.start(&placed(&format!("order-{order}"), order % 3)).unwrap();
        }
        rehearsal.advance(Duration::from_secs(5));
        assert_eq!(rehearsal.emitted::<Shipped>().len(), 13);
        rehearsal.journal()
    };
    let first = journal(7);
    assert_eq!(first, journal(7));
    assert_ne!(first, journal(8));
}

#[test]
fn retries_fall_due_on_the_virtual_clock() {
    let gateway = Gateway::default();
    gateway.failures.store(2, Ordering::Relaxed);
    let mut rehearsal = Rehearsal::new(3).service(payment(&gateway));
    rehearsal.start(&placed("a", 1)).unwrap();
    rehearsal.advance(Duration::from_secs(30));
    assert_eq!(gateway.calls.load(Ordering::Relaxed), 3);
    let retries = rehearsal.retries();
    assert_eq!(retries.iter().map(|retry| retry.attempt).collect::<Vec<_>>(), [2, 3]);
    assert!(retries.iter().all(|retry| retry.group == "payment.charge" && retry.record.0 == "orders"));
    assert_eq!(rehearsal.emitted::<Confirmed>().len(), 1);
    let emitted = rehearsal.records("payments");
    let said = emitted[0].header("wf-retried").and_then(Retried::read).unwrap();
    assert!(said.attempt == 3 && said.first_failed_at > 0, "{said:?}");
    assert!(rehearsal.dead_letters().is_empty());
}

#[test]
fn what_is_given_up_is_a_dead_letter_with_everything() {
    let gateway = Gateway::default();
    gateway.failures.store(3, Ordering::Relaxed);
    let mut rehearsal = Rehearsal::new(3).service(payment(&gateway));
    let order = rehearsal.start(&placed("a", 1)).unwrap();
    rehearsal.publish_raw("orders", Some(b"b"), Some(b"{}"), &[("ce_type", Some(b"order.placed.v1"))]);
    rehearsal.advance(Duration::from_secs(30));

    let letters = rehearsal.dead_letters();
    let exhausted = letters.iter().find(|letter| letter.reason == "retries_exhausted").unwrap();
    assert_eq!(
        (exhausted.service.as_str(), exhausted.step.as_str(), exhausted.attempt),
        ("payment", "charge", 3)
    );
    assert_eq!(exhausted.origin, ("orders".to_owned(), order.partition(), order.offset()));
    assert_eq!(exhausted.record.header("ce_id"), Some(order.id()));
    assert!(exhausted.trace_id().is_some());
    assert_eq!(exhausted.trace_id(), rehearsal.emitted::<Placed>()[0].trace_id(), "on its order's trace");
    let broken = letters.iter().find(|letter| letter.reason == "contract_violation").unwrap();
    assert!(broken.violations.as_ref().is_some_and(|places| places.contains("required")), "{broken:?}");
    assert_eq!(broken.record.value(), Some(&b"{}"[..]));
    let story = rehearsal.workflow(order.correlation_id()).to_string();
    assert!(story.contains("dead letter of payment/charge: retries_exhausted"), "{story}");
}

#[test]
fn a_killed_service_handles_again_and_emits_the_same_ids() {
    for seed in 0..20 {
        let mut rehearsal = Rehearsal::new(seed).service(warehouse());
        (0..5).for_each(|order| publish_payment(&mut rehearsal, &order.to_string(), &order.to_string()));
        rehearsal.settle();
        let ids = |rehearsal: &mut Rehearsal| -> Vec<String> {
            rehearsal.emitted::<Shipped>().iter().map(|event| event.metadata.id().to_owned()).collect()
        };
        let first = ids(&mut rehearsal);
        rehearsal.kill("warehouse"); // before the first commit, which is made every 200 ms
        rehearsal.restart("warehouse");
        rehearsal.advance(Duration::from_secs(1));
        let mut all = ids(&mut rehearsal);
        assert_eq!((first.len(), all.len()), (5, 10));
        all.sort();
        all.dedup();
        assert_eq!(all.len(), 5, "seed {seed}");
        assert!(rehearsal.is_settled());
    }
}

#[test]
fn rebalances_and_losses_lose_nothing() {
    for seed in 0..20 {
        let mut rehearsal = Rehearsal::new(seed).service(payment(&Gateway::default())).service(warehouse());
        for round in 0..4_u32 {
            for order in 0..10 {
                rehearsal.start(&placed(&format!("{round}-{order}"), 1)).unwrap();
            }
            rehearsal.advance(Duration::from_millis(u64::from(round) * 700));
            if round % 2 == 0 { rehearsal.rebalance("payment") } else { rehearsal.lose("warehouse") }
        }
        rehearsal.advance(Duration::from_mins(1));
        let mut shipped: Vec<_> =
            rehearsal.emitted::<Shipped>().into_iter().map(|event| event.event.order).collect();
        shipped.sort();
        shipped.dedup();
        assert_eq!(shipped.len(), 40, "seed {seed}");
        assert!(rehearsal.is_settled(), "seed {seed}");
    }
}

#[test]
fn every_fault_of_a_publish_is_got_over() {
    for fault in [Fault::QueueFull, Fault::NoTopic, Fault::NoRight, Fault::Fatal] {
        for seed in 0..5 {
            let mut rehearsal = Rehearsal::new(seed).service(warehouse());
            rehearsal.fail_next_publish("parcels", fault);
            (0..10).for_each(|order| publish_payment(&mut rehearsal, "k", &order.to_string()));
            rehearsal.advance(Duration::from_mins(1));
            let shipped: Vec<_> =
                rehearsal.emitted::<Shipped>().into_iter().map(|event| event.event.order).collect();
            assert_eq!(shipped.len(), 10, "{fault:?}, seed {seed}");
            assert!(rehearsal.is_settled(), "{fault:?}, seed {seed}");
        }
    }
}

/// A label for a parcel, of which one shelf has many: each parcel has two.
#[derive(Event, Serialize, Deserialize, JsonSchema)]
#[event(type = "label.printed", version = "1.0", topic = "labels", key = "shelf", terminal)]
struct Printed {
    shelf: String,
    order: String,
}

async fn print(payment: In<Confirmed>) -> Vec<Printed> {
    let Confirmed { order, .. } = payment.into_inner();
    let label = |side: &str| Printed { shelf: "one".to_owned(), order: format!("{order} {side}") };
    ["top", "side"].map(label).into()
}

#[test]
fn a_publish_that_fails_for_a_while_reorders_no_key() {
    for fault in [Fault::QueueFull, Fault::NoTopic, Fault::NoRight, Fault::Fatal] {
        for seed in 0..20 {
            let office = Service::new("printer", ()).step(step("print", print));
            let mut rehearsal = Rehearsal::new(seed).service(office);
            rehearsal.fail_next_publish("labels", fault);
            (0..10).for_each(|order| publish_payment(&mut rehearsal, "k", &order.to_string()));
            rehearsal.advance(Duration::from_mins(1));
            let printed = rehearsal.emitted::<Printed>().into_iter().map(|event| event.event.order);
            let expected = (0..10).flat_map(|order| ["top", "side"].map(|side| format!("{order} {side}")));
            assert!(printed.eq(expected), "{fault:?}, seed {seed}");
        }
    }
}

#[test]
fn an_emit_that_is_too_large_becomes_a_dead_letter_of_its_cause() {
    let mut rehearsal = Rehearsal::new(0).service(warehouse());
    rehearsal.fail_next_publish("parcels", Fault::TooLarge);
    publish_payment(&mut rehearsal, "k", "o");
    rehearsal.advance(Duration::from_secs(10));
    assert_eq!(rehearsal.dead_letters()[0].reason, "emit_violation");
    assert!(rehearsal.is_settled());
}

#[test]
fn a_broker_that_goes_and_comes_back_is_waited_for() {
    let mut rehearsal = Rehearsal::new(5).service(payment(&Gateway::default())).service(warehouse());
    rehearsal.start(&placed("before", 1)).unwrap();
    rehearsal.settle();
    rehearsal.broker_down();
    rehearsal.start(&placed("during", 1)).unwrap();
    rehearsal.advance(Duration::from_mins(10));
    assert!(rehearsal.emitted::<Confirmed>().is_empty());
    rehearsal.broker_up();
    rehearsal.advance(Duration::from_secs(10));
    assert_eq!(rehearsal.emitted::<Shipped>().len(), 2);
    assert!(rehearsal.is_settled());
}

#[test]
fn stopping_drains_and_a_restart_repeats_nothing() {
    let gateway = Gateway::default();
    let mut rehearsal = Rehearsal::new(5).service(payment(&gateway));
    rehearsal.start(&placed("a", 1)).unwrap();
    rehearsal.settle();
    rehearsal.stop("payment");
    assert_eq!(rehearsal.emitted::<Confirmed>().len(), 1, "the handler was waited for");
    rehearsal.start(&placed("b", 1)).unwrap();
    rehearsal.settle();
    rehearsal.restart("payment");
    rehearsal.advance(Duration::from_secs(5));
    assert_eq!(gateway.calls.load(Ordering::Relaxed), 2);
}

#[test]
fn a_step_from_latest_handles_what_came_after_it_first_ran() {
    let mut rehearsal = Rehearsal::new(5);
    publish_payment(&mut rehearsal, "a", "before");
    let latest = step("ship", ship).from(StartFrom::Latest);
    let mut rehearsal = rehearsal.service(Service::new("warehouse", ()).step(latest));
    rehearsal.settle();
    assert!(rehearsal.is_settled());
    rehearsal.stop("warehouse");
    publish_payment(&mut rehearsal, "a", "after");
    rehearsal.restart("warehouse");
    rehearsal.settle();
    let shipped = rehearsal.emitted::<Shipped>();
    let shipped: Vec<_> = shipped.iter().map(|shipped| shipped.order.as_str()).collect();
    assert_eq!(shipped, ["after"]);
}

#[test]
fn the_same_idempotency_id_is_the_same_event() {
    let mut rehearsal = Rehearsal::new(5);
    let first = rehearsal.start_as("web-1", &placed("a", 1)).unwrap();
    let again = rehearsal.start_as("web-1", &placed("a", 1)).unwrap();
    let other = rehearsal.start(&placed("a", 1)).unwrap();
    assert_eq!(first.id(), again.id());
    assert_ne!(first.id(), other.id());
    assert_eq!(first.workflow(), Some("order"));
}

async fn blocking(_: In<Placed>) -> Result<Confirmed, StepError> {
    let order = tokio::task::spawn_blocking(|| {
        let sum = (0..100_000_u64).fold(0_u64, |sum, number| sum.wrapping_mul(31).wrapping_add(number));
        sum.to_string()
    });
    let (sender, receiver) = tokio::sync::oneshot::channel();
    let order = order.await?;
    tokio::spawn(async move { drop(sender.send(order)) });
    Ok(Confirmed { order: receiver.await? })
}

#[test]
fn work_on_other_threads_and_tasks_is_waited_for_without_time_passing() {
    let mut rehearsal = Rehearsal::new(2).service(Service::new("hash", ()).step(step("hash", blocking)));
    rehearsal.start(&placed("a", 1)).unwrap();
    rehearsal.settle();
    assert_eq!(rehearsal.emitted::<Confirmed>().len(), 1);
    assert_eq!(rehearsal.elapsed(), Duration::ZERO);
}

#[tokio::test]
async fn it_works_inside_a_runtime() {
    let mut rehearsal = Rehearsal::new(2).service(payment(&Gateway::default()));
    rehearsal.start(&placed("a", 1)).unwrap();
    rehearsal.advance(Duration::from_secs(3));
    assert_eq!(rehearsal.emitted::<Confirmed>().len(), 1);
}

async fn ping(order: In<Confirmed>) -> Placed {
    Placed { order: order.into_inner().order, cents: 1 }
}

async fn pong(order: In<Placed>) -> (Confirmed, Confirmed) {
    (Confirmed { order: order.order.clone() }, Confirmed { order: order.into_inner().order })
}

#[test]
fn a_circle_that_never_ends_is_named() {
    let circle = Service::new("circle", ()).step(step("ping", ping)).step(step("pong", pong));
    let mut rehearsal = Rehearsal::new(2).service(circle);
    rehearsal.start(&placed("a", 1)).unwrap();
    let error = rehearsal.try_settle().unwrap_err();
    assert!(matches!(error, Error::NeverSettles { .. }), "{error}");
    assert!(error.to_string().contains("circle.ping took payment.confirmed.v1"), "{error}");
}

#[test]
fn mistakes_of_the_test_are_told() {
    let message = |mistake: &dyn Fn()| {
        let panic = std::panic::catch_unwind(std::panic::AssertUnwindSafe(mistake)).unwrap_err();
        panic.downcast_ref::<String>().unwrap().clone()
    };
    let unknown = message(&|| Rehearsal::new(0).service(warehouse()).kill("payment"));
    assert!(
        unknown.starts_with(r#"there is no service "payment" in this rehearsal, which has: warehouse"#),
        "{unknown}"
    );
    let twice = message(&|| drop(Rehearsal::new(0).service(warehouse()).service(warehouse())));
    assert!(twice.starts_with(r#"the service "warehouse" runs already"#), "{twice}");
    let bad_name = message(&|| drop(Rehearsal::new(0).service(Service::new("Not a name", ()))));
    assert!(bad_name.contains("Not a name"), "{bad_name}");
}

#[derive(Event, Serialize, Deserialize, JsonSchema)]
#[event(type = "review.asked", version = "1.0", topic = "reviews", key = "order", starts = "review")]
struct ReviewAsked {
    order: String,
}

async fn ask(shipped: In<Shipped>, State(reviews): State<Publisher>) -> Result<(), StepError> {
    let asked = ReviewAsked { order: shipped.order.clone() };
    reviews.start_with_id(shipped.metadata().id(), &asked).await?;
    Ok(())
}

fn block_on<F: Future>(future: F) -> F::Output {
    tokio::runtime::Builder::new_current_thread().build().expect("a runtime").block_on(future)
}

fn desk(rehearsal: &mut Rehearsal) -> Service<Publisher> {
    let reviews = rehearsal.publisher("desk");
    Service::new("desk", reviews).step(step("ask", ask).starts::<ReviewAsked>())
}

fn ship_one(rehearsal: &mut Rehearsal) {
    let gateway = Gateway::default();
    let desk = desk(rehearsal);
    *rehearsal = std::mem::replace(rehearsal, Rehearsal::new(0))
        .service(payment(&gateway))
        .service(warehouse())
        .service(desk);
    rehearsal.start(&placed("o-1", 100)).expect("an event that keeps its contract");
}

#[test]
fn a_step_starts_a_workflow_of_its_own() {
    let mut rehearsal = Rehearsal::new(3);
    ship_one(&mut rehearsal);
    rehearsal.advance(Duration::from_secs(3));
    let asked = rehearsal.emitted::<ReviewAsked>();
    let shipped = &rehearsal.emitted::<Shipped>()[0];
    let [asked] = &asked[..] else { panic!("{} reviews asked", asked.len()) };
    assert_eq!(asked.metadata.correlation_id(), asked.metadata.id());
    assert_ne!(asked.metadata.correlation_id(), shipped.metadata.correlation_id());
    assert_eq!((asked.metadata.causation_id(), asked.metadata.source()), (None, Some("desk")));
    assert!(rehearsal.is_settled());

    // Handled again, it is the same workflow.
    rehearsal.kill("desk");
    rehearsal.rewind("desk.ask", "parcels");
    rehearsal.restart("desk");
    rehearsal.advance(Duration::from_secs(1));
    let ids: Vec<_> =
        rehearsal.emitted::<ReviewAsked>().iter().map(|asked| asked.metadata.id().to_owned()).collect();
    assert_eq!(ids, [asked.metadata.id(), asked.metadata.id()]);
}

#[test]
fn a_start_waits_for_a_broker_that_is_away() {
    let mut rehearsal = Rehearsal::new(3);
    let reviews = rehearsal.publisher("desk");
    rehearsal.broker_down();
    let start = std::thread::spawn(move || block_on(reviews.start(&ReviewAsked { order: "o-1".to_owned() })));
    rehearsal.advance(Duration::from_secs(1));
    assert!(rehearsal.emitted::<ReviewAsked>().is_empty());
    rehearsal.broker_up();
    while !start.is_finished() {
        rehearsal.settle();
    }
    let started = start.join().unwrap().unwrap();
    assert_eq!(rehearsal.emitted::<ReviewAsked>()[0].metadata.id(), started.event_id().to_string());
}

#[test]
fn a_start_from_outside_gives_up_on_a_broker_that_stays_away() {
    let mut rehearsal = Rehearsal::new(3);
    let reviews = rehearsal.publisher("desk");
    rehearsal.broker_down();
    let start = std::thread::spawn(move || block_on(reviews.start(&ReviewAsked { order: "o-1".to_owned() })));
    while !start.is_finished() {
        rehearsal.advance(Duration::from_secs(30));
    }
    let error = start.join().unwrap().unwrap_err();
    assert!(error.to_string().contains("the broker is away"), "{error}");
    rehearsal.broker_up();
    rehearsal.settle();
    assert!(rehearsal.emitted::<ReviewAsked>().is_empty(), "nobody waits for it any more");
}

#[test]
fn a_publisher_of_a_rehearsal_that_is_over_says_so() {
    let mut rehearsal = Rehearsal::new(3);
    ship_one(&mut rehearsal);
    let reviews = rehearsal.publisher("desk");
    let started = block_on(reviews.start(&ReviewAsked { order: "o-2".to_owned() }));
    assert_eq!(started.unwrap().event_id().get_version_num(), 7);
    drop(rehearsal);
    let error = block_on(reviews.start(&ReviewAsked { order: "o-3".to_owned() })).unwrap_err();
    assert!(error.to_string().contains("the rehearsal is over"), "{error}");
}
