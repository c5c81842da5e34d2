//! Waiting until the services have made their topics.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use rdkafka::consumer::{BaseConsumer, Consumer as _};

use super::client::ANSWER;
use super::{Cluster, Error};

/// How often it is looked for topics that are not there yet.
const EVERY: Duration = Duration::from_millis(200);

/// Waits until every topic exists, at most until `deadline`. Returns those that are still missing.
///
/// # Errors
/// If the broker does not answer.
pub(crate) fn wait_for(
    cluster: &Cluster,
    topics: &BTreeSet<String>,
    deadline: Instant,
) -> Result<Vec<String>, Error> {
    let doing = || Error::doing("look for the shop's topics");
    let consumer: BaseConsumer = cluster.reader(&cluster.name("shop.supervisor")).create().map_err(doing())?;
    loop {
        let metadata = consumer.fetch_metadata(None, ANSWER).map_err(doing())?;
        let there: BTreeSet<&str> = metadata
            .topics()
            .iter()
            .filter(|topic| !topic.partitions().is_empty())
            .filter_map(|topic| cluster.without_namespace(topic.name()))
            .collect();
        let missing: Vec<String> =
            topics.iter().filter(|topic| !there.contains(topic.as_str())).cloned().collect();
        if missing.is_empty() || Instant::now() >= deadline {
            return Ok(missing);
        }
        std::thread::sleep(EVERY);
    }
}
