//! Three services in a row, and the site where orders come from.

use std::process::ExitCode;
use std::time::Duration;

use choreograph::settings::Settings;
use choreograph::telemetry::Telemetry;
use choreograph::{Event, In, Publisher, Retry, Service, StepError, step};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::stage::{Cast, no_arguments};

/// What the site starts.
#[derive(Debug, Event, Serialize, Deserialize, JsonSchema)]
#[event(type = "order.placed", version = "1.0", topic = "orders", key = "order_id", starts = "order")]
struct Placed {
    order_id: String,
}

/// What the payment needs of it.
#[derive(Debug, Event, Deserialize, JsonSchema)]
#[event(view, type = "order.placed", major = 1, topic = "orders")]
struct OrderPlaced {
    order_id: String,
}

/// An order was paid.
#[derive(Debug, Event, Serialize, Deserialize, JsonSchema)]
#[event(type = "payment.confirmed", version = "1.0", topic = "payments", key = "order_id")]
struct PaymentConfirmed {
    order_id: String,
}

/// What the warehouse needs of it.
#[derive(Debug, Event, Deserialize, JsonSchema)]
#[event(view, type = "payment.confirmed", major = 1, topic = "payments")]
struct Paid {
    order_id: String,
}

/// An order left the warehouse.
#[derive(Debug, Event, Serialize, Deserialize, JsonSchema)]
#[event(type = "order.dispatched", version = "1.0", topic = "dispatches", key = "order_id")]
struct OrderDispatched {
    order_id: String,
}

/// What the mail needs of it.
#[derive(Debug, Event, Deserialize, JsonSchema)]
#[event(view, type = "order.dispatched", major = 1, topic = "dispatches")]
struct Dispatched {
    order_id: String,
}

/// The gateway is slow the first time.
async fn charge(order: In<OrderPlaced>) -> Result<PaymentConfirmed, StepError> {
    let attempt = order.metadata().attempt();
    let span = tracing::info_span!("ask the gateway", attempt);
    span.in_scope(|| if attempt == 1 { Err(StepError::retry("the gateway is slow")) } else { Ok(()) })?;
    Ok(PaymentConfirmed { order_id: order.into_inner().order_id })
}

async fn dispatch(paid: In<Paid>) -> OrderDispatched {
    OrderDispatched { order_id: paid.into_inner().order_id }
}

async fn tell(dispatched: In<Dispatched>) -> Result<(), StepError> {
    Err(StepError::reject("no_address", format!("nobody to tell, {} letters", dispatched.order_id.len())))
}

fn payment() -> Service {
    Service::new("payment", ()).step(step("charge", charge).retry(Retry::exponential(3)))
}

fn warehouse() -> Service {
    Service::new("warehouse", ()).step(step("dispatch", dispatch))
}

fn mail() -> Service {
    Service::new("mail", ()).step(step("tell", tell))
}

/// Places one order and ends.
fn site() -> ExitCode {
    let settings = Settings::from_env().expect("settings");
    let telemetry = Telemetry::setup(&settings, "site", "1").expect("telemetry");
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    runtime.block_on(async {
        let publisher = Publisher::connect("site", &settings, &telemetry).expect("a publisher");
        let started = publisher.start(&Placed { order_id: "o-1".to_owned() }).await.expect("acknowledged");
        println!("correlation={}.", started.correlation_id());
        telemetry.shutdown(Duration::from_secs(30)).await;
    });
    ExitCode::SUCCESS
}

/// They on the stage, in roles of their own.
pub(crate) const CASTS: [Cast; 4] = [
    Cast { name: "chain-payment", main: || payment().main_from(no_arguments()), check: || payment().check() },
    Cast {
        name: "chain-warehouse",
        main: || warehouse().main_from(no_arguments()),
        check: || warehouse().check(),
    },
    Cast { name: "chain-mail", main: || mail().main_from(no_arguments()), check: || mail().check() },
    Cast { name: "chain-site", main: site, check: || Ok(()) },
];
