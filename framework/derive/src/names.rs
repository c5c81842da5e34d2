//! What a name may look like, said where it is written.

use syn::{Error, LitStr, Result};

/// The longest event type, in bytes: it is part of a header, of folder names and of metric attributes.
const MAX_TYPE: usize = 120;

/// The longest topic name, in bytes: Kafka's 249, less a namespace of 63 and the dot behind it.
const MAX_TOPIC: usize = 249 - 63 - 1;

/// The longest name of a workflow, in bytes.
const MAX_NAME: usize = 63;

/// Lower-case words joined by dots, such as `order.placed`; the last may not look like a major (`v1`).
pub(crate) fn event_type(literal: &LitStr) -> Result<()> {
    let text = literal.value();
    let words: Vec<&str> = text.split('.').collect();
    let shaped = text.len() <= MAX_TYPE && words.iter().all(|word| is_word(word));
    if !shaped {
        return Err(Error::new(
            literal.span(),
            format!(
                "`{text}` is no event type: write lower-case words joined by dots, such as \"order.placed\" \
                 (each `[a-z][a-z0-9_-]*`, {MAX_TYPE} bytes at most)"
            ),
        ));
    }
    if words.last().is_some_and(|word| is_major(word)) {
        return Err(Error::new(
            literal.span(),
            format!(
                "`{text}` ends in a major: leave it out here, it is said by `version` (or `major` on a view)"
            ),
        ));
    }
    Ok(())
}

/// A Kafka topic's name, short enough to take a namespace before it.
pub(crate) fn topic(literal: &LitStr) -> Result<()> {
    let text = literal.value();
    let legal = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-');
    if text.is_empty() || text.len() > MAX_TOPIC || !text.bytes().all(legal) || text.starts_with('.') {
        return Err(Error::new(
            literal.span(),
            format!(
                "`{text}` is no topic: write 1 to {MAX_TOPIC} of `a-z A-Z 0-9 . _ -`, such as \"orders\""
            ),
        ));
    }
    Ok(())
}

/// A workflow's name: `[a-z][a-z0-9-]{0,62}`.
pub(crate) fn workflow(literal: &LitStr) -> Result<()> {
    let text = literal.value();
    let legal = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    let starts = text.bytes().next().is_some_and(|byte| byte.is_ascii_lowercase());
    if !starts || text.len() > MAX_NAME || !text.bytes().all(legal) {
        return Err(Error::new(
            literal.span(),
            format!("`{text}` is no workflow's name: write `[a-z][a-z0-9-]{{0,62}}`, such as \"order\""),
        ));
    }
    Ok(())
}

/// `"1.0"` as (1, 0). The major is 1 or more; neither part has a leading zero.
pub(crate) fn version(literal: &LitStr) -> Result<(u32, u32)> {
    let text = literal.value();
    let parsed = text.split_once('.').and_then(|(major, minor)| Some((number(major)?, number(minor)?)));
    match parsed {
        Some((major, minor)) if major >= 1 => Ok((major, minor)),
        _ => Err(Error::new(
            literal.span(),
            format!("`{text}` is no version: write major and minor, such as \"1.0\", the major 1 or more"),
        )),
    }
}

fn number(text: &str) -> Option<u32> {
    let canonical = text == "0" || !text.starts_with('0');
    (canonical && text.bytes().all(|byte| byte.is_ascii_digit())).then(|| text.parse().ok()).flatten()
}

fn is_word(word: &str) -> bool {
    let legal = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || matches!(byte, b'_' | b'-');
    word.bytes().next().is_some_and(|byte| byte.is_ascii_lowercase()) && word.bytes().all(legal)
}

fn is_major(word: &str) -> bool {
    word.strip_prefix('v')
        .is_some_and(|rest| !rest.is_empty() && rest.bytes().all(|byte| byte.is_ascii_digit()))
}
