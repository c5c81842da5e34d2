//! Values that are neither objects nor arrays, and the rules that one node has for them.

use jsonschema::Validator;

use super::number::NumberRules;
use crate::tape::{TapeJson, one_value};

/// A value that holds no other.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Atom<'a> {
    Null,
    Bool(bool),
    /// A number that was written whole and fits `u64` or `i64`.
    Integer(i128),
    /// Any other number, up to a relative error of a millionth: parsers and `f32` round.
    Float(f64),
    Text(&'a str),
}

/// What one pass over a value can say of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// It keeps the rules: `jsonschema` says so too.
    Valid,
    /// It breaks them: `jsonschema` says so too.
    Invalid,
    /// Only `jsonschema` can tell.
    Unknown,
}

/// A set of kinds of values.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Kinds(u8);

impl Kinds {
    pub(crate) const NONE: Self = Self(0);
    pub(crate) const NULL: Self = Self(1);
    pub(crate) const BOOL: Self = Self(2);
    pub(crate) const INTEGER: Self = Self(4);
    /// Numbers that are not whole.
    pub(crate) const FRACTION: Self = Self(8);
    pub(crate) const TEXT: Self = Self(16);
    pub(crate) const ARRAY: Self = Self(32);
    pub(crate) const OBJECT: Self = Self(64);
    pub(crate) const NUMBER: Self = Self(4 | 8);
    pub(crate) const ALL: Self = Self(127);
    pub(crate) const HOLDERS: Self = Self(32 | 64);
    pub(crate) const ATOMS: Self = Self(127 & !(32 | 64));

    pub(crate) const fn has(self, other: Self) -> bool {
        self.0 & other.0 != 0
    }

    pub(crate) const fn and(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }

    pub(crate) const fn or(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// The kinds that a `type` keyword names.
    pub(super) fn named(name: &str) -> Self {
        match name {
            "null" => Self::NULL,
            "boolean" => Self::BOOL,
            "integer" => Self::INTEGER,
            "number" => Self::NUMBER,
            "string" => Self::TEXT,
            "array" => Self::ARRAY,
            "object" => Self::OBJECT,
            _ => Self::NONE,
        }
    }
}

/// The rules of one node for atoms: all of them must hold.
#[derive(Debug)]
pub(crate) struct AtomRules {
    pub(super) kinds: Kinds,
    /// Kinds with rules beyond their kind.
    pub(super) ruled: Kinds,
    pub(super) number: NumberRules,
    pub(super) min_chars: usize,
    pub(super) max_chars: usize,
    pub(super) values: Vec<Values>,
    pub(super) borrowed: Vec<Borrowed>,
    pub(super) choices: Vec<AtomChoice>,
}

/// The atoms that an `enum` or `const` lists.
#[derive(Debug, Default)]
pub(super) struct Values {
    pub(super) null: bool,
    pub(super) flags: Vec<bool>,
    pub(super) texts: Vec<Box<str>>,
    pub(super) integers: Vec<i128>,
    /// A number that is not whole, or too large to be compared here.
    pub(super) floats: bool,
}

/// A rule that `jsonschema` checks: its keyword alone, compiled.
pub(super) struct Borrowed {
    pub(super) kinds: Kinds,
    pub(super) validator: Validator<TapeJson>,
}

impl std::fmt::Debug for Borrowed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Borrowed").field("kinds", &self.kinds).finish_non_exhaustive()
    }
}

/// `anyOf` or `oneOf`.
#[derive(Debug)]
pub(super) struct AtomChoice {
    pub(super) exactly_one: bool,
    pub(super) branches: Vec<AtomRules>,
}

impl AtomRules {
    /// Rules that nothing keeps for sure and nothing breaks for sure.
    pub(super) fn unknown() -> Self {
        let mut rules = Self::of_kinds(Kinds::ALL);
        rules.ruled = Kinds::ALL;
        // A choice between no rules at all, of which `exactly one` cannot be told.
        rules.choices.push(AtomChoice { exactly_one: false, branches: Vec::new() });
        rules
    }

