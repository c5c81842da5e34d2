//! A schema as text that is the same on every machine.

use std::collections::BTreeMap;

use serde::ser::{Serialize, SerializeMap, SerializeSeq, Serializer};
use serde_json::Value;

/// Members that come first, so that a reader of the file sees what it is; the others follow by name.
const FIRST: [&str; 7] = ["$schema", "$id", "title", "description", "type", "format", "$ref"];

/// Indented JSON, members in a fixed order, ending in a line break.
pub(super) fn pretty(schema: &Value) -> String {
    // Texts, numbers and maps with text keys: nothing in a `Value` can fail to serialise.
    let mut text = serde_json::to_string_pretty(&Ordered(schema)).unwrap_or_default();
    text.push('\n');
    text
}

struct Ordered<'a>(&'a Value);

impl Serialize for Ordered<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.0 {
            Value::Object(members) => {
                let rank = |name: &str| FIRST.iter().position(|first| *first == name).unwrap_or(FIRST.len());
                let ordered: BTreeMap<_, _> =
                    members.iter().map(|(name, value)| ((rank(name), name), value)).collect();
                let mut map = serializer.serialize_map(Some(ordered.len()))?;
                for ((_, name), value) in ordered {
                    map.serialize_entry(name, &Ordered(value))?;
                }
                map.end()
            }
            Value::Array(elements) => {
                let mut list = serializer.serialize_seq(Some(elements.len()))?;
                for element in elements {
                    list.serialize_element(&Ordered(element))?;
                }
                list.end()
            }
            scalar => scalar.serialize(serializer),
        }
    }
}
