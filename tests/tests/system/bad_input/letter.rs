//! What a dead letter has beside its record.

use choreograph_tests::topics::Message;

use super::cases::{Case, Fate};
use crate::stage::Stage;

/// Headers that every dead letter has.
const ALWAYS: [&str; 14] = [
    "dlq-id",
    "dlq-reason",
    "dlq-error",
    "dlq-service",
    "dlq-step",
    "dlq-failed-at",
    "dlq-replay-count",
    "wf-origin-topic",
    "wf-origin-partition",
    "wf-origin-offset",
    "wf-origin-timestamp",
    "wf-origin-group",
    "wf-attempt",
    "wf-first-failed-at",
];

/// Headers that the dead letter sets, each in the record's place.
fn is_own(name: &str) -> bool {
    name.starts_with("dlq-")
        || name.starts_with("wf-origin-")
        || matches!(name, "wf-attempt" | "wf-first-failed-at" | "traceparent")
}

/// Asserts everything but the value.
pub(super) fn assert_complete(stage: &Stage, case: &Case, letter: &Message) {
    let name = case.name;
    let Fate::DeadLetter { reason, told } = case.fate else { panic!("{name}: it should be no dead letter") };
    let error = letter.header("dlq-error").unwrap_or_default();
    assert_eq!(letter.header("dlq-reason"), Some(reason), "{name}: {error}");
    assert!(error.contains(told), "{name}: `{told}` in: {error}");
    assert_eq!(letter.key.as_deref(), Some(name.as_bytes()), "{name}: the key is untouched");
    for own in ALWAYS {
        let value = letter.header(own).unwrap_or_else(|| panic!("{name}: no header {own}"));
        assert!(!value.is_empty() && value.len() <= 1024, "{name}: {own} is {value:?}");
    }
    let says = |own: &str, value: &str| assert_eq!(letter.header(own), Some(value), "{name}: {own}");
    says("dlq-service", "payment");
    says("dlq-step", "charge");
    says("dlq-replay-count", "0");
    says("wf-origin-topic", &stage.full("orders"));
    says("wf-origin-group", &stage.full("payment.charge"));
    says("wf-attempt", "1");
    says("wf-first-failed-at", letter.header("dlq-failed-at").unwrap_or_default());
    if reason == "contract_violation" {
        let violations = letter.header("dlq-violations").expect("violations");
        assert!(violations.len() <= 4096, "{name}");
        let list: Vec<serde_json::Value> = serde_json::from_str(violations).expect("a list");
        assert!((1..=20).contains(&list.len()), "{name}: {violations}");
        for entry in &list {
            let fields: Vec<_> = entry.as_object().expect("an object").keys().map(String::as_str).collect();
            assert_eq!(fields, ["instance_path", "keyword", "schema_path"], "{name}");
        }
        assert!(
            letter.header("dlq-contract").is_some_and(|contract| contract.contains("order.placed")),
            "{name}"
        );
    }
    for (own, _) in letter.headers.iter().filter(|(own, _)| is_own(own)) {
        let times = letter.headers.iter().filter(|(other, _)| other == own).count();
        assert_eq!(times, 1, "{name}: {own} is set, never appended");
    }
    let foreign = |headers: &[(String, Option<Vec<u8>>)]| -> Vec<_> {
        headers.iter().filter(|(name, _)| !is_own(name)).cloned().collect()
    };
    assert!(
        foreign(&letter.headers) == foreign(&case.headers),
        "{name}: its own headers are untouched, in order"
    );
    let was = case.headers.iter().rfind(|(name, _)| name == "traceparent");
    let was = was.and_then(|(_, value)| std::str::from_utf8(value.as_deref()?).ok());
    assert_eq!(letter.header("wf-origin-traceparent"), was, "{name}");
}
