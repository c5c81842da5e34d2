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
    #[serde(default)]
    swallowed: bool,
    #[serde(default)]
    unavailable: bool,
}

/// What whoever answers needs of it.
#[derive(Debug, Event, Deserialize, JsonSchema)]
#[event(view, type = "request.made", major = 1, topic = "requests")]
struct Request {
    id: String,
    wait_ms: u64,
    fails: bool,
    #[serde(default)]
    swallowed: bool,
    #[serde(default)]
    unavailable: bool,
}

/// It was answered.
#[derive(Debug, Event, Serialize, Deserialize, JsonSchema)]
#[event(type = "request.answered", version = "1.0", topic = "answers", key = "id", terminal, outbound)]
struct RequestAnswered {
    id: String,
}

/// How soon an answer is expected.
const DEADLINE: Duration = Duration::from_secs(20);
/// The longest wait of those that are fine.
const LONGEST_MS: u64 = 12_000;
/// How long those wait that hang: long enough to be told of by then.
const HANGS_MS: u64 = 28_000;
/// Requests that are fine.
const FINE: usize = 6_000;
/// How many of them have to be answered within the deadline, or too few were seen to say anything.
const ENOUGH: usize = 5_000;
/// Requests that fail at every attempt, each with one of the same key behind it.
const FAILING: usize = 60;
/// Requests that hang.
const HANGING: usize = 5;

/// How long each of those takes that one desk answers one after the other.
const PACE_MS: u64 = 2_000;
/// So many of them wait there: the last one is beyond its deadline, and still waits long after it must be told.
const QUEUED: usize = 20;

/// How soon after a deadline a stall is told.
const TOLD_WITHIN_MS: u64 = 5_000;

async fn wait(request: In<Request>) -> Result<Option<RequestAnswered>, StepError> {
    let request = request.into_inner();
    if request.unavailable {
        return Err(StepError::unavailable("nobody is at the till"));
    }
    if request.fails {
        return Err(StepError::retry("not yet"));
    }
    tokio::time::sleep(Duration::from_millis(request.wait_ms)).await;
    Ok((!request.swallowed).then_some(RequestAnswered { id: request.id }))
}

fn desk() -> Service {
    let retry = Retry::exponential(3).first(Duration::from_secs(3)).cap(Duration::from_secs(6));
    let wait = step("wait", wait).within(DEADLINE).retry(retry).concurrency(8_000);
    Service::new("desk", ()).step(wait)
}

/// A desk at which one is answered after the other.
fn counter() -> Service {
    Service::new("counter", ()).step(step("wait", wait).within(DEADLINE).concurrency(1))
}

fn callers() -> Service {
    Service::new("callers", ()).publishes::<RequestMade>()
}

pub(crate) const CASTS: [Cast; 2] =
    [Cast { name: "desk", service: desk }, Cast { name: "counter", service: counter }];

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

/// A stage with the desk's topics.
fn desk_stage() -> Stage {
    stage_of(desk(), 4)
}

/// A stage with the topics of whoever answers; those of requests and answers have so many partitions.
fn stage_of(service: Service, partitions: i32) -> Stage {
    let own = |what: &str| format!("{}.wait.{what}", service.name());
    let made = [
        ("requests".to_owned(), partitions),
        ("answers".to_owned(), partitions),
        (own("retry"), 1),
        (own("dlq"), 1),
    ];
    let stage = Stage::of(kafka::shared(), &[service, callers()]);
    let made = made.map(|(name, partitions)| Topic::new(&stage.full(&name), partitions));
    topics::create(stage.kafka(), &made).expect("topics");
    stage
}

/// A request as it is written.
fn request(stage: &Stage, (id, key): (&str, &str), value: &serde_json::Value) -> Record {
    Record::to(&stage.full("requests"))
        .key(key)
        .value(value.to_string())
        .header("ce_specversion", "1.0")
        .header("ce_id", id)
        .header("ce_source", "callers")
        .header("ce_type", "request.made.v1")
        .header("ce_correlationid", id)
        .header("wf", format!("name=request;started={};hops=0", millis()))
}

/// Writes one request.
fn write(stage: &Stage, id: &str, value: &serde_json::Value) {
    topics::write(stage.kafka(), &[request(stage, (id, id), value)]).expect("written");
}

