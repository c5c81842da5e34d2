//! Topics that are filled before anything is measured.

use std::time::Duration;

use choreograph_tests::topics::{self, Topic, Writer};
use rdkafka::admin::{AdminClient, AdminOptions};
use rdkafka::client::DefaultClientContext;
use rdkafka::consumer::{BaseConsumer, Consumer as _};
use rdkafka::{ClientConfig, Offset, TopicPartitionList};

use super::{Doing as _, Failure, numbered};

/// How long a question to the broker may take.
const WITHIN: Duration = Duration::from_secs(30);
/// What was written is looked at after so many records, so that acknowledgements do not pile up.
const LOOK_EVERY: u64 = 10_000;
/// Files of a topic, small enough to be removed soon after a run was counted.
const SEGMENT_BYTES: &str = "33554432";

/// One set of topics: orders that lie ready, and room for payments.
pub struct Bed {
    /// The brokers.
    pub bootstrap: String,
    /// The prefix of the topics and of every group.
    pub namespace: String,
    /// Partitions of both topics.
    pub partitions: i32,
    /// How many different keys the orders have.
    pub keys: u64,
    /// How many orders there are.
    pub records: u64,
    consumer: BaseConsumer,
}

impl std::fmt::Debug for Bed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Bed").field("namespace", &self.namespace).finish_non_exhaustive()
    }
}

impl Bed {
    /// Makes the topics and writes the orders.
    ///
    /// # Errors
    ///
    /// When the broker does not take them.
    pub fn prepare(bootstrap: &str, partitions: i32, keys: u64, records: u64) -> Result<Self, Failure> {
        let namespace = topics::namespace("bench");
        let consumer = ClientConfig::new()
            .set("bootstrap.servers", bootstrap)
            .set("group.id", "bench-looks") // Never joined, but the client wants one.
            .create()
            .doing("make a client")?;
        let bed = Self { bootstrap: bootstrap.to_owned(), namespace, partitions, keys, records, consumer };
        topics::create(
            bootstrap,
            &[
                Topic::new(&bed.orders(), partitions)
                    .setting("segment.bytes", SEGMENT_BYTES)
                    .setting("file.delete.delay.ms", "0"),
                // The broker stamps what comes out: the same clock for everyone.
                Topic::new(&bed.payments(), partitions)
                    .setting("message.timestamp.type", "LogAppendTime")
                    .setting("segment.bytes", SEGMENT_BYTES)
                    .setting("file.delete.delay.ms", "0"),
            ],
        )?;
        bed.fill()?;
        Ok(bed)
    }

    fn fill(&self) -> Result<(), Failure> {
        let (writer, orders) = (Writer::new(&self.bootstrap)?, self.orders());
        for n in 0..self.records {
            writer.send(n, &numbered::record(&orders, n, self.keys))?;
            if n % LOOK_EVERY == 0 {
                all_acknowledged(&writer.acks())?;
            }
        }
        all_acknowledged(&writer.finish()?)
    }

    /// Makes what a consumer group of the framework needs besides: topics for its retries and dead letters.
    ///
    /// # Errors
    ///
    /// When the broker does not make them.
    pub fn make_group(&self, group: &str) -> Result<(), Failure> {
        let topic = |kind| Topic::new(&format!("{}.{group}.{kind}", self.namespace), 1);
        Ok(topics::create(&self.bootstrap, &[topic("retry"), topic("dlq")])?)
    }

    /// The topic of the orders.
    pub fn orders(&self) -> String {
        format!("{}.orders", self.namespace)
    }

    /// The topic of the payments.
    pub fn payments(&self) -> String {
        format!("{}.payments", self.namespace)
    }

    /// Where each partition of the payments ends: the next offset.
    ///
    /// # Errors
    ///
    /// When the broker does not say.
    pub fn ends(&self) -> Result<Vec<i64>, Failure> {
        self.ends_of(&self.payments())
    }

    fn ends_of(&self, topic: &str) -> Result<Vec<i64>, Failure> {
        let end = |partition| self.consumer.fetch_watermarks(topic, partition, WITHIN).map(|(_, end)| end);
        (0..self.partitions).map(end).collect::<Result<_, _>>().doing("look at the end of a topic")
    }

    /// Forgets the payments before `ends`, so that the broker need not keep them.
    ///
    /// # Errors
    ///
    /// When the broker does not do it.
    pub fn forget(&self, ends: &[i64]) -> Result<(), Failure> {
        self.delete(&self.payments(), ends)
    }

    /// Forgets the orders too, when no more runs will need them.
    ///
    /// # Errors
    ///
    /// When the broker does not do it.
    pub fn remove(self) -> Result<(), Failure> {
        let ends = self.ends_of(&self.orders())?;
        self.delete(&self.orders(), &ends)
    }

    fn delete(&self, topic: &str, ends: &[i64]) -> Result<(), Failure> {
        let doing = "remove what is not needed any more";
        let mut list = TopicPartitionList::new();
        for (partition, end) in (0..).zip(ends) {
            list.add_partition_offset(topic, partition, Offset::Offset(*end)).doing(doing)?;
        }
        let admin: AdminClient<DefaultClientContext> =
            ClientConfig::new().set("bootstrap.servers", &self.bootstrap).create().doing(doing)?;
        let options = AdminOptions::new().operation_timeout(Some(WITHIN));
        let runtime = tokio::runtime::Builder::new_current_thread().build().doing(doing)?;
        runtime.block_on(admin.delete_records(&list, &options)).doing(doing)?;
        Ok(())
    }
}

fn all_acknowledged(acks: &[topics::Ack]) -> Result<(), Failure> {
    match acks.iter().find_map(|ack| ack.result.as_ref().err()) {
        None => Ok(()),
        Some(error) => Err(Failure::Wrong(format!("an order was not taken: {error}"))),
    }
}
