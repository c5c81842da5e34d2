//! The service that the faults befall, and one that comes later.

use std::time::Duration;

use choreograph::{Emits, Event, In, Service, StepError, step};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::stage::{Cast, no_arguments};

/// What it needs of an order.
#[derive(Debug, Event, Deserialize, JsonSchema)]
#[event(view, type = "order.placed", major = 1, topic = "orders")]
struct OrderPlaced {
    order_id: String,
    note: String,
    /// How long the gateway takes, in milliseconds.
    gateway_ms: u64,
}

/// An order was paid.
#[derive(Debug, Event, Serialize, Deserialize, JsonSchema)]
#[event(type = "payment.confirmed", version = "1.0", topic = "payments", key = "order_id")]
struct PaymentConfirmed {
    order_id: String,
    note: String,
    /// The process that took the payment.
    by: u32,
}

async fn charge(order: In<OrderPlaced>) -> Result<PaymentConfirmed, StepError> {
    let order = order.into_inner();
    if order.gateway_ms > 0 {
        tokio::time::sleep(Duration::from_millis(order.gateway_ms)).await;
    }
    Ok(PaymentConfirmed { order_id: order.order_id, note: order.note, by: std::process::id() })
}

fn payment() -> Service {
    Service::new("payment", ()).step(step("charge", charge))
}

/// A receipt was written.
#[derive(Debug, Event, Serialize, Deserialize, JsonSchema)]
#[event(type = "receipt.written", version = "1.0", topic = "receipts", key = "order_id")]
struct ReceiptWritten {
    order_id: String,
}

/// A booking was made.
#[derive(Debug, Event, Serialize, Deserialize, JsonSchema)]
#[event(type = "booking.made", version = "1.0", topic = "bookings", key = "order_id")]
struct BookingMade {
    order_id: String,
}

/// Both in one run, the receipt first.
#[derive(Debug, Emits)]
enum Paper {
    Receipt(ReceiptWritten),
    Booking(BookingMade),
}

async fn write_down(order: In<OrderPlaced>) -> Vec<Paper> {
    let order_id = order.into_inner().order_id;
    let receipt = ReceiptWritten { order_id: order_id.clone() };
    vec![Paper::Receipt(receipt), Paper::Booking(BookingMade { order_id })]
}

fn books() -> Service {
    Service::new("books", ()).step(step("write-down", write_down))
}

/// What statistics need of a payment.
#[derive(Debug, Event, Deserialize, JsonSchema)]
#[event(view, type = "payment.confirmed", major = 1, topic = "payments")]
struct Paid {
    order_id: String,
    note: String,
}

/// A payment was counted.
#[derive(Debug, Event, Serialize, Deserialize, JsonSchema)]
#[event(type = "payment.counted", version = "1.0", topic = "counts", key = "order_id")]
struct PaymentCounted {
    order_id: String,
    note: String,
}

async fn count(paid: In<Paid>) -> PaymentCounted {
    let paid = paid.into_inner();
    PaymentCounted { order_id: paid.order_id, note: paid.note }
}

fn statistics() -> Service {
    Service::new("statistics", ()).step(step("count", count))
}

/// They on the stage. `payment` is the name of another service here, so this one's role is `till`.
pub(crate) const CASTS: [Cast; 3] = [
    Cast { name: "till", main: || payment().main_from(no_arguments()), check: || payment().check() },
    Cast { name: "books", main: || books().main_from(no_arguments()), check: || books().check() },
    Cast {
        name: "statistics",
        main: || statistics().main_from(no_arguments()),
        check: || statistics().check(),
    },
];
