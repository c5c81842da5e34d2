//! The schema registry whose ids go out with events.

use super::secret::Secret;
use super::source::Source;

/// A schema registry that speaks Confluent's REST API, and how its subjects are named.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Registry {
    /// Its address. It may hold a name and a password.
    pub url: Secret,
    /// How subjects are named.
    pub subjects: Subjects,
}

/// How a subject is named; the record's name is the `title` of the contract.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Subjects {
    /// `PaymentConfirmed`
    RecordName,
    /// `payments-PaymentConfirmed`, with the topic's name without a namespace.
    TopicRecordName,
}

impl Registry {
    pub(super) fn read(source: &mut Source) -> Option<Self> {
        let subjects = source.parsed("CHOREOGRAPH_REGISTRY_SUBJECTS", Subjects::parse);
        let url = source.take("CHOREOGRAPH_REGISTRY_URL")?;
        let host = url.strip_prefix("http://");
        if host.is_none_or(|host| host.is_empty() || host.starts_with(['/', ':'])) {
            source.problem(
                "CHOREOGRAPH_REGISTRY_URL",
                "its value cannot be used",
                "legal: http:// with host and port, as http://localhost:8081; for a registry that wants https, run \
                 a proxy on this host that passes on",
            );
            return None;
        }
        Some(Self { url: Secret::new(url), subjects: subjects.unwrap_or(Subjects::RecordName) })
    }
}

impl Subjects {
    fn parse(text: &str) -> Result<Self, String> {
        match text {
            "record-name" => Ok(Self::RecordName),
            "topic-record-name" => Ok(Self::TopicRecordName),
            _ => Err("legal: record-name, topic-record-name".to_owned()),
        }
    }
}
