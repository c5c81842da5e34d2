//! Versions of the shop's services as their teams deploy them on a bad day. What they declare is what the good ones
//! do, so nobody was warned; that one breaks its contract, nobody asked.
//!
//! Each does its work, except for orders whose ids begin with the word of a [`Fault`].

use std::process::ExitCode;
use std::time::Duration;

use choreograph::{Consumes, Emits, Event, In, Retry, Service, StepError, step};
use example_pipeline::services::orders::{CancelReason, OrderCancelled, OrderCreated};
use example_pipeline::services::payment::{PaymentConfirmed, PaymentDeclined};
use example_pipeline::services::warehouse::{OrderOutOfStock, StockChanged};
use example_pipeline::world;
use schemars::JsonSchema;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::orders::Fault;

/// How long a slow charge takes: long, and well within the deadline that payment declares.
const SLOW: Duration = Duration::from_secs(4);
/// How long a charge hangs: longer than anybody waits.
const HANGS: Duration = Duration::from_mins(30);

/// The services of which there is a bad version.
pub(crate) const NAMES: [&str; 3] = ["payment", "orders", "warehouse"];

/// The bad version of a service.
pub(crate) fn service(name: &str) -> Option<Service> {
    Some(match name {
        "payment" => {
            let charge = step("charge", charge).within(Duration::from_secs(10)).retry(Retry::exponential(5));
            Service::new("payment", ()).step(charge.timeout(2 * HANGS).concurrency(64))
        }
        "orders" => Service::new("orders", ()).step(step("settle", settle)),
        "warehouse" => Service::new("warehouse", ()).step(step("dispatch", dispatch)),
        _ => return None,
    })
}

/// Runs it as its `main` would.
pub(crate) fn run(name: &str) -> Option<ExitCode> {
    Some(service(name)?.main_from(["service".into()]))
}

/// What one event says, as another; `more` is what the first calls otherwise.
fn as_event<T: DeserializeOwned>(of: &impl Serialize, more: Value) -> Result<T, serde_json::Error> {
    let mut value = serde_json::to_value(of)?;
    if let (Some(value), Value::Object(more)) = (value.as_object_mut(), more) {
        value.extend(more);
    }
    serde_json::from_value(value)
}

#[derive(Debug, Serialize, Deserialize, JsonSchema)]
struct Line {
    stock_code: String,
    quantity: u32,
}

#[derive(Debug, Event, Serialize, Deserialize, JsonSchema)]
#[event(view, type = "order.reserved", major = 1, topic = "orders")]
struct Reserved {
    order_id: String,
    invoice: String,
    transaction_id: String,
    customer_id: Option<u32>,
    country: String,
    total_pence: i64,
    lines: Vec<Line>,
}

#[derive(Debug, Emits)]
enum Payment {
    Confirmed(PaymentConfirmed),
    Declined(PaymentDeclined),
}

/// Panics over some orders, takes long over others, and hangs over a third kind.
async fn charge(order: In<Reserved>) -> Result<Payment, StepError> {
    let attempt = order.metadata().attempt();
    let order = order.into_inner();
    match Fault::of(&order.order_id) {
        Fault::Poisoned => panic!("the fee is divided by zero items"),
        Fault::Slow => tokio::time::sleep(SLOW).await,
        Fault::Hanging => tokio::time::sleep(HANGS).await,
        _ => {}
    }
    let codes = order.lines.iter().map(|line| line.stock_code.as_str());
    let more = json!({ "amount_pence": order.total_pence });
    Ok(match world::Order::new(&order.invoice, codes).charge(attempt) {
        world::Charge::Busy => return Err(StepError::retry("the payment gateway is busy")),
        world::Charge::Declined => Payment::Declined(as_event(&order, more)?),
        world::Charge::Accepted => Payment::Confirmed(as_event(&order, more)?),
    })
}

