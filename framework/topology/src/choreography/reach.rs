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
    /// Events after which one may come that is read outside the choreography, those themselves among them.
    leaves: BTreeSet<EventId>,
    /// Events after which, whatever the steps decide, there is always one more event; and one that comes next.
    endless: BTreeMap<EventId, EventId>,
}

/// A step: the events that lead to it, and what it makes of one.
struct Node<'a> {
    consumes: Vec<&'a EventId>,
    shape: Shape,
}

/// The steps, and which of them name an event in what they emit. Each is looked at when one of its events is settled, and not
/// again for each event in each round: a choreography may be large.
struct Nodes<'a> {
    list: Vec<Node<'a>>,
    naming: BTreeMap<EventId, Vec<usize>>,
}

impl Reach {
    pub(crate) fn of(choreography: &Choreography<'_>) -> Self {
        let nodes = Nodes::of(choreography);
        let endless = nodes.endless(choreography);
        let outbound = choreography.events().iter().filter(|(_, flow)| flow.is_outbound());
        let leaves = nodes.leading_to(outbound.map(|(id, _)| id.clone()).collect());
        Self { ends: nodes.ends(choreography, endless.keys()), leaves, endless }
    }

    /// Whether a terminal event may come after it.
    pub(crate) fn ends(&self, id: &EventId) -> bool {
        self.ends.contains(id)
    }

    /// Whether an event may come after it that is read outside the choreography, where nobody here knows what follows.
    pub(crate) fn leaves(&self, id: &EventId) -> bool {
        self.leaves.contains(id)
    }

    /// Whether an end may come of what a step emits.
    pub(crate) fn may_end(&self, shape: &Shape) -> bool {
        may(shape, &|id| self.ends(id))
    }

    /// Whether an end may come of what a step emits whichever alternative it chooses. To emit nothing is no alternative.
    pub(crate) fn may_end_always(&self, shape: &Shape) -> bool {
        match shape {
            Shape::Nothing => false,
            Shape::One(id) => self.ends(id),
            Shape::Optional(inner) => self.may_end_always(inner),
            Shape::Many(inner) => self.may_end(inner),
            Shape::All(parts) => parts.iter().any(|part| self.may_end_always(part)),
            Shape::OneOf(parts) => {
                let mut branches = parts.iter().filter(|part| !part.events().is_empty()).peekable();
                branches.peek().is_some() && branches.all(|part| self.may_end_always(part))
            }
        }
    }

    /// Events after which, whatever the steps decide, there is always one more; each with one that comes next.
    pub(crate) fn endless(&self) -> &BTreeMap<EventId, EventId> {
        &self.endless
    }
}

impl<'a> Nodes<'a> {
    fn of(choreography: &'a Choreography<'_>) -> Self {
        let mut places = BTreeMap::new();
        let mut nodes = Self { list: Vec::new(), naming: BTreeMap::new() };
        for (_, step) in choreography.steps() {
            let at = nodes.list.len();
            places.insert(std::ptr::from_ref(step), at);
            let shape = step.shape();
            for id in shape.events() {
                nodes.naming.entry(id.clone()).or_default().push(at);
            }
            nodes.list.push(Node { consumes: Vec::new(), shape });
        }
        for (id, flow) in choreography.events() {
            for consumer in &flow.consumers {
                let place = std::ptr::from_ref(consumer.step);
                if let Some(node) = places.get(&place).and_then(|at| nodes.list.get_mut(*at)) {
                    node.consumes.push(id);
                }
            }
        }
        nodes
    }

    /// The steps that name one of `events` in what they emit, each once.
    fn naming(&self, events: &[EventId]) -> BTreeSet<usize> {
        events.iter().filter_map(|id| self.naming.get(id)).flatten().copied().collect()
    }

    fn node(&self, at: usize) -> impl Iterator<Item = &Node<'a>> {
        self.list.get(at).into_iter()
    }

    /// The terminal events, and what leads to one. What goes round, and
    /// what nobody consumes although it should be, has a finding of its own: here it counts as an end, so that one fault
    /// is not told at every place before it. An older major that is written beside the one that is read is no end: the other
    /// one says where the workflow goes.
    fn ends<'b>(
        &self,
        choreography: &Choreography<'_>,
        endless: impl Iterator<Item = &'b EventId>,
    ) -> BTreeSet<EventId> {
        let events = choreography.events().iter();
        let is_end = |id: &EventId, flow: &Flow<'_>| {
            let goes_on = || flow.is_outbound() || choreography.is_twin(id, flow);
            flow.is_terminal() || (flow.consumers.is_empty() && !goes_on())
        };
        let mut ends: BTreeSet<EventId> =
            events.filter(|(id, flow)| is_end(id, flow)).map(|(id, _)| id.clone()).collect();
        ends.extend(endless.cloned());
        self.leading_to(ends)
    }

    /// The least set: `events`, and what has a consumer that may emit one of the set.
    fn leading_to(&self, mut events: BTreeSet<EventId>) -> BTreeSet<EventId> {
        let mut new: Vec<EventId> = events.iter().cloned().collect();
        while !new.is_empty() {
            let before =
                self.naming(&new).into_iter().flat_map(|at| self.node(at)).flat_map(|node| &node.consumes);
            new = before.filter(|id| !events.contains(**id)).map(|id| (*id).clone()).collect();
            events.extend(new.iter().cloned());
        }
        events
    }

    /// The greatest set: what has a consumer every outcome of which emits one of the set.
    fn endless(&self, choreography: &Choreography<'_>) -> BTreeMap<EventId, EventId> {
        let mut left: BTreeSet<EventId> = choreography.events().keys().cloned().collect();
        // The steps that go on whatever they decide, as far as is known, and how many of them each event leads to.
        let mut going: BTreeSet<usize> = (0..self.list.len()).collect();
        let mut readers: BTreeMap<&EventId, usize> = BTreeMap::new();
        for id in self.list.iter().flat_map(|node| &node.consumes) {
            *readers.entry(id).or_default() += 1;
        }
        let unread = left.iter().filter(|id| !readers.contains_key(id));
        let mut gone: Vec<EventId> = unread.cloned().collect();
        let mut doubtful = going.clone();
        loop {
            for id in &gone {
                left.remove(id);
            }
            let stopped: Vec<usize> = doubtful
                .iter()
                .filter(|at| self.node(**at).any(|node| !must(&node.shape, &|id| left.contains(id))))
                .copied()
                .collect();
            gone.clear();
            for at in stopped.into_iter().filter(|at| going.remove(at)) {
                for id in self.node(at).flat_map(|node| &node.consumes) {
                    let count = readers.entry(id).or_default();
                    *count = count.saturating_sub(1);
                    if *count == 0 {
                        gone.push((*id).clone());
                    }
                }
            }
            if gone.is_empty() {
                return self.next(&left, &going);
            }
            doubtful = self.naming(&gone);
        }
    }

    /// For each endless event one that comes next: of its first consumer that goes on whatever it decides.
    fn next(&self, endless: &BTreeSet<EventId>, going: &BTreeSet<usize>) -> BTreeMap<EventId, EventId> {
        let mut next = BTreeMap::new();
        for node in going.iter().flat_map(|at| self.node(*at)) {
            let Some(after) = node.shape.events().into_iter().find(|id| endless.contains(*id)).cloned()
            else {
                continue;
            };
            for id in &node.consumes {
                next.entry((*id).clone()).or_insert_with(|| after.clone());
            }
        }
        next
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
