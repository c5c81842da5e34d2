//! Where the places of a JSON text stand.

use std::borrow::Cow;
use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash, Hasher};

use crate::meaning::escaped;

/// The line of every value of a document, by the hash of its JSON Pointer: pointers themselves may come to more
/// than the document.
#[derive(Debug, Clone, Default)]
pub(super) struct Lines {
    by_pointer: HashMap<u64, u32>,
}

/// The hash of no segments.
const ROOT: u64 = 0;

/// The hash of the pointer that goes one segment further.
fn below(pointer: u64, segment: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    (pointer, segment).hash(&mut hasher);
    hasher.finish()
}

impl Lines {
    /// Reads `text`, which is valid JSON: a document keeps only what `serde_json` took.
    pub(super) fn of(text: &[u8]) -> Self {
        let mut scan = Scan { text, at: 0, line: 1, found: HashMap::new() };
        let first = scan.next_line();
        scan.found.insert(ROOT, first);
        scan.value(ROOT);
        Self { by_pointer: scan.found }
    }

    pub(super) fn get(&self, pointer: &str) -> Option<u32> {
        let hash = pointer.split('/').skip(1).fold(ROOT, below);
        self.by_pointer.get(&hash).copied()
    }
}

/// A walk over a valid JSON text. Its depth is that of the document, which is bounded.
struct Scan<'a> {
    text: &'a [u8],
    at: usize,
    line: u32,
    found: HashMap<u64, u32>,
}

impl<'a> Scan<'a> {
    fn peek(&self) -> u8 {
        self.text.get(self.at).copied().unwrap_or_default()
    }

    fn skip_space(&mut self) {
        while matches!(self.peek(), b' ' | b'\t' | b'\r' | b'\n') {
            self.line += u32::from(self.peek() == b'\n');
            self.at += 1;
        }
    }

    fn next_line(&mut self) -> u32 {
        self.skip_space();
        self.line
    }

    fn value(&mut self, pointer: u64) {
        self.skip_space();
        match self.peek() {
            b'{' => self.container(b'}', pointer),
            b'[' => self.container(b']', pointer),
            b'"' => self.skip_text(),
            _ => self.skip_word(),
        }
    }

    /// An object or array, up to its `end`.
    fn container(&mut self, end: u8, pointer: u64) {
        self.at += 1;
        let mut index = 0_usize;
        loop {
            let line = self.next_line();
            match self.peek() {
                0 => return,
                b',' => {
                    self.at += 1;
                    continue;
                }
                byte if byte == end => {
                    self.at += 1;
                    return;
                }
                _ => {}
            }
            let inner = if end == b'}' {
                let name = self.text_here();
                self.skip_space();
                self.at += 1; // The colon.
                below(pointer, &escaped(&name))
            } else {
                index += 1;
                below(pointer, &(index - 1).to_string())
            };
            self.found.insert(inner, line);
            self.value(inner);
        }
    }

    fn text_here(&mut self) -> Cow<'a, str> {
        let start = self.at;
        self.skip_text();
        let raw = self.text.get(start..self.at).unwrap_or_default();
        match raw {
            [b'"', plain @ .., b'"'] if !plain.contains(&b'\\') => {
                std::str::from_utf8(plain).unwrap_or_default().into()
            }
            raw => Cow::Owned(serde_json::from_slice(raw).unwrap_or_default()),
        }
    }

    fn skip_text(&mut self) {
        self.at += 1;
        loop {
            match self.peek() {
                0 => return,
                b'"' => {
                    self.at += 1;
                    return;
                }
                b'\\' => self.at += 2,
                _ => self.at += 1,
            }
        }
    }

    /// A number, `true`, `false` or `null`.
    fn skip_word(&mut self) {
        let start = self.at;
        while !matches!(self.peek(), 0 | b',' | b']' | b'}' | b' ' | b'\t' | b'\r' | b'\n') {
            self.at += 1;
        }
        if self.at == start {
            self.at = self.text.len();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Lines;

    #[test]
    fn every_place_has_the_line_it_begins_on() {
        let text = br#"
{
  "a/b": [1,
    {"~": "x\"}",
     "y": null}],

  "c": {
  }
}"#;
        let lines = Lines::of(text);
        for (pointer, line) in [
            ("", 2),
            ("/a~1b", 3),
            ("/a~1b/0", 3),
            ("/a~1b/1", 4),
            ("/a~1b/1/~0", 4),
            ("/a~1b/1/y", 5),
            ("/c", 7),
        ] {
            assert_eq!(lines.get(pointer), Some(line), "{pointer}");
        }
        assert_eq!(lines.get("/d"), None);
    }

    #[test]
    fn a_boolean_is_a_place_too() {
        assert_eq!(Lines::of(b"true").get(""), Some(1));
    }
}
