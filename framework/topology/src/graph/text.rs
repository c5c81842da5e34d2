//! Text that grows.

use std::fmt::{Arguments, Write as _};

/// Appends to a text, which cannot fail: memory is all it needs.
pub(super) fn push(text: &mut String, words: Arguments<'_>) {
    text.write_fmt(words).unwrap_or_default();
}
