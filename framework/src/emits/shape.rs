//! The declared set of a step's emits, and how they belong together.

use std::any::{TypeId, type_name};

use serde_json::Value;

use crate::event::{Deprecation, OwnedEvent};

/// The event types that a step may emit, each once, collected from its return type.
#[derive(Debug, Default)]
pub struct Declared(Vec<EmittedEvent>);

impl Declared {
    /// Declares an event type, and the older majors in which the same fact is written; declaring it again changes
    /// nothing.
    pub fn event<E: OwnedEvent>(&mut self) -> Shape {
        let id = TypeId::of::<E>();
        let index = self.0.iter().position(|known| known.type_id == id).unwrap_or_else(|| {
            self.0.push(EmittedEvent::of::<E>());
            self.0.len() - 1
        });
        match E::declare_also(self) {
            None => Shape::One(index),
            Some(Shape::All(older)) => Shape::All([Shape::One(index)].into_iter().chain(older).collect()),
            Some(older) => Shape::All(vec![Shape::One(index), older]),
        }
    }

    /// Declares what is known already, and an event type.
    pub(crate) fn with<E: OwnedEvent>(known: Vec<EmittedEvent>) -> Vec<EmittedEvent> {
        let mut declared = Self(known);
        declared.event::<E>();
        declared.0
    }

    pub(crate) fn into_events(self) -> Vec<EmittedEvent> {
        self.0
    }
}

/// How a step's emits belong together. An index is the position among the events declared.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Shape {
    /// Nothing is emitted.
    Nothing,
    /// Exactly this event.
    One(usize),
    /// That or nothing.
    Optional(Box<Shape>),
    /// Any number of that.
    Many(Box<Shape>),
    /// All of these: fan-out.
    All(Vec<Shape>),
    /// One of these: alternatives.
    OneOf(Vec<Shape>),
}

/// One event type that a step may emit or start.
#[derive(Debug, Clone, Copy)]
pub(crate) struct EmittedEvent {
    /// The type without its major.
    pub(crate) name: &'static str,
    /// The major of its contract.
    pub(crate) major: u32,
    /// The minor of its contract.
    pub(crate) minor: u32,
    /// The topic, without a namespace.
    pub(crate) topic: &'static str,
    /// The field that is the record's key, by its name in JSON.
    pub(crate) key_field: &'static str,
    /// The field that is the event's subject, by its name in JSON.
    pub(crate) subject_field: Option<&'static str>,
    /// The workflow that it starts.
    pub(crate) starts: Option<&'static str>,
    /// Whether a workflow owes nothing after it.
    pub(crate) terminal: bool,
    /// Whether it comes from outside the choreography.
    pub(crate) external: bool,
    /// Whether it is read outside the choreography.
    pub(crate) outbound: bool,
    /// Whether readers are to leave it.
    pub(crate) deprecated: Option<Deprecation>,
    /// The majors in which a fact is written that is emitted as this event, rising.
    pub(crate) majors: fn() -> Vec<u32>,
    /// The Rust type, by which an outbox finds the declaration.
    pub(crate) type_id: TypeId,
    /// The Rust type's name, for errors.
    pub(crate) rust_type: &'static str,
    /// The closed schema of what is written, with the contract's `$id`.
    pub(crate) writer_schema: fn() -> Value,
}

impl EmittedEvent {
    /// The declaration of an event type.
    pub(crate) fn of<E: OwnedEvent>() -> Self {
        Self {
            name: E::NAME,
            major: E::MAJOR,
            minor: E::MINOR,
            topic: E::TOPIC,
            key_field: E::KEY_FIELD,
            subject_field: E::SUBJECT_FIELD,
            starts: E::STARTS,
            terminal: E::TERMINAL,
            external: E::EXTERNAL,
            outbound: E::OUTBOUND,
            deprecated: E::DEPRECATED,
            majors: majors::<E>,
            type_id: TypeId::of::<E>(),
            rust_type: type_name::<E>(),
            writer_schema: crate::schema::writer::<E>,
        }
    }
}

/// The majors of one fact.
fn majors<E: OwnedEvent>() -> Vec<u32> {
    let mut majors: Vec<u32> = Declared::with::<E>(Vec::new()).iter().map(|event| event.major).collect();
    majors.sort_unstable();
    majors
}
