//! The contracts that a registry has.

use serde_json::Value;

use super::{Client, Credentials, Limits, Stored};
use crate::past::{Key, Past, Text, Versions};
use crate::{Failure, MAX_CONTRACT_FILES, MAX_CONTRACTS_BYTES};

/// What was published, as the registry at `url` has it.
///
/// # Errors
///
/// A [`Failure`] if it cannot be reached or refuses to answer.
pub fn from_registry(url: &str) -> Result<Past, Failure> {
    let client = Client::new(url, Credentials::from_environment()?, Limits::default())?;
    let (versions, _) = contracts(&client)?;
    Ok(Past { label: format!("registry:{url}"), versions, ..Past::default() })
}

/// Every contract that the registry has, and how many schemas it has that are none: of another kind, or without
/// the `$id` of a contract.
pub(super) fn contracts(client: &Client) -> Result<(Versions, usize), Failure> {
    let mut versions = Versions::new();
    let mut others = 0;
    let mut bytes = 0_usize;
    for subject in client.subjects()? {
        for number in client.versions(&subject)? {
            let stored = client.version(&subject, Some(number))?;
            bytes = bytes.saturating_add(stored.schema.len());
            match key_of(&stored) {
                Some(key) => {
                    let name = format!("{key} (version {number} of {subject})");
                    versions.insert(key, Text { name, bytes: stored.schema.into_bytes() });
                }
                None => others += 1,
            }
            if versions.len() + others > MAX_CONTRACT_FILES || bytes > MAX_CONTRACTS_BYTES {
                let url = client.url();
                return Err(Failure::incomplete(format!(
                    "the registry at {url} has more than {MAX_CONTRACT_FILES} schemas, or more than {MAX_CONTRACTS_BYTES} bytes \
                     of them, and no more are read"
                )));
            }
        }
    }
    Ok((versions, others))
}

fn key_of(stored: &Stored) -> Option<Key> {
    if stored.schema_type.as_deref() != Some("JSON") {
        return None;
    }
    let schema: Value = serde_json::from_str(&stored.schema).ok()?;
    Key::of_uri(schema.get("$id")?.as_str()?)
}
