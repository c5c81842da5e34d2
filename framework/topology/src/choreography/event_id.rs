use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};

/// An event type in one major, written `order.placed.v1` as on the wire.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EventId {
    /// The type without its major.
    pub name: String,
    /// The major.
    pub major: u32,
}

impl EventId {
    /// Reads what [`Display`](fmt::Display) writes; `None` if the text does not end in a major.
    ///
    /// ```
    /// use choreograph_topology::EventId;
    ///
    /// let id = EventId::parse("order.placed.v1");
    /// assert_eq!(id.map(|id| (id.name, id.major)), Some(("order.placed".to_owned(), 1)));
    /// assert_eq!(EventId::parse("order.placed"), None);
    /// ```
    pub fn parse(text: &str) -> Option<Self> {
        let (name, major) = text.rsplit_once(".v")?;
        let digits = !major.is_empty() && major.bytes().all(|byte| byte.is_ascii_digit());
        let major = digits.then(|| major.parse().ok()).flatten()?;
        (!name.is_empty()).then(|| Self { name: name.to_owned(), major })
    }
}

impl fmt::Display for EventId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.v{}", self.name, self.major)
    }
}

impl Serialize for EventId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for EventId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::parse(&text).ok_or_else(|| {
            D::Error::custom(format!(
                "an event is named with its major, such as \"order.placed.v1\", and this is {text:?}"
            ))
        })
    }
}
