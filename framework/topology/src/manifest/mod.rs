//! What one service declares: the JSON that its binary prints with `manifest`.
//!
//! The form has a number, [`FORM`], and a JSON Schema, [`SCHEMA`]. A manifest of any earlier form is read, one of
//! a later form refused with both numbers; a field that is not known is passed over, so that a service may be
//! newer than the program that reads its manifest.

mod error;
mod model;
mod read;

pub use error::ReadError;
pub use model::{Consumed, Deprecated, Emitted, Manifest, Retry, Shape, Step, Topic};
pub use read::{FORM, MAX_EVENTS, MAX_MANIFEST_BYTES, MAX_STEPS, SCHEMA};
