//! Stages *decode* and *check contract in*, one pass: the value is JSON within the bounds, keeps the reader's view, and
//! is read into the step's type.

use choreograph_contracts::{CheckError, Contract, ContractId, Tape};

use super::{
    failure::Failure,
    handle::{Handlers, Refused, Seat},
    plan::{Older, Route},
    port::RawRecord,
};
use crate::{
    engine::Reason,
    envelope::head::{Head, Known},
    step::{Unread, Unreadable},
    upcast::Stuck,
    wire::unframed,
};

/// A value that keeps its contract and is not in a seat all the same.
pub(crate) enum Kept {
    Unreadable(Unreadable),
    /// The team's own code panicked while it was read; in words.
    Panicked(String),
}

/// Reads the record's value into a seat and asserts the reader's view of its event. What breaks its contract is told
/// as that, whatever the type makes of it. A value of an older major is led to the step's first.
pub(crate) fn check_in(
    (index, route): (usize, &Route),
    tape: &mut Tape,
    record: &impl RawRecord,
    handlers: &mut Handlers,
) -> Result<Result<Box<Seat>, Kept>, (Reason, Failure)> {
    let Some(value) = record.value() else {
        let text = "no value (a tombstone), where the event has one";
        return Err((Reason::Undecodable, Failure::new("undecodable", text)));
    };
    let mut attempt = |value| match &route.older {
        Some(older) => read_older(older, route, tape, (record.head(), value), handlers),
        None => read((index, route), tape, (record.head(), value), handlers),
    };
    let read = attempt(value);
    // JSON does not begin with a zero byte: only what cannot be decoded is looked at again.
    match (&read, unframed(value)) {
        (Err((Reason::Undecodable, _)), Some(json)) => attempt(json),
        _ => read,
    }
}

fn read(
    (index, route): (usize, &Route),
    tape: &mut Tape,
    (head, value): (&Head, &[u8]),
    handlers: &mut Handlers,
) -> Result<Result<Box<Seat>, Kept>, (Reason, Failure)> {
    let contract = asserted(route);
    match handlers.read(index, contract, tape, value) {
        Ok(seat) => Ok(Ok(seat)),
        Err(Refused::Unread(Unread::Check(error))) => Err(broken(route, head, &error)),
        Err(Refused::Unread(Unread::Type(unreadable))) => Ok(Err(Kept::Unreadable(unreadable))),
        Err(Refused::Panicked(text)) => match contract.map(|contract| contract.check(tape, value)) {
            Some(Err(error)) => Err(broken(route, head, &error)),
            _ => Ok(Err(Kept::Panicked(text))),
        },
    }
}

#[cold]
fn read_older(
    older: &Older,
    route: &Route,
    tape: &mut Tape,
    (head, value): (&Head, &[u8]),
    handlers: &mut Handlers,
) -> Result<Result<Box<Seat>, Kept>, (Reason, Failure)> {
    let lifted = {
        let _in_team_code = handlers.enter();
        older.chain.lift(tape, value)
    };
    match lifted {
        Ok(lifted) => read((older.to, route), tape, (head, &lifted), handlers),
        Err(Stuck::Undecodable(error)) => Err(broken(route, head, &error)),
        Err(Stuck::Refused(text)) => Ok(Err(Kept::Unreadable(Unreadable::new(text)))),
        Err(Stuck::Panicked(text)) => Ok(Err(Kept::Panicked(text))),
    }
}

#[cfg_attr(
    not(feature = "cost"),
    expect(clippy::unnecessary_wraps, reason = "what measures the check can do without it")
)]
fn asserted(route: &Route) -> Option<&Contract> {
    #[cfg(feature = "cost")]
    if !crate::cost::asserts_contracts() {
        return None;
    }
    Some(&route.contract)
}

fn broken(route: &Route, head: &Head, error: &CheckError) -> (Reason, Failure) {
    let CheckError::Violations(violations) = error else {
        return (Reason::Undecodable, Failure::new("undecodable", error.to_string()));
    };
    let newer = newer_minor(route, head).unwrap_or_default();
    let lifted =
        route.older.as_ref().map(|older| format!("after {}, ", older.chain.title())).unwrap_or_default();
    let text = format!("{newer}{lifted}the value breaks its contract: {violations}");
    let failure = Failure::violated("contract_violation", &route.contract_name, text, violations);
    (Reason::ContractViolation, failure)
}

/// Says so where the record was written under a newer minor than this step knows: then the break is the producer's.
fn newer_minor(route: &Route, head: &Head) -> Option<String> {
    let known = route.minor?;
    let written = ContractId::parse(head.text(Known::DataSchema)?).ok()?.minor();
    (written > known)
        .then(|| format!("newer_minor: written under minor {written}, this step knows {known}; "))
}

#[cfg(test)]
mod tests {
    use super::{super::plan::tests::plan_reading, *};

    #[test]
    fn a_newer_minor_is_the_producers_break() {
        let mut plan = plan_reading(&[("order.placed", 1)]);
        let route = &mut plan.routes[0];
        let head = |contract: &'static str| Head::of(1, [("ce_dataschema", Some(contract.as_bytes()))]);
        let newer = head("urn:contract:order.placed/1.3");
        assert_eq!(newer_minor(route, &newer), None, "a view knows no minor");
        route.minor = Some(2);
        let told = newer_minor(route, &newer).expect("3 is newer than 2");
        assert_eq!(told, "newer_minor: written under minor 3, this step knows 2; ");
        for known in ["urn:contract:order.placed/1.2", "urn:contract:order.placed/1.0", "nonsense"] {
            assert_eq!(newer_minor(route, &head(known)), None, "{known}");
        }
    }
}
