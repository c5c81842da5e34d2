//! How changes are told.

use serde_json::Value;

use crate::compat::graph::{Limit, Num};

/// The longest value that is written out, in characters.
const MAX_SHOWN: usize = 60;
/// How many values of a list are written out.
const MAX_LISTED: usize = 5;

pub(super) fn value(value: &Value) -> String {
    let text = value.to_string();
    if text.chars().count() <= MAX_SHOWN {
        return format!("`{text}`");
    }
    format!("`{}…`", text.chars().take(MAX_SHOWN).collect::<String>())
}

pub(super) fn values(values: &[&Value]) -> String {
    let shown: Vec<String> = values.iter().take(MAX_LISTED).map(|one| value(one)).collect();
    let more = values.len().saturating_sub(MAX_LISTED);
    if more == 0 { shown.join(", ") } else { format!("{} and {more} more", shown.join(", ")) }
}

pub(super) fn limit(limit: Option<Limit>) -> String {
    let Some(limit) = limit else { return "none".to_owned() };
    let number = match limit.at {
        Num::Whole(whole) => whole.to_string(),
        Num::Float(float) => float.to_string(),
    };
    if limit.open { format!("{number} (exclusive)") } else { number }
}

pub(super) fn count(count: Option<u64>) -> String {
    count.map_or_else(|| "none".to_owned(), |count| count.to_string())
}
