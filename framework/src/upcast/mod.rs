//! Reading events of older majors: one function a step from a major to the next, on raw JSON.
//!
//! Topics, retry topics and dead letters keep what was written, and emitters are not deployed on the same day as their
//! readers. A step reads one major of an event; with *upcasters* it reads those before it too. They stand on the event's
//! type, so that every step which consumes it has them:
//!
//! ```
//! use choreograph::{Event, UpcastError, upcast::Value};
//! use schemars::JsonSchema;
//! use serde::Deserialize;
//! use serde_json::json;
//!
//! #[derive(Debug, PartialEq, Event, Deserialize, JsonSchema)]
//! #[event(view, type = "order.placed", major = 3, topic = "orders", upcast(1 = in_cents, 2 = in_pounds))]
//! struct OrderPlaced {
//!     order_id: String,
//!     cents: u64,
//!     currency: String,
//! }
//!
//! /// Major 1 wrote `"total": "12.50"`.
//! fn in_cents(mut order: Value) -> Result<Value, UpcastError> {
//!     let total = order["total"].as_str().and_then(|total| total.replace('.', "").parse::<u64>().ok());
//!     order["cents"] = json!(total.ok_or("`total` is no amount")?);
//!     Ok(order)
//! }
//!
//! /// Before major 3 every amount was in pounds.
//! fn in_pounds(mut order: Value) -> Result<Value, UpcastError> {
//!     order["currency"] = json!("GBP");
//!     Ok(order)
//! }
//!
//! let order: OrderPlaced = choreograph::upcast::read(1, br#"{"order_id":"7","total":"12.50"}"#)?;
//! assert_eq!(order, OrderPlaced { order_id: "7".into(), cents: 1250, currency: "GBP".into() });
//! # Ok::<(), choreograph::upcast::ReadError>(())
//! ```
//!
//! What they lead to is held against the reader's view like any other event: what breaks it is a `contract_violation`,
//! what an upcaster refuses is `unreadable`, and the dead letter names the link. An event that is in the reader's major
//! goes none of this way and costs nothing more than without upcasters. Numbers are those of [`serde_json::Value`]: whole
//! ones of 64 bits, all others as floating-point numbers.
//!
//! The chain has no gap, or the service does not compile (one declared by hand, without the derive, does not start). The
//! manifest lists the majors, so that `choreograph topology check` knows what a step reads. [`golden`] holds the upcasters
//! against events that were recorded. A new *minor* needs no upcaster: it breaks no reader.

mod chain;
mod golden;

use std::borrow::Cow;
use std::fmt;

pub(crate) use chain::{Chain, Stuck, problems};
use choreograph_contracts::{Contract, DecodeError, Tape};
pub use golden::{GoldenError, golden};

use crate::event::Event;

/// What upcasters read and write: raw JSON. It is [`serde_json::Value`].
pub type Value = serde_json::Value;

/// One step from a major of an event to the next: `#[event(.., upcast(1 = from_v1))]`.
#[derive(Clone, Copy)]
pub struct Upcast {
    from: u32,
    with: fn(Value) -> Result<Value, UpcastError>,
}

impl Upcast {
    /// The step from major `from` to the one after it.
    pub const fn new(from: u32, with: fn(Value) -> Result<Value, UpcastError>) -> Self {
        Self { from, with }
    }

    /// The major that it reads; what it answers is one higher.
    pub const fn from(&self) -> u32 {
        self.from
    }
}

impl fmt::Debug for Upcast {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Upcast({} → {})", self.from, self.from.saturating_add(1))
    }
}

/// Why an upcaster cannot lead a value on. The text ends in a dead letter's header and in logs: it says what is wrong
/// with the value and does not quote it. A text becomes one by `?`.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct UpcastError(Cow<'static, str>);

impl From<&'static str> for UpcastError {
    fn from(text: &'static str) -> Self {
        Self(Cow::Borrowed(text))
    }
}

impl From<String> for UpcastError {
    fn from(text: String) -> Self {
        Self(Cow::Owned(text))
    }
}

/// Why an event of some major is not read; see [`read`].
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct ReadError(String);

/// Reads an event that was written in `major` as the runtime would: upcasters, contract, type. For tests, and for
/// programs that look on.
///
/// # Errors
///
/// [`ReadError`] where no upcaster leads from `major`, one refuses the value, or what they lead to breaks the reader's
/// view.
///
/// # Panics
///
/// Where the event's own `Deserialize` does.
pub fn read<E: Event>(major: u32, value: &[u8]) -> Result<E, ReadError> {
    lift::<E>(major, value).map(|(event, _)| event)
}

/// The event, and its value in the reader's major.
fn lift<E: Event>(major: u32, value: &[u8]) -> Result<(E, Vec<u8>), ReadError> {
    let mut tape = Tape::new();
    let contract = Contract::compile(&crate::schema::reader::<E>())
        .map_err(|error| ReadError(format!("the reader's view cannot be used: {error}")))?;
    let lifted = if major == E::MAJOR {
        value.to_vec()
    } else {
        let chain = Chain::of(E::NAME, E::MAJOR, E::UPCASTS, major)
            .ok_or_else(|| ReadError(format!("no upcaster leads from {}.v{major}", E::NAME)))?;
        chain.lift(&mut tape, value).map_err(|stuck| ReadError(stuck.to_string()))?
    };
    let event = contract.decode(&mut tape, &lifted).map_err(|error| {
        ReadError(match error {
            DecodeError::Check(error) => format!("as major {}: {error}", E::MAJOR),
            DecodeError::Unreadable(error) => format!("as major {}: {error}", E::MAJOR),
        })
    })?;
    Ok((event, lifted))
}
