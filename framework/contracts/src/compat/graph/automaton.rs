//! Texts that match some patterns and do not match others, found by walking their automata side by side.

use std::collections::{HashSet, VecDeque};
use std::fmt::Write as _;
use std::sync::LazyLock;

use regex_automata::Anchored;
use regex_automata::dfa::{Automaton, dense};
use regex_automata::util::primitives::StateID;
use regex_automata::util::start;

use super::pattern::{PatternId, Patterns, build};

/// How many joint states are looked at.
const MAX_STATES: usize = 20_000;
/// How many texts are returned.
const MAX_FOUND: usize = 6;
/// The most characters that are counted one by one.
const MAX_COUNTED: u64 = 300;

/// Every text is UTF-8.
static ANY_TEXT: LazyLock<Option<dense::DFA<Vec<u32>>>> = LazyLock::new(|| build(r"\A(?s:.)*\z"));

/// What a search for texts came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::compat) enum Texts {
    /// There is no such text.
    None,
    /// Some of them, shortest first.
    Some(Vec<String>),
    /// Not decided.
    Unknown,
}

/// What a text must be.
#[derive(Debug, Clone, Default)]
pub(in crate::compat) struct Wanted {
    /// Patterns, each with whether it must match.
    pub(in crate::compat) patterns: Vec<(PatternId, bool)>,
    /// Least characters.
    pub(in crate::compat) least: u64,
    /// Most characters.
    pub(in crate::compat) most: Option<u64>,
    /// Texts that it must not be.
    pub(in crate::compat) except: Vec<String>,
}

/// Where the walk stands in one automaton.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum At {
    Matched,
    State(StateID),
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Joint {
    at: Box<[At]>,
    characters: u64,
}

/// Finds texts as wanted. `steps` counts the bytes that were tried.
pub(in crate::compat) fn texts(patterns: &Patterns, wanted: &Wanted, steps: &mut usize) -> Texts {
    let Some(any) = ANY_TEXT.as_ref() else { return Texts::Unknown };
    let automata = wanted.patterns.iter().map(|(id, must)| Some((patterns.automaton(*id)?, *must)));
    let Some(mut automata) = automata.collect::<Option<Vec<_>>>() else { return Texts::Unknown };
    // Where they are too many for an automaton, whoever asked finds them among what was found.
    let except = if wanted.except.is_empty() { None } else { listed(&wanted.except) };
    automata.extend(except.as_ref().map(|except| (except, false)));
    automata.push((any, true));
    // Characters are told apart up to the last bound only.
    let counted = wanted.most.map_or(wanted.least, |most| most.saturating_add(1)).max(wanted.least);
    if counted > MAX_COUNTED {
        return long_texts(patterns, wanted, steps);
    }
    let walk = Walk { bytes: alphabet(&automata), automata, counted };
    walk.search(wanted.least, wanted.most, steps)
}

/// Bounds too far apart to count up to: a text found without them that keeps them is one, and no text at all
/// means none.
fn long_texts(patterns: &Patterns, wanted: &Wanted, steps: &mut usize) -> Texts {
    let unbounded = Wanted { least: 0, most: None, ..wanted.clone() };
    let kept = |text: &String| {
        let length = text.chars().count() as u64;
        length >= wanted.least && wanted.most.is_none_or(|most| length <= most)
    };
    match texts(patterns, &unbounded, steps) {
        Texts::Some(found) => {
            let found: Vec<String> = found.into_iter().filter(kept).collect();
            if found.is_empty() { Texts::Unknown } else { Texts::Some(found) }
        }
        other => other,
    }
}

/// The automaton of just these texts.
fn listed(texts: &[String]) -> Option<dense::DFA<Vec<u32>>> {
    let spelled = |text: &String| -> String {
        text.chars().fold(String::new(), |mut spelled, letter| {
            // Writing to a text cannot fail.
            _ = write!(spelled, r"\x{{{:X}}}", u32::from(letter));
            spelled
        })
    };
    let spelled: Vec<String> = texts.iter().map(spelled).collect();
    build(&format!(r"\A(?:{})\z", spelled.join("|")))
}

struct Walk<'a> {
    automata: Vec<(&'a dense::DFA<Vec<u32>>, bool)>,
    bytes: Vec<u8>,
    counted: u64,
}

