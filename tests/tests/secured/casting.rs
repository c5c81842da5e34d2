//! Letting the service in, and looking at what comes of it.

use std::sync::OnceLock;

use choreograph_tests::eventually;
use choreograph_tests::kafka::{Cluster, Operation, Right, Security, Setup};
use choreograph_tests::topics::{self, Record};

use crate::stage::{Actor, Stage, WITHIN};

/// Who the service is, where its rights are those of its topics and group.
pub(crate) const USER: &str = "payment-service";
/// Somebody with no right on any topic but what one test gives.
pub(crate) const POOR: &str = "poor-service";
/// An operator, with no right but what one test gives. Not the poor service, of which it is told that it may write nothing
/// at all.
pub(crate) const OPERATOR: &str = "operator";
/// A password that nothing may show.
pub(crate) const PASSWORD: &str = "canary-Xy7-password";

/// The topic of its dead letters.
const DEAD_LETTERS: &str = "payment.charge.dlq";

/// The topics of the service.
pub(crate) const TOPICS: [&str; 4] = ["orders", "payments", "payment.charge.retry", DEAD_LETTERS];

/// One cluster for the tests that do it no harm: whose rights are whose shows in the names of topics.
static SHARED: OnceLock<Cluster> = OnceLock::new();

pub(crate) fn shared() -> &'static Cluster {
    SHARED.get_or_init(|| {
        let security = Security::new().user(USER, PASSWORD).user(POOR, PASSWORD).user(OPERATOR, PASSWORD);
        Setup::nodes(1).secured(security).start().expect("a node with logins")
    })
}

/// A stage on `cluster`, with every topic made.
pub(crate) fn stage(cluster: &Cluster) -> Stage {
    let stage = Stage::on(&cluster.bootstrap());
    stage.create(&TOPICS.map(|topic| stage.topic(topic, 2)));
    stage
}

/// The service on the listener that wants logins, with `settings` over these.
pub(crate) fn start(stage: &Stage, cluster: &Cluster, settings: &[(&str, &str)]) -> Actor {
    let secured = cluster.secured_bootstrap();
    let all = [
        ("KAFKA_BOOTSTRAP_SERVERS", secured.as_str()),
        ("KAFKA_SECURITY_PROTOCOL", "SASL_PLAINTEXT"),
        ("KAFKA_SASL_MECHANISM", "PLAIN"),
        ("KAFKA_SASL_USERNAME", USER),
        ("KAFKA_SASL_PASSWORD", PASSWORD),
        ("CHOREOGRAPH_CREATE_TOPICS", "false"),
    ];
    stage.start("payment", &[&all, settings].concat())
}

/// The rights that the documentation gives a step, for this one.
pub(crate) fn documented(stage: &Stage) -> Vec<Right> {
    let text = include_str!("../../../docs/security.md");
    let rows = text.lines().filter_map(|line| right(stage, line));
    let rights: Vec<_> = rows.collect();
    assert_eq!(rights.len(), 5, "the table of rights: {rights:?}");
    rights
}

/// The right that a row of the table gives.
fn right(stage: &Stage, row: &str) -> Option<Right> {
    let cells: Vec<_> = row.split('|').map(str::trim).collect();
    let ["", resource, name, operation, ""] = cells[..] else { return None };
    let name = name.strip_prefix('`')?.strip_suffix('`')?;
    let name = name.replace("<input>", "orders").replace("<output>", "payments");
    let name = stage.full(&name.replace("<service>", "payment").replace("<step>", "charge"));
    let right: fn(&str, Operation) -> Right = match resource {
        "topic" => Right::topic,
        "group" => Right::group,
        _ => return None,
    };
    match operation {
        "Read" => Some(right(&name, Operation::Read)),
        "Write" => Some(right(&name, Operation::Write)),
        other => panic!("the table names an operation {other:?}"),
    }
}

/// An order on `topic`.
pub(crate) fn order(stage: &Stage, topic: &str, id: &str, cents: u64) {
    let value = serde_json::json!({ "order_id": id, "cents": cents }).to_string();
    let record = Record::to(&stage.full(topic)).key(id).value(value);
    let record = record.header("ce_id", format!("event-of-{id}")).header("ce_type", "order.placed.v1");
    topics::write(stage.kafka(), &[record]).expect("acknowledged");
}

/// Waits until each of `orders` has an answer on `topic`, and there is no other.
pub(crate) fn answered(stage: &Stage, topic: &str, orders: &[&str]) {
    let mut wanted: Vec<_> = orders.iter().map(|id| format!("event-of-{id}")).collect();
    wanted.sort();
    // A dead letter keeps the event's id, an emitted event names it as its cause.
    let name = if topic == DEAD_LETTERS { "ce_id" } else { "ce_causationid" };
    eventually(&format!("{wanted:?} on {topic}"), WITHIN, || {
        let records = stage.read(topic);
        let mut found: Vec<_> = records.iter().filter_map(|record| record.header(name)).collect();
        found.sort_unstable();
        if found == wanted { Ok(()) } else { Err(format!("{found:?}")) }
    });
}

/// Waits until the service says on `/ready` everything of `words`, and returns all that it says.
pub(crate) fn says(actor: &Actor, words: &[&str]) -> String {
    eventually(&format!("it says {words:?}"), WITHIN, || {
        let (status, body) = actor.ask("/ready")?;
        let all = words.iter().all(|word| body.contains(word));
        if status == 503 && all { Ok(body) } else { Err(format!("{status} {body}\n{}", actor.log())) }
    })
}

/// Asserts that it is alive, and that nothing that it shows has `secret` in it.
pub(crate) fn keeps(actor: &Actor, secret: &str) {
    for path in ["/live", "/ready", "/metrics"] {
        let (status, body) = actor.ask(path).expect("an answer");
        assert!(status == 200 || path == "/ready", "{path}: {status} {body}");
        assert!(!body.contains(secret), "{path} shows the password:\n{body}");
    }
    assert!(!actor.log().contains(secret), "the log shows the password:\n{}", actor.log());
}

/// Ends it, and asserts that it has kept the password to the end.
pub(crate) fn leave(actor: Actor) -> String {
    keeps(&actor, PASSWORD);
    let log = actor.leave();
    assert!(!log.contains(PASSWORD), "the log shows the password:\n{log}");
    log
}

/// How many lines of `log` are at ERROR and hold `words`.
pub(crate) fn errors(log: &str, words: &str) -> usize {
    log.lines().filter(|line| line.contains("\"ERROR\"") && line.contains(words)).count()
}
