//! Where references go: inside the document, and nowhere else.

use std::collections::HashMap;

use serde_json::Value;

use super::pointers::KeptPointers;
use super::read::ReadError;
use crate::compat::places::enter;
use crate::meaning::escaped;
use crate::schema::{LIST, MAP, ONE, at, has_key, percent_decoded};

/// A schema of the document: itself and its JSON Pointer.
#[derive(Debug, Clone)]
pub(super) struct Target<'a> {
    pub(super) schema: &'a Value,
    pub(super) pointer: String,
}

/// The names by which the parts of one document can be referred to.
#[derive(Debug)]
pub(super) struct References<'a> {
    /// Resources (the document, and schemas in it with an `$id`), by index.
    resources: Vec<(String, Target<'a>)>,
    by_id: HashMap<String, usize>,
    /// The resource each schema is in, by address, where it is not the document itself.
    inside: HashMap<usize, usize>,
    anchors: HashMap<(usize, String), Target<'a>>,
    /// The pointers of all these.
    pointers: KeptPointers,
}

fn address(schema: &Value) -> usize {
    std::ptr::from_ref(schema) as usize
}

impl<'a> References<'a> {
    pub(super) fn of(root: &'a Value) -> Result<Self, ReadError> {
        let id = root.get("$id").and_then(Value::as_str).unwrap_or_default().trim_end_matches('#').to_owned();
        let whole = Target { schema: root, pointer: String::new() };
        let mut references = Self {
            by_id: HashMap::from([(id.clone(), 0)]),
            resources: vec![(id, whole)],
            inside: HashMap::new(),
            anchors: HashMap::new(),
            pointers: KeptPointers::default(),
        };
        // Whoever names nothing by itself is found by its pointer alone.
        let named = |inner: &Value| has_key(inner, &["$id", "$anchor", "$dynamicAnchor"]);
        let has_anchor = ["$anchor", "$dynamicAnchor"].iter().any(|key| root.get(*key).is_some());
        if has_anchor || children(root).any(named) {
            references.visit(root, &mut String::new(), 0)?;
        }
        Ok(references)
    }

    /// Whether the document holds schemas with an `$id` of their own.
    pub(super) fn has_inner_resources(&self) -> bool {
        self.resources.len() > 1
    }

    /// The recursion is as deep as the document, which is bounded.
    fn visit(&mut self, schema: &'a Value, pointer: &mut String, resource: usize) -> Result<(), ReadError> {
        let Value::Object(object) = schema else { return Ok(()) };
        let mut resource = resource;
        let id = object.get("$id").and_then(Value::as_str).filter(|_| !pointer.is_empty());
        if let Some(id) = id {
            let id = joined(&self.resources[resource].0, id.trim_end_matches('#'));
            self.by_id.entry(id.clone()).or_insert(self.resources.len());
            let target = self.target(schema, pointer)?;
            self.resources.push((id, target));
            resource = self.resources.len() - 1;
        }
        if resource != 0 {
            self.inside.insert(address(schema), resource);
        }
        for key in ["$anchor", "$dynamicAnchor"] {
            if let Some(anchor) = object.get(key).and_then(Value::as_str) {
                let target = self.target(schema, pointer)?;
                self.anchors.insert((resource, anchor.to_owned()), target);
            }
        }
        for (key, inner) in object {
            let length = pointer.len();
            enter(pointer, key);
            if ONE.contains(&key.as_str()) {
                self.visit(inner, pointer, resource)?;
            } else if LIST.contains(&key.as_str()) {
                for (index, inner) in inner.as_array().into_iter().flatten().enumerate() {
                    self.visit_inside(inner, pointer, &index.to_string(), resource)?;
                }
            } else if MAP.contains(&key.as_str()) {
                for (member, inner) in inner.as_object().into_iter().flatten() {
                    self.visit_inside(inner, pointer, &escaped(member), resource)?;
                }
            }
            pointer.truncate(length);
        }
        Ok(())
    }

    /// [`Self::visit`] of a schema one name further.
    fn visit_inside(
        &mut self,
        schema: &'a Value,
        pointer: &mut String,
        name: &str,
        resource: usize,
    ) -> Result<(), ReadError> {
        let length = pointer.len();
        enter(pointer, name);
        self.visit(schema, pointer, resource)?;
        pointer.truncate(length);
        Ok(())
    }

