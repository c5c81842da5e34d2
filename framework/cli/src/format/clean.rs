//! Text of unknown origin, made fit for a terminal.

use crate::MAX_SHOWN_TEXT;

/// What a job's log on GitHub obeys wherever it stands in a line: `##[error]`.
const LOG_COMMAND: &str = "##[";

/// `text` with each character that a terminal would obey, or that hides or reorders others, as `\u{…}`. Line
/// breaks stay; what a job's log would obey at the start of a line (`::error::`) does not start one.
pub(crate) fn clean_lines(text: &str) -> String {
    let clean = escape(text, |character| character == '\n');
    if !clean.contains("::") {
        return clean;
    }
    clean.split('\n').map(no_command).collect::<Vec<_>>().join("\n")
}

/// A line that is no command of a job's log.
pub(super) fn no_command(line: &str) -> String {
    if line.trim_start().starts_with("::") { format!("| {line}") } else { line.to_owned() }
}

/// `text` on one line, fit for a terminal.
pub(crate) fn one_line(text: &str) -> String {
    escape(&text.replace(['\n', '\r', '\t'], " "), |_| false)
}

/// One line as well, and no longer than what a person reads.
pub(crate) fn brief(text: &str) -> String {
    shortened(&one_line(text), MAX_SHOWN_TEXT)
}

/// The text of a JSON document with each character that a terminal would obey, or that hides or reorders others, as the escape
/// of JSON that means it. Such a character stands within strings alone, so that the document is the same.
pub(crate) fn json_text(json: &str) -> String {
    let mut clean = String::with_capacity(json.len());
    for character in json.chars() {
        if character == '\n' || !(character.is_control() || is_invisible(character)) {
            clean.push(character);
        } else {
            let mut units = [0; 2];
            clean.extend(character.encode_utf16(&mut units).iter().map(|unit| format!("\\u{unit:04x}")));
        }
    }
    // Within a string as well: nowhere else do these three meet.
    clean.replace(LOG_COMMAND, "##\\u005b")
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
    clean.replace(LOG_COMMAND, "##\\u{5b}")
}

/// Marks that reorder text, and those of no width.
fn is_invisible(character: char) -> bool {
    matches!(
        character,
        '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}'
            | '\u{feff}' | '\u{e0000}'..='\u{e007f}'
    )
}

#[cfg(test)]
mod tests {
    use super::{clean_lines, json_text, one_line, shortened};

    #[test]
    fn a_terminal_obeys_nothing() {
        assert_eq!(clean_lines("a\x1b[2Jb\nc\r"), "a\\u{1b}[2Jb\nc\\u{d}");
        assert_eq!(one_line("a\nb\u{202e}c\u{9b}"), "a b\\u{202e}c\\u{9b}");
    }

    #[test]
    fn a_job_s_log_obeys_nothing() {
        assert_eq!(clean_lines("a\n ::error::x\nb::c"), "a\n|  ::error::x\nb::c");
        assert_eq!(one_line("a ##[error]b"), "a ##\\u{5b}error]b");
    }

    #[test]
    fn json_means_the_same() {
        let hidden = "\u{61c}\u{ad}\u{180e}\u{2060}\u{206f}\u{e0041}";
        assert!(one_line(hidden).is_ascii() && json_text(hidden).is_ascii());
        let value =
            serde_json::json!({ "a\u{9b}\u{7f}": [hidden, "\u{202e}x\u{feff}", "\n\u{1b}", "ä😀##[error]"] });
        for text in [value.to_string(), format!("{value:#}")] {
            let clean = json_text(&text);
            assert_eq!(serde_json::from_str::<serde_json::Value>(&clean).unwrap(), value);
            assert_eq!(clean, clean_lines(&clean));
            assert!(!clean.contains("##["), "{clean}");
        }
    }

    #[test]
    fn cuts_between_characters() {
        assert_eq!(shortened("äöü", 2), "äö…");
        assert_eq!(shortened("äöü", 3), "äöü");
    }
}
