//! Every bound that this crate sets, in one place.

use std::time::Duration;

/// How often one record may be replayed: one that came back as often is refused, unless forced.
pub const MAX_REPLAYS: u32 = 10;

/// How many dead letters one look reads. Their ids are kept in memory, 16 bytes each.
pub const MAX_READ: u64 = 10_000_000;

/// How many dead letters one action may choose.
pub const MAX_CHOSEN: usize = 1_000_000;

/// How many actions the audit topic may tell of.
pub const MAX_ACTIONS: usize = 10_000_000;

/// How many dead letters one page of a list holds at most.
pub const MAX_PAGE: usize = 1_000;

/// How many bytes the records of one page hold at most; one larger record is a page by itself.
pub const MAX_PAGE_BYTES: usize = 64 * 1024 * 1024;

/// How many groups a list tells of at most; what does not fit into them is counted in the last.
pub const MAX_GROUPS: usize = 200;

/// How many dead letters one Kafka transaction replays or discards.
pub const MAX_BATCH: usize = 200;

/// How many bytes of values one Kafka transaction replays; one record more may go over it.
pub const MAX_BATCH_BYTES: usize = 4 * 1024 * 1024;

/// How many refusals a report lists; all are counted.
pub const MAX_REFUSALS: usize = 1_000;

/// The longest original value that stands in the audit record of an edited dead letter itself, in bytes. A longer one
/// stands in records behind it.
pub const MAX_VALUE_WITHIN_BYTES: usize = 256 * 1024;

/// The most bytes of an original value in one such record.
pub const MAX_PART_BYTES: usize = 512 * 1024;

/// The most such records. Of a value that is longer than they can hold size and SHA-256 are kept, and the dead letter
/// itself stays where it is.
pub const MAX_PARTS: usize = 64;

/// The longest name of who acts, and the longest reason for discarding, in bytes.
pub const MAX_WORDS_BYTES: usize = 1024;

/// How often in a row a transaction may come to an unknown end before the action is given up. It can be run again.
pub const MAX_ROUNDS: u32 = 5;

/// How long a broker may take for one answer.
pub const ANSWER_WITHIN: Duration = Duration::from_secs(30);

/// How long nothing may arrive from a log that has more.
pub const NOTHING_WITHIN: Duration = Duration::from_mins(1);

/// How long a transaction may stay open before the brokers abort it: as long a killed tool holds up who reads the retry
/// topic.
pub const TRANSACTION_TIMEOUT: Duration = Duration::from_secs(30);

/// How long other tools' open transactions on the audit topic are waited for: the brokers end them within
/// [`TRANSACTION_TIMEOUT`] and the ten seconds between two of their looks.
pub const OTHERS_WITHIN: Duration = Duration::from_mins(1);
