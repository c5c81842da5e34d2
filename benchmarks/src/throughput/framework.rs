//! The same work as a step of the framework.

use std::time::Duration;

use choreograph::settings::Settings;
use choreograph::telemetry::Telemetry;
use choreograph::{In, Service, StepError, step};

use super::child::{CONCURRENCY, Stop, Work};
use super::meter;
use super::variant::Variant;
use crate::events::{self, OrderPlaced, PaymentConfirmed};

/// What handling a record waits for, where it waits.
pub const WAIT: Duration = Duration::from_millis(1);
/// How long the last spans may take to leave.
const SPANS_WITHIN: Duration = Duration::from_secs(10);

async fn charge(order: In<OrderPlaced>) -> Result<PaymentConfirmed, StepError> {
    meter::begin();
    Ok(events::pay(&order))
}

async fn charge_waiting(order: In<OrderPlaced>) -> Result<PaymentConfirmed, StepError> {
    meter::begin();
    tokio::time::sleep(WAIT).await;
    Ok(events::pay(&order))
}

fn service(work: &Work) -> Service {
    let charge = match work.variant {
        Variant::Waiting => step("charge", charge_waiting).concurrency(CONCURRENCY),
        _ => step("charge", charge),
    };
    Service::new("payment", ()).step(charge.group(&work.group))
}

fn settings(work: &Work) -> [(&'static str, String); 9] {
    let text = str::to_owned;
    [
        ("KAFKA_BOOTSTRAP_SERVERS", work.bootstrap.clone()),
        ("KAFKA_LINGER_MS", work.linger.to_string()),
        ("CHOREOGRAPH_NAMESPACE", work.namespace.clone()),
        ("CHOREOGRAPH_LOG", text("warn")),
        // The topic was filled minutes ago: its workflows go on as if it were now.
        ("CHOREOGRAPH_TRACE_MAX_AGE", text("24h")),
        ("OTEL_EXPORTER_OTLP_ENDPOINT", work.spans.clone()),
        ("OTEL_METRICS_EXPORTER", text("none")),
        ("OTEL_TRACES_SAMPLER", text("traceidratio")),
        ("OTEL_TRACES_SAMPLER_ARG", work.variant.traced().to_string()),
    ]
}

/// Runs the step until `stop` is asked.
///
/// # Errors
///
/// When it cannot be started, or ends by itself; in words.
pub fn run(work: &Work, stop: &Stop) -> Result<(), String> {
    if work.variant == Variant::Unchecked {
        choreograph::cost::assert_no_contracts();
    }
    let variables = settings(work);
    let variables = variables.iter().map(|(name, value)| (*name, value.as_str()));
    let settings = Settings::read(variables).map_err(|error| error.to_string())?;
    let telemetry = Telemetry::setup(&settings, "payment", "0").map_err(|error| error.to_string())?;
    // As `Service::main` has it.
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build();
    runtime.map_err(|error| error.to_string())?.block_on(async {
        let ran = service(work).run(&settings, &telemetry, stop.wait()).await;
        telemetry.shutdown(SPANS_WITHIN).await;
        ran.map_err(|error| error.to_string())
    })
}
