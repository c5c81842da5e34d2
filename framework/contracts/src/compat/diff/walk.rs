//! The walk through two schemas.

use std::collections::HashSet;

use serde_json::Value;

use crate::compat::graph::{Graph, Kinds, Limit, ListRules, Node, NodeId, TextRules};
use crate::compat::question::Step;
use crate::compat::rules::RuleId;

use super::flat::Flat;
use super::{Change, MAX_CHANGES, MAX_WALK_DEPTH, words};

/// Lists the changes from one root to the other.
pub(in crate::compat) fn changes(
    graph: &mut Graph,
    writer: NodeId,
    reader: NodeId,
    writer_is_old: bool,
) -> Vec<Change> {
    let mut walk = Walk { graph, writer_is_old, seen: HashSet::new(), path: Vec::new(), changes: Vec::new() };
    let (old, new) = if writer_is_old { (writer, reader) } else { (reader, writer) };
    walk.pair(old, new);
    walk.changes
}

pub(super) struct Walk<'g> {
    pub(super) graph: &'g mut Graph,
    pub(super) writer_is_old: bool,
    seen: HashSet<(NodeId, NodeId)>,
    pub(super) path: Vec<Step>,
    changes: Vec<Change>,
}

/// The old side and the new side of one place.
#[derive(Debug, Clone)]
pub(super) struct Pair {
    pub(super) old: Flat,
    pub(super) new: Flat,
}

