//! Reading a document into the graph.

use std::collections::HashMap;
use std::sync::Arc;

use jsonschema::Draft;
use jsonschema::json::cmp;
use serde_json::Value;

use crate::meaning::escaped;
use crate::schema::has_key;

use super::format::Format;
use super::keywords::{Groups, Keywords};
use super::listed::Listed;
use super::node::{Conditional, ListRules, Node, NodeId, ObjectRules, TextRules};
use super::pointers::{KeptPointers, inside};
use super::refs::References;
use super::{Graph, Kinds};
use crate::compat::unions::{MADE, WAS_ONE_OF};

/// How many schemas both documents may come to together.
pub(in crate::compat) const MAX_NODES: usize = 250_000;

/// How many branches a union may have: each of one document meets each of the other. A list of values is none.
const MAX_BRANCHES: usize = 1_000;

/// What is said of a union with more.
const TOO_WIDE: &str = "is a union of more than 1000 branches: let more than one event share them";

/// Why a document cannot be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::compat) struct ReadError {
    pub(in crate::compat) pointer: String,
    pub(in crate::compat) problem: String,
}

pub(super) fn error(pointer: String, problem: impl Into<String>) -> ReadError {
    ReadError { pointer, problem: problem.into() }
}

impl Graph {
    /// Reads `schema`, in the words of 2020-12, and everything that it refers to. `draft` is the one whose formats
    /// and encodings are asserted.
    pub(in crate::compat) fn read(&mut self, schema: &Value, draft: Draft) -> Result<NodeId, ReadError> {
        let references = References::of(schema)?;
        let (known, queue) = (HashMap::new(), Vec::new());
        let unevaluated = has_key(schema, &["unevaluatedProperties", "unevaluatedItems"]);
        let mut reader = Reader {
            graph: self,
            draft,
            references: &references,
            known,
            queue,
            pointers: KeptPointers::default(),
            unevaluated,
        };
        let root = reader.node(schema, String::new())?;
        while let Some((id, schema, pointer)) = reader.queue.pop() {
            let node = reader.schema(schema, pointer)?;
            reader.graph.nodes[id as usize] = node;
        }
        Ok(root)
    }

    /// Settles what both documents say, once both are read. Returns the roots as they are now.
    ///
    /// `Err` names a schema that applies itself to its own value again, or too many others, and says so.
    pub(in crate::compat) fn settle(
        &mut self,
        roots: [NodeId; 2],
    ) -> Result<[NodeId; 2], (NodeId, &'static str)> {
        if let Some(endless) = self.endless() {
            return Err((
                endless,
                "leads back to itself for the same value, without end: let it step into a field first",
            ));
        }
        let targets = self.skip_references();
        if let Some(overgrown) = self.overgrown() {
            return Err((
                overgrown,
                "applies too many schemas to one value, or too many inside each other: split it",
            ));
        }
        self.gather_constants();
        if let Some(wide) = self.too_wide() {
            return Err((wide, TOO_WIDE));
        }
        self.split_unevaluated();
        self.spell_out_listed();
        self.learn_names();
        Ok(roots.map(|root| targets[root as usize]))
    }

    /// A union of more branches than are compared.
    fn too_wide(&self) -> Option<NodeId> {
        let is_wide =
            |branches: &Option<Box<[NodeId]>>| branches.as_ref().is_some_and(|all| all.len() > MAX_BRANCHES);
        let wide = self.nodes.iter().position(|node| is_wide(&node.any) || is_wide(&node.one))?;
        Some(wide as NodeId)
    }

    /// `oneOf` or `anyOf` with nothing but listed values in its branches lists their values.
    fn gather_constants(&mut self) {
        for id in 0..self.nodes.len() {
            let node = &self.nodes[id];
            if node.values.is_some() {
                continue;
            }
            let one = node.one.as_deref().and_then(|branches| self.constants(branches, true));
            let any = node.any.as_deref().and_then(|branches| self.constants(branches, false));
            let node = &mut self.nodes[id];
            let values = match (one, any) {
                (Some(values), _) => {
                    node.one = None;
                    values
                }
                (None, Some(values)) => {
                    node.any = None;
                    values
                }
                (None, None) => continue,
            };
            set_values(node, values);
        }
    }

