//! What befalls a service in production, on real Kafka, judged by an oracle that knows what was acknowledged.

mod load;
mod payment;

use std::collections::BTreeSet;

use choreograph_tests::kafka::{self, Cluster};
use choreograph_tests::oracle::{Commit, Effect, Oracle, Seen};
use choreograph_tests::topics::{self, Message, Record};
use choreograph_tests::{block_on, eventually};
use rdkafka::admin::{AdminClient, AdminOptions};
use rdkafka::client::DefaultClientContext;

use crate::stage::{Actor, Stage, WITHIN};
use load::{Load, burst};
pub(crate) use payment::CASTS;

/// Orders handled before anything befalls the service.
const SOME: u64 = 300;

/// A stage with the topics of orders and payments. One partition for retries: partitions are dealt out by number, and
/// with as many as orders have one of two instances might get no others.
fn stage(kafka: &str) -> Stage {
    let stage = Stage::on(kafka);
    stage.create(&[
        stage.topic("orders", 4),
        stage.topic("payments", 4),
        stage.topic("payment.charge.retry", 1),
    ]);
    stage
}

fn start(stage: &Stage) -> Actor {
    stage.start("till", &[])
}

/// What one look sees: commits first, so that nothing below them can be missing for having come later.
fn look(stage: &Stage, output: &str, commits: Vec<Commit>) -> Seen {
    let effect = |message: &Message| {
        let value: serde_json::Value = serde_json::from_slice(message.value.as_deref()?).ok()?;
        Some(Effect::new(
            message.header("ce_causationid")?,
            message.header("ce_id")?,
            value["note"].as_str()?.as_bytes(),
        ))
    };
    let effects = stage.read(output).iter().map(|message| effect(message).expect("an effect")).collect();
    Seen { effects, dead_letters: Vec::new(), commits }
}

/// What was committed at this moment, with the effects of the same moment: judged by these, a commit past unsettled work
/// is one, though the work be done later.
fn look_now(stage: &Stage) -> Seen {
    let commits = eventually("a first commit", WITHIN, || {
        let commits = stage.commits("payment.charge", "orders");
        if commits.is_empty() { Err("none") } else { Ok(commits) }
    });
    look(stage, "payments", commits)
}

/// All that was committed, look by look.
fn commits_of(looks: &[Seen]) -> Vec<Commit> {
    looks.iter().flat_map(|seen| &seen.commits).copied().collect()
}

/// Asserts of each look that nothing below its commits was unsettled then, and that commits only
/// grew from one to the next.
fn assert_settled_first(oracle: &Oracle, looks: &[Seen]) {
    for seen in looks {
        assert_eq!(oracle.judge(seen).past_unsettled, []);
    }
    let commits = commits_of(looks);
    assert_eq!(oracle.judge(&Seen { commits, ..Seen::default() }).went_back, []);
}

/// Waits until everything is settled, judges it with what was committed on the way, and returns what was handled twice.
fn judge(stage: &Stage, oracle: &Oracle, mut commits: Vec<Commit>) -> Vec<String> {
    stage.settled("payment.charge", "orders");
    commits.extend(stage.commits("payment.charge", "orders"));
    assert_eq!(stage.read("payment.charge.dlq"), [], "nothing was set aside");
    let verdict = oracle.judge(&look(stage, "payments", commits));
    verdict.assert_kept();
    verdict.redelivered
}

/// Waits until at least `count` payments were made.
fn payments(stage: &Stage, count: u64) -> Vec<Message> {
    eventually(&format!("{count} payments"), WITHIN, || {
        let payments = stage.read("payments");
        if payments.len() as u64 >= count {
            Ok(payments)
        } else {
            Err(format!("{} payments", payments.len()))
        }
    })
}

/// Waits until the group of payments has `count` members, and the broker finds it stable.
fn members(stage: &Stage, count: usize) {
    let group = stage.group("payment.charge");
    eventually(&format!("{count} members"), WITHIN, || match group.members() {
        Ok((joined, is)) if joined == count && is == "Stable" => Ok(()),
        Ok(found) => Err(format!("{found:?}")),
        Err(e) => Err(e.to_string()),
    });
}

