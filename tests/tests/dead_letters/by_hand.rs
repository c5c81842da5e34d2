//! Dead letters written by hand, each with something the matter.

use choreograph_tests::topics::{self, Record, Topic};
use serde_json::{Value, json};

use crate::stage::{Stage, keeps_schema};

/// A manifest of one step that reads orders with a total.
const MANIFEST: &str = r#"{ "manifest": 1, "service": "payment", "steps": [{
    "name": "charge", "group": "payment.charge", "consumes": [{
        "type": "order.placed", "major": 1, "topic": "orders",
        "schema": { "type": "object", "properties": { "total": { "type": "integer" } }, "required": ["total"] }
    }] }] }"#;

/// The id of the dead letter number `number`.
pub(crate) fn id(number: u128) -> String {
    format!("{number:08x}-0000-8000-8000-{number:012x}")
}

/// A dead letter on `topic` (with its namespace).
pub(crate) fn letter(topic: &str, number: u128, reason: &str) -> Record {
    let group = topic.strip_suffix(".dlq").expect("a dead-letter topic");
    let mut words = group.rsplit('.');
    let (step, service) = (words.next().expect("a step"), words.next().expect("a service"));
    let event = format!("e{number}");
    Record::to(topic)
        .key(format!("k{}", number % 97))
        .value(r#"{"total":1}"#)
        .header("ce_id", event.as_str())
        .header("ce_type", "order.placed.v1")
        .header("ce_correlationid", event.as_str())
        .header("wf", "name=order;started=1;hops=2;tenant=7")
        .header("dlq-id", id(number))
        .header("dlq-reason", reason)
        .header("dlq-error", format!("order {number} is refused"))
        .header("dlq-service", service)
        .header("dlq-step", step)
        .header("wf-attempt", "5")
        .header("dlq-replay-count", "0")
}

/// A stage with the topics of payment's step and the audit topic, and the path of its manifest.
fn payment() -> (Stage, String, String) {
    let stage = Stage::new();
    stage.create(&[
        ("payment.charge.dlq", 2),
        ("payment.charge.retry", 1),
        ("choreograph.audit", 1),
        ("orders", 1),
    ]);
    let manifest = stage.file("payment.json", MANIFEST);
    let topic = stage.full("payment.charge.dlq");
    (stage, manifest, topic)
}

#[test]
fn each_refusal_has_its_reason_and_what_can_be_forced_is() {
    let (stage, manifest, topic) = payment();
    let placed = stage.full("orders");
    stage.write(&[Record::to(&placed).value("another value")]);
    let omitted = |number: u128, offset: &str, digest: &str| {
        letter(&topic, number, "rejected")
            .header("dlq-value-omitted", "true")
            .header("dlq-value-sha256", digest)
            .header("wf-origin-topic", placed.as_str())
            .header("wf-origin-partition", "0")
            .header("wf-origin-offset", offset)
    };
    stage.write(&[
        letter(&topic, 1, "rejected"),
        letter(&topic, 2, "rejected").header("dlq-replay-count", "10"),
        letter(&topic, 3, "hop_limit").header("wf", "name=order;hops=65"),
        letter(&topic, 4, "contract_violation").value(r#"{"total":"1"}"#),
        letter(&topic, 5, "unsupported_version").header("ce_type", "order.placed.v9"),
        omitted(6, "7", "aa"),
        omitted(7, "0", "aa"),
        Record::to(&topic).value("no dead letter").header("dlq-id", "x"),
        letter(&topic, 1, "rejected"),
    ]);
    let list = stage.json(&["list"], 1);
    assert_eq!(
        (&list["total"], &list["open"], &list["strangers"]),
        (&json!(7), &json!(7), &json!(1)),
        "{list:#}"
    );

    let replay = ["replay", "--open", "--yes", "--manifests", &manifest];
    let dry = stage.json(&[&replay[..], &["--dry-run"]].concat(), 1);
    assert!(stage.read("payment.charge.retry").is_empty() && stage.read("choreograph.audit").is_empty());
    let report = stage.json(&replay, 1);
    let expected = json!({
        "loop_guard": 1, "hop_limit": 1, "still_violates": 1, "not_consumed": 1, "value_gone": 1, "value_differs": 1,
    });
    for told in [&dry, &report] {
        assert_eq!(
            (&told["chosen"], &told["done"], &told["refused"]),
            (&json!(7), &json!(1), &json!(6)),
            "{told:#}"
        );
        assert_eq!(told["refused_for"], expected, "{told:#}");
    }
    let forced = stage.json(&[&replay[..], &["--force"]].concat(), 1);
    assert_eq!(
        (&forced["done"], &forced["forced"], &forced["refused"]),
        (&json!(4), &json!(4), &json!(2)),
        "{forced:#}"
    );
    assert_eq!(stage.read("payment.charge.retry").len(), 5);
    let audit = stage.read("choreograph.audit");
    let told: Vec<Value> = audit
        .iter()
        .map(|it| serde_json::from_slice(it.value.as_ref().expect("JSON")).expect("JSON"))
        .collect();
    assert_eq!(told.iter().filter(|told| told["forced_against"].is_string()).count(), 4, "{told:#?}");
    assert_eq!(stage.json(&["list"], 1)["open"], 2);
}

#[test]
fn lists_are_filtered_grouped_and_paged_and_payloads_stay_hidden() {
    let (stage, _, topic) = payment();
    let letters = (0..25).map(|number| {
        let reason = if number % 5 == 0 { "panic" } else { "rejected" };
        letter(&topic, number, reason).timestamp(1_700_000_000_000 + number as i64)
    });
    let hostile =
        letter(&topic, 99, "rejected").header("dlq-error", "\u{1b}[2Jgone").value(r#"{"secret":"canary"}"#);
    stage.write(&letters.chain([hostile]).collect::<Vec<_>>());

    let count = |arguments: &[&str]| {
        let code = stage.dlq(&[&["list"], arguments].concat()).code;
        let list = stage.json(&[&["list"], arguments].concat(), code);
        assert_eq!(code, i32::from(list["open"] != 0));
        list["total"].as_u64().expect("a number")
    };
    assert_eq!(count(&["--reason", "panic"]), 5);
    assert_eq!(count(&["--reason", "panic", "--reason", "rejected"]), 26);
    let misspelt = stage.dlq(&["list", "--step", "payment/chrage"]);
    assert_eq!((misspelt.code, misspelt.out.as_str()), (2, ""), "{misspelt:?}");
    assert!(misspelt.errors.contains("no step `payment/chrage`"), "{misspelt:?}");
    assert!(misspelt.errors.contains("did you mean payment/charge?"), "{misspelt:?}");
    let misspelt = stage.dlq(&["list", "--reason", "rejectd"]);
    assert_eq!((misspelt.code, misspelt.out.as_str()), (2, ""), "{misspelt:?}");
    assert!(misspelt.errors.contains("no reason `rejectd`"), "{misspelt:?}");
    assert!(misspelt.errors.contains("did you mean rejected?"), "{misspelt:?}");
    assert_eq!(count(&["--reason", "hop_limit"]), 0, "there is none of it, and it is a reason");
    assert_eq!(count(&["--type", "order.placed", "--instance", "e7"]), 1);
    assert_eq!(count(&["--text", "order 7 is"]), 1);
    assert_eq!((count(&["--text", "canary"]), count(&["--text", "canary", "--payloads"])), (0, 1));
    assert_eq!(count(&["--until", "2023-11-14T22:13:20.010Z"]), 10);
    assert_eq!(count(&["--since", "1h"]), 1);

    let (mut seen, mut cursor) = (Vec::new(), String::new());
    loop {
        let after: &[&str] = if cursor.is_empty() { &[] } else { &["--cursor", &cursor] };
        let page = stage.json(&[&["list", "--limit", "10"], after].concat(), 1);
        let items = page["items"].as_array().expect("a page").clone();
        seen.extend(items.iter().map(|item| item["event"].as_str().expect("an id").to_owned()));
        let Some(next) = page["next"].as_str() else { break };
        assert_eq!(items.len(), 10);
        next.clone_into(&mut cursor);
    }
    let newest_first = ["e99".to_owned()].into_iter().chain((0..25).rev().map(|number| format!("e{number}")));
    assert_eq!(seen, newest_first.collect::<Vec<_>>());

    let text = stage.dlq(&["list", "--limit", "1"]).out;
    assert!(
        text.contains("\\u{1b}[2Jgone") && !text.contains('\u{1b}') && !text.contains("canary"),
        "{text}"
    );
    let groups = stage.dlq(&["list", "--group"]).out;
    assert!(groups.contains("     20  payment/charge  rejected"), "{groups}");
    let shown = stage.dlq(&["show", &id(99)]);
    assert!(shown.code == 0 && !shown.out.contains("canary") && !shown.out.contains('\u{1b}'), "{shown:?}");
    assert!(stage.dlq(&["show", &id(99), "--payloads"]).out.contains("canary"));
    let unknown = stage.dlq(&["show", &id(1_000)]);
    assert!(unknown.code == 3 && unknown.errors.contains("there is no dead letter"), "{unknown:?}");
    let (known, unknown) = (id(99), id(1_000));
    let ids = ["--id", &known, "--id", &unknown];
    for act in [&["replay", "--unchecked"][..], &["discard", "--because", "test"], &["export"]] {
        let told = stage.dlq(&[act, &ids].concat());
        let names = told.errors.contains(&format!("there is no dead letter {unknown}"));
        assert!(told.code == 3 && names && told.out.is_empty(), "{told:?}");
    }
    let letter: Value =
        serde_json::from_str(&stage.dlq(&["show", &known, "--format", "json"]).out).expect("JSON");
    assert_eq!(letter["actions"], serde_json::json!([]), "nothing was done: {letter:#}");

    let lines = stage.dlq(&["export", "--reason", "panic"]).out;
    let lines: Vec<Value> = lines.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    assert_eq!(lines.len(), 5);
    for line in &lines {
        keeps_schema(line);
        assert!(line.get("value").is_none() && line["headers"].is_array(), "{line:#}");
    }
    let file = stage.file("there.jsonl", "");
    assert_eq!(stage.dlq(&["export", "--into", &file]).code, 3, "nothing is overwritten");
}

#[test]
fn what_is_missing_is_named() {
    let stage = Stage::new();
    stage.create(&[("payment.charge.dlq", 1)]);
    stage.write(&[letter(&stage.full("payment.charge.dlq"), 1, "rejected")]);
    let discard = ["discard", "--open", "--because", "test"];
    let told = stage.dlq(&discard);
    assert_eq!(told.code, 3, "{told:?}");
    assert!(
        told.errors.contains(
            "choreograph.audit: create it with cleanup.policy=delete, retention.bytes=-1, retention.ms=-1"
        ),
        "{told:?}"
    );
    assert!(told.errors.contains("--create-topics"), "{told:?}");
    let replay = stage.dlq(&["replay", "--open", "--create-topics", "--unchecked"]);
    assert!(
        replay.code == 3
            && replay.errors.contains("there is no topic")
            && replay.errors.contains("payment.charge.retry"),
        "{replay:?}"
    );
    assert_eq!(stage.json(&discard, 0)["done"], 1);
    let two = stage.json(&["discard", "--id", &id(1), "--because", "test"], 0);
    assert_eq!((&two["done"], &two["already"]), (&json!(0), &json!(1)), "{two:#}");
    let audit = stage.read("choreograph.audit");
    assert_eq!((audit.len(), audit[0].header("audit-action")), (1, Some("discarded")));
    assert_eq!(stage.json(&["list"], 0)["open"], 0);
    assert_eq!(stage.json(&["list", "--all"], 0)["items"][0]["actions"][0]["by"], "ada");
}

#[test]
fn a_record_that_the_brokers_refuse_is_left_out_of_its_transaction() {
    let stage = Stage::new();
    stage.create(&[("payment.charge.dlq", 1), ("choreograph.audit", 1)]);
    let small = Topic::new(&stage.full("payment.charge.retry"), 1).setting("max.message.bytes", "3000");
    topics::create(stage.kafka(), &[small]).expect("a topic");
    let topic = stage.full("payment.charge.dlq");
    let letters = (0..9).map(|number| letter(&topic, number, "rejected"));
    let large = letter(&topic, 9, "rejected").value(vec![b'x'; 9_000]);
    stage.write(&letters.chain([large]).collect::<Vec<_>>());
    let report = stage.json(&["replay", "--open", "--yes", "--unchecked"], 1);
    assert_eq!((&report["done"], &report["refused"]), (&json!(9), &json!(1)), "{report:#}");
    assert_eq!(report["refusals"][0]["id"], id(9));
    assert_eq!((stage.read("payment.charge.retry").len(), stage.read("choreograph.audit").len()), (9, 9));
}

#[test]
fn what_nothing_was_held_against_goes_out_only_where_that_was_said_and_no_faster_than_told() {
    let (stage, manifest, topic) = payment();
    let letters: Vec<Record> = (0..5).map(|number| letter(&topic, number, "rejected").partition(0)).collect();
    stage.write(&letters);
    let broken = stage.file("broken.json", "{}");
    let empty = stage.folder("empty");
    for arguments in [
        &["replay", "--open", "--yes"][..],
        &["replay", "--open", "--yes", "--dry-run", "--force"],
        &["replay", "--open", "--yes", "--manifests", &empty],
        &["edit", &id(1), "--value", &broken],
        &["edit", &id(1), "--value", &broken, "--force"],
    ] {
        let ran = stage.dlq(arguments);
        assert_eq!((ran.code, ran.out.as_str()), (2, ""), "{arguments:?}: {ran:?}");
        assert!(ran.errors.contains("no manifest says what the steps read now"), "{arguments:?}: {ran:?}");
        assert!(ran.errors.contains("--manifests PATH; or say --unchecked"), "{arguments:?}: {ran:?}");
    }
    assert!(stage.read("payment.charge.retry").is_empty() && stage.read("choreograph.audit").is_empty());

    let edited = stage.json(&["edit", &id(1), "--value", &broken, "--unchecked"], 0);
    assert_eq!((&edited["done"], &edited["checked"]), (&json!(1), &json!(false)), "{edited:#}");
    // Two a second are two in each transaction, whose mark takes an offset too.
    let rest = ["replay", "--open", "--yes", "--rate", "2", "--manifests", &manifest];
    let report = stage.json(&rest, 0);
    assert_eq!((&report["done"], &report["checked"]), (&json!(4), &json!(true)), "{report:#}");
    let offsets: Vec<i64> = stage.read("payment.charge.retry").iter().map(|it| it.offset).collect();
    assert_eq!(offsets, [0, 2, 3, 5, 6]);
}

#[test]
fn what_an_audit_topic_would_forget_is_not_replayed_unless_that_is_said() {
    let stage = Stage::new();
    stage.create(&[("payment.charge.dlq", 1), ("payment.charge.retry", 1)]);
    let for_an_hour = Topic::new(&stage.full("choreograph.audit"), 1).setting("retention.ms", "3600000");
    topics::create(stage.kafka(), &[for_an_hour]).expect("a topic");
    let topic = stage.full("payment.charge.dlq");
    stage.write(&[letter(&topic, 1, "rejected"), letter(&topic, 2, "rejected")]);
    let value = stage.file("right.json", "{}");
    let (first, second) = (id(1), id(2));
    let replay = ["replay", "--id", &first, "--unchecked"];
    for arguments in [
        &replay[..],
        &["replay", "--open", "--dry-run", "--unchecked", "--force"],
        &["edit", &first, "--value", &value, "--unchecked"],
    ] {
        let ran = stage.dlq(arguments);
        assert_eq!((ran.code, ran.out.as_str()), (3, ""), "{arguments:?}: {ran:?}");
        assert!(ran.errors.contains("does not keep everything: it has retention.ms=3600000"), "{ran:?}");
        assert!(ran.errors.contains("retention.ms=-1") && ran.errors.contains("--forgetful"), "{ran:?}");
    }
    assert!(stage.read("payment.charge.retry").is_empty() && stage.read("choreograph.audit").is_empty());
    assert_eq!(stage.json(&["discard", "--id", &second, "--because", "test"], 0)["done"], 1);
    assert_eq!(stage.json(&[&replay[..], &["--forgetful"]].concat(), 0)["done"], 1);
}

#[test]
fn an_audit_topic_that_keeps_the_last_of_each_key_alone_is_one_that_forgets() {
    let stage = Stage::new();
    stage.create(&[("payment.charge.dlq", 1), ("payment.charge.retry", 1)]);
    let compacted = Topic::kept(&stage.full("choreograph.audit"), 1).setting("cleanup.policy", "compact");
    topics::create(stage.kafka(), &[compacted]).expect("a topic");
    stage.write(&[letter(&stage.full("payment.charge.dlq"), 1, "rejected")]);
    let ran = stage.dlq(&["replay", "--id", &id(1), "--unchecked"]);
    assert_eq!(ran.code, 3, "{ran:?}");
    assert!(ran.errors.contains("does not keep everything: it has cleanup.policy=compact"), "{ran:?}");
    assert!(stage.read("payment.charge.retry").is_empty());
}

#[test]
fn what_an_audit_topic_has_forgotten_is_not_replayed_again() {
    let (stage, manifest, topic) = payment();
    stage.write(&[letter(&topic, 1, "rejected")]);
    let first = id(1);
    let replay = ["replay", "--id", &first, "--manifests", &manifest];
    assert_eq!(stage.json(&replay, 0)["done"], 1);
    topics::empty(stage.kafka(), &stage.full("choreograph.audit")).expect("emptied");
    assert_eq!(stage.json(&["list"], 1)["open"], 1, "nothing tells that it was replayed");
    let ran = stage.dlq(&replay);
    assert_eq!(ran.code, 3, "{ran:?}");
    assert!(ran.errors.contains("does not keep everything: partition 0 begins at offset"), "{ran:?}");
    assert_eq!(stage.read("payment.charge.retry").len(), 1);
}

#[test]
fn where_no_declared_topic_is_there_nothing_is_said_of_dead_letters() {
    let stage = Stage::new();
    let manifest = stage.file("payment.json", MANIFEST);
    for arguments in [&["list"][..], &["list", "--group"], &["export"], &["replay", "--open", "--yes"]] {
        let ran = stage.dlq(&[arguments, &["--manifests", &manifest]].concat());
        assert_eq!((ran.code, ran.out.as_str()), (3, ""), "{arguments:?}: {ran:?}");
        let topic = stage.full("payment.charge.dlq");
        assert!(ran.errors.contains(&format!("neither {topic} nor any other")), "{ran:?}");
        assert!(ran.errors.contains("CHOREOGRAPH_NAMESPACE"), "{ran:?}");
    }
    stage.create(&[("payment.charge.dlq", 1)]);
    assert_eq!(stage.json(&["list", "--manifests", &manifest], 0)["open"], 0);
}

/// How long a value is that stands in no audit record whole.
const LONG: usize = 900_000;
/// The SHA-256 of so many times `x`.
const LONG_SHA256: &str = "5f76430825cb79355393da5e44236d8c0a236476af2decfd1e49ca8050de9c93";

#[test]
fn a_long_value_is_kept_beside_the_record_of_its_edit_also_where_the_dead_letter_left_it_out() {
    let (stage, manifest, topic) = payment();
    let (placed, long) = (stage.full("orders"), "x".repeat(LONG));
    stage.write(&[
        Record::to(&placed).value(long.as_str()),
        letter(&topic, 1, "undecodable").value(long.as_str()),
        letter(&topic, 2, "undecodable")
            .value(Vec::new())
            .header("dlq-value-omitted", "true")
            .header("dlq-value-size", LONG.to_string())
            .header("dlq-value-sha256", LONG_SHA256)
            .header("wf-origin-topic", placed.as_str())
            .header("wf-origin-partition", "0")
            .header("wf-origin-offset", "0"),
    ]);
    let right = stage.file("right.json", r#"{"total":2}"#);
    for number in [1, 2] {
        let edit = ["edit", &id(number), "--value", &right, "--manifests", &manifest];
        assert_eq!(stage.json(&edit, 0)["done"], 1, "{number}");
        let audit = stage.read("choreograph.audit");
        let mine = audit.iter().filter(|it| it.key_text() == Some(&id(number)));
        let (edited, parts): (Vec<_>, Vec<_>) = mine.partition(|it| it.header("audit-part").is_none());
        let told: Value = serde_json::from_slice(edited[0].value.as_deref().expect("JSON")).expect("JSON");
        let before = json!({ "bytes": LONG, "sha256": LONG_SHA256, "parts": parts.len() });
        assert_eq!((edited.len(), &told["value_before"]), (1, &before), "{number}");
        let kept: Vec<u8> = parts.iter().flat_map(|it| it.value.clone().expect("a part")).collect();
        assert!(parts.len() == 2 && kept == long.as_bytes(), "{number}");
    }
    assert_eq!(stage.json(&["list"], 0)["open"], 0);
    let all = stage.json(&["list", "--all"], 0);
    assert!(
        all["items"].as_array().expect("a list").iter().all(|it| it["actions"]
            .as_array()
            .expect("actions")
            .len()
            == 1)
    );
}
