//! A step that reads what comes from now on, on real Kafka: nothing of before, and everything since, whoever is there.

use choreograph::{Event, In, Service, StartFrom, step};
use choreograph_tests::topics::{Record, Writer, extend};
use choreograph_tests::{eventually, kafka};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::stage::{Cast, Stage, WITHIN, no_arguments};

/// Somebody came.
#[derive(Debug, Event, Deserialize, JsonSchema)]
#[event(view, type = "guest.came", major = 1, topic = "guests")]
struct Came {
    name: String,
}

/// Somebody was greeted.
#[derive(Debug, Event, Serialize, Deserialize, JsonSchema)]
#[event(type = "guest.greeted", version = "1.0", topic = "greetings", key = "name")]
struct Greeted {
    name: String,
}

async fn greet(came: In<Came>) -> Greeted {
    Greeted { name: came.into_inner().name }
}

fn service() -> Service {
    Service::new("host", ()).step(step("greet", greet).from(StartFrom::Latest))
}

/// It on the stage.
pub(crate) const CASTS: [Cast; 1] =
    [Cast { name: "host", main: || service().main_from(no_arguments()), check: || service().check() }];

fn send(stage: &Stage, partition: i32, names: &[&str]) {
    let writer = Writer::new(stage.kafka()).expect("a writer");
    for (place, name) in (0..).zip(names) {
        let value = serde_json::json!({ "name": name }).to_string();
        let record = Record::to(&stage.full("guests")).partition(partition).key(*name).value(value);
        writer.send(place, &record.header("ce_type", "guest.came.v1")).expect("sent");
    }
    for ack in writer.finish().expect("acknowledged") {
        ack.result.expect("acknowledged");
    }
}

/// Waits until everything is settled, and then who was greeted must be `wanted`.
fn greeted(stage: &Stage, wanted: &[&str]) {
    stage.settled("host.greet", "guests");
    let greetings = stage.read("greetings").into_iter().map(|message| {
        let greeted: Greeted =
            serde_json::from_slice(&message.value.unwrap_or_default()).expect("a greeting");
        greeted.name
    });
    let mut greetings: Vec<_> = greetings.collect();
    greetings.sort();
    greetings.dedup();
    assert_eq!(greetings, wanted);
}

fn committed(stage: &Stage) -> Vec<(i32, i64)> {
    let commits = stage.commits("host.greet", "guests");
    let mut commits: Vec<_> = commits.iter().map(|commit| (commit.partition, commit.offset)).collect();
    commits.sort_unstable();
    commits
}

#[test]
fn a_group_begins_at_the_end_once_and_a_partition_that_came_later_is_read_from_its_start() {
    let stage = Stage::on(kafka::shared());
    stage.create(&[stage.topic("guests", 2), stage.topic("greetings", 1)]);
    send(&stage, 0, &["old-1", "old-2", "old-3"]);
    send(&stage, 1, &["old-4"]);

    let first = stage.start("host", &[]);
    eventually("the group begins at the ends", WITHIN, || match &*committed(&stage) {
        [(0, 3), (1, 1)] => Ok(()),
        others => Err(format!("{others:?}")),
    });
    send(&stage, 0, &["a"]);
    first.ready();
    greeted(&stage, &["a"]);

    // Nobody runs, or nobody knows yet: the next instance is given what is new.
    first.leave();
    extend(stage.kafka(), &stage.topic("guests", 3)).expect("one partition more");
    send(&stage, 2, &["b", "c"]);
    send(&stage, 1, &["d"]);
    let second = stage.start("host", &[]);
    second.ready();
    greeted(&stage, &["a", "b", "c", "d"]);
    second.leave();
}
