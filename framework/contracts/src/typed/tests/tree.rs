//! JSON as it is written: members in order, names twice, numbers as texts. And how to spoil it.

use std::fmt;

use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};

/// A value whose texts and numbers stand as they are written, quotes included.
#[derive(Debug, Clone)]
pub(super) enum Tree {
    Word(String),
    List(Vec<Tree>),
    Object(Vec<(String, Tree)>),
}

impl Tree {
    pub(super) fn parse(text: &str) -> Self {
        serde_json::from_str(text).unwrap_or_else(|error| panic!("{error}: {text}"))
    }
}

impl fmt::Display for Tree {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Word(word) => f.write_str(word),
            Self::List(elements) => {
                f.write_str("[")?;
                for (index, element) in elements.iter().enumerate() {
                    write!(f, "{}{element}", if index == 0 { "" } else { "," })?;
                }
                f.write_str("]")
            }
            Self::Object(members) => {
                f.write_str("{")?;
                for (index, (name, value)) in members.iter().enumerate() {
                    write!(f, "{}{name}:{value}", if index == 0 { "" } else { "," })?;
                }
                f.write_str("}")
            }
        }
    }
}

impl<'de> Deserialize<'de> for Tree {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Grow;
        impl<'de> Visitor<'de> for Grow {
            type Value = Tree;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("JSON")
            }
            fn visit_bool<E>(self, value: bool) -> Result<Tree, E> {
                Ok(Tree::Word(value.to_string()))
            }
            fn visit_i64<E>(self, value: i64) -> Result<Tree, E> {
                Ok(Tree::Word(value.to_string()))
            }
            fn visit_u64<E>(self, value: u64) -> Result<Tree, E> {
                Ok(Tree::Word(value.to_string()))
            }
            fn visit_f64<E>(self, value: f64) -> Result<Tree, E> {
                Ok(Tree::Word(format!("{value:?}")))
            }
            fn visit_str<E>(self, value: &str) -> Result<Tree, E> {
                Ok(Tree::Word(quoted(value)))
            }
            fn visit_unit<E>(self) -> Result<Tree, E> {
                Ok(Tree::Word("null".to_owned()))
            }
            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Tree, A::Error> {
                let mut elements = Vec::new();
                while let Some(element) = seq.next_element()? {
                    elements.push(element);
                }
                Ok(Tree::List(elements))
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Tree, A::Error> {
                let mut members = Vec::new();
                while let Some((name, value)) = map.next_entry::<String, Tree>()? {
                    members.push((quoted(&name), value));
                }
                Ok(Tree::Object(members))
            }
        }
        deserializer.deserialize_any(Grow)
    }
}

fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

/// A reproducible source of choices (xorshift).
pub(super) struct Dice(u64);

impl Dice {
    pub(super) fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1)
    }

    /// A number below `sides`.
    pub(super) fn below(&mut self, sides: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 16) as usize % sides.max(1)
    }

    pub(super) fn pick<'a, T>(&mut self, list: &'a [T]) -> &'a T {
        &list[self.below(list.len())]
    }
}

/// Values that have gone wrong somewhere before.
const WORDS: [&str; 58] = [
    "null",
    "true",
    "false",
    "0",
    "-0",
    "0.0",
    "-0.0",
    "1",
    "-1",
    "1.0",
    "2.5",
    "1e2",
    "1e999",
    "-1e999",
    "1e-999",
    "9007199254740993",
    "18446744073709551615",
    "18446744073709551616",
    "-9223372036854775808",
    "-9223372036854775809",
    "4294967295",
    "4294967296",
    "-2147483649",
    "255",
    "256",
    "65536",
    "128",
    "0.1",
    "0.01",
    "0.30000000000000004",
    "99.99999999",
    "100",
    "100.00000001",
    "340282350000000000000000000000000000000",
    "170141183460469231731687303715884105728",
    "\"\"",
    "\"a\"",
    "\"ab\"",
    "\"\\u0061b\"",
    "\"ä\"",
    "\"\\ud83d\\ude00\"",
    "\"\\ud83d\"",
    "\"a\\nb\"",
    "\"open\"",
    "\"Lost\"",
    "\"card\"",
    "\"GBP\"",
    "\"7\"",
    "\"01\"",
    "\"1e1\"",
    "\"2026-01-01T08:26:00Z\"",
    "\"0197a8d0-5c5f-7c1f-8a3e-3f0c2f6d9a10\"",
    "\"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx\"",
    "[]",
    "[null]",
    "{}",
    "{\"a\":1,\"a\":2}",
    "{\"Lost\":null}",
];

