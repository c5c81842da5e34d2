//! A [`Document`] as a representation that `jsonschema` validates without building values.

use std::borrow::Cow;

use jsonschema::JsonType;
use jsonschema::json::{Array, Json, Node, NodeIdentity, Object, cmp};
use jsonschema_value::LazyInstance;
use serde_json::{Map, Number, Value};

use super::{Document, Entry};

/// Marks the tape among the representations of `jsonschema`.
pub(crate) enum TapeJson {}

/// A value: an entry of a document, or a member's name while `propertyNames` looks at it.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Cursor<'a> {
    At(&'a Document<'a>, u32),
    Name(&'a str),
}

impl<'a> Cursor<'a> {
    /// The document's outermost value.
    pub(crate) fn root(document: &'a Document<'a>) -> Self {
        Self::At(document, 0)
    }

    fn entry(&self) -> Entry {
        match self {
            Self::At(document, index) => document.entry(*index),
            Self::Name(_) => Entry::Plain(super::Span::new(0, 0)),
        }
    }

    fn text(&self) -> Option<&'a str> {
        match self {
            Self::At(document, index) => document.text(*index),
            Self::Name(name) => Some(name),
        }
    }

    /// Equality as JSON Schema has it: numbers by value, members in any order.
    fn equals(&self, other: &Self) -> bool {
        match (self.entry(), other.entry()) {
            (Entry::Array(_), Entry::Array(_)) => {
                self.as_array().zip(other.as_array()).is_some_and(|(left, right)| {
                    left.len() == right.len()
                        && left.elements().zip(right.elements()).all(|(left, right)| left.equals(&right))
                })
            }
            (Entry::Object(_), Entry::Object(_)) => {
                self.as_object().zip(other.as_object()).is_some_and(|(left, right)| {
                    left.len() == right.len()
                        && left
                            .members()
                            .all(|(name, value)| right.find(name).is_some_and(|other| value.equals(&other)))
                })
            }
            (Entry::Bool(left), Entry::Bool(right)) => left == right,
            (Entry::Null, Entry::Null) => true,
            _ => match (self.text(), other.text()) {
                (Some(left), Some(right)) => left == right,
                (None, None) => self
                    .as_number()
                    .zip(other.as_number())
                    .is_some_and(|(left, right)| cmp::equal_numbers(&left, &right)),
                _ => false,
            },
        }
    }
}

impl Json for TapeJson {
    type Node<'a> = Cursor<'a>;
    type PreparedKey = Box<str>;
    // A look-up reads the names one after the other, so one pass over them replaces several.
    const KEYS_PER_LOOKUP: usize = 8;
    type StringBuffer = ();

    fn prepare_key(key: &str) -> Box<str> {
        key.into()
    }

    fn with_string_node<T>((): &mut (), string: &str, f: impl FnOnce(Cursor<'_>) -> T) -> T {
        f(Cursor::Name(string))
    }
}

impl<'a> Node<'a, TapeJson> for Cursor<'a> {
    type Object = Members<'a>;
    type Array = Elements<'a>;
    type Number = Number;