impl Walk<'_> {
    /// Compares two schemas of one place.
    pub(super) fn pair(&mut self, old: NodeId, new: NodeId) {
        let known = self.graph.same(old, new) || !self.seen.insert((old, new));
        if known || self.path.len() > MAX_WALK_DEPTH || self.changes.len() >= MAX_CHANGES {
            return;
        }
        let pair = Pair { old: Flat::of(self.graph, old), new: Flat::of(self.graph, new) };
        let before = self.changes.len();
        self.kinds(&pair);
        self.values(&pair);
        self.numbers(&pair);
        self.texts(&pair);
        self.lists(&pair);
        self.objects(&pair);
        self.variants(&pair);
        self.tests(&pair);
        if self.changes.len() == before && self.path.is_empty() {
            self.unexplained(&pair);
        }
    }

    /// What no rule describes.
    pub(super) fn unexplained(&mut self, pair: &Pair) {
        let message = "the schema changed in a way that no simpler rule describes".to_owned();
        let asked = self.reader(pair).id;
        self.change("COMBINATOR_CHANGED", pair, [None, None], message, asked);
    }

    pub(super) fn writer<'p>(&self, pair: &'p Pair) -> &'p Flat {
        if self.writer_is_old { &pair.old } else { &pair.new }
    }

    pub(super) fn reader<'p>(&self, pair: &'p Pair) -> &'p Flat {
        if self.writer_is_old { &pair.new } else { &pair.old }
    }

    /// Goes one step into the value.
    pub(super) fn inside(&mut self, step: Step, old: NodeId, new: NodeId) {
        self.path.push(step);
        self.pair(old, new);
        self.path.pop();
    }

    /// Notes a change. `places` are pointers on both sides, the schemas themselves where there is none.
    pub(super) fn change(
        &mut self,
        rule: RuleId,
        pair: &Pair,
        places: [Option<String>; 2],
        message: String,
        asked: NodeId,
    ) {
        let [old, new] = places;
        let old = old.or_else(|| Some(pair.old.pointer(self.graph, None)));
        let new = new.or_else(|| Some(pair.new.pointer(self.graph, None)));
        self.change_at(rule, pair, [old, new], message, asked);
    }

    /// Notes a change that may have no place on one side.
    pub(super) fn change_at(
        &mut self,
        rule: RuleId,
        pair: &Pair,
        [old, new]: [Option<String>; 2],
        message: String,
        asked: NodeId,
    ) {
        if self.changes.len() < MAX_CHANGES {
            let writer = self.writer(pair).id;
            let path = self.path.clone();
            self.changes.push(Change { rule, old, new, message, path, writer, asked });
        }
    }

    fn kinds(&mut self, pair: &Pair) {
        let (old, new) = (pair.old.kinds, pair.new.kinds);
        // What lists its values says their kinds by them.
        let lists = |flat: &Flat| flat.nodes(self.graph).any(|node| node.values.is_some());
        if old == new || (lists(&pair.old) && lists(&pair.new)) {
            return;
        }
        let rule = if new.contains(old) {
            "TYPE_WIDENED"
        } else if old.contains(new) {
            "TYPE_NARROWED"
        } else {
            "TYPE_CHANGED"
        };
        let message = format!("the type changed from {old} to {new}");
        let asked = self.graph.push(Node { kinds: self.reader(pair).kinds, ..Node::default() });
        let place = |flat: &Flat| Some(format!("{}/type", flat.pointer(self.graph, None)));
        let places = [place(&pair.old), place(&pair.new)];
        self.change(rule, pair, places, message, asked);
    }

    fn values(&mut self, pair: &Pair) {
        let listed = |flat: &Flat, graph: &Graph| -> Option<(NodeId, Vec<Value>)> {
            let (id, values) = flat.said(graph, |node| node.values.as_deref())?;
            Some((id, values.to_vec()))
        };
        let (old, new) = (listed(&pair.old, self.graph), listed(&pair.new, self.graph));
        let places = [&old, &new]
            .map(|side| side.as_ref().map(|(id, _)| format!("{}/enum", self.graph.node(*id).pointer)));
        let places = [
            places[0].clone().map(|place| self.list_place(&place, pair.old.id)),
            places[1].clone().map(|place| self.list_place(&place, pair.new.id)),
        ];
        let asked = {
            let reader = if self.writer_is_old { &new } else { &old };
            let values = reader.as_ref().map(|(_, values)| values.clone().into());
            self.graph.push(Node { values, ..Node::default() })
        };
        let (rule, message) = match (&old, &new) {
            (None, None) => return,
            (Some(_), None) => ("ENUM_VALUE_ADDED", "the list of values is gone: any may come".to_owned()),
            (None, Some((_, new))) => {
                let values: Vec<&Value> = new.iter().collect();
                ("ENUM_VALUE_REMOVED", format!("only listed values are left: {}", words::values(&values)))
            }
            (Some((_, old)), Some((_, new))) => {
                let missing = |from: &[Value], to: &[Value]| -> Vec<Value> {
                    let has =
                        |value: &&Value| !to.iter().any(|other| jsonschema::json::cmp::equal(other, value));
                    from.iter().filter(has).cloned().collect()
                };
                let (removed, added) = (missing(old, new), missing(new, old));
                if let ([before], [after]) = (old.as_slice(), new.as_slice())
                    && !added.is_empty()
                {
                    let message = format!(
                        "the constant changed from {} to {}",
                        words::value(before),
                        words::value(after)
                    );
                    self.change("CONST_CHANGED", pair, places, message, asked);
                    return;
                }
                for (rule, values, what) in
                    [("ENUM_VALUE_REMOVED", removed, "removed"), ("ENUM_VALUE_ADDED", added, "added")]
                {
                    if !values.is_empty() {
                        let values: Vec<&Value> = values.iter().collect();
                        let message = format!("{what} from the listed values: {}", words::values(&values));
                        let message = message.replace("added from", "added to");
                        self.change(rule, pair, places.clone(), message, asked);
                    }
                }
                return;
            }
        };
        self.change(rule, pair, places, message, asked);
    }

    /// Where values are listed: gathered ones stand in branches, so the schema itself is the place.
    fn list_place(&self, place: &str, id: NodeId) -> String {
        if self.graph.node(id).values.is_some() {
            return self.graph.node(id).pointer.to_string();
        }
        place.trim_end_matches("/enum").to_owned()
    }

    fn numbers(&mut self, pair: &Pair) {
        if !pair.old.kinds.meets(Kinds::NUMBER) || !pair.new.kinds.meets(Kinds::NUMBER) {
            return;
        }
        for low in [true, false] {
            let of = |flat: &Flat| {
                let limits =
                    flat.nodes(self.graph).filter_map(|node| if low { node.minimum } else { node.maximum });
                limits.reduce(|left, right| if low { left.higher(right) } else { left.lower(right) })
            };
            let (old, new) = (of(&pair.old), of(&pair.new));
            if old == new {
                continue;
            }
            let tighter = match (old, new) {
                (None, _) => true,
                (_, None) => false,
                (Some(old), Some(new)) => (if low { old.higher(new) } else { old.lower(new) }) == new,
            };
            let limit = if self.writer_is_old { new } else { old };
            let asked = self.graph.push(number_bound(low, limit));
            let what = if low { "lower bound" } else { "upper bound" };
            let message = format!("the {what} changed from {} to {}", words::limit(old), words::limit(new));
            let rule = if self.is_width(pair) { "INT_WIDTH_CHANGED" } else { bound_rule(tighter) };
            self.change(rule, pair, [None, None], message, asked);
        }
        let of = |flat: &Flat| flat.said(self.graph, |node| node.step);
        let (old, new) = (of(&pair.old), of(&pair.new));
        let step = |side: Option<(NodeId, crate::compat::graph::Decimal)>| side.map(|(_, step)| step);
        if step(old) != step(new) {
            let asked = step(if self.writer_is_old { new } else { old });
            let asked = self.graph.push(Node { step: asked, ..Node::default() });
            let shown =
                |side| step(side).map_or_else(|| "none".to_owned(), |step| step.as_float().to_string());
            let message = format!("`multipleOf` changed from {} to {}", shown(old), shown(new));
            let place = |side: Option<(NodeId, _)>| {
                side.map(|(id, _)| format!("{}/multipleOf", self.graph.node(id).pointer))
            };
            let places = [place(old), place(new)];
            self.change("MULTIPLE_OF_CHANGED", pair, places, message, asked);
        }
    }

    /// Whether the two sides differ in the width of integers: by what their bounds are.
    fn is_width(&self, pair: &Pair) -> bool {
        [&pair.old, &pair.new].into_iter().all(|flat| flat.nodes(self.graph).any(|node| node.width.is_some()))
            && {
                let width =
                    |flat: &Flat| flat.said(self.graph, |node| node.width.as_deref()).map(|(_, width)| width);
                width(&pair.old) != width(&pair.new)
            }
    }

    fn texts(&mut self, pair: &Pair) {
        if !pair.old.kinds.meets(Kinds::TEXT) || !pair.new.kinds.meets(Kinds::TEXT) {
            return;
        }
        self.counts(pair, Kinds::TEXT, "length");
        let patterns = |flat: &Flat, graph: &Graph| {
            flat.said(graph, |node| node.text.as_ref()?.pattern)
                .map(|(id, pattern)| (id, graph.patterns.source(pattern).to_owned()))
        };
        let (old, new) = (patterns(&pair.old, self.graph), patterns(&pair.new, self.graph));
        let asked = |rules: TextRules| Node { text: Some(Box::new(rules)), ..Node::default() };
        let pattern = self.reader(pair).said(self.graph, |node| node.text.as_ref()?.pattern);
        let question = TextRules { pattern: pattern.map(|(_, pattern)| pattern), ..TextRules::default() };
        self.keyword(
            pair,
            ["PATTERN_ADDED", "PATTERN_REMOVED", "PATTERN_CHANGED"],
            "pattern",
            old.as_ref(),
            new.as_ref(),
            asked(question),
        );
        let formats = |flat: &Flat, graph: &Graph| {
            flat.said(graph, |node| node.text.as_ref()?.format)
                .map(|(id, format)| (id, format.name().to_owned()))
        };
        let (old, new) = (formats(&pair.old, self.graph), formats(&pair.new, self.graph));
        let format = self.reader(pair).said(self.graph, |node| node.text.as_ref()?.format);
        let question = TextRules { format: format.map(|(_, format)| format), ..TextRules::default() };
        self.keyword(
            pair,
            ["FORMAT_ADDED", "FORMAT_REMOVED", "FORMAT_CHANGED"],
            "format",
            old.as_ref(),
            new.as_ref(),
            asked(question),
        );
        let contents = |flat: &Flat, graph: &Graph| {
            flat.said(graph, |node| node.text.as_ref()?.content)
                .map(|(id, content)| (id, graph.patterns.source(content).replace("(?content)", "")))
        };
        let (old, new) = (contents(&pair.old, self.graph), contents(&pair.new, self.graph));
        let content = self.reader(pair).said(self.graph, |node| node.text.as_ref()?.content);
        let question = TextRules { content: content.map(|(_, content)| content), ..TextRules::default() };
        self.keyword(
            pair,
            ["CONTENT_CHANGED"; 3],
            "contentEncoding",
            old.as_ref(),
            new.as_ref(),
            asked(question),
        );
    }

    /// A keyword that is a word: added, removed or changed.
    fn keyword(
        &mut self,
        pair: &Pair,
        [added, removed, changed]: [RuleId; 3],
        key: &str,
        old: Option<&(NodeId, String)>,
        new: Option<&(NodeId, String)>,
        asked: Node,
    ) {
        let (rule, message) = match (old, new) {
            (None, Some((_, new))) => (added, format!("`{key}` was added: `{new}`")),
            (Some((_, old)), None) => (removed, format!("`{key}` was removed: `{old}`")),
            (Some((_, old)), Some((_, new))) if old != new => {
                (changed, format!("`{key}` changed from `{old}` to `{new}`"))
            }
            _ => return,
        };
        let place = |side: Option<&(NodeId, String)>| {
            side.map(|(id, _)| format!("{}/{key}", self.graph.node(*id).pointer))
        };
        let places = [place(old), place(new)];
        let asked = self.graph.push(asked);
        self.change(rule, pair, places, message, asked);
    }

    /// Least and most of a length or size.
    pub(super) fn counts(&mut self, pair: &Pair, kind: Kinds, what: &str) {
        for low in [true, false] {
            let of = |flat: &Flat| {
                let counts = flat.nodes(self.graph).filter_map(|node| count_of(node, kind, low));
                if low { counts.max() } else { counts.min() }
            };
            let (old, new) = (of(&pair.old), of(&pair.new));
            if old == new {
                continue;
            }
            let tighter = if low {
                new.unwrap_or_default() > old.unwrap_or_default()
            } else {
                new.unwrap_or(u64::MAX) < old.unwrap_or(u64::MAX)
            };
            let count = if self.writer_is_old { new } else { old };
            let asked = self.graph.push(count_bound(kind, low, count));
            let end = if low { "least" } else { "greatest" };
            let message =
                format!("the {end} {what} changed from {} to {}", words::count(old), words::count(new));
            self.change(bound_rule(tighter), pair, [None, None], message, asked);
        }
    }

    fn lists(&mut self, pair: &Pair) {
        if !pair.old.kinds.meets(Kinds::LIST) || !pair.new.kinds.meets(Kinds::LIST) {
            return;
        }
        self.counts(pair, Kinds::LIST, "number of elements");
        let rules = |flat: &Flat, graph: &Graph| -> ListRules {
            let said = flat.nodes(graph).filter_map(|node| node.list.as_deref());
            said.fold(ListRules::default(), |mut sum, rules| {
                if sum.prefix.is_empty() {
                    sum.prefix.clone_from(&rules.prefix);
                }
                sum.items = sum.items.or(rules.items);
                sum.contains = sum.contains.or(rules.contains);
                sum.least_contained = sum.least_contained.max(rules.least_contained);
                sum.most_contained = sum.most_contained.or(rules.most_contained);
                sum.unique |= rules.unique;
                sum.unevaluated = sum.unevaluated.or(rules.unevaluated);
                sum
            })
        };
        let (old, new) = (rules(&pair.old, self.graph), rules(&pair.new, self.graph));
        let reader = if self.writer_is_old { new.clone() } else { old.clone() };
        let ask = |rules: ListRules| Node { list: Some(Box::new(rules)), ..Node::default() };
        if old.unique != new.unique {
            let rule = if new.unique { "UNIQUE_ITEMS_ADDED" } else { "UNIQUE_ITEMS_REMOVED" };
            let message = format!("`uniqueItems` changed from {} to {}", old.unique, new.unique);
            let asked = self.graph.push(ask(ListRules { unique: reader.unique, ..ListRules::default() }));
            self.change(rule, pair, [None, None], message, asked);
        }
        let prefix = old.prefix.len().max(new.prefix.len());
        for index in 0..prefix {
            match (old.element(index), new.element(index)) {
                (Some(old), Some(new)) => self.inside(Step::Element(index), old, new),
                (None, None) => {}
                (old, _) => {
                    let what = if old.is_some() { "is no longer" } else { "is now" };
                    let message = format!("the element at index {index} {what} restricted");
                    let prefix = vec![self.graph.push(Node::default()); index];
                    let asked = match reader.element(index) {
                        Some(element) => {
                            let prefix = prefix.into_iter().chain([element]).collect();
                            ask(ListRules { prefix, ..ListRules::default() })
                        }
                        None => Node::default(),
                    };
                    let asked = self.graph.push(asked);
                    self.change("PREFIX_ITEMS_CHANGED", pair, [None, None], message, asked);
                }
            }
        }
        match (old.items, new.items) {
            (Some(before), Some(after)) if old.prefix.is_empty() && new.prefix.is_empty() => {
                self.inside(Step::AnyElement, before, after);
            }
            (None, None) => {}
            (Some(before), Some(after))
                if self.graph.same(before, after) && old.prefix.len() == new.prefix.len() => {}
            (before, after) => {
                let message = match (before, after) {
                    (None, _) => "the elements after the prefix are now restricted",
                    (_, None) => "the elements after the prefix are no longer restricted",
                    _ => "what the elements after the prefix may be changed",
                };
                let any = self.graph.push(Node::default());
                let prefix = vec![any; reader.prefix.len()];
                let rules = ListRules { prefix, items: reader.items, ..ListRules::default() };
                let asked = self.graph.push(ask(rules));
                self.change("ITEMS_CHANGED", pair, [None, None], message.to_owned(), asked);
            }
        }
        let same = |left: Option<NodeId>, right: Option<NodeId>| match (left, right) {
            (Some(left), Some(right)) => self.graph.same(left, right),
            (left, right) => left == right,
        };
        let counts = |rules: &ListRules| (rules.least_contained, rules.most_contained);
        if !same(old.contains, new.contains) || (old.contains.is_some() && counts(&old) != counts(&new)) {
            let rules = ListRules {
                contains: reader.contains,
                least_contained: reader.least_contained,
                most_contained: reader.most_contained,
                ..ListRules::default()
            };
            let asked = self.graph.push(ask(rules));
            let message = "what the list must contain changed".to_owned();
            self.change("CONTAINS_CHANGED", pair, [None, None], message, asked);
        } else if !same(old.unevaluated, new.unevaluated) {
            let asked = self.reader(pair).id;
            let message = "what unevaluated elements may be changed".to_owned();
            self.change("ITEMS_CHANGED", pair, [None, None], message, asked);
        }
    }

    /// `not` and `if`.
    fn tests(&mut self, pair: &Pair) {
        let nots = |flat: &Flat| flat.said(self.graph, |node| node.not);
        let (old, new) = (nots(&pair.old), nots(&pair.new));
        let class = |side: Option<(NodeId, NodeId)>| side.map(|(_, not)| self.graph.class(not));
        if class(old) != class(new) {
            let reader = if self.writer_is_old { new } else { old };
            let place = |side: Option<(NodeId, NodeId)>| {
                side.map(|(id, _)| format!("{}/not", self.graph.node(id).pointer))
            };
            let places = [place(old), place(new)];
            let asked = self.graph.push(Node { not: reader.map(|(_, not)| not), ..Node::default() });
            let message = "what the value must not be changed".to_owned();
            self.change("NOT_CHANGED", pair, places, message, asked);
        }
        let conditionals = |flat: &Flat| flat.said(self.graph, |node| node.conditional.as_deref().copied());
        let (old, new) = (conditionals(&pair.old), conditionals(&pair.new));
        let classes = |side: Option<(NodeId, crate::compat::graph::Conditional)>| {
            let class = |id: NodeId| self.graph.class(id);
            side.map(|(_, one)| (class(one.test), one.then.map(class), one.otherwise.map(class)))
        };
        if classes(old) != classes(new) {
            let reader = if self.writer_is_old { new } else { old };
            let place =
                |side: Option<(NodeId, _)>| side.map(|(id, _)| format!("{}/if", self.graph.node(id).pointer));
            let places = [place(old), place(new)];
            let conditional = reader.map(|(_, conditional)| Box::new(conditional));
            let asked = self.graph.push(Node { conditional, ..Node::default() });
            let message = "a condition (`if`, `then`, `else`) changed".to_owned();
            self.change("IF_THEN_ELSE_CHANGED", pair, places, message, asked);
        }
    }
}

