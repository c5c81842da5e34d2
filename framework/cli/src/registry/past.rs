//! The contracts that a registry has.

use choreograph_contracts::compat::Bump;
use serde_json::Value;

use super::{Client, Credentials, Limits, Stored};
use crate::check::{compared, fingerprint};
use crate::input::Source;
use crate::past::{Key, Past, Text, Versions};
use crate::report::{Finding, Place};
use crate::rules::files;
use crate::{Failure, MAX_CONTRACT_FILES, MAX_CONTRACTS_BYTES};

/// What a registry has.
#[derive(Debug, Default)]
pub(super) struct Held {
    /// Every contract; of one that is there in several texts, the last that means what the first means.
    pub(super) versions: Versions,
    /// How many schemas are none: of another kind, or without the `$id` of a contract.
    pub(super) others: usize,
    /// Contracts of which the registry has texts that mean different things.
    pub(super) findings: Vec<Finding>,
}

/// What was published, as the registry at `url` has it.
///
/// # Errors
///
/// A [`Failure`] if it cannot be reached or refuses to answer.
pub fn from_registry(url: &str) -> Result<Past, Failure> {
    let client = Client::new(url, Credentials::from_environment()?, Limits::default())?;
    let Held { versions, findings, .. } = contracts(&client)?;
    Ok(Past { label: format!("registry:{url}"), versions, shared: true, findings, ..Past::default() })
}

/// Everything that the registry has.
pub(super) fn contracts(client: &Client) -> Result<Held, Failure> {
    let mut held = Held::default();
    let mut bytes = 0_usize;
    for subject in client.subjects()? {
        for number in client.versions_if_any(&subject)? {
            let Some(stored) = client.version_if_any(&subject, number)? else { continue };
            bytes = bytes.saturating_add(stored.schema.len());
            match key_of(&stored) {
                Some(key) => held.take(key, text(&subject, number, stored)),
                None => held.others += 1,
            }
            if held.versions.len() + held.others > MAX_CONTRACT_FILES || bytes > MAX_CONTRACTS_BYTES {
                let url = client.url();
                return Err(Failure::incomplete(format!(
                    "the registry at {url} has more than {MAX_CONTRACT_FILES} schemas, or more than {MAX_CONTRACTS_BYTES} bytes \
                     of them, and no more are read"
                )));
            }
        }
    }
    Ok(held)
}

impl Held {
    fn take(&mut self, key: Key, text: Text) {
        match self.versions.get(&key).filter(|first| first.bytes != text.bytes) {
            Some(first) if !means_the_same(first, &text) => self.findings.push(twice(&key, first, &text)),
            _ => drop(self.versions.insert(key, text)),
        }
    }
}

/// Whether two texts of one version say the same but for annotations. What cannot be compared does not.
pub(super) fn means_the_same(first: &Text, other: &Text) -> bool {
    let parsed = |text: &Text| Source::parse(&text.name, text.bytes.clone());
    let (Ok(first), Ok(other)) = (parsed(first), parsed(other)) else { return false };
    compared(&first, &other).is_ok_and(|comparison| comparison.bump <= Bump::Patch)
}

fn twice(key: &Key, first: &Text, other: &Text) -> Finding {
    let message =
        format!("the registry has two contracts that are both `{key}`, and they do not say the same");
    let mut finding = Finding::error(files::MUTATED, message);
    finding.places = [other, first].map(|text| Place::file(text.name.clone())).into();
    let values = [first, other].map(|text| serde_json::from_slice(&text.bytes).unwrap_or(Value::Null));
    let values: Vec<&Value> = values.iter().collect();
    finding.fingerprint =
        Some(fingerprint::of(files::MUTATED, &format!("registry {}", key.uri()), &values, &[]));
    finding.help(
        "the first is compared with; `choreograph registry delete` takes away the one that nobody published",
    )
}

/// The text of a version, and what messages call it.
pub(super) fn text(subject: &str, number: u32, stored: Stored) -> Text {
    let called = key_of(&stored).map_or_else(String::new, |key| format!("{key} "));
    Text { name: format!("{called}(version {number} of {subject})"), bytes: stored.schema.into_bytes() }
}

pub(super) fn key_of(stored: &Stored) -> Option<Key> {
    if stored.schema_type.as_deref() != Some("JSON") {
        return None;
    }
    let schema: Value = serde_json::from_str(&stored.schema).ok()?;
    Key::of_uri(schema.get("$id")?.as_str()?)
}
