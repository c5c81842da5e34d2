//! Consumer groups of Kafka's new protocol (KIP-848), which the question for a group's state tells nothing of.

use choreograph_observer::answer::WorkflowGraph;
use choreograph_tests::eventually;
use rdkafka::ClientConfig;
use rdkafka::consumer::{BaseConsumer, CommitMode, Consumer as _};

use crate::cast::Fate;
use crate::stage::{Stage, WITHIN};

#[test]
fn a_group_of_the_new_protocol_that_commits_is_never_said_to_be_without_a_member() {
    let stage = Stage::new();
    let mut config = ClientConfig::new();
    config
        .set("bootstrap.servers", stage.kafka())
        .set("group.id", stage.full("payment.charge"))
        .set("group.protocol", "consumer")
        .set("enable.auto.commit", "false")
        .set("auto.offset.reset", "earliest");
    let member: BaseConsumer = config.create().expect("a client");
    let (orders, retries) = (stage.full("orders"), stage.full("payment.charge.retry"));
    member.subscribe(&[&orders, &retries]).expect("subscribed");
    let _waiting = stage.order(Fate::Fine, 10);
    let sight = stage.observe(&[]);
    eventually("a record is read and committed", WITHIN, || {
        let record = member.poll(std::time::Duration::from_millis(100));
        let record = record.ok_or("nothing")?.map_err(|error| error.to_string())?;
        member.commit_message(&record, CommitMode::Sync).map_err(|error| error.to_string())
    });
    eventually("the observer has seen the commit, and no state", WITHIN, || {
        let graph: WorkflowGraph = sight.get("/api/workflows/order")?;
        let step = graph.steps.iter().find(|step| step.step == "payment/charge").ok_or("no step")?;
        let committed = (1..10).contains(&step.lag);
        if committed && step.group_state == "unknown" { Ok(()) } else { Err(format!("{step:?}")) }
    });
}
