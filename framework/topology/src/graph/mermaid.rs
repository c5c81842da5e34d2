//! [Mermaid](https://mermaid.js.org/syntax/flowchart.html), for Markdown that renders it.

use super::picture::{EdgeKind, Node, NodeKind, Picture};
use super::text::push;

/// What the classes look like.
const CLASSES: &str = "  classDef event fill:#fff,stroke:#555
  classDef external fill:#fff,stroke:#555,stroke-dasharray:5 3
  classDef terminal fill:#eee,stroke:#222,stroke-width:3px
  classDef step fill:#dbe9ff,stroke:#27548a
  classDef junction fill:#555,stroke:#555,color:#fff
";

impl Picture {
    /// The picture as a Mermaid flowchart.
    pub fn mermaid(&self) -> String {
        let mut text = String::from("flowchart TD\n");
        for (at, node) in self.nodes.iter().enumerate() {
            push(&mut text, format_args!("  n{at}{}\n", shape(node)));
        }
        let places = self.places();
        for edge in &self.edges {
            let (Some(from), Some(to)) = (places.get(edge.from.as_str()), places.get(edge.to.as_str()))
            else {
                continue;
            };
            let line = if edge.kind == EdgeKind::Starts { "-.->" } else { "-->" };
            let times = if edge.times.is_empty() { String::new() } else { format!("|\"{}\"|", edge.times) };
            push(&mut text, format_args!("  n{from} {line}{times} n{to}\n"));
        }
        text.push_str(CLASSES);
        text
    }
}

fn shape(node: &Node) -> String {
    let label = node.kind.lines().iter().map(|line| escaped(line)).collect::<Vec<_>>().join("<br>");
    match &node.kind {
        NodeKind::Event { terminal: true, .. } => format!("([\"{label}\"]):::terminal"),
        NodeKind::Event { external: true, .. } => format!("([\"{label}\"]):::external"),
        NodeKind::Event { .. } => format!("([\"{label}\"]):::event"),
        NodeKind::Step { .. } => format!("[\"{label}\"]:::step"),
        NodeKind::Publisher { .. } => format!("[/\"{label}\"/]:::step"),
        NodeKind::OneOf => "{\"or\"}:::junction".to_owned(),
        NodeKind::All => "((\"and\")):::junction".to_owned(),
    }
}

/// Mermaid's entities are those of HTML, written with `#`.
fn escaped(text: &str) -> String {
    text.chars()
        .map(|letter| match letter {
            letter if letter.is_alphanumeric() || " .,-_·()".contains(letter) => letter.to_string(),
            letter if letter.is_control() => " ".to_owned(),
            other => format!("#{};", u32::from(other)),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    #[test]
    fn what_means_something_to_mermaid_is_escaped() {
        assert_eq!(super::escaped("a\"]<b>\n#1;"), "a#34;#93;#60;b#62; #35;1#59;");
    }
}
