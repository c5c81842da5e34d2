//! Stage *check contract out*: every emit of a run keeps its writer's view before the first is sent. Most were found to
//! while they were encoded; the others are looked at here.

use choreograph_contracts::{CheckError, Tape};

use super::{Plan, failure::Failure};
use crate::emits::Outbox;

/// Asserts the writer's view of each emit in the outbox.
pub(crate) fn check_out(plan: &Plan, tape: &mut Tape, outbox: &Outbox) -> Result<(), Failure> {
    #[cfg(feature = "cost")]
    if !crate::cost::asserts_contracts() {
        return Ok(());
    }
    for emit in outbox.emits().iter().filter(|emit| !emit.kept) {
        let Some(emitted) = plan.emits.get(emit.event) else {
            return Err(Failure::new("emit_violation", "an event that the step does not declare"));
        };
        match emitted.contract.check(tape, outbox.bytes(&emit.value)) {
            Ok(()) => {}
            Err(CheckError::Violations(violations)) => {
                let text =
                    format!("the emitted {} breaks its contract: {violations}", emitted.headers.event_type());
                return Err(Failure::violated(
                    "emit_violation",
                    emitted.headers.data_schema(),
                    text,
                    &violations,
                ));
            }
            Err(error) => {
                let text = format!("the emitted {}: {error}", emitted.headers.event_type());
                return Err(Failure::new("emit_violation", text));
            }
        }
    }
    Ok(())
}
