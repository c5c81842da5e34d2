//! What is declared, made ready for the hot path.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use choreograph_topology::{Choreography, EventId, Flow, Manifest, Step};
use xxhash_rust::xxh3::xxh3_64;

use super::names::Names;
use super::places::Place;
use super::settings::AUDIT_TOPIC;
use crate::fact::Millis;

/// Kinds of names that declarations and records share.
#[derive(Debug, Clone, Default)]
pub(super) struct AllNames {
    /// Event types with their majors.
    pub(super) types: Names,
    /// Steps and other sources, `service/step`.
    pub(super) steps: Names,
    pub(super) workflows: Names,
    pub(super) topics: Names,
    pub(super) groups: Names,
    /// Reasons of dead letters.
    pub(super) reasons: Names,
}

super::save::saved!(AllNames { types, steps, workflows, topics, groups, reasons });

/// What a topic is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Role {
    /// Events lie there.
    Events,
    /// The retry topic of a step.
    Retry(u16),
    /// The dead letters of a step.
    DeadLetters(u16),
    /// What operators did.
    Audit,
}

/// Where a group without commits begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum From {
    Earliest,
    Latest,
    At(Millis),
}

/// A declared step.
#[derive(Debug, Clone)]
pub(super) struct StepDecl {
    pub(super) owner: Option<String>,
    pub(super) group: u16,
    /// The types that it consumes, each with its topic.
    pub(super) consumes: Vec<(u16, u16)>,
    /// The types that it emits, with the version and the topic.
    pub(super) emits: Vec<Emit>,
    /// The types with which its handler starts workflows.
    pub(super) starts: Vec<Emit>,
    /// Whether a terminal event can follow from what it emits.
    pub(super) may_end: bool,
    pub(super) deadline: Option<Millis>,
    /// How long one attempt may take.
    pub(super) timeout: Option<Millis>,
    /// How long one record may block its key: every attempt and every wait between.
    pub(super) longest_block: Option<Millis>,
    pub(super) from: From,
    pub(super) retry_topic: Option<u16>,
    pub(super) dead_letter_topic: Option<u16>,
    /// Events before this were emitted before the step was declared, and it owes nothing for them.
    pub(super) since: Millis,
}

impl StepDecl {
    /// Whether a topic is an input of the step, or its retry topic.
    pub(super) fn reads(&self, topic: u16) -> bool {
        self.retry_topic == Some(topic) || self.consumes.iter().any(|(_, input)| *input == topic)
    }

    /// How many records its group has still to do in a partition that it reads, for what it has committed there. A step
    /// that begins later than with the first record owes none until it has committed.
    pub(super) fn lag(&self, committed: Option<i64>, place: &Place) -> u64 {
        match committed {
            Some(offset) => place.records_from(offset),
            None if self.from == From::Earliest || self.retry_topic == Some(place.topic) => {
                place.records_from(place.start)
            }
            None => 0,
        }
    }
}

/// One event type as an emitter declares it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Emit {
    pub(super) event_type: u16,
    pub(super) version: (u16, u16),
    pub(super) topic: u16,
}

/// A declared event type.
#[derive(Debug, Clone, Default)]
#[expect(clippy::struct_excessive_bools, reason = "marks as manifests have them, each for itself")]
pub(super) struct TypeDecl {
    pub(super) topic: u16,
    pub(super) terminal: bool,
    pub(super) external: bool,
    pub(super) outbound: bool,
    /// Whether the same fact is written in another major that somebody consumes.
    pub(super) beside: bool,
    /// The workflow that it starts.
    pub(super) starts: u16,
    /// The steps that consume it.
    pub(super) consumers: Vec<u16>,
    /// Who emits it, and in which version.
    pub(super) emitters: Vec<(Emitter, (u16, u16))>,
    /// Whether a terminal event may come after it, or nobody knows.
    pub(super) may_end: bool,
}

impl TypeDecl {
    /// Whether nobody is declared to do anything about such an event.
    pub(super) fn is_hanging(&self) -> bool {
        self.consumers.is_empty() && !self.outbound && !self.beside
    }
}

/// Who emits an event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Emitter {
    Step(u16),
    /// Code of a service outside of any step.
    Service(Arc<str>),
}

/// All that is declared.
#[derive(Debug, Clone, Default)]
pub(super) struct Declared {
    /// Tells two declarations apart.
    pub(super) fingerprint: u64,
    steps: Vec<Option<Box<StepDecl>>>,
    types: Vec<Option<Box<TypeDecl>>>,
    roles: HashMap<u16, Role>,
    pub(super) topics: BTreeSet<Arc<str>>,
    pub(super) groups: BTreeMap<Arc<str>, BTreeSet<Arc<str>>>,
    pub(super) workflows: BTreeSet<u16>,
}

