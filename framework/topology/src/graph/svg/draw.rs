//! The SVG text.

use super::layers::Grid;
use super::place::Positions;
use crate::graph::picture::{Edge, EdgeKind, Node, NodeKind, Picture};
use crate::graph::text::{is_unseen, push};

/// Width of a letter of the first line and of the others, in the font sizes below.
const LETTER: f64 = 7.4;
const SMALL_LETTER: f64 = 6.3;
/// What a label's box adds to its text.
const PADDING: f64 = 22.0;
const LINE_HEIGHTS: (f64, f64) = (24.0, 14.0);
/// How many letters of a line are shown.
const MAX_LETTERS: usize = 60;

const HEAD: &str = r##"<style>
.name{font:600 13px system-ui,"Segoe UI",Helvetica,Arial,sans-serif;fill:#1d2733;text-anchor:middle}
.more{font:10.5px system-ui,"Segoe UI",Helvetica,Arial,sans-serif;fill:#5a6673;text-anchor:middle}
.times{font:600 13px system-ui,"Segoe UI",Helvetica,Arial,sans-serif;fill:#1d2733;text-anchor:middle;paint-order:stroke;stroke:#fff;stroke-width:4px}
.event{fill:#fff;stroke:#6b7683;stroke-width:1.3}
.external{stroke-dasharray:5 3}
.terminal{fill:#eef0f2;stroke:#1d2733;stroke-width:1.6}
.ring{fill:none;stroke:#1d2733;stroke-width:1}
.step{stroke:#27548a;stroke-width:1.3}
.junction{fill:#3d4a58}
.word{font:600 10px system-ui,"Segoe UI",Helvetica,Arial,sans-serif;fill:#fff;text-anchor:middle}
.edge{fill:none;stroke:#8793a0;stroke-width:1.3}
.emits{stroke:#27548a}
.starts{stroke:#27548a;stroke-dasharray:4 3}
</style>
<defs>
<marker id="grey" viewBox="0 0 8 8" refX="7.5" refY="4" markerWidth="8" markerHeight="8" markerUnits="userSpaceOnUse" orient="auto"><path d="M0 0 8 4 0 8z" fill="#8793a0"/></marker>
<marker id="blue" viewBox="0 0 8 8" refX="7.5" refY="4" markerWidth="8" markerHeight="8" markerUnits="userSpaceOnUse" orient="auto"><path d="M0 0 8 4 0 8z" fill="#27548a"/></marker>
</defs>
"##;

/// Width and height of a node.
pub(super) fn size(kind: &NodeKind) -> (f64, f64) {
    let lines = kind.lines();
    if lines.is_empty() {
        return if *kind == NodeKind::OneOf { (38.0, 26.0) } else { (10.0, 10.0) };
    }
    let width = lines.iter().enumerate().map(|(index, line)| {
        let letters = line.chars().count().min(MAX_LETTERS) as f64;
        letters * if index == 0 { LETTER } else { SMALL_LETTER }
    });
    let more = LINE_HEIGHTS.1 * (lines.len() - 1) as f64;
    (width.fold(0.0, f64::max) + PADDING, LINE_HEIGHTS.0 + more)
}

pub(super) fn document(picture: &Picture, grid: &Grid, positions: &Positions) -> String {
    let (width, height) = (positions.width, positions.height);
    let mut text = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width:.0} {height:.0}\" width=\"{width:.0}\" \
         height=\"{height:.0}\" role=\"img\">\n<title>Choreography</title>\n{HEAD}\
         <rect width=\"100%\" height=\"100%\" fill=\"#fff\"/>\n"
    );
    for (drawn, route) in picture.edges.iter().zip(&grid.routes) {
        edge(&mut text, drawn, route, grid, positions);
    }
    for (drawn, (centre, size)) in picture.nodes.iter().zip(positions.centres.iter().zip(&grid.sizes)) {
        node(&mut text, drawn, *centre, *size);
    }
    text.push_str("</svg>\n");
    text
}

/// Appends one line.
macro_rules! line {
    ($text:expr, $($format:tt)*) => {{
        push($text, format_args!($($format)*));
        $text.push('\n');
    }};
}

fn edge(text: &mut String, edge: &Edge, route: &[usize], grid: &Grid, positions: &Positions) {
    let (Some(&first), Some(&last)) = (route.first(), route.last()) else { return };
    let centre = |point: usize| positions.centres[point];
    let half = |point: usize| grid.sizes[point].1 / 2.0;
    let down = centre(first).1 <= centre(last).1;
    let sign = if down { 1.0 } else { -1.0 };
    let (x, y) = centre(first);
    let mut at = (x, y + sign * half(first));
    let mut path = format!("M{:.1} {:.1}", at.0, at.1);
    if first == last {
        // A loop to itself, at its right side.
        let right = x + grid.sizes[first].0 / 2.0;
        path = format!("M{right:.1} {:.1}c34 -14 34 28 0 14", y - 7.0);
    } else {
        for &point in route.get(1..).unwrap_or_default() {
            let (x, y) = centre(point);
            let to = (x, y - sign * half(point));
            let bend = (to.1 - at.1) / 2.0;
            push(
                &mut path,
                format_args!(
                    "C{:.1} {:.1} {:.1} {:.1} {:.1} {:.1}",
                    at.0,
                    at.1 + bend,
                    to.0,
                    to.1 - bend,
                    to.0,
                    to.1
                ),
            );
            at = to;
        }
    }
    let (class, marker) = match edge.kind {
        EdgeKind::Consumes => ("edge", "grey"),
        EdgeKind::Emits => ("edge emits", "blue"),
        EdgeKind::Starts => ("edge starts", "blue"),
    };
    line!(text, "<path class=\"{class}\" d=\"{path}\" marker-end=\"url(#{marker})\"/>");
    // A start is always any number of times: not worth a mark.
    if !edge.times.is_empty() && edge.kind != EdgeKind::Starts {
        line!(
            text,
            "<text class=\"times\" x=\"{:.1}\" y=\"{:.1}\">{}</text>",
            at.0 + 9.0,
            at.1 - 9.0,
            edge.times
        );
    }
}

fn node(text: &mut String, node: &Node, (x, y): (f64, f64), (width, height): (f64, f64)) {
    let (left, top) = (x - width / 2.0, y - height / 2.0);
    line!(text, "<g><title>{}</title>", escaped(&node.id));
    match &node.kind {
        NodeKind::OneOf => {
            line!(
                text,
                "<path class=\"junction\" d=\"M{left:.1} {y:.1}L{x:.1} {top:.1} {:.1} {y:.1} {x:.1} {:.1}z\"/>",
                left + width,
                top + height
            );
            line!(text, "<text class=\"word\" x=\"{x:.1}\" y=\"{:.1}\">or</text>", y + 3.5);
        }
        NodeKind::All => line!(text, "<circle class=\"junction\" cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"5\"/>"),
        NodeKind::Event { terminal, external, .. } => {
            let class = match (terminal, external) {
                (true, true) => "event terminal external",
                (true, false) => "event terminal",
                (false, true) => "event external",
                (false, false) => "event",
            };
            let round = height / 2.0;
            line!(
                text,
                "<rect class=\"{class}\" x=\"{left:.1}\" y=\"{top:.1}\" width=\"{width:.1}\" height=\"{height:.1}\" rx=\"{round:.1}\"/>"
            );
            if *terminal {
                line!(
                    text,
                    "<rect class=\"ring\" x=\"{:.1}\" y=\"{:.1}\" width=\"{:.1}\" height=\"{:.1}\" rx=\"{:.1}\"/>",
                    left + 3.0,
                    top + 3.0,
                    width - 6.0,
                    height - 6.0,
                    round - 3.0
                );
            }
        }
        NodeKind::Step { service, .. } => {
            let fill = colour(service);
            line!(
                text,
                "<rect class=\"step\" fill=\"{fill}\" x=\"{left:.1}\" y=\"{top:.1}\" width=\"{width:.1}\" height=\"{height:.1}\" rx=\"4\"/>"
            );
        }
        NodeKind::Publisher { service, .. } => {
            let (fill, right, bottom) = (colour(service), left + width, top + height);
            line!(
                text,
                "<path class=\"step\" fill=\"{fill}\" d=\"M{:.1} {top:.1}H{:.1}L{right:.1} {y:.1} {:.1} {bottom:.1}H{:.1}L{left:.1} {y:.1}z\"/>",
                left + 9.0,
                right - 9.0,
                right - 9.0,
                left + 9.0
            );
        }
    }
    label(text, &node.kind, x, top);
    line!(text, "</g>");
}

fn label(text: &mut String, kind: &NodeKind, x: f64, top: f64) {
    for (index, words) in kind.lines().iter().enumerate() {
        let class = if index == 0 { "name" } else { "more" };
        let y = top + 16.5 + LINE_HEIGHTS.1 * index as f64;
        line!(
            text,
            "<text class=\"{class}\" x=\"{x:.1}\" y=\"{y:.1}\">{}</text>",
            escaped(&shortened(words))
        );
    }
}

fn shortened(words: &str) -> String {
    if words.chars().count() <= MAX_LETTERS {
        return words.to_owned();
    }
    words.chars().take(MAX_LETTERS - 1).chain(std::iter::once('…')).collect()
}

/// A light colour that follows from a service's name.
fn colour(service: &str) -> String {
    // FNV-1a: small, and the same everywhere.
    let hash = service
        .bytes()
        .fold(0x811c_9dc5_u32, |hash, byte| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193));
    format!("hsl({} 62% 90%)", hash % 360)
}

/// Text for XML: letters with a meaning by their entities, and what XML does not allow, or nobody would see, left out.
fn escaped(text: &str) -> String {
    let allowed = |letter: &char| !is_unseen(*letter) && !matches!(letter, '\u{fffe}' | '\u{ffff}');
    text.chars()
        .filter(allowed)
        .map(|letter| match letter {
            '<' => "&lt;".to_owned(),
            '>' => "&gt;".to_owned(),
            '&' => "&amp;".to_owned(),
            '"' => "&quot;".to_owned(),
            '\'' => "&#39;".to_owned(),
            other => other.to_string(),
        })
        .collect()
}
