//! A starting event, encoded and checked.

use std::{fmt, sync::Arc};

use choreograph_contracts::Tape;

use super::StartError;
use crate::{
    emits::{EmittedEvent, Outbox},
    event::StartingEvent,
    runner::plan::{Emitted, emitted},
};

/// An event type made ready to be started.
pub(crate) struct Ready {
    pub(crate) emitted: Emitted,
    /// `1.2`.
    pub(crate) contract_version: String,
    declared: EmittedEvent,
}

impl Ready {
    /// The event type `E` from `source`; `topic` gives a topic its name on the broker.
    pub(crate) fn of<E: StartingEvent>(
        source: &str,
        topic: impl Fn(&str) -> String,
    ) -> Result<Self, StartError> {
        let declared = EmittedEvent::of::<E>();
        let emitted = emitted(&declared, source, topic).map_err(|error| StartError::Contract {
            event_type: format!("{}.v{}", E::NAME, E::MAJOR),
            problem: error.to_string(),
        })?;
        Ok(Self { emitted, contract_version: format!("{}.{}", E::MAJOR, E::MINOR), declared })
    }

    /// The workflow that it starts.
    pub(crate) fn workflow(&self) -> &'static str {
        self.declared.starts.unwrap_or_default()
    }

    /// The type with its major.
    pub(crate) fn event_type(&self) -> &str {
        &self.emitted.headers.event_type
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
}

impl Starting {
    /// Encodes the event and asserts its contract.
    pub(crate) fn new<E: StartingEvent>(
        ready: Arc<Ready>,
        event: &E,
        max_bytes: usize,
    ) -> Result<Self, StartError> {
        let mut outbox = Outbox::new(&[ready.declared]);
        outbox.push(event)?;
        let mut tape = Tape::with_max_bytes(max_bytes);
        // One was pushed.
        let emit = &outbox.emits()[0];
        let value = outbox.bytes(&emit.value);
        ready.emitted.contract.check(&mut tape, value).map_err(|problem| StartError::Contract {
            event_type: ready.event_type().to_owned(),
            problem: problem.to_string(),
        })?;
        let (key, value) = (outbox.bytes(&emit.key).to_vec(), value.to_vec());
        let subject = emit.subject.as_ref().map(|range| outbox.bytes(range).to_vec());
        Ok(Self { ready, key, value, subject })
    }
}
