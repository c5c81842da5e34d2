//! The choreography as a picture.
//!
//! Events and steps are nodes; a diamond stands before alternatives, a dot before what is emitted together in one
//! of them. On an edge, `?` means at most once and `*` any number of times. Terminal events have a double border,
//! external ones a dashed one.
//!
//! ```
//! use choreograph_topology::{Choreography, Manifest, graph::Picture};
//!
//! let mail = Manifest::read("mail.json", br#"{ "manifest": 1, "service": "mail", "steps": [{
//!     "name": "send", "group": "mail.send",
//!     "consumes": [{ "type": "order.placed", "major": 1, "topic": "orders", "schema": true }] }] }"#)?;
//! let picture = Picture::of(&Choreography::new([&mail]));
//! assert!(picture.mermaid().starts_with("flowchart TD"));
//! assert!(picture.dot().starts_with("digraph choreography {"));
//! assert!(picture.svg()?.contains("mail.send"));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod dot;
mod mermaid;
mod picture;
mod svg;
mod text;

pub use picture::{Edge, EdgeKind, Node, NodeKind, Picture};
pub use svg::{MAX_EDGES, MAX_POINTS, TooLarge};
