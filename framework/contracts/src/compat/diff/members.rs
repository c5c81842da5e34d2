//! Changes of what an object holds.

use std::collections::BTreeSet;

use crate::compat::graph::{Graph, Kinds, NameId, Node, NodeId, ObjectRules};
use crate::compat::question::Step;
use crate::meaning::escaped;

use super::flat::Flat;
use super::walk::{Pair, Walk};

/// What one side says of a member.
struct Field {
    /// The part that declares it, and as what.
    declared: Option<(NodeId, NodeId)>,
    /// Every schema that it must keep to.
    schemas: Vec<NodeId>,
    required: Option<NodeId>,
}

impl Field {
    fn of(flat: &Flat, graph: &Graph, name: NameId) -> Self {
        let all = flat.property(graph, name);
        Self {
            declared: all.first().copied(),
            schemas: all.iter().map(|(_, schema)| *schema).collect(),
            required: flat.requires(graph, name),
        }
    }

    fn is_known(&self) -> bool {
        self.declared.is_some() || self.required.is_some()
    }

    /// Where it is declared or required, or the object that does neither.
    fn place(&self, flat: &Flat, graph: &Graph, name: NameId) -> String {
        let text = escaped(graph.names.text(name));
        match (self.declared, self.required) {
            (Some((part, _)), _) => format!("{}/properties/{text}", graph.node(part).pointer),
            (None, Some(part)) => format!("{}/required", graph.node(part).pointer),
            (None, None) => around(flat, graph),
        }
    }
}

/// The schema that declares members: where one is missing, it is missing there.
fn around(flat: &Flat, graph: &Graph) -> String {
    let declares =
        |node: &Node| node.object.as_ref().filter(|rules| !rules.properties.is_empty()).map(|_| ());
    let part = flat.said(graph, declares).map(|(part, ())| part);
    flat.pointer(graph, part)
}

