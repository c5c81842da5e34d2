//! What the derive macros write calls to. Not part of the interface.

pub use serde_json;

pub use crate::event::write_key;

/// A route that the consumed type does not have: the runtime never asks for one.
pub fn no_such_route() -> serde_json::Error {
    serde::de::Error::custom("no such route")
}