impl Walk<'_> {
    fn search(&self, least: u64, most: Option<u64>, steps: &mut usize) -> Texts {
        let Some(start) = self.start() else { return Texts::Unknown };
        let mut seen = HashSet::from([start.clone()]);
        let mut parents: Vec<(usize, u8)> = vec![(usize::MAX, 0)];
        let mut queue = VecDeque::from([(start, 0_usize)]);
        let mut found = Vec::new();
        while let Some((joint, index)) = queue.pop_front() {
            let long_enough = joint.characters >= least && most.is_none_or(|most| joint.characters <= most);
            if long_enough && self.accepts(&joint) {
                found.extend(spelled(&parents, index));
                if found.len() >= MAX_FOUND {
                    break;
                }
            }
            *steps += self.bytes.len();
            for byte in &self.bytes {
                let Some(next) = self.step(&joint, *byte, most) else { continue };
                if seen.insert(next.clone()) {
                    if seen.len() > MAX_STATES {
                        return if found.is_empty() { Texts::Unknown } else { Texts::Some(found) };
                    }
                    parents.push((index, *byte));
                    queue.push_back((next, parents.len() - 1));
                }
            }
        }
        if found.is_empty() { Texts::None } else { Texts::Some(found) }
    }

    fn start(&self) -> Option<Joint> {
        let config = start::Config::new().anchored(Anchored::No);
        let at = self.automata.iter().map(|(automaton, _)| {
            let state = automaton.start_state(&config).ok()?;
            Some(if automaton.is_match_state(state) { At::Matched } else { At::State(state) })
        });
        Some(Joint { at: at.collect::<Option<_>>()?, characters: 0 })
    }

    /// The next joint state, unless no text wanted can follow.
    fn step(&self, joint: &Joint, byte: u8, most: Option<u64>) -> Option<Joint> {
        let begins = byte & 0xC0 != 0x80;
        let characters = (joint.characters + u64::from(begins)).min(self.counted);
        if most.is_some_and(|most| characters > most) {
            return None;
        }
        let last = self.automata.len() - 1;
        let mut at = Vec::with_capacity(joint.at.len());
        for (index, (before, (automaton, must))) in joint.at.iter().zip(&self.automata).enumerate() {
            let after = match before {
                At::Matched => At::Matched,
                At::State(state) => {
                    let next = automaton.next_state(*state, byte);
                    if automaton.is_quit_state(next) {
                        return None;
                    }
                    // That a text is a text is known at its end only.
                    if index != last && automaton.is_match_state(next) {
                        At::Matched
                    } else {
                        At::State(next)
                    }
                }
            };
            match after {
                At::Matched if !must => return None,
                At::State(state) if *must && automaton.is_dead_state(state) => return None,
                after => at.push(after),
            }
        }
        Some(Joint { at: at.into(), characters })
    }

    fn accepts(&self, joint: &Joint) -> bool {
        joint.at.iter().zip(&self.automata).all(|(at, (automaton, must))| {
            let matched = match at {
                At::Matched => true,
                At::State(state) => automaton.is_match_state(automaton.next_eoi_state(*state)),
            };
            matched == *must
        })
    }
}

/// The text that leads to the joint state at `index`.
fn spelled(parents: &[(usize, u8)], index: usize) -> Option<String> {
    let mut bytes = Vec::new();
    let mut at = index;
    while at != 0 {
        let (parent, byte) = parents[at];
        bytes.push(byte);
        at = parent;
    }
    bytes.reverse();
    String::from_utf8(bytes).ok()
}

/// One byte for each that the automata tell apart, those that read well first.
fn alphabet(automata: &[(&dense::DFA<Vec<u32>>, bool)]) -> Vec<u8> {
    let pleasant = b"a0A_- bxyzBXYZ19";
    let mut seen = HashSet::new();
    let every = pleasant.iter().copied().chain(b' '..=b'~').chain(0..=255);
    every
        .filter(|byte| {
            // Whether a byte begins a character is counted, and so must be told apart.
            let begins = byte & 0xC0 != 0x80;
            let classes: Vec<u8> =
                automata.iter().map(|(automaton, _)| automaton.byte_classes().get(*byte)).collect();
            seen.insert((classes, begins))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::{Texts, Wanted, texts};
    use crate::compat::graph::Patterns;

    fn search(wanted: &[(&str, bool)], least: u64, most: Option<u64>) -> Texts {
        let mut patterns = Patterns::default();
        let wanted = wanted.iter().map(|(source, must)| (patterns.add(source).unwrap(), *must)).collect();
        texts(&patterns, &Wanted { patterns: wanted, least, most, except: Vec::new() }, &mut 0)
    }

    #[test]
    fn a_narrower_pattern_is_within_a_wider_one() {
        for (narrow, wide) in [
            ("^[a-f]{3}$", "^[a-z]+$"),
            ("^abc", "^a"),
            ("^S_", "S"),
            ("[a-z]*", "[A-Z]*"),
            ("^é$", "^.$"),
            ("^(a|b)$", "^[ab]$"),
            (r"^\d{4}$", r"^\d+$"),
        ] {
            assert_eq!(search(&[(narrow, true), (wide, false)], 0, None), Texts::None, "{narrow} {wide}");
        }
    }

    #[test]
    fn what_a_pattern_takes_more_is_found() {
        for (wide, narrow, shortest) in [
            ("^[a-z]+$", "^[a-f]{3}$", "a"),
            ("^a", "^abc", "a"),
            ("", "^a*$", "0"),
            ("^.$", "^[ -~]$", "\u{0}"),
        ] {
            let Texts::Some(found) = search(&[(wide, true), (narrow, false)], 0, None) else {
                panic!("{wide} {narrow}")
            };
            assert_eq!(found[0].chars().count(), shortest.chars().count(), "{found:?}");
        }
    }

    #[test]
    fn texts_are_found_beside_those_that_are_known() {
        let mut patterns = Patterns::default();
        let pattern = patterns.add("^(a|b|x*y)$").unwrap();
        let without = |except: &[&str]| {
            let except = except.iter().map(|text| (*text).to_owned()).collect();
            let wanted =
                Wanted { patterns: vec![(pattern, true)], most: Some(1), except, ..Wanted::default() };
            texts(&patterns, &wanted, &mut 0)
        };
        assert_eq!(without(&["a", "y"]), Texts::Some(vec!["b".to_owned()]));
        assert_eq!(without(&["a", "y", "b"]), Texts::None);
        assert_eq!(without(&["a", "y", "b.", "(b|"]), Texts::Some(vec!["b".to_owned()]));
    }

    #[test]
    fn lengths_are_counted_in_characters() {
        assert_eq!(search(&[("^é*$", true)], 3, Some(3)), Texts::Some(vec!["ééé".to_owned()]));
        assert_eq!(search(&[("^(ab)*$", true)], 3, Some(3)), Texts::None);
        assert_eq!(search(&[("^a{5}$", true)], 0, Some(4)), Texts::None);
    }
}
