//! Which references lead to a schema that says something.

use std::collections::{HashMap, HashSet};

use serde_json::{Map, Value};

use crate::schema::resolve;

/// What a schema says by itself, references not followed.
#[derive(Debug, Default)]
pub(crate) struct Said<'a> {
    /// Whether it says what is asked for.
    pub(crate) holds: bool,
    pub(crate) references: Vec<&'a str>,
}

/// The references to schemas that say what `by` asks for, themselves or through others. Each is looked at once, however they
/// refer to each other.
pub(crate) fn reaching<'a>(root: &'a Value, by: impl Fn(&'a Value) -> Said<'a>) -> HashSet<String> {
    let mut index: HashMap<&str, usize> = HashMap::new();
    let mut targets: Vec<&str> = Vec::new();
    references(root, &mut |target| {
        index.entry(target).or_insert_with(|| {
            targets.push(target);
            targets.len() - 1
        });
    });
    let mut named_by: Vec<Vec<usize>> = vec![Vec::new(); targets.len()];
    let mut left: Vec<usize> = Vec::new();
    for (at, target) in targets.iter().enumerate() {
        let Some(schema) = resolve(root, target) else { continue };
        let said = by(schema);
        left.extend(said.holds.then_some(at));
        said.references
            .iter()
            .filter_map(|inner| index.get(inner))
            .for_each(|inner| named_by[*inner].push(at));
    }
    let mut found = HashSet::new();
    while let Some(at) = left.pop() {
        if found.insert(targets[at].to_owned()) {
            left.append(&mut named_by[at]);
        }
    }
    found
}

/// Calls `visit` with every reference inside a schema. The recursion is as deep as the schema.
pub(crate) fn references<'a>(value: &'a Value, visit: &mut impl FnMut(&'a str)) {
    match value {
        Value::Object(object) => {
            reference(object).into_iter().for_each(&mut *visit);
            object.values().for_each(|inner| references(inner, visit));
        }
        Value::Array(list) => list.iter().for_each(|inner| references(inner, visit)),
        _ => {}
    }
}

pub(crate) fn reference(schema: &Map<String, Value>) -> Option<&str> {
    schema.get("$ref").and_then(Value::as_str)
}