/// Changes one thing in `tree`. `names` are those that some event knows, `others` values of other events.
pub(super) fn spoil(tree: &mut Tree, dice: &mut Dice, names: &[String], others: &[Tree]) {
    match tree {
        Tree::Object(members) if !members.is_empty() && dice.below(8) > 0 => {
            let at = dice.below(members.len());
            match dice.below(14) {
                0 => {
                    members.remove(at);
                }
                1 => members.push((dice.pick(names).clone(), Tree::Word((*dice.pick(&WORDS)).to_owned()))),
                2 => members.push((dice.pick(names).clone(), dice.pick(others).clone())),
                3 => {
                    let again = members[at].clone();
                    let to = dice.below(members.len() + 1);
                    members.insert(to, again);
                }
                4 => {
                    let to = dice.below(members.len());
                    members.swap(at, to);
                }
                5 => members[at].0 = dice.pick(names).clone(),
                6 => {
                    // The same name, spelt otherwise.
                    if let Some(letter) = members[at].0.chars().nth(1).filter(char::is_ascii_alphabetic) {
                        let spelt = format!("\"\\u{:04x}{}", u32::from(letter), &members[at].0[2..]);
                        let value = members[at].1.clone();
                        if dice.below(2) == 0 {
                            members[at].0 = spelt;
                        } else {
                            members.push((spelt, value));
                        }
                    }
                }
                _ => spoil(&mut members[at].1, dice, names, others),
            }
        }
        Tree::List(elements) if !elements.is_empty() && dice.below(8) > 0 => {
            let at = dice.below(elements.len());
            match dice.below(8) {
                0 => {
                    elements.remove(at);
                }
                1 => {
                    let again = elements[at].clone();
                    elements.push(again);
                }
                2 => elements.insert(at, Tree::Word((*dice.pick(&WORDS)).to_owned())),
                _ => spoil(&mut elements[at], dice, names, others),
            }
        }
        place => match dice.below(12) {
            0 => *place = dice.pick(others).clone(),
            1 => *place = Tree::List(vec![place.clone()]),
            2 => *place = Tree::Object(vec![(dice.pick(names).clone(), place.clone())]),
            3 => {
                let levels = [3, 62, 63, 64, 65, 130];
                for _ in 0..*dice.pick(&levels) {
                    *place = Tree::List(vec![place.clone()]);
                }
            }
            4 | 5 => {
                if let Tree::Word(word) = place
                    && let Ok(number) = word.parse::<i64>()
                {
                    *word = number.wrapping_add(dice.below(3) as i64 - 1).to_string();
                }
            }
            _ => *place = Tree::Word((*dice.pick(&WORDS)).to_owned()),
        },
    }
}

/// Every name in `tree`, and every value in it that holds others.
pub(super) fn parts(tree: &Tree, names: &mut Vec<String>, holders: &mut Vec<Tree>) {
    match tree {
        Tree::Word(_) => {}
        Tree::List(elements) => {
            holders.push(tree.clone());
            for element in elements {
                parts(element, names, holders);
            }
        }
        Tree::Object(members) => {
            holders.push(tree.clone());
            for (name, value) in members {
                names.push(name.clone());
                parts(value, names, holders);
            }
        }
    }
}
