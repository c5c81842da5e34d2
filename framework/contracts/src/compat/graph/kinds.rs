//! Kinds of JSON values.

use std::fmt;

use serde_json::Value;

use super::number::Num;

/// A set of kinds. A number that is no integer is a kind of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(in crate::compat) struct Kinds(u8);

impl Default for Kinds {
    fn default() -> Self {
        Self::ALL
    }
}

impl Kinds {
    pub(in crate::compat) const EMPTY: Self = Self(0);
    pub(in crate::compat) const NULL: Self = Self(1);
    pub(in crate::compat) const BOOLEAN: Self = Self(2);
    pub(in crate::compat) const INTEGER: Self = Self(4);
    pub(in crate::compat) const FRACTION: Self = Self(8);
    pub(in crate::compat) const NUMBER: Self = Self(12);
    pub(in crate::compat) const TEXT: Self = Self(16);
    pub(in crate::compat) const LIST: Self = Self(32);
    pub(in crate::compat) const OBJECT: Self = Self(64);
    pub(in crate::compat) const ALL: Self = Self(127);

    /// The kinds that are decided one by one, all numbers as one.
    pub(in crate::compat) const EACH: [Self; 6] =
        [Self::NULL, Self::BOOLEAN, Self::NUMBER, Self::TEXT, Self::LIST, Self::OBJECT];

    /// The kinds that JSON Schema calls `name`.
    pub(in crate::compat) fn named(name: &str) -> Option<Self> {
        Some(match name {
            "null" => Self::NULL,
            "boolean" => Self::BOOLEAN,
            "integer" => Self::INTEGER,
            "number" => Self::NUMBER,
            "string" => Self::TEXT,
            "array" => Self::LIST,
            "object" => Self::OBJECT,
            _ => return None,
        })
    }

    pub(in crate::compat) fn of(value: &Value) -> Self {
        match value {
            Value::Null => Self::NULL,
            Value::Bool(_) => Self::BOOLEAN,
            Value::Number(number) if Num::of(number).is_integer() => Self::INTEGER,
            Value::Number(_) => Self::FRACTION,
            Value::String(_) => Self::TEXT,
            Value::Array(_) => Self::LIST,
            Value::Object(_) => Self::OBJECT,
        }
    }

    /// One letter for each set of kinds.
    pub(in crate::compat) fn letter(self) -> char {
        char::from(self.0)
    }

    pub(in crate::compat) fn is_empty(self) -> bool {
        self.0 == 0
    }

    pub(in crate::compat) fn meets(self, other: Self) -> bool {
        self.0 & other.0 != 0
    }

    pub(in crate::compat) fn contains(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }

    pub(in crate::compat) fn and(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }

    pub(in crate::compat) fn or(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    pub(in crate::compat) fn without(self, other: Self) -> Self {
        Self(self.0 & !other.0)
    }
}

/// The names of the kinds, in JSON Schema's words.
const NAMES: [(Kinds, &str); 7] = [
    (Kinds::NULL, "null"),
    (Kinds::BOOLEAN, "boolean"),
    (Kinds::NUMBER, "number"),
    (Kinds::INTEGER, "integer"),
    (Kinds::TEXT, "string"),
    (Kinds::LIST, "array"),
    (Kinds::OBJECT, "object"),
];

impl fmt::Display for Kinds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if *self == Self::ALL {
            return f.write_str("any value");
        }
        let mut left = *self;
        let mut first = true;
        for (kinds, name) in NAMES {
            if !kinds.is_empty() && left.contains(kinds) {
                left = left.without(kinds);
                f.write_str(if first { "" } else { " or " })?;
                f.write_str(name)?;
                first = false;
            }
        }
        if left.meets(Self::FRACTION) {
            f.write_str(if first { "a fraction" } else { " or a fraction" })?;
            first = false;
        }
        if first { f.write_str("nothing") } else { Ok(()) }
    }
}
