//! Label values from the wire, bounded: so many different ones, of a plain form, and `other` for the rest.

use std::sync::{Mutex, PoisonError};

use super::names::label;

/// The most different workflow names on the metrics of a process.
pub(super) const MAX_WORKFLOW_NAMES: usize = 100;
/// The most different emitting steps on the metrics of a process.
pub(super) const MAX_SOURCES: usize = 200;
/// The longest label value taken from the wire, in bytes.
const MAX_LENGTH: usize = 127;

/// Values seen so far, up to a bound. Once there are as many, every new one is [`label::OTHER`].
#[derive(Debug)]
pub(super) struct Bounded {
    seen: Mutex<Vec<Box<str>>>,
    most: usize,
}

impl Bounded {
    /// Takes `most` different values.
    pub(super) const fn new(most: usize) -> Self {
        Self { seen: Mutex::new(Vec::new()), most }
    }

    /// `value` where it is plain and among the first so many, else `other`.
    pub(super) fn admit<'a>(&self, value: &'a str) -> &'a str {
        if !is_plain(value) {
            return label::OTHER;
        }
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        if seen.iter().any(|known| **known == *value) {
            return value;
        }
        if seen.len() == self.most {
            return label::OTHER;
        }
        seen.push(value.into());
        value
    }
}

/// Whether `value` could be a declared name: not empty, short, of letters, digits and `-_./`.
pub(super) fn is_plain(value: &str) -> bool {
    !value.is_empty()
        && value.len() <= MAX_LENGTH
        && value.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_./".contains(&byte))
}

/// The version at the end of a contract's URI, `1.3` of `…/order.placed/1.3`, else `other`.
pub(super) fn contract_version(data_schema: Option<&str>) -> &str {
    let version = data_schema.and_then(|uri| uri.rsplit('/').next()).unwrap_or(label::OTHER);
    let numbers = version.split_once('.').is_some_and(|(major, minor)| {
        let number =
            |text: &str| (1..=5).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit());
        number(major) && number(minor)
    });
    if numbers { version } else { label::OTHER }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_so_many_values_and_only_plain_ones() {
        let names = Bounded::new(2);
        assert_eq!(names.admit("order"), "order");
        assert_eq!(names.admit("evil\"} 1\n"), "other");
        assert_eq!(names.admit(""), "other");
        assert_eq!(names.admit(&"a".repeat(MAX_LENGTH + 1)), "other");
        assert_eq!(names.admit("customer"), "customer");
        assert_eq!(names.admit("third"), "other");
        assert_eq!(names.admit("order"), "order");
    }

    #[test]
    fn a_version_is_two_numbers() {
        assert_eq!(contract_version(Some("https://x/order.placed/1.3")), "1.3");
        for wrong in [None, Some(""), Some("1"), Some("1.x"), Some("/1.3.4"), Some("/123456.1"), Some("/.1")]
        {
            assert_eq!(contract_version(wrong), "other", "{wrong:?}");
        }
    }
}
