//! Records with a header whose name is no text, which other clients can write.

use choreograph_tests::topics::{Placed, Record, write, write_with_header_name};
use serde_json::json;

use crate::by_hand::{id, letter};
use crate::stage::Stage;

/// Nothing that is text begins so.
const NO_TEXT: &[u8] = b"\xff\xfename";

#[test]
fn a_header_name_that_is_no_text_stops_nobody() {
    let stage = Stage::new();
    stage.create(&[
        ("payment.charge.dlq", 1),
        ("payment.charge.retry", 1),
        ("choreograph.audit", 1),
        ("orders", 1),
    ]);
    let [dlq, orders, audit] =
        ["payment.charge.dlq", "orders", "choreograph.audit"].map(|topic| stage.full(topic));
    let strange = |record: &Record| write_with_header_name(stage.kafka(), record, NO_TEXT).expect("written");
    strange(&Record::to(&audit).value("{}").header("dlq-id", id(9)));
    strange(&letter(&dlq, 1, "rejected").header("behind", "1"));
    strange(&Record::to(&orders).value("large").header("left-out", "1"));
    // SHA-256 of `large`.
    let digest = "d35c416a85b807e9b5384915d6ebb4a9f7352713efd89857b45a242f473728a9";
    let omitted = letter(&dlq, 2, "rejected")
        .header("dlq-value-omitted", "true")
        .header("dlq-value-sha256", digest)
        .header("wf-origin-topic", orders.as_str())
        .header("wf-origin-partition", "0")
        .header("wf-origin-offset", "0");
    let placed = write(stage.kafka(), &[omitted, Record::to(&dlq)]).expect("written");
    assert_eq!(placed[0], Placed { partition: 0, offset: Some(1) });

    let list = stage.json(&["list"], 1);
    assert_eq!((&list["open"], &list["strangers"]), (&json!(2), &json!(1)), "{list:#}");
    let shown = stage.dlq(&["show", &id(1)]);
    assert!(shown.code == 0 && shown.out.contains("behind"), "{shown:?}");
    let report = stage.json(&["replay", "--open", "--yes", "--unchecked"], 0);
    assert_eq!((&report["done"], &report["refused"]), (&json!(2), &json!(0)), "{report:#}");
    let replayed = stage.read("payment.charge.retry");
    assert_eq!(replayed.len(), 2);
    assert_eq!(replayed[0].header("ce_id"), Some("e1"));
    assert_eq!(replayed[1].header("left-out"), Some("1"), "what the origin says beside it is read");
    assert_eq!(replayed[1].value.as_deref(), Some(&b"large"[..]));
}
