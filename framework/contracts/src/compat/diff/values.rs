//! Changes of types and of listed values.

use std::sync::Arc;

use serde_json::Value;

use crate::compat::graph::{Graph, Listed, Node, NodeId};

use super::flat::Flat;
use super::walk::{Pair, Walk};
use super::words;

impl Walk<'_> {
    pub(super) fn kinds(&mut self, pair: &Pair) {
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

    pub(super) fn values(&mut self, pair: &Pair) {
        let listed = |flat: &Flat, graph: &Graph| flat.said(graph, |node| node.values.clone());
        let (old, new) = (listed(&pair.old, self.graph), listed(&pair.new, self.graph));
        if old.is_none() && new.is_none() {
            return;
        }
        let place = |side: Option<&(NodeId, Arc<Listed>)>, flat: &Flat| {
            side.map(|(id, _)| self.list_place(*id, flat.id))
        };
        let places = [place(old.as_ref(), &pair.old), place(new.as_ref(), &pair.new)];
        let (old, new) = (old.map(|(_, listed)| listed), new.map(|(_, listed)| listed));
        let reader = if self.writer_is_old { &new } else { &old };
        let asked = self.graph.push(Node { values: reader.clone(), ..Node::default() });
        match (old, new) {
            (Some(old), Some(new)) => self.listed(pair, &old, &new, &places, asked),
            (_, None) => {
                let message = "the list of values is gone: any may come".to_owned();
                self.change("ENUM_VALUE_ADDED", pair, places, message, asked);
            }
            (None, Some(new)) => {
                let values: Vec<&Value> = new.iter().collect();
                let message = format!("only listed values are left: {}", words::values(&values));
                self.change("ENUM_VALUE_REMOVED", pair, places, message, asked);
            }
        }
    }

    /// Values listed on both sides.
    fn listed(
        &mut self,
        pair: &Pair,
        old: &Listed,
        new: &Listed,
        places: &[Option<String>; 2],
        asked: NodeId,
    ) {
        let (removed, added) = old.apart(new);
        if let ([before], [after]) = (&**old, &**new)
            && !added.is_empty()
        {
            let message =
                format!("the constant changed from {} to {}", words::value(before), words::value(after));
            self.change("CONST_CHANGED", pair, places.clone(), message, asked);
            return;
        }
        if !removed.is_empty() {
            let message = format!("removed from the listed values: {}", words::values(&removed));
            self.change("ENUM_VALUE_REMOVED", pair, places.clone(), message, asked);
        }
        if !added.is_empty() {
            let message = format!("added to the listed values: {}", words::values(&added));
            self.change("ENUM_VALUE_ADDED", pair, places.clone(), message, asked);
        }
    }

    /// Where values are listed: gathered ones stand in branches, so the schema itself is the place.
    fn list_place(&self, listing: NodeId, id: NodeId) -> String {
        let place = if self.graph.node(id).values.is_some() { id } else { listing };
        self.graph.node(place).pointer.to_string()
    }
}
