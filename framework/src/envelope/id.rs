//! Event ids: derived ones, which are the same each time a record is handled, and fresh ones.

use uuid::Uuid;
use xxhash_rust::xxh3::{Xxh3, xxh3_128};

/// What is hashed in one go; ids, groups and types are far shorter.
const GATHERED_BYTES: usize = 320;
const LENGTH_BYTES: usize = 8;
const POSITION_BYTES: usize = 4;

/// The id of the event emitted at `position` (among the emits of one type of one run) by the group's
/// handling of the event `cause`: a `UUIDv8` ([RFC 9562](https://www.rfc-editor.org/rfc/rfc9562#name-uuid-version-8)) over
/// XXH3-128. A record handled again emits the same ids, on every machine and in every version.
pub(crate) fn derived(cause: &str, group: &str, event_type: &str, position: u32) -> Uuid {
    // The bytes are gathered on the stack: one pass is three times cheaper than the streaming state.
    let mut bytes = [0_u8; GATHERED_BYTES];
    let mut length = 0;
    // Lengths go in so that no two different inputs read alike.
    for part in [cause, group, event_type] {
        let end = length + LENGTH_BYTES + part.len();
        if end + POSITION_BYTES > GATHERED_BYTES {
            return derived_from_long(cause, group, event_type, position);
        }
        bytes[length..length + LENGTH_BYTES].copy_from_slice(&(part.len() as u64).to_le_bytes());
        bytes[length + LENGTH_BYTES..end].copy_from_slice(part.as_bytes());
        length = end;
    }
    bytes[length..length + POSITION_BYTES].copy_from_slice(&position.to_le_bytes());
    Uuid::new_v8(xxh3_128(&bytes[..length + POSITION_BYTES]).to_be_bytes())
}

/// The same digest, for inputs which do not fit the stack buffer.
fn derived_from_long(cause: &str, group: &str, event_type: &str, position: u32) -> Uuid {
    let mut hash = Xxh3::new();
    for part in [cause, group, event_type] {
        hash.update(&(part.len() as u64).to_le_bytes());
        hash.update(part.as_bytes());
    }
    hash.update(&position.to_le_bytes());
    Uuid::new_v8(hash.digest128().to_be_bytes())
}

/// The id of a starting event whose caller gave an idempotency id: the same id gives the same event.
pub(crate) fn from_idempotency_id(id: &str, source: &str, event_type: &str) -> Uuid {
    derived(id, source, event_type, u32::MAX)
}

/// The id of a record that carries none: where it lies.
pub(crate) fn of_stranger(topic: &str, partition: i32, offset: i64) -> Uuid {
    derived(&offset.to_string(), topic, &partition.to_string(), 0)
}

/// The fresh id of a starting event: a `UUIDv7`, ordered by time.
pub(crate) fn fresh() -> Uuid {
    Uuid::now_v7()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_derived_id_never_changes() {
        // Ids lie on topics for years: this value is a promise.
        let id = derived("018f2b1e-0000-7000-8000-000000000000", "payment.charge", "payment.confirmed.v1", 0);
        assert_eq!(id.to_string(), "2ea4cd0f-e49b-84c0-9fcd-c5c6d3e6cf85");
    }

    #[test]
    fn long_inputs_are_hashed_alike() {
        let args = ("c", "payment.charge", "payment.confirmed.v1", 3);
        assert_eq!(
            derived(args.0, args.1, args.2, args.3),
            derived_from_long(args.0, args.1, args.2, args.3)
        );
        let long = "x".repeat(1_000);
        assert_ne!(derived(&long, args.1, args.2, 0), derived(&long, args.1, args.2, 1));
    }

    #[test]
    fn each_input_counts_and_none_runs_into_the_next() {
        let base = derived("ab", "c", "d", 0);
        for other in [derived("a", "bc", "d", 0), derived("ab", "cd", "", 0), derived("ab", "c", "d", 1)] {
            assert_ne!(base, other);
        }
        assert_eq!(base.get_version_num(), 8);
    }

    #[test]
    fn strangers_differ_by_place() {
        assert_ne!(of_stranger("t", 0, 1), of_stranger("t", 1, 0));
        assert_eq!(of_stranger("t", 0, 1), of_stranger("t", 0, 1));
    }
}
