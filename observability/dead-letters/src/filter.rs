//! Which dead letters are meant.

use uuid::Uuid;

use crate::letter::DeadLetter;

/// Which dead letters are meant: those that fit all that is said. Nothing said fits every open one.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Filter {
    /// One of these ids.
    pub ids: Vec<Uuid>,
    /// One of these reasons.
    pub reasons: Vec<String>,
    /// One of these steps, `service/step`.
    pub steps: Vec<String>,
    /// One of these event types, with the major (`order.placed.v1`) or without.
    pub types: Vec<String>,
    /// Set aside at this time or later, in milliseconds since the Unix epoch.
    pub since: Option<i64>,
    /// Set aside before this time, in milliseconds since the Unix epoch.
    pub until: Option<i64>,
    /// This text stands in the error, the violations or the key; in the value only with [`payloads`](Self::payloads).
    pub text: Option<String>,
    /// Whether [`text`](Self::text) is looked for in values too, and a list has the values.
    pub payloads: bool,
    /// Of this workflow instance.
    pub instance: Option<String>,
    /// Those too which somebody has replayed or discarded.
    pub closed: bool,
}

impl Filter {
    /// One dead letter, open or not.
    pub fn id(id: Uuid) -> Self {
        Self { ids: vec![id], closed: true, ..Self::default() }
    }

    /// Whether it says nothing, and so means every open dead letter.
    pub fn is_empty(&self) -> bool {
        *self == Self { payloads: self.payloads, closed: self.closed, ..Self::default() }
    }

    /// Whether it means `letter`.
    pub fn fits(&self, letter: &DeadLetter) -> bool {
        (self.closed || letter.is_open())
            && (self.ids.is_empty() || self.ids.contains(&letter.id))
            && one_of(&self.reasons, |reason| *reason == letter.reason)
            && one_of(&self.steps, |step| step.split_once('/') == Some((&letter.service, &letter.step)))
            && one_of(&self.types, |kind| is_type(letter.event_type.as_deref(), kind))
            && self.since.is_none_or(|since| letter.at() >= since)
            && self.until.is_none_or(|until| letter.at() < until)
            && self.instance.as_ref().is_none_or(|instance| letter.instance.as_ref() == Some(instance))
            && self.text.as_deref().is_none_or(|text| self.says(letter, text))
    }

    fn says(&self, letter: &DeadLetter, text: &str) -> bool {
        let violations = letter.record.text(choreograph::wire::header::DLQ_VIOLATIONS);
        let value = letter.record.value.as_deref().filter(|_| self.payloads);
        letter.error.contains(text)
            || violations.is_some_and(|violations| violations.contains(text))
            || [letter.record.key.as_deref(), value]
                .into_iter()
                .flatten()
                .any(|bytes| holds(bytes, text.as_bytes()))
    }
}

/// Whether nothing is asked, or one of what is asked holds.
fn one_of(asked: &[String], holds: impl Fn(&String) -> bool) -> bool {
    asked.is_empty() || asked.iter().any(holds)
}

/// Whether `event_type` is `asked`, or a major of it.
pub(crate) fn is_type(event_type: Option<&str>, asked: &str) -> bool {
    event_type.is_some_and(|event_type| {
        let major = event_type.strip_prefix(asked).and_then(|rest| rest.strip_prefix(".v"));
        event_type == asked || major.is_some_and(|major| major.bytes().all(|byte| byte.is_ascii_digit()))
    })
}

fn holds(bytes: &[u8], text: &[u8]) -> bool {
    text.is_empty() || bytes.windows(text.len()).any(|window| window == text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::action::{Action, Deed};
    use crate::letter::tests::letter;

    fn filter(set: impl FnOnce(&mut Filter)) -> bool {
        let mut filter = Filter::default();
        set(&mut filter);
        filter.fits(&letter())
    }

    fn texts(texts: &[&str]) -> Vec<String> {
        texts.iter().map(|text| (*text).to_owned()).collect()
    }

    #[test]
    fn each_thing_said_counts() {
        assert!(filter(|_| {}), "nothing said");
        assert!(filter(|f| f.steps = texts(&["a/b", "payment/charge"])));
        assert!(!filter(|f| f.steps = texts(&["payment"])));
        assert!(
            filter(|f| f.types = texts(&["order.placed"]))
                && filter(|f| f.types = texts(&["order.placed.v1"]))
        );
        assert!(
            !filter(|f| f.types = texts(&["order"])) && !filter(|f| f.types = texts(&["order.placed.v2"]))
        );
        assert!(filter(|f| f.reasons = texts(&["contract_violation"])));
        assert!(!filter(|f| f.reasons = texts(&["panic"])));
        assert!(
            filter(|f| f.since = Some(1_700_000_000_000)) && !filter(|f| f.until = Some(1_700_000_000_000))
        );
        assert!(
            filter(|f| f.instance = Some("w1".to_owned())) && !filter(|f| f.instance = Some("w2".to_owned()))
        );
        assert!(!filter(|f| f.ids = vec![Uuid::nil()]));
    }

    #[test]
    fn text_is_found_in_values_only_where_that_is_asked() {
        assert!(
            filter(|f| f.text = Some("/total".to_owned())) && filter(|f| f.text = Some("o-1".to_owned()))
        );
        assert!(!filter(|f| f.text = Some("{}".to_owned())));
        assert!(filter(|f| (f.text, f.payloads) = (Some("{}".to_owned()), true)));
    }

    #[test]
    fn the_closed_are_meant_only_where_that_is_asked() {
        let mut letter = letter();
        letter.actions.push(Action { id: Uuid::nil(), deed: Deed::Replayed, by: "ada".to_owned(), at: 0 });
        assert!(!Filter::default().fits(&letter));
        assert!(Filter { closed: true, ..Filter::default() }.fits(&letter));
    }
}
