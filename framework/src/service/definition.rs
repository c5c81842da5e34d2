//! A service whose state's type is erased.

use crate::step::StepDef;

/// A service as the runner, the rehearsal and the manifest see it.
#[derive(Debug)]
pub(crate) struct ServiceDef {
    /// The service's name.
    pub(crate) name: String,
    /// Its steps, in the order they were added.
    pub(crate) steps: Vec<StepDef>,
}
