//! A record as the supervisor sees it: what it says about a run, and nothing else.

use serde_json::Value;

/// What a watched record is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seen {
    /// The workflow instance it belongs to; empty for a stranger's.
    pub correlation: String,
    /// The record's key as text; empty if there is none.
    pub key: String,
    /// The record's timestamp, in milliseconds since the Unix epoch.
    pub at_ms: i64,
    /// The record's id, by which a repeated emit is known.
    pub id: String,
    /// What it says.
    pub what: What,
}

/// What a record says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum What {
    /// An event of this type, without its major.
    Event {
        /// Such as `order.placed`.
        name: String,
        /// The one field of it that a run is judged by: why an order was cancelled, what a mail tells of.
        detail: Option<String>,
    },
    /// A dead letter with this reason.
    DeadLetter(String),
}

/// What of a record is needed to make [`Seen`] of it.
#[derive(Debug, Clone, Copy)]
pub struct Raw<'a> {
    /// The topic without its namespace.
    pub topic: &'a str,
    /// The key.
    pub key: Option<&'a [u8]>,
    /// The value.
    pub value: Option<&'a [u8]>,
    /// Milliseconds since the Unix epoch.
    pub at_ms: i64,
}

impl Seen {
    /// Reads a record; `header` looks a header up by name. `None` for a record that is neither an event nor a dead letter.
    pub fn read<'a>(raw: Raw<'a>, header: impl Fn(&str) -> Option<&'a str>) -> Option<Self> {
        let is_dead = raw.topic.strip_suffix(".dlq").is_some();
        let what = if is_dead {
            What::DeadLetter(header("dlq-reason")?.to_owned())
        } else {
            let name = without_major(header("ce_type")?);
            What::Event { name: name.to_owned(), detail: detail(name, raw.value) }
        };
        Some(Self {
            correlation: header("ce_correlationid").unwrap_or_default().to_owned(),
            key: raw.key.map(|key| String::from_utf8_lossy(key).into_owned()).unwrap_or_default(),
            at_ms: raw.at_ms,
            id: header(if is_dead { "dlq-id" } else { "ce_id" }).unwrap_or_default().to_owned(),
            what,
        })
    }
}

/// `order.placed` of `order.placed.v1`.
fn without_major(event_type: &str) -> &str {
    let major = |tail: &str| {
        tail.strip_prefix('v').is_some_and(|digits| digits.bytes().all(|byte| byte.is_ascii_digit()))
    };
    match event_type.rsplit_once('.') {
        Some((name, tail)) if major(tail) => name,
        _ => event_type,
    }
}

/// Payloads are opened for two types only.
fn detail(name: &str, value: Option<&[u8]>) -> Option<String> {
    let field = match name {
        "order.cancelled" => "reason",
        "mail.sent" => "about",
        _ => return None,
    };
    let json: Value = serde_json::from_slice(value?).ok()?;
    json.get(field)?.as_str().map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(topic: &str, value: &str, headers: &[(&str, &'static str)]) -> Option<Seen> {
        let raw = Raw { topic, key: Some(b"k"), value: Some(value.as_bytes()), at_ms: 7 };
        Seen::read(raw, |name| headers.iter().find(|(known, _)| *known == name).map(|(_, value)| *value))
    }

    #[test]
    fn events_dead_letters_and_strangers() {
        let event = |name: &str, detail: Option<&str>| {
            Some(What::Event { name: name.to_owned(), detail: detail.map(str::to_owned) })
        };
        let what = |seen: Option<Seen>| seen.map(|seen| seen.what);
        assert_eq!(
            what(read("orders", "{}", &[("ce_type", "order.placed.v1")])),
            event("order.placed", None)
        );
        let cancelled = read("orders", r#"{"reason":"out_of_stock"}"#, &[("ce_type", "order.cancelled.v1")]);
        assert_eq!(what(cancelled), event("order.cancelled", Some("out_of_stock")));
        let dead =
            read("mail.tell.dlq", "", &[("dlq-reason", "undecodable"), ("ce_type", "order.placed.v1")]);
        assert_eq!(what(dead), Some(What::DeadLetter("undecodable".to_owned())));
        assert_eq!(read("orders", "{}", &[]), None);
    }
}
