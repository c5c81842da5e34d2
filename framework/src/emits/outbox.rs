//! The emits of one run, encoded: an arena that is used again for the next run.

use std::any::{TypeId, type_name};
use std::ops::Range;
use std::sync::Arc;

use choreograph_contracts::{Contract, Kept, Tape};

use crate::emits::EmittedEvent;
use crate::event::{KeyError, OwnedEvent};

/// The most events that one run of a step may emit.
const MAX_EMITS_PER_RUN: usize = 10_000;

/// The most bytes that the emits of one run may hold together: 64 MiB.
const MAX_OUTBOX_BYTES: usize = 64 << 20;

/// The most bytes that an outbox keeps for the next run: 1 MiB. One large run shall not hold memory for ever.
const MAX_KEPT_BYTES: usize = 1 << 20;

/// The most emits for which an outbox keeps room.
const MAX_KEPT_EMITS: usize = 256;

/// Room for no more bytes than this is little: 16 KiB.
const SMALL_BYTES: usize = 16 << 10;

/// The emits of one run of a step, in order, encoded as they will be sent.
///
/// Handlers never see it: they return events. It is public because the derive macros write to it.
#[derive(Debug)]
pub struct Outbox {
    /// The declared events, by their Rust type.
    declared: Box<[TypeId]>,
    /// Their writer's views, or none.
    contracts: Box<[Arc<Contract>]>,
    tape: Tape,
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
    /// Whether the value is known to keep its contract.
    pub(crate) kept: bool,
    /// The index of the event that was emitted: another one where this is the same fact in an older major.
    pub(crate) head: usize,
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
    /// An older major of a fact has another key, so that its records would lie elsewhere.
    #[error("`{event}` is the same fact in an older major, and has another key: let its `From` keep the key")]
    TwinKey {
        /// The Rust type of the older major.
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
    /// An outbox for a step that declares these events, and asserts nothing.
    #[cfg(test)]
    pub(crate) fn new(declared: &[EmittedEvent]) -> Self {
        Self::asserting(declared, Box::default(), MAX_OUTBOX_BYTES)
    }

    /// An outbox for a step that declares these events, with the writer's view of each. Values larger than
    /// `max_event_bytes` are not found to keep theirs.
    pub(crate) fn asserting(
        declared: &[EmittedEvent],
        contracts: Box<[Arc<Contract>]>,
        max_event_bytes: usize,
    ) -> Self {
        let declared = declared.iter().map(|event| event.type_id).collect();
        let tape = Tape::with_max_bytes(max_event_bytes);
        Self { declared, contracts, tape, bytes: Vec::new(), emits: Vec::new() }
    }

    /// Encodes an event. On an error nothing of it stays.
    ///
    /// # Errors
    ///
    /// [`EmitError`] where the event cannot be written, is not declared, or exceeds a bound.
    pub fn push<E: OwnedEvent>(&mut self, event: &E) -> Result<(), EmitError> {
        let (bytes, emits) = (self.bytes.len(), self.emits.len());
        let put = self.put(event);
        if put.is_err() {
            self.bytes.truncate(bytes);
            self.emits.truncate(emits);
        }
        put
    }

    /// The event, behind the same fact in older majors: a reader that moves on to it finds it where it goes on, whatever
    /// it settled of the older one.
    fn put<E: OwnedEvent>(&mut self, event: &E) -> Result<(), EmitError> {
        let first = self.emits.len();
        let emitted = self.encode(event)?;
        let (head, key) = (emitted.head, emitted.key.clone());
        self.emits.push(emitted);
        event.write_also(&mut Twins { outbox: self, head, key })?;
        self.emits[first..].reverse();
        Ok(())
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
        if self.emits.capacity() > MAX_KEPT_EMITS {
            self.emits.shrink_to(MAX_KEPT_EMITS);
        }
        if self.bytes.capacity() > MAX_KEPT_BYTES {
            self.bytes.shrink_to(MAX_KEPT_BYTES);
        }
    }

    /// Whether it has room for little, so that many of it may be kept.
    pub(crate) fn is_small(&self) -> bool {
        self.bytes.capacity() <= SMALL_BYTES
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
        let kept = self.write(index, event).map_err(|_| EmitError::Value { event: type_name::<E>() })?;
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
            kept,
            head: index,
        })
    }

    /// Writes the value; whether it is known to keep its contract.
    fn write<E: OwnedEvent>(&mut self, index: usize, event: &E) -> serde_json::Result<bool> {
        #[cfg(feature = "cost")]
        if !crate::cost::asserts_contracts() {
            serde_json::to_writer(&mut self.bytes, event)?;
            return Ok(false);
        }
        let Some(contract) = self.contracts.get(index) else {
            serde_json::to_writer(&mut self.bytes, event)?;
            return Ok(false);
        };
        Ok(contract.write(&mut self.tape, event, &mut self.bytes)? == Kept::Yes)
    }
}

/// Where the derive puts the same fact in an older major. Handlers never see it.
#[derive(Debug)]
pub struct Twins<'a> {
    outbox: &'a mut Outbox,
    head: usize,
    key: Range<usize>,
}

