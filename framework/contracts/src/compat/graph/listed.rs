//! Listed values (`enum` and `const`), looked up by what they are: lists may hold hundreds of thousands.

use std::cmp::Ordering;
use std::fmt;
use std::hash::{BuildHasher, DefaultHasher, Hash, Hasher, RandomState};
use std::num::NonZeroU32;
use std::ops::Deref;

use jsonschema::json::cmp;
use serde_json::Value;

use super::number::Num;

/// The values that a schema lists, in one order.
#[derive(Clone, Default)]
pub(in crate::compat) struct Listed {
    values: Box<[Value]>,
    /// Where each value is, by what it hashes to: a free slot follows soon on every used one. Empty where a look at
    /// each value is cheaper.
    slots: Box<[Option<Slot>]>,
    /// Seeded anew for each list, so that nobody can write values that all hash to the same.
    seed: RandomState,
}

/// One value's place in a [`Listed`].
#[derive(Debug, Clone, Copy)]
struct Slot {
    /// A part of its hash: most values that differ are told apart by it.
    tag: u32,
    /// Its index, plus one.
    after: NonZeroU32,
}

/// Lists of at most so many values are gone through one by one.
const FEW: usize = 4;

impl Listed {
    /// The values in one order, each once.
    pub(in crate::compat) fn new(mut values: Vec<Value>) -> Self {
        values.sort_by(order);
        values.dedup();
        let seed = RandomState::new();
        let mut listed = Self { values: values.into(), slots: Box::default(), seed };
        if listed.values.len() > FEW {
            listed.fill();
        }
        listed
    }

    /// Gives each value a slot; half of them stay free at least.
    fn fill(&mut self) {
        let mut slots: Box<[Option<Slot>]> = vec![None; (2 * self.values.len()).next_power_of_two()].into();
        for (value, index) in self.values.iter().zip(1_u32..) {
            let (tag, from) = self.sought(value, slots.len());
            let free = probe(from, slots.len()).find(|at| slots[*at].is_none());
            if let Some((free, after)) = free.zip(NonZeroU32::new(index)) {
                slots[free] = Some(Slot { tag, after });
            }
        }
        self.slots = slots;
    }

    /// A value's tag, and the slot from which on it stands among so many.
    fn sought(&self, value: &Value, slots: usize) -> (u32, usize) {
        let mut hasher = self.seed.build_hasher();
        add(value, &mut hasher);
        let hash = hasher.finish();
        ((hash >> 32) as u32, hash as usize & (slots - 1))
    }

    /// Whether a value that equals this one is listed: `1` equals `1.0`.
    pub(in crate::compat) fn has(&self, value: &Value) -> bool {
        if self.slots.is_empty() {
            return self.values.iter().any(|listed| cmp::equal(listed, value));
        }
        let (tag, from) = self.sought(value, self.slots.len());
        let used = probe(from, self.slots.len()).map_while(|at| self.slots[at]);
        used.filter(|slot| slot.tag == tag)
            .any(|slot| cmp::equal(&self.values[slot.after.get() as usize - 1], value))
    }

    /// Whether no value is listed in both.
    pub(in crate::compat) fn is_disjoint(&self, other: &Self) -> bool {
        let (few, many) = if self.len() < other.len() { (self, other) } else { (other, self) };
        !few.iter().any(|value| many.has(value))
    }

    /// The values that are listed here alone, and those that are listed in `other` alone.
    pub(in crate::compat) fn apart<'v>(&'v self, other: &'v Self) -> (Vec<&'v Value>, Vec<&'v Value>) {
        let (mut here, mut there) = (Vec::new(), Vec::new());
        let (mut left, mut right) = (&*self.values, &*other.values);
        // Both stand in one order: most are found side by side.
        loop {
            match (left, right) {
                ([], []) => return (here, there),
                ([one, rest @ ..], [another, others @ ..]) if cmp::equal(one, another) => {
                    (left, right) = (rest, others);
                }
                ([one, rest @ ..], _) if !other.has(one) => {
                    here.push(one);
                    left = rest;
                }
                (_, [another, others @ ..]) if !self.has(another) => {
                    there.push(another);
                    right = others;
                }
                // Each of them is in the other list, at another place.
                _ => {
                    left = left.get(1..).unwrap_or_default();
                    right = right.get(1..).unwrap_or_default();
                }
            }
        }
    }
}

/// The slots to look at, from one on.
fn probe(from: usize, slots: usize) -> impl Iterator<Item = usize> {
    (from..slots).chain(0..from)
}

/// The one order of listed values: texts, numbers, then the rest by how they are written.
fn order(left: &Value, right: &Value) -> Ordering {
    match (left, right) {
        (Value::String(left), Value::String(right)) => left.cmp(right),
        (Value::String(_), _) => Ordering::Less,
        (_, Value::String(_)) => Ordering::Greater,
        (Value::Number(one), Value::Number(other)) => {
            let written = || one.to_string().cmp(&other.to_string());
            Num::of(one).cmp(&Num::of(other)).then_with(written)
        }
        (Value::Number(_), _) => Ordering::Less,
        (_, Value::Number(_)) => Ordering::Greater,
        _ => left.to_string().cmp(&right.to_string()),
    }
}

/// Lists are the same where their values are written the same.
impl PartialEq for Listed {
    fn eq(&self, other: &Self) -> bool {
        self.values == other.values
    }
}

impl Eq for Listed {}

impl Hash for Listed {
    fn hash<H: Hasher>(&self, hasher: &mut H) {
        self.values.len().hash(hasher);
        self.values.iter().for_each(|value| add(value, hasher));
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

/// Adds the same for values that are equal, whatever the order of members and the spelling of numbers. The recursion is
/// as deep as the document, which is bounded.
fn add(value: &Value, hasher: &mut impl Hasher) {
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

    #[test]
    fn lists_are_told_apart_whatever_their_order() {
        let few = Listed::new(vec![json!("a"), json!(10), json!(9.5), json!([1]), json!(null)]);
        let many = (0..5_000).map(|index| json!(index * 2)).chain([json!("a"), json!([1.0])]);
        let many = Listed::new(many.collect());
        let (here, there) = few.apart(&many);
        assert_eq!(here, [&json!(9.5), &json!(null)]);
        assert_eq!(there.len(), 4_999);
        assert_eq!(many.apart(&few).1, here);
        assert!(many.iter().all(|value| many.has(value)));
        assert!(!many.has(&json!(9_999)) && !many.has(&json!("b")));
        let spelled =
            [Listed::new(vec![json!([1]), json!([10])]), Listed::new(vec![json!([10.0]), json!([1])])];
        assert_eq!(spelled[0].apart(&spelled[1]), (Vec::new(), Vec::new()));
    }
}
