//! What an observer needs, and what it says where that is missing.

use std::time::Duration;

use choreograph::settings::Settings;
use choreograph_observer::answer::{InstanceState, Overview, StepState};
use choreograph_observer::{Observer, Options};
use choreograph_tests::eventually;
use choreograph_tests::kafka::{Cluster, Operation, Right};
use choreograph_tests::topics::{self, Record};
use choreograph_topology::Manifest;

use crate::casting::{PASSWORD, POOR, USER, answered, documented, leave, order, shared, stage, start};
use crate::payment;
use crate::stage::{Stage, WITHIN};

/// The rows of the README's table.
const TABLE: [&str; 3] = [
    "| Describe, Read | the topics that manifests declare, `<group>.retry` and `<group>.dlq` of every step, `choreograph.audit` |",
    "| Describe | the group of every step |",
    "| Describe | the group `choreograph.observer` |",
];

/// The topics that it reads.
const TOPICS: [&str; 5] =
    ["choreograph.audit", "orders", "payment.charge.dlq", "payment.charge.retry", "payments"];

/// The groups that it asks for.
const GROUPS: [&str; 2] = ["payment.charge", "choreograph.observer"];

fn is_documented() {
    let text = include_str!("../../../observability/README.md");
    assert!(TABLE.iter().all(|row| text.contains(row)), "the README's table of rights is another one");
}

fn on_topic(stage: &Stage, topic: &str, operation: Operation) -> Right {
    Right::topic(&stage.full(topic), operation)
}

fn on_group(stage: &Stage, group: &str) -> Right {
    Right::group(&stage.full(group), Operation::Describe)
}

/// A service that has answered one order, with a record on every topic; the id of the order's instance.
fn played(stage: &Stage, cluster: &Cluster) -> &'static str {
    stage.create(&[stage.topic("choreograph.audit", 1)]);
    cluster.grant(USER, &documented(stage)).expect("granted");
    let mark = Record::to(&stage.full("choreograph.audit")).key("x").value("{}");
    let mark = mark.header("dlq-id", "x").header("audit-action", "discarded");
    topics::write(stage.kafka(), &[mark]).expect("acknowledged");
    let service = start(stage, cluster, &[]);
    service.ready();
    order(stage, "orders", "paid", 1);
    order(stage, "payment.charge.retry", "again", 1);
    order(stage, "orders", "rejected", 0);
    answered(stage, "payments", &["paid", "again"]);
    answered(stage, "payment.charge.dlq", &["rejected"]);
    stage.settled("payment.charge", "orders");
    leave(service);
    "event-of-paid"
}

/// An observer of the stage that logs in as somebody with only the rights that the test gives.
fn observe(stage: &Stage, cluster: &Cluster) -> Observer {
    let secured = cluster.secured_bootstrap();
    let settings = Settings::read([
        ("KAFKA_BOOTSTRAP_SERVERS", secured.as_str()),
        ("KAFKA_SECURITY_PROTOCOL", "SASL_PLAINTEXT"),
        ("KAFKA_SASL_MECHANISM", "PLAIN"),
        ("KAFKA_SASL_USERNAME", POOR),
        ("KAFKA_SASL_PASSWORD", PASSWORD),
        ("KAFKA_FETCH_ERROR_BACKOFF_MS", "50"),
        ("CHOREOGRAPH_NAMESPACE", stage.namespace()),
    ]);
    let manifest = serde_json::to_vec(&payment::service().manifest()).expect("JSON");
    let mut options = Options::new(settings.expect("settings"));
    options.given = vec![Manifest::read("payment.json", &manifest).expect("a manifest")];
    options.look_every = Duration::from_millis(500);
    options.listen = "127.0.0.1:0".parse().expect("an address");
    Observer::start(&options).expect("it starts")
}

fn overview(observer: &Observer) -> Overview {
    observer.shared().read(|model| model.overview(now()))
}

fn now() -> u64 {
    let since = std::time::UNIX_EPOCH.elapsed().expect("after 1970");
    u64::try_from(since.as_millis()).expect("before the year 500,000,000")
}

fn state(observer: &Observer, id: &str) -> Option<InstanceState> {
    observer.shared().read(|model| Some(model.instance(id, now())?.summary.state))
}

