//! Text that grows.

use std::fmt::{Arguments, Write as _};

/// Whether a letter would move, hide or reorder others, wherever the picture's text is read.
pub(super) fn is_unseen(letter: char) -> bool {
    letter.is_control()
        || matches!(letter, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}')
}

/// Appends to a text, which cannot fail: memory is all it needs.
pub(super) fn push(text: &mut String, words: Arguments<'_>) {
    text.write_fmt(words).unwrap_or_default();
}
