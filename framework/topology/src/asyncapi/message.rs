//! One event as a message.

use serde_json::{Value, json};

use super::schema;
use crate::choreography::EventId;
use crate::manifest::{Consumed, Emitted};

/// What a document says of an event.
#[derive(Debug, Clone)]
pub(super) struct Message {
    schema: Value,
    /// Who writes it says more than who reads it.
    written: Option<Emitted>,
}

impl Message {
    pub(super) fn read(event: &Consumed) -> Self {
        Self { schema: event.schema.clone(), written: None }
    }

    pub(super) fn written(event: &Emitted) -> Self {
        Self { schema: event.schema.clone(), written: Some(event.clone()) }
    }

    /// The newest writer says most.
    pub(super) fn rank(&self) -> Option<(u32, u32)> {
        self.written.as_ref().map(|event| event.version)
    }

    pub(super) fn schema(&self, id: &EventId) -> Value {
        schema::draft7(&self.schema, &format!("#/components/schemas/{}", key(&id.to_string())))
    }

    pub(super) fn value(&self, id: &EventId) -> Value {
        let name = id.to_string();
        let mut message = json!({
            "name": name,
            "title": id.name,
            "contentType": "application/json",
            "headers": headers(&name),
            "payload": { "$ref": format!("#/components/schemas/{}", key(&name)) },
            "bindings": { "kafka": { "bindingVersion": "0.5.0" } },
        });
        if let Some(description) = self.schema["description"].as_str() {
            message["description"] = json!(description);
        }
        let Some(event) = &self.written else { return message };
        if let Some(field) = &event.key {
            message["bindings"]["kafka"]["key"] =
                json!({ "type": "string", "description": format!("the field `{field}`") });
        }
        message["x-contract"] =
            json!(format!("urn:contract:{}/{}.{}", id.name, event.version.0, event.version.1));
        if let Some(workflow) = &event.starts_workflow {
            message["x-starts-workflow"] = json!(workflow);
        }
        for (mark, is) in
            [("x-terminal", event.terminal), ("x-external", event.external), ("x-outbound", event.outbound)]
        {
            if is {
                message[mark] = json!(true);
            }
        }
        message
    }
}

/// The headers that every record has: `CloudEvents` 1.0 in Kafka's binary mode.
fn headers(name: &str) -> Value {
    json!({
        "type": "object",
        "properties": {
            "ce_specversion": { "type": "string", "const": "1.0" },
            "ce_id": { "type": "string" },
            "ce_source": { "type": "string" },
            "ce_type": { "type": "string", "const": name },
            "ce_dataschema": { "type": "string" },
            "ce_correlationid": { "type": "string" },
            "ce_causationid": { "type": "string" },
        },
        "required": ["ce_specversion", "ce_id", "ce_source", "ce_type"],
    })
}

/// A name as a key: the specification allows letters, digits, `.`, `-` and `_`. Any other letter is written as `_` and its
/// number, so that two names never share a key; so is `_` where a digit follows it. No name at all has the number 0.
pub(super) fn key(name: &str) -> String {
    if name.is_empty() {
        return "_0_".to_owned();
    }
    let mut key = String::new();
    let mut letters = name.chars().peekable();
    while let Some(letter) = letters.next() {
        let ambiguous = letter == '_' && letters.peek().is_some_and(char::is_ascii_digit);
        if letter.is_ascii_alphanumeric() || ".-".contains(letter) || (letter == '_' && !ambiguous) {
            key.push(letter);
        } else {
            key.extend(["_", &u32::from(letter).to_string(), "_"]);
        }
    }
    key
}

#[cfg(test)]
mod tests {
    use super::key;

    #[test]
    fn names_keep_apart_as_keys() {
        assert_eq!(key("order.out-of-stock.v1"), "order.out-of-stock.v1");
        assert_eq!(key("a/b"), "a_47_b");
        assert_ne!(key("a/b"), key("a_47_b"));
        assert_eq!(key(""), "_0_");
        assert_ne!(key(""), key("_0_"));
    }
}
