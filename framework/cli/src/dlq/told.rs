//! Spans and counts of what is done with dead letters, where the environment names a collector.

use std::time::Duration;

use choreograph::settings::{Exporter, Settings};
use choreograph::telemetry::Telemetry;
use tokio::runtime::{Builder, Runtime};

use crate::Failure;

/// What the command is called in traces and metrics, unless `OTEL_SERVICE_NAME` says otherwise.
const NAME: &str = "choreograph";
/// How long the last spans may take to leave.
const LAST: Duration = Duration::from_secs(5);

/// Telemetry for as long as this lives; the last of it leaves when this is dropped.
#[derive(Debug)]
pub(crate) struct Told(Option<(Runtime, Telemetry)>);

impl Told {
    /// Sets telemetry up where a collector is named.
    ///
    /// # Errors
    ///
    /// A [`Failure`] if no exporter can be made from the settings.
    pub(crate) fn begin(settings: &Settings) -> Result<Self, Failure> {
        let otel = &settings.telemetry;
        if otel.disabled || matches!((&otel.traces, &otel.metrics), (Exporter::None, Exporter::None)) {
            return Ok(Self(None));
        }
        let runtime = Builder::new_current_thread().enable_time().build();
        let runtime =
            runtime.map_err(|error| Failure::incomplete(format!("no thread for telemetry: {error}")))?;
        let mut settings = settings.clone();
        // The command tells people itself.
        "error".clone_into(&mut settings.log_filter);
        let telemetry = Telemetry::setup(&settings, NAME, env!("CARGO_PKG_VERSION"));
        let telemetry = telemetry.map_err(|error| Failure::usage(error.to_string()))?;
        Ok(Self(Some((runtime, telemetry))))
    }
}

impl Drop for Told {
    fn drop(&mut self) {
        if let Some((runtime, telemetry)) = self.0.take() {
            runtime.block_on(telemetry.shutdown(LAST));
        }
    }
}
