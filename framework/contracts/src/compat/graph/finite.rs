//! Names that are all there can be: where `propertyNames` or a pattern leaves a few, each is known by its text, so that
//! it can be tried, and counted.

use serde_json::Value;

use super::automaton::{Texts, Wanted, texts};
use super::{Graph, PatternId};

/// How many names one list or pattern may leave.
const MAX_NAMES: usize = 16;
/// How many patterns are asked which names they leave.
const MAX_ASKED: usize = 32;

impl Graph {
    /// Learns the names that schemas about names leave, where these are few.
    pub(super) fn learn_names(&mut self) {
        let mut patterns: Vec<PatternId> = Vec::new();
        let mut found: Vec<String> = Vec::new();
        for rules in self.nodes.iter().filter_map(|node| node.object.as_ref()) {
            patterns.extend(rules.patterns.iter().map(|(pattern, _)| *pattern));
            let Some(names) = rules.names.map(|names| &self.nodes[names as usize]) else { continue };
            let listed = names.values.as_deref().filter(|values| values.len() <= MAX_NAMES);
            let listed = listed.into_iter().flat_map(|values| values.iter());
            found.extend(listed.filter_map(Value::as_str).map(str::to_owned));
            let Some(text) = &names.text else { continue };
            patterns.extend(text.pattern);
            found.extend((text.most == Some(0)).then(String::new));
        }
        patterns.sort_unstable();
        patterns.dedup();
        patterns.retain(|pattern| self.patterns.is_plainly_finite(*pattern));
        for pattern in patterns.into_iter().take(MAX_ASKED) {
            found.extend(self.names_of(pattern));
        }
        for name in &found {
            self.names.add(name);
        }
    }

    /// Every name that matches a pattern; none where they are too many.
    fn names_of(&self, pattern: PatternId) -> Vec<String> {
        let mut wanted = Wanted { patterns: vec![(pattern, true)], ..Wanted::default() };
        // The walk is bounded by itself.
        let mut steps = 0;
        while let Texts::Some(found) = texts(&self.patterns, &wanted, &mut steps) {
            if found.is_empty() || wanted.except.len() + found.len() > MAX_NAMES {
                return Vec::new();
            }
            wanted.except.extend(found);
        }
        wanted.except
    }
}
