//! The services: an order is paid, packed and shipped, and a letter is written beside. Each step waits at a gate while that is
//! closed, so that whoever watches sees an order on its way for as long as it takes to look.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use choreograph::{Event, In, Service, State, StepError, step};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tokio::sync::watch;

/// The amount that is refused while the gate `credit` is closed.
const UNLUCKY: u32 = 13;

/// How soon an event's consequence is expected; short, so that an observer soon says what stands still.
const DEADLINE: Duration = Duration::from_secs(5);

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
    amount: u32,
}

/// What is charged.
#[derive(Debug, Event, Deserialize, JsonSchema)]
#[event(view, type = "order.placed", major = 1, topic = "orders")]
struct Owed {
    order_id: String,
    amount: u32,
}

/// An order was paid.
#[derive(Debug, Event, Serialize, Deserialize, JsonSchema)]
#[event(type = "payment.confirmed", version = "1.0", topic = "payments", key = "order_id")]
struct PaymentConfirmed {
    order_id: String,
}

/// What is packed.
#[derive(Debug, Event, Deserialize, JsonSchema)]
#[event(view, type = "payment.confirmed", major = 1, topic = "payments")]
struct Paid {
    order_id: String,
}

/// A parcel stands at the door.
#[derive(Debug, Event, Serialize, Deserialize, JsonSchema)]
#[event(type = "parcel.packed", version = "1.0", topic = "parcels", key = "order_id")]
struct ParcelPacked {
    order_id: String,
}

/// What is shipped.
#[derive(Debug, Event, Deserialize, JsonSchema)]
#[event(view, type = "parcel.packed", major = 1, topic = "parcels")]
struct Packed {
    order_id: String,
}

/// An order is with its customer.
#[derive(Debug, Event, Serialize, Deserialize, JsonSchema)]
#[event(
    type = "order.delivered",
    version = "1.0",
    topic = "deliveries",
    key = "order_id",
    terminal,
    outbound
)]
struct OrderDelivered {
    order_id: String,
}

/// Whom to thank.
#[derive(Debug, Event, Deserialize, JsonSchema)]
#[event(view, type = "order.placed", major = 1, topic = "orders")]
struct Thanked {
    order_id: String,
}

/// Gates by name, open or closed; `credit` is closed at first.
#[derive(Debug, Clone)]
pub(crate) struct Gates(Arc<BTreeMap<&'static str, watch::Sender<bool>>>);

impl Gates {
    /// All gates.
    pub(crate) fn new() -> Self {
        let gate = |name| (name, watch::Sender::new(name != "credit"));
        Self(Arc::new(["payment", "warehouse", "shipping", "mail", "credit"].map(gate).into()))
    }

    /// Opens or closes one. Whether there is such a gate.
    pub(crate) fn set(&self, name: &str, open: bool) -> bool {
        self.0.get(name).map(|gate| gate.send_replace(open)).is_some()
    }

    fn is_open(&self, name: &str) -> bool {
        self.0.get(name).is_none_or(|gate| *gate.borrow())
    }

    /// Waits until it is open.
    async fn pass(&self, name: &str) {
        if let Some(gate) = self.0.get(name) {
            let mut gate = gate.subscribe();
            // An error would be the sender's end; it lives as long as the gates.
            drop(gate.wait_for(|open| *open).await);
        }
    }
}

async fn charge(order: In<Owed>, State(gates): State<Gates>) -> Result<PaymentConfirmed, StepError> {
    gates.pass("payment").await;
    let Owed { order_id, amount } = order.into_inner();
    if amount == UNLUCKY && !gates.is_open("credit") {
        return Err(StepError::reject("no_credit", format!("the card of {order_id} is empty")));
    }
    Ok(PaymentConfirmed { order_id })
}

async fn pack(paid: In<Paid>, State(gates): State<Gates>) -> ParcelPacked {
    gates.pass("warehouse").await;
    ParcelPacked { order_id: paid.into_inner().order_id }
}

async fn deliver(packed: In<Packed>, State(gates): State<Gates>) -> OrderDelivered {
    gates.pass("shipping").await;
    OrderDelivered { order_id: packed.into_inner().order_id }
}

async fn thank(order: In<Thanked>, State(gates): State<Gates>) {
    gates.pass("mail").await;
    drop(order.into_inner().order_id);
}

/// Where orders come from: no process here, for orders are written as they are asked for.
fn shop(gates: &Gates) -> Service<Gates> {
    Service::new("shop", gates.clone()).owner("Sales").publishes::<OrderPlaced>()
}

fn payment(gates: &Gates) -> Service<Gates> {
    Service::new("payment", gates.clone()).owner("Payments").step(step("charge", charge).within(DEADLINE))
}

fn warehouse(gates: &Gates) -> Service<Gates> {
    Service::new("warehouse", gates.clone()).owner("Logistics").step(step("pack", pack).within(DEADLINE))
}

fn shipping(gates: &Gates) -> Service<Gates> {
    Service::new("shipping", gates.clone()).owner("Logistics").step(step("deliver", deliver).within(DEADLINE))
}

fn mail(gates: &Gates) -> Service<Gates> {
    Service::new("mail", gates.clone()).step(step("thank", thank))
}

/// A service by its name.
pub(crate) fn service(name: &str, gates: &Gates) -> Option<Service<Gates>> {
    match name {
        "payment" => Some(payment(gates)),
        "warehouse" => Some(warehouse(gates)),
        "shipping" => Some(shipping(gates)),
        "mail" => Some(mail(gates)),
        "shop" => Some(shop(gates)),
        _ => None,
    }
}

/// Those that run.
pub(crate) const RUNNING: [&str; 4] = ["payment", "warehouse", "shipping", "mail"];

/// Their steps, as topics and groups name them.
pub(crate) const STEPS: [&str; 4] = ["payment.charge", "warehouse.pack", "shipping.deliver", "mail.thank"];

/// The topics of their events.
pub(crate) const TOPICS: [&str; 4] = ["orders", "payments", "parcels", "deliveries"];