impl Twins<'_> {
    /// Encodes the fact in an older major, and in those that are still older.
    ///
    /// # Errors
    ///
    /// As [`Outbox::push`], and [`EmitError::TwinKey`].
    pub fn push<E: OwnedEvent>(&mut self, event: &E) -> Result<(), EmitError> {
        let emitted = Emitted { head: self.head, ..self.outbox.encode(event)? };
        if self.outbox.bytes(&emitted.key) != self.outbox.bytes(&self.key) {
            return Err(EmitError::TwinKey { event: type_name::<E>() });
        }
        self.outbox.emits.push(emitted);
        event.write_also(self)
    }
}

fn key_error<E>(field: &'static str, source: KeyError) -> EmitError {
    EmitError::Key { event: type_name::<E>(), field, source }
}

#[cfg(test)]
mod tests {
    use schemars::JsonSchema;
    use serde::{Deserialize, Serialize, Serializer};

    use super::*;
    use crate::{Declared, Emits, Event, Shape};

    #[derive(Event, Clone, Serialize, Deserialize, JsonSchema)]
    #[event(type = "order.placed", version = "1.0", topic = "orders", key = "order_id")]
    struct Placed {
        order_id: Option<String>,
        #[serde(serialize_with = "refuse_empty")]
        note: String,
    }

    #[derive(Event, Serialize, Deserialize, JsonSchema)]
    #[event(type = "order.closed", version = "1.0", topic = "orders", key = "order_id")]
    struct Closed {
        order_id: u8,
    }

    #[derive(Emits)]
    enum Answer {
        Closed(Closed),
        All((Placed, Option<Closed>)),
        Silence,
    }

    fn refuse_empty<S: Serializer>(note: &str, serializer: S) -> Result<S::Ok, S::Error> {
        if note.is_empty() {
            return Err(serde::ser::Error::custom("secret"));
        }
        serializer.serialize_str(note)
    }

    fn placed(order_id: Option<&str>, note: &str) -> Placed {
        Placed { order_id: order_id.map(str::to_owned), note: note.to_owned() }
    }

    fn outbox<E: Emits>() -> Outbox {
        let mut declared = Declared::default();
        E::declare(&mut declared);
        Outbox::new(&declared.into_events())
    }

    #[test]
    fn a_declaration_names_each_event_once_and_keeps_the_shape() {
        let mut declared = Declared::default();
        let shape = <(Answer, Vec<Placed>)>::declare(&mut declared);
        let names: Vec<&str> = declared.into_events().iter().map(|event| event.name).collect();
        assert_eq!(names, ["order.closed", "order.placed"]);
        let all = Shape::All(vec![Shape::One(1), Shape::Optional(Box::new(Shape::One(0)))]);
        let answer = Shape::OneOf(vec![Shape::One(0), all, Shape::Nothing]);
        assert_eq!(shape, Shape::All(vec![answer, Shape::Many(Box::new(Shape::One(1)))]));
    }

    #[test]
    fn emits_keep_their_order_and_their_declaration() {
        let mut outbox = outbox::<Answer>();
        Answer::All((placed(Some("a"), "n"), Some(Closed { order_id: 3 }))).emit(&mut outbox).expect("fits");
        Answer::Closed(Closed { order_id: 4 }).emit(&mut outbox).expect("fits");
        Answer::Silence.emit(&mut outbox).expect("nothing");
        let emits: Vec<(usize, &[u8])> =
            outbox.emits().iter().map(|emit| (emit.event, outbox.bytes(&emit.key))).collect();
        assert_eq!(emits, [(1, &b"a"[..]), (0, b"3"), (0, b"4")]);
    }

    #[test]
    fn what_cannot_be_written_is_told_without_its_value_and_leaves_nothing() {
        let mut outbox = outbox::<Placed>();
        let no_key = placed(None, "n").emit(&mut outbox).expect_err("no key");
        assert!(matches!(no_key, EmitError::Key { field: "key", .. }), "{no_key}");
        let refused = placed(Some("a"), "").emit(&mut outbox).expect_err("refused");
        assert!(!refused.to_string().contains("secret"), "{refused}");
        let undeclared = outbox.push(&Closed { order_id: 1 }).expect_err("undeclared");
        assert!(matches!(undeclared, EmitError::Undeclared { .. }), "{undeclared}");
        assert!(outbox.emits().is_empty() && outbox.bytes.is_empty());
    }

    #[test]
    fn a_run_is_bounded_and_a_large_one_is_not_kept() {
        let mut large = outbox::<Closed>();
        large.bytes = vec![0; MAX_OUTBOX_BYTES];
        assert_eq!(large.push(&Closed { order_id: 1 }), Err(EmitError::TooLarge));
        large.emits.reserve(MAX_EMITS_PER_RUN);
        large.clear();
        assert!(large.bytes.capacity() <= MAX_KEPT_BYTES && large.emits.capacity() <= MAX_KEPT_EMITS);

        let mut many = outbox::<Closed>();
        for _ in 0..MAX_EMITS_PER_RUN {
            many.push(&Closed { order_id: 1 }).expect("within the bound");
        }
        assert_eq!(many.push(&Closed { order_id: 1 }), Err(EmitError::TooMany));
    }
}