    fn constants(&self, branches: &[NodeId], distinct: bool) -> Option<Vec<Value>> {
        let mut all: Vec<Value> = Vec::new();
        for branch in branches {
            let branch = &self.nodes[*branch as usize];
            let values = branch.values.as_ref()?;
            let bare = Node { pointer: Box::default(), values: None, kinds: Kinds::ALL, ..branch.clone() };
            if !bare.is_silent(Kinds::ALL) {
                return None;
            }
            all.extend(values.iter().cloned());
        }
        let texts = all.iter().all(Value::is_string);
        let mut seen = std::collections::HashSet::new();
        let is_distinct = if texts {
            all.iter().all(|value| seen.insert(value.as_str()))
        } else {
            all.len() < 100
                && (0..all.len()).all(|at| all[..at].iter().all(|value| !cmp::equal(value, &all[at])))
        };
        (is_distinct || (!distinct && texts)).then_some(all)
    }
}

/// Whether a branch lists no values, itself or through others: a union with such a branch stays one.
fn is_no_constant(branch: &Value) -> bool {
    ["enum", "const", "$ref", "$dynamicRef", "allOf", "anyOf", "oneOf"]
        .iter()
        .all(|key| branch.get(*key).is_none())
}

/// Lists a node's values: those of its kinds only, each once, in one order.
fn set_values(node: &mut Node, mut values: Vec<Value>) {
    values.retain(|value| node.kinds.meets(Kinds::of(value)));
    node.kinds = values.iter().map(Kinds::of).fold(Kinds::EMPTY, Kinds::or);
    node.never |= values.is_empty();
    node.values = Some(Arc::new(Listed::new(values)));
}

struct Reader<'g, 'a> {
    graph: &'g mut Graph,
    draft: Draft,
    references: &'g References<'a>,
    known: HashMap<usize, NodeId>,
    queue: Vec<(NodeId, &'a Value, String)>,
    pointers: KeptPointers,
    /// Whether any schema says something of what others leave alone.
    unevaluated: bool,
}

impl<'a> Reader<'_, 'a> {
    /// The node of a schema: it is read later, so that no chain of references goes onto the stack.
    fn node(&mut self, schema: &'a Value, pointer: String) -> Result<NodeId, ReadError> {
        let address = std::ptr::from_ref(schema) as usize;
        if let Some(id) = self.known.get(&address) {
            return Ok(*id);
        }
        if !schema.is_object() && !schema.is_boolean() {
            return Err(error(pointer, "a schema is an object, `true` or `false`"));
        }
        if self.graph.nodes.len() >= MAX_NODES {
            return Err(error(
                pointer,
                format!("more than {MAX_NODES} schemas in both documents: split the event"),
            ));
        }
        self.pointers.count(&pointer)?;
        let id = self.graph.nodes.len() as NodeId;
        self.graph.nodes.push(Node::default());
        self.known.insert(address, id);
        self.queue.push((id, schema, pointer));
        Ok(id)
    }

    fn schema(&mut self, schema: &'a Value, pointer: String) -> Result<Node, ReadError> {
        let mut node = Node::default();
        if let Value::Object(object) = schema {
            let place = Keywords { object, pointer: &pointer };
            let said = place.groups();
            node.kinds = place.kinds()?;
            if said.has(Groups::NUMBERS) {
                node.numbers = place.numbers()?.map(Box::new);
            }
            if said.has(Groups::TEXTS) {
                node.text = self.text(&place)?.map(Box::new);
            }
            if said.has(Groups::LISTS) {
                node.list = self.list(&place)?.map(Box::new);
            }
            if said.has(Groups::OBJECTS) {
                node.object = self.members(&place)?.map(Box::new);
            }
            if said.has(Groups::PARTS) {
                self.parts(schema, &place, &mut node)?;
            }
            if said.has(Groups::VALUES)
                && let Some(values) = place.values()?
            {
                set_values(&mut node, values);
            }
        } else {
            node.never = *schema == false;
        }
        node.pointer = pointer.into();
        Ok(node)
    }

