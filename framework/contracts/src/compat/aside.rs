//! Schemas put aside: copies that neither closing nor opening reaches, in a definition of their own.
//!
//! A schema that must *not* hold says less where the schemas it refers to say more. What it refers to is therefore a copy, the same
//! for writers and readers.

use std::collections::HashSet;
use std::fmt::Write as _;

use serde_json::{Map, Value, json};

use crate::schema::{for_each_mut, for_each_test_mut, has_key, percent_decoded};
use crate::views::reach::{reference, references};

/// Keywords that name a schema otherwise than by its place.
const NAMING: [&str; 5] = ["$anchor", "$dynamicAnchor", "$dynamicRef", "$recursiveAnchor", "$recursiveRef"];

/// Whether all references go by a place: copies of others would have their names twice.
pub(super) fn is_plain(root: &Value) -> bool {
    let inner = root.as_object().into_iter().flat_map(Map::values);
    !has_key(root, &NAMING) && !inner.into_iter().any(|inner| has_key(inner, &["$id"]))
}

/// A definition that holds copies.
#[derive(Debug)]
pub(super) struct Aside {
    name: String,
    /// The pointer of other copies, which references in these go on going to.
    beside: Option<String>,
}

impl Aside {
    /// One whose name no definition of `root` has.
    pub(super) fn new(root: &Value, name: &str) -> Self {
        let mut name = name.to_owned();
        while root.get("$defs").is_some_and(|definitions| definitions.get(&name).is_some()) {
            name.push('_');
        }
        Self { name, beside: None }
    }

    /// The same, where copies refer to those that stand in `other`.
    pub(super) fn beside(self, other: &Self) -> Self {
        Self { beside: Some(other.pointer()), ..self }
    }

    /// Where the copy of the whole schema stands: before the pointers of all that it holds.
    pub(super) fn pointer(&self) -> String {
        format!("/$defs/{}", self.name)
    }

    /// The reference to the copy of what `reference` goes to, if there is one.
    pub(super) fn reference(&self, reference: &str) -> Option<String> {
        let pointer = reference.strip_prefix('#')?;
        let stays = self.beside.as_ref().is_some_and(|beside| pointer.starts_with(beside.as_str()));
        (!stays).then(|| format!("#{}{pointer}", self.pointer()))
    }

    /// Puts into `schema` a copy of what `started` refer to in `root`, and of all that this refers to.
    pub(super) fn put(&self, schema: &mut Value, root: &Value, started: Vec<String>) {
        let mut copy = self.excerpt(root, started);
        for_each_mut(&mut copy, &mut |object| self.lead(object));
        if let Value::Object(object) = schema
            && let Value::Object(definitions) = object.entry("$defs").or_insert_with(|| json!({}))
        {
            definitions.insert(self.name.clone(), copy);
        }
    }

    /// Leads the reference of one schema to the copy.
    fn lead(&self, object: &mut Map<String, Value>) {
        if let Some(led) = reference(object).and_then(|target| self.reference(target)) {
            object.insert("$ref".to_owned(), led.into());
        }
    }

    /// Leads the references of all schemas that tell what must not hold to copies. Returns them as they were.
    pub(super) fn lead_tests(&self, schema: &mut Value) -> Vec<String> {
        let mut led = Vec::new();
        for_each_test_mut(schema, &mut |test| {
            for_each_mut(test, &mut |object| {
                led.extend(reference(object).filter(|target| target.starts_with('#')).map(str::to_owned));
                self.lead(object);
            });
        });
        led
    }

    /// The definitions of `root` that `left` lead to, themselves or through others, and all else of it where one leads there.
    fn excerpt(&self, root: &Value, mut left: Vec<String>) -> Value {
        let (mut body, mut definitions) = (Map::new(), Map::new());
        let mut seen = HashSet::new();
        while let Some(target) = left.pop() {
            let name = definition(root, &target);
            if self.reference(&target).is_none() || !seen.insert(name.map(str::to_owned)) {
                continue;
            }
            let mut refer = |schema: &Value| references(schema, &mut |inner| left.push(inner.to_owned()));
            if let Some(name) = name {
                let schema = &root["$defs"][name];
                refer(schema);
                definitions.insert(name.to_owned(), schema.clone());
            } else if let Value::Object(root) = root {
                let own = root.iter().filter(|(key, _)| !["$defs", "$id", "$schema"].contains(&key.as_str()));
                for (key, value) in own {
                    refer(value);
                    body.insert(key.clone(), value.clone());
                }
                left.extend(reference(root).map(str::to_owned));
            }
        }
        body.insert("$defs".to_owned(), Value::Object(definitions));
        Value::Object(body)
    }
}

/// The name of the definition that a reference leads to, or into.
fn definition<'r>(root: &'r Value, target: &str) -> Option<&'r str> {
    let name = target.strip_prefix("#/$defs/")?.split('/').next()?.replace("~1", "/").replace("~0", "~");
    let definitions = root.get("$defs")?.as_object()?;
    let known =
        definitions.get_key_value(&name).or_else(|| definitions.get_key_value(&percent_decoded(&name)));
    Some(known?.0)
}

/// A pointer as part of a reference.
pub(super) fn as_fragment(pointer: &str) -> String {
    let mut text = String::with_capacity(pointer.len() + 1);
    text.push('#');
    for byte in pointer.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~!$&'()*+,;=:@/?".contains(&byte) {
            text.push(byte.into());
        } else {
            // Writing to a text cannot fail.
            _ = write!(text, "%{byte:02X}");
        }
    }
    text
}
