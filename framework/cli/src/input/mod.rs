//! Files that people give to the command.

mod source;

pub(crate) use source::read_bytes;
pub use source::{Source, of_compare};
