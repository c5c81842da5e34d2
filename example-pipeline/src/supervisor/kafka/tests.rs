//! The supervisor's view of Kafka, against the embedded broker.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use choreograph::EmbeddedBroker;
use choreograph::settings::Settings;
use rdkafka::consumer::{BaseConsumer, CommitMode, Consumer as _};
use rdkafka::{Offset, TopicPartitionList};

use super::*;
use crate::services;
use crate::supervisor::seen::{Seen, What};
use crate::world::Garbage;

/// The longest wait of a test.
const WITHIN: Duration = Duration::from_secs(20);

/// A broker with the topics `orders` and `mail.tell.dlq` in the namespace `test`.
fn cluster() -> (EmbeddedBroker, Cluster) {
    let broker = EmbeddedBroker::start().expect("starts");
    for topic in ["test.orders", "test.mail.tell.dlq"] {
        broker.create_topic(topic, 2).expect("creates");
    }
    let settings = Settings::read(broker.environment()).expect("reads");
    let cluster = Cluster::new(settings.kafka, "test");
    (broker, cluster)
}

async fn write(cluster: &Cluster, garbage: Garbage) {
    let till = BrokenTill::new(cluster).expect("a till");
    till.write(garbage, "r-1").await.expect("writes");
}

/// The next record that is looked at.
fn next(watch: &Watch) -> Seen {
    let until = Instant::now() + WITHIN;
    loop {
        match watch.next(Duration::from_millis(100)) {
            Some(seen) => return seen,
            None => assert!(Instant::now() < until, "nothing is seen"),
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_watch_sees_what_is_written_after_it_was_opened() {
    let (_broker, cluster) = cluster();
    write(&cluster, Garbage::Cut).await;
    let watch = Watch::open(&cluster, ["orders", "mail.tell.dlq"]).expect("opens");
    let position = watch.position();
    write(&cluster, Garbage::FutureVersion).await;
    let manifests = services::manifests("test");
    let mail: Vec<_> = manifests.into_iter().filter(|manifest| manifest.service == "mail").collect();
    let groups = Groups::of(&cluster, &mail).expect("looks");
    let ends = groups.ends().expect("answers");
    assert!(!position.has_reached(&ends));
    let seen = next(&watch);
    assert_eq!(seen.what, What::Event { name: "order.placed".to_owned(), detail: None });
    assert_eq!(seen.key, "r-1");
    assert!(position.has_reached(&ends));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_group_is_behind_until_it_has_committed() {
    let (_broker, cluster) = cluster();
    write(&cluster, Garbage::NoType).await;
    let manifests = services::manifests("test");
    let mail: Vec<_> = manifests.into_iter().filter(|manifest| manifest.service == "mail").collect();
    let groups = Groups::of(&cluster, &mail).expect("looks");
    let ends = groups.ends().expect("answers");
    assert_eq!(ends.values().sum::<i64>(), 1);
    // Looked at once.
    let looked = AtomicBool::new(false);
    assert_eq!(groups.wait_for(&ends, || looked.swap(true, Ordering::Relaxed)), ["test.mail.tell"]);

    let member: BaseConsumer = cluster.reader("test.mail.tell").create().expect("a consumer");
    let mut list = TopicPartitionList::new();
    for ((topic, partition), end) in &ends {
        list.add_partition_offset(&cluster.name(topic), *partition, Offset::Offset(*end)).expect("adds");
    }
    member.commit(&list, CommitMode::Sync).expect("commits");
    assert_eq!(groups.wait_for(&ends, || false), [""; 0]);
    assert_eq!(groups.wait_for(&ends, || true), ["test.mail.tell"], "told to stop, it looks at nobody");
}

#[test]
fn missing_topics_are_named() {
    let (broker, cluster) = cluster();
    // Another's, outside of the namespace.
    broker.create_topic("parcels", 1).expect("creates");
    let topics: BTreeSet<String> = ["orders".to_owned(), "parcels".to_owned()].into();
    assert_eq!(wait_for(&cluster, &topics, Instant::now()).expect("answers"), ["parcels"]);
}
