//! Dialects: what a document is written in, and the same in the words of 2020-12.

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use jsonschema::Draft;
use serde_json::{Map, Value, json};

use crate::meaning::escaped;
use crate::schema::{LIST, MAP, ONE, has_key};

use super::graph::{Format, MAX_POINTER_BYTES, SAID_OF_LONG, TOO_LONG_NAMES};

/// The drafts that are read, by the path of their `$schema`.
const DRAFTS: [(&str, Draft, &str); 6] = [
    ("json-schema.org/draft/2020-12/schema", Draft::Draft202012, "draft 2020-12"),
    ("json-schema.org/draft/2019-09/schema", Draft::Draft201909, "draft 2019-09"),
    ("json-schema.org/draft-07/schema", Draft::Draft7, "draft 7"),
    ("json-schema.org/draft-06/schema", Draft::Draft6, "draft 6"),
    ("json-schema.org/draft-04/schema", Draft::Draft4, "draft 4"),
    ("json-schema.org/schema", Draft::Draft202012, "draft 2020-12"),
];

/// Keywords that a draft before the named one does not know, and so ignores.
const SINCE: [(&str, Draft); 20] = [
    ("const", Draft::Draft6),
    ("contains", Draft::Draft6),
    ("propertyNames", Draft::Draft6),
    ("if", Draft::Draft7),
    ("then", Draft::Draft7),
    ("else", Draft::Draft7),
    ("$anchor", Draft::Draft201909),
    ("$recursiveRef", Draft::Draft201909),
    ("$recursiveAnchor", Draft::Draft201909),
    ("dependentRequired", Draft::Draft201909),
    ("dependentSchemas", Draft::Draft201909),
    ("minContains", Draft::Draft201909),
    ("maxContains", Draft::Draft201909),
    ("unevaluatedItems", Draft::Draft201909),
    ("unevaluatedProperties", Draft::Draft201909),
    ("contentSchema", Draft::Draft201909),
    ("prefixItems", Draft::Draft202012),
    ("$dynamicRef", Draft::Draft202012),
    ("$dynamicAnchor", Draft::Draft202012),
    ("$vocabulary", Draft::Draft202012),
];

/// The draft of a schema: that of its `$schema`, else 2020-12, unless it is spelled as only older drafts are. `None`
/// if it is none that is read.
pub(super) fn of(schema: &Value) -> Option<Draft> {
    let Some(stated) = schema.get("$schema") else { return Some(unstated(schema)) };
    let stated = stated.as_str()?.trim_end_matches('#');
    let path = stated.strip_prefix("https://").or_else(|| stated.strip_prefix("http://"))?;
    DRAFTS.iter().find(|(known, ..)| *known == path).map(|(_, draft, _)| *draft)
}

/// The `$schema` of a draft that is read.
pub(super) fn uri(draft: Draft) -> String {
    let path = DRAFTS.iter().find(|(_, known, _)| *known == draft).map_or("", |(path, ..)| path);
    // The older ones are named as they were published.
    if path.contains("/draft-") { format!("http://{path}#") } else { format!("https://{path}") }
}

/// The latest draft that means what is written, where nothing says which one it is: `items` lists schemas up to
/// 2019-09, `dependencies` and `additionalItems` say something up to then, and `exclusiveMinimum` is true or false in
/// draft 4. To read them as 2020-12 would be to overlook them.
fn unstated(schema: &Value) -> Draft {
    let mut draft = Draft::Draft202012;
    let mut left = vec![schema];
    while let Some(schema) = left.pop() {
        let Value::Object(object) = schema else { continue };
        for (key, value) in object {
            let key = key.as_str();
            match value {
                Value::Bool(_) if matches!(key, "exclusiveMinimum" | "exclusiveMaximum") => {
                    return Draft::Draft4;
                }
                Value::Array(list) if key == "items" || LIST.contains(&key) => {
                    if key == "items" {
                        draft = Draft::Draft201909;
                    }
                    left.extend(list);
                }
                Value::Object(map) if MAP.contains(&key) || matches!(key, "definitions" | "dependencies") => {
                    if key == "dependencies" {
                        draft = Draft::Draft201909;
                    }
                    left.extend(map.values());
                }
                Value::Object(_) if key == "additionalItems" || ONE.contains(&key) => left.push(value),
                _ => {}
            }
        }
    }
    draft
}

/// Whether a schema inside `schema` is written in another draft than `draft`, or in one that is not read.
pub(super) fn is_mixed(schema: &Value, draft: Draft) -> bool {
    match schema {
        Value::Array(list) => list.iter().any(|inner| is_mixed(inner, draft)),
        Value::Object(object) => {
            let stated = object.get("$schema").is_some_and(Value::is_string);
            (stated && of(schema) != Some(draft)) || object.values().any(|inner| is_mixed(inner, draft))
        }
        _ => false,
    }
}

