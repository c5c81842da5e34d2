//! The choreography, proved from the manifests of its services.
//!
//! A service's binary prints what the service declares: its *manifest*. The union of manifests is the
//! *choreography*, which nobody runs. This crate joins manifests and answers, with no broker and no other input:
//!
//! - [`check`](fn@check): does it fit together? And if not, who must mend what?
//! - [`deprecations`](fn@deprecations): who still reads what its emitter is about to end?
//! - [`against`](fn@against): whom does a change break?
//! - [`graph`]: what does it look like, as Mermaid, DOT, SVG or JSON?
//! - [`asyncapi`]: the same as `AsyncAPI` 3.0 documents.
//!
//! It knows nothing of Kafka, opens no file and no connection. Bounds are constants named `MAX_…`.
//!
//! ```
//! use choreograph_topology::{Choreography, Manifest, check};
//!
//! let text = br#"{ "manifest": 1, "service": "mail", "owner": "Post", "steps": [{
//!     "name": "send", "group": "mail.send",
//!     "consumes": [{ "type": "order.placed", "major": 1, "topic": "orders", "schema": { "type": "object" } }] }] }"#;
//! let mail = Manifest::read("mail.json", text)?;
//! let findings = check(&Choreography::new([&mail]));
//! assert_eq!(findings[0].rule, "CONSUMED_BUT_NOT_EMITTED");
//! assert_eq!(findings[0].parties[0].to_string(), "mail.send (team Post)");
//! # Ok::<(), choreograph_topology::ReadError>(())
//! ```

#![deny(missing_docs)]

mod against;
pub mod asyncapi;
pub mod check;
mod choreography;
pub mod graph;
mod manifest;
mod rules;

pub use against::{Against, against};
#[doc(inline)]
pub use check::{Finding, MAX_FINDINGS, Party, check, deprecations};
pub use choreography::{Choreography, Consumer, Emitter, EventId, Flow, MAX_MANIFESTS, Way};
pub use manifest::{
    Consumed, Deprecated, Emitted, FORM, MAX_EVENTS, MAX_MANIFEST_BYTES, MAX_STEPS, Manifest, ReadError,
    Retry, SCHEMA, Shape, Step, Topic,
};
pub use rules::{Rule, rule, rules};
