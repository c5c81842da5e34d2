//! Bad input on real Kafka: each kind has its fate, nobody else notices, and nothing of it is told.

mod cases;
mod letter;
mod payment;

use std::collections::{BTreeMap, HashSet};

use choreograph_tests::oracle::{DeadLetter, Effect, Oracle, Seen};
use choreograph_tests::topics::{self, Message};
use choreograph_tests::{kafka, otlp};
use sha2::{Digest as _, Sha256};

use crate::stage::{Actor, Stage};
use cases::{CANARIES, Case, Fate};
pub(crate) use payment::CAST;

/// Good records of other keys, before, between and after the bad ones.
const BYSTANDERS: usize = 60;
/// The limit of the payments' topic, which the receipt of one order breaks.
const PAYMENT_LIMIT: &str = "200000";
/// What topics of ten megabytes need.
const ROOMY: &str = "20000000";

/// A stage whose topics take what the cases need.
fn stage(dead_letters: &str) -> Stage {
    let stage = Stage::on(kafka::shared());
    stage.create(&[
        stage.topic("orders", 3).setting("max.message.bytes", ROOMY),
        stage.topic("payments", 3).setting("max.message.bytes", PAYMENT_LIMIT),
        stage.topic("payment.charge.dlq", 3).setting("max.message.bytes", dead_letters),
    ]);
    stage
}

/// Publishes every case between good records, and returns the cases with the oracle that knows what is owed.
fn publish(stage: &Stage) -> (Vec<Case>, Oracle) {
    let cases = cases::all(&stage.full("orders"));
    let mut oracle = Oracle::default();
    let mut records = Vec::new();
    let mut owed = Vec::new();
    let mut seq = 0;
    let mut add = |id: &str, key: &str, record: topics::Record, told: Option<&[u8]>| {
        seq += 1;
        if let Some(told) = told {
            oracle.issue(id, key, seq, told);
        }
        owed.push(told.map(|_| id.to_owned()));
        records.push(record);
    };
    for (number, case) in cases.iter().enumerate() {
        // A good record of the same key before and after, and one of another key.
        for (when, key) in
            [("before", case.name.to_owned()), ("beside", format!("by-{}", number % BYSTANDERS))]
        {
            let (id, note) = (format!("{}-{when}", case.name), format!("{when} {}", case.name));
            add(&id, &key, cases::good(&stage.full("orders"), &key, &id, &note), Some(note.as_bytes()));
        }
        let told = match &case.fate {
            Fate::Handled(note) => Some(note.as_bytes()),
            Fate::DeadLetter { .. } => Some(case.value.as_deref().unwrap_or_default()),
            Fate::Skipped => None,
        };
        add(case.id(), case.name, case.record.clone(), told);
        let (id, note) = (format!("{}-after", case.name), format!("after {}", case.name));
        add(&id, case.name, cases::good(&stage.full("orders"), case.name, &id, &note), Some(note.as_bytes()));
    }
    let placed = topics::write(stage.kafka(), &records).expect("acknowledged");
    for (id, placed) in owed.iter().zip(placed) {
        if let Some(id) = id {
            oracle.acknowledge(id, placed);
        }
    }
    (cases, oracle)
}

/// The cause of an event, under the id that the test knows it by.
fn cause(stage: &Stage, message: &Message, strangers: &BTreeMap<String, String>) -> String {
    let cause = message.header("ce_causationid").unwrap_or_else(|| panic!("{}: no cause", stage.namespace()));
    strangers.get(cause).cloned().unwrap_or_else(|| cause.to_owned())
}

/// What the service made of the cases.
fn seen(stage: &Stage, cases: &[Case], letters: &[Message]) -> Seen {
    let commits = stage.commits("payment.charge", "orders");
    let payments = stage.read("payments");
    // Who has no usable id gets one that only the events caused by it tell: found by their key.
    let known: HashSet<_> = cases.iter().filter(|case| case.is_stranger()).map(|case| case.name).collect();
    let mut strangers = BTreeMap::new();
    for message in &payments {
        let note = cases::note(message);
        if let Some(name) = note.strip_prefix("handled ").filter(|name| known.contains(name)) {
            let cause = message.header("ce_causationid").expect("a cause").to_owned();
            strangers.insert(cause, name.to_owned());
        }
    }
    Seen {
        effects: payments
            .iter()
            .map(|message| {
                let id = message.header("ce_id").expect("an id");
                Effect::new(&cause(stage, message, &strangers), id, cases::note(message).as_bytes())
            })
            .collect(),
        dead_letters: letters
            .iter()
            .map(|letter| {
                let name = letter.key_text().expect("a key");
                DeadLetter::new(name, letter.value.as_deref().unwrap_or_default())
            })
            .collect(),
        commits,
    }
}

/// Everything that the service tells of itself, to be searched for what must not be in it.
fn assert_tells_nothing(service: &Actor, letters: &[Message], spans: &[otlp::Span]) {
    let log = service.log();
    let (_, metrics) = service.ask("/metrics").expect("metrics");
    let (_, ready) = service.ask("/ready").expect("an answer");
    let spans = format!("{spans:?}");
    for canary in CANARIES {
        for (place, text) in
            [("the log", &log), ("a metric", &metrics), ("/ready", &ready), ("a span", &spans)]
        {
            let found = text.find(canary).map(|at| &text[at.saturating_sub(200)..(at + 40).min(text.len())]);
            assert!(found.is_none(), "{canary} in {place}: …{}…", found.unwrap_or_default());
        }
        for letter in letters {
            for (name, value) in &letter.headers {
                let text = String::from_utf8_lossy(value.as_deref().unwrap_or_default()).into_owned();
                assert!(
                    !text.contains(canary),
                    "{canary} in the header {name} of {:?}: {text}",
                    letter.key_text()
                );
            }
        }
    }
}

