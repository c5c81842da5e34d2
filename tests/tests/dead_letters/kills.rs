//! Ten thousand dead letters replayed by a tool that is killed again and again.

use std::collections::{BTreeMap, HashMap};
use std::time::Instant;

use choreograph_tests::eventually;
use choreograph_tests::topics::{Group, Record};
use serde_json::json;

use crate::by_hand::{id, letter};
use crate::stage::{Stage, WITHIN};

const STEPS: [&str; 3] = ["payment.charge", "mail.send", "stock.reserve"];
const REASONS: [&str; 4] = ["contract_violation", "rejected", "panic", "retries_exhausted"];
const LETTERS: u128 = 10_000;
/// How many more must be replayed before the tool is killed.
const KILL_AFTER: i64 = 450;
/// How often it is killed; then a second tool begins beside it.
const KILLS: usize = 8;

/// The topic that all the steps read, and that others read as well.
const INPUT: &str = "orders";
/// The records that lie there.
const PLACED: u128 = 500;
/// A step that sets nothing aside: it has done all that lies on the input.
const BYSTANDER: &str = "ledger.book";
/// One dead letter in so many was written twice.
const TWICE: usize = 101;

fn step(number: u128) -> &'static str {
    STEPS[(number % 3) as usize]
}

fn reason(number: u128) -> &'static str {
    REASONS[(number / 3 % 4) as usize]
}

fn is_chosen(number: u128) -> bool {
    matches!(reason(number), "rejected" | "retries_exhausted")
}

