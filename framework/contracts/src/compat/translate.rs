//! Translation: a document of an older draft in the words of 2020-12.

use std::collections::HashMap;

use jsonschema::Draft;
use serde_json::{Map, Value, json};

use super::graph::{Format, KeptPointers};
use super::places::{self, Holds, enter};
use crate::meaning::escaped;
use crate::schema::{LIST, MAP, ONE, has_key, percent_decoded};

/// A pointer in the document, and what cannot be said of what is there.
pub(super) type Refusal = (String, String);

/// Says `schema`, of `draft`, in the words of 2020-12.
pub(super) fn translate(schema: &Value, draft: Draft) -> Result<Value, Refusal> {
    if draft == Draft::Draft201909 && has_key(schema, &["contains"]) && has_key(schema, &["unevaluatedItems"])
    {
        let problem = "in 2019-09 `unevaluatedItems` is also about what `contains` finds, in 2020-12 it is not: \
                       write it in 2020-12";
        return Err((String::new(), problem.to_owned()));
    }
    let mut translator = Translator {
        draft,
        at: String::new(),
        pointers: KeptPointers::default(),
        ids: HashMap::new(),
        recursive: !has_inner_resources(schema, draft),
    };
    let mut translated = translator.schema(schema)?;
    translator.redirect(&mut translated, schema, schema)?;
    if let Value::Object(root) = &mut translated {
        root.insert("$schema".to_owned(), json!("https://json-schema.org/draft/2020-12/schema"));
    }
    Ok(translated)
}

fn has_inner_resources(schema: &Value, draft: Draft) -> bool {
    fn below(value: &Value, key: &str, root: bool) -> bool {
        match value {
            Value::Object(object) => {
                let id = object.get(key).and_then(Value::as_str).filter(|id| !id.starts_with('#'));
                (!root && id.is_some()) || object.values().any(|inner| below(inner, key, false))
            }
            Value::Array(list) => list.iter().any(|inner| below(inner, key, false)),
            _ => false,
        }
    }
    below(schema, if draft == Draft::Draft4 { "id" } else { "$id" }, true)
}

struct Translator<'a> {
    draft: Draft,
    /// The pointer of the schema that is looked at, in the document: one is held, for names may be long and nest.
    at: String,
    /// The pointers that will be kept when the translation is read: where they come to too much, it is not made.
    pointers: KeptPointers,
    /// Each embedded resource of the document, by its id.
    ids: HashMap<&'a str, &'a Value>,
    /// Whether a `$recursiveRef` can only mean the root.
    recursive: bool,
}

impl<'a> Translator<'a> {
    /// Does something one name further.
    fn inside<T>(
        &mut self,
        name: &str,
        act: impl FnOnce(&mut Self) -> Result<T, Refusal>,
    ) -> Result<T, Refusal> {
        let length = self.at.len();
        enter(&mut self.at, name);
        let done = act(self)?;
        self.at.truncate(length);
        Ok(done)
    }

    fn schema(&mut self, schema: &'a Value) -> Result<Value, Refusal> {
        self.pointers.count(&self.at).map_err(|error| (error.pointer, error.problem))?;
        let Value::Object(object) = schema else { return Ok(schema.clone()) };
        let mut out = Map::new();
        let mut dependencies = None;
        for (key, value) in object {
            if places::is_ignored(self.draft, object, key) {
                continue;
            }
            match places::held(self.draft, object, key) {
                // It goes to keywords that may stand beside it: they come first.
                Some((Holds::Dependencies, _)) => dependencies = Some(value),
                Some((holds, today)) => {
                    let inner = self.inside(key, |this| this.held(value, holds))?;
                    out.insert(today.to_owned(), inner);
                }
                None => self.keyword(schema, key, value, &mut out)?,
            }
        }
        if let Some(value) = dependencies {
            self.dependencies(value, &mut out)?;
        }
        Ok(Value::Object(out))
    }

    /// What a keyword holds. What is not as it should be stays as it is: who reads it says so.
    fn held(&mut self, value: &'a Value, holds: Holds) -> Result<Value, Refusal> {
        match (holds, value) {
            (Holds::One, _) => self.schema(value),
            (Holds::List, Value::Array(list)) => {
                let each = list.iter().enumerate();
                let inner =
                    each.map(|(index, inner)| self.inside(&index.to_string(), |this| this.schema(inner)));
                inner.collect::<Result<_, _>>().map(Value::Array)
            }
            (Holds::Named, Value::Object(map)) => {
                let inner = map.iter().map(|(name, inner)| {
                    let inner = self.inside(&escaped(name), |this| this.schema(inner))?;
                    Ok((name.clone(), inner))
                });
                inner.collect::<Result<_, _>>().map(Value::Object)
            }
            _ => Ok(value.clone()),
        }
    }

    /// A keyword of `schema` that holds no schemas.
    fn keyword(
        &mut self,
        schema: &'a Value,
        key: &str,
        value: &'a Value,
        out: &mut Map<String, Value>,
    ) -> Result<(), Refusal> {
        match key {
            // Beside `items` that lists nothing it says nothing.
            "additionalItems" if self.draft <= Draft::Draft201909 => {}
            "exclusiveMinimum" | "exclusiveMaximum" if self.draft == Draft::Draft4 => {
                let limit = if key == "exclusiveMinimum" { "minimum" } else { "maximum" };
                if *value == true
                    && let Some(limit) = schema.get(limit)
                {
                    out.insert(key.to_owned(), limit.clone());
                }
            }
            "id" if self.draft == Draft::Draft4 => self.id(schema, value, out),
            "$id" if self.draft > Draft::Draft4 => self.id(schema, value, out),
            "$recursiveAnchor" => {}
            "$recursiveRef" => {
                if !self.recursive {
                    let problem = "`$recursiveRef` beside inner `$id`s depends on who refers: write `$ref`";
                    return Err((format!("{}/$recursiveRef", self.at), problem.to_owned()));
                }
                out.insert("$ref".to_owned(), value.clone());
            }
            "format" if value.as_str().is_some_and(|format| !asserted(format, self.draft)) => {}
            key => {
                out.insert(key.to_owned(), value.clone());
            }
        }
        Ok(())
    }

