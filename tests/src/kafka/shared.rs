//! One Kafka for all tests of a binary that do no harm to it.

use std::env;
use std::sync::OnceLock;

use super::{Cluster, KafkaError};

const VARIABLE: &str = "KAFKA_BOOTSTRAP_SERVERS";

enum Shared {
    Given(String),
    Own { bootstrap: String, _cluster: Cluster },
}

static SHARED: OnceLock<Result<Shared, String>> = OnceLock::new();

/// The bootstrap servers of a Kafka that tests share: `KAFKA_BOOTSTRAP_SERVERS`, else one node, started on first
/// use and ended with the process.
///
/// Tests on it use topics of a [namespace](crate::topics::namespace) of their own, and do nothing to the broker.
///
/// # Panics
///
/// When there is no Kafka, with the ways to get one: a test never passes by being skipped.
pub fn shared() -> &'static str {
    match SHARED.get_or_init(|| find().map_err(|e| e.to_string())) {
        Ok(Shared::Given(bootstrap) | Shared::Own { bootstrap, .. }) => bootstrap,
        Err(e) => panic!("{e}"),
    }
}

fn find() -> Result<Shared, KafkaError> {
    if let Some(given) = env::var(VARIABLE).ok().filter(|servers| !servers.is_empty()) {
        return Ok(Shared::Given(given));
    }
    let cluster = Cluster::start(1, &[])?;
    Ok(Shared::Own { bootstrap: cluster.bootstrap(), _cluster: cluster })
}
