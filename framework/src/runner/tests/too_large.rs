//! Dead letters that the broker refuses as too large.

use sha2::{Digest, Sha256};

use super::*;

/// What brokers and clients take by default.
const MAX_BYTES: usize = 1_000_000;

/// Takes one record that is nobody's, and says what its dead letter became.
fn letter_of(key: &[u8], headers: &[(&str, &str)]) -> (Bench, OwnedOutgoing) {
    let mut bench = Bench::new();
    bench.driver.max_bytes = Some(MAX_BYTES);
    bench.take_keyed(key, headers, Some("abc"));
    bench.pass(60_000);
    assert_eq!(bench.reason(), Some("unknown_event"));
    let letter = bench.driver.sent[0].1.clone();
    assert_eq!(bench.header(0, "wf-origin-topic"), Some("test.orders"));
    assert_eq!(bench.header(0, "wf-origin-offset"), Some("0"));
    assert_eq!(bench.header(0, "dlq-value-size"), Some("3"));
    assert!(size(&letter) <= crate::envelope::shortened::MAX_BYTES, "{} bytes", size(&letter));
    bench.acknowledge_all();
    bench.pass(1_000);
    assert_eq!(bench.driver.commits.last(), Some(&1));
    (bench, letter)
}

#[test]
fn a_key_that_is_too_long_is_told_and_left_out() {
    let (bench, letter) = letter_of(&vec![b'k'; MAX_BYTES], &[("ce_source", "theirs")]);
    assert_eq!((letter.key, letter.value), (None, None));
    let header = |name| bench.header(0, name);
    assert_eq!((header("dlq-key-omitted"), header("dlq-key-size")), (Some("true"), Some("1000000")));
    let digest = format!("{:x}", Sha256::digest(vec![b'k'; MAX_BYTES]));
    assert_eq!(header("dlq-key-sha256"), Some(digest.as_str()));
    assert_eq!(header("ce_source"), Some("theirs"));
}

#[test]
fn headers_that_are_too_many_or_too_long_are_left_out() {
    let value = "v".repeat(4_000);
    let long_name = "n".repeat(MAX_BYTES);
    let many = vec![("x", value.as_str()); 256];
    let countless = vec![("", ""); 100_000];
    let long = [(long_name.as_str(), "v")];
    for headers in [&many[..], &countless[..], &long[..]] {
        let mut headers = headers.to_vec();
        headers.push(("tail", "t"));
        headers.extend([("over", long_name.as_str())]);
        let (bench, letter) = letter_of(b"k", &headers);
        assert_eq!(letter.key.as_deref(), Some(&b"k"[..]), "a key of the usual length stays");
        assert_eq!(bench.header(0, "over"), None);
    }
}

#[test]
fn a_topic_that_refuses_even_that_is_told() {
    let mut bench = Bench::new();
    let topic = "test.payment.charge.dlq";
    bench.driver.faults.insert(topic.to_owned(), PublishError::Record("MSG_SIZE_TOO_LARGE".to_owned()));
    bench.take(&[], Some("abc"));
    bench.pass(60_000);
    let missing = bench.runner.health.update(|state| state.missing.clone());
    assert_eq!(missing.len(), 1, "{missing:?}");
    assert_eq!(missing[0].topic, topic);
    assert!(missing[0].what.contains("MSG_SIZE_TOO_LARGE"), "{missing:?}");
    bench.driver.faults.clear();
    bench.pass(60_000);
    assert_eq!(bench.reason(), Some("unknown_event"));
    bench.acknowledge_all();
    bench.pass(1_000);
    assert_eq!(bench.driver.commits.last(), Some(&1));
    assert!(bench.runner.health.update(|state| state.missing.is_empty()));
}
