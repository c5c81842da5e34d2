//! Contracts of events: JSON Schema versions as files, a writer's and a reader's view of a type, and checks
//! that say what is wrong without repeating what an event holds.

mod contract;
pub mod coverage;
mod error;
mod files;
mod limits;
mod meaning;
mod schema;
mod tape;
mod version;
pub mod views;

pub use contract::Contract;
pub use error::{CheckError, UndecodableReason, Violation, Violations};
pub use files::{ContractFile, Finding, Problem, SchemaDir, WriteError, Written};
pub use limits::*;
pub use meaning::{first_difference, same_meaning};
pub use schema::CompileError;
pub use tape::Tape;
pub use version::{
    CONTRACT_URI_PREFIX, ContractId, EventVersion, MAX_EVENT_NAME_BYTES, NameError, is_event_name,
};
