//! A starting event, encoded and checked.

use std::{fmt, sync::Arc};

use choreograph_contracts::Tape;
use uuid::Uuid;

use super::StartError;
use crate::{
    emits::{Declared, EmittedEvent, Outbox, outbox},
    envelope::id,
    event::StartingEvent,
    registry::Ids,
    runner::plan::{Emitted, emitted},
};

/// An event type made ready to be started.
pub(crate) struct Ready {
    pub(crate) emitted: Emitted,
    /// `1.2`.
    pub(crate) contract_version: String,
    workflow: &'static str,
    /// It, and behind it the older majors in which the same fact is written.
    declared: Vec<EmittedEvent>,
    /// Those older majors.
    older: Vec<Arc<Ready>>,
}

impl Ready {
    /// The event type `E` from `source`; `topic` gives a topic its name on the broker.
    pub(crate) fn of<E: StartingEvent>(
        source: &str,
        topic: impl Fn(&str) -> String,
    ) -> Result<Self, StartError> {
        let declared = Declared::with::<E>(Vec::new());
        let older = declared.iter().skip(1).map(|event| Ok(Arc::new(Self::one(event, source, &topic)?)));
        let older = older.collect::<Result<_, StartError>>()?;
        let ready = Self::one(&EmittedEvent::of::<E>(), source, &topic)?;
        Ok(Self { declared, older, ..ready })
    }

    fn one(event: &EmittedEvent, source: &str, topic: impl Fn(&str) -> String) -> Result<Self, StartError> {
        let emitted = emitted(event, source, topic).map_err(|error| StartError::Contract {
            event_type: format!("{}.v{}", event.name, event.major),
            problem: error.to_string(),
        })?;
        Ok(Self {
            emitted,
            contract_version: format!("{}.{}", event.major, event.minor),
            workflow: event.starts.unwrap_or_default(),
            declared: Vec::new(),
            older: Vec::new(),
        })
    }

    /// It, and behind it the older majors in which the same fact is written.
    pub(crate) fn declared(&self) -> &[EmittedEvent] {
        &self.declared
    }

    /// Lets the events carry the ids of their contracts.
    pub(crate) fn identify(&mut self, ids: &Ids) {
        ids.add_to(&mut self.emitted.headers);
        // Nobody shares them yet.
        for older in self.older.iter_mut().filter_map(Arc::get_mut) {
            ids.add_to(&mut older.emitted.headers);
        }
    }

    /// The workflow that it starts.
    pub(crate) fn workflow(&self) -> &'static str {
        self.workflow
    }

    /// The type with its major.
    pub(crate) fn event_type(&self) -> &str {
        self.emitted.headers.event_type()
    }

    /// The majors in which the fact is written, as the header `wf` says them.
    pub(crate) fn majors(&self) -> &str {
        &self.emitted.majors
    }
}

impl fmt::Debug for Ready {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Ready").field("event_type", &self.event_type()).finish_non_exhaustive()
    }
}

/// An event that keeps its contract, on its way to the log.
#[derive(Debug)]
pub(crate) struct Starting {
    pub(crate) ready: Arc<Ready>,
    pub(crate) key: Vec<u8>,
    pub(crate) value: Vec<u8>,
    pub(crate) subject: Option<Vec<u8>>,
    /// The same fact in older majors, the oldest first. They are handed over before it.
    pub(crate) older: Vec<Starting>,
}

impl Starting {
    /// Encodes the event and asserts its contract.
    pub(crate) fn new<E: StartingEvent>(
        ready: &Arc<Ready>,
        event: &E,
        max_bytes: usize,
    ) -> Result<Self, StartError> {
        let contracts =
            std::iter::once(ready).chain(&ready.older).map(|one| Arc::clone(&one.emitted.contract));
        let mut outbox = Outbox::asserting(&ready.declared, contracts.collect(), max_bytes);
        outbox.push(event)?;
        let mut tape = Tape::with_max_bytes(max_bytes);
        // Each older major was pushed once, the oldest first, and behind them the event itself.
        let emitted = &outbox.emits()[ready.older.len()];
        let mut starting = Self::checked(Arc::clone(ready), &outbox, emitted, &mut tape)?;
        for (older, emit) in ready.older.iter().rev().zip(outbox.emits()) {
            starting.older.push(Self::checked(Arc::clone(older), &outbox, emit, &mut tape)?);
        }
        Ok(starting)
    }

    fn checked(
        ready: Arc<Ready>,
        outbox: &Outbox,
        emit: &outbox::Emitted,
        tape: &mut Tape,
    ) -> Result<Self, StartError> {
        let value = outbox.bytes(&emit.value);
        // What was not found to keep its contract while it was encoded is looked at.
        let kept = if emit.kept { Ok(()) } else { ready.emitted.contract.check(tape, value) };
        kept.map_err(|problem| StartError::Contract {
            event_type: ready.event_type().to_owned(),
            problem: problem.to_string(),
        })?;
        let (key, value) = (outbox.bytes(&emit.key).to_vec(), value.to_vec());
        let subject = emit.subject.as_ref().map(|range| outbox.bytes(range).to_vec());
        Ok(Self { ready, key, value, subject, older: Vec::new() })
    }

    /// The id of an older major of the event that has the id `event`.
    pub(crate) fn id_beside(&self, event: &str) -> Uuid {
        id::derived(event, self.ready.emitted.headers.source(), self.ready.event_type(), 0)
    }
}
