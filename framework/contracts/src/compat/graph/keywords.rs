//! The keywords of one schema, each read as what it must be.

use jsonschema::json::cmp;
use serde_json::{Map, Value};

use super::Kinds;
use super::node::NumberRules;
use super::number::{Decimal, Limit, Num};
use super::pointers::inside;
use super::read::{ReadError, error};

/// The encodings that validators of drafts 6 and 7 assert.
const ENCODINGS: [&str; 5] = ["base64", "base64url", "base32", "base32hex", "base16"];
/// The media type that they assert.
const MEDIA_TYPE: &str = "application/json";

/// The keywords of one schema, and where it stands.
pub(super) struct Keywords<'a, 'p> {
    pub(super) object: &'a Map<String, Value>,
    pub(super) pointer: &'p str,
}

/// Groups of keywords, each read together: most schemas use one or two of them.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Groups(u8);

impl Groups {
    pub(super) const NUMBERS: Self = Self(1);
    pub(super) const TEXTS: Self = Self(2);
    pub(super) const LISTS: Self = Self(4);
    pub(super) const OBJECTS: Self = Self(8);
    pub(super) const PARTS: Self = Self(16);
    pub(super) const VALUES: Self = Self(32);

    pub(super) fn has(self, group: Self) -> bool {
        self.0 & group.0 != 0
    }

    /// The groups that read a keyword.
    fn of(key: &str) -> Self {
        match key {
            "minimum" | "maximum" | "exclusiveMinimum" | "exclusiveMaximum" | "multipleOf" => Self::NUMBERS,
            "format" => Self(Self::NUMBERS.0 | Self::TEXTS.0),
            "minLength" | "maxLength" | "pattern" | "contentEncoding" | "contentMediaType" => Self::TEXTS,
            "minItems" | "maxItems" | "prefixItems" | "items" | "contains" | "minContains"
            | "maxContains" | "uniqueItems" | "unevaluatedItems" => Self::LISTS,
            "minProperties"
            | "maxProperties"
            | "properties"
            | "patternProperties"
            | "additionalProperties"
            | "propertyNames"
            | "required"
            | "dependentRequired"
            | "dependentSchemas"
            | "unevaluatedProperties" => Self::OBJECTS,
            "$ref" | "$dynamicRef" | "allOf" | "anyOf" | "oneOf" | "not" | "if" | "then" | "else" => {
                Self::PARTS
            }
            "enum" | "const" => Self::VALUES,
            _ => Self::default(),
        }
    }
}

