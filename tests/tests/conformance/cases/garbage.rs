//! Bad input: each kind becomes a dead letter with its reason, untouched, and nobody else notices.

use std::collections::BTreeMap;

use super::super::{
    Case, Lab, Promise, Raw,
    lab::{self, CHARGE, NOTIFY, ORDERS, PAYMENTS, Task},
    settled,
};

const DEAD_LETTERS: &str = "payment.charge.dlq";

/// Every reason that needs no time.
pub(super) const REASONS: Case = Case {
    name: "garbage becomes dead letters, each with its reason",
    promises: &[Promise::DeadLetters, Promise::NothingLost],
    run: |platform| {
        let lab = Lab::default();
        platform.start(lab::payment(&lab));
        let garbage = garbage();
        let mut records = Vec::new();
        for (name, _, record) in &garbage {
            // A good record of the same key before and after.
            records.extend([
                lab::placed(name, 0, Task::Succeed),
                record.clone(),
                lab::placed(name, 1, Task::Succeed),
            ]);
        }
        platform.publish(records);
        settled(platform, CHARGE, &[ORDERS]);

        let letters = letters(&platform.records(DEAD_LETTERS));
        for (name, reason, record) in &garbage {
            let letter = letters.get(name.as_bytes()).unwrap_or_else(|| panic!("{name}: no dead letter"));
            assert_eq!(
                letter.header("dlq-reason"),
                Some(*reason),
                "{name}: {:?}",
                letter.header("dlq-error")
            );
            assert_eq!(letter.value, record.value, "{name}: the value is untouched");
            for (header, value) in &record.headers {
                assert!(
                    letter.headers.contains(&(header.clone(), value.clone())),
                    "{name}: {header} is kept"
                );
            }
            for header in
                ["dlq-id", "dlq-error", "dlq-service", "dlq-step", "dlq-failed-at", "wf-origin-offset"]
            {
                assert!(letter.header(header).is_some(), "{name}: {header}");
            }
        }
        assert_eq!(letters.len(), garbage.len());
        let payments = lab::payments(&platform.records(PAYMENTS));
        for (name, ..) in &garbage {
            assert_eq!(
                payments.get(*name),
                Some(&vec![0, 1]),
                "{name}: the good records of the key went through"
            );
        }
    },
};

/// Null values.
pub(super) const TOMBSTONES: Case = Case {
    name: "a tombstone is set aside, or passed over where its type is nobody's business",
    promises: &[Promise::DeadLetters],
    run: |platform| {
        let lab = Lab::default();
        platform.start(lab::payment(&lab));
        let tombstone = |key: &str, headers| Raw {
            topic: ORDERS.to_owned(),
            key: Some(key.as_bytes().to_vec()),
            value: None,
            headers,
        };
        platform.publish(vec![
            tombstone("typed", vec![lab::header("ce_type", "order.placed.v1")]),
            tombstone("bare", Vec::new()),
            tombstone("foreign", vec![lab::header("ce_type", "order.archived.v1")]),
            lab::placed("typed", 0, Task::Succeed),
        ]);
        settled(platform, CHARGE, &[ORDERS]);
        let letters = letters(&platform.records(DEAD_LETTERS));
        let reason = |key: &str| letters.get(key.as_bytes()).and_then(|letter| letter.header("dlq-reason"));
        assert_eq!(reason("typed"), Some("undecodable"));
        assert_eq!(reason("bare"), Some("unknown_event"));
        assert_eq!(reason("foreign"), None);
        assert!(letters.values().all(|letter| letter.value.is_none()), "a null value stays null");
        assert_eq!(lab.handled(CHARGE).len(), 1);
    },
};

/// Types that a step does not consume.
pub(super) const INDIFFERENT: Case = Case {
    name: "types that a step does not consume are settled",
    promises: &[Promise::Indifference],
    run: |platform| {
        let lab = Lab::default();
        platform.start(lab::payment(&lab));
        platform.start(lab::mail(&lab));
        let mut unreadable = lab::cancelled("a", 1);
        unreadable.value = Some(b"{ not JSON, and nobody's business".to_vec());
        unreadable.headers = vec![lab::header("ce_type", "order.archived.v3")];
        platform.publish(vec![
            lab::placed("a", 0, Task::Succeed),
            unreadable,
            lab::cancelled("a", 2),
            lab::placed("a", 3, Task::Succeed),
        ]);
        settled(platform, CHARGE, &[ORDERS]);
        settled(platform, NOTIFY, &[ORDERS]);
        assert_eq!(lab.finished(CHARGE).get("a"), Some(&vec![0, 3]));
        assert_eq!(lab.finished(NOTIFY).get("a"), Some(&vec![0, 2, 3]));
        assert!(platform.records(DEAD_LETTERS).is_empty());
        assert!(platform.records("mail.notify.dlq").is_empty());
    },
};

/// Name (which is the key), reason, record.
fn garbage() -> Vec<(&'static str, &'static str, Raw)> {
    let good = |name: &str| lab::placed(name, 9, Task::Succeed);
    let value = |name: &str, value: &[u8]| Raw { value: Some(value.to_vec()), ..good(name) };
    let typed = |name: &str, event_type: &str| Raw {
        headers: vec![lab::header("ce_type", event_type)],
        ..good(name)
    };
    let with = |name: &str, header: (String, Option<Vec<u8>>)| {
        let mut record = good(name);
        record.headers.push(header);
        record
    };
    let deep = format!("{{\"order\":{}{}}}", "[".repeat(200), "]".repeat(200));
    vec![
        ("empty", "undecodable", value("empty", b"")),
        ("no-json", "undecodable", value("no-json", b"{\"order\": ")),
        ("no-utf8", "undecodable", value("no-utf8", b"{\"order\": \"\xff\xfe\", \"seq\": 1}")),
        ("deep", "undecodable", value("deep", deep.as_bytes())),
        (
            "no-contract",
            "contract_violation",
            value("no-contract", br#"{"order": "no-contract", "seq": "nine"}"#),
        ),
        ("missing", "contract_violation", value("missing", br#"{"order": "missing"}"#)),
        ("float", "unreadable", value("float", br#"{"order": "float", "seq": 9.0}"#)),
        ("no-type", "unknown_event", Raw { headers: Vec::new(), ..good("no-type") }),
        ("no-name", "unknown_event", typed("no-name", "Order Placed!")),
        ("major", "unsupported_version", typed("major", "order.placed.v7")),
        ("hops", "hop_limit", with("hops", lab::header("wf", "name=order;started=1;hops=65"))),
        ("rejected", "rejected", lab::placed("rejected", 9, Task::Reject)),
        ("panic", "panic", lab::placed("panic", 9, Task::Panic)),
        ("break", "emit_violation", lab::placed("break", 9, Task::Break)),
    ]
}

/// The dead letters by key; every key of the suite's garbage is its own.
fn letters(records: &[Raw]) -> BTreeMap<Vec<u8>, Raw> {
    let letters: BTreeMap<_, _> =
        records.iter().map(|record| (record.key.clone().unwrap_or_default(), record.clone())).collect();
    assert_eq!(letters.len(), records.len(), "one dead letter a record");
    letters
}
