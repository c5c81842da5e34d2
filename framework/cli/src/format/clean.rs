//! Text of unknown origin, made fit for a terminal.

/// `text` with each character that a terminal would obey, or that hides or reorders others, as `\u{…}`. Line
/// breaks stay.
pub(crate) fn clean_lines(text: &str) -> String {
    escape(text, |character| character == '\n')
}

/// `text` on one line, fit for a terminal.
pub(crate) fn one_line(text: &str) -> String {
    escape(&text.replace(['\n', '\r', '\t'], " "), |_| false)
}

/// At most `limit` characters of `text`, and `…` where some are missing.
pub(crate) fn shortened(text: &str, limit: usize) -> String {
    match text.char_indices().nth(limit) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

fn escape(text: &str, keep: impl Fn(char) -> bool) -> String {
    let mut clean = String::with_capacity(text.len());
    for character in text.chars() {
        if keep(character) || !(character.is_control() || is_invisible(character)) {
            clean.push(character);
        } else {
            clean.extend(character.escape_unicode());
        }
    }
    clean
}

/// Marks that reorder text, and those of no width.
fn is_invisible(character: char) -> bool {
    matches!(character, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}')
}

#[cfg(test)]
mod tests {
    use super::{clean_lines, one_line, shortened};

    #[test]
    fn a_terminal_obeys_nothing() {
        assert_eq!(clean_lines("a\x1b[2Jb\nc\r"), "a\\u{1b}[2Jb\nc\\u{d}");
        assert_eq!(one_line("a\nb\u{202e}c\u{9b}"), "a b\\u{202e}c\\u{9b}");
    }

    #[test]
    fn cuts_between_characters() {
        assert_eq!(shortened("äöü", 2), "äö…");
        assert_eq!(shortened("äöü", 3), "äöü");
    }
}