    fn parts(
        &mut self,
        schema: &'a Value,
        place: &Keywords<'a, '_>,
        node: &mut Node,
    ) -> Result<(), ReadError> {
        for key in ["$ref", "$dynamicRef"] {
            let Some(reference) = place.object.get(key) else { continue };
            let at = place.at(key);
            let Some(reference) = reference.as_str() else {
                return Err(error(at, format!("`{key}` must be a text")));
            };
            if key == "$dynamicRef" && self.references.has_inner_resources() {
                let problem = "`$dynamicRef` beside inner `$id`s depends on who refers: write `$ref`";
                return Err(error(at, problem));
            }
            let target = self.references.resolve(schema, reference).map_err(|problem| error(at, problem))?;
            node.all.push(self.node(target.schema, target.pointer)?);
        }
        node.all.extend(self.branches(place, "allOf")?.into_iter().flatten());
        node.any = self.branches(place, "anyOf")?.map(Into::into);
        node.is_made = place.object.contains_key(MADE);
        node.was_one = place.object.contains_key(WAS_ONE_OF);
        node.one = self.branches(place, "oneOf")?.map(Into::into);
        node.not = self.one(place, "not")?;
        if let Some(test) = self.one(place, "if")? {
            let (then, otherwise) = (self.one(place, "then")?, self.one(place, "else")?);
            // Alone it says which members and elements are looked at.
            if then.is_some() || otherwise.is_some() || self.unevaluated {
                node.conditional = Some(Box::new(Conditional { test, then, otherwise }));
            }
        }
        Ok(())
    }

    fn one(&mut self, place: &Keywords<'a, '_>, key: &str) -> Result<Option<NodeId>, ReadError> {
        let Some(schema) = place.object.get(key) else { return Ok(None) };
        self.node(schema, place.at(key)).map(Some)
    }

    fn branches(&mut self, place: &Keywords<'a, '_>, key: &str) -> Result<Option<Vec<NodeId>>, ReadError> {
        let Some(list) = place.object.get(key) else { return Ok(None) };
        let Some(list) = list.as_array().filter(|list| !list.is_empty() || key == "prefixItems") else {
            return Err(error(place.at(key), format!("`{key}` must be a list of schemas")));
        };
        if matches!(key, "anyOf" | "oneOf") && list.len() > MAX_BRANCHES && list.iter().any(is_no_constant) {
            return Err(error(place.pointer.to_owned(), TOO_WIDE));
        }
        let around = place.at(key);
        let nodes = list
            .iter()
            .enumerate()
            .map(|(index, schema)| self.node(schema, inside(&around, &index.to_string())));
        nodes.collect::<Result<_, _>>().map(Some)
    }

    fn named(&mut self, place: &Keywords<'a, '_>, key: &str) -> Result<Vec<(&'a str, NodeId)>, ReadError> {
        let Some(map) = place.object.get(key) else { return Ok(Vec::new()) };
        let Some(map) = map.as_object() else {
            return Err(error(place.at(key), format!("`{key}` must be an object of schemas")));
        };
        let around = place.at(key);
        let nodes = map
            .iter()
            .map(|(name, schema)| Ok((name.as_str(), self.node(schema, inside(&around, &escaped(name)))?)));
        nodes.collect()
    }

    fn text(&mut self, place: &Keywords<'a, '_>) -> Result<Option<TextRules>, ReadError> {
        let mut rules = TextRules {
            least: place.count("minLength")?.unwrap_or_default(),
            most: place.count("maxLength")?,
            ..TextRules::default()
        };
        if let Some(pattern) = place.word("pattern")? {
            rules.pattern = Some(self.pattern(place, "pattern", pattern)?);
        }
        rules.format = place.word("format")?.and_then(|format| Format::named(format, self.draft));
        if let Some(shape) = rules.format.and_then(Format::shape) {
            self.pattern(place, "format", shape)?;
        }
        if matches!(self.draft, Draft::Draft6 | Draft::Draft7)
            && let Some(said) = place.content()?
        {
            let added = self.graph.patterns.add_content(&Value::Object(said));
            rules.content = Some(added.map_err(|problem| error(place.at("contentEncoding"), problem))?);
        }
        let says = rules.least > 0
            || rules.most.is_some()
            || rules.pattern.is_some()
            || rules.format.is_some()
            || rules.content.is_some();
        Ok(says.then_some(rules))
    }

