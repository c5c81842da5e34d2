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

/// How soon an order is packed: packing may take its time.
const UNHURRIED: Duration = Duration::from_mins(2);

/// The longest that a gate may be closed before a step is stopped at it.
const LONGEST: Duration = Duration::from_mins(20);

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
    weight: Weight,
}

/// A weight, as the warehouse would like to say it.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
enum Weight {
    Grams(u32),
    /// Nobody who reads it was asked.
    Words(String),
}

/// What is shipped.
#[derive(Debug, Event, Deserialize, JsonSchema)]
#[event(view, type = "parcel.packed", major = 1, topic = "parcels")]
struct Packed {
    order_id: String,
    #[serde(rename = "weight")]
    _grams: u32,
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

/// What befalls an order while the gate `mended` is closed: its id begins with the word for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fault {
    /// The charge panics over it.
    Poisoned,
    /// The charge takes it, and nothing comes of it.
    Swallowed,
    /// The charge hangs over it.
    Hanging,
    /// It is packed slowly, and in time.
    Slow,
    /// It is packed, and told of in a way that breaks the contract.
    Broken,
}

impl Fault {
    fn of(order_id: &str) -> Option<Self> {
        Some(match order_id.split('-').next()? {
            "poisoned" => Self::Poisoned,
            "swallowed" => Self::Swallowed,
            "hanging" => Self::Hanging,
            "slow" => Self::Slow,
            "broken" => Self::Broken,
            _ => return None,
        })
    }
}

/// Gates by name, open or closed; `credit` and `mended` are closed at first.
#[derive(Debug, Clone)]
pub(crate) struct Gates(Arc<BTreeMap<&'static str, watch::Sender<bool>>>);

impl Gates {
    /// All gates.
    pub(crate) fn new() -> Self {
        let gate = |name| (name, watch::Sender::new(!matches!(name, "credit" | "mended")));
        Self(Arc::new(["payment", "warehouse", "shipping", "mail", "credit", "mended"].map(gate).into()))
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

    /// What befalls an order now.
    fn fault(&self, order_id: &str) -> Option<Fault> {
        Fault::of(order_id).filter(|_| !self.is_open("mended"))
    }
}

async fn charge(order: In<Owed>, State(gates): State<Gates>) -> Result<Option<PaymentConfirmed>, StepError> {
    gates.pass("payment").await;
    let Owed { order_id, amount } = order.into_inner();
    match gates.fault(&order_id) {
        Some(Fault::Poisoned) => panic!("the fee is divided by zero items"),
        Some(Fault::Swallowed) => return Ok(None),
        Some(Fault::Hanging) => gates.pass("mended").await,
        _ => {}
    }
    if amount == UNLUCKY && !gates.is_open("credit") {
        return Err(StepError::reject("no_credit", format!("the card of {order_id} is empty")));
    }
    Ok(Some(PaymentConfirmed { order_id }))
}

async fn pack(paid: In<Paid>, State(gates): State<Gates>) -> ParcelPacked {
    gates.pass("warehouse").await;
    let order_id = paid.into_inner().order_id;
    let weight = match gates.fault(&order_id) {
        Some(Fault::Broken) => Weight::Words("rather heavy".to_owned()),
        fault => {
            if fault == Some(Fault::Slow) {
                gates.pass("mended").await;
            }
            Weight::Grams(400)
        }
    };
    ParcelPacked { order_id, weight }
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
    let charge = step("charge", charge).within(DEADLINE).timeout(LONGEST);
    Service::new("payment", gates.clone()).owner("Payments").step(charge)
}

fn warehouse(gates: &Gates) -> Service<Gates> {
    let pack = step("pack", pack).within(UNHURRIED).timeout(LONGEST);
    Service::new("warehouse", gates.clone()).owner("Logistics").step(pack)
}

fn shipping(gates: &Gates) -> Service<Gates> {
    Service::new("shipping", gates.clone()).owner("Logistics").step(step("deliver", deliver).within(DEADLINE))
}

fn mail(gates: &Gates) -> Service<Gates> {
    Service::new("mail", gates.clone()).step(step("thank", thank).within(DEADLINE))
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
