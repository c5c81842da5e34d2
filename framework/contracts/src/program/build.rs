//! From a schema to its program: a node for each place that a value can stand at, made once each.

use std::collections::HashMap;
use std::fmt::Write as _;

use jsonschema::Validator;
use serde_json::{Value, json};

use super::atom::Kinds;
use super::flat::{Flat, Key, Place};
use super::node::{ANY, ArrayPlan, Buffer, NEVER, Node, NodeId, ObjectPlan, ObjectRules, Program};
use super::{BufferedPlace, Why};
use crate::tape::TapeJson;
use crate::{MAX_BUFFERED_PLACES, MAX_PROGRAM_DEPTH, MAX_PROGRAM_NODES, MAX_PROGRAM_STEPS};

/// Why a node, or the whole program, is not made.
#[derive(Debug)]
pub(super) enum Stop {
    /// This place must be checked as a whole.
    Here(Why),
    /// The contract must be.
    Everything(Why),
}

/// Makes the nodes of one program.
pub(super) struct Builder<'a> {
    pub(super) root: &'a Value,
    /// The node of each place, or why it has none.
    known: HashMap<Key, Result<NodeId, Why>>,
    nodes: Vec<Node>,
    buffers: Vec<Buffer>,
    places: Vec<BufferedPlace>,
    /// Where each schema stands in the document.
    pointers: HashMap<usize, String>,
    /// One-keyword validators are compiled alike everywhere.
    compile: &'a dyn Fn(&Value) -> Option<Validator<TapeJson>>,
    steps: usize,
    depth: usize,
}

impl From<Why> for Stop {
    fn from(why: Why) -> Self {
        Self::Here(why)
    }
}

/// The program of `schema`, and the places that it leaves to the tape; or why there is none.
pub(super) fn build(
    schema: &Value,
    compile: &dyn Fn(&Value) -> Option<Validator<TapeJson>>,
) -> Result<(Program, Vec<BufferedPlace>), Why> {
    let mut pointers = HashMap::new();
    if !only_document(schema, true, String::new(), &mut pointers) {
        return Err(Why::Resources);
    }
    let mut builder = Builder {
        root: schema,
        known: HashMap::new(),
        nodes: vec![Node::any(), Node::new(Kinds::NONE)],
        buffers: Vec::new(),
        places: Vec::new(),
        pointers,
        compile,
        steps: 0,
        depth: 0,
    };
    let mut place = Place::default();
    place.add(schema);
    match builder.node(&place) {
        Ok(root) => Ok((Program { nodes: builder.nodes, buffers: builder.buffers, root }, builder.places)),
        Err(Stop::Here(why) | Stop::Everything(why)) => Err(why),
    }
}

/// Whether `value` holds no second schema document, and so every `#/…` starts at its top. Notes each value's path.
fn only_document(value: &Value, top: bool, path: String, pointers: &mut HashMap<usize, String>) -> bool {
    let only = match value {
        Value::Object(members) => {
            let second =
                ["$id", "$schema"].iter().any(|name| members.get(*name).is_some_and(Value::is_string));
            (top || !second)
                && members.iter().all(|(name, value)| {
                    let name = name.replace('~', "~0").replace('/', "~1");
                    only_document(value, false, format!("{path}/{name}"), pointers)
                })
        }
        Value::Array(elements) => elements
            .iter()
            .enumerate()
            .all(|(index, value)| only_document(value, false, format!("{path}/{index}"), pointers)),
        _ => true,
    };
    pointers.insert(super::flat::address(value), path);
    only
}

impl<'a> Builder<'a> {
    /// Counts work, so that no contract holds up a start.
    pub(super) fn step(&mut self) -> Result<(), Stop> {
        self.steps += 1;
        if self.steps > MAX_PROGRAM_STEPS || self.nodes.len() > MAX_PROGRAM_NODES {
            return Err(Stop::Everything(Why::TooLarge));
        }
        Ok(())
    }

    pub(super) fn validator(&self, schema: &Value) -> Result<Validator<TapeJson>, Stop> {
        // Each of these keywords compiled as a part of the contract; that it does not alone is not expected.
        (self.compile)(schema).ok_or(Stop::Everything(Why::Reference))
    }

    /// The node of `place`; one that buffers, where it cannot be programmed.
    pub(super) fn node(&mut self, place: &Place<'a>) -> Result<NodeId, Stop> {
        if place.is_refused() {
            return Ok(NEVER);
        }
        if place.asks_nothing() {
            return Ok(ANY);
        }
        let key = place.key();
        if let Some(Ok(id)) = self.known.get(&key) {
            return Ok(*id);
        }
        let id = self.reserve();
        self.known.insert(key, Ok(id));
        let node = match self.programmed(place) {
            Ok(node) => node,
            Err(Stop::Here(why)) => self.buffered(place, why)?,
            Err(stop) => return Err(stop),
        };
        self.nodes[id.0 as usize] = node;
        Ok(id)
    }

    /// The node of a place at which choices were made; an error where it cannot be programmed, for then the place
    /// must be buffered before anything is chosen.
    pub(super) fn resolved(&mut self, place: &Place<'a>) -> Result<NodeId, Stop> {
        let key = place.key();
        match self.known.get(&key) {
            Some(Ok(id)) => return Ok(*id),
            Some(Err(why)) => return Err(Stop::Here(why.clone())),
            None => {}
        }
        let id = self.reserve();
        self.known.insert(key.clone(), Ok(id));
        match self.programmed(place) {
            Ok(node) => {
                self.nodes[id.0 as usize] = node;
                Ok(id)
            }
            Err(Stop::Here(why)) => {
                self.known.insert(key, Err(why.clone()));
                Err(Stop::Here(why))
            }
            Err(stop) => Err(stop),
        }
    }

