//! Which events lead to an end, and which can only go round.

use std::collections::{BTreeMap, BTreeSet};

use super::event_id::EventId;
use super::flow::Flow;
use super::join::Choreography;
use crate::manifest::Shape;

/// What follows from what, by event.
#[derive(Debug)]
pub(crate) struct Reach {
    /// Events after which a terminal event may come, the terminal ones among them.
    ends: BTreeSet<EventId>,
    /// Events after which, whatever the steps decide, there is always one more event.
    endless: BTreeSet<EventId>,
}

impl Reach {
    /// Two fixed points over the choreography; each round settles at least one event.
    pub(crate) fn of(choreography: &Choreography<'_>) -> Self {
        let events = choreography.events();
        let shapes: BTreeMap<&EventId, Vec<Shape>> = events
            .iter()
            .map(|(id, flow)| (id, flow.consumers.iter().map(|c| c.step.shape()).collect()))
            .collect();
        let endless = endless(&shapes);
        Self { ends: ends(events, &shapes, &endless), endless }
    }

    /// Whether a terminal event may come after it.
    pub(crate) fn ends(&self, id: &EventId) -> bool {
        self.ends.contains(id)
    }

    /// Whether an end may come of what a step emits.
    pub(crate) fn may_end(&self, shape: &Shape) -> bool {
        may(shape, &|id| self.ends(id))
    }

    /// The next event round, where there is always one more.
    pub(crate) fn endless_next(&self, flow: &Flow<'_>) -> Option<EventId> {
        let goes_on = |id: &EventId| self.endless.contains(id);
        let shape = flow.consumers.iter().map(|it| it.step.shape()).find(|shape| must(shape, &goes_on))?;
        shape.events().into_iter().find(|id| goes_on(id)).cloned()
    }

    /// Events after which, whatever the steps decide, there is always one more.
    pub(crate) fn endless(&self) -> impl Iterator<Item = &EventId> {
        self.endless.iter()
    }
}

/// The least set: the terminal events, and what has a consumer that may emit one of the set. What goes round, and
/// what nobody consumes although it should be, has a finding of its own: here it counts as an end, so that one fault
/// is not told at every place before it.
fn ends(
    events: &BTreeMap<EventId, Flow<'_>>,
    shapes: &BTreeMap<&EventId, Vec<Shape>>,
    endless: &BTreeSet<EventId>,
) -> BTreeSet<EventId> {
    let is_end = |flow: &Flow<'_>| flow.is_terminal() || (flow.consumers.is_empty() && !flow.is_outbound());
    let mut found: BTreeSet<EventId> =
        events.iter().filter(|(_, flow)| is_end(flow)).map(|(id, _)| id.clone()).collect();
    found.extend(endless.iter().cloned());
    loop {
        let more: Vec<EventId> = shapes
            .iter()
            .filter(|(id, _)| !found.contains(**id))
            .filter(|(_, shapes)| shapes.iter().any(|shape| may(shape, &|id| found.contains(id))))
            .map(|(id, _)| (*id).clone())
            .collect();
        if more.is_empty() {
            return found;
        }
        found.extend(more);
    }
}

/// The greatest set: what has a consumer every outcome of which emits one of the set.
fn endless(shapes: &BTreeMap<&EventId, Vec<Shape>>) -> BTreeSet<EventId> {
    let mut left: BTreeSet<EventId> = shapes.keys().map(|id| (*id).clone()).collect();
    loop {
        let gone: BTreeSet<EventId> = left
            .iter()
            .filter(|id| !shapes[id].iter().any(|shape| must(shape, &|id| left.contains(id))))
            .cloned()
            .collect();
        if gone.is_empty() {
            return left;
        }
        left.retain(|id| !gone.contains(id));
    }
}

/// Whether some outcome of `shape` has an event that `wanted` takes.
fn may(shape: &Shape, wanted: &dyn Fn(&EventId) -> bool) -> bool {
    match shape {
        Shape::Nothing => false,
        Shape::One(id) => wanted(id),
        Shape::Optional(inner) | Shape::Many(inner) => may(inner, wanted),
        Shape::All(parts) | Shape::OneOf(parts) => parts.iter().any(|part| may(part, wanted)),
    }
}

/// Whether every outcome of `shape` has an event that `wanted` takes.
fn must(shape: &Shape, wanted: &dyn Fn(&EventId) -> bool) -> bool {
    match shape {
        Shape::Nothing | Shape::Optional(_) | Shape::Many(_) => false,
        Shape::One(id) => wanted(id),
        Shape::All(parts) => parts.iter().any(|part| must(part, wanted)),
        Shape::OneOf(parts) => !parts.is_empty() && parts.iter().all(|part| must(part, wanted)),
    }
}