fn bound_rule(tighter: bool) -> RuleId {
    if tighter { "BOUND_TIGHTENED" } else { "BOUND_LOOSENED" }
}

fn number_bound(low: bool, limit: Option<Limit>) -> Node {
    if low { Node { minimum: limit, ..Node::default() } } else { Node { maximum: limit, ..Node::default() } }
}

fn count_of(node: &Node, kind: Kinds, low: bool) -> Option<u64> {
    let (least, most) = if kind == Kinds::TEXT {
        node.text.as_ref().map(|rules| (rules.least, rules.most))
    } else if kind == Kinds::LIST {
        node.list.as_ref().map(|rules| (rules.least, rules.most))
    } else {
        node.object.as_ref().map(|rules| (rules.least, rules.most))
    }?;
    if low { Some(least).filter(|least| *least > 0) } else { most }
}

fn count_bound(kind: Kinds, low: bool, count: Option<u64>) -> Node {
    let (least, most) = if low { (count.unwrap_or_default(), None) } else { (0, count) };
    let mut node = Node::default();
    if kind == Kinds::TEXT {
        node.text = Some(Box::new(TextRules { least, most, ..TextRules::default() }));
    } else if kind == Kinds::LIST {
        node.list = Some(Box::new(ListRules { least, most, ..ListRules::default() }));
    } else {
        let rules = crate::compat::graph::ObjectRules { least, most, ..Default::default() };
        node.object = Some(Box::new(rules));
    }
    node
}
