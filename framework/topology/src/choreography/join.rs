//! From manifests to the choreography.

use std::collections::{BTreeMap, BTreeSet};

use super::event_id::EventId;
use super::flow::{Consumer, Emitter, Flow, Way};
use crate::manifest::{Emitted, Manifest, Step};

/// How many manifests a choreography may have. A larger one is refused by whoever reads them.
pub const MAX_MANIFESTS: usize = 2_000;

/// The union of manifests.
///
/// ```
/// use choreograph_topology::{Choreography, EventId, Manifest};
///
/// let shop = Manifest::read("shop.json", br#"{ "manifest": 1, "service": "shop", "publishes": [
///     { "type": "order.placed", "version": "1.0", "topic": "orders", "key": "id", "external": true, "schema": true }] }"#)?;
/// let mail = Manifest::read("mail.json", br#"{ "manifest": 1, "service": "mail", "steps": [
///     { "name": "send", "group": "mail.send", "consumes": [
///         { "type": "order.placed", "major": 1, "topic": "orders", "schema": true }] }] }"#)?;
/// let manifests = [shop, mail];
/// let choreography = Choreography::new(&manifests);
/// let placed = EventId { name: "order.placed".to_owned(), major: 1 };
/// let flow = choreography.event(&placed).expect("it is declared");
/// assert_eq!(flow.emitters[0].place(), "shop");
/// assert_eq!(flow.consumers[0].place(), "mail.send");
/// # Ok::<(), choreograph_topology::ReadError>(())
/// ```
#[derive(Debug, Clone)]
pub struct Choreography<'a> {
    services: Vec<&'a Manifest>,
    twice: Vec<(&'a Manifest, &'a Manifest)>,
    events: BTreeMap<EventId, Flow<'a>>,
    read: Read<'a>,
}

/// Of each type that code emits, two of the majors that somebody consumes: more are not asked for.
type Read<'a> = BTreeMap<((&'a str, Option<&'a str>), &'a str), BTreeSet<u32>>;

impl<'a> Choreography<'a> {
    /// Joins manifests. Of several with the same service name the first one counts; a manifest given again
    /// unchanged is nothing new, and one that differs is in [`twice`](Self::twice).
    pub fn new(manifests: impl IntoIterator<Item = &'a Manifest>) -> Self {
        let (by_name, twice) = by_name(manifests);
        let first = by_name.into_values().filter_map(|same| same.first().copied());
        Self::of(first.collect(), twice)
    }

    /// Joins manifests of which each counts: what runs may be two versions of a service side by side.
    pub(crate) fn of_all(manifests: impl IntoIterator<Item = &'a Manifest>) -> Self {
        let (by_name, twice) = by_name(manifests);
        Self::of(by_name.into_values().flatten().collect(), twice)
    }

    fn of(services: Vec<&'a Manifest>, twice: Vec<(&'a Manifest, &'a Manifest)>) -> Self {
        let mut events = BTreeMap::new();
        for service in &services {
            join(service, &mut events);
        }
        for service in &services {
            join_older(service, &mut events);
        }
        let read = read(&events);
        Self { services, twice, events, read }
    }

    /// The services, ordered by name.
    pub fn services(&self) -> &[&'a Manifest] {
        &self.services
    }

    /// Pairs of manifests with one name and different content: the one that counts, and the one that does not.
    pub fn twice(&self) -> &[(&'a Manifest, &'a Manifest)] {
        &self.twice
    }

    /// Every event that somebody emits or consumes, ordered by name.
    pub fn events(&self) -> &BTreeMap<EventId, Flow<'a>> {
        &self.events
    }

    /// The way of one event; `None` if nobody declares it.
    pub fn event(&self, id: &EventId) -> Option<&Flow<'a>> {
        self.events.get(id)
    }

    /// Every step with its service, ordered by service.
    pub fn steps(&self) -> impl Iterator<Item = (&'a Manifest, &'a Step)> {
        self.services.iter().flat_map(|service| service.steps.iter().map(|step| (*service, step)))
    }

    /// Other majors than `id`'s of the same type, with their flows.
    pub fn other_majors<'b>(&'b self, id: &'b EventId) -> impl Iterator<Item = (&'b EventId, &'b Flow<'a>)> {
        let from = EventId { name: id.name.clone(), major: 0 };
        self.events
            .range(from..)
            .take_while(|(other, _)| other.name == id.name)
            .filter(move |(other, _)| *other != id)
    }

    /// Whether each of its emitters also writes a major of the event that somebody consumes: then readers are moving
    /// from one to the other, and nobody owes this one a reader.
    pub(crate) fn is_twin(&self, id: &EventId, flow: &Flow<'_>) -> bool {
        flow.emitters.iter().all(|emitter| self.has_twin(id, emitter))
    }

    /// Whether the code that emits the event as `emitter` also writes a major of it that somebody consumes.
    pub(crate) fn has_twin(&self, id: &EventId, emitter: &Emitter<'_>) -> bool {
        let read = self.read.get(&(emitter.code(), emitter.event.event_type.as_str()));
        read.is_some_and(|majors| majors.iter().any(|major| *major != id.major))
    }
}