    fn reserve(&mut self) -> NodeId {
        let id = NodeId(self.nodes.len() as u32);
        self.nodes.push(Node::new(Kinds::NONE));
        id
    }

    /// Makes the node that is held by the next free number, and returns that number.
    pub(super) fn push(&mut self, node: Node) -> NodeId {
        let id = self.reserve();
        self.nodes[id.0 as usize] = node;
        id
    }

    /// The rules for objects of a node that was made already.
    pub(super) fn rules_of(&self, id: NodeId) -> Option<&ObjectRules> {
        match &self.nodes.get(id.0 as usize)?.object {
            ObjectPlan::Rules(rules) => Some(rules),
            _ => None,
        }
    }

    fn programmed(&mut self, place: &Place<'a>) -> Result<Node, Stop> {
        self.step()?;
        if self.depth == MAX_PROGRAM_DEPTH {
            return Err(Stop::Everything(Why::TooLarge));
        }
        self.depth += 1;
        let node = self.look_at(place);
        self.depth -= 1;
        node
    }

    fn look_at(&mut self, place: &Place<'a>) -> Result<Node, Stop> {
        let flat = Flat::of(self.root, place);
        let kinds = self.kinds(&flat)?;
        if let Some((_, why)) = flat.whys.iter().find(|(matters, _)| matters.has(kinds)) {
            return Err(Stop::Here(why.clone()));
        }
        let mut node = Node::new(kinds);
        node.atoms = self.atoms(place, 0)?;
        if kinds.has(Kinds::ARRAY) {
            node.array = self.array(place, &flat)?;
        }
        if kinds.has(Kinds::OBJECT) {
            node.object = self.object(place, &flat)?;
        }
        Ok(node)
    }

    /// An upper bound of the kinds of values that `flat` takes, choices considered.
    pub(super) fn kinds(&mut self, flat: &Flat<'a>) -> Result<Kinds, Stop> {
        let mut kinds = flat.kinds;
        for choice in &flat.choices {
            let mut any = Kinds::NONE;
            for branch in choice.branches {
                any = any.or(self.branch_kinds(branch, 0)?);
            }
            kinds = kinds.and(any);
        }
        Ok(kinds)
    }

    /// The same for one branch of a choice.
    pub(super) fn branch_kinds(&mut self, branch: &'a Value, depth: usize) -> Result<Kinds, Stop> {
        const MAX_DEPTH: usize = 4;
        self.step()?;
        let flat = Flat::of(self.root, &Place::of(branch));
        if depth >= MAX_DEPTH {
            return Ok(flat.kinds);
        }
        let mut kinds = flat.kinds;
        for choice in &flat.choices {
            let mut any = Kinds::NONE;
            for branch in choice.branches {
                any = any.or(self.branch_kinds(branch, depth + 1)?);
            }
            kinds = kinds.and(any);
        }
        Ok(kinds)
    }

    fn array(&mut self, place: &Place<'a>, flat: &Flat<'a>) -> Result<ArrayPlan, Stop> {
        if !flat.choices.is_empty() {
            let Some((chosen, several)) = self.choose(place, flat, Kinds::ARRAY)? else {
                return Ok(ArrayPlan::Refused);
            };
            if !several.is_empty() {
                return Err(Why::Alternatives.into());
            }
            return Ok(ArrayPlan::As(self.resolved(&chosen)?));
        }
        self.array_rules(flat).map(ArrayPlan::Rules)
    }

    fn buffered(&mut self, place: &Place<'a>, why: Why) -> Result<Node, Stop> {
        if self.buffers.len() >= MAX_BUFFERED_PLACES {
            return Err(Stop::Everything(Why::TooManyBuffered));
        }
        let paths: Option<Vec<&String>> =
            place.schemas().iter().map(|schema| self.pointers.get(&super::flat::address(schema))).collect();
        let Some(paths) = paths.filter(|paths| !paths.is_empty() && !place.is_resolved()) else {
            return Err(Stop::Everything(why));
        };
        if paths.iter().any(|path| path.is_empty()) {
            return Err(Stop::Everything(why));
        }
        let parts: Vec<Value> =
            paths.iter().map(|path| json!({ "$ref": format!("{INNER}#{}", encoded(path)) })).collect();
        let mut inner = self.root.clone();
        inner.as_object_mut().map(|inner| inner.insert("$id".to_owned(), INNER.into()));
        let alone = json!({ "$id": "urn:buffered:place", "allOf": parts, "$defs": { "contract": inner } });
        let at = paths.iter().map(|path| path.as_str()).collect::<Vec<_>>().join(" and ");
        let Some(validator) = (self.compile)(&alone) else { return Err(Stop::Everything(why)) };
        let mut node = Node::new(Kinds::ALL);
        node.buffer = Some(self.buffers.len());
        self.buffers.push(Buffer { validator });
        self.places.push(BufferedPlace { at, why: why.to_string() });
        Ok(node)
    }
}

/// The name of a contract inside the schema that checks one place of it.
const INNER: &str = "urn:buffered:contract";

/// A pointer as the fragment of a URI.
fn encoded(pointer: &str) -> String {
    let mut text = String::with_capacity(pointer.len());
    for byte in pointer.bytes() {
        if byte.is_ascii_alphanumeric() || b"/-._~!$&'()*+,;=:@".contains(&byte) {
            text.push(char::from(byte));
        } else {
            // Writing to a text cannot fail.
            let _written = write!(text, "%{byte:02X}");
        }
    }
    text
}
