//! A step whose types are erased, with all that it declares.

use std::fmt;
use std::sync::Arc;

use crate::consumes::ConsumedEvent;
use crate::emits::{EmittedEvent, Shape};
use crate::step::{ErasedStep, Policy};
use crate::wire::{DEAD_LETTER_SUFFIX, RETRY_SUFFIX};

/// A step as the runner and the manifest see it.
pub(crate) struct StepDef {
    /// The step's name, unique in its service.
    pub(crate) name: String,
    /// Its consumer group: `<service>.<step>`, unless the step says otherwise.
    pub(crate) group: String,
    /// How it is run.
    pub(crate) policy: Policy,
    /// What it consumes; a route is an index into it.
    pub(crate) consumes: Vec<ConsumedEvent>,
    /// What it may emit; an emit in an outbox is an index into it.
    pub(crate) emits: Vec<EmittedEvent>,
    /// How its emits belong together.
    pub(crate) shape: Shape,
    /// Which workflows its handler may start.
    pub(crate) starts: Vec<EmittedEvent>,
    /// The function, bound to the service's state.
    pub(crate) erased: Arc<dyn ErasedStep>,
}

impl StepDef {
    /// The topic of this step's own retries and replays, without a namespace.
    pub(crate) fn retry_topic(&self) -> String {
        format!("{}{RETRY_SUFFIX}", self.group)
    }

    /// The topic of this step's dead letters, without a namespace.
    pub(crate) fn dead_letter_topic(&self) -> String {
        format!("{}{DEAD_LETTER_SUFFIX}", self.group)
    }
}

impl fmt::Debug for StepDef {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("StepDef")
            .field("name", &self.name)
            .field("group", &self.group)
            .field("policy", &self.policy)
            .finish_non_exhaustive()
    }
}