/// The processes that made payments.
fn makers(payments: &[Message]) -> BTreeSet<u32> {
    let by = |message: &Message| {
        let value: serde_json::Value = serde_json::from_slice(message.value.as_deref()?).ok()?;
        u32::try_from(value["by"].as_u64()?).ok()
    };
    payments.iter().filter_map(by).collect()
}

/// Waits until every one of `actors` has made a payment.
fn all_pay(stage: &Stage, actors: &[&Actor]) {
    let wanted: BTreeSet<_> = actors.iter().map(|actor| actor.service.id()).collect();
    eventually("everyone takes payments", WITHIN, || {
        let found = makers(&stage.read("payments"));
        if found.is_superset(&wanted) { Ok(()) } else { Err(format!("{found:?} of {wanted:?}")) }
    });
}

#[test]
fn a_consumer_that_was_down_catches_up() {
    let stage = stage(kafka::shared());
    let first = start(&stage);
    let oracle = burst(&stage, Oracle::default(), SOME);
    stage.settled("payment.charge", "orders");
    first.leave();
    let oracle = burst(&stage, oracle, 5 * SOME);
    assert_eq!(stage.read("payments").len() as u64, SOME);
    let second = start(&stage);
    let redelivered = judge(&stage, &oracle, Vec::new());
    assert_eq!(redelivered, [""; 0]);
    second.leave();
}

#[test]
fn of_two_instances_one_is_killed_under_load() {
    let stage = stage(kafka::shared());
    let (mut one, two) = (start(&stage), start(&stage));
    let load = Load::start(&stage, Oracle::default());
    members(&stage, 2);
    all_pay(&stage, &[&one, &two]);
    let before = look_now(&stage);
    one.service.kill().expect("killed");
    // What was committed when it died is settled, whoever goes on.
    let looks = [before, look_now(&stage)];
    members(&stage, 1);
    let after = load.sent();
    eventually("the other goes on under load", WITHIN, || {
        if load.sent() >= after + SOME { Ok(()) } else { Err(load.sent()) }
    });
    let oracle = load.end();
    assert_settled_first(&oracle, &looks);
    judge(&stage, &oracle, commits_of(&looks));
    two.leave();
}

#[test]
fn members_come_and_go_under_load() {
    /// How often somebody joins and leaves.
    const TIMES: usize = 4;
    let stage = stage(kafka::shared());
    let load = Load::start(&stage, Oracle::default());
    let (mut stays, mut looks) = (start(&stage), Vec::new());
    all_pay(&stage, &[&stays]);
    for time in 0..TIMES {
        let joins = start(&stage);
        all_pay(&stage, &[&joins]);
        looks.push(look_now(&stage));
        // Now and then it is the older one that leaves.
        let leaves = if time % 2 == 0 { joins } else { std::mem::replace(&mut stays, joins) };
        leaves.leave();
        looks.push(look_now(&stage));
    }
    let oracle = load.end();
    assert_settled_first(&oracle, &looks);
    let redelivered = judge(&stage, &oracle, commits_of(&looks));
    assert_eq!(redelivered, [""; 0], "who leaves in order leaves nothing half done");
    stays.leave();
}

#[test]
fn the_broker_stops_and_starts() {
    let mut cluster = Cluster::start(1, &[]).expect("a node");
    let stage = stage(&cluster.bootstrap());
    let till = start(&stage);
    let load = Load::start(&stage, Oracle::default());
    payments(&stage, SOME);
    till.ready();
    let before_the_stop = look_now(&stage);
    cluster.stop(1).expect("stopped");
    let told = till.unready();
    assert!(told.contains("the producer has reached no broker"), "{told}");
    let (live, _) = till.ask("/live").expect("an answer");
    assert_eq!(live, 200, "a broker that is away is no reason to be restarted");
    let before = load.sent();
    eventually("orders wait", WITHIN, || if load.sent() > before + SOME { Ok(()) } else { Err(load.sent()) });
    cluster.start_again(1).expect("started again");
    // As soon as it answers: what came meanwhile is far from done.
    let looks = [before_the_stop, look_now(&stage)];
    till.ready();
    let oracle = load.end();
    assert_settled_first(&oracle, &looks);
    judge(&stage, &oracle, commits_of(&looks));
    let log = till.leave();
    for change in ["is in trouble", "is well again"] {
        assert_eq!(
            log.matches(change).count(),
            1,
            "one line for each change, whichever clients meet it:\n{log}"
        );
    }
    assert!(log.lines().count() < 60, "it does not repeat itself:\n{log}");
}

