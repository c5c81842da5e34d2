//! Unions that a reader opens: what fits one of the closed branches may fit several of the open ones.

use std::collections::{HashMap, HashSet};

use serde_json::{Map, Value, json};

use crate::meaning::escaped;
use crate::schema::{LIST, MAP, for_each_mut, percent_decoded, resolve};
use crate::views::OPEN_ENUM;
use crate::views::reach::{Said, reaching, reference};

use super::aside::{Aside, as_fragment};
use super::open::{BELOW, closers, opened_within};

/// Says of an `anyOf` that it stands as `oneOf` in the document.
pub(super) const WAS_ONE_OF: &str = "x-was-one-of";
/// Says of a schema that it stands nowhere in the document.
pub(super) const MADE: &str = "x-made";

/// How many references are followed to what a branch says.
const MAX_REFERENCES: usize = 8;

/// What became of the unions of a reader.
#[derive(Debug, Default)]
pub(super) struct Unions {
    /// Where branches went: from the pointer of the `anyOf` to that of the `oneOf`.
    pub(super) moved: HashMap<String, String>,
    /// The closed branches, as they are referred to.
    closed: Vec<String>,
}

/// Lets each `oneOf` of a closed schema whose branches a reader opens take what fits any open branch and not two closed ones,
/// unless the branches are told apart however open they are. So an event that fits one branch, as it was written, is read,
/// however many others know nothing of its members.
///
/// `closed` is the schema as it was closed. Its branches are copied to `aside`, which stands in the schema only once
/// [`Unions::put`] is called.
pub(super) fn include(schema: &mut Value, closed: &Value, aside: &Aside) -> Unions {
    let mut unions = Unions::default();
    let opener = Opener { closed, aside, opened: reaching(closed, opens) };
    opener.visit(schema, &mut String::new(), &mut unions);
    unions.follow(schema);
    unions
}

impl Unions {
    /// Puts the closed branches aside.
    pub(super) fn put(&mut self, schema: &mut Value, closed: &Value, aside: &Aside) {
        if !self.closed.is_empty() {
            aside.put(schema, closed, std::mem::take(&mut self.closed));
        }
    }

    /// Lets references into branches go where these went.
    fn follow(&self, schema: &mut Value) {
        if self.moved.is_empty() {
            return;
        }
        let went: HashMap<&str, &str> =
            self.moved.iter().map(|(now, was)| (was.as_str(), now.as_str())).collect();
        for_each_mut(schema, &mut |object| {
            let target = reference(object).and_then(|target| target.strip_prefix('#')).map(percent_decoded);
            let Some(target) = target else { return };
            let ends = target.match_indices('/').map(|(at, _)| at).chain([target.len()]);
            let mut known = ends.filter_map(|end| Some((went.get(&target[..end])?, end)));
            let longest = known.next_back();
            if let Some((now, end)) = longest {
                let led = as_fragment(&format!("{now}{}", &target[end..]));
                object.insert("$ref".to_owned(), led.into());
            }
        });
    }

    /// The place that `pointer` means in the schema as it was.
    pub(super) fn before(&self, pointer: &str) -> Option<String> {
        let mut end = pointer.len();
        while !self.moved.is_empty() {
            if let Some(was) = self.moved.get(&pointer[..end]) {
                return Some(format!("{was}{}", &pointer[end..]));
            }
            end = pointer[..end].rfind('/')?;
        }
        None
    }
}

/// Whether opening a schema takes something away, or may.
fn opens(schema: &Value) -> Said<'_> {
    let mut said = Said::default();
    let mut left = vec![schema];
    while let Some(schema) = left.pop() {
        let Value::Object(object) = schema else { continue };
        said.holds |= closers(object).next().is_some() || object.get(OPEN_ENUM) == Some(&Value::Bool(true));
        said.references.extend(reference(object));
        left.extend(opened_within(object));
    }
    said
}

struct Opener<'a> {
    /// The schema before anything was opened.
    closed: &'a Value,
    aside: &'a Aside,
    /// References to schemas that are opened.
    opened: HashSet<String>,
}

