//! The emits of one run, encoded: an arena that is used again for the next run.

use std::any::{TypeId, type_name};
use std::ops::Range;

use crate::emits::EmittedEvent;
use crate::event::{KeyError, OwnedEvent};

/// The most events that one run of a step may emit.
pub(crate) const MAX_EMITS_PER_RUN: usize = 10_000;

/// The most bytes that the emits of one run may hold together: 64 MiB.
pub(crate) const MAX_OUTBOX_BYTES: usize = 64 << 20;

/// The most bytes that an outbox keeps for the next run: 1 MiB. One large run shall not hold memory for ever.
const MAX_KEPT_BYTES: usize = 1 << 20;

/// The emits of one run of a step, in order, encoded as they will be sent.
///
/// Handlers never see it: they return events. It is public because the derive macros write to it.
#[derive(Debug)]
pub struct Outbox {
    /// The declared events, by their Rust type.
    declared: Box<[TypeId]>,
    /// Keys, values and subjects, one after another.
    bytes: Vec<u8>,
    emits: Vec<Emitted>,
}

/// One emit: which event, and where its parts are.
#[derive(Debug, Clone)]
pub(crate) struct Emitted {
    /// The index into the step's declared emits.
    pub(crate) event: usize,
    /// Where the record's key is.
    pub(crate) key: Range<usize>,
    /// Where the record's value is.
    pub(crate) value: Range<usize>,
    /// Where the subject is, if the event declares one.
    pub(crate) subject: Option<Range<usize>>,
}

/// Why an event could not be put into the outbox. It never quotes the event.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum EmitError {
    /// The key or the subject has no text.
    #[error("the {field} of `{event}` cannot be written: {source}")]
    Key {
        /// The event's Rust type.
        event: &'static str,
        /// `key` or `subject`.
        field: &'static str,
        /// What the value is instead.
        source: KeyError,
    },
    /// The event's own serializer failed.
    #[error("`{event}` cannot be written as JSON: its serializer refused it")]
    Value {
        /// The event's Rust type.
        event: &'static str,
    },
    /// An event that the return type does not declare.
    #[error(
        "`{event}` is not among the events that the step declares: its `Emits` must declare what it emits"
    )]
    Undeclared {
        /// The event's Rust type.
        event: &'static str,
    },
    /// More than 10,000 events in one run.
    #[error("one run emits more than {MAX_EMITS_PER_RUN} events: emit fewer, or one event that lists them")]
    TooMany,
    /// More than 64 MiB in one run.
    #[error("the emits of one run exceed {MAX_OUTBOX_BYTES} bytes: emit fewer or smaller events")]
    TooLarge,
}

impl Outbox {
    /// An outbox for a step that declares these events.
    pub(crate) fn new(declared: &[EmittedEvent]) -> Self {
        let declared = declared.iter().map(|event| event.type_id).collect();
        Self { declared, bytes: Vec::new(), emits: Vec::new() }
    }

    /// Encodes an event. On an error nothing of it stays.
    ///
    /// # Errors
    ///
    /// [`EmitError`] where the event cannot be written, is not declared, or exceeds a bound.
    pub fn push<E: OwnedEvent>(&mut self, event: &E) -> Result<(), EmitError> {
        let before = self.bytes.len();
        match self.encode(event) {
            Ok(emitted) => {
                self.emits.push(emitted);
                Ok(())
            }
            Err(error) => {
                self.bytes.truncate(before);
                Err(error)
            }
        }
    }

    /// The emits in order.
    pub(crate) fn emits(&self) -> &[Emitted] {
        &self.emits
    }

    /// The bytes at a range of one of the [`emits`](Self::emits).
    pub(crate) fn bytes(&self, range: &Range<usize>) -> &[u8] {
        &self.bytes[range.clone()]
    }

    /// Empties the outbox for the next run; what it allocated is kept up to a bound.
    pub(crate) fn clear(&mut self) {
        self.emits.clear();
        self.bytes.clear();
        if self.bytes.capacity() > MAX_KEPT_BYTES {
            self.bytes.shrink_to(MAX_KEPT_BYTES);
        }
    }

    fn encode<E: OwnedEvent>(&mut self, event: &E) -> Result<Emitted, EmitError> {
        if self.emits.len() == MAX_EMITS_PER_RUN {
            return Err(EmitError::TooMany);
        }
        let id = TypeId::of::<E>();
        let index = self.declared.iter().position(|known| *known == id);
        let index = index.ok_or(EmitError::Undeclared { event: type_name::<E>() })?;
        let key_start = self.bytes.len();
        event.write_key(&mut self.bytes).map_err(|source| key_error::<E>("key", source))?;
        let value_start = self.bytes.len();
        serde_json::to_writer(&mut self.bytes, event)
            .map_err(|_| EmitError::Value { event: type_name::<E>() })?;
        let subject_start = self.bytes.len();
        let has_subject =
            event.write_subject(&mut self.bytes).map_err(|source| key_error::<E>("subject", source))?;
        if self.bytes.len() > MAX_OUTBOX_BYTES {
            return Err(EmitError::TooLarge);
        }
        Ok(Emitted {
            event: index,
            key: key_start..value_start,
            value: value_start..subject_start,
            subject: has_subject.then_some(subject_start..self.bytes.len()),
        })
    }
}

fn key_error<E>(field: &'static str, source: KeyError) -> EmitError {
    EmitError::Key { event: type_name::<E>(), field, source }
}
