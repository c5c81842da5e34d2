//! Whether a reader's view covers a writer's contract, as far as comparing them rule by rule can tell.
//!
//! [`gaps`] reports what a writer may emit by its contract and the reader would refuse by its view. Both are
//! followed through `$ref` and `allOf`; the writer's `anyOf` and `oneOf` are taken branch by branch, and each
//! branch must fit the reader as a whole, or one of the reader's branches.
//!
//! What is compared:
//!
//! - `type`, an integer being a number too;
//! - `required`: what the reader requires, the writer must require;
//! - `properties`, and `additionalProperties` as schema or as `false`, on both sides, recursively;
//! - `items` and `prefixItems`, recursively;
//! - `enum` and `const`: each value of the writer must be one of the reader's;
//! - `minimum`, `maximum` and their exclusive forms, lengths, and numbers of items and members;
//! - `format` and `pattern`, where the writer has none at all.
//!
//! What is not compared, so that a break there goes unseen: `multipleOf`, `uniqueItems`, `contains`, `not`,
//! `if`, `propertyNames`, `patternProperties`, `dependentRequired`, `dependentSchemas`, `unevaluatedItems`,
//! `unevaluatedProperties` of a reader, one `pattern` against another, one `format` against another, and a
//! bound that follows from other rules only. An empty list is no proof.
//!
//! What is reported is a break, with one exception: where several branches of a reader cover a branch of the
//! writer only together (one reads it with a field, another without), each is found too narrow.

mod sides;
mod values;

use std::collections::HashSet;
use std::fmt;

use serde_json::Value;

use crate::meaning::escaped;
use sides::{Kinds, Side, layers};

/// How many gaps are reported for one writer.
pub const MAX_GAPS: usize = 20;

/// How many pairs of places are compared at most: a bound for contracts whose branches multiply. What lies
/// beyond is not compared.
const MAX_COMPARISONS: usize = 2_000;

/// Something that a writer may emit and a reader refuses.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Gap {
    /// JSON Pointer to the place in the event; `*` stands for any element, or any member of a map.
    pub at: String,
    /// What the reader refuses there.
    pub problem: String,
}

impl fmt::Display for Gap {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let at = if self.at.is_empty() { "/" } else { &self.at };
        write!(f, "at {at}, {}", self.problem)
    }
}

/// What `writer` may emit and `reader` refuses: at most [`MAX_GAPS`], none if no break was found.
///
/// ```
/// use choreograph_contracts::coverage::gaps;
/// use serde_json::json;
///
/// let writer = json!({
///     "properties": { "id": { "type": "string" }, "note": { "type": ["string", "null"] } },
///     "required": ["id"],
///     "type": "object",
/// });
/// let reader = json!({ "properties": { "note": { "type": "string" } }, "required": ["note"] });
/// let found: Vec<String> = gaps(&reader, &writer).iter().map(|gap| gap.to_string()).collect();
/// assert_eq!(found, [
///     "at /note, the reader requires it and the writer may leave it out",
///     "at /note, the reader takes no null",
/// ]);
/// ```
pub fn gaps(reader: &Value, writer: &Value) -> Vec<Gap> {
    let mut comparison = Comparison { reader, writer, open: HashSet::new(), left: MAX_COMPARISONS };
    let mut gaps = comparison.schemas(reader, &Side::new(writer, writer), "");
    gaps.dedup();
    gaps.truncate(MAX_GAPS);
    gaps
}

struct Comparison<'a> {
    reader: &'a Value,
    writer: &'a Value,
    /// Pairs that are being compared: meeting one again, by recursion, adds nothing.
    open: HashSet<(Vec<usize>, Vec<usize>, Kinds)>,
    left: usize,
}

impl<'a> Comparison<'a> {
    fn schemas(&mut self, reader: &'a Value, writer: &Side<'a>, at: &str) -> Vec<Gap> {
        if writer.kinds().is_empty() || self.left == 0 {
            return Vec::new();
        }
        if *reader == false {
            return vec![gap(at, "the reader takes nothing at all")];
        }
        let layers = layers(self.reader, reader);
        let pair = (sides::identity(&layers), writer.identity(), writer.kinds());
        if !self.open.insert(pair.clone()) {
            return Vec::new();
        }
        self.left -= 1;
        let gaps = match writer.branches(self.writer) {
            Some(branches) => branches.iter().flat_map(|branch| self.schemas(reader, branch, at)).collect(),
            None => layers.into_iter().flat_map(|layer| self.layer(layer, writer, at)).collect(),
        };
        self.open.remove(&pair);
        gaps
    }

