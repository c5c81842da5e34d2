//! Stage *decode*: the record's value, of whatever major and frame, into the step's type. [`check_in`](super::check_in) takes place in the
//! same pass.

use choreograph_contracts::Tape;

use super::{
    check_in::{asserted, broken},
    failure::Failure,
    handle::{Handlers, Refused, Seat},
    plan::{Older, Route},
    port::RawRecord,
};
use crate::{
    engine::Reason,
    envelope::head::Head,
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

/// Reads the record's value into a seat, which keeps the reader's view of its event. What breaks its contract is told
/// as that, whatever the type makes of it. A value of an older major is led to the step's first.
pub(crate) fn decode(
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
        Err(Refused::Unread(unread)) => match *unread {
            Unread::Check(error) => Err(broken(route, head, &error)),
            Unread::Type(unreadable) => Ok(Err(Kept::Unreadable(unreadable))),
        },
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
