//! The real binary, as a shell and a CI job run it.

mod check;
mod diff;
mod explain;
mod git;
mod registry;
mod support;
mod usage;
