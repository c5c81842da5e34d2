//! Contracts of events: what an event of a type and version may hold, as JSON Schema 2020-12; written from the
//! owner's Rust type, kept as files, asserted on every event, and compared with what its readers need.
//!
//! - [`ContractId`] and [`EventVersion`] are the names: `urn:contract:order.placed/1.3`, `order.placed.v1`.
//! - [`views`] makes the two views of a type: closed for who writes the event, open for who reads it.
//! - [`Contract`] is a compiled schema; [`Contract::check`] says of an event's bytes whether they keep it, and if
//!   not, which rules they break, without repeating anything the event holds. A [`Tape`] is its scratch space.
//! - [`Contract::decode`] and [`Contract::encode`] say the same while they read an event into its type or write it,
//!   in the pass that serde makes anyway. What they cannot tell for sure, `check` decides;
//!   [`Contract::buffered`] names the places where that is so from the start.
//! - [`SchemaDir`] is the folder of contract files: written once, never changed in meaning
//!   ([`same_meaning`]), compared with the code and with the views of consumers.
//! - [`compat`] compares two versions of a contract, and a reader with a writer.
//!
//! This crate knows nothing of Kafka, opens no connection, and reads and writes no file but those of a
//! [`SchemaDir`]. Every bound is a constant with its reason: [`MAX_EVENT_BYTES`], [`MAX_DEPTH`], and the others
//! named `MAX_…`.
//!
//! ```
//! use choreograph_contracts::{CheckError, Contract, ContractId, Tape, views};
//!
//! #[derive(schemars::JsonSchema)]
//! struct OrderPlaced {
//!     order_id: String,
//!     total: u32,
//! }
//!
//! let id = ContractId::new("order.placed", 1, 0)?;
//! let contract = Contract::compile(&views::writer_schema::<OrderPlaced>(id))?;
//! let mut tape = Tape::new(); // one for each thread, used again for every event
//!
//! assert!(contract.check(&mut tape, br#"{"order_id":"7","total":12}"#).is_ok());
//! match contract.check(&mut tape, br#"{"order_id":"7","total":-1}"#) {
//!     Err(CheckError::Violations(report)) => assert_eq!(report.to_string(), "`minimum` at /total"),
//!     other => panic!("{other:?}"),
//! }
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

#![deny(missing_docs)]

pub mod compat;
mod contract;
mod error;
mod files;
mod limits;
mod meaning;
mod program;
mod schema;
mod tape;
mod typed;
mod version;
pub mod views;

pub use contract::{Contract, Kept};
pub use error::{CheckError, DecodeError, EncodeError, UndecodableReason, Violation, Violations};
pub use files::{ContractFile, Finding, Gap, MAX_GAPS, Problem, SchemaDir, WriteError, Written};
pub use limits::*;
pub use meaning::{first_difference, same_meaning};
pub use program::BufferedPlace;
pub use schema::CompileError;
pub use tape::Tape;
pub use version::{
    CONTRACT_URI_PREFIX, ContractId, EventVersion, MAX_EVENT_NAME_BYTES, NameError, is_event_name,
};