    pub(super) fn of_kinds(kinds: Kinds) -> Self {
        Self {
            kinds,
            ruled: Kinds::NONE,
            number: NumberRules::NONE,
            min_chars: 0,
            max_chars: usize::MAX,
            values: Vec::new(),
            borrowed: Vec::new(),
            choices: Vec::new(),
        }
    }

    #[inline]
    pub(crate) fn check(&self, atom: Atom<'_>) -> Verdict {
        let kind = match atom {
            Atom::Null => Kinds::NULL,
            Atom::Bool(_) => Kinds::BOOL,
            Atom::Integer(_) => Kinds::INTEGER,
            Atom::Float(_) => Kinds::FRACTION,
            Atom::Text(_) => Kinds::TEXT,
        };
        if !self.kinds.has(kind) {
            // What was written `1.0` is an integer by the contract.
            let whole = kind == Kinds::FRACTION && self.kinds.has(Kinds::INTEGER);
            return if whole { Verdict::Unknown } else { Verdict::Invalid };
        }
        if self.ruled.has(kind) { self.check_rules(atom, kind) } else { Verdict::Valid }
    }

    fn check_rules(&self, atom: Atom<'_>, kind: Kinds) -> Verdict {
        let mut worst = match atom {
            Atom::Integer(value) => self.number.integer(value),
            Atom::Float(value) => self.number.float(value),
            Atom::Text(text) => self.length(text),
            Atom::Null | Atom::Bool(_) => Verdict::Valid,
        };
        for values in &self.values {
            worst = worst.and(values.check(atom));
        }
        for rule in &self.borrowed {
            if worst == Verdict::Valid && rule.kinds.has(kind) {
                worst = rule.check(atom);
            }
        }
        for choice in &self.choices {
            if worst == Verdict::Valid {
                worst = choice.check(atom);
            }
        }
        worst
    }

    /// A character has one to four bytes, so most texts need no counting.
    #[inline]
    fn length(&self, text: &str) -> Verdict {
        let bytes = text.len();
        if bytes <= self.max_chars && bytes.div_ceil(4) >= self.min_chars {
            return Verdict::Valid;
        }
        let chars = text.chars().count();
        if chars <= self.max_chars && chars >= self.min_chars { Verdict::Valid } else { Verdict::Invalid }
    }
}

impl Verdict {
    fn and(self, other: Self) -> Self {
        match (self, other) {
            (Self::Invalid, _) | (_, Self::Invalid) => Self::Invalid,
            (Self::Unknown, _) | (_, Self::Unknown) => Self::Unknown,
            _ => Self::Valid,
        }
    }
}

impl Values {
    fn check(&self, atom: Atom<'_>) -> Verdict {
        let listed = match atom {
            Atom::Null => self.null,
            Atom::Bool(flag) => self.flags.contains(&flag),
            Atom::Text(text) => self.texts.iter().any(|listed| **listed == *text),
            Atom::Integer(value) if self.integers.contains(&value) => true,
            Atom::Integer(_) if self.floats => return Verdict::Unknown,
            Atom::Float(_) if self.floats || !self.integers.is_empty() => return Verdict::Unknown,
            Atom::Integer(_) | Atom::Float(_) => false,
        };
        if listed { Verdict::Valid } else { Verdict::Invalid }
    }
}

impl Borrowed {
    fn check(&self, atom: Atom<'_>) -> Verdict {
        match one_value(atom, |cursor| self.validator.is_valid(cursor)) {
            Some(true) => Verdict::Valid,
            Some(false) => Verdict::Invalid,
            None => Verdict::Unknown,
        }
    }
}

impl AtomChoice {
    fn check(&self, atom: Atom<'_>) -> Verdict {
        let (mut valid, mut unknown) = (0, self.branches.is_empty());
        for branch in &self.branches {
            match branch.check(atom) {
                Verdict::Valid if !self.exactly_one => return Verdict::Valid,
                Verdict::Valid => valid += 1,
                Verdict::Unknown => unknown = true,
                Verdict::Invalid => {}
            }
        }
        match (valid, unknown) {
            (_, true) => Verdict::Unknown,
            (1, false) => Verdict::Valid,
            _ => Verdict::Invalid,
        }
    }
}
