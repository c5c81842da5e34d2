//! The command `run`: the service on Kafka, until it is told to leave.

use std::io::Write;

use crate::service::{ServiceDef, exit_codes};

/// Runs the service until SIGTERM or Ctrl-C, and answers the exit code.
pub(crate) fn run(service: &ServiceDef, errors: &mut dyn Write) -> std::io::Result<u8> {
    writeln!(errors, "error: the service {:?} cannot run: there is no runner in this build", service.name)?;
    Ok(exit_codes::COULD_NOT_COMPLETE)
}
