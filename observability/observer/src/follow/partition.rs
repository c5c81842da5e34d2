use std::sync::Arc;

/// One partition of a topic, named without the namespace.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Partition {
    pub(super) topic: Arc<str>,
    pub(super) number: i32,
}

impl Partition {
    /// The topic's name on the broker.
    pub(super) fn full(&self, prefix: &str) -> String {
        format!("{prefix}{}", self.topic)
    }
}
