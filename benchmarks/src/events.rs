//! An order of about 440 bytes in, a payment of about 140 bytes out.

use choreograph::{Event, In, Service, StepError, step};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The event that is consumed, as its owner writes it.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema, Event)]
#[event(type = "order.placed", version = "1.0", topic = "orders", key = "order_id", starts = "order")]
pub struct OrderPlaced {
    /// The order's id; the record's key.
    pub order_id: String,
    /// Who ordered; guests have none.
    pub customer_id: Option<String>,
    /// ISO 3166 country code.
    #[schemars(length(equal = 2))]
    pub country: String,
    /// ISO 4217 currency code.
    #[schemars(length(equal = 3))]
    pub currency: String,
    /// The sum of all lines in minor units.
    #[schemars(range(min = 0))]
    pub total: i64,
    /// When, as RFC 3339 text.
    pub placed_at: String,
    /// What was ordered.
    #[schemars(length(min = 1))]
    pub lines: Vec<Line>,
}

/// One line of an order.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct Line {
    /// Which product.
    pub sku: String,
    /// Its name.
    pub description: String,
    /// How many.
    #[schemars(range(min = 1))]
    pub quantity: u32,
    /// Price of one in minor units.
    #[schemars(range(min = 0))]
    pub unit_price: i64,
}

/// The event that is emitted.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema, Event)]
#[event(type = "payment.confirmed", version = "1.0", topic = "payments", key = "order_id")]
pub struct PaymentConfirmed {
    /// The order that was paid; the record's key.
    pub order_id: String,
    /// What was paid, in minor units.
    #[schemars(range(min = 0))]
    pub amount: i64,
    /// ISO 4217 currency code.
    #[schemars(length(equal = 3))]
    pub currency: String,
    /// The payment service's reference.
    pub reference: String,
}

/// The payment of an order; the work that every loop of the benchmarks does.
pub fn pay(order: &OrderPlaced) -> PaymentConfirmed {
    PaymentConfirmed {
        order_id: order.order_id.clone(),
        amount: order.total,
        currency: order.currency.clone(),
        reference: "psp-0197a8d0-5c5f-7c1f-8a3e".to_owned(),
    }
}

/// The same as a step.
///
/// # Errors
///
/// Never.
pub async fn charge(order: In<OrderPlaced>) -> Result<PaymentConfirmed, StepError> {
    Ok(pay(&order))
}

/// The service that is measured.
pub fn service() -> Service {
    Service::new("payment", ()).step(step("charge", charge))
}

/// The order number `n`, of about 440 bytes.
pub fn order(n: u64) -> OrderPlaced {
    let line = |sku: &str, description: &str, quantity| Line {
        sku: sku.to_owned(),
        description: description.to_owned(),
        quantity,
        unit_price: 255,
    };
    OrderPlaced {
        order_id: format!("ord-{n:020}"),
        customer_id: Some("17850".to_owned()),
        country: "GB".to_owned(),
        currency: "GBP".to_owned(),
        total: 255 * 14,
        placed_at: "2026-01-01T08:26:00Z".to_owned(),
        lines: vec![
            line("85123A", "WHITE HANGING HEART T-LIGHT HOLDER", 6),
            line("71053", "WHITE METAL LANTERN", 6),
            line("84406B", "CREAM CUPID HEARTS COAT HANGER", 2),
        ],
    }
}

/// The headers of an order as the framework writes them.
pub fn headers(n: u64) -> Vec<(String, Vec<u8>)> {
    let id = format!("0197a8d0-5c5f-7c1f-8a3e-{n:012x}");
    [
        ("traceparent", "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-00".to_owned()),
        ("ce_specversion", "1.0".to_owned()),
        ("ce_id", id.clone()),
        ("ce_source", "site/checkout".to_owned()),
        ("ce_type", "order.placed.v1".to_owned()),
        ("ce_time", "2026-01-01T08:26:00.000Z".to_owned()),
        ("ce_dataschema", "urn:contract:order.placed/1.0".to_owned()),
        ("ce_correlationid", id),
        ("content-type", "application/json".to_owned()),
        ("wf", "name=order;started=1767255960000;hops=0".to_owned()),
    ]
    .map(|(name, value)| (name.to_owned(), value.into_bytes()))
    .to_vec()
}
