//! What a service binary's exit code means, in one place.

/// It did what was asked: the service ran and left in order, or there was nothing to find.
pub const OK: u8 = 0;

/// It ended, and there is something to mend: contracts drifted, or a step failed.
pub const FINDINGS: u8 = 1;

/// It did not begin: an argument, a setting or a declaration of the service is wrong.
pub const USAGE: u8 = 2;

/// It could not come to its end: a file could not be read or written, or a drain outlasted its deadline.
pub const COULD_NOT_COMPLETE: u8 = 3;
