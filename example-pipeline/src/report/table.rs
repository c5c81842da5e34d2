//! A table of names and numbers.

use std::collections::BTreeMap;
use std::fmt;

/// How wide a line is.
const WIDTH: usize = 60;

/// Titles and rows, the numbers flush right.
#[derive(Debug, Default)]
pub(super) struct Table {
    lines: Vec<String>,
}

impl Table {
    pub(super) fn title(&mut self, title: &str) {
        self.lines.push(title.to_owned());
    }

    pub(super) fn text(&mut self, name: &str, value: &str) {
        let room = WIDTH.saturating_sub(name.chars().count() + 3);
        self.lines.push(format!("  {name} {value:>room$}"));
    }

    pub(super) fn row(&mut self, name: &str, value: u64) {
        self.text(name, &value.to_string());
    }

    /// A row that is part of the one above.
    pub(super) fn row_below(&mut self, name: &str, value: u64) {
        self.row(&format!("  {name}"), value);
    }

    pub(super) fn row_unless_zero(&mut self, name: &str, value: u64) {
        if value > 0 {
            self.row(name, value);
        }
    }

    pub(super) fn rows<K: AsRef<str>>(&mut self, values: &BTreeMap<K, u64>) {
        for (name, value) in values {
            self.row(name.as_ref(), *value);
        }
    }

    pub(super) fn rows_below<K: AsRef<str>>(&mut self, values: &BTreeMap<K, u64>) {
        for (name, value) in values {
            self.row_below(name.as_ref(), *value);
        }
    }
}

impl fmt::Display for Table {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.lines.iter().try_for_each(|line| writeln!(formatter, "{line}"))
    }
}