    fn pattern(
        &mut self,
        place: &Keywords<'a, '_>,
        key: &str,
        pattern: &str,
    ) -> Result<super::PatternId, ReadError> {
        self.graph.patterns.add(pattern).map_err(|problem| error(place.at(key), problem))
    }

    fn list(&mut self, place: &Keywords<'a, '_>) -> Result<Option<ListRules>, ReadError> {
        let mut rules = ListRules {
            least: place.count("minItems")?.unwrap_or_default(),
            most: place.count("maxItems")?,
            prefix: self.branches(place, "prefixItems")?.unwrap_or_default(),
            items: self.one(place, "items")?,
            contains: self.one(place, "contains")?,
            least_contained: 1,
            most_contained: None,
            unique: place.flag("uniqueItems")?,
            unevaluated: self.one(place, "unevaluatedItems")?,
        };
        if rules.contains.is_some() {
            rules.least_contained = place.count("minContains")?.unwrap_or(1);
            rules.most_contained = place.count("maxContains")?;
        }
        let says = rules.least > 0
            || rules.most.is_some()
            || !rules.prefix.is_empty()
            || rules.items.is_some()
            || rules.contains.is_some()
            || rules.unique
            || rules.unevaluated.is_some();
        Ok(says.then_some(rules))
    }

    fn members(&mut self, place: &Keywords<'a, '_>) -> Result<Option<ObjectRules>, ReadError> {
        let mut rules = ObjectRules {
            least: place.count("minProperties")?.unwrap_or_default(),
            most: place.count("maxProperties")?,
            rest: self.one(place, "additionalProperties")?,
            names: self.one(place, "propertyNames")?,
            unevaluated: self.one(place, "unevaluatedProperties")?,
            ..ObjectRules::default()
        };
        for (name, node) in self.named(place, "properties")? {
            rules.properties.push((self.graph.names.add(name), node));
        }
        rules.properties.sort_unstable_by_key(|(name, _)| *name);
        for (pattern, node) in self.named(place, "patternProperties")? {
            let pattern = self.pattern(place, "patternProperties", pattern)?;
            rules.patterns.push((pattern, node));
        }
        for (name, node) in self.named(place, "dependentSchemas")? {
            rules.implies.push((self.graph.names.add(name), node));
        }
        if let Some(value) = place.object.get("required") {
            rules.required = self.names(place, "required", value)?;
        }
        if let Some(value) = place.object.get("dependentRequired") {
            let Some(map) = value.as_object() else {
                return Err(error(place.at("dependentRequired"), "`dependentRequired` must be an object"));
            };
            for (name, needed) in map {
                let needed = self.names(place, "dependentRequired", needed)?;
                rules.needs.push((self.graph.names.add(name), needed));
            }
        }
        rules.patterns.sort_unstable();
        rules.implies.sort_unstable();
        rules.needs.sort_unstable();
        let says = rules.least > 0
            || rules.most.is_some()
            || rules.rest.is_some()
            || rules.names.is_some()
            || rules.unevaluated.is_some()
            || !rules.properties.is_empty()
            || !rules.patterns.is_empty()
            || !rules.implies.is_empty()
            || !rules.required.is_empty()
            || !rules.needs.is_empty();
        Ok(says.then_some(rules))
    }

    fn names(
        &mut self,
        place: &Keywords<'a, '_>,
        key: &str,
        value: &'a Value,
    ) -> Result<Vec<super::NameId>, ReadError> {
        let wrong = || error(place.at(key), format!("`{key}` must list names"));
        let list = value.as_array().ok_or_else(wrong)?;
        let names = list.iter().map(|name| name.as_str().map(|name| self.graph.names.add(name)));
        let mut names: Vec<_> = names.collect::<Option<_>>().ok_or_else(wrong)?;
        names.sort_unstable();
        names.dedup();
        Ok(names)
    }
}
