//! Changes of what texts must be.

use crate::compat::graph::{Graph, Kinds, Node, NodeId, TextRules};
use crate::compat::rules::RuleId;

use super::flat::Flat;
use super::walk::{Pair, Walk};

impl Walk<'_> {
    pub(super) fn texts(&mut self, pair: &Pair) {
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
}
