//! The laws one by one, then random schedules.

mod laws;
mod random;
mod speed;
