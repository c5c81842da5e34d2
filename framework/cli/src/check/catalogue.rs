//! The contracts of now, parsed.

use std::collections::BTreeMap;
use std::path::PathBuf;

use crate::Failure;
use crate::input::Source;
use crate::past::{Folder, Key};

/// Every version of every contract of the folder.
#[derive(Debug)]
pub(super) struct Catalogue {
    pub(super) sources: BTreeMap<Key, Source>,
    pub(super) strays: Vec<PathBuf>,
}

impl Catalogue {
    /// Parses what a folder holds.
    ///
    /// # Errors
    ///
    /// Every file that is no JSON, with its line.
    pub(super) fn parse(folder: Folder) -> Result<Self, Failure> {
        let mut sources = BTreeMap::new();
        let mut problems = Vec::new();
        for (key, text) in folder.versions {
            match Source::parse(&text.name, text.bytes) {
                Ok(source) => drop(sources.insert(key, source)),
                Err(problem) => problems.push(problem),
            }
        }
        if problems.is_empty() {
            Ok(Self { sources, strays: folder.strays })
        } else {
            Err(Failure::inputs(problems))
        }
    }

    pub(super) fn get(&self, key: &Key) -> Option<&Source> {
        self.sources.get(key)
    }

    /// Whether there is a version of the event type.
    pub(super) fn has(&self, name: &str) -> bool {
        let first = Key { name: name.to_owned(), major: 0, minor: 0 };
        self.sources.range(first..).next().is_some_and(|(key, _)| key.name == name)
    }

    /// The majors of the event type, each as often as it has minors.
    pub(super) fn majors(&self, name: &str) -> Vec<u32> {
        let first = Key { name: name.to_owned(), major: 0, minor: 0 };
        self.sources
            .range(first..)
            .take_while(|(key, _)| key.name == name)
            .map(|(key, _)| key.major)
            .collect()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.sources.is_empty()
    }

    /// How many versions there are.
    pub(super) fn len(&self) -> usize {
        self.sources.len()
    }

    /// How many contracts there are.
    pub(super) fn types(&self) -> usize {
        let mut names: Vec<&str> = self.sources.keys().map(|key| key.name.as_str()).collect();
        names.dedup();
        names.len()
    }
}