impl Declared {
    /// Joins manifests. `since` says when a step was first declared.
    pub(super) fn of(
        manifests: &[Manifest],
        names: &mut AllNames,
        since: &BTreeMap<Arc<str>, Millis>,
    ) -> Self {
        let choreography = Choreography::new(manifests);
        let mut declared = Self { fingerprint: fingerprint(manifests), ..Self::default() };
        declared.topics.insert(AUDIT_TOPIC.into());
        let audit = names.topics.declared(AUDIT_TOPIC);
        declared.roles.insert(audit, Role::Audit);
        for (id, flow) in choreography.events() {
            declared.add_type(id, flow, &choreography, names);
        }
        declared.settle_ends(&choreography, names);
        for (service, step) in choreography.steps() {
            declared.add_step(service, step, names, since);
        }
        declared
    }

    fn add_type(
        &mut self,
        id: &EventId,
        flow: &Flow<'_>,
        choreography: &Choreography<'_>,
        names: &mut AllNames,
    ) {
        let mut decl = TypeDecl {
            terminal: flow.is_terminal(),
            external: flow.is_external(),
            outbound: flow.is_outbound(),
            beside: is_read_beside(id, flow, choreography),
            ..TypeDecl::default()
        };
        let topics = flow
            .emitters
            .iter()
            .map(|emitter| &emitter.event.topic)
            .chain(flow.consumers.iter().map(|consumer| &consumer.event.topic));
        for topic in topics {
            let number = self.topic(topic, names);
            if decl.topic == 0 {
                decl.topic = number;
            }
        }
        for emitter in &flow.emitters {
            let who = match emitter.step {
                Some(step) => Emitter::Step(names.steps.declared(&title(emitter.service, step))),
                None => Emitter::Service(emitter.service.service.as_str().into()),
            };
            decl.emitters.push((who, version(emitter.event.version)));
            if let Some(workflow) = &emitter.event.starts_workflow {
                decl.starts = names.workflows.declared(workflow);
                self.workflows.insert(decl.starts);
            }
        }
        for consumer in &flow.consumers {
            let step = names.steps.declared(&title(consumer.service, consumer.step));
            if !decl.consumers.contains(&step) {
                decl.consumers.push(step);
            }
        }
        let number = names.types.declared(&id.to_string());
        *slot(&mut self.types, number) = Some(Box::new(decl));
    }

    /// The least set of types after which an end may come; each round settles one more.
    fn settle_ends(&mut self, choreography: &Choreography<'_>, names: &mut AllNames) {
        let emits: HashMap<u16, Vec<u16>> = choreography
            .steps()
            .map(|(service, step)| {
                let emits =
                    step.emits.iter().map(|emit| names.types.declared(&emit.id().to_string())).collect();
                (names.steps.declared(&title(service, step)), emits)
            })
            .collect();
        for decl in self.types.iter_mut().flatten() {
            decl.may_end = decl.terminal || decl.is_hanging();
        }
        loop {
            let may = |number: &u16| self.event_type(*number).is_none_or(|decl| decl.may_end);
            let leads = |step: &u16| emits.get(step).is_some_and(|emits| emits.iter().any(may));
            let more: Vec<usize> = (0..self.types.len())
                .filter(|&at| {
                    self.types[at]
                        .as_ref()
                        .is_some_and(|decl| !decl.may_end && decl.consumers.iter().any(leads))
                })
                .collect();
            if more.is_empty() {
                return;
            }
            for at in more {
                if let Some(decl) = &mut self.types[at] {
                    decl.may_end = true;
                }
            }
        }
    }

