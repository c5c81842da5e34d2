//! Texts: lengths, patterns, formats, and some exceptions.

use serde_json::Value;

use crate::compat::graph::{Format, NameId, PatternId, Texts, Wanted, texts};

use super::formula::Lit;
use super::names::MAX_NAMES;
use super::state::State;
use super::{Outcome, Solver};

/// The longest text that is written out.
const MAX_WRITTEN: u64 = 100_000;
/// Texts of no format and of no language.
const ODD: [&str; 12] = ["", "YWJj", "{}", "a", "0", " ", "not a format", "A", "-", "a b", "%", "\\("];

/// Texts of each encoding, of JSON and of something else, and of one encoding alone.
const ENCODED: [&str; 14] = [
    "YQ==", "MQ==", "-_-_", "+/+/", "ME======", "GE======", "C4======", "64======", "61", "31", "ff",
    "F8======", "1", "nil",
];

/// The most texts that are told apart one by one from those that match.
const MAX_EXCEPT: usize = 256;

/// What a state says of its text.
#[derive(Debug, Default)]
struct Rules {
    /// `except` is of those that are as wanted otherwise.
    wanted: Wanted,
    formats: Vec<Format>,
    off_formats: Vec<Format>,
    contents: Vec<PatternId>,
    off_contents: Vec<PatternId>,
}

