//! The broken till: a stranger to the framework, which knows no contract.

use std::time::Duration;

use rdkafka::message::{Header, OwnedHeaders};
use rdkafka::producer::{FutureProducer, FutureRecord};

use super::{Cluster, Error};
use crate::world::Garbage;

/// The topic it writes to.
const TOPIC: &str = "orders";

/// Writes garbage beside orders.
#[derive(Clone)]
pub(crate) struct BrokenTill {
    producer: FutureProducer,
    topic: String,
}

impl std::fmt::Debug for BrokenTill {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("BrokenTill").field("topic", &self.topic).finish_non_exhaustive()
    }
}

impl BrokenTill {
    /// A till on the orders' topic.
    ///
    /// # Errors
    /// If no client can be made from the settings.
    pub(crate) fn new(cluster: &Cluster) -> Result<Self, Error> {
        let producer = cluster.writer().create().map_err(Error::doing("write to the orders' topic"))?;
        Ok(Self { producer, topic: cluster.name(TOPIC) })
    }

    /// Writes garbage under the order's key; returns when the broker has it.
    ///
    /// # Errors
    /// If the broker does not take it.
    pub(crate) async fn write(&self, garbage: Garbage, order_id: &str) -> Result<(), Error> {
        let (event_type, value) = garbage.record(order_id);
        let mut headers = OwnedHeaders::new();
        if let Some(event_type) = event_type {
            headers = headers
                .insert(Header { key: "ce_specversion", value: Some("1.0") })
                .insert(Header { key: "ce_id", value: Some(order_id) })
                .insert(Header { key: "ce_source", value: Some("broken-till") })
                .insert(Header { key: "ce_type", value: Some(event_type) });
        }
        let record = FutureRecord::to(&self.topic).key(order_id).payload(&value).headers(headers);
        let sent = self.producer.send(record, Duration::MAX).await;
        sent.map(|_| ()).map_err(|(error, _)| Error::doing("write to the orders' topic")(error))
    }
}
