//! Choreographed workflows on Kafka: a step is a plain async function, checked against contracts on the way
//! in and out.

// The derive macros write `::choreograph::…`: in this crate's own tests that is this crate.
#[cfg(test)]
extern crate self as choreograph;

mod clock;
mod consumes;
#[cfg(feature = "cost")]
#[doc(hidden)]
pub mod cost;
mod emits;
mod engine;
mod envelope;
mod event;
mod kafka;
mod manifest;
pub mod ops;
pub mod rehearsal;
mod runner;
mod schema;
mod service;
pub mod settings;
mod step;
pub mod telemetry;

pub use choreograph_derive::{Consumes, Emits, Event};

#[doc(inline)]
pub use crate::{
    consumes::{Consumes, Routes},
    emits::{Declared, EmitError, Emits, Outbox, Shape},
    envelope::{Headers, Metadata, Workflow},
    event::{Event, In, KeyError, OwnedEvent, StartingEvent},
    kafka::{Publisher, StartError, Started},
    manifest::Manifest,
    service::{RunError, Service, ServiceError, exit},
    step::{
        ErrorKind, Extract, FromRef, Handler, Input, Retry, Returns, StartFrom, State, Step, StepError, step,
    },
};

#[doc(hidden)]
pub mod __private;

#[cfg(feature = "embedded")]
#[doc(inline)]
pub use crate::kafka::{EmbeddedBroker, EmbeddedError};
