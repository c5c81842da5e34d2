//! Changes of tests: `not` and `if`.

use crate::compat::graph::{Conditional, Node, NodeId};

use super::flat::Flat;
use super::walk::{Pair, Walk};

impl Walk<'_> {
    /// `not` and `if`.
    pub(super) fn tests(&mut self, pair: &Pair) {
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
        let classes = |side: Option<(NodeId, Conditional)>| {
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
