//! The laws as a state machine: inputs in, commands out; no I/O, no clock.

/// Milliseconds since the Unix epoch, monotone, as the driver's clock says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub(crate) struct Time(pub(crate) u64);

/// The driver's number for one partition of one topic, stable for the driver's life.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Slot(pub(crate) u32);
