//! Files that people give to the command.

mod source;

pub use source::{Source, of_compare};
pub(crate) use source::{read_bytes, read_regular};
