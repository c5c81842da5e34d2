//! Every bound that this crate sets, in one place.

/// The largest event that a [`Tape`](crate::Tape) takes by default, in bytes: 1 MiB, Kafka's own default for a
/// message.
pub const MAX_EVENT_BYTES: usize = 1024 * 1024;

/// How many objects and arrays of an event may stand inside each other. Half of what `serde_json` allows (it
/// stops at 128), so what passes here never fails there for its depth.
pub const MAX_DEPTH: usize = 64;

/// The largest contract, as compact JSON, in bytes.
pub const MAX_SCHEMA_BYTES: usize = 256 * 1024;

/// How many JSON objects and arrays of a contract may stand inside each other.
pub const MAX_SCHEMA_DEPTH: usize = 64;

/// How many schemas of a contract may stand inside each other when each `$ref` is written out: checking and
/// comparing go as deep, on the stack.
pub const MAX_EXPANDED_DEPTH: usize = 128;

/// How many schemas a contract may come to when each `$ref` is written out (a recursive one once on each path).
///
/// References double at each level for the price of a line: 28 levels of two hold up a process for seconds.
pub const MAX_EXPANDED_SCHEMAS: u64 = 20_000;

/// How many violations one report lists.
pub const MAX_VIOLATIONS: usize = 20;

/// The largest report as JSON, in bytes: it travels in a header.
pub const MAX_REPORT_BYTES: usize = 4096;

/// The longest path that a report shows, in bytes; a longer one ends in `…`.
pub const MAX_PATH_BYTES: usize = 256;

/// Events with more values and names than this get a report of their first violation only: looking for all of
/// them costs memory for each one found.
pub const MAX_REPORTED_ENTRIES: usize = 20_000;

/// The largest contract file that is read, in bytes: a contract of [`MAX_SCHEMA_BYTES`] with its indentation.
pub const MAX_FILE_BYTES: usize = 4 * MAX_SCHEMA_BYTES;

/// How many places a contract may come to before it is checked as a whole instead of in passing.
pub const MAX_PROGRAM_NODES: usize = 8_192;

/// How many looks at a place compiling a contract may take before it is checked as a whole.
pub const MAX_PROGRAM_STEPS: usize = 50_000;

/// How many names one object of a contract may declare before it is checked as a whole: one bit each.
pub const MAX_DECLARED_NAMES: usize = 128;

/// How many `patternProperties` may apply to one object before it is checked as a whole: each doubles the ways in
/// which a name can match.
pub const MAX_NAME_PATTERNS: usize = 4;

/// How many places of a contract may be buffered before all of it is: each has a validator of its own.
pub const MAX_BUFFERED_PLACES: usize = 16;

/// How deep places may stand inside each other, `$ref`s followed, before a contract is checked as a whole: they are
/// compiled on the stack.
pub const MAX_PROGRAM_DEPTH: usize = 160;