/// Waits until it names everything of `words` in one of its problems.
fn says(observer: &Observer, words: &[&str]) {
    eventually(&format!("it says {words:?}"), WITHIN, || {
        let problems = observer.problems();
        let told = problems.iter().any(|problem| words.iter().all(|word| problem.contains(word)));
        if told { Ok(()) } else { Err(format!("{problems:?}")) }
    });
}

/// Waits until it has nothing to complain of, and says that the order is completed.
fn sees_all(observer: &Observer, order: &str) {
    eventually("the order is completed", WITHIN, || {
        let (overview, state) = (overview(observer), state(observer, order));
        let sees = overview.problems.is_empty() && overview.as_of.caught_up;
        if sees && state == Some(InstanceState::Completed) {
            Ok(())
        } else {
            Err(format!("{state:?} {overview:?}"))
        }
    });
}

#[test]
fn an_observer_with_the_documented_rights_sees_an_order_completed() {
    is_documented();
    let cluster = shared();
    let stage = stage(cluster);
    let order = played(&stage, cluster);
    let read = TOPICS.map(|topic| on_topic(&stage, topic, Operation::Read));
    let describe = TOPICS.map(|topic| on_topic(&stage, topic, Operation::Describe));
    let groups = GROUPS.map(|group| on_group(&stage, group));
    cluster.grant(POOR, &[&read[..], &describe, &groups].concat()).expect("granted");
    let observer = observe(&stage, cluster);
    sees_all(&observer, order);
    observer.stop();
}

#[test]
fn each_missing_right_of_an_observer_is_named_and_nothing_is_called_lost_for_want_of_one() {
    let cluster = shared();
    let stage = stage(cluster);
    let order = played(&stage, cluster);
    let observer = observe(&stage, cluster);
    for topic in TOPICS {
        says(&observer, &[&format!("topic {}:", stage.full(topic)), "the right to read it is missing"]);
    }
    // What became of the order is the last that it may see.
    may_read(&observer, &stage, cluster, "orders");
    let others = ["choreograph.audit", "payment.charge.dlq", "payment.charge.retry"];
    for operation in [Operation::Describe, Operation::Read] {
        cluster.grant(POOR, &others.map(|topic| on_topic(&stage, topic, operation))).expect("granted");
    }
    let group = stage.full("payment.charge");
    says(&observer, &[&format!("group {group}:"), "the right to describe it is missing"]);
    cluster.grant(POOR, &GROUPS.map(|group| on_group(&stage, group))).expect("granted");
    eventually("it sees that the order is settled", WITHIN, || match charged(&observer, order) {
        Some(StepState::Done { .. }) => Ok(()),
        other => Err(format!("{other:?} {:?}", overview(&observer))),
    });
    assert_eq!(state(&observer, order), Some(InstanceState::Running), "it cannot see what was emitted");
    may_read(&observer, &stage, cluster, "payments");
    sees_all(&observer, order);
    observer.stop();
}

/// Grants first that the topic may be known and then that it may be read, and sees that each is missed until then.
fn may_read(observer: &Observer, stage: &Stage, cluster: &Cluster, topic: &str) {
    let name = format!("topic {}:", stage.full(topic));
    cluster.grant(POOR, &[on_topic(stage, topic, Operation::Describe)]).expect("granted");
    says(observer, &[&name, "the right to read it is missing (TOPIC_AUTHORIZATION_FAILED)"]);
    cluster.grant(POOR, &[on_topic(stage, topic, Operation::Read)]).expect("granted");
    eventually(&format!("{name} is read"), WITHIN, || {
        let problems = observer.problems();
        let named = problems.iter().any(|problem| problem.contains(&name));
        if named { Err(format!("{problems:?}")) } else { Ok(()) }
    });
}

/// Where the order is at the service's step.
fn charged(observer: &Observer, order: &str) -> Option<StepState> {
    let instance = observer.shared().read(|model| model.instance(order, now()))?;
    let event = instance.events.into_iter().find(|event| event.id == order)?;
    event.steps.into_iter().find(|at| at.step == "payment/charge").map(|at| at.state)
}