/// What people call a draft.
pub(super) fn name(draft: Draft) -> &'static str {
    DRAFTS.iter().find(|(_, known, _)| *known == draft).map_or("an unknown draft", |(.., name)| name)
}

/// Whether a schema asks for integers anywhere: draft 4 takes `1.0` for none, all others take it for one.
pub(super) fn asks_for_integers(schema: &Value) -> bool {
    match schema {
        Value::Object(object) => object.iter().any(|(key, value)| {
            let integer = |kind: &Value| kind == "integer";
            let asks = key == "type"
                && (integer(value) || value.as_array().is_some_and(|all| all.iter().any(integer)));
            asks || asks_for_integers(value)
        }),
        Value::Array(list) => list.iter().any(asks_for_integers),
        _ => false,
    }
}

/// A schema in the words of 2020-12, and where its parts came from.
#[derive(Debug, Clone)]
pub(super) struct Translated {
    pub(super) schema: Arc<Value>,
    /// The old JSON Pointer of each place that has another name now, by the new one; those inside it go without saying.
    pub(super) origins: Arc<HashMap<String, String>>,
}

/// Says `schema`, of `draft`, in the words of 2020-12. `Err` holds a pointer and what cannot be said.
pub(super) fn translate(schema: &Value, draft: Draft) -> Result<Translated, (String, String)> {
    if draft == Draft::Draft201909 && has_key(schema, &["contains"]) && has_key(schema, &["unevaluatedItems"])
    {
        let problem = "in 2019-09 `unevaluatedItems` is also about what `contains` finds, in 2020-12 it is not: \
                       write it in 2020-12";
        return Err((String::new(), problem.to_owned()));
    }
    let mut translator = Translator {
        draft,
        schemas: HashSet::new(),
        pointer_bytes: 0,
        moved: HashMap::new(),
        ids: HashMap::new(),
        recursive: !has_inner_resources(schema, draft),
    };
    let mut translated = translator.schema(schema, "", "")?;
    let origins: HashMap<String, String> =
        translator.moved.iter().map(|(old, new)| (new.clone(), old.clone())).collect();
    translator.redirect(&mut translated, "", &origins, "")?;
    if let Value::Object(root) = &mut translated {
        root.insert("$schema".to_owned(), json!("https://json-schema.org/draft/2020-12/schema"));
    }
    Ok(Translated { schema: Arc::new(translated), origins: Arc::new(origins) })
}

/// A pointer on the other side of `names`: that of the nearest place around it with another name there, and on from it.
pub(super) fn renamed<'p>(pointer: &'p str, names: &HashMap<String, String>) -> Cow<'p, str> {
    let mut end = pointer.len();
    while !names.is_empty() {
        if let Some(other) = names.get(&pointer[..end]) {
            return Cow::Owned(format!("{other}{}", &pointer[end..]));
        }
        match pointer[..end].rfind('/') {
            Some(at) => end = at,
            None => break,
        }
    }
    Cow::Borrowed(pointer)
}

