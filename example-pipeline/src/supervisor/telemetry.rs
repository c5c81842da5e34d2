//! What those outside of the services tell: customers and suppliers start workflows, so traces begin with them.

use std::time::Duration;

use choreograph::settings::{Exporter, Settings};
use choreograph::telemetry::{SetupError, Telemetry};

/// What they are called in traces and metrics.
const NAME: &str = "outside";
/// How long the last spans may take to leave.
const LAST: Duration = Duration::from_secs(5);

/// Telemetry where a collector is named. Elsewhere nothing is told: a terminal shows progress, not log lines.
///
/// # Errors
/// If no exporter can be made.
pub(crate) fn begin(settings: &Settings) -> Result<Telemetry, SetupError> {
    let otel = &settings.telemetry;
    if matches!((&otel.traces, &otel.metrics), (Exporter::None, Exporter::None)) {
        return Ok(Telemetry::quiet());
    }
    let mut settings = settings.clone();
    "error".clone_into(&mut settings.log_filter);
    Telemetry::setup(&settings, NAME, env!("CARGO_PKG_VERSION"))
}

/// Sends what is not sent yet.
pub(crate) async fn end(telemetry: Telemetry) {
    telemetry.shutdown(LAST).await;
}
