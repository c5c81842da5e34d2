//! The dead letter in little, for a broker that refuses it whole: without its value, and with no more of the record
//! than a broker of any usual settings takes.

use std::fmt::Write as _;

use sha2::{Digest, Sha256};

use super::{
    dead_letter::is_own,
    head::{MAX_HEADERS_READ, is_framework_header},
    names,
};
use crate::runner::port::OwnedOutgoing;

/// A longer key, in bytes, is left out like the value.
const MAX_KEPT_KEY_BYTES: usize = 16 * 1024;
/// The most bytes of the record's own headers that stay, names and values together.
const MAX_KEPT_HEADERS_BYTES: usize = 16 * 1024;
/// What it comes to at most, in bytes: a topic that refuses as much is not set up for dead letters.
pub(crate) const MAX_BYTES: usize = MAX_KEPT_KEY_BYTES + MAX_KEPT_HEADERS_BYTES + 16 * 1024;
/// What is said of a value and a key that are left out.
const HEADERS_OF_OMISSION: usize = 6;

/// The same dead letter without its value: size and digest say what it was, the origin says where it lies. So it is
/// with a key over [`MAX_KEPT_KEY_BYTES`]. What the dead letter itself says stays whole; of the record's headers as many
/// stay as fit [`MAX_KEPT_HEADERS_BYTES`], the framework's first.
pub(crate) fn without_value(mut letter: OwnedOutgoing) -> OwnedOutgoing {
    let value = letter.value.take().unwrap_or_default();
    let key = letter.key.take_if(|key| key.len() > MAX_KEPT_KEY_BYTES);
    keep_few(&mut letter.headers);
    let mut said = digest([names::DLQ_VALUE_OMITTED, names::DLQ_VALUE_SIZE, names::DLQ_VALUE_SHA256], &value);
    if let Some(key) = key {
        said.extend(digest([names::DLQ_KEY_OMITTED, names::DLQ_KEY_SIZE, names::DLQ_KEY_SHA256], &key));
    }
    letter.headers.splice(0..0, said);
    letter
}

/// Whether the value was already left out, so that leaving it out again would not help.
pub(crate) fn is_without_value(letter: &OwnedOutgoing) -> bool {
    letter.headers.iter().any(|(name, _)| name == names::DLQ_VALUE_OMITTED)
}

/// What is said of something that is left out, under these names: that it is, its size, its digest.
fn digest(names: [&str; 3], left_out: &[u8]) -> Vec<(String, Option<Vec<u8>>)> {
    let sha256 = Sha256::digest(left_out).iter().fold(String::with_capacity(64), |mut hex, byte| {
        // Writing to a `String` cannot fail.
        let _ignored = write!(hex, "{byte:02x}");
        hex
    });
    let texts = ["true".to_owned(), left_out.len().to_string(), sha256];
    names.into_iter().zip(texts).map(|(name, text)| (name.to_owned(), Some(text.into_bytes()))).collect()
}

/// Keeps the dead letter's own headers, and few of the record's: the framework's before others, and later ones before
/// earlier ones, as the last of a name counts. What stays, stays in its order.
fn keep_few(headers: &mut Vec<(String, Option<Vec<u8>>)>) {
    let mut keeps: Vec<bool> = headers.iter().map(|(name, _)| is_own(name)).collect();
    let own = keeps.iter().filter(|keeps| **keeps).count();
    let mut places = MAX_HEADERS_READ.saturating_sub(own + HEADERS_OF_OMISSION);
    let mut bytes = MAX_KEPT_HEADERS_BYTES;
    for framework in [true, false] {
        for (keeps, (name, value)) in keeps.iter_mut().zip(headers.iter()).rev() {
            let size = name.len() + value.as_ref().map_or(0, Vec::len);
            if !*keeps && is_framework_header(name) == framework && size <= bytes && places > 0 {
                *keeps = true;
                bytes -= size;
                places -= 1;
            }
        }
    }
    let mut keeps = keeps.into_iter();
    headers.retain(|_| keeps.next().unwrap_or_default());
}

#[cfg(test)]
mod tests {
    use super::{
        super::{
            dead_letter::tests::{header, letter_of},
            head::tests::TestRecord,
        },
        *,
    };

    #[test]
    fn without_its_value_it_says_what_the_value_was() {
        let mut record = TestRecord::with(&[("huge", &"x".repeat(100_000)), ("small", "s")]);
        record.value = Some(b"abc".to_vec());
        record.key = Some(b"k".to_vec());
        let letter = letter_of(&record);
        assert!(!is_without_value(&letter));
        let letter = without_value(letter);
        assert!(is_without_value(&letter));
        assert_eq!(
            (letter.value.as_ref(), header(&letter, "huge"), header(&letter, "small")),
            (None, None, Some("s"))
        );
        assert_eq!((letter.key.as_deref(), header(&letter, "dlq-key-omitted")), (Some(&b"k"[..]), None));
        assert_eq!(header(&letter, "dlq-value-size"), Some("3"));
        let digest = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        assert_eq!(header(&letter, "dlq-value-sha256"), Some(digest));
    }

    #[test]
    fn what_it_says_itself_stays_whatever_the_record_brought() {
        let mut headers = vec![("ce_id", "first")];
        headers.extend(vec![("x", "y"); 100]);
        headers.push(("ce_id", "last"));
        headers.extend(vec![("x", "y"); 1_000]);
        let whole = letter_of(&TestRecord::with(&headers));
        let letter = without_value(whole.clone());
        for (name, _) in whole.headers.iter().filter(|(name, _)| is_own(name)) {
            assert_eq!(header(&letter, name), header(&whole, name), "{name}");
        }
        assert!(header(&letter, "wf-origin-offset").is_some() && header(&letter, "dlq-id").is_some());
        let ids: Vec<_> = letter.headers.iter().filter(|(name, _)| name == "ce_id").collect();
        assert_eq!(ids.last().and_then(|(_, value)| value.as_deref()), Some(&b"last"[..]));
        assert!(letter.headers.len() <= MAX_HEADERS_READ, "those who read it read no further");
    }
}