fn prepared(count: u128) -> Stage {
    let stage = Stage::new();
    stage.create(&[("choreograph.audit", 1)]);
    let topics: Vec<_> =
        STEPS.iter().flat_map(|step| [(format!("{step}.dlq"), 3), (format!("{step}.retry"), 1)]).collect();
    stage.create(&topics.iter().map(|(name, partitions)| (name.as_str(), *partitions)).collect::<Vec<_>>());
    stage.create(&[(INPUT, 3)]);
    let input = stage.full(INPUT);
    let placed = |number: u128| Record::to(&input).key(format!("k{number}")).value(r#"{"total":1}"#);
    stage.write(&(0..PLACED).map(placed).collect::<Vec<_>>());
    bystander(&stage).forward(&input).expect("committed");
    let letter = |number: u128| {
        letter(&stage.full(&format!("{}.dlq", step(number))), number, reason(number))
            .header("wf-origin-topic", input.as_str())
            .header("wf-origin-partition", (number % 3).to_string())
            .header("wf-origin-offset", (number % 100).to_string())
    };
    let mut letters: Vec<Record> = (0..count).map(letter).collect();
    // Steps that were killed wrote some of theirs twice.
    letters.extend((0..count).step_by(TWICE).map(letter));
    stage.write(&letters);
    stage
}

fn bystander(stage: &Stage) -> Group {
    Group::of(stage.kafka(), &stage.full(BYSTANDER)).expect("a group")
}

/// A folder with the manifests of all who read the input.
fn manifests(stage: &Stage) -> String {
    let folder = stage.folder("manifests");
    for group in STEPS.into_iter().chain([BYSTANDER]) {
        let (service, step) = group.split_once('.').expect("a step");
        let manifest = json!({ "manifest": 1, "service": service, "steps": [{
            "name": step, "group": group,
            "consumes": [{ "type": "order.placed", "major": 1, "topic": INPUT, "schema": {
                "type": "object", "properties": { "total": { "type": "integer" } }, "required": ["total"] } }],
        }] });
        stage.file(&format!("manifests/{service}.json"), &manifest.to_string());
    }
    folder
}

#[test]
fn each_chosen_one_is_replayed_exactly_once_through_kills_and_rivals() {
    let stage = prepared(LETTERS);
    stage.create(&[(&format!("{BYSTANDER}.dlq"), 1), (&format!("{BYSTANDER}.retry"), 1)]);
    let manifests = manifests(&stage);
    let reasons = ["--reason", "rejected", "--reason", "retries_exhausted"];
    let replay = [&["replay"][..], &reasons, &["--yes", "--manifests", &manifests]].concat();
    let group = Group::of(stage.kafka(), &stage.full("nobody")).expect("a look");
    let audited = || group.lag(&stage.full("choreograph.audit")).expect("the end of the audit topic");

    let mut kills = 0;
    loop {
        let before = audited();
        let mut tool = stage.start(&replay);
        let ended = eventually("it replays or ends", WITHIN, || {
            if !tool.service.is_running().expect("a process") {
                return Ok(true);
            }
            if audited() >= before + KILL_AFTER { Ok(false) } else { Err("too few") }
        });
        if ended {
            let ran = tool.finish();
            assert_eq!(ran.code, 0, "{ran:?}");
            break;
        }
        if kills == KILLS {
            // A second operator begins: the first one is fenced, or was faster.
            let rival = stage.start(&replay);
            let (first, second) = (tool.finish(), rival.finish());
            assert!(first.code == 0 || first.errors.contains("somebody else has begun"), "{first:?}");
            assert_eq!(second.code, 0, "{second:?}");
            break;
        }
        tool.service.kill().expect("killed");
        kills += 1;
    }
    assert!(kills >= KILLS / 2, "only {kills} kills prove little");
    eprintln!("{kills} kills");
    verify(&stage, kills);
    verify_others(&stage);
}

/// Looks at every topic, as one who reads what is committed.
fn verify(stage: &Stage, kills: usize) {
    let chosen = (0..LETTERS).filter(|number| is_chosen(*number)).count();
    let mut replayed: HashMap<String, usize> = HashMap::new();
    for step in STEPS {
        for message in stage.read(&format!("{step}.retry")) {
            let event = message.header("ce_id").expect("an id").to_owned();
            let number: u128 = event[1..].parse().expect("a number");
            assert_eq!(self::step(number), step, "{event} is on its own step's topic");
            assert_eq!(message.value.as_deref(), Some(&br#"{"total":1}"#[..]));
            assert_eq!(message.header("dlq-replay-count"), Some("1"));
            assert_eq!(message.header("wf-origin-topic"), Some(stage.full(INPUT).as_str()));
            assert!(message.header("dlq-id").is_none() && message.header("wf-attempt").is_none());
            *replayed.entry(event).or_default() += 1;
        }
    }
    let mut marked: BTreeMap<String, usize> = BTreeMap::new();
    for message in stage.read("choreograph.audit") {
        *marked.entry(message.header("dlq-id").expect("an id").to_owned()).or_default() += 1;
    }
    assert_eq!((replayed.len(), marked.len()), (chosen, chosen), "after {kills} kills");
    for number in 0..LETTERS {
        let expected = is_chosen(number).then_some(1);
        assert_eq!(replayed.get(&format!("e{number}")).copied(), expected, "e{number} after {kills} kills");
        assert_eq!(marked.get(&id(number)).copied(), expected, "{} after {kills} kills", id(number));
    }
}

/// Nobody sees a replay but the step that failed: what others read is as it was.
fn verify_others(stage: &Stage) {
    assert_eq!(stage.read(INPUT).len() as u128, PLACED);
    assert_eq!(bystander(stage).lag(&stage.full(INPUT)).expect("a lag"), 0);
    for topic in ["dlq", "retry"].map(|what| format!("{BYSTANDER}.{what}")) {
        assert!(stage.read(&topic).is_empty(), "{topic}");
    }
    let letters: usize = STEPS.iter().map(|step| stage.read(&format!("{step}.dlq")).len()).sum();
    assert_eq!(letters, LETTERS as usize + (LETTERS as usize).div_ceil(TWICE));
}

/// How fast it is: `cargo test --release -p choreograph-tests --test dead_letters -- --ignored --nocapture how_fast`.
#[test]
#[ignore = "a measurement"]
fn how_fast() {
    let stage = prepared(100_000);
    let started = Instant::now();
    let list = stage.json(&["list", "--limit", "1"], 1);
    eprintln!("list of {}: {:?}", list["total"], started.elapsed());
    let started = Instant::now();
    let report = stage.json(&["replay", "--open", "--yes", "--unchecked"], 0);
    let (done, took) = (report["done"].as_f64().expect("a number"), started.elapsed());
    eprintln!("replay of {done}: {took:?}, {:.0} a second", done / took.as_secs_f64());
}
