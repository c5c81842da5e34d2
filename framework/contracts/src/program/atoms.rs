//! From the keywords of a place to its rules for atoms.

use serde_json::{Map, Value, json};

use super::atom::{AtomChoice, AtomRules, Borrowed, Kinds, Values};
use super::build::{Builder, Stop};
use super::flat::{Flat, Place};
use super::number::Side;

/// How deep choices inside choices are followed; below, atoms are left to `jsonschema`.
const MAX_CHOICE_DEPTH: usize = 6;

impl<'a> Builder<'a> {
    /// The rules for atoms at `place`.
    pub(super) fn atoms(&mut self, place: &Place<'a>, depth: usize) -> Result<AtomRules, Stop> {
        self.step()?;
        if depth > MAX_CHOICE_DEPTH {
            return Ok(AtomRules::unknown());
        }
        let flat = Flat::of(self.root, place);
        if flat.whys.iter().any(|(kinds, _)| kinds.has(Kinds::ATOMS)) {
            return Ok(AtomRules::unknown());
        }
        let mut rules = AtomRules::of_kinds(flat.kinds.and(Kinds::ATOMS));
        for schema in &flat.schemas {
            for (keyword, value) in *schema {
                self.atom_keyword(&mut rules, keyword, value, schema)?;
            }
        }
        for choice in &flat.choices {
            if let Some(values) = texts_of(choice.branches) {
                let mut kinds = AtomRules::of_kinds(Kinds::TEXT);
                kinds.values.push(values);
                kinds.ruled = Kinds::TEXT;
                rules.choices.push(AtomChoice { exactly_one: false, branches: vec![kinds] });
            } else {
                let branches = choice.branches.iter().map(|branch| self.atoms(&Place::of(branch), depth + 1));
                let branches = branches.collect::<Result<_, _>>()?;
                rules.choices.push(AtomChoice { exactly_one: choice.exactly_one, branches });
            }
            rules.ruled = Kinds::ALL;
        }
        Ok(rules)
    }

    fn atom_keyword(
        &mut self,
        rules: &mut AtomRules,
        keyword: &str,
        value: &Value,
        schema: &Map<String, Value>,
    ) -> Result<(), Stop> {
        if let (Some(side), Value::Number(limit)) = (side_of(keyword), value) {
            rules.number.bound(side, limit);
            rules.ruled = rules.ruled.or(Kinds::NUMBER);
            return Ok(());
        }
        let borrow = match (keyword, value) {
            ("const", value) => {
                rules.values.push(listed(std::slice::from_ref(value)));
                rules.ruled = Kinds::ALL;
                return Ok(());
            }
            ("enum", Value::Array(values)) => {
                rules.values.push(listed(values));
                rules.ruled = Kinds::ALL;
                return Ok(());
            }
            ("minLength", value) if value.is_u64() => {
                rules.min_chars = rules.min_chars.max(chars(value));
                rules.ruled = rules.ruled.or(Kinds::TEXT);
                return Ok(());
            }
            ("maxLength", value) if value.is_u64() => {
                rules.max_chars = rules.max_chars.min(chars(value));
                rules.ruled = rules.ruled.or(Kinds::TEXT);
                return Ok(());
            }
            ("minLength" | "maxLength" | "pattern" | "format", _) => (Kinds::TEXT, json!({ keyword: value })),
            ("multipleOf", _) => (Kinds::NUMBER, json!({ keyword: value })),
            ("not", _) => (Kinds::ALL, json!({ keyword: value })),
            ("if", _) => {
                let parts = ["if", "then", "else"].into_iter();
                let parts = parts.filter_map(|part| Some((part.to_owned(), schema.get(part)?.clone())));
                (Kinds::ALL, Value::Object(parts.collect()))
            }
            _ => return Ok(()),
        };
        let (kinds, keyword_alone) = borrow;
        if !rules.kinds.has(kinds) || (keyword == "format" && says_nothing_of_texts(value)) {
            return Ok(());
        }
        let validator = self.validator(&keyword_alone)?;
        rules.borrowed.push(Borrowed { kinds, validator });
        rules.ruled = rules.ruled.or(kinds);
        Ok(())
    }
}

fn side_of(keyword: &str) -> Option<Side> {
    match keyword {
        "minimum" => Some(Side::AtLeast),
        "exclusiveMinimum" => Some(Side::Above),
        "maximum" => Some(Side::AtMost),
        "exclusiveMaximum" => Some(Side::Below),
        _ => None,
    }
}

/// The formats that `schemars` gives to numbers: no text breaks them.
fn says_nothing_of_texts(format: &Value) -> bool {
    const OF_NUMBERS: [&str; 14] = [
        "int8", "int16", "int32", "int64", "int128", "int", "uint8", "uint16", "uint32", "uint64", "uint128",
        "uint", "float", "double",
    ];
    format.as_str().is_some_and(|format| OF_NUMBERS.contains(&format))
}

fn chars(count: &Value) -> usize {
    count.as_u64().and_then(|count| usize::try_from(count).ok()).unwrap_or(usize::MAX)
}

/// The atoms in a list of values.
fn listed(values: &[Value]) -> Values {
    let mut listed = Values::default();
    for value in values {
        match value {
            Value::Null => listed.null = true,
            Value::Bool(flag) => listed.flags.push(*flag),
            Value::String(text) => listed.texts.push(text.as_str().into()),
            Value::Number(number) => {
                let whole = number.as_i64().map(i128::from).or_else(|| number.as_u64().map(i128::from));
                match whole {
                    Some(whole) => listed.integers.push(whole),
                    None => listed.floats = true,
                }
            }
            Value::Array(_) | Value::Object(_) => {}
        }
    }
    listed
}

/// The texts of `branches`, if each branch is nothing but one text and all of them differ. This is how an enum
/// with documented variants looks; as one list it is found in one pass, and no text keeps two branches.
fn texts_of(branches: &[Value]) -> Option<Values> {
    let mut texts: Vec<Box<str>> = Vec::new();
    for branch in branches {
        let branch = branch.as_object()?;
        let text = branch.get("const")?.as_str()?;
        let alone = branch.iter().all(|(keyword, value)| match keyword.as_str() {
            "const" | "title" | "description" | "deprecated" => true,
            "type" => value == "string",
            other => other.starts_with("x-"),
        });
        if !alone || texts.iter().any(|known| **known == *text) {
            return None;
        }
        texts.push(text.into());
    }
    Some(Values { texts, ..Values::default() })
}