impl<'a> Keywords<'a, '_> {
    /// The groups that the schema's keywords are of.
    pub(super) fn groups(&self) -> Groups {
        self.object.keys().fold(Groups::default(), |said, key| Groups(said.0 | Groups::of(key).0))
    }

    pub(super) fn at(&self, key: &str) -> String {
        inside(self.pointer, key)
    }

    fn wrong(&self, key: &str, what: &str) -> ReadError {
        error(self.at(key), format!("`{key}` must be {what}"))
    }

    pub(super) fn kinds(&self) -> Result<Kinds, ReadError> {
        let one = |name: &Value| {
            let name = name.as_str().ok_or_else(|| self.wrong("type", "a type, or a list of types"))?;
            Kinds::named(name).ok_or_else(|| {
                let known = "`null`, `boolean`, `integer`, `number`, `string`, `array` and `object`";
                error(self.at("type"), format!("`{name}` is no type; there are {known}"))
            })
        };
        match self.object.get("type") {
            None => Ok(Kinds::ALL),
            Some(Value::Array(names)) => {
                names.iter().try_fold(Kinds::EMPTY, |kinds, name| Ok(kinds.or(one(name)?)))
            }
            Some(name) => one(name),
        }
    }

    pub(super) fn values(&self) -> Result<Option<Vec<Value>>, ReadError> {
        let listed = match self.object.get("enum") {
            None => None,
            Some(Value::Array(values)) => Some(values.clone()),
            Some(_) => return Err(self.wrong("enum", "a list of values")),
        };
        Ok(match (self.object.get("const"), listed) {
            (None, listed) => listed,
            (Some(value), None) => Some(vec![value.clone()]),
            (Some(value), Some(listed)) => {
                Some(listed.into_iter().filter(|one| cmp::equal(one, value)).collect())
            }
        })
    }

    fn number(&self, key: &str) -> Result<Option<Num>, ReadError> {
        match self.object.get(key) {
            None => Ok(None),
            Some(Value::Number(number)) => Ok(Some(Num::of(number))),
            Some(_) => Err(self.wrong(key, "a number")),
        }
    }

    pub(super) fn numbers(&self) -> Result<Option<NumberRules>, ReadError> {
        let (minimum, maximum, step) = (self.minimum()?, self.maximum()?, self.step()?);
        let rules = NumberRules { minimum, maximum, step, width: self.width() };
        Ok((rules.refuses() || rules.width.is_some()).then_some(rules))
    }

    fn minimum(&self) -> Result<Option<Limit>, ReadError> {
        let closed = self.number("minimum")?.map(|at| Limit { at, open: false });
        let open = self.number("exclusiveMinimum")?.map(|at| Limit { at, open: true });
        Ok(match (closed, open) {
            (Some(closed), Some(open)) => Some(closed.higher(open)),
            (closed, open) => closed.or(open),
        })
    }

    fn maximum(&self) -> Result<Option<Limit>, ReadError> {
        let closed = self.number("maximum")?.map(|at| Limit { at, open: false });
        let open = self.number("exclusiveMaximum")?.map(|at| Limit { at, open: true });
        Ok(match (closed, open) {
            (Some(closed), Some(open)) => Some(closed.lower(open)),
            (closed, open) => closed.or(open),
        })
    }

    fn step(&self) -> Result<Option<Decimal>, ReadError> {
        let Some(number) = self.number("multipleOf")? else { return Ok(None) };
        let step = Decimal::of(number).filter(|step| step.is_positive());
        step.map(Some).ok_or_else(|| self.wrong("multipleOf", "a number above 0, of at most 38 digits"))
    }

    /// The format, if it is one of integers.
    fn width(&self) -> Option<Box<str>> {
        let format = self.object.get("format").and_then(Value::as_str)?;
        (format.starts_with("int") || format.starts_with("uint")).then(|| format.into())
    }

    /// A length or size.
    pub(super) fn count(&self, key: &str) -> Result<Option<u64>, ReadError> {
        let Some(number) = self.number(key)? else { return Ok(None) };
        match number {
            Num::Whole(whole) if whole >= 0 => Ok(Some(u64::try_from(whole).unwrap_or(u64::MAX))),
            _ => Err(self.wrong(key, "a whole number, 0 or more")),
        }
    }

    pub(super) fn word(&self, key: &str) -> Result<Option<&'a str>, ReadError> {
        match self.object.get(key) {
            None => Ok(None),
            Some(Value::String(text)) => Ok(Some(text)),
            Some(_) => Err(self.wrong(key, "a text")),
        }
    }

    /// What validators of drafts 6 and 7 assert of encoding and media type: those that they know. All else says
    /// something to people and nothing to a check.
    pub(super) fn content(&self) -> Result<Option<Map<String, Value>>, ReadError> {
        let encoding = self.word("contentEncoding")?;
        let known = encoding.filter(|encoding| ENCODINGS.contains(encoding));
        let media = self.word("contentMediaType")?;
        if media.is_some_and(|media| media != MEDIA_TYPE) || known != encoding {
            return Ok(None);
        }
        let said = [("contentEncoding", known), ("contentMediaType", media)];
        let said = said.into_iter().filter_map(|(key, value)| Some((key.to_owned(), Value::from(value?))));
        Ok(Some(said.collect::<Map<_, _>>()).filter(|said| !said.is_empty()))
    }

    pub(super) fn flag(&self, key: &str) -> Result<bool, ReadError> {
        match self.object.get(key) {
            None => Ok(false),
            Some(Value::Bool(flag)) => Ok(*flag),
            Some(_) => Err(self.wrong(key, "`true` or `false`")),
        }
    }
}