fn read<'a>(events: &BTreeMap<EventId, Flow<'a>>) -> Read<'a> {
    let mut read = Read::new();
    for (id, flow) in events.iter().filter(|(_, flow)| !flow.consumers.is_empty()) {
        for emitter in &flow.emitters {
            let event: &'a Emitted = emitter.event;
            let majors = read.entry((emitter.code(), event.event_type.as_str())).or_default();
            if majors.len() < 2 {
                majors.insert(id.major);
            }
        }
    }
    read
}

/// The manifests of each service in their order, none that is the first one again; and which differ from the first.
#[expect(clippy::type_complexity, reason = "two lists, taken apart at once")]
fn by_name<'a>(
    manifests: impl IntoIterator<Item = &'a Manifest>,
) -> (BTreeMap<&'a str, Vec<&'a Manifest>>, Vec<(&'a Manifest, &'a Manifest)>) {
    let mut by_name: BTreeMap<&str, Vec<&'a Manifest>> = BTreeMap::new();
    let mut twice = Vec::new();
    for manifest in manifests {
        let same = by_name.entry(&manifest.service).or_default();
        match same.first() {
            Some(first) if *first == manifest => continue,
            Some(first) => twice.push((*first, manifest)),
            None => {}
        }
        same.push(manifest);
    }
    (by_name, twice)
}

fn join<'a>(service: &'a Manifest, events: &mut BTreeMap<EventId, Flow<'a>>) {
    for (index, step) in service.steps.iter().enumerate() {
        for (number, event) in step.consumes.iter().enumerate() {
            let pointer = format!("/steps/{index}/consumes/{number}");
            let consumer = Consumer { service, step, event, pointer, upcasts: false };
            events.entry(event.id()).or_default().consumers.push(consumer);
        }
        let at = format!("/steps/{index}");
        emitted(service, Some(step), Way::Emits, &step.emits, &format!("{at}/emits"), events);
        emitted(service, Some(step), Way::Starts, &step.starts, &format!("{at}/starts"), events);
    }
    emitted(service, None, Way::Publishes, &service.publishes, "/publishes", events);
}

/// Joins what is read through upcasters, where somebody declares it: a major that nobody writes any more is no event
/// of this choreography.
fn join_older<'a>(service: &'a Manifest, events: &mut BTreeMap<EventId, Flow<'a>>) {
    for (index, step) in service.steps.iter().enumerate() {
        for (number, event) in step.consumes.iter().enumerate() {
            for major in event.older_majors() {
                let Some(flow) = events.get_mut(&event.in_major(major)) else { continue };
                let pointer = format!("/steps/{index}/consumes/{number}");
                flow.consumers.push(Consumer { service, step, event, pointer, upcasts: true });
            }
        }
    }
}

fn emitted<'a>(
    service: &'a Manifest,
    step: Option<&'a Step>,
    way: Way,
    list: &'a [Emitted],
    at: &str,
    events: &mut BTreeMap<EventId, Flow<'a>>,
) {
    // The event of the latest major says for all in which majors a fact is written.
    let mut majors: BTreeMap<(&str, u32), &'a [u32]> = BTreeMap::new();
    for event in list {
        for major in &event.majors {
            majors.entry((&event.event_type, *major)).or_insert(&event.majors);
        }
    }
    for (number, event) in list.iter().enumerate() {
        let majors = majors.get(&(event.event_type.as_str(), event.version.0)).copied().unwrap_or_default();
        let emitter = Emitter { service, step, event, way, pointer: format!("{at}/{number}"), majors };
        events.entry(event.id()).or_default().emitters.push(emitter);
    }
}
