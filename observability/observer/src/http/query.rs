//! What a query asks for, read strictly: an unknown name or a value that means nothing is told, not passed over.

use std::str::FromStr;

use serde::de::DeserializeOwned;
use serde_json::Value;

use super::error::Refusal;
use crate::answer::{InstanceState, StallReason};
use crate::model::{FailureFilter, InstanceFilter, Stuck};

/// The longest value of a query, in bytes.
const MAX_VALUE_BYTES: usize = 1_024;

/// The names and values of a query.
pub(super) type Pairs = Vec<(String, String)>;

/// The instances that a query asks for.
pub(super) fn instances(pairs: Pairs) -> Result<InstanceFilter, Refusal> {
    let mut filter = InstanceFilter::default();
    for (name, value) in bounded(pairs)? {
        match name.as_str() {
            "workflow" => filter.workflow = Some(value),
            "state" => filter.states = states(&value)?,
            "step" => filter.step = Some(value),
            "reason" => filter.reason = Some(reason(&value)?),
            "stuck" => filter.stuck = Some(stuck(&value)?),
            "attempt" => filter.attempts = Some(number(&name, &value)?),
            "error" => filter.error = Some(value),
            "older" => filter.older_ms = Some(number(&name, &value)?),
            "key" => filter.key = Some(value),
            "cursor" => filter.cursor = Some(value.parse().map_err(bad)?),
            "limit" => filter.limit = number(&name, &value)?,
            _ => {
                return Err(unknown(
                    &name,
                    "workflow, state, step, reason, stuck, attempt, error, older, key, cursor, limit",
                ));
            }
        }
    }
    Ok(filter)
}

/// The dead letters that a query asks for.
pub(super) fn failures(pairs: Pairs) -> Result<FailureFilter, Refusal> {
    let mut filter = FailureFilter::default();
    for (name, value) in bounded(pairs)? {
        match name.as_str() {
            "step" => filter.step = Some(value),
            "reason" => filter.reason = Some(value),
            "error" => filter.error = Some(value),
            "open" => filter.open = Some(yes_or_no(&name, &value)?),
            "cursor" => filter.cursor = Some(value.parse().map_err(bad)?),
            "limit" => filter.limit = number(&name, &value)?,
            _ => return Err(unknown(&name, "step, reason, error, open, cursor, limit")),
        }
    }
    Ok(filter)
}

/// The pairs that have a value, none of which is too long.
fn bounded(pairs: Pairs) -> Result<impl Iterator<Item = (String, String)>, Refusal> {
    if let Some((name, _)) = pairs.iter().find(|(name, value)| name.len().max(value.len()) > MAX_VALUE_BYTES)
    {
        let name: String = name.chars().take(40).collect();
        return Err(Refusal::bad(format!("`{name}` is longer than {MAX_VALUE_BYTES} bytes")));
    }
    Ok(pairs.into_iter().filter(|(_, value)| !value.is_empty()))
}

/// States, joined by commas.
fn states(text: &str) -> Result<Vec<InstanceState>, Refusal> {
    let state = |word: &str| {
        word_of(word).ok_or_else(|| {
            Refusal::bad(format!("`{word}` is no state: failed, lost, stalled, completed or running"))
        })
    };
    text.split(',').map(state).collect()
}

fn reason(text: &str) -> Result<StallReason, Refusal> {
    word_of(text).ok_or_else(|| {
        Refusal::bad(format!(
            "`{text}` is no reason: no_consumer, not_progressing, backlog, retrying, dead_letter, waiting_join, outbox or \
             lost"
        ))
    })
}

fn stuck(text: &str) -> Result<Stuck, Refusal> {
    word_of(text)
        .ok_or_else(|| Refusal::bad(format!("`{text}` is no place to be stuck at: any, path or side")))
}

/// What a word of the JSON interface stands for.
fn word_of<T: DeserializeOwned>(word: &str) -> Option<T> {
    serde_json::from_value(Value::String(word.to_owned())).ok()
}

fn number<T: FromStr>(name: &str, value: &str) -> Result<T, Refusal> {
    value.parse().map_err(|_| Refusal::bad(format!("`{name}` is a number, and not `{value}`")))
}

fn yes_or_no(name: &str, value: &str) -> Result<bool, Refusal> {
    value.parse().map_err(|_| Refusal::bad(format!("`{name}` is `true` or `false`, and not `{value}`")))
}

fn bad(error: impl std::fmt::Display) -> Refusal {
    Refusal::bad(error.to_string())
}

fn unknown(name: &str, known: &str) -> Refusal {
    Refusal::bad(format!("there is no filter `{name}`: {known}"))
}
