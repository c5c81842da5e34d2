//! Taking records off topics.

use rdkafka::admin::{AdminClient, AdminOptions};
use rdkafka::client::DefaultClientContext;
use rdkafka::consumer::BaseConsumer;
use rdkafka::{Offset, TopicPartitionList};

use super::error::Doing;
use super::read::partitions;
use super::{TopicError, WITHIN, client};
use crate::block_on::block_on;

/// Takes every record off `topic`, as retention does in time: the log goes on where it is and begins there.
///
/// # Errors
///
/// When there is no such topic, or no broker, or it refuses.
pub fn empty(bootstrap: &str, topic: &str) -> Result<(), TopicError> {
    let doing = || format!("take the records off topic {topic}");
    let look: BaseConsumer = client(bootstrap).create().doing(doing)?;
    let mut list = TopicPartitionList::new();
    for partition in partitions(&look, topic)? {
        list.add_partition_offset(topic, partition, Offset::End).doing(doing)?;
    }
    let admin: AdminClient<DefaultClientContext> = client(bootstrap).create().doing(doing)?;
    let options = AdminOptions::new().request_timeout(Some(WITHIN)).operation_timeout(Some(WITHIN));
    let deleted = block_on(admin.delete_records(&list, &options)).doing(doing)?;
    deleted.elements().iter().try_for_each(|element| element.error().doing(doing))
}
