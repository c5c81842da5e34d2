//! [Graphviz DOT](https://graphviz.org/doc/info/lang.html).

use std::collections::BTreeMap;

use super::picture::{EdgeKind, Node, NodeKind, Picture};
use super::text::{is_unseen, push};

impl Picture {
    /// The picture as a DOT graph, with a box around each service.
    pub fn dot(&self) -> String {
        let mut text = String::from(
            "digraph choreography {\n  rankdir=TB;\n  node [fontname=\"sans-serif\", fontsize=11];\n",
        );
        let mut services: BTreeMap<&str, Vec<&Node>> = BTreeMap::new();
        for node in &self.nodes {
            match &node.kind {
                NodeKind::Step { service, .. } | NodeKind::Publisher { service, .. } => {
                    services.entry(service).or_default().push(node);
                }
                _ => push(&mut text, format_args!("  {} [{}];\n", quoted(&node.id), attributes(node))),
            }
        }
        for (at, (service, nodes)) in services.iter().enumerate() {
            push(
                &mut text,
                format_args!(
                    "  subgraph cluster_{at} {{\n    label={}; style=rounded; color=\"#27548a\";\n",
                    quoted(service)
                ),
            );
            for node in nodes {
                push(&mut text, format_args!("    {} [{}];\n", quoted(&node.id), attributes(node)));
            }
            text.push_str("  }\n");
        }
        for edge in &self.edges {
            let style = if edge.kind == EdgeKind::Starts { ", style=dashed" } else { "" };
            push(
                &mut text,
                format_args!(
                    "  {} -> {} [label={}{style}];\n",
                    quoted(&edge.from),
                    quoted(&edge.to),
                    quoted(edge.times)
                ),
            );
        }
        text.push_str("}\n");
        text
    }
}

fn attributes(node: &Node) -> String {
    let label = quoted(&node.kind.lines().join("\n"));
    match &node.kind {
        NodeKind::Event { terminal, external, .. } => {
            let style = if *external { "rounded,dashed" } else { "rounded" };
            format!(
                "label={label}, shape=box, style={}, peripheries={}",
                quoted(style),
                1 + u32::from(*terminal)
            )
        }
        NodeKind::Step { .. } => format!("label={label}, shape=box, style=filled, fillcolor=\"#dbe9ff\""),
        NodeKind::Publisher { .. } => {
            format!("label={label}, shape=parallelogram, style=filled, fillcolor=\"#dbe9ff\"")
        }
        NodeKind::OneOf => {
            "label=\"or\", shape=diamond, style=filled, fillcolor=\"#555555\", fontcolor=white".to_owned()
        }
        NodeKind::All => "label=\"\", shape=point, width=0.12".to_owned(),
    }
}

/// A quoted string: a quote and a backslash are the only letters with a meaning in it, and a line's end is written `\n`.
fn quoted(text: &str) -> String {
    let inner: String = text
        .chars()
        .map(|letter| match letter {
            '"' => "\\\"".to_owned(),
            '\\' => "\\\\".to_owned(),
            '\n' => "\\n".to_owned(),
            letter if is_unseen(letter) => " ".to_owned(),
            other => other.to_string(),
        })
        .collect();
    format!("\"{inner}\"")
}

#[cfg(test)]
mod tests {
    #[test]
    fn quotes_do_not_end_a_string() {
        assert_eq!(super::quoted("a\"b\\\n\u{7}"), r#""a\"b\\\n ""#);
    }
}
