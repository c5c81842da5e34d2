//! Ids in sixteen bytes.

use uuid::Uuid;
use xxhash_rust::xxh3::xxh3_128;

use super::save::saved;

/// An id of an event, an instance, a dead letter or an action.
///
/// A UUID in the form in which the framework writes it is kept as it is. Any other text is kept as its digest, marked
/// by a version that no UUID has, and the text stands beside the instance: see [`Id::is_digest`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub(super) struct Id {
    high: u64,
    low: u64,
}

saved!(Id { high, low });

/// Where the four bits of a UUID's version lie in its higher half.
const VERSION_BITS: u64 = 0xf000;

impl Id {
    /// No id.
    pub(super) const NONE: Self = Self { high: 0, low: 0 };

    /// The id that a text is.
    pub(super) fn of(text: &str) -> Self {
        if let Some(uuid) = canonical(text) {
            let (high, low) = uuid.as_u64_pair();
            let id = Self { high, low };
            if !id.is_digest() && !id.is_none() {
                return id;
            }
        }
        let digest = xxh3_128(text.as_bytes());
        Self { high: (digest >> 64) as u64 | VERSION_BITS, low: digest as u64 }
    }

    /// The id as one number.
    pub(super) fn number(self) -> u128 {
        u128::from(self.high) << 64 | u128::from(self.low)
    }

    /// The id that is this number.
    pub(super) fn from_number(number: u128) -> Self {
        Self { high: (number >> 64) as u64, low: number as u64 }
    }

    /// Whether it is none.
    pub(super) fn is_none(self) -> bool {
        self == Self::NONE
    }

    /// Whether it is the digest of a text, not a UUID.
    pub(super) fn is_digest(self) -> bool {
        self.high & VERSION_BITS == VERSION_BITS
    }

    /// The text of one that is no digest.
    pub(super) fn text(self) -> String {
        Uuid::from_u64_pair(self.high, self.low).as_hyphenated().to_string()
    }
}

/// The UUID, if the text is one in lower case with hyphens, so that writing it gives the same text.
fn canonical(text: &str) -> Option<Uuid> {
    let form =
        text.len() == uuid::fmt::Hyphenated::LENGTH && !text.bytes().any(|byte| byte.is_ascii_uppercase());
    if form { Uuid::try_parse(text).ok() } else { None }
}

/// The id of a record that carries none, as the framework derives it: where the record lies. `topic` is with its
/// namespace.
pub(super) fn of_stranger(topic: &str, partition: i32, offset: i64) -> String {
    derived(&offset.to_string(), topic, &partition.to_string(), 0).as_hyphenated().to_string()
}

/// The framework's derived id (`UUIDv8` over XXH3-128): the same bytes, held in step by its test vector.
fn derived(cause: &str, group: &str, event_type: &str, position: u32) -> Uuid {
    let mut bytes = Vec::new();
    for part in [cause, group, event_type] {
        bytes.extend_from_slice(&(part.len() as u64).to_le_bytes());
        bytes.extend_from_slice(part.as_bytes());
    }
    bytes.extend_from_slice(&position.to_le_bytes());
    Uuid::new_v8(xxh3_128(&bytes).to_be_bytes())
}

#[cfg(test)]
mod tests {
    use super::{Id, derived, of_stranger};

    #[test]
    fn strangers_get_the_ids_that_steps_give_them() {
        // The framework's own test of `envelope::id` has this vector.
        let id = derived("018f2b1e-0000-7000-8000-000000000000", "payment.charge", "payment.confirmed.v1", 0);
        assert_eq!(id.to_string(), "2ea4cd0f-e49b-84c0-9fcd-c5c6d3e6cf85");
        assert_eq!(of_stranger("orders", 3, 17), derived("17", "orders", "3", 0).to_string());
    }

    #[test]
    fn a_uuid_is_itself_and_any_other_text_a_digest() {
        let uuid = "2ea4cd0f-e49b-84c0-9fcd-c5c6d3e6cf85";
        assert_eq!(Id::of(uuid).text(), uuid);
        assert!(!Id::of(uuid).is_digest());
        for text in [
            "order-17",
            "",
            "2EA4CD0F-E49B-84C0-9FCD-C5C6D3E6CF85",
            "00000000-0000-0000-0000-000000000000",
            "2ea4cd0f-e49b-f4c0-9fcd-c5c6d3e6cf85",
        ] {
            assert!(Id::of(text).is_digest(), "{text}");
            assert!(!Id::of(text).is_none(), "{text}");
        }
    }
}
