//! From a plain async function to a step: what it takes, what it returns, and how it is run.

mod definition;
mod erased;
mod error;
mod extract;
mod handler;
mod policy;
mod retry;
mod returns;

#[expect(clippy::module_inception, reason = "a step is the noun of this folder")]
mod step;

pub(crate) use definition::StepDef;
pub(crate) use erased::{ErasedStep, HandlerSlot, Unread, Unreadable};
pub(crate) use error::Failure;
pub use error::{ErrorKind, StepError};
pub use extract::{Extract, FromRef, State};
pub use handler::{Handler, Input};
pub(crate) use policy::Policy;
pub use policy::StartFrom;
pub use retry::Retry;
pub use returns::Returns;
pub use step::{Step, step};
