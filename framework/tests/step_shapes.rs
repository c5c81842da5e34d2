//! Every shape of a step compiles; what does not is in `compile_fail.rs`.

#![expect(dead_code, reason = "what matters here are the types")]

use std::time::Duration;

use choreograph::{Consumes, Emits, Event, FromRef, In, Retry, Service, StartFrom, State, StepError, step};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

#[derive(Event, Serialize, Deserialize, JsonSchema)]
#[event(
    type = "order.placed",
    version = "1.2",
    topic = "orders",
    key = "order_id",
    subject = "invoice",
    starts = "order",
    external
)]
struct OrderPlaced {
    order_id: u64,
    invoice: String,
}

#[derive(Event, Serialize, Deserialize, JsonSchema)]
#[event(type = "order.closed", version = "2.0", topic = "orders", key = "type", terminal)]
struct OrderClosed {
    r#type: String,
}

#[derive(Event, Deserialize, JsonSchema)]
#[event(view, type = "payment.confirmed", major = 1, topic = "payments")]
#[serde(tag = "kind")]
enum PaymentConfirmed {
    Card { order_id: u64 },
    Invoice { order_id: u64 },
}

#[derive(Consumes)]
enum Either {
    Placed(OrderPlaced),
    Paid(PaymentConfirmed),
}

#[derive(Emits)]
enum Answer {
    Closed(OrderClosed),
    Both((OrderClosed, Option<OrderPlaced>)),
    Silence,
}

#[derive(Clone)]
struct Gateway;
#[derive(Clone)]
struct Mailer;
struct Shop {
    gateway: Gateway,
}
impl FromRef<Shop> for Gateway {
    fn from_ref(shop: &Shop) -> Self {
        shop.gateway.clone()
    }
}
impl FromRef<Shop> for Mailer {
    fn from_ref(_: &Shop) -> Self {
        Mailer
    }
}

async fn nothing(_: In<OrderPlaced>) {}
async fn fallible(_: In<PaymentConfirmed>) -> Result<(), StepError> {
    let _: u8 = "7".parse()?;
    Err("a text")?;
    Ok(())
}
async fn one(order: In<OrderPlaced>) -> OrderClosed {
    OrderClosed { r#type: order.invoice.clone() }
}
async fn alternatives(_: In<Either>) -> Result<Answer, StepError> {
    Ok(Answer::Silence)
}
async fn fan_out(_: In<Either>) -> (OrderClosed, Vec<OrderPlaced>) {
    (OrderClosed { r#type: String::new() }, Vec::new())
}
async fn with_state(
    _: In<OrderPlaced>,
    State(_): State<Gateway>,
    State(_): State<Mailer>,
) -> Result<Option<OrderClosed>, StepError> {
    Ok(None)
}

fn service() -> Service<Shop> {
    Service::new("shop", Shop { gateway: Gateway })
        .step(step("nothing", nothing))
        .step(step("fallible", fallible).retry(Retry::none()))
        .step(step("one", one).within(Duration::from_secs(1)).timeout(Duration::from_secs(2)))
        .step(step("alternatives", alternatives).from(StartFrom::Latest))
        .step(step("fan-out", fan_out).concurrency(16).group("shop.old-name"))
        .step(step("with-state", with_state).starts::<OrderPlaced>())
        .step(step("closure", |_: In<OrderPlaced>| async { OrderClosed { r#type: String::new() } }))
}

#[test]
fn every_shape_of_a_step_compiles_and_can_run() {
    service().check().expect("the service can run");
}
