//! Whether a broker serves.

use std::thread;
use std::time::{Duration, Instant};

use rdkafka::config::ClientConfig;
use rdkafka::producer::{BaseProducer, Producer as _};

use super::KafkaError;

/// Time one metadata request may take.
const REQUEST_WITHIN: Duration = Duration::from_secs(1);
/// Pause between two requests.
const ASK_EVERY: Duration = Duration::from_millis(50);

/// Asks a broker for the cluster's metadata.
pub(crate) struct Readiness {
    bootstrap: String,
}

impl Readiness {
    pub(crate) fn of(port: u16) -> Self {
        Self { bootstrap: format!("127.0.0.1:{port}") }
    }

    /// Asks until the answer lists `nodes` brokers, `number` among them. The inner error says what was seen last.
    pub(crate) fn wait(
        &self,
        number: u16,
        nodes: usize,
        within: Duration,
        mut alive: impl FnMut() -> Result<(), KafkaError>,
    ) -> Result<Result<(), String>, KafkaError> {
        let end = Instant::now() + within;
        let client = match self.client() {
            Ok(client) => client,
            Err(e) => return Ok(Err(e.to_string())),
        };
        loop {
            alive()?;
            let state = match brokers(&client) {
                Ok(ids) if ids.len() >= nodes && ids.contains(&i32::from(number)) => return Ok(Ok(())),
                Ok(ids) => format!("it knows the brokers {ids:?}"),
                Err(e) => e.to_string(),
            };
            if Instant::now() >= end {
                return Ok(Err(state));
            }
            thread::sleep(ASK_EVERY);
        }
    }

    fn client(&self) -> Result<BaseProducer, rdkafka::error::KafkaError> {
        ClientConfig::new()
            .set("bootstrap.servers", &self.bootstrap)
            .set("reconnect.backoff.ms", "50")
            .set("reconnect.backoff.max.ms", "200")
            .create()
    }
}

fn brokers(client: &BaseProducer) -> Result<Vec<i32>, rdkafka::error::KafkaError> {
    let metadata = client.client().fetch_metadata(None, REQUEST_WITHIN)?;
    Ok(metadata.brokers().iter().map(rdkafka::metadata::MetadataBroker::id).collect())
}