#[test]
fn told_to_end_under_load_it_leaves_nothing_half_done() {
    let stage = stage(kafka::shared());
    let first = start(&stage);
    let load = Load::start(&stage, Oracle::default());
    payments(&stage, SOME);
    first.leave();
    let looks = [look_now(&stage)];
    let second = start(&stage);
    all_pay(&stage, &[&second]);
    let oracle = load.end();
    assert_settled_first(&oracle, &looks);
    let redelivered = judge(&stage, &oracle, commits_of(&looks));
    assert_eq!(redelivered, [""; 0]);
    second.leave();
}

/// The topic of bookings is taken away once the step has found it: the first emit of the run is acknowledged, the
/// second has nowhere to go, and there the process is killed.
#[test]
fn killed_between_two_emits_it_sends_both_again_under_the_same_ids() {
    let stage = Stage::on(kafka::shared());
    stage.create(&["orders", "receipts", "bookings"].map(|topic| stage.topic(topic, 1)));
    let mut first = stage.start("books", &[]);
    first.ready();
    delete(&stage, "bookings");
    let value = serde_json::json!({ "order_id": "o", "note": "n", "gateway_ms": 0 }).to_string();
    let order = Record::to(&stage.full("orders")).key("o").value(value);
    let order = order.header("ce_id", "the-order").header("ce_type", "order.placed.v1");
    topics::write(stage.kafka(), &[order]).expect("acknowledged");
    let receipts = || stage.read("receipts");
    eventually("the first emit", WITHIN, || if receipts().is_empty() { Err("none") } else { Ok(()) });
    first.service.kill().expect("killed");
    assert_eq!(receipts().len(), 1);
    assert_eq!(
        stage.group("books.write-down").lag(&stage.full("orders")).expect("the lag"),
        1,
        "not committed"
    );

    stage.create(&[stage.topic("bookings", 1)]);
    let second = stage.start("books", &[]);
    stage.settled("books.write-down", "orders");
    let (receipts, bookings) = (receipts(), stage.read("bookings"));
    assert_eq!((receipts.len(), bookings.len()), (2, 1), "both again");
    for name in ["ce_id", "ce_type", "ce_source", "ce_causationid", "ce_correlationid", "ce_subject", "wf"] {
        assert_eq!(receipts[0].header(name), receipts[1].header(name), "{name}");
    }
    assert_eq!((&receipts[0].key, &receipts[0].value), (&receipts[1].key, &receipts[1].value));
    assert_ne!(receipts[0].header("ce_id"), bookings[0].header("ce_id"));
    assert_eq!(bookings[0].header("ce_causationid"), Some("the-order"));
    second.leave();
}

fn delete(stage: &Stage, topic: &str) {
    let mut config = rdkafka::ClientConfig::new();
    let admin: AdminClient<DefaultClientContext> =
        config.set("bootstrap.servers", stage.kafka()).create().expect("a client");
    let topic = stage.full(topic);
    let deleted = block_on(admin.delete_topics(&[&topic], &AdminOptions::new())).expect("an answer");
    assert!(deleted.iter().all(Result::is_ok), "{deleted:?}");
}

#[test]
fn a_new_service_sees_history() {
    let stage = stage(kafka::shared());
    let till = start(&stage);
    let oracle = burst(&stage, Oracle::default(), SOME);
    judge(&stage, &oracle, Vec::new());
    let statistics = stage.start("statistics", &[]);
    stage.settled("statistics.count", "payments");
    // Its causes are the payments, which are known by the notes of the orders.
    let payments = stage.read("payments");
    let counted = stage.read("counts");
    assert_eq!((payments.len(), counted.len()), (SOME as usize, SOME as usize));
    let ids: BTreeSet<_> = payments.iter().map(|payment| payment.header("ce_id")).collect();
    let causes: BTreeSet<_> = counted.iter().map(|count| count.header("ce_causationid")).collect();
    assert_eq!(ids, causes);
    till.leave();
    statistics.leave();
}
