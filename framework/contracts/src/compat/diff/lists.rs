//! Changes of what lists hold.

use crate::compat::graph::{Graph, Kinds, ListRules, Node, NodeId};
use crate::compat::question::Step;

use super::flat::Flat;
use super::walk::{Pair, Walk};

impl Walk<'_> {
    pub(super) fn lists(&mut self, pair: &Pair) {
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
}
