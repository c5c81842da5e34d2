//! A key that is held up for long on real Kafka: its partition is paused at the bound, alone, and read again at half;
//! what waits shows in the lag; and a partition with work under way is given up once that is settled and committed, whoever
//! joins meanwhile.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use choreograph::{Event, In, Service, State, step};
use choreograph_tests::topics::{Record, Writer};
use choreograph_tests::{eventually, kafka};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::stage::{Actor, Cast, Stage, WITHIN, no_arguments};

/// Records of a partition that may wait in lanes.
const BOUND: u32 = 1_000;
/// Steps of the key that is held up: more than its partition may hold.
const HELD: u32 = BOUND + 300;
/// Steps of each other key, each time some are sent.
const SOME: u32 = 100;
/// The variable that names the file which says how far the held key may walk.
const GATE: &str = "TEST_GATE";
/// How often a handler looks whether it may go on.
const LOOK_EVERY: Duration = Duration::from_millis(10);

/// A step was asked for.
#[derive(Debug, Event, Deserialize, JsonSchema)]
#[event(view, type = "step.asked", major = 1, topic = "asked")]
struct Asked {
    walker: String,
    step: u32,
}

/// A step was made.
#[derive(Debug, Event, Serialize, Deserialize, JsonSchema)]
#[event(type = "step.made", version = "1.0", topic = "made", key = "walker")]
struct Made {
    walker: String,
    step: u32,
}

/// The key that is held up.
const STUCK: &str = "stuck";

/// How far the held key may walk.
fn open_to(gate: &PathBuf) -> u32 {
    std::fs::read_to_string(gate).ok().and_then(|text| text.trim().parse().ok()).unwrap_or(0)
}

async fn walk(asked: In<Asked>, State(gate): State<PathBuf>) -> Made {
    let Asked { walker, step } = asked.into_inner();
    while walker == STUCK && step >= open_to(&gate) {
        tokio::time::sleep(LOOK_EVERY).await;
    }
    Made { walker, step }
}

fn service(gate: PathBuf) -> Service<PathBuf> {
    Service::new("walkers", gate).step(step("walk", walk).timeout(Duration::from_mins(10)))
}

fn main() -> ExitCode {
    service(std::env::var_os(GATE).expect("a gate").into()).main_from(no_arguments())
}

/// It on the stage.
pub(crate) const CASTS: [Cast; 1] =
    [Cast { name: "walkers", main, check: || service(PathBuf::new()).check() }];

/// Sends the steps `steps` of `walker` to `partition`.
fn send(stage: &Stage, partition: i32, walker: &str, steps: std::ops::Range<u32>) {
    let writer = Writer::new(stage.kafka()).expect("a writer");
    for step in steps {
        let value = serde_json::json!({ "walker": walker, "step": step }).to_string();
        let record = Record::to(&stage.full("asked")).partition(partition).key(walker).value(value);
        writer.send(step.into(), &record.header("ce_type", "step.asked.v1")).expect("sent");
    }
    for ack in writer.finish().expect("acknowledged") {
        ack.result.expect("acknowledged");
    }
}

/// The steps that each walker made, as they lie on the log; of what was said twice the first.
fn made(stage: &Stage) -> BTreeMap<String, Vec<u32>> {
    let mut made = BTreeMap::<String, Vec<u32>>::new();
    for message in stage.read("made") {
        let Made { walker, step } =
            serde_json::from_slice(message.value.as_deref().unwrap_or_default()).expect("a step");
        let steps = made.entry(walker).or_default();
        if !steps.contains(&step) {
            steps.push(step);
        }
    }
    made
}

/// Waits until `walker` made just the steps up to `wanted`, in order.
fn walked(stage: &Stage, walker: &str, wanted: u32) {
    eventually(&format!("{walker} makes {wanted} steps"), WITHIN, || {
        let steps = made(stage).remove(walker).unwrap_or_default();
        assert!(steps.iter().copied().eq(0..steps.len() as u32), "{walker} is out of order: {steps:?}");
        if steps.len() as u32 == wanted { Ok(()) } else { Err(format!("{} steps", steps.len())) }
    });
}

/// Sends the next steps of the walkers on other partitions, and waits until they are made: the step had its turns.
fn others_walk(stage: &Stage, rounds: &mut u32) {
    let steps = *rounds * SOME..(*rounds + 1) * SOME;
    *rounds += 1;
    for partition in 1..=2 {
        send(stage, partition, &format!("walker-{partition}"), steps.clone());
    }
    for partition in 1..=2 {
        walked(stage, &format!("walker-{partition}"), steps.end);
    }
}

fn is_ready(actor: &Actor) -> bool {
    actor.ask("/ready").is_ok_and(|(status, _)| status == 200)
}

