//! Slow and fine on a real Kafka: thousands of requests that are answered late and in time, beside keys that wait for
//! another attempt, and a few that hang.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use choreograph::{Event, In, Retry, Service, StepError, step};
use choreograph_observer::answer::{InstanceState, Instances, StallReason};
use choreograph_tests::topics::{self, Message, Record, Topic};
use choreograph_tests::{eventually, kafka};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::cast::Cast;
use crate::sight::{Sight, Verdict};
use crate::stage::{Stage, WITHIN, millis};

/// Somebody asks.
#[derive(Debug, Event, Serialize, Deserialize, JsonSchema)]
#[event(type = "request.made", version = "1.0", topic = "requests", key = "id", starts = "request", external)]
struct RequestMade {
    id: String,
    wait_ms: u64,
    fails: bool,
}

/// What whoever answers needs of it.
#[derive(Debug, Event, Deserialize, JsonSchema)]
#[event(view, type = "request.made", major = 1, topic = "requests")]
struct Request {
    id: String,
    wait_ms: u64,
    fails: bool,
}

/// It was answered.
#[derive(Debug, Event, Serialize, Deserialize, JsonSchema)]
#[event(type = "request.answered", version = "1.0", topic = "answers", key = "id", terminal, outbound)]
struct RequestAnswered {
    id: String,
}

/// How soon an answer is expected.
const DEADLINE: Duration = Duration::from_secs(20);
/// What emitting, acknowledging and committing may take on a busy machine, beside the wait.
const SPARE: Duration = Duration::from_secs(2);
/// The longest wait of those that are fine.
const LONGEST_MS: u64 = 12_000;
/// How long those wait that hang: long enough to be told of by then.
const HANGS_MS: u64 = 28_000;
/// Requests that are fine.
const FINE: usize = 5_000;
/// Requests that fail at every attempt, each with one of the same key behind it.
const FAILING: usize = 60;
/// Requests that hang.
const HANGING: usize = 5;

async fn wait(request: In<Request>) -> Result<RequestAnswered, StepError> {
    let request = request.into_inner();
    if request.fails {
        return Err(StepError::retry("not yet"));
    }
    tokio::time::sleep(Duration::from_millis(request.wait_ms)).await;
    Ok(RequestAnswered { id: request.id })
}

fn desk() -> Service {
    let retry = Retry::exponential(3).first(Duration::from_secs(3)).cap(Duration::from_secs(6));
    let wait = step("wait", wait).within(DEADLINE).retry(retry).concurrency(8_000);
    Service::new("desk", ()).step(wait)
}

fn callers() -> Service {
    Service::new("callers", ()).publishes::<RequestMade>()
}

pub(crate) const CASTS: [Cast; 1] = [Cast { name: "desk", service: desk }];

/// What is asked: its id, its key, how long it takes, whether it fails.
struct Asked {
    id: String,
    key: String,
    wait_ms: u64,
    fails: bool,
}

fn asked() -> Vec<Asked> {
    let one = |kind: &str, number: usize, wait_ms, fails| {
        let id = format!("{kind}-{number}");
        Asked { key: id.clone(), id, wait_ms, fails }
    };
    let mut asked: Vec<Asked> = (0..HANGING).map(|number| one("hangs", number, HANGS_MS, false)).collect();
    for number in 0..FINE {
        asked.push(one("fine", number, 100 + number as u64 * 7_919 % LONGEST_MS, false));
        if number % (FINE / FAILING) == 0 {
            asked.push(one("fails", number, 0, true));
            let key = format!("fails-{number}");
            asked.push(Asked { key, ..one("behind", number, 100, false) });
        }
    }
    asked
}

/// The instances that are called stalled now.
fn stalled(sight: &Sight) -> Vec<(String, Verdict)> {
    let page: Instances = sight.get("/api/instances?state=stalled&limit=500").expect("instances");
    let told = page.items.into_iter();
    told.map(|it| (it.id, Verdict { state: it.state, reason: it.reason, step: it.step })).collect()
}