/// Whether a schema must be translated before it is read as 2020-12.
pub(super) fn must_be_translated(schema: &Value, draft: Draft) -> bool {
    draft != Draft::Draft202012 || (schema.get("definitions").is_some() && schema.get("$defs").is_none())
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

struct Translator {
    draft: Draft,
    /// The old pointers of all schemas.
    schemas: HashSet<Box<str>>,
    /// How many bytes these come to.
    pointer_bytes: usize,
    /// The new pointer of each place that has another name now, by the old one; those inside it go without saying.
    moved: HashMap<String, String>,
    /// The old pointer of each embedded resource, by its id.
    ids: HashMap<String, String>,
    /// Whether a `$recursiveRef` can only mean the root.
    recursive: bool,
}

impl Translator {
    fn schema(&mut self, schema: &Value, old: &str, new: &str) -> Result<Value, (String, String)> {
        self.pointer_bytes += old.len();
        if self.pointer_bytes > MAX_POINTER_BYTES {
            return Err((old.chars().take(SAID_OF_LONG).collect(), TOO_LONG_NAMES.to_owned()));
        }
        self.schemas.insert(old.into());
        let Value::Object(object) = schema else { return Ok(schema.clone()) };
        let mut out = Map::new();
        let alone = self.draft <= Draft::Draft7 && object.get("$ref").is_some_and(Value::is_string);
        for (key, value) in object {
            let key = key.as_str();
            let ignored = SINCE.iter().any(|(keyword, since)| *keyword == key && self.draft < *since);
            let beside_ref = alone && !matches!(key, "$ref" | "definitions" | "$defs" | "$schema");
            let last = key == "dependencies" && self.draft <= Draft::Draft201909;
            if ignored || beside_ref || last {
                continue;
            }
            self.keyword(object, key, value, old, new, &mut out)?;
        }
        if let Some(value) = object.get("dependencies").filter(|_| !alone && self.draft <= Draft::Draft201909)
        {
            self.dependencies(value, old, new, &mut out)?;
        }
        Ok(Value::Object(out))
    }

    fn keyword(
        &mut self,
        object: &Map<String, Value>,
        key: &str,
        value: &Value,
        old: &str,
        new: &str,
        out: &mut Map<String, Value>,
    ) -> Result<(), (String, String)> {
        let tuples = self.draft <= Draft::Draft201909;
        match key {
            "definitions" if !object.contains_key("$defs") => {
                self.named(value, key, "$defs", old, new, out)?;
            }
            "items" if tuples && value.is_array() => self.list(value, key, "prefixItems", old, new, out)?,
            "additionalItems" if tuples => {
                if object.get("items").is_some_and(Value::is_array) {
                    self.one(value, key, "items", old, new, out)?;
                }
            }
            "exclusiveMinimum" | "exclusiveMaximum" if self.draft == Draft::Draft4 => {
                let limit = if key == "exclusiveMinimum" { "minimum" } else { "maximum" };
                if *value == true
                    && let Some(limit) = object.get(limit)
                {
                    out.insert(key.to_owned(), limit.clone());
                }
            }
            "id" if self.draft == Draft::Draft4 => self.id(value, old, out),
            "$id" if self.draft > Draft::Draft4 => self.id(value, old, out),
            "$recursiveAnchor" => {}
            "$recursiveRef" => {
                if !self.recursive {
                    let problem = "`$recursiveRef` beside inner `$id`s depends on who refers: write `$ref`";
                    return Err((format!("{old}/$recursiveRef"), problem.to_owned()));
                }
                out.insert("$ref".to_owned(), value.clone());
            }
            "format" if value.as_str().is_some_and(|format| !asserted(format, self.draft)) => {}
            key if ONE.contains(&key) => self.one(value, key, key, old, new, out)?,
            key if LIST.contains(&key) => self.list(value, key, key, old, new, out)?,
            key if MAP.contains(&key) => self.named(value, key, key, old, new, out)?,
            key => {
                out.insert(key.to_owned(), value.clone());
            }
        }
        Ok(())
    }

    fn id(&mut self, value: &Value, old: &str, out: &mut Map<String, Value>) {
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
                self.ids.insert(id.trim_end_matches('#').to_owned(), old.to_owned());
                out.insert("$id".to_owned(), json!(id.trim_end_matches('#')));
            }
        }
    }

    /// The old and the new pointer of the keyword `from` of a schema, which is called `to` now.
    fn go(&mut self, old: &str, from: &str, new: &str, to: &str) -> (String, String) {
        let (old, new) = (inside(old, from), inside(new, to));
        if from != to {
            self.moved.insert(old.clone(), new.clone());
        }
        (old, new)
    }

    fn one(
        &mut self,
        value: &Value,
        from: &str,
        to: &str,
        old: &str,
        new: &str,
        out: &mut Map<String, Value>,
    ) -> Result<(), (String, String)> {
        let (old, new) = self.go(old, from, new, to);
        let inner = self.schema(value, &old, &new)?;
        out.insert(to.to_owned(), inner);
        Ok(())
    }

    fn list(
        &mut self,
        value: &Value,
        from: &str,
        to: &str,
        old: &str,
        new: &str,
        out: &mut Map<String, Value>,
    ) -> Result<(), (String, String)> {
        let Value::Array(list) = value else {
            out.insert(to.to_owned(), value.clone());
            return Ok(());
        };
        let (old, new) = self.go(old, from, new, to);
        let inner = list.iter().enumerate().map(|(index, inner)| {
            let index = index.to_string();
            self.schema(inner, &inside(&old, &index), &inside(&new, &index))
        });
        let inner = inner.collect::<Result<_, _>>()?;
        out.insert(to.to_owned(), Value::Array(inner));
        Ok(())
    }

    fn named(
        &mut self,
        value: &Value,
        from: &str,
        to: &str,
        old: &str,
        new: &str,
        out: &mut Map<String, Value>,
    ) -> Result<(), (String, String)> {
        let Value::Object(map) = value else {
            out.insert(to.to_owned(), value.clone());
            return Ok(());
        };
        let (old, new) = self.go(old, from, new, to);
        let inner = map.iter().map(|(name, inner)| {
            let escaped = escaped(name);
            let inner = self.schema(inner, &inside(&old, &escaped), &inside(&new, &escaped))?;
            Ok((name.clone(), inner))
        });
        let inner = inner.collect::<Result<Map<_, _>, (String, String)>>()?;
        out.insert(to.to_owned(), Value::Object(inner));
        Ok(())
    }

    /// `dependencies`: lists of names, or schemas. In 2019-09 `dependentRequired` and `dependentSchemas` may stand
    /// beside it, and are in `out` already.
    fn dependencies(
        &mut self,
        value: &Value,
        old: &str,
        new: &str,
        out: &mut Map<String, Value>,
    ) -> Result<(), (String, String)> {
        let Value::Object(map) = value else {
            return Err((format!("{old}/dependencies"), "`dependencies` must be an object".to_owned()));
        };
        let (names, schemas): (Vec<_>, Vec<_>) = map
            .iter()
            .partition(|(_, value)| value.is_array() || (self.draft == Draft::Draft4 && value.is_string()));
        let names: Map<String, Value> = names
            .into_iter()
            .map(|(name, value)| {
                let list = if value.is_string() { json!([value]) } else { value.clone() };
                (name.clone(), list)
            })
            .collect();
        // Each by itself: those beside it that were called `dependentSchemas` before keep their place.
        let schemas = schemas.into_iter().map(|(name, value)| {
            let escaped = escaped(name);
            let old = inside(&inside(old, "dependencies"), &escaped);
            let new = inside(&inside(new, "dependentSchemas"), &escaped);
            self.moved.insert(old.clone(), new.clone());
            Ok((name.clone(), self.schema(value, &old, &new)?))
        });
        let schemas = schemas.collect::<Result<Map<_, _>, (String, String)>>()?;
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
                    return Err((format!("{old}/dependencies"), problem));
                }
                known.insert(name, value);
            }
        }
        Ok(())
    }

    /// Lets every `$ref` below `value`, which stands at `new`, go where its target now is. `resource` is the old
    /// pointer of the resource around it.
    fn redirect(
        &self,
        value: &mut Value,
        new: &str,
        origins: &HashMap<String, String>,
        resource: &str,
    ) -> Result<(), (String, String)> {
        let Value::Object(object) = value else { return Ok(()) };
        let own = (object.contains_key("$id") && !new.is_empty()).then(|| renamed(new, origins));
        let resource = own.as_deref().unwrap_or(resource);
        if let Some(Value::String(reference)) = object.get_mut("$ref")
            && let Some(target) = self.target(reference, resource)
        {
            if !self.schemas.contains(&*target) {
                let problem = format!("`$ref` goes to `{reference}`, which is no schema of this document");
                return Err((format!("{}/$ref", renamed(new, origins)), problem));
            }
            let (found, base) = (renamed(&target, &self.moved), renamed(resource, &self.moved));
            *reference = format!("#{}", found.strip_prefix(&*base).unwrap_or(&found));
        }
        for (key, inner) in object.iter_mut() {
            if ONE.contains(&key.as_str()) {
                self.redirect(inner, &format!("{new}/{key}"), origins, resource)?;
            } else if LIST.contains(&key.as_str()) {
                for (index, inner) in inner.as_array_mut().into_iter().flatten().enumerate() {
                    self.redirect(inner, &format!("{new}/{key}/{index}"), origins, resource)?;
                }
            } else if MAP.contains(&key.as_str()) {
                for (name, inner) in inner.as_object_mut().into_iter().flatten() {
                    self.redirect(inner, &format!("{new}/{key}/{}", escaped(name)), origins, resource)?;
                }
            }
        }
        Ok(())
    }

    /// The old pointer that a reference by pointer means.
    fn target(&self, reference: &str, resource: &str) -> Option<String> {
        let (base, pointer) = reference.split_once('#')?;
        if !pointer.is_empty() && !pointer.starts_with('/') {
            return None;
        }
        let here = base.is_empty() || self.ids.get(base).is_some_and(|at| at == resource);
        here.then(|| format!("{resource}{}", crate::schema::percent_decoded(pointer)))
    }
}

/// The pointer of what is called `name` there, with no room to spare: as many are held as schemas stand inside each other.
fn inside(pointer: &str, name: &str) -> String {
    [pointer, "/", name].concat()
}

/// Whether a format means in `draft` what it means today: nothing, if neither asserts it.
fn asserted(format: &str, draft: Draft) -> bool {
    Format::named(format, draft).is_some() || Format::named(format, Draft::Draft202012).is_none()
}
