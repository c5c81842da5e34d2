//! One event's way through the choreography.

use std::collections::BTreeSet;

use crate::manifest::{Consumed, Emitted, Manifest, Step};

/// Who emits an event, and who consumes it.
#[derive(Debug, Clone, Default)]
pub struct Flow<'a> {
    /// Who emits it, in the order of the manifests.
    pub emitters: Vec<Emitter<'a>>,
    /// Who consumes it, in the order of the manifests; last those that read it through upcasters.
    pub consumers: Vec<Consumer<'a>>,
}

impl Flow<'_> {
    /// Whether somebody says that it comes from outside the choreography.
    pub fn is_external(&self) -> bool {
        self.emitters.iter().any(|emitter| emitter.event.external)
            || self.consumers.iter().any(|consumer| consumer.event.external)
    }

    /// The topics to which it comes from outside, as those who read it there say.
    pub(crate) fn external_topics(&self) -> BTreeSet<&str> {
        let external = self.consumers.iter().filter(|consumer| consumer.event.external);
        external.map(|consumer| consumer.event.topic.as_str()).collect()
    }

    /// Whether an emitter says that a workflow owes nothing after it.
    pub fn is_terminal(&self) -> bool {
        self.emitters.iter().any(|emitter| emitter.event.terminal)
    }

    /// Whether an emitter says that it is read outside the choreography.
    pub fn is_outbound(&self) -> bool {
        self.emitters.iter().any(|emitter| emitter.event.outbound)
    }
}

/// How a service comes to emit an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Way {
    /// A step emits it.
    Emits,
    /// A step's handler starts a workflow with it.
    Starts,
    /// Code outside of any step starts a workflow with it.
    Publishes,
}

/// One place that emits an event.
#[derive(Debug, Clone)]
pub struct Emitter<'a> {
    /// The service.
    pub service: &'a Manifest,
    /// The step; none if code outside of any step publishes it.
    pub step: Option<&'a Step>,
    /// What is declared of the event.
    pub event: &'a Emitted,
    /// How it comes to be emitted.
    pub way: Way,
    /// JSON Pointer to the declaration in the service's manifest.
    pub pointer: String,
    /// The majors in which each fact is written that is emitted as this event; empty where this is the only one.
    pub(crate) majors: &'a [u32],
}

/// One step that consumes an event.
#[derive(Debug, Clone)]
pub struct Consumer<'a> {
    /// The service.
    pub service: &'a Manifest,
    /// The step.
    pub step: &'a Step,
    /// What is declared of the event.
    pub event: &'a Consumed,
    /// JSON Pointer to the declaration in the service's manifest.
    pub pointer: String,
    /// Whether upcasters lead the event to the major that the step reads: then `event` speaks of that one.
    pub upcasts: bool,
}

impl<'a> Emitter<'a> {
    /// The step as `service.step`, or the service.
    pub fn place(&self) -> String {
        place(self.service, self.step)
    }

    /// Whether the same code emits both: one step, or code of one service outside of its steps.
    pub(crate) fn is_beside(&self, other: &Emitter<'_>) -> bool {
        self.code() == other.code()
    }

    /// The code that emits it: a service and its step, if it is one. Names may hold dots, so that [`place`](Self::place) would not do.
    pub(crate) fn code(&self) -> (&'a str, Option<&'a str>) {
        (self.service.service.as_str(), self.step.map(|step| step.name.as_str()))
    }
}

impl<'a> Consumer<'a> {
    /// The step as `service.step`.
    pub fn place(&self) -> String {
        place(self.service, Some(self.step))
    }

    /// The service and the step. Names may hold dots, so that [`place`](Self::place) would not do.
    pub(crate) fn code(&self) -> (&'a str, &'a str) {
        (&self.service.service, &self.step.name)
    }
}

fn place(service: &Manifest, step: Option<&Step>) -> String {
    match step {
        Some(step) => format!("{}.{}", service.service, step.name),
        None => service.service.clone(),
    }
}
