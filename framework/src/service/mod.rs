//! The deployable: some steps, one name, one state.

mod builder;
mod check;
mod contracts;
mod definition;
mod exit_codes;
mod key_check;
mod main;
mod panics;
mod run;

pub use builder::Service;
pub use check::ServiceError;
pub(crate) use check::is_name;
pub(crate) use definition::ServiceDef;
pub use run::RunError;
pub mod exit {
    //! What a service binary's exit code means.
    pub use super::exit_codes::{COULD_NOT_COMPLETE, FINDINGS, OK, USAGE};
}
