//! Names, each kept once and called by a number.

use std::collections::HashMap;
use std::io;
use std::sync::Arc;

use super::save::{In, Out, Saved};
use super::snapshot::SnapshotError;

/// The most names of one kind. Declared ones are far fewer; what the wire brings beyond is [`OTHER`].
pub(super) const MAX_NAMES: usize = 20_000;
/// The number of the empty name: none.
pub(super) const NONE: u16 = 0;
/// The number of every name that came when there were [`MAX_NAMES`].
pub(super) const OTHER: u16 = 1;

/// The names of one kind: types, steps, workflows, topics, groups, reasons.
#[derive(Debug, Clone)]
pub(super) struct Names {
    texts: Vec<Arc<str>>,
    by_text: HashMap<Arc<str>, u16>,
}

impl Default for Names {
    fn default() -> Self {
        let mut names = Self { texts: Vec::new(), by_text: HashMap::new() };
        names.of("");
        names.of("other");
        names
    }
}

impl Names {
    /// The number of a name, new or not.
    pub(super) fn of(&mut self, text: &str) -> u16 {
        if let Some(&number) = self.by_text.get(text) {
            return number;
        }
        if self.texts.len() >= MAX_NAMES {
            return OTHER;
        }
        let number = self.texts.len() as u16;
        let text: Arc<str> = text.into();
        self.texts.push(Arc::clone(&text));
        self.by_text.insert(text, number);
        number
    }

    /// The number of a name that was seen.
    pub(super) fn find(&self, text: &str) -> Option<u16> {
        self.by_text.get(text).copied()
    }

    /// The name, to be kept.
    pub(super) fn shared(&self, number: u16) -> Arc<str> {
        self.texts.get(usize::from(number)).map_or_else(|| "".into(), Arc::clone)
    }

    /// The name.
    pub(super) fn text(&self, number: u16) -> &str {
        self.texts.get(usize::from(number)).map_or("", |text| text)
    }
}

impl Saved for Names {
    fn save(&self, out: &mut Out<'_>) -> io::Result<()> {
        self.texts.save(out)
    }

    fn load(input: &mut In<'_>) -> Result<Self, SnapshotError> {
        let texts = Vec::<Arc<str>>::load(input)?;
        if texts.len() > MAX_NAMES || texts.len() < 2 {
            return Err(SnapshotError::Form("too many names, or too few"));
        }
        let by_text = texts.iter().enumerate().map(|(at, text)| (Arc::clone(text), at as u16)).collect();
        Ok(Self { texts, by_text })
    }
}
