//! What changed, and the version that it is to be published as.

use std::fmt;

use choreograph_contracts::compat::Bump;
use serde::Serialize;

use crate::past::Key;

/// What happened to a version since it was published.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// It is new.
    Added,
    /// Its file says something else.
    Edited,
    /// Its file is gone.
    Deleted,
}

/// One change of a contract.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Change {
    /// The event type.
    pub contract: String,
    /// The version whose file it is.
    pub version: String,
    /// What happened to it.
    pub change: Kind,
    /// The version that it was compared with.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub since: Option<String>,
    /// The version step that the change needs.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bump: Option<Bump>,
    /// The version to publish it as.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub publish: Option<String>,
}

/// One line: `order.placed 1.1: added; a minor change since 1.0; publish it as 1.1`.
impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let change = match self.change {
            Kind::Added => "added",
            Kind::Edited => "edited",
            Kind::Deleted => "deleted",
        };
        write!(f, "{} {}: {change}", self.contract, self.version)?;
        if let (Some(bump), Some(since)) = (self.bump, &self.since) {
            let bump = match bump {
                Bump::None if self.change == Kind::Added => {
                    return write!(f, "; it says what {since} says, so that nobody needs it");
                }
                Bump::None => "no change",
                Bump::Patch => "annotations only",
                Bump::Minor => "a minor change",
                Bump::Major => "a major change",
            };
            write!(f, "; {bump} since {since}")?;
        }
        match &self.publish {
            Some(version) => write!(f, "; publish it as {version}"),
            None => Ok(()),
        }
    }
}

/// The version under which a change of `key` that needs `bump` is published, where `key` itself and all of `taken` are.
pub(super) fn next<'a>(key: &Key, bump: Bump, taken: impl Iterator<Item = &'a Key>) -> Key {
    let taken = taken.filter(|other| other.name == key.name);
    if bump == Bump::Major {
        // The version itself may stand under the wrong major: the next one is that after all others.
        let major = taken.map(|other| other.major).max().unwrap_or(0).saturating_add(1);
        Key { major, minor: 0, ..key.clone() }
    } else {
        let minors = taken.filter(|other| other.major == key.major).map(|other| other.minor);
        Key { minor: minors.max().map_or(0, |minor| minor.saturating_add(1)), ..key.clone() }
    }
}
