//! A running observer, asked over HTTP, and what it says put into words.

mod ask;
mod sight;
mod token;
mod words;

pub(crate) use ask::{Ask, Said};
pub(crate) use sight::{answer, unless_blind};
pub(crate) use token::token;
pub(crate) use words::{
    age, exit, has_stuck, has_stuck_step, instance, instances, is_stuck, is_unexplained, state_of,
};