#[test]
fn bad_input_has_its_fate_and_nobody_else_notices() {
    let stage = stage("1048588");
    let receiver = otlp::Receiver::start().expect("a receiver");
    let (cases, oracle) = publish(&stage);
    let service = stage.start(
        "payment",
        &[("OTEL_EXPORTER_OTLP_ENDPOINT", &receiver.http()), ("OTEL_BSP_SCHEDULE_DELAY", "200")],
    );
    stage.settled("payment.charge", "orders");

    let letters = stage.read("payment.charge.dlq");
    let by_key: BTreeMap<_, _> =
        letters.iter().map(|letter| (letter.key_text().expect("a key"), letter)).collect();
    let wanted: Vec<_> = cases.iter().filter(|case| matches!(case.fate, Fate::DeadLetter { .. })).collect();
    for case in &wanted {
        let letter = by_key.get(case.name).unwrap_or_else(|| panic!("{}: no dead letter", case.name));
        letter::assert_complete(&stage, case, letter);
        if case.is_huge() {
            let value = case.value.as_deref().expect("a value");
            assert_eq!(letter.value, None, "{}: too large for the topic of dead letters", case.name);
            assert_eq!(letter.header("dlq-value-omitted"), Some("true"));
            assert_eq!(letter.header("dlq-value-size"), Some(value.len().to_string().as_str()));
            let digest = format!("{:x}", Sha256::digest(value));
            assert_eq!(letter.header("dlq-value-sha256"), Some(digest.as_str()));
        } else {
            assert_eq!(letter.value, case.value, "{}: the value is untouched", case.name);
        }
    }
    let ids: HashSet<_> = letters.iter().map(|letter| letter.header("dlq-id")).collect();
    let found: Vec<_> = by_key.keys().collect();
    assert_eq!((ids.len(), by_key.len()), (wanted.len(), wanted.len()), "one dead letter each: {found:?}");

    let mut seen = seen(&stage, &cases, &letters);
    // Its value was left out, and is compared by its digest above.
    let huge = cases.iter().filter(|case| case.is_huge());
    for case in huge {
        let letter = DeadLetter::new(case.name, case.value.as_deref().unwrap_or_default());
        for (place, _) in
            letters.iter().enumerate().filter(|(_, letter)| letter.key_text() == Some(case.name))
        {
            seen.dead_letters[place] = letter.clone();
        }
    }
    // What was under way when a batch was refused may have been sent twice, under its first id.
    oracle.judge(&seen).assert_kept();

    let skipped = cases.iter().filter(|case| matches!(case.fate, Fate::Skipped)).count();
    assert!(skipped > 0 && service.metric("workflow_skipped_records", "payment/charge") == skipped);
    assert_eq!(service.metric("workflow_dead_letters_", "payment/charge"), wanted.len());
    for (header, records) in [("traceparent", 2), ("wf", 1)] {
        let malformed = service.metric("workflow_malformed_headers", &format!("header=\"{header}\""));
        assert_eq!(malformed, records, "once for each record with a wrong {header}");
    }
    let told = service.lines().into_iter().filter(|line| line.contains_key("dead_letter_topic")).count();
    assert_eq!(told, wanted.len(), "one line for each dead letter");

    service.ready();
    // The last batch of spans comes with the end.
    assert_tells_nothing(&service, &letters, &[]);
    let log = service.leave();
    let spans = receiver.spans();
    assert!(spans.iter().filter(|span| span.name.starts_with("process ")).count() >= wanted.len());
    let spans = format!("{spans:?}");
    for canary in CANARIES {
        assert!(!spans.contains(canary), "{canary} in a span");
        assert!(!log.contains(canary), "{canary} in the log");
    }
}

/// Where the topics and the client take it, ten megabytes are set aside whole.
#[test]
fn ten_megabytes_are_kept_where_there_is_room() {
    let stage = stage(ROOMY);
    let orders = stage.full("orders");
    let huge = cases::all(&orders).into_iter().find(Case::is_huge).expect("a case");
    let after = cases::good(&orders, huge.name, "after", "after");
    topics::write(stage.kafka(), &[huge.record.clone(), after]).expect("acknowledged");
    let service =
        stage.start("payment", &[("KAFKA_MESSAGE_MAX_BYTES", ROOMY), ("KAFKA_FETCH_MAX_BYTES", ROOMY)]);
    stage.settled("payment.charge", "orders");
    let letters = stage.read("payment.charge.dlq");
    assert_eq!(letters.len(), 1);
    assert!(letters[0].value == huge.value, "the value is untouched");
    letter::assert_complete(&stage, &huge, &letters[0]);
    assert_eq!(stage.read("payments").len(), 1);
    service.leave();
}

/// Who sends ten megabytes to a topic that does not take them hears it at once, and nothing is written.
#[test]
fn ten_megabytes_are_refused_where_there_is_none() {
    let stage = Stage::on(kafka::shared());
    stage.create(&[stage.topic("orders", 1).setting("max.message.bytes", "1048588")]);
    let huge = cases::all(&stage.full("orders")).into_iter().find(Case::is_huge).expect("a case");
    let error = topics::write(stage.kafka(), &[huge.record]).expect_err("too large");
    assert!(error.to_string().contains("MessageSizeTooLarge"), "{error}");
    assert_eq!(stage.read("orders"), []);
}