impl Walk<'_> {
    pub(super) fn objects(&mut self, pair: &Pair) {
        if !pair.old.kinds.meets(Kinds::OBJECT) || !pair.new.kinds.meets(Kinds::OBJECT) {
            return;
        }
        let mut names: BTreeSet<NameId> = BTreeSet::new();
        for rules in [&pair.old, &pair.new].into_iter().flat_map(|flat| flat.nodes(self.graph)) {
            if let Some(rules) = &rules.object {
                names.extend(rules.properties.iter().map(|(name, _)| *name));
                names.extend(&rules.required);
            }
        }
        for name in names {
            if self.is_full() {
                return;
            }
            self.field(pair, name);
        }
        self.counts(pair, Kinds::OBJECT, "number of members");
        self.undeclared(pair);
        self.patterns(pair);
        self.names(pair);
        self.dependencies(pair);
    }

    fn field(&mut self, pair: &Pair, name: NameId) {
        let old = Field::of(&pair.old, self.graph, name);
        let new = Field::of(&pair.new, self.graph, name);
        let text = self.graph.names.text(name).to_owned();
        let places =
            [Some(old.place(&pair.old, self.graph, name)), Some(new.place(&pair.new, self.graph, name))];
        match (old.is_known(), new.is_known()) {
            (false, false) => {}
            (false, true) | (true, false) => {
                let added = new.is_known();
                let field = if added { &new } else { &old };
                let required = field.required.is_some();
                let rule = match (added, required) {
                    (true, true) => "FIELD_REQUIRED_ADDED",
                    (true, false) => "FIELD_OPTIONAL_ADDED",
                    (false, true) => "FIELD_REQUIRED_REMOVED",
                    (false, false) => "FIELD_OPTIONAL_REMOVED",
                };
                let kind = if required { "required" } else { "optional" };
                let done = if added { "added" } else { "removed" };
                let message = format!("the {kind} field `{text}` was {done}");
                let asked = self.asked_field(if self.writer_is_old { &new } else { &old }, name);
                self.change(rule, pair, places, message, asked);
            }
            (true, true) => {
                self.requirement(pair, name, &old, &new, &places);
                self.field_schemas(pair, name, &old, &new, places);
            }
        }
    }

    /// What a reader says of one member alone: that it must be there, and what it must be.
    fn asked_field(&mut self, reader: &Field, name: NameId) -> NodeId {
        let rules = ObjectRules {
            properties: reader.declared.iter().map(|(_, schema)| (name, *schema)).collect(),
            required: reader.required.iter().map(|_| name).collect(),
            ..ObjectRules::default()
        };
        self.graph.push(Node { object: Some(Box::new(rules)), ..Node::default() })
    }

    fn requirement(
        &mut self,
        pair: &Pair,
        name: NameId,
        old: &Field,
        new: &Field,
        places: &[Option<String>; 2],
    ) {
        let rule = match (old.required, new.required) {
            (None, Some(_)) => "FIELD_BECAME_REQUIRED",
            (Some(_), None) => "FIELD_BECAME_OPTIONAL",
            _ => return,
        };
        let text = self.graph.names.text(name);
        let became = if new.required.is_some() { "required" } else { "optional" };
        let message = format!("the field `{text}` became {became}");
        let reader = if self.writer_is_old { new } else { old };
        let rules = ObjectRules {
            required: reader.required.iter().map(|_| name).collect(),
            ..ObjectRules::default()
        };
        let asked = self.graph.push(Node { object: Some(Box::new(rules)), ..Node::default() });
        self.change(rule, pair, places.clone(), message, asked);
    }

    fn field_schemas(
        &mut self,
        pair: &Pair,
        name: NameId,
        old: &Field,
        new: &Field,
        places: [Option<String>; 2],
    ) {
        match (old.schemas.as_slice(), new.schemas.as_slice()) {
            ([old], [new]) => self.inside(Step::Member(name), *old, *new),
            ([], []) => {}
            (before, after) => {
                let classes = |schemas: &[NodeId]| -> BTreeSet<u32> {
                    schemas.iter().map(|schema| self.graph.class(*schema)).collect()
                };
                if classes(before) == classes(after) {
                    return;
                }
                let reader = if self.writer_is_old { after } else { before };
                let all = Node { all: reader.to_vec(), ..Node::default() };
                let all = self.graph.push(all);
                let field = Field { declared: Some((all, all)), schemas: vec![all], required: None };
                let asked = self.asked_field(&field, name);
                let text = self.graph.names.text(name);
                let (rule, message) = if before.is_empty() {
                    ("FIELD_OPTIONAL_ADDED", format!("the field `{text}` is declared now"))
                } else if after.is_empty() {
                    ("FIELD_OPTIONAL_REMOVED", format!("the field `{text}` is no longer declared"))
                } else {
                    ("COMBINATOR_CHANGED", format!("what the field `{text}` must be changed"))
                };
                self.change(rule, pair, places, message, asked);
            }
        }
    }

    /// Members that no property declares.
    fn undeclared(&mut self, pair: &Pair) {
        let rest = |flat: &Flat, graph: &Graph| flat.said(graph, |node| node.object.as_ref()?.rest);
        let (old, new) = (rest(&pair.old, self.graph), rest(&pair.new, self.graph));
        let unevaluated = |flat: &Flat, graph: &Graph| {
            flat.said(graph, |node| node.object.as_ref()?.unevaluated)
                .map(|(id, schema)| (id, graph.class(schema)))
        };
        let reader = self.reader(pair).clone();
        let closed = self.closes(&reader);
        let places = {
            let place = |side: Option<(NodeId, NodeId)>| {
                side.map(|(id, _)| format!("{}/additionalProperties", self.graph.node(id).pointer))
            };
            [place(old), place(new)]
        };
        if let (Some((_, before)), Some((_, after))) = (old, new)
            && !self.graph.node(before).never
            && !self.graph.node(after).never
        {
            self.inside(Step::AnyMember, before, after);
        } else if closed {
            let message = "the reader is closed: it refuses every field that it does not declare".to_owned();
            let asked = self.asked_rest(&reader);
            self.change("READER_CLOSED", pair, places, message, asked);
        } else if self.says_of_undeclared(pair) {
            let message = "what undeclared fields may be changed".to_owned();
            let asked = self.asked_rest(&reader);
            self.change("MAP_VALUE_CHANGED", pair, places, message, asked);
        }
        let (before, after) = (unevaluated(&pair.old, self.graph), unevaluated(&pair.new, self.graph));
        if let Some((id, _)) = if self.writer_is_old { after } else { before } {
            let message = "the reader is closed: it refuses every field that none of its parts declares";
            self.change("READER_CLOSED", pair, [None, None], message.to_owned(), id);
        }
    }

    /// Whether undeclared members are a matter at all: not if the writer emits none and the reader says nothing.
    fn says_of_undeclared(&self, pair: &Pair) -> bool {
        let rest =
            |flat: &Flat| flat.said(self.graph, |node| node.object.as_ref()?.rest).map(|(_, rest)| rest);
        let written = rest(self.writer(pair)).is_some_and(|rest| !self.graph.node(rest).never);
        match (rest(self.writer(pair)), rest(self.reader(pair))) {
            (Some(writer), Some(reader)) => !self.graph.same(writer, reader) || written,
            (writer, reader) => reader.is_some() || (writer.is_some() && written),
        }
    }

    fn closes(&self, flat: &Flat) -> bool {
        flat.nodes(self.graph)
            .filter_map(|node| node.object.as_ref()?.rest)
            .any(|rest| self.graph.node(rest).never)
    }

    /// What a reader says of undeclared members alone.
    fn asked_rest(&mut self, reader: &Flat) -> NodeId {
        let any = self.graph.push(Node::default());
        let parts: Vec<ObjectRules> =
            reader.nodes(self.graph).filter_map(|node| node.object.as_deref().cloned()).collect();
        let parts = parts.into_iter().filter(|rules| rules.rest.is_some()).map(|rules| ObjectRules {
            properties: rules.properties.iter().map(|(name, _)| (*name, any)).collect(),
            patterns: rules.patterns.iter().map(|(pattern, _)| (*pattern, any)).collect(),
            rest: rules.rest,
            ..ObjectRules::default()
        });
        let parts: Vec<ObjectRules> = parts.collect();
        let all = parts
            .into_iter()
            .map(|rules| self.graph.push(Node { object: Some(Box::new(rules)), ..Node::default() }))
            .collect();
        self.graph.push(Node { all, ..Node::default() })
    }

    fn patterns(&mut self, pair: &Pair) {
        let of = |flat: &Flat, graph: &Graph| -> Vec<(u32, NodeId)> {
            let mut all: Vec<(u32, NodeId)> = flat
                .nodes(graph)
                .filter_map(|node| node.object.as_deref())
                .flat_map(|rules| rules.patterns.clone())
                .collect();
            all.sort_unstable();
            all
        };
        let (old, new) = (of(&pair.old, self.graph), of(&pair.new, self.graph));
        let classes = |all: &[(u32, NodeId)]| -> Vec<(u32, u32)> {
            all.iter().map(|(pattern, schema)| (*pattern, self.graph.class(*schema))).collect()
        };
        if classes(&old) == classes(&new) {
            return;
        }
        let patterns = if self.writer_is_old { new } else { old };
        let rules = ObjectRules { patterns, ..ObjectRules::default() };
        let asked = self.graph.push(Node { object: Some(Box::new(rules)), ..Node::default() });
        let message = "what fields of matching names may be changed".to_owned();
        self.change("PATTERN_PROPERTIES_CHANGED", pair, [None, None], message, asked);
    }

    fn names(&mut self, pair: &Pair) {
        let of = |flat: &Flat, graph: &Graph| flat.said(graph, |node| node.object.as_ref()?.names);
        let (old, new) = (of(&pair.old, self.graph), of(&pair.new, self.graph));
        let class = |side: Option<(NodeId, NodeId)>| side.map(|(_, names)| self.graph.class(names));
        if class(old) == class(new) {
            return;
        }
        let place = |side: Option<(NodeId, NodeId)>| {
            side.map(|(id, _)| format!("{}/propertyNames", self.graph.node(id).pointer))
        };
        let places = [place(old), place(new)];
        let names = (if self.writer_is_old { new } else { old }).map(|(_, names)| names);
        let rules = ObjectRules { names, ..ObjectRules::default() };
        let asked = self.graph.push(Node { object: Some(Box::new(rules)), ..Node::default() });
        let message = "which names fields may have changed".to_owned();
        self.change("PROPERTY_NAMES_CHANGED", pair, places, message, asked);
    }

    fn dependencies(&mut self, pair: &Pair) {
        let of = |flat: &Flat, graph: &Graph| {
            let rules: Vec<ObjectRules> =
                flat.nodes(graph).filter_map(|node| node.object.as_deref().cloned()).collect();
            ObjectRules {
                needs: rules.iter().flat_map(|rules| rules.needs.clone()).collect(),
                implies: rules.iter().flat_map(|rules| rules.implies.clone()).collect(),
                ..ObjectRules::default()
            }
        };
        let (old, new) = (of(&pair.old, self.graph), of(&pair.new, self.graph));
        let implied = |rules: &ObjectRules| -> Vec<(NameId, u32)> {
            rules.implies.iter().map(|(name, schema)| (*name, self.graph.class(*schema))).collect()
        };
        if old.needs == new.needs && implied(&old) == implied(&new) {
            return;
        }
        let rules = if self.writer_is_old { new } else { old };
        let asked = self.graph.push(Node { object: Some(Box::new(rules)), ..Node::default() });
        let message = "what a field needs beside itself changed".to_owned();
        self.change("DEPENDENCY_CHANGED", pair, [None, None], message, asked);
    }
}
