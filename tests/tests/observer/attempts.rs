//! Attempts that fail and one that succeeds, all within milliseconds: the observer saw none of it, and every one is told.

use std::time::Duration;

use choreograph::{Event, In, Retry, Service, StepError, step};
use choreograph_observer::answer::{AtStep, AttemptOutcome, Instances};
use choreograph_tests::topics::{self, Record, Topic};
use choreograph_tests::{eventually, kafka};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::cast::Cast;
use crate::sight::{Sight, Verdict};
use crate::stage::{Stage, WITHIN, millis};

/// A form was filled in.
#[derive(Debug, Event, Serialize, Deserialize, JsonSchema)]
#[event(type = "form.filled", version = "1.0", topic = "forms", key = "id", starts = "form", external)]
struct FormFilled {
    id: String,
}

/// What the clerk needs of it.
#[derive(Debug, Event, Deserialize, JsonSchema)]
#[event(view, type = "form.filled", major = 1, topic = "forms")]
struct Form {
    id: String,
}

/// It was stamped.
#[derive(Debug, Event, Serialize, Deserialize, JsonSchema)]
#[event(type = "form.stamped", version = "1.0", topic = "stamped", key = "id", terminal, outbound)]
struct FormStamped {
    id: String,
}

/// Attempts that fail before the one that succeeds.
const FAILING: u32 = 2;
/// Forms of which every attempt is looked for.
const FORMS: usize = 10;

/// Whether this attempt is one that fails.
fn fails(form: &In<Form>) -> Result<(), StepError> {
    if form.metadata().attempt() <= FAILING { Err(StepError::retry("the ink is dry")) } else { Ok(()) }
}

async fn stamp(form: In<Form>) -> Result<FormStamped, StepError> {
    fails(&form)?;
    Ok(FormStamped { id: form.into_inner().id })
}

async fn file(form: In<Form>) -> Result<(), StepError> {
    fails(&form)
}

fn clerk() -> Service {
    let soon = || Retry::exponential(3).first(Duration::from_millis(1)).cap(Duration::from_millis(2));
    Service::new("clerk", ()).step(step("stamp", stamp).retry(soon())).step(step("file", file).retry(soon()))
}

fn public() -> Service {
    Service::new("public", ()).publishes::<FormFilled>()
}

pub(crate) const CASTS: [Cast; 1] = [Cast { name: "clerk", service: clerk }];

fn form(stage: &Stage, id: &str) -> Record {
    Record::to(&stage.full("forms"))
        .key(id)
        .value(json!({ "id": id }).to_string())
        .header("ce_specversion", "1.0")
        .header("ce_id", id)
        .header("ce_source", "public")
        .header("ce_type", "form.filled.v1")
        .header("ce_correlationid", id)
        .header("wf", format!("name=form;started={};hops=0", millis()))
}

/// What the observer says of a form at a step.
fn at(sight: &Sight, id: &str, step: &str) -> Result<AtStep, String> {
    let events = sight.instance(id)?.events;
    let steps = events.into_iter().flat_map(|event| event.steps);
    steps.into_iter().find(|at| at.step == step).ok_or_else(|| format!("{id} is not at {step}"))
}

/// Whether every attempt is told, in its order, each failure and the success behind them.
fn is_whole(at: &AtStep) -> Result<(), String> {
    let told: Vec<(u32, AttemptOutcome)> = at.attempts.iter().map(|it| (it.number, it.outcome)).collect();
    let failed = (1..=FAILING).map(|number| (number, AttemptOutcome::Failed));
    let wanted: Vec<_> = failed.chain([(FAILING + 1, AttemptOutcome::Succeeded)]).collect();
    if told == wanted { Ok(()) } else { Err(format!("{at:?}")) }
}

#[test]
fn every_attempt_is_told_whether_the_run_emitted_something_or_not() {
    let stage = Stage::of(kafka::shared(), &[clerk(), public()]);
    let topic = |name: &str, partitions| Topic::new(&stage.full(name), partitions);
    let mut made = vec![topic("forms", 2), topic("stamped", 2)];
    for step in ["clerk.stamp", "clerk.file"] {
        made.extend([topic(&format!("{step}.retry"), 1), topic(&format!("{step}.dlq"), 1)]);
    }
    topics::create(stage.kafka(), &made).expect("topics");
    let _clerk = stage.start("clerk");
    let sight = stage.observe(&[]);
    sight.caught_up();
    let ids: Vec<String> = (0..FORMS).map(|number| format!("form-{number}-{}", millis())).collect();
    let records: Vec<Record> = ids.iter().map(|id| form(&stage, id)).collect();
    topics::write(stage.kafka(), &records).expect("written");
    sight.says(&ids, &Verdict::completed());

    for step in ["clerk/stamp", "clerk/file"] {
        eventually(&format!("every attempt of {step} is told"), WITHIN, || {
            ids.iter().try_for_each(|id| is_whole(&at(&sight, id, step)?))
        });
    }
    let page: Instances = sight.get("/api/instances?attempt=3").expect("instances");
    assert_eq!((page.total, page.items[0].attempts), (FORMS as u64, 3), "{page:?}");
    let (code, text) = stage.ask(Some(&sight), &["where", &ids[0]]);
    assert_eq!(code, 0, "{text}");
    for step in ["clerk/stamp", "clerk/file"] {
        let (_, behind) = text.split_once(&format!("{step}: done")).expect("the step");
        let lines: Vec<&str> = behind.lines().skip(1).take(3).collect();
        let said = |line: &str, words: &str| line.contains(words);
        assert!(
            said(lines[0], "attempt 1 failed")
                && said(lines[1], "attempt 2 failed")
                && said(lines[2], "attempt 3 succeeded"),
            "{text}"
        );
    }
    let (_, text) = stage.ask(Some(&sight), &["where", &ids[0], "--format", "json"]);
    assert_eq!(text.matches("\"outcome\": \"succeeded\"").count(), 2, "{text}");
}