#[test]
fn thousands_of_slow_answers_are_never_called_stalled_and_those_that_hang_are() {
    let stage = desk_stage();
    let _desk = stage.start("desk");
    let sight = stage.observe(&[]);
    sight.caught_up();

    let asked = asked();
    let records: Vec<Record> = asked
        .iter()
        .map(|it| {
            let value = json!({ "id": it.key, "wait_ms": it.wait_ms, "fails": it.fails });
            request(&stage, (&it.id, &it.key), &value)
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
    let in_time = asked.iter().filter(|it| it.id.starts_with("fine") && !late.contains(&it.id)).count();
    let slow = asked.iter().filter(|it| it.id.starts_with("fine") && it.wait_ms > LONGEST_MS / 2).count();
    println!(
        "{all} requests, {slow} slow and fine, {in_time} in time, {} late, {} called stalled, {} of them wrongly",
        late.len(),
        told.len(),
        wrongly.len()
    );
    assert!(wrongly.is_empty(), "{wrongly:?}");
    assert!(in_time >= ENOUGH, "{in_time} of {FINE} were answered in time: too few to say anything");
    for number in 0..HANGING {
        let verdict = &told[&format!("hangs-{number}")];
        assert_eq!((verdict.state, verdict.step.as_deref()), (InstanceState::Stalled, Some("desk/wait")));
        let reasons = [Some(StallReason::Backlog), Some(StallReason::NotProgressing)];
        assert!(reasons.contains(&verdict.reason), "{verdict:?}");
    }
}

/// The requests that were not answered within the deadline, as the topics themselves say.
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
        ended - request.timestamp.expect("a time") <= DEADLINE.as_millis() as i64
    };
    read("requests").iter().filter(|it| !in_time(it)).map(|it| id(it, "ce_id")).collect()
}

/// Waits until `id` is said to stand still and not only to go on, and holds what is said, and when, against what is right. Both
/// are of the observer's clock: since when the request waits, how long it may, and as of when the observer answers.
fn told_in_time(sight: &Sight, id: &str, right: &Verdict) {
    let told = eventually("it is told", WITHIN, || {
        let instance = sight.instance(id)?;
        let due = instance.events[0].at + DEADLINE.as_millis() as u64;
        let seen_at = instance.as_of.now.saturating_sub(instance.as_of.behind_ms);
        let summary = instance.summary;
        let verdict = Verdict { state: summary.state, reason: summary.reason, step: summary.step };
        if verdict.state == InstanceState::Running {
            assert!(
                seen_at <= due + TOLD_WITHIN_MS,
                "{id} is not told of {} ms after its deadline",
                seen_at - due
            );
            return Err(format!("{verdict:?}"));
        }
        Ok((verdict, instance.as_of.now as i64 - due as i64))
    });
    println!("{id}: told {} ms after its deadline", told.1);
    assert_eq!(told.0, *right, "the first that is said of {id}");
}

#[test]
fn each_stall_is_told_in_time_with_its_reason_at_once() {
    let stage = desk_stage();
    let mut desk = stage.start("desk");
    let sight = stage.observe(&[]);
    sight.caught_up();
    let write = |id: &str, value: &serde_json::Value| write(&stage, id, value);
    let at = |state, reason| Verdict::at(state, reason, "desk/wait");

    write("swallowed", &json!({ "id": "swallowed", "wait_ms": 0, "fails": false, "swallowed": true }));
    told_in_time(&sight, "swallowed", &at(InstanceState::Lost, StallReason::Lost));
    write("hangs", &json!({ "id": "hangs", "wait_ms": 600_000, "fails": false }));
    told_in_time(&sight, "hangs", &at(InstanceState::Stalled, StallReason::NotProgressing));
    desk.kill().expect("killed");
    write("alone", &json!({ "id": "alone", "wait_ms": 0, "fails": false }));
    told_in_time(&sight, "alone", &at(InstanceState::Stalled, StallReason::NoConsumer));
}

#[test]
fn a_backlog_and_an_outage_are_told_in_time_with_their_reasons_at_once() {
    let stage = stage_of(counter(), 1);
    let _counter = stage.start("counter");
    let sight = stage.observe(&[]);
    sight.caught_up();
    let at = |reason| Verdict::at(InstanceState::Stalled, reason, "counter/wait");

    let value = json!({ "id": "queued", "wait_ms": PACE_MS, "fails": false });
    let ids: Vec<String> = (0..QUEUED).map(|number| format!("queued-{number}")).collect();
    let records: Vec<Record> = ids.iter().map(|id| request(&stage, (id, id), &value)).collect();
    topics::write(stage.kafka(), &records).expect("written");
    told_in_time(&sight, &ids[QUEUED - 1], &at(StallReason::Backlog));

    stage.settled("counter.wait", "requests");
    write(&stage, "unavailable", &json!({ "id": "u", "wait_ms": 0, "fails": false, "unavailable": true }));
    told_in_time(&sight, "unavailable", &at(StallReason::Retrying));
}
