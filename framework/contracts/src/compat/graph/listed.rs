//! Listed values (`enum` and `const`), looked up by what they are: lists may hold hundreds of thousands.

use std::fmt;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::ops::Deref;

use jsonschema::json::cmp;
use serde_json::Value;

/// The values that a schema lists, in one order.
#[derive(Clone, Default)]
pub(in crate::compat) struct Listed {
    values: Box<[Value]>,
    /// What each value hashes to, with its index; sorted.
    index: Box<[(u64, u32)]>,
}

impl Listed {
    pub(in crate::compat) fn new(values: Vec<Value>) -> Self {
        let mut index: Vec<(u64, u32)> =
            values.iter().enumerate().map(|(at, value)| (hash(value), at as u32)).collect();
        index.sort_unstable();
        Self { values: values.into(), index: index.into() }
    }

    /// Whether a value that equals this one is listed: `1` equals `1.0`.
    pub(in crate::compat) fn has(&self, value: &Value) -> bool {
        let hash = hash(value);
        let from = self.index.partition_point(|(other, _)| *other < hash);
        let alike = self.index[from..].iter().take_while(|(other, _)| *other == hash);
        alike.into_iter().any(|(_, at)| cmp::equal(&self.values[*at as usize], value))
    }

    /// Whether no value is listed in both.
    pub(in crate::compat) fn is_disjoint(&self, other: &Self) -> bool {
        let (few, many) = if self.len() < other.len() { (self, other) } else { (other, self) };
        !few.iter().any(|value| many.has(value))
    }
}

impl Deref for Listed {
    type Target = [Value];

    fn deref(&self) -> &[Value] {
        &self.values
    }
}

impl fmt::Debug for Listed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.values.fmt(f)
    }
}

/// The same for values that are equal, whatever the order of members and the spelling of numbers.
fn hash(value: &Value) -> u64 {
    let mut hasher = DefaultHasher::new();
    add(value, &mut hasher);
    hasher.finish()
}

/// The recursion is as deep as the document, which is bounded.
fn add(value: &Value, hasher: &mut DefaultHasher) {
    match value {
        Value::Null => 0_u8.hash(hasher),
        Value::Bool(flag) => flag.hash(hasher),
        // Numbers that are equal are the same double. Zero has two spellings.
        Value::Number(number) => (number.as_f64().unwrap_or_default() + 0.0).to_bits().hash(hasher),
        Value::String(text) => text.hash(hasher),
        Value::Array(elements) => {
            elements.len().hash(hasher);
            for element in elements {
                add(element, hasher);
            }
        }
        Value::Object(members) => {
            let of_member = |(name, member): (&String, &Value)| {
                let mut one = DefaultHasher::new();
                name.hash(&mut one);
                add(member, &mut one);
                one.finish()
            };
            members.iter().map(of_member).fold(0_u64, u64::wrapping_add).hash(hasher);
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::Listed;

    #[test]
    fn what_is_equal_is_found_however_it_is_spelled() {
        let listed =
            Listed::new(vec![json!(1), json!(-0.0), json!({ "a": [1.0], "b": null }), json!("x"), json!([])]);
        for value in [json!(1.0), json!(0), json!({ "b": null, "a": [1] }), json!("x"), json!([])] {
            assert!(listed.has(&value), "{value}");
        }
        for value in [json!(1.5), json!("1"), json!({}), json!(null), json!(false), json!([[]])] {
            assert!(!listed.has(&value), "{value}");
        }
        assert!(listed.is_disjoint(&Listed::new(vec![json!(2), json!("y")])));
        assert!(!listed.is_disjoint(&Listed::new(vec![json!(2), json!(1.0)])));
    }
}
