//! Dead letters named by their places, and replays that go where a manifest says.

use choreograph::settings::Settings;
use choreograph_dead_letters::{Chosen, DeadLetters, Order, Report, What};
use serde_json::json;

use crate::by_hand::{id, letter};
use crate::stage::Stage;

fn settings(stage: &Stage) -> Settings {
    let variables =
        [("KAFKA_BOOTSTRAP_SERVERS", stage.kafka()), ("CHOREOGRAPH_NAMESPACE", stage.namespace())];
    Settings::read(variables).expect("settings")
}

fn replay(stage: &Stage, chosen: &Chosen) -> Report {
    let letters = DeadLetters::open(&settings(stage), &[]).expect("open");
    let what = What::Replay { force: false };
    let order =
        Order { by: "ada".to_owned(), what, dry_run: false, rate: None, unchecked: true, forgetful: false };
    letters.act(chosen, &order, &mut ()).expect("a report")
}

#[test]
fn one_that_was_written_twice_is_replayed_once_wherever_it_is_named() {
    let stage = Stage::new();
    let topics = ["payment.charge", "mail.tell"];
    for step in topics {
        stage.create(&[(&format!("{step}.dlq"), 1), (&format!("{step}.retry"), 1)]);
        let topic = stage.full(&format!("{step}.dlq"));
        stage.write(&[letter(&topic, 1, "rejected"), letter(&topic, 1, "rejected")]);
    }
    stage.create(&[("choreograph.audit", 1)]);
    let mut chosen = Chosen::default();
    for step in topics {
        for offset in [0, 1] {
            chosen.add(&format!("{step}.dlq"), 0, offset, id(1).parse().expect("an id"));
        }
    }
    let report = replay(&stage, &chosen);
    assert_eq!((report.chosen, report.done, report.gone), (1, 1, 0), "{report:?}");
    let records: usize = topics.iter().map(|step| stage.read(&format!("{step}.retry")).len()).sum();
    assert_eq!((records, stage.read("choreograph.audit").len()), (1, 1));
}

/// Another team's step, whose topics are named as that team likes.
const MANIFEST: &str = r#"{ "manifest": 1, "service": "till", "steps": [{
    "name": "book", "group": "till.book", "retry_topic": "bookings-again", "dead_letter_topic": "bookings-dlq",
    "consumes": [{ "type": "order.placed", "major": 1, "topic": "orders", "schema": {} }] }] }"#;

#[test]
fn a_replay_goes_to_the_retry_topic_that_the_manifest_names() {
    let stage = Stage::new();
    stage.create(&[("bookings-dlq", 1), ("choreograph.audit", 1)]);
    let manifest = stage.file("till.json", MANIFEST);
    let record = letter(&stage.full("till.book.dlq"), 1, "rejected").on(&stage.full("bookings-dlq"));
    stage.write(&[record]);
    let replay = ["replay", "--open", "--yes", "--manifests", &manifest];
    let missing = stage.dlq(&replay);
    assert!(missing.code == 3 && missing.errors.contains("bookings-again"), "{missing:?}");
    stage.create(&[("bookings-again", 1)]);
    let report = stage.json(&replay, 0);
    assert_eq!(report["done"], json!(1), "{report:#}");
    let replayed = stage.read("bookings-again");
    assert_eq!((replayed.len(), replayed.first().and_then(|one| one.header("ce_id"))), (1, Some("e1")));
}