    fn as_object(&self) -> Option<Members<'a>> {
        match (self, self.entry()) {
            (Self::At(document, index), Entry::Object(extent)) => {
                Some(Members { document, at: index + 1, left: extent.count })
            }
            _ => None,
        }
    }

    fn as_array(&self) -> Option<Elements<'a>> {
        match (self, self.entry()) {
            (Self::At(document, index), Entry::Array(extent)) => {
                Some(Elements { document, at: index + 1, left: extent.count })
            }
            _ => None,
        }
    }

    fn as_string(&self) -> Option<Cow<'a, str>> {
        self.text().map(Cow::Borrowed)
    }

    fn as_number(&self) -> Option<Number> {
        match self.entry() {
            Entry::Unsigned(value) => Some(value.into()),
            Entry::Signed(value) => Some(value.into()),
            Entry::Float(value) => Number::from_f64(value),
            _ => None,
        }
    }

    fn as_boolean(&self) -> Option<bool> {
        match self.entry() {
            Entry::Bool(value) => Some(value),
            _ => None,
        }
    }

    fn is_null(&self) -> bool {
        matches!(self.entry(), Entry::Null)
    }

    fn is_number(&self) -> bool {
        matches!(self.entry(), Entry::Unsigned(_) | Entry::Signed(_) | Entry::Float(_))
    }

    fn json_type(&self) -> JsonType {
        match self.entry() {
            Entry::Null => JsonType::Null,
            Entry::Bool(_) => JsonType::Boolean,
            Entry::Unsigned(_) | Entry::Signed(_) | Entry::Float(_) => JsonType::Number,
            Entry::Plain(_) | Entry::Resolved(_) => JsonType::String,
            Entry::Array(_) => JsonType::Array,
            Entry::Object(_) => JsonType::Object,
        }
    }

    fn equals_value(&self, expected: &Value) -> bool {
        match expected {
            Value::Null => self.is_null(),
            Value::Bool(expected) => self.as_boolean() == Some(*expected),
            Value::String(expected) => self.text() == Some(expected),
            Value::Number(expected) => {
                self.as_number().is_some_and(|number| cmp::equal_numbers(&number, expected))
            }
            Value::Array(expected) => self.as_array().is_some_and(|array| {
                array.len() == expected.len()
                    && array
                        .elements()
                        .zip(expected)
                        .all(|(element, expected)| element.equals_value(expected))
            }),
            Value::Object(expected) => self.as_object().is_some_and(|object| {
                object.len() == expected.len()
                    && object.members().all(|(name, value)| {
                        expected.get(name).is_some_and(|expected| value.equals_value(expected))
                    })
            }),
        }
    }

    fn to_value(&self) -> Cow<'a, Value> {
        Cow::Owned(match self.entry() {
            Entry::Null => Value::Null,
            Entry::Bool(value) => Value::Bool(value),
            Entry::Unsigned(_) | Entry::Signed(_) | Entry::Float(_) => {
                self.as_number().map_or(Value::Null, Value::Number)
            }
            Entry::Plain(_) | Entry::Resolved(_) => Value::String(self.text().unwrap_or_default().to_owned()),
            Entry::Array(_) => self
                .as_array()
                .into_iter()
                .flat_map(|array| array.elements())
                .map(|e| e.to_value().into_owned())
                .collect(),
            Entry::Object(_) => {
                let members = self.as_object().into_iter().flat_map(|object| object.members());
                Value::Object(
                    members
                        .map(|(name, value)| (name.to_owned(), value.to_value().into_owned()))
                        .collect::<Map<_, _>>(),
                )
            }
        })
    }

    /// What an error says of the value: nothing, for no report may carry what an event holds.
    fn lazy_value(&self) -> LazyInstance<'a> {
        LazyInstance::Ready(Cow::Owned(Value::Null))
    }

    fn identity(&self) -> Option<NodeIdentity> {
        Some(match self {
            Self::At(document, index) => NodeIdentity::tagged(document.entries.as_ptr() as usize, *index),
            Self::Name(name) => NodeIdentity::tagged(name.as_ptr() as usize, u32::MAX),
        })
    }
}

/// The members of an object, from `at` on.
#[derive(Debug, Clone)]
pub(crate) struct Members<'a> {
    document: &'a Document<'a>,
    at: u32,
    left: u32,
}

impl<'a> Members<'a> {
    fn find(&self, wanted: &str) -> Option<Cursor<'a>> {
        let mut members = self.clone();
        members.find_map(|(name, value)| (name == wanted).then_some(value))
    }
}

impl<'a> Iterator for Members<'a> {
    type Item = (&'a str, Cursor<'a>);

    fn next(&mut self) -> Option<Self::Item> {
        self.left = self.left.checked_sub(1)?;
        let value = self.at + 1;
        let name = self.document.text(self.at).unwrap_or_default();
        self.at = self.document.after(value);
        Some((name, Cursor::At(self.document, value)))
    }
}

impl<'a> Object<'a, TapeJson> for Members<'a> {
    type Node = Cursor<'a>;
    type MemberName = &'a str;
    type MembersIter = Self;

    fn len(&self) -> usize {
        self.left as usize
    }

    fn get(&self, key: &Box<str>) -> Option<Cursor<'a>> {
        self.find(key)
    }

    fn members(&self) -> Self {
        self.clone()
    }
}

/// The elements of an array, from `at` on.
#[derive(Debug, Clone)]
pub(crate) struct Elements<'a> {
    document: &'a Document<'a>,
    at: u32,
    left: u32,
}

impl<'a> Iterator for Elements<'a> {
    type Item = Cursor<'a>;

    fn next(&mut self) -> Option<Self::Item> {
        self.left = self.left.checked_sub(1)?;
        let at = self.at;
        self.at = self.document.after(at);
        Some(Cursor::At(self.document, at))
    }
}

impl<'a> Array<'a, TapeJson> for Elements<'a> {
    type Node = Cursor<'a>;
    type ElementsIter = Self;

    fn len(&self) -> usize {
        self.left as usize
    }

    fn elements(&self) -> Self {
        self.clone()
    }

    fn is_unique(&self) -> bool {
        if self.left <= PAIRWISE_ELEMENTS {
            let mut rest = self.clone();
            while let Some(element) = rest.next() {
                if rest.clone().any(|other| element.equals(&other)) {
                    return false;
                }
            }
            return true;
        }
        let values: Vec<Value> = self.clone().map(|element| element.to_value().into_owned()).collect();
        jsonschema::json::unique::is_unique(&values)
    }
}

/// Longer arrays are compared by hash, on values built for it: the one check that allocates.
const PAIRWISE_ELEMENTS: u32 = 16;