impl Solver<'_> {
    pub(super) fn text(&mut self, state: &State) -> Outcome {
        let rules = self.text_rules(state);
        let wanted = &rules.wanted;
        if wanted.most.is_some_and(|most| most < wanted.least) {
            return Outcome::Nothing;
        }
        let contradicts = |(pattern, must): &(u32, bool)| wanted.patterns.contains(&(*pattern, !must));
        if wanted.patterns.iter().any(contradicts) {
            return Outcome::Nothing;
        }
        let within = |off: &Format| rules.formats.iter().any(|format| format.is_within(*off));
        if rules.off_formats.iter().any(within) {
            return Outcome::Nothing;
        }
        let patterns = &self.graph.patterns;
        let within =
            |off: &PatternId| rules.contents.iter().any(|inner| patterns.is_content_within(*inner, *off));
        if rules.off_contents.iter().any(within) {
            return Outcome::Nothing;
        }
        let mut shaped = self.shaped(&rules);
        shaped.except = self.except(state, &shaped);
        let plain = shaped.patterns.is_empty();
        let mut steps = 0;
        let found = if plain { Texts::Unknown } else { texts(&self.graph.patterns, &shaped, &mut steps) };
        self.spend(steps);
        if found == Texts::None {
            return Outcome::Nothing;
        }
        self.first_text(state, &rules, found)
    }

    /// The texts that match and are not wanted all the same; none of them where they are too many.
    fn except(&self, state: &State, shaped: &Wanted) -> Vec<String> {
        let mut texts: Vec<&str> = Vec::new();
        if shaped.patterns.is_empty() {
            return Vec::new();
        }
        for lit in &state.lits {
            match *lit {
                Lit::Unlisted(id) => {
                    let values =
                        self.graph.node(id).values.as_deref().into_iter().flat_map(|values| values.iter());
                    texts.extend(values.filter_map(Value::as_str));
                }
                Lit::Fresh if self.graph.names.len() <= MAX_NAMES => {
                    texts.extend((0..self.graph.names.len() as NameId).map(|id| self.graph.names.text(id)));
                }
                _ => {}
            }
        }
        self.spend(texts.len() / 4);
        let patterns = &self.graph.patterns;
        texts.retain(|text| shaped.patterns.iter().all(|(id, must)| patterns.matches(*id, text) == *must));
        if texts.len() > MAX_EXCEPT {
            return Vec::new();
        }
        texts.into_iter().map(str::to_owned).collect()
    }

    /// The first candidate that is as wanted.
    fn first_text(&self, state: &State, rules: &Rules, found: Texts) -> Outcome {
        let Wanted { least, most, patterns, .. } = &rules.wanted;
        let mut candidates: Vec<String> = Vec::new();
        let samples = rules.formats.iter().flat_map(|format| format.samples());
        candidates.extend(samples.map(|sample| (*sample).to_owned()));
        if rules.formats.is_empty() && patterns.is_empty() && rules.off_contents.is_empty() {
            let length = (*least).max(1).min(most.unwrap_or(u64::MAX));
            candidates.extend(plain_texts(length, *most));
        }
        if let Texts::Some(found) = found {
            candidates.extend(found);
        }
        candidates.extend(ODD.map(str::to_owned));
        if !rules.contents.is_empty() || !rules.off_contents.is_empty() {
            candidates.extend(ENCODED.map(str::to_owned));
        }
        if !patterns.is_empty() || !rules.off_contents.is_empty() {
            candidates.extend(plain_texts((*least).max(1), *most));
        }
        let fits = |text: &String| {
            let value = Value::String(text.clone());
            self.state_holds(state, &value)
        };
        match candidates.into_iter().find(fits) {
            Some(text) => Outcome::Value(text.into()),
            None if *most == Some(0) => Outcome::Nothing,
            None => Outcome::Unknown,
        }
    }

    fn text_rules(&self, state: &State) -> Rules {
        let mut rules = Rules::default();
        for id in &state.asserted {
            let Some(said) = &self.graph.node(*id).text else { continue };
            rules.wanted.least = rules.wanted.least.max(said.least);
            rules.wanted.most = least_of(rules.wanted.most, said.most);
            rules.wanted.patterns.extend(said.pattern.map(|pattern| (pattern, true)));
            rules.formats.extend(said.format);
            rules.contents.extend(said.content);
        }
        for lit in &state.lits {
            let said = |id: u32| self.graph.node(id).text.as_deref();
            match *lit {
                Lit::Shorter(id) => {
                    let most = said(id).and_then(|said| said.least.checked_sub(1));
                    rules.wanted.most = least_of(rules.wanted.most, most);
                }
                Lit::Longer(id) => {
                    let most = said(id).and_then(|said| said.most).unwrap_or_default();
                    rules.wanted.least = rules.wanted.least.max(most.saturating_add(1));
                }
                Lit::OffPattern(id) => {
                    let pattern = said(id).and_then(|said| said.pattern);
                    rules.wanted.patterns.extend(pattern.map(|pattern| (pattern, false)));
                }
                Lit::OffFormat(id) => rules.off_formats.extend(said(id).and_then(|said| said.format)),
                Lit::OffContent(id) => {
                    rules.off_contents.extend(said(id).and_then(|said| said.content));
                }
                Lit::Matches(pattern, must) => rules.wanted.patterns.push((pattern, must)),
                _ => {}
            }
        }
        rules.wanted.patterns.sort_unstable();
        rules.wanted.patterns.dedup();
        rules
    }

    /// The patterns, and what is known of the shape of the formats.
    fn shaped(&self, rules: &Rules) -> Wanted {
        let mut wanted = rules.wanted.clone();
        let shapes = rules.formats.iter().filter_map(|format| self.graph.patterns.id(format.shape()?));
        wanted.patterns.extend(shapes.map(|shape| (shape, true)));
        let off = rules.off_formats.iter().filter(|format| format.is_its_shape());
        let shapes = off.filter_map(|format| self.graph.patterns.id(format.shape()?));
        wanted.patterns.extend(shapes.map(|shape| (shape, false)));
        wanted
    }
}

fn least_of(left: Option<u64>, right: Option<u64>) -> Option<u64> {
    match (left, right) {
        (Some(left), Some(right)) => Some(left.min(right)),
        (left, right) => left.or(right),
    }
}

/// Some texts of at least `length` characters.
fn plain_texts(length: u64, most: Option<u64>) -> Vec<String> {
    if length > MAX_WRITTEN {
        return Vec::new();
    }
    let mut found = Vec::new();
    for extra in 0..3_u64 {
        let length = length + extra;
        if most.is_none_or(|most| length <= most) {
            found.extend(["a", "b", "c", "0"].map(|letter| letter.repeat(length as usize)));
        }
    }
    found
}
