//! A record of a topic, and one to be written.

use std::sync::Arc;

/// A record's headers in order, a name possibly more than once.
pub type Headers = Vec<(String, Option<Vec<u8>>)>;

/// A record as it stands in a topic.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record {
    /// The topic, with its namespace.
    pub topic: Arc<str>,
    /// The partition.
    pub partition: i32,
    /// The offset in it.
    pub offset: i64,
    /// Milliseconds since the Unix epoch.
    pub timestamp: Option<i64>,
    /// The key's bytes.
    pub key: Option<Vec<u8>>,
    /// The value's bytes.
    pub value: Option<Vec<u8>>,
    /// All headers, without those whose name is no UTF-8.
    pub headers: Headers,
}

impl Record {
    /// How many bytes its key, value and headers have.
    pub(crate) fn bytes(&self) -> usize {
        let headers =
            self.headers.iter().map(|(name, value)| name.len() + value.as_ref().map_or(0, Vec::len));
        let own = [&self.key, &self.value].into_iter().flatten().map(Vec::len);
        headers.chain(own).sum()
    }

    /// The last header of this name as text; `None` where it is absent, null, empty or no UTF-8.
    pub fn text(&self, name: &str) -> Option<&str> {
        text(&self.headers, name)
    }

    /// The header as a number.
    pub fn number<T: std::str::FromStr>(&self, name: &str) -> Option<T> {
        self.text(name)?.parse().ok()
    }
}

/// The last header of this name as text.
pub(crate) fn text<'h>(headers: &'h Headers, name: &str) -> Option<&'h str> {
    let (_, value) = headers.iter().rev().find(|(found, _)| found == name)?;
    std::str::from_utf8(value.as_deref()?).ok().filter(|text| !text.is_empty())
}

/// A record to be written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Outgoing {
    /// The topic, with its namespace.
    pub(crate) topic: Arc<str>,
    pub(crate) key: Option<Vec<u8>>,
    pub(crate) value: Option<Vec<u8>>,
    pub(crate) headers: Headers,
}