    /// A schema that can be referred to: its pointer is kept.
    fn target(&mut self, schema: &'a Value, pointer: &str) -> Result<Target<'a>, ReadError> {
        self.pointers.count(pointer)?;
        Ok(Target { schema, pointer: pointer.to_owned() })
    }

    /// What `reference`, in `schema`, goes to.
    pub(super) fn resolve(&self, schema: &Value, reference: &str) -> Result<Target<'a>, String> {
        let here = self.inside.get(&address(schema)).copied().unwrap_or_default();
        let (base, fragment) = reference.split_once('#').unwrap_or((reference, ""));
        let resource = if base.is_empty() {
            here
        } else {
            let id = joined(&self.resources[here].0, base);
            self.by_id.get(&id).copied().ok_or_else(|| {
                format!("`$ref` goes to `{reference}`, outside this document: move what it needs to `$defs`")
            })?
        };
        let whole = &self.resources[resource].1;
        let missing = || format!("`$ref` goes to `{reference}`, and there is no such schema: write it there");
        if fragment.is_empty() {
            return Ok(whole.clone());
        }
        if !fragment.starts_with('/') {
            let anchor = (resource, percent_decoded(fragment));
            return self.anchors.get(&anchor).cloned().ok_or_else(missing);
        }
        if let Some(schema) = at(whole.schema, fragment) {
            return Ok(Target { schema, pointer: [&whole.pointer, fragment].concat() });
        }
        let fragment = percent_decoded(fragment);
        let schema = at(whole.schema, &fragment).ok_or_else(missing)?;
        Ok(Target { schema, pointer: [&whole.pointer, &*fragment].concat() })
    }
}

fn children(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_object().into_iter().flat_map(|object| object.values())
}

/// `reference` seen from `base`: as far as identifiers of schemas inside one document need it.
fn joined(base: &str, reference: &str) -> String {
    let has_scheme = reference.split_once(':').is_some_and(|(scheme, _)| {
        !scheme.is_empty() && scheme.chars().all(|c| c.is_ascii_alphanumeric() || "+-.".contains(c))
    });
    if has_scheme || reference.is_empty() {
        return without_dots(reference);
    }
    let authority = base.find("://").map_or(0, |at| at + 3);
    if reference.starts_with('/') {
        let end = base[authority..].find('/').map_or(base.len(), |at| authority + at);
        return without_dots(&format!("{}{reference}", &base[..end]));
    }
    match base[authority..].rfind('/') {
        Some(at) => without_dots(&format!("{}/{reference}", &base[..authority + at])),
        None => reference.to_owned(),
    }
}

/// An identifier whose path holds no `.` and no `..`: they are gone along (RFC 3986, 5.2.4). One without an
/// authority stays as it is.
fn without_dots(id: &str) -> String {
    let Some(authority) = id.find("://").map(|at| at + 3) else { return id.to_owned() };
    let Some(path) = id[authority..].find('/').map(|at| authority + at) else { return id.to_owned() };
    let mut kept: Vec<&str> = Vec::new();
    let mut segments = id[path + 1..].split('/').peekable();
    while let Some(segment) = segments.next() {
        match segment {
            "." | ".." => {
                if segment == ".." {
                    kept.pop();
                }
                // What ends in a step ends in a folder.
                if segments.peek().is_none() {
                    kept.push("");
                }
            }
            other => kept.push(other),
        }
    }
    format!("{}/{}", &id[..path], kept.join("/"))
}

#[cfg(test)]
mod tests {
    use super::joined;

    #[test]
    fn references_are_resolved_as_the_standard_says() {
        // RFC 3986, 5.4, as far as paths go.
        let base = "http://a/b/c/d";
        for (reference, target) in [
            ("g", "http://a/b/c/g"),
            ("./g", "http://a/b/c/g"),
            ("g/", "http://a/b/c/g/"),
            ("/g", "http://a/g"),
            (".", "http://a/b/c/"),
            ("..", "http://a/b/"),
            ("../g", "http://a/b/g"),
            ("../../g", "http://a/g"),
            ("../../../g", "http://a/g"),
            ("/./g", "http://a/g"),
            ("g.", "http://a/b/c/g."),
            ("./g/.", "http://a/b/c/g/"),
            ("g/../h", "http://a/b/c/h"),
            ("urn:x:y", "urn:x:y"),
            ("http://e/x/../y", "http://e/y"),
        ] {
            assert_eq!(joined(base, reference), target, "{reference}");
        }
    }
}