    /// One layer of the reader against all of the writer.
    fn layer(&mut self, reader: &'a serde_json::Map<String, Value>, writer: &Side<'a>, at: &str) -> Vec<Gap> {
        let refused = writer.kinds().without(Kinds::stated(reader));
        if !refused.is_empty() {
            return vec![gap(at, &format!("the reader takes no {refused}"))];
        }
        let mut gaps: Vec<Gap> =
            values::refused(reader, writer).into_iter().map(|problem| gap(at, &problem)).collect();
        if writer.kinds().has(Kinds::OBJECT) {
            gaps.extend(self.members(reader, writer, at));
        }
        if writer.kinds().has(Kinds::ARRAY) {
            gaps.extend(self.elements(reader, writer, at));
        }
        for key in ["anyOf", "oneOf"] {
            if let Some(Value::Array(branches)) = reader.get(key) {
                gaps.extend(writer.by_kind().iter().flat_map(|writer| self.one_of(branches, writer, at)));
            }
        }
        gaps
    }

    /// At least one branch of the reader must take what the writer emits.
    fn one_of(&mut self, branches: &'a [Value], writer: &Side<'a>, at: &str) -> Vec<Gap> {
        let mut of_this_kind = Vec::new();
        for branch in branches {
            let gaps = self.schemas(branch, writer, at);
            if gaps.is_empty() {
                return gaps;
            }
            if layers(self.reader, branch)
                .iter()
                .all(|layer| writer.kinds().without(Kinds::stated(layer)).is_empty())
            {
                of_this_kind.push(gaps);
            }
        }
        match (of_this_kind.pop(), of_this_kind.is_empty()) {
            (Some(only), true) => only,
            _ => vec![gap(
                at,
                &format!("no branch of the reader takes every {} of the writer", writer.kinds()),
            )],
        }
    }

    fn members(
        &mut self,
        reader: &'a serde_json::Map<String, Value>,
        writer: &Side<'a>,
        at: &str,
    ) -> Vec<Gap> {
        let mut gaps = Vec::new();
        for name in sides::required(reader).filter(|name| !writer.requires(name)) {
            gaps.push(gap(&below(at, name), "the reader requires it and the writer may leave it out"));
        }
        let declared = reader.get("properties").and_then(Value::as_object);
        for (name, schema) in declared.into_iter().flatten() {
            if let Some(writer) = writer.member(self.writer, name) {
                gaps.extend(self.schemas(schema, &writer, &below(at, name)));
            }
        }
        let rest = reader.get("additionalProperties").filter(|_| !reader.contains_key("patternProperties"));
        if let Some(rest) = rest {
            let undeclared =
                writer.names().filter(|name| declared.is_none_or(|declared| !declared.contains_key(*name)));
            for name in undeclared {
                match writer.member(self.writer, name) {
                    Some(_) if *rest == false => {
                        gaps.push(gap(&below(at, name), "the reader takes no such member"));
                    }
                    Some(writer) => gaps.extend(self.schemas(rest, &writer, &below(at, name))),
                    None => {}
                }
            }
            if let Some(writer) = writer.any_member(self.writer) {
                gaps.extend(self.schemas(rest, &writer, &below(at, "*")));
            }
        }
        gaps
    }

    fn elements(
        &mut self,
        reader: &'a serde_json::Map<String, Value>,
        writer: &Side<'a>,
        at: &str,
    ) -> Vec<Gap> {
        let mut gaps = Vec::new();
        let tuple = reader.get("prefixItems").and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
        let written = writer.tuple_len();
        for index in 0..tuple.len().max(written) {
            let schema = tuple.get(index).or_else(|| reader.get("items"));
            if let (Some(schema), Some(writer)) = (schema, writer.element(self.writer, index)) {
                gaps.extend(self.schemas(schema, &writer, &below(at, &index.to_string())));
            }
        }
        if let (Some(schema), Some(writer)) = (reader.get("items"), writer.element(self.writer, usize::MAX)) {
            gaps.extend(self.schemas(schema, &writer, &below(at, "*")));
        }
        gaps
    }
}

fn gap(at: &str, problem: &str) -> Gap {
    Gap { at: at.to_owned(), problem: problem.to_owned() }
}

fn below(at: &str, segment: &str) -> String {
    format!("{at}/{}", escaped(segment))
}

#[cfg(test)]
mod tests;
