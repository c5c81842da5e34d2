//! Choreographed workflows on Kafka: a step is a plain async function, checked against contracts on the way
//! in and out.
//!
//! A *service* is some *steps* under one name. A step's first argument says which event it consumes, its return type
//! which events it may emit; both are read off the function's types and declared nowhere else. There is no controller:
//! each service reacts to events and emits its own, and its [`Manifest`] says so to whoever checks or watches.
//!
//! # The smallest complete service
//!
//! ```no_run
//! use std::process::ExitCode;
//!
//! use choreograph::{Event, In, Service, StepError, step};
//! use schemars::JsonSchema;
//! use serde::{Deserialize, Serialize};
//!
//! /// Somebody else's event: a view of the fields that this service needs.
//! #[derive(Event, Deserialize, JsonSchema)]
//! #[event(view, type = "order.placed", major = 1, topic = "orders")]
//! struct OrderPlaced {
//!     order_id: String,
//!     cents: u64,
//! }
//!
//! /// An event of this service's own: it has a version, a key, and a contract file written from it.
//! #[derive(Event, Serialize, Deserialize, JsonSchema)]
//! #[event(type = "payment.confirmed", version = "1.0", topic = "payments", key = "order_id")]
//! struct PaymentConfirmed {
//!     order_id: String,
//! }
//!
//! async fn charge(order: In<OrderPlaced>) -> Result<PaymentConfirmed, StepError> {
//!     if order.cents == 0 {
//!         return Err(StepError::reject("nothing_to_pay", "the order's total is zero"));
//!     }
//!     Ok(PaymentConfirmed { order_id: order.into_inner().order_id })
//! }
//!
//! fn service() -> Service {
//!     Service::new("payment", ()).step(step("charge", charge))
//! }
//!
//! fn main() -> ExitCode {
//!     service().main()
//! }
//! ```
//!
//! The binary answers `run` (the default), `manifest`, `contracts write`, `contracts check` and `--help`.
//!
//! # A step's types
//!
//! | in the function | means |
//! |---|---|
//! | first argument [`In<E>`](In) | consumes `E`: an event, or an enum of events with [`#[derive(Consumes)]`](macro@Consumes) |
//! | further arguments [`State<T>`](State) | the service's state, or a part of it by [`FromRef`] |
//! | returns what it [`Emits`] | `()`, an event, `Option`, `Vec`, tuples (fan-out), an enum with [`#[derive(Emits)]`](macro@Emits) (alternatives) |
//! | or `Result<_, `[`StepError`]`>` | `?` means retry; [`unavailable`](StepError::unavailable) an outage, [`reject`](StepError::reject) a dead letter |
//!
//! An emit that is not declared does not compile, nor does emitting a view, or asking for state that the service does
//! not have. How a step is run stands beside it: see [`Step`].
//!
//! # What is promised
//!
//! Delivery is at least once, in order for each key within a topic. A record is committed only when what its handling
//! emitted, or its dead letter, is acknowledged by the brokers; a record handled again emits the same ids, as long as its
//! handler returns the events of one type in the same order. A dead letter leaves its key's order. Effects outside Kafka
//! may happen more than once: make them idempotent.
//!
//! # Where to go on
//!
//! | | |
//! |---|---|
//! | test steps in memory, on a virtual clock | [`rehearsal`] |
//! | start workflows from outside any step | [`Publisher`] |
//! | read events of older majors | [`upcast`] |
//! | fail: again later, outage, never | [`StepError`], [`Retry`] |
//! | read what the envelope says | [`Metadata`], [`Workflow`] |
//! | several services in one process or test | [`Service::run`] |
//! | what a service can be told from outside | [`settings`] |
//! | what it declares, for CI and for whoever watches | [`manifest`] |
//! | traces, metrics, logs | [`telemetry`] |
//! | `/live`, `/ready`, `/metrics` | [`ops`] |
//!
//! # Features
//!
//! | feature | default | adds |
//! |---|---|---|
//! | `embedded` | no | `EmbeddedBroker`: librdkafka's mock cluster in the process, for a first look and quick tests |
//! | `ssl` | no | TLS and SASL/SCRAM with the system's OpenSSL |

#![deny(missing_docs)]

/// The project's README and its pages, so that their code is compiled and run as tests.
#[cfg(doctest)]
mod papers {
    #[doc = include_str!("../../README.md")]
    mod readme {}
    #[doc = include_str!("../../docs/evolution.md")]
    mod evolution {}
    #[doc = include_str!("../../CONTRIBUTING.md")]
    mod contributing {}
}

// The derive macros write `::choreograph::…`: in this crate's own tests that is this crate.
#[cfg(test)]
extern crate self as choreograph;

mod agent;
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
pub mod manifest;
pub mod ops;
mod publisher;
mod registry;
pub mod rehearsal;
mod runner;
mod schema;
mod service;
pub mod settings;
mod step;
pub mod telemetry;
pub mod upcast;
pub mod wire;

pub use choreograph_derive::{Consumes, Emits, Event};

#[doc(inline)]
pub use crate::{
    consumes::{Consumes, Routes},
    emits::{Alternative, Declared, EmitError, Emits, Outbox, Shape, Twins},
    envelope::{Headers, Metadata, Workflow},
    event::{Deprecation, Event, In, KeyError, OwnedEvent, StartingEvent},
    manifest::Manifest,
    publisher::{Publisher, StartError, Started},
    service::{RunError, Service, ServiceError, exit},
    step::{
        ErrorKind, Extract, FromRef, Handler, Input, Retry, Returns, StartFrom, State, Step, StepError, step,
    },
    upcast::{Upcast, UpcastError},
};

#[doc(hidden)]
pub mod __private;

#[cfg(feature = "embedded")]
#[doc(inline)]
pub use crate::kafka::{EmbeddedBroker, EmbeddedError};
