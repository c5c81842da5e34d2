//! The laws of the runtime as a state machine: no I/O, no clock, no async. What happened goes in, commands come out.
//!
//! One [`Engine`] decides for one step: what may start, what a failed attempt becomes, what may be committed, when a
//! partition is paused, what a revoke or a shutdown waits for. A driver tells it what happened, with the time, and does
//! what [`Engine::next_command`] says, in that order, until there is nothing left; it calls [`Engine::tick`] no later
//! than [`Engine::next_wake`] asks for.
//!
//! A record is *taken*, waits in its [lane](lanes), *runs*, is *handed over* to the producer (its key goes on), and is
//! *settled* when everything it published is acknowledged. Only the [ledger] moves the committed offset.

mod bug;
mod command;
mod commit;
mod drain;
mod gate;
mod lanes;
mod ledger;
mod limits;
mod machine;
mod metadata;
mod outage;
mod partition;
mod pause;
mod repeated;
mod retry;
mod run;
mod settings;
mod settle;
mod status;

pub(crate) use self::{
    command::{Command, Finish, Reason, Slot, Ticket, Time},
    drain::CutShort,
    machine::Engine,
    metadata::{Left, read as read_metadata},
    retry::HeldFor,
    settings::{Retry, Settings},
};

#[cfg(test)]
mod tests;
