//! [AsyncAPI 3.0](https://www.asyncapi.com/docs/reference/specification/v3.0.0) documents: one of a service, one of
//! the whole.
//!
//! A topic is a channel, a step's reading and writing are operations, an event in one major is a message. What
//! `AsyncAPI` has no word for (alternatives, deadlines, dead letters, terminal events) stands in extensions named
//! `x-…`. Its schemas are of JSON Schema draft 7: a contract is turned into that as far as draft 7 can say it, and what
//! it cannot say is left out, so that a document never refuses an event that the contract allows. `x-contract` names
//! the contract itself.
//!
//! ```
//! use choreograph_topology::{Choreography, Manifest, asyncapi};
//!
//! let mail = Manifest::read("mail.json", br#"{ "manifest": 1, "service": "mail", "steps": [{
//!     "name": "send", "group": "mail.send",
//!     "consumes": [{ "type": "order.placed", "major": 1, "topic": "orders", "schema": true }] }] }"#)?;
//! let document = asyncapi::of_service(&mail);
//! assert_eq!(document["channels"]["orders"]["address"], "orders");
//! assert_eq!(document["operations"]["mail.send.receive.orders"]["action"], "receive");
//! # Ok::<(), choreograph_topology::ReadError>(())
//! ```

mod document;
mod message;
mod pointer;
mod schema;

pub use document::{is_of_service, of_choreography, of_service};
