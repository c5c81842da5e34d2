//! Where the run's Kafka comes from, and what the services are told about it.

use std::collections::BTreeSet;
use std::ffi::OsString;

use choreograph::settings::Settings;
use choreograph::{EmbeddedBroker, EmbeddedError};

use super::window;

/// The variable that names a real Kafka.
const BOOTSTRAP: &str = "KAFKA_BOOTSTRAP_SERVERS";
/// Partitions of each topic that the shop makes.
const PARTITIONS: i32 = 4;

/// A real Kafka, or the embedded broker, which ends with this.
#[derive(Debug)]
pub(crate) struct Broker {
    embedded: Option<EmbeddedBroker>,
}

impl Broker {
    /// Uses the Kafka that the environment names, else starts the embedded broker.
    ///
    /// # Errors
    /// If the embedded broker does not start.
    pub(crate) fn find() -> Result<Self, EmbeddedError> {
        let is_named = std::env::var_os(BOOTSTRAP).is_some_and(|servers| !servers.is_empty());
        let embedded = if is_named { None } else { Some(EmbeddedBroker::start()?) };
        Ok(Self { embedded })
    }

    /// Makes the topics where the services cannot: on the embedded broker.
    ///
    /// # Errors
    /// If a topic cannot be made.
    pub(crate) fn create(&self, namespace: &str, topics: &BTreeSet<String>) -> Result<(), EmbeddedError> {
        let Some(embedded) = &self.embedded else { return Ok(()) };
        topics.iter().try_for_each(|topic| embedded.create_topic(&format!("{namespace}.{topic}"), PARTITIONS))
    }

    /// How much may be under way, in KiB.
    pub(crate) fn window_kib(&self) -> u32 {
        if self.embedded.is_some() { window::EMBEDDED_KIB } else { window::KAFKA_KIB }
    }

    /// What every service finds in its environment beside what is in ours. What a person set stands, except where services on
    /// one machine would get into each other's way.
    pub(crate) fn environment(&self, namespace: &str, instance: &str) -> Vec<(OsString, OsString)> {
        let unless_set =
            |name: &'static str, value: String| std::env::var_os(name).is_none().then_some((name, value));
        let mut environment = vec![
            ("CHOREOGRAPH_NAMESPACE", namespace.to_owned()),
            ("CHOREOGRAPH_OPS_ADDRESS", "127.0.0.1:0".to_owned()),
            ("SHOP_SITE_INSTANCE", instance.to_owned()),
            ("SHOP_CATALOGUE_INSTANCE", instance.to_owned()),
        ];
        environment.extend(unless_set("SHOP_CATALOGUE_ADDRESS", "127.0.0.1:0".to_owned()));
        if let Some(embedded) = &self.embedded {
            environment.extend(embedded.environment());
        } else {
            environment.extend(unless_set("CHOREOGRAPH_CREATE_TOPICS", "true".to_owned()));
            environment.extend(unless_set("CHOREOGRAPH_TOPIC_PARTITIONS", PARTITIONS.to_string()));
        }
        environment.into_iter().map(|(name, value)| (name.into(), value.into())).collect()
    }

    /// The settings that a service reads from that environment.
    ///
    /// # Errors
    /// If a value cannot be used.
    pub(crate) fn settings(
        environment: &[(OsString, OsString)],
    ) -> Result<Settings, choreograph::settings::Error> {
        let ours = std::env::vars_os().filter(|(name, _)| !environment.iter().any(|(set, _)| set == name));
        Settings::read(ours.chain(environment.iter().cloned()))
    }
}
