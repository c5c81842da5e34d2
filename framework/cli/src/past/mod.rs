//! Where contracts are found: the folder of now, and what was published before.

mod folder;
mod git;
mod key;

pub use folder::{Folder, load};
pub use git::from_git;
pub use key::Key;

use std::collections::BTreeMap;

use crate::report::Finding;

/// The text of each version of each contract.
pub type Versions = BTreeMap<Key, Text>;

/// The text of one version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Text {
    /// What messages call it: a path, or a path and a revision.
    pub name: String,
    /// Its bytes.
    pub bytes: Vec<u8>,
}

/// What was published before.
#[derive(Debug, Default)]
pub struct Past {
    /// What was asked for: `git:main`.
    pub label: String,
    /// What was published there.
    pub versions: Versions,
    /// What was published where this line of work began, if that is known and is another place. What is as it was
    /// there has not been touched, even if the other line has gone on.
    pub fork: Option<Versions>,
    /// Where the fork is not known: why a finding may be wrong, and what to do about it.
    pub doubt: Option<String>,
    /// Whether others publish there too: a contract of which the folder has no version is theirs.
    pub shared: bool,
    /// What is wrong with what was published, whatever the folder of now holds.
    pub findings: Vec<Finding>,
}

impl Past {
    /// Whether this line of work has left a version as it found it. `now` is its text, if it has one.
    pub fn is_untouched(&self, key: &Key, now: Option<&[u8]>) -> bool {
        let then = |versions: &Versions| versions.get(key).map(|text| text.bytes.clone());
        then(&self.versions).as_deref() == now
            || self.fork.as_ref().is_some_and(|fork| then(fork).as_deref() == now)
    }
}
