//! The services: an order is charged and shipped, and a letter is written beside. What befalls an order at the charge is
//! said in the order.

use std::process::ExitCode;
use std::time::Duration;

use choreograph::{Event, In, Retry, Service, StepError, step};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{attempts, patience, twins};

/// An order was placed.
#[derive(Debug, Event, Serialize, Deserialize, JsonSchema)]
#[event(
    type = "order.placed",
    version = "1.0",
    topic = "orders",
    key = "order_id",
    starts = "order",
    external
)]
struct OrderPlaced {
    order_id: String,
    fate: Fate,
}

/// What befalls an order at the charge.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Fate {
    /// Nothing.
    Fine,
    /// It takes its time.
    Slow,
    /// Every attempt fails.
    Fails,
    /// It is rejected.
    Rejected,
    /// Nothing comes of it, and nobody says so.
    Swallowed,
}

/// What the steps need of an order.
#[derive(Debug, Event, Deserialize, JsonSchema)]
#[event(view, type = "order.placed", major = 1, topic = "orders")]
struct Order {
    order_id: String,
    fate: Fate,
}

/// An order was paid.
#[derive(Debug, Event, Serialize, Deserialize, JsonSchema)]
#[event(type = "payment.confirmed", version = "1.0", topic = "payments", key = "order_id")]
struct PaymentConfirmed {
    order_id: String,
}

/// What shipping needs of a payment.
#[derive(Debug, Event, Deserialize, JsonSchema)]
#[event(view, type = "payment.confirmed", major = 1, topic = "payments")]
struct Paid {
    order_id: String,
}

/// An order left the house.
#[derive(Debug, Event, Serialize, Deserialize, JsonSchema)]
#[event(type = "order.shipped", version = "1.0", topic = "shipments", key = "order_id", terminal, outbound)]
struct OrderShipped {
    order_id: String,
}

/// How long a slow charge takes: longer than looks are apart, and shorter than its deadline.
const SLOW: Duration = Duration::from_secs(6);

async fn charge(order: In<Order>) -> Result<Option<PaymentConfirmed>, StepError> {
    let Order { order_id, fate } = order.into_inner();
    match fate {
        Fate::Fine => {}
        Fate::Slow => tokio::time::sleep(SLOW).await,
        Fate::Fails => return Err(StepError::retry("the gateway says no")),
        Fate::Rejected => return Err(StepError::reject("no_credit", "the card is empty")),
        Fate::Swallowed => return Ok(None),
    }
    Ok(Some(PaymentConfirmed { order_id }))
}

async fn ship(paid: In<Paid>) -> OrderShipped {
    OrderShipped { order_id: paid.into_inner().order_id }
}

async fn thank(order: In<Order>) {
    drop(order);
}

/// Where orders come from: no process of a test, for the test writes them itself.
pub(crate) fn shop() -> Service {
    Service::new("shop", ()).owner("Sales").publishes::<OrderPlaced>()
}

fn payment() -> Service {
    let retry = Retry::exponential(3).first(Duration::from_millis(50)).cap(Duration::from_millis(200));
    let charge = step("charge", charge).within(Duration::from_secs(30)).retry(retry);
    Service::new("payment", ()).owner("Payments").step(charge)
}

fn shipping() -> Service {
    Service::new("shipping", ()).step(step("ship", ship).within(Duration::from_secs(30)))
}

fn mail() -> Service {
    Service::new("mail", ()).step(step("thank", thank))
}

/// One of the services.
pub(crate) struct Cast {
    /// Its name, which is also the role in which this binary runs it.
    pub(crate) name: &'static str,
    pub(crate) service: fn() -> Service,
}

/// Those that run.
pub(crate) const CASTS: [Cast; 3] = [
    Cast { name: "payment", service: payment },
    Cast { name: "shipping", service: shipping },
    Cast { name: "mail", service: mail },
];

/// All services, and where orders come from.
pub(crate) fn all() -> Vec<Service> {
    CASTS.iter().map(|cast| (cast.service)()).chain([shop()]).collect()
}

/// The service of this name.
pub(crate) fn service(name: &str) -> Option<Service> {
    let mut casts = CASTS.iter().chain(&patience::CASTS).chain(&twins::CASTS).chain(&attempts::CASTS);
    casts.find(|cast| cast.name == name).map(|cast| (cast.service)())
}

/// Runs a service as its `main` would.
pub(crate) fn run(name: &str) -> Option<ExitCode> {
    Some(service(name)?.main_from(["service".into()]))
}
