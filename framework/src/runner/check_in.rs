//! Stages *decode* and *check contract in*: the value is JSON within the bounds and keeps the reader's view.

use choreograph_contracts::{CheckError, ContractId, Tape};

use super::{failure::Failure, plan::Route, port::RawRecord};
use crate::{
    engine::Reason,
    envelope::head::{Head, Known},
};

/// Asserts the reader's view of the event on the record's value, and hands the value out.
pub(crate) fn check_in<'r>(
    route: &Route,
    tape: &mut Tape,
    head: &Head,
    record: &'r impl RawRecord,
) -> Result<&'r [u8], (Reason, Failure)> {
    let Some(value) = record.value() else {
        let text = "no value (a tombstone), where the event has one";
        return Err((Reason::Undecodable, Failure::new("undecodable", text)));
    };
    #[cfg(feature = "cost")]
    if !crate::cost::asserts_contracts() {
        return Ok(value);
    }
    match route.contract.check(tape, value) {
        Ok(()) => Ok(value),
        Err(CheckError::Violations(violations)) => {
            let newer = newer_minor(route, head).unwrap_or_default();
            let text = format!("{newer}the value breaks its contract: {violations}");
            let failure = Failure::violated("contract_violation", &route.contract_name, text, &violations);
            Err((Reason::ContractViolation, failure))
        }
        Err(error) => Err((Reason::Undecodable, Failure::new("undecodable", error.to_string()))),
    }
}

/// Says so where the record was written under a newer minor than this step knows: then the break is the producer's.
fn newer_minor(route: &Route, head: &Head) -> Option<String> {
    let known = route.minor?;
    let written = ContractId::parse(head.text(Known::DataSchema)?).ok()?.minor();
    (written > known)
        .then(|| format!("newer_minor: written under minor {written}, this step knows {known}; "))
}
