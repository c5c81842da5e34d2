//! Logs that are not as they were: deleted and made anew, with records larger than a fetch.

use choreograph_tests::topics::{self, Topic};
use choreograph_tests::{block_on, eventually};
use rdkafka::ClientConfig;
use rdkafka::admin::{AdminClient, AdminOptions};
use rdkafka::client::DefaultClientContext;
use rdkafka::producer::{BaseProducer, BaseRecord, Producer as _};

use crate::cast::Fate;
use crate::sight::Sight;
use crate::stage::{Stage, WITHIN};

fn delete(stage: &Stage, topic: &str) {
    let mut config = ClientConfig::new();
    let admin: AdminClient<DefaultClientContext> =
        config.set("bootstrap.servers", stage.kafka()).create().expect("a client");
    let deleted = block_on(admin.delete_topics(&[&stage.full(topic)], &AdminOptions::new()));
    for result in deleted.expect("an answer") {
        result.expect("deleted");
    }
}

/// Waits until the observer knows all of them.
fn knows(sight: &Sight, ids: &[String]) {
    eventually("every order is known", WITHIN, || {
        let unknown = ids.iter().filter(|id| sight.instance(id).is_err()).count();
        if unknown == 0 { Ok(()) } else { Err(format!("{unknown} are not: {:?}", sight.overview())) }
    });
}

#[test]
fn a_topic_that_is_deleted_is_missed_and_one_that_is_made_anew_is_read_from_its_beginning() {
    let stage = Stage::new();
    let sight = stage.observe(&[]);
    let before = stage.order(Fate::Fine, 40);
    knows(&sight, &before);
    delete(&stage, "orders");
    let missing = format!("topic {}: it does not exist", stage.full("orders"));
    eventually("it is missed", WITHIN, || {
        let problems = sight.overview().problems;
        if problems.contains(&missing) { Ok(()) } else { Err(format!("{problems:?}")) }
    });
    topics::create(stage.kafka(), &[Topic::new(&stage.full("orders"), 2)]).expect("a topic");
    let after = stage.order(Fate::Fine, 6);
    knows(&sight, &after);
    knows(&sight, &before);
    eventually("it sees all of it", WITHIN, || {
        let overview = sight.overview();
        let sees = overview.as_of.behind_ms < 10_000 && overview.problems.is_empty();
        if sees { Ok(()) } else { Err(format!("{overview:?}")) }
    });
}

#[test]
fn a_record_that_is_larger_than_a_fetch_is_read_as_any_other() {
    const MORE_THAN_A_FETCH: usize = 12 << 20;
    let stage = Stage::bare();
    let full = stage.full("orders");
    let large = Topic::new(&full, 2).setting("max.message.bytes", "20000000");
    topics::create(stage.kafka(), &[large]).expect("a topic");
    stage.create_others();
    let sight = stage.observe(&[]);
    let mut config = ClientConfig::new();
    config.set("bootstrap.servers", stage.kafka()).set("message.max.bytes", "20000000");
    let producer: BaseProducer = config.create().expect("a client");
    let value = vec![b' '; MORE_THAN_A_FETCH];
    let headers = [("ce_id", "large"), ("ce_type", "order.placed.v1"), ("ce_correlationid", "large")];
    let headers = headers.iter().fold(rdkafka::message::OwnedHeaders::new(), |all, (key, value)| {
        all.insert(rdkafka::message::Header { key, value: Some(*value) })
    });
    let record = BaseRecord::to(&full).partition(0).key("large").payload(&value).headers(headers);
    producer.send(record).map_err(|(error, _)| error).expect("sent");
    producer.flush(WITHIN).expect("written");
    let behind = stage.order(Fate::Fine, 10);
    knows(&sight, &["large".to_owned()]);
    knows(&sight, &behind);
}
