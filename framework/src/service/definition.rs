//! A service whose state's type is erased.

use crate::emits::EmittedEvent;
use crate::step::StepDef;

/// The resource's `service.version` where neither the code nor `OTEL_RESOURCE_ATTRIBUTES` says one.
const UNKNOWN_VERSION: &str = "unknown";

/// A service as the runner, the rehearsal and the manifest see it.
#[derive(Debug)]
pub(crate) struct ServiceDef {
    /// The service's name.
    pub(crate) name: String,
    /// The team that answers for it.
    pub(crate) owner: Option<String>,
    /// Its own version, as its team counts.
    pub(crate) version: Option<String>,
    /// Its steps, in the order they were added.
    pub(crate) steps: Vec<StepDef>,
    /// What it publishes outside of any step, each event type once.
    pub(crate) publishes: Vec<EmittedEvent>,
}

impl ServiceDef {
    /// Its version as telemetry and the log tell it.
    pub(crate) fn told_version(&self) -> &str {
        self.version.as_deref().unwrap_or(UNKNOWN_VERSION)
    }
}