#[test]
fn a_key_that_is_held_up_pauses_its_partition_alone_and_it_is_read_again_at_half() {
    let stage = Stage::on(kafka::shared());
    stage.create(&[stage.topic("asked", 3), stage.topic("made", 1)]);
    let folder = tempfile::tempdir().expect("a folder");
    let gate = folder.path().join("gate");
    let open = |to: u32| {
        // Nobody reads half of it.
        let next = folder.path().join("next");
        std::fs::write(&next, to.to_string()).and_then(|()| std::fs::rename(&next, &gate)).expect("opened");
    };
    let walkers = stage.start("walkers", &[(GATE, gate.to_str().expect("UTF-8"))]);
    walkers.ready();

    // Whoever is behind the held key beyond the bound shows how far the partition is read.
    send(&stage, 0, STUCK, 0..HELD);
    send(&stage, 0, "behind", 0..1);
    let mut rounds = 0;
    others_walk(&stage, &mut rounds);
    others_walk(&stage, &mut rounds);
    assert!(is_ready(&walkers), "a pause is no reason to be called not ready");
    assert_eq!(made(&stage).keys().collect::<Vec<_>>(), ["walker-1", "walker-2"], "the bound is kept");

    // More than half of the bound still waits: nothing more is read.
    let little = BOUND / 2 - 100;
    open(little);
    walked(&stage, STUCK, little);
    others_walk(&stage, &mut rounds);
    assert!(!made(&stage).contains_key("behind"), "the partition is paused until half of the bound");
    let commits = stage.commits("walkers.walk", "asked");
    let committed = commits.iter().find(|commit| commit.partition == 0).map_or(0, |commit| commit.offset);
    assert!(committed <= i64::from(little), "{committed} is committed, and {little} is settled");

    // Less than half waits: it is read again, to its end, though the key is still held up.
    open(BOUND / 2 + 100);
    walked(&stage, "behind", 1);
    walked(&stage, STUCK, BOUND / 2 + 100);
    open(HELD);
    walked(&stage, STUCK, HELD);
    stage.settled("walkers.walk", "asked");
    assert_eq!(stage.read("walkers.walk.dlq"), []);
    walkers.leave();
}

/// The sum of a gauge of the step over all partitions.
fn gauge(actor: &Actor, name: &str) -> f64 {
    let (_, text) = actor.ask("/metrics").expect("metrics");
    let lines = text.lines().filter(|line| line.starts_with(name) && line.contains("walkers/walk"));
    lines.filter_map(|line| line.rsplit(' ').next()?.parse::<f64>().ok()).sum()
}

/// Waits until a gauge of the step is as it `should` be.
fn comes_to(actor: &Actor, name: &str, should: impl Fn(f64) -> bool) -> f64 {
    let mut last = 0.0;
    eventually(name, WITHIN, || {
        last = gauge(actor, name);
        if should(last) { Ok(()) } else { Err(last.to_string()) }
    });
    last
}

#[test]
fn what_handlers_wait_with_is_behind_and_grows_older_until_it_is_committed() {
    const LAG: &str = "workflow_consumer_lag{";
    const AGE: &str = "workflow_consumer_lag_time_seconds{";
    const WAITING: u32 = 5;
    let stage = Stage::on(kafka::shared());
    stage.create(&[stage.topic("asked", 1), stage.topic("made", 1)]);
    let folder = tempfile::tempdir().expect("a folder");
    let gate = folder.path().join("gate");
    let walkers = stage.start("walkers", &[(GATE, gate.to_str().expect("UTF-8"))]);
    walkers.ready();
    send(&stage, 0, STUCK, 0..WAITING);

    // All are read, and none is settled.
    comes_to(&walkers, LAG, |lag| (lag - f64::from(WAITING)).abs() < 0.5);
    let age = comes_to(&walkers, AGE, |age| age > 0.0);
    comes_to(&walkers, AGE, |older| older > age);
    std::fs::write(&gate, WAITING.to_string()).expect("opened");
    walked(&stage, STUCK, WAITING);
    comes_to(&walkers, LAG, |lag| lag <= 0.0);
    comes_to(&walkers, AGE, |age| age <= 0.0);
    walkers.leave();
}

/// Waits until the group of the walkers has `count` members and its state is the `wanted` one.
fn members(stage: &Stage, count: usize, wanted: &str) {
    let group = stage.group("walkers.walk");
    eventually(&format!("{count} members, {wanted}"), WITHIN, || match group.members() {
        Ok((joined, is)) if joined == count && is == wanted => Ok(()),
        found => Err(format!("{found:?}")),
    });
}

#[test]
fn who_joins_while_partitions_are_given_up_leaves_their_owner_time_to_settle_and_commit() {
    const PARTITIONS: u32 = 4;
    let stage = Stage::on(kafka::shared());
    // One partition for retries: with as many as there are others, those alone might be given up.
    stage.create(&[stage.topic("asked", 4), stage.topic("made", 1), stage.topic("walkers.walk.retry", 1)]);
    let folder = tempfile::tempdir().expect("a folder");
    let gate = folder.path().join("gate");
    let settings = [(GATE, gate.to_str().expect("UTF-8")), ("CHOREOGRAPH_DRAIN_DEADLINE", "2m")];
    let first = stage.start("walkers", &settings);
    first.ready();
    for partition in 0..PARTITIONS {
        send(&stage, partition as i32, STUCK, 0..1);
    }
    comes_to(&first, "workflow_consumer_lag{", |lag| (lag - f64::from(PARTITIONS)).abs() < 0.5);

    // The group is stable with the second, which owns nothing before the first has given it up.
    let second = stage.start("walkers", &settings);
    members(&stage, 2, "Stable");
    let third = stage.start("walkers", &settings);
    members(&stage, 3, "PreparingRebalance");
    assert_eq!(stage.read("made"), []);
    std::fs::write(&gate, "1").expect("opened");
    members(&stage, 3, "Stable");
    stage.settled("walkers.walk", "asked");
    assert_eq!(stage.read("made").len(), PARTITIONS as usize, "nobody handled what was under way again");
    for actor in [first, second, third] {
        let log = actor.leave();
        assert!(!log.contains("left with work unsettled"), "{log}");
    }
}