#[derive(Debug, Event, Serialize, Deserialize, JsonSchema)]
#[event(view, type = "payment.confirmed", major = 1, topic = "payments")]
struct Paid {
    order_id: String,
    invoice: String,
    transaction_id: String,
    amount_pence: i64,
    customer_id: Option<u32>,
    country: String,
    lines: Vec<Line>,
}

#[derive(Debug, Event, Deserialize, JsonSchema)]
#[event(view, type = "payment.declined", major = 1, topic = "payments")]
struct Declined {
    order_id: String,
    invoice: String,
}

#[derive(Debug, Event, Deserialize, JsonSchema)]
#[event(view, type = "payment.refunded", major = 1, topic = "payments")]
struct Refunded {
    order_id: String,
    invoice: String,
}

#[derive(Debug, Consumes)]
enum PaymentEvent {
    Paid(Paid),
    Declined(Declined),
    Refunded(Refunded),
}

#[derive(Debug, Emits)]
enum Settled {
    Created(OrderCreated),
    Cancelled(OrderCancelled),
}

/// Says nothing about some orders.
async fn settle(payment: In<PaymentEvent>) -> Result<Option<Settled>, StepError> {
    let (order_id, invoice, reason) = match payment.into_inner() {
        PaymentEvent::Paid(paid) => {
            let more = json!({ "paid_pence": paid.amount_pence });
            let swallowed = Fault::of(&paid.order_id) == Fault::Swallowed;
            return Ok(if swallowed { None } else { Some(Settled::Created(as_event(&paid, more)?)) });
        }
        PaymentEvent::Declined(Declined { order_id, invoice }) => {
            (order_id, invoice, CancelReason::PaymentDeclined)
        }
        PaymentEvent::Refunded(Refunded { order_id, invoice }) => {
            (order_id, invoice, CancelReason::OutOfStock)
        }
    };
    let swallowed = Fault::of(&order_id) == Fault::Swallowed;
    Ok((!swallowed).then_some(Settled::Cancelled(OrderCancelled { order_id, invoice, reason })))
}

#[derive(Debug, Event, Serialize, Deserialize, JsonSchema)]
#[event(view, type = "order.created", major = 1, topic = "orders")]
struct Created {
    order_id: String,
    invoice: String,
    transaction_id: String,
    paid_pence: i64,
    customer_id: Option<u32>,
    country: String,
    lines: Vec<Line>,
}

/// The warehouse's event as one of its developers would like it to be.
#[derive(Debug, Event, Serialize, Deserialize, JsonSchema)]
#[event(type = "order.dispatched", version = "1.0", topic = "orders", key = "order_id")]
struct Dispatched {
    order_id: String,
    invoice: String,
    customer_id: Option<u32>,
    country: Country,
    pieces: u64,
    stock_codes: Vec<String>,
}

#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
enum Country {
    Name(String),
    /// Shorter, is it not?
    DialCode(u16),
}

#[derive(Debug, Emits)]
enum Picked {
    Sent((Dispatched, Vec<StockChanged>)),
    OutOfStock(OrderOutOfStock),
}

/// Breaks the contract of what it says for some orders.
async fn dispatch(order: In<Created>) -> Result<Picked, StepError> {
    let order = order.into_inner();
    let codes: Vec<String> = order.lines.iter().map(|line| line.stock_code.clone()).collect();
    if !world::Order::new(&order.invoice, codes.iter().map(String::as_str)).in_stock() {
        return Ok(Picked::OutOfStock(as_event(&order, json!({}))?));
    }
    let stock = order
        .lines
        .iter()
        .map(|line| StockChanged { stock_code: line.stock_code.clone(), change: -i64::from(line.quantity) });
    let stock = stock.collect();
    let country = match Fault::of(&order.order_id) {
        Fault::Contract => Country::DialCode(44),
        _ => Country::Name(order.country),
    };
    let pieces = order.lines.iter().map(|line| u64::from(line.quantity)).sum();
    let Created { order_id, invoice, customer_id, .. } = order;
    Ok(Picked::Sent((
        Dispatched { order_id, invoice, customer_id, country, pieces, stock_codes: codes },
        stock,
    )))
}
