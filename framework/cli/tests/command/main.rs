//! The real binary, as a shell and a CI job run it.

mod approved;
mod bad_input;
mod check;
mod diff;
mod dlq;
mod drift;
mod evolution_guide;
mod examples;
mod explain;
mod forms;
mod git;
mod guessed;
mod guide;
mod hostile;
mod many;
mod observer;
mod registry;
mod scoreboard;
mod servers;
mod shell;
mod support;
mod topology;
mod topology_guide;
mod usage;
mod vectors;