#[test]
fn thousands_of_slow_answers_are_never_called_stalled_and_those_that_hang_are() {
    let services = [desk(), callers()];
    let stage = Stage::of(kafka::shared(), &services);
    let topic = |name: &str, partitions| Topic::new(&stage.full(name), partitions);
    let made = [("requests", 4), ("answers", 4), ("desk.wait.retry", 1), ("desk.wait.dlq", 1)];
    topics::create(stage.kafka(), &made.map(|(name, partitions)| topic(name, partitions))).expect("topics");
    let _desk = stage.start("desk");
    let sight = stage.observe(&[]);
    sight.caught_up();

    let asked = asked();
    let full = stage.full("requests");
    let records: Vec<Record> = asked
        .iter()
        .map(|it| {
            let value = json!({ "id": it.key, "wait_ms": it.wait_ms, "fails": it.fails }).to_string();
            Record::to(&full)
                .key(it.key.as_str())
                .value(value)
                .header("ce_specversion", "1.0")
                .header("ce_id", it.id.as_str())
                .header("ce_source", "callers")
                .header("ce_type", "request.made.v1")
                .header("ce_correlationid", it.id.as_str())
                .header("wf", format!("name=request;started={};hops=0", millis()))
        })
        .collect();
    topics::write(stage.kafka(), &records).expect("written");

    let mut told: BTreeMap<String, Verdict> = BTreeMap::new();
    let all = asked.len() as u64;
    eventually("every request comes to its end", WITHIN, || {
        told.extend(stalled(&sight));
        let workflows = sight.overview().workflows;
        let of = workflows.into_iter().find(|it| it.name == "request").ok_or("none is seen")?;
        if of.completed + of.failed == all { Ok(()) } else { Err(format!("{of:?}")) }
    });

    let late = late(&stage);
    let wrongly: Vec<_> = told.iter().filter(|(id, _)| !late.contains(*id)).collect();
    let slow = asked.iter().filter(|it| it.id.starts_with("fine") && it.wait_ms > LONGEST_MS / 2).count();
    println!(
        "{all} requests, {slow} slow and fine, {} late, {} called stalled, {} of them wrongly",
        late.len(),
        told.len(),
        wrongly.len()
    );
    assert!(wrongly.is_empty(), "{wrongly:?}");
    for number in 0..HANGING {
        let verdict = &told[&format!("hangs-{number}")];
        assert_eq!((verdict.state, verdict.step.as_deref()), (InstanceState::Stalled, Some("desk/wait")));
        let reasons = [Some(StallReason::Backlog), Some(StallReason::NotProgressing)];
        assert!(reasons.contains(&verdict.reason), "{verdict:?}");
    }
}

/// The requests that were not answered well within the deadline, as the topics themselves say.
fn late(stage: &Stage) -> BTreeSet<String> {
    let read = |topic: &str| topics::read_all(stage.kafka(), &stage.full(topic)).expect("records");
    let id = |message: &Message, header: &str| message.header(header).expect("an id").to_owned();
    let answered: BTreeMap<String, i64> =
        read("answers").iter().map(|it| (id(it, "ce_causationid"), it.timestamp.expect("a time"))).collect();
    let set_aside: BTreeMap<String, i64> =
        read("desk.wait.dlq").iter().map(|it| (id(it, "ce_id"), it.timestamp.expect("a time"))).collect();
    let in_time = |request: &Message| {
        let id = id(request, "ce_id");
        let ended = answered.get(&id).or_else(|| set_aside.get(&id)).expect("an end");
        let most = DEADLINE.saturating_sub(SPARE).as_millis() as i64;
        ended - request.timestamp.expect("a time") <= most
    };
    read("requests").iter().filter(|it| !in_time(it)).map(|it| id(it, "ce_id")).collect()
}
