//! What the derive macros write calls to. Not part of the interface.

pub use serde;

pub use crate::event::write_key;

/// A route that the consumed type does not have: the runtime never asks for one.
pub fn no_such_route<E: serde::de::Error>() -> E {
    E::custom("no such route")
}