    fn add_step(
        &mut self,
        service: &Manifest,
        step: &Step,
        names: &mut AllNames,
        since: &BTreeMap<Arc<str>, Millis>,
    ) {
        let name = title(service, step);
        let number = names.steps.declared(&name);
        let emits = |list: &[choreograph_topology::Emitted], names: &mut AllNames| -> Vec<Emit> {
            list.iter()
                .map(|emit| Emit {
                    event_type: names.types.declared(&emit.id().to_string()),
                    version: version(emit.version),
                    topic: names.topics.declared(&emit.topic),
                })
                .collect()
        };
        let mut wanted: BTreeSet<Arc<str>> = BTreeSet::new();
        let mut consumes = Vec::new();
        for it in &step.consumes {
            wanted.insert(it.topic.as_str().into());
            // What it reads through upcasters it consumes as well.
            let in_major = |major| EventId { name: it.event_type.clone(), major };
            let older = it.older_majors().map(in_major);
            for id in std::iter::once(it.id()).chain(older) {
                consumes.push((names.types.declared(&id.to_string()), names.topics.declared(&it.topic)));
            }
        }
        let retry_topic = step.retry_topic.as_deref().map(|topic| {
            wanted.insert(topic.into());
            self.topic(topic, names)
        });
        if let Some(topic) = retry_topic {
            self.roles.insert(topic, Role::Retry(number));
        }
        let dead_letter_topic = step.dead_letter_topic.as_deref().map(|topic| self.topic(topic, names));
        if let Some(topic) = dead_letter_topic {
            self.roles.insert(topic, Role::DeadLetters(number));
        }
        self.groups.entry(step.group.as_str().into()).or_default().extend(wanted);
        let from = match &step.from {
            Some(value) if value == "latest" => From::Latest,
            Some(value) => value.as_u64().map_or(From::Earliest, From::At),
            None => From::Earliest,
        };
        let emits_of = emits(&step.emits, names);
        let may_end =
            emits_of.iter().any(|emit| self.event_type(emit.event_type).is_none_or(|it| it.may_end));
        let decl = StepDecl {
            owner: service.owner.clone(),
            group: names.groups.declared(&step.group),
            consumes,
            emits: emits_of,
            starts: emits(&step.starts, names),
            may_end,
            deadline: step.deadline_ms,
            timeout: step.timeout_ms,
            longest_block: step.retry.as_ref().map(|retry| retry.longest_block_ms),
            from,
            retry_topic,
            dead_letter_topic,
            since: since.get(name.as_str()).copied().unwrap_or(0),
        };
        *slot(&mut self.steps, number) = Some(Box::new(decl));
    }

    fn topic(&mut self, topic: &str, names: &mut AllNames) -> u16 {
        self.topics.insert(topic.into());
        names.topics.declared(topic)
    }

    /// A declared step.
    pub(super) fn step(&self, number: u16) -> Option<&StepDecl> {
        self.steps.get(usize::from(number)).and_then(Option::as_deref)
    }

    /// A declared type.
    pub(super) fn event_type(&self, number: u16) -> Option<&TypeDecl> {
        self.types.get(usize::from(number)).and_then(Option::as_deref)
    }

    /// All declared steps.
    pub(super) fn steps(&self) -> impl Iterator<Item = (u16, &StepDecl)> {
        let decls = self.steps.iter().enumerate();
        decls.filter_map(|(number, decl)| decl.as_deref().map(|decl| (number as u16, decl)))
    }

    /// All declared types.
    pub(super) fn types(&self) -> impl Iterator<Item = (u16, &TypeDecl)> {
        let decls = self.types.iter().enumerate();
        decls.filter_map(|(number, decl)| decl.as_deref().map(|decl| (number as u16, decl)))
    }

    /// What a topic is for.
    pub(super) fn role(&self, topic: u16) -> Role {
        self.roles.get(&topic).copied().unwrap_or(Role::Events)
    }

    /// Whether a terminal event can follow from what the step makes of such an event.
    pub(super) fn is_path(&self, event_type: u16, step: u16) -> bool {
        self.step(step).is_some_and(|step| step.may_end)
            && !self.event_type(event_type).is_some_and(|decl| decl.terminal)
    }

    /// Whether an instance may go on after such an event, for all that is declared.
    pub(super) fn may_end(&self, event_type: u16) -> bool {
        self.event_type(event_type).is_none_or(|decl| decl.may_end)
    }
}

/// Whether a fact that is emitted as `id` is written in another major too, which somebody consumes.
fn is_read_beside(id: &EventId, flow: &Flow<'_>, choreography: &Choreography<'_>) -> bool {
    let beside = |major: u32| flow.emitters.iter().any(|emitter| emitter.event.majors.contains(&major));
    choreography.other_majors(id).any(|(other, flow)| beside(other.major) && !flow.consumers.is_empty())
}

/// `service/step`.
fn title(service: &Manifest, step: &Step) -> String {
    format!("{}/{}", service.service, step.name)
}

fn version((major, minor): (u32, u32)) -> (u16, u16) {
    (u16::try_from(major).unwrap_or(u16::MAX), u16::try_from(minor).unwrap_or(u16::MAX))
}

fn slot<T>(list: &mut Vec<Option<T>>, number: u16) -> &mut Option<T> {
    let at = usize::from(number);
    if list.len() <= at {
        list.resize_with(at + 1, || None);
    }
    &mut list[at]
}

/// Tells two lists of manifests apart.
fn fingerprint(manifests: &[Manifest]) -> u64 {
    manifests.iter().fold(0, |sum, manifest| {
        let text = serde_json::to_vec(manifest).unwrap_or_default();
        sum ^ xxh3_64(&text)
    })
}
