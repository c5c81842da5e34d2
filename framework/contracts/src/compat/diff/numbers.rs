//! Changes of numbers, lengths and sizes.

use crate::compat::graph::{
    Decimal, Kinds, Limit, ListRules, Node, NodeId, NumberRules, ObjectRules, TextRules,
};
use crate::compat::rules::RuleId;

use super::flat::Flat;
use super::walk::{Pair, Walk};
use super::words;

impl Walk<'_> {
    pub(super) fn numbers(&mut self, pair: &Pair) {
        if !pair.old.kinds.meets(Kinds::NUMBER) || !pair.new.kinds.meets(Kinds::NUMBER) {
            return;
        }
        for low in [true, false] {
            let of = |flat: &Flat| {
                let limits = flat
                    .nodes(self.graph)
                    .filter_map(|node| if low { node.minimum() } else { node.maximum() });
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
        let of = |flat: &Flat| flat.said(self.graph, Node::step);
        let (old, new) = (of(&pair.old), of(&pair.new));
        let step = |side: Option<(NodeId, Decimal)>| side.map(|(_, step)| step);
        if step(old) != step(new) {
            let asked = step(if self.writer_is_old { new } else { old });
            let asked =
                self.graph.push(Node::of_numbers(NumberRules { step: asked, ..NumberRules::default() }));
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
        let width = |flat: &Flat| {
            flat.said(self.graph, |node| node.numbers.as_ref()?.width.as_deref()).map(|(_, width)| width)
        };
        let (old, new) = (width(&pair.old), width(&pair.new));
        old.is_some() && new.is_some() && old != new
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
}

fn bound_rule(tighter: bool) -> RuleId {
    if tighter { "BOUND_TIGHTENED" } else { "BOUND_LOOSENED" }
}

fn number_bound(low: bool, limit: Option<Limit>) -> Node {
    let (minimum, maximum) = if low { (limit, None) } else { (None, limit) };
    Node::of_numbers(NumberRules { minimum, maximum, ..NumberRules::default() })
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
        let rules = ObjectRules { least, most, ..ObjectRules::default() };
        node.object = Some(Box::new(rules));
    }
    node
}