    fn id(&mut self, schema: &'a Value, value: &'a Value, out: &mut Map<String, Value>) {
        let Some(id) = value.as_str() else {
            out.insert("$id".to_owned(), value.clone());
            return;
        };
        match id.strip_prefix('#') {
            Some(anchor) if !anchor.is_empty() && !anchor.contains('/') => {
                out.insert("$anchor".to_owned(), json!(anchor));
            }
            Some(_) => {}
            None => {
                let id = id.trim_end_matches('#');
                self.ids.insert(id, schema);
                out.insert("$id".to_owned(), json!(id));
            }
        }
    }

    /// `dependencies`: lists of names, or schemas. In 2019-09 `dependentRequired` and `dependentSchemas` may stand
    /// beside it, and are in `out` already.
    fn dependencies(&mut self, value: &'a Value, out: &mut Map<String, Value>) -> Result<(), Refusal> {
        let Value::Object(map) = value else {
            return Err((format!("{}/dependencies", self.at), "`dependencies` must be an object".to_owned()));
        };
        let (schemas, names): (Vec<_>, Vec<_>) =
            map.iter().partition(|(_, value)| places::is_schema_dependency(self.draft, value));
        let names: Map<String, Value> = names
            .into_iter()
            .map(|(name, value)| {
                let list = if value.is_string() { json!([value]) } else { value.clone() };
                (name.clone(), list)
            })
            .collect();
        let schemas = self.inside("dependencies", |this| {
            let each = schemas.into_iter().map(|(name, value)| {
                let inner = this.inside(&escaped(name), |this| this.schema(value))?;
                Ok((name.clone(), inner))
            });
            each.collect::<Result<Map<_, _>, Refusal>>()
        })?;
        for (key, more) in [("dependentRequired", names), ("dependentSchemas", schemas)] {
            if more.is_empty() {
                continue;
            }
            let known = out.entry(key).or_insert_with(|| Value::Object(Map::new()));
            let Value::Object(known) = known else { continue };
            for (name, value) in more {
                if known.contains_key(&name) {
                    let problem = format!(
                        "what the field `{name}` needs is said twice, here and in the keywords that took its place: \
                         write it once"
                    );
                    return Err((format!("{}/dependencies", self.at), problem));
                }
                known.insert(name, value);
            }
        }
        Ok(())
    }

    /// Lets every `$ref` below `value` go where its target now is. `was` is what it was translated from, and `resource`
    /// the resource of the document around it.
    fn redirect(&mut self, value: &mut Value, was: &'a Value, resource: &'a Value) -> Result<(), Refusal> {
        let (Value::Object(object), Value::Object(old)) = (value, was) else { return Ok(()) };
        let resource = if object.contains_key("$id") { was } else { resource };
        if let Some(Value::String(reference)) = object.get_mut("$ref")
            && let Some(pointer) = self.pointer(reference, resource)
        {
            let Some(today) = places::today(self.draft, resource, &pointer) else {
                let problem = format!("`$ref` goes to `{reference}`, which is no schema of this document");
                return Err((format!("{}/$ref", self.at), problem));
            };
            *reference = format!("#{today}");
        }
        for (key, inner) in object.iter_mut() {
            if ONE.contains(&key.as_str()) {
                self.follow(inner, old, key, None, resource)?;
            } else if LIST.contains(&key.as_str()) {
                for (index, inner) in inner.as_array_mut().into_iter().flatten().enumerate() {
                    self.follow(inner, old, key, Some(&index.to_string()), resource)?;
                }
            } else if MAP.contains(&key.as_str()) {
                for (name, inner) in inner.as_object_mut().into_iter().flatten() {
                    self.follow(inner, old, key, Some(&escaped(name)), resource)?;
                }
            }
        }
        Ok(())
    }

    /// [`Self::redirect`] of what `key` holds, and `name` in it: `old` is what the schema around it was translated from.
    fn follow(
        &mut self,
        value: &mut Value,
        old: &'a Map<String, Value>,
        key: &str,
        name: Option<&str>,
        resource: &'a Value,
    ) -> Result<(), Refusal> {
        // What was not translated from a schema holds none.
        let Some((was, inner)) = places::stood(self.draft, old, key, name) else { return Ok(()) };
        self.inside(was, |this| match name {
            Some(name) => this.inside(name, |this| this.redirect(value, inner, resource)),
            None => this.redirect(value, inner, resource),
        })
    }

    /// The pointer that a reference goes to in the resource around it. `None` if it goes elsewhere, or by another name.
    fn pointer(&self, reference: &str, resource: &Value) -> Option<String> {
        let (base, pointer) = reference.split_once('#')?;
        if !pointer.is_empty() && !pointer.starts_with('/') {
            return None;
        }
        let here = base.is_empty() || self.ids.get(base).is_some_and(|at| std::ptr::eq(*at, resource));
        here.then(|| percent_decoded(pointer))
    }
}

/// Whether a format means in `draft` what it means today: nothing, if neither asserts it.
fn asserted(format: &str, draft: Draft) -> bool {
    Format::named(format, draft).is_some() || Format::named(format, Draft::Draft202012).is_none()
}
