//! Names, each kept once and called by a number.

use std::collections::HashMap;
use std::sync::Arc;

use super::kept_bytes::BadState;
use super::save::{In, Saved};

/// The most names of one kind that the wire brings; what it brings beyond is [`OTHER`].
pub(super) const MAX_NAMES: usize = 20_000;
/// The most names of one kind, with those that are declared: whatever the wire has brought, there is room for them.
const MAX_ALL: usize = 2 * MAX_NAMES;
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
    /// The number of a name that the wire brings, new or not.
    pub(super) fn of(&mut self, text: &str) -> u16 {
        self.within(MAX_NAMES, text)
    }

    /// The number of a name that is declared, new or not.
    pub(super) fn declared(&mut self, text: &str) -> u16 {
        self.within(MAX_ALL, text)
    }

    fn within(&mut self, bound: usize, text: &str) -> u16 {
        if let Some(&number) = self.by_text.get(text) {
            return number;
        }
        if self.texts.len() >= bound {
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

    /// Every name but those that stand for none and for others.
    pub(super) fn all(&self) -> impl Iterator<Item = &str> {
        self.texts.iter().skip(usize::from(OTHER) + 1).map(|text| &**text)
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
    fn save(&self, out: &mut Vec<u8>) {
        self.texts.save(out);
    }

    fn load(input: &mut In<'_>) -> Result<Self, BadState> {
        let texts = Vec::<Arc<str>>::load(input)?;
        if texts.len() > MAX_ALL || texts.len() < 2 {
            return Err(BadState::Form("too many names, or too few"));
        }
        let by_text = texts.iter().enumerate().map(|(at, text)| (Arc::clone(text), at as u16)).collect();
        Ok(Self { texts, by_text })
    }
}

#[cfg(test)]
mod tests {
    use super::{MAX_NAMES, Names, OTHER};

    #[test]
    fn however_many_names_the_wire_brings_there_is_room_for_declared_ones() {
        let mut names = Names::default();
        for number in 0..MAX_NAMES {
            names.of(&format!("order.{number}.v1"));
        }
        assert_eq!(names.of("order.placed.v1"), OTHER);
        let declared = names.declared("order.placed.v1");
        assert!(declared > OTHER);
        assert_eq!(names.of("order.placed.v1"), declared, "which the wire then brings too");
        assert_eq!(names.text(declared), "order.placed.v1");
        assert_eq!(names.of("one.more.v1"), OTHER);
    }
}
