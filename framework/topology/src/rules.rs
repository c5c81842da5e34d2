//! The rules of a choreography, as data: one file each under `rules/`. What a rule judges are the manifests of a set, before and
//! after.

use std::sync::LazyLock;

pub use choreograph_contracts::compat::Rule;

macro_rules! files {
    ($($id:literal),* $(,)?) => {
        [$(($id, include_str!(concat!("../rules/", $id, ".json")))),*]
    };
}

/// The files, by rule, ordered by name.
const FILES: [(&str, &str); 19] = files![
    "BREAKS_CONSUMER",
    "CONSUMED_BUT_NOT_EMITTED",
    "CYCLE_WITHOUT_EXIT",
    "DEAD_LETTER_TOPIC_SHARED",
    "EMITTED_BUT_NOT_CONSUMED",
    "EVENT_DEPRECATED",
    "EVENT_ON_ANOTHER_TOPIC",
    "GROUP_SHARED",
    "KEYS_DIFFER",
    "KEY_NOT_IN_SCHEMA",
    "MAJOR_NOT_EMITTED",
    "MAJOR_NOT_READ",
    "NEVER_ENDS",
    "NOT_COVERED",
    "RETRY_TOPIC_SHARED",
    "SCHEMA_UNREADABLE",
    "SERVICE_TWICE",
    "TOPIC_DIFFERS",
    "UPCASTER_MISSING",
];

/// A file that cannot be read is missing from the list; a test holds that none is.
static RULES: LazyLock<Vec<Rule>> =
    LazyLock::new(|| FILES.iter().filter_map(|(id, text)| Rule::of_file(id, text)).collect());

/// Every rule, ordered by name.
pub fn rules() -> &'static [Rule] {
    &RULES
}

/// The rule named `id`.
///
/// ```
/// use choreograph_topology::rule;
///
/// assert!(rule("NEVER_ENDS").is_some_and(|rule| rule.sentence.ends_with('.')));
/// assert!(rule("NO_SUCH_RULE").is_none());
/// ```
pub fn rule(id: &str) -> Option<&'static Rule> {
    rules().iter().find(|rule| rule.id == id)
}

#[cfg(test)]
mod tests {
    use super::{FILES, rules};

    #[test]
    fn every_file_is_a_rule_in_whole_sentences() {
        assert_eq!(rules().len(), FILES.len());
        assert!(rules().windows(2).all(|pair| pair[0].id < pair[1].id));
        for rule in rules() {
            for text in [&rule.sentence, &rule.breaks, &rule.instead] {
                assert!(text.ends_with('.'), "{}: {text}", rule.id);
            }
        }
    }
}
