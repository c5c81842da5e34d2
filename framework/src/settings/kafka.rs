//! The Kafka client's properties, from `KAFKA_…`.

use std::fmt;

use super::brokers;
use super::error::Problem;
use super::nearest::nearest;
use super::property::{self, Property};
use super::secret::Secret;
use super::source::{Given, Source, shown};

/// What the names of the Kafka client's variables begin with.
const PREFIX: &str = "KAFKA_";

/// A suggestion for an unknown name is looked for among the names of all properties; the warning lists
/// at most this many unknown names, for a container may set hundreds.
const MAX_UNKNOWN_LISTED: usize = 20;

/// Which of the two clients is to be set up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Client {
    /// Reads records.
    Consumer,
    /// Publishes records.
    Producer,
}

/// What the Kafka client is told: librdkafka's properties by their own names.
///
/// `Debug` shows no secret.
#[derive(Clone, Default)]
pub struct Kafka {
    /// The properties that were set, each at most once under its own name or an alias.
    set: Vec<Set>,
    /// Names that begin with `KAFKA_` and are no property.
    unknown: Vec<String>,
}

/// A property that was set.
#[derive(Clone)]
struct Set {
    property: &'static Property,
    value: Secret,
    /// Its value is a secret by its kind, or stood in a file.
    hidden: bool,
}

impl Kafka {
    /// Takes every `KAFKA_…` variable out of `source`.
    pub(super) fn read(source: &mut Source) -> Self {
        let mut kafka = Self::default();
        for property in property::all() {
            let variable = property.variable();
            let Some(Given { value, from_file }) = source.take_or_file(&variable) else {
                continue;
            };
            let hidden = from_file || property.is_secret();
            if let Some(owner) = property.owner() {
                source.problem(&variable, owner, "remove it");
            } else if !property.takes(&value) {
                let what = if hidden { "its value".to_owned() } else { shown(&value) };
                source.problem(
                    &variable,
                    format!("{what} cannot be used"),
                    format!("legal: {}", property.legal),
                );
            } else if let Some((left, why)) = property.narrowed().filter(|(left, _)| !left.contains(&&*value))
            {
                source.problem(&variable, why, format!("legal: {}", left.join(", ")));
            } else if let Some(other) = kafka.under_another_name(property) {
                let other = other.variable();
                source.problem(
                    &variable,
                    format!("{other} sets the same property"),
                    "set only one of the two",
                );
            } else {
                kafka.set.push(Set { property, value: Secret::new(value), hidden });
            }
        }
        kafka.check_brokers(source);
        kafka.unknown = source.left(PREFIX);
        kafka
    }

    /// Of addresses that are none it would be told nowhere else.
    fn check_brokers(&self, source: &mut Source) {
        let protocol = self.get("security.protocol").unwrap_or("plaintext");
        let Some(servers) = self.set.iter().find(|set| set.property.name == "bootstrap.servers") else {
            return;
        };
        if let Some(problem) = brokers::problem(servers.value.expose(), protocol) {
            let problem = if servers.hidden { "its value cannot be used".to_owned() } else { problem };
            source.problem(brokers::VARIABLE, problem, brokers::LEGAL);
        }
    }

    /// The addresses of some brokers of the cluster, joined by commas.
    ///
    /// # Errors
    ///
    /// When `KAFKA_BOOTSTRAP_SERVERS` is not set.
    pub fn bootstrap_servers(&self) -> Result<&str, Problem> {
        self.get("bootstrap.servers")
            .ok_or_else(|| Problem::new(brokers::VARIABLE, "it is not set", brokers::LEGAL))
    }

    /// The value of the property `name`, under whichever of its names it was set. This shows secrets.
    pub fn get(&self, name: &str) -> Option<&str> {
        let canonical = property::named(name)?.canonical;
        self.set.iter().find(|set| set.property.canonical == canonical).map(|set| set.value.expose())
    }

    /// What `client` is to be told: `defaults`, and above them what was set. The caller adds what the laws
    /// own; no such property is among these. Values are shown: they go into the client and nowhere else.
    pub fn properties<'a>(
        &'a self,
        client: Client,
        defaults: &[(&'a str, &'a str)],
    ) -> Vec<(&'a str, &'a str)> {
        let set = self.set.iter().filter(|set| set.property.concerns(client));
        let defaults = defaults.iter().copied().filter(|(name, _)| self.get(name).is_none());
        defaults.chain(set.map(|set| (set.property.name, set.value.expose()))).collect()
    }

    /// One warning that names every `KAFKA_…` variable which is no property, with what may have been
    /// meant; `None` where there is no such variable.
    pub fn warning(&self) -> Option<String> {
        if self.unknown.is_empty() {
            return None;
        }
        let variables: Vec<String> = property::all().iter().map(Property::variable).collect();
        let mut listed: Vec<String> = self
            .unknown
            .iter()
            .take(MAX_UNKNOWN_LISTED)
            .map(|name| match nearest(name, variables.iter().map(String::as_str)) {
                Some(meant) => format!("{} (did you mean {meant}?)", printable(name)),
                None => printable(name),
            })
            .collect();
        if self.unknown.len() > MAX_UNKNOWN_LISTED {
            listed.push(format!("{} more", self.unknown.len() - MAX_UNKNOWN_LISTED));
        }
        Some(format!(
            "these variables are no property of the Kafka client and are not used: {}",
            listed.join(", ")
        ))
    }

    /// The property already set that `property` is another name of.
    fn under_another_name(&self, property: &Property) -> Option<&'static Property> {
        self.set
            .iter()
            .map(|set| set.property)
            .find(|set| set.canonical == property.canonical && set.name != property.name)
    }
}

/// A name on one line.
fn printable(name: &str) -> String {
    name.escape_debug().to_string()
}

impl fmt::Debug for Kafka {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut map = f.debug_map();
        for Set { property, value, hidden } in &self.set {
            if *hidden {
                map.entry(&property.name, value);
            } else {
                map.entry(&property.name, &value.expose());
            }
        }
        map.finish()
    }
}