impl Opener<'_> {
    /// Goes through all schemas that are opened, the outer ones first. `pointer` is that of `schema` as it is now.
    fn visit(&self, schema: &mut Value, pointer: &mut String, unions: &mut Unions) {
        let Value::Object(object) = schema else { return };
        if let Some(branches) = object.get("oneOf").and_then(Value::as_array)
            && !self.are_apart(branches)
        {
            self.open_branches(object, pointer, unions);
        }
        let length = pointer.len();
        let mut step = |name: &str, inner: &mut Value| {
            pointer.truncate(length);
            pointer.push('/');
            pointer.push_str(name);
            self.visit(inner, pointer, unions);
        };
        for (key, value) in object {
            if BELOW.contains(&key.as_str()) {
                step(key, value);
            } else if LIST.contains(&key.as_str()) {
                let each = value.as_array_mut().into_iter().flatten().enumerate();
                each.for_each(|(index, inner)| step(&format!("{key}/{index}"), inner));
            } else if MAP.contains(&key.as_str()) {
                let each = value.as_object_mut().into_iter().flatten();
                each.for_each(|(name, inner)| step(&format!("{key}/{}", escaped(name)), inner));
            }
        }
        pointer.truncate(length);
    }

    fn opens(&self, branch: &Value) -> bool {
        let said = opens(branch);
        said.holds || said.references.iter().any(|target| self.opened.contains(*target))
    }

    /// Whether an event cannot fit several branches only for what was opened in them.
    fn are_apart(&self, branches: &[Value]) -> bool {
        ["object", "array"].into_iter().all(|kind| {
            let alike: Vec<&Value> = branches.iter().filter(|branch| self.may_be(branch, kind)).collect();
            alike.len() < 2
                || kind == "object" && (self.are_tagged(&alike) || self.are_named(&alike))
                || !alike.iter().any(|branch| self.opens(branch))
        })
    }

    /// What is said of a branch's own value: itself, and what it refers to.
    fn chain<'b>(&'b self, branch: &'b Value) -> impl Iterator<Item = &'b Map<String, Value>> {
        let target = |object: &&'b Map<String, Value>| resolve(self.closed, reference(object)?)?.as_object();
        std::iter::successors(branch.as_object(), target).take(MAX_REFERENCES)
    }

    fn may_be(&self, branch: &Value, kind: &str) -> bool {
        *branch != false
            && self.chain(branch).filter_map(|said| said.get("type")).all(|types| match types {
                Value::Array(types) => types.iter().any(|it| it == kind),
                one => one == kind,
            })
    }

    fn required<'b>(&'b self, branch: &'b Value) -> impl Iterator<Item = &'b str> {
        let lists = self.chain(branch).filter_map(|said| said.get("required")?.as_array());
        lists.flatten().filter_map(Value::as_str)
    }

    /// Whether all branches require one member, each with other values.
    fn are_tagged(&self, branches: &[&Value]) -> bool {
        let Some(first) = branches.first() else { return true };
        self.required(first).any(|name| {
            let mut seen = HashSet::new();
            branches.iter().all(|branch| {
                let values = self.tag(branch, name);
                values.is_some_and(|values| values.iter().all(|value| seen.insert(value.to_string())))
            })
        })
    }

    /// The values that a branch lets a required member have, if it lists texts.
    fn tag<'b>(&'b self, branch: &'b Value, name: &str) -> Option<Vec<&'b Value>> {
        let listed = |said: &'b Map<String, Value>| {
            let member = said.get("properties")?.get(name)?;
            let values = member.get("enum").and_then(Value::as_array).map(|values| values.iter().collect());
            member.get("const").map(|value| vec![value]).or(values)
        };
        let is_open = |said: &Map<String, Value>| {
            said.get("properties").and_then(|members| members.get(name)?.get(OPEN_ENUM)).is_some()
        };
        if self.chain(branch).any(is_open) || !self.required(branch).any(|it| it == name) {
            return None;
        }
        let values: Vec<&Value> = self.chain(branch).find_map(listed)?;
        // Of numbers, several spellings mean the same.
        values.iter().all(|value| value.is_string()).then_some(values)
    }

    /// Whether each branch requires a member that no other declares: closed, no other takes it.
    fn are_named(&self, branches: &[&Value]) -> bool {
        let declared = |branch| -> Option<HashSet<&str>> {
            let mut chain = self.chain(branch);
            let (only, beside) = (chain.next()?, chain.next());
            let spread = ["allOf", "anyOf", "oneOf", "patternProperties"];
            let is_closed = only.get("additionalProperties").is_some_and(|rest| *rest == false);
            let alone = beside.is_none() && is_closed && spread.iter().all(|key| !only.contains_key(*key));
            let names = only.get("properties")?.as_object()?.keys().map(String::as_str).collect();
            alone.then_some(names)
        };
        let Some(all) = branches.iter().map(|branch| declared(branch)).collect::<Option<Vec<_>>>() else {
            return false;
        };
        let mut known: HashMap<&str, usize> = HashMap::new();
        all.iter().flatten().for_each(|name| *known.entry(*name).or_default() += 1);
        branches
            .iter()
            .zip(&all)
            .all(|(branch, own)| self.required(branch).any(|name| own.contains(name) && known[name] == 1))
    }

    /// Puts the branches of `oneOf` under `anyOf`, or, where there is one, under one more in `allOf`. Beside it stands that no two
    /// of them hold as they were closed.
    fn open_branches(&self, object: &mut Map<String, Value>, pointer: &str, unions: &mut Unions) {
        let Some(Value::Array(branches)) = object.remove("oneOf") else { return };
        let was = format!("{}/oneOf", unions.before(pointer).unwrap_or_else(|| pointer.to_owned()));
        let at = as_fragment(&was);
        // What was added to an open enum is no closed branch.
        let count = self.closed.pointer(&was).and_then(Value::as_array).map_or(0, Vec::len);
        let closed: Vec<String> = (0..count).map(|index| format!("{at}/{index}")).collect();
        let copies: Vec<Value> = closed
            .iter()
            .filter_map(|branch| self.aside.reference(branch))
            .map(|branch| json!({ "$ref": branch }))
            .collect();
        unions.closed.extend(closed);
        let Value::Array(all) = object.entry("allOf").or_insert_with(|| json!([])) else { return };
        all.push(json!({ MADE: true, "not": { "anyOf": copies, "not": { "oneOf": copies } } }));
        let beside = all.len();
        let beside = if object.contains_key("anyOf") {
            let Some(Value::Array(all)) = object.get_mut("allOf") else { return };
            all.push(json!({ "anyOf": branches, WAS_ONE_OF: true }));
            format!("/allOf/{beside}")
        } else {
            object.insert("anyOf".to_owned(), branches.into());
            object.insert(WAS_ONE_OF.to_owned(), true.into());
            String::new()
        };
        unions.moved.insert(format!("{pointer}{beside}/anyOf"), was);
    }
}
