//! The driver against the embedded broker, with a stand-in for the runner: it copies every record to another
//! topic and commits what was acknowledged without a gap.

mod copier;
mod driver;
pub(super) mod running;
