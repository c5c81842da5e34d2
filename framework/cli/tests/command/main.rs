//! The real binary, as a shell and a CI job run it.

mod diff;
mod explain;
mod support;
mod usage;
