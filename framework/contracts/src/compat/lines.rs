//! Where the places of a JSON text stand.

use std::collections::HashMap;

use crate::meaning::escaped;

/// The line of every value of a document, by JSON Pointer.
#[derive(Debug, Clone, Default)]
pub(super) struct Lines {
    by_pointer: HashMap<String, u32>,
}

impl Lines {
    /// Reads `text`, which is valid JSON: a document keeps only what `serde_json` took.
    pub(super) fn of(text: &[u8]) -> Self {
        let mut scan = Scan { text, at: 0, line: 1, pointer: String::new(), found: HashMap::new() };
        let first = scan.next_line();
        scan.found.insert(String::new(), first);
        scan.value();
        Self { by_pointer: scan.found }
    }

    pub(super) fn get(&self, pointer: &str) -> Option<u32> {
        self.by_pointer.get(pointer).copied()
    }
}

/// A walk over a valid JSON text. Its depth is that of the document, which is bounded.
struct Scan<'a> {
    text: &'a [u8],
    at: usize,
    line: u32,
    pointer: String,
    found: HashMap<String, u32>,
}

impl Scan<'_> {
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

    fn value(&mut self) {
        self.skip_space();
        match self.peek() {
            b'{' => self.container(b'}'),
            b'[' => self.container(b']'),
            b'"' => self.skip_text(),
            _ => self.skip_word(),
        }
    }

    /// An object or array, up to its `end`.
    fn container(&mut self, end: u8) {
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
            let before = self.pointer.len();
            self.pointer.push('/');
            if end == b'}' {
                let name = self.text_here();
                self.pointer.push_str(&escaped(&name));
                self.skip_space();
                self.at += 1; // The colon.
            } else {
                self.pointer.push_str(&index.to_string());
                index += 1;
            }
            self.found.insert(self.pointer.clone(), line);
            self.value();
            self.pointer.truncate(before);
        }
    }

    fn text_here(&mut self) -> String {
        let start = self.at;
        self.skip_text();
        let raw = self.text.get(start..self.at).unwrap_or_default();
        serde_json::from_slice(raw).unwrap_or_default()
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
