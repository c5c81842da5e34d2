use std::fmt;

use choreograph_contracts::{ContractId, is_event_name};
use serde::{Serialize, Serializer};

/// One version of one contract, as an owned name.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Key {
    /// The event type.
    pub name: String,
    /// The major version.
    pub major: u32,
    /// The minor version.
    pub minor: u32,
}

impl Key {
    /// From a path below the folder of contracts: `order.placed/1.0.json`.
    pub fn of_path(path: &str) -> Option<Self> {
        let (name, file) = path.split_once('/')?;
        if !is_event_name(name) {
            return None;
        }
        Self::of_version(name, file.strip_suffix(".json")?)
    }

    /// From an event type and a version `1.0`.
    pub fn of_version(name: &str, version: &str) -> Option<Self> {
        Self::of_uri(&format!("urn:contract:{name}/{version}"))
    }

    /// From a contract's `$id`.
    pub fn of_uri(uri: &str) -> Option<Self> {
        let id = ContractId::parse(uri).ok()?;
        Some(Self { name: id.name().to_owned(), major: id.major(), minor: id.minor() })
    }

    /// The `$id` that the version's file has.
    pub fn uri(&self) -> String {
        format!("urn:contract:{}/{}.{}", self.name, self.major, self.minor)
    }

    /// Its file below the folder of contracts.
    pub fn path(&self) -> String {
        format!("{}/{}.{}.json", self.name, self.major, self.minor)
    }

    /// `1.0`.
    pub fn version(&self) -> String {
        format!("{}.{}", self.major, self.minor)
    }

    /// Whether both are versions of one major of one contract.
    pub fn is_beside(&self, other: &Self) -> bool {
        self.name == other.name && self.major == other.major
    }
}

/// `order.placed 1.0`.
impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}.{}", self.name, self.major, self.minor)
    }
}

/// As text: `order.placed 1.0`.
impl Serialize for Key {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

#[cfg(test)]
mod tests {
    use super::Key;

    #[test]
    fn a_path_says_type_and_version() {
        let key = Key::of_path("order.placed/1.2.json").unwrap();
        assert_eq!(
            (key.uri().as_str(), key.path().as_str()),
            ("urn:contract:order.placed/1.2", "order.placed/1.2.json")
        );
        for no in
            ["order.placed/1.02.json", "order.placed/0.1.json", "a/b/1.0.json", "1.0.json", "../1.0.json"]
        {
            assert_eq!(Key::of_path(no), None, "{no}");
        }
    }
}
