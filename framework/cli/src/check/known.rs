//! Every version that is known: those of the folder, and those that only another line of work has.

use std::collections::BTreeMap;
use std::ops::Bound::{Excluded, Included, Unbounded};

use super::catalogue::Catalogue;
use super::compared;
use super::history::History;
use crate::input::Source;
use crate::past::{Key, Past, Text};

/// What versions are compared with.
#[derive(Debug)]
pub(super) struct Known<'a> {
    sources: BTreeMap<&'a Key, &'a Source>,
}

impl<'a> Known<'a> {
    pub(super) fn new(catalogue: &'a Catalogue, history: &'a History) -> Self {
        Self { sources: catalogue.sources.iter().chain(&history.meanwhile).collect() }
    }

    pub(super) fn get(&self, key: &Key) -> Option<&'a Source> {
        self.sources.get(key).copied()
    }

    pub(super) fn keys(&self) -> impl Iterator<Item = &'a Key> {
        self.sources.keys().copied()
    }

    /// The versions of one major before `key`, by minor.
    pub(super) fn before(&self, key: &Key) -> impl DoubleEndedIterator<Item = &'a Key> {
        let first = Key { minor: 0, ..key.clone() };
        self.sources.range::<Key, _>((Included(&first), Excluded(key))).map(|(key, _)| *key)
    }

    /// The version of the event type before `key`, whatever its major.
    pub(super) fn last_before(&self, key: &Key) -> Option<&'a Key> {
        let before = self.sources.range::<Key, _>((Unbounded, Excluded(key))).next_back();
        before.map(|(key, _)| *key).filter(|before| before.name == key.name)
    }
}

/// What was published of the events in `touched` since this line of work left the other one: after the merge it stands beside what
/// is new here. What is no contract there is compared with nothing.
pub(super) fn meanwhile(catalogue: &Catalogue, past: &Past, touched: &[Key]) -> BTreeMap<Key, Source> {
    // A registry holds no line of work.
    if past.shared {
        return BTreeMap::new();
    }
    let concerns = |key: &Key| touched.iter().any(|other| other.name == key.name);
    comparable(
        past.versions
            .iter()
            .filter(|(key, _)| catalogue.get(key).is_none() && past.is_untouched(key, None) && concerns(key)),
    )
}

/// Those texts that are contracts.
pub(super) fn comparable<'a>(texts: impl Iterator<Item = (&'a Key, &'a Text)>) -> BTreeMap<Key, Source> {
    let parsed = texts.filter_map(|(key, text)| {
        let source = Source::parse(&text.name, text.bytes.clone()).ok()?;
        compared(&source, &source).is_ok().then(|| (key.clone(), source))
    });
    parsed.collect()
}
