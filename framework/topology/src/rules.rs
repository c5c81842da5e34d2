//! The rules of a choreography, as data: one file each under `rules/`.

use std::sync::LazyLock;

use serde::{Deserialize, Serialize};

/// One rule: what it finds, whom that breaks, and what to do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Rule {
    /// Its name: `CONSUMED_BUT_NOT_EMITTED`.
    pub id: &'static str,
    /// What it finds, in one sentence.
    pub sentence: String,
    /// How that breaks a team: a worked example.
    pub breaks: String,
    /// What to do.
    pub instead: String,
}

/// A rule's file.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    sentence: String,
    breaks: String,
    instead: String,
}

macro_rules! files {
    ($($id:literal),* $(,)?) => {
        [$(($id, include_str!(concat!("../rules/", $id, ".json")))),*]
    };
}

/// The files, by rule, ordered by name.
const FILES: [(&str, &str); 18] = files![
    "BREAKS_CONSUMER",
    "CONSUMED_BUT_NOT_EMITTED",
    "CYCLE_WITHOUT_EXIT",
    "DEAD_LETTER_TOPIC_SHARED",
    "EMITTED_BUT_NOT_CONSUMED",
    "EVENT_DEPRECATED",
    "EVENT_ON_ANOTHER_TOPIC",
    "GROUP_SHARED",
    "KEYS_DIFFER",
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

static RULES: LazyLock<Vec<Rule>> = LazyLock::new(|| FILES.iter().filter_map(read).collect());

/// The rule of one file. A file that cannot be read is missing from the list; a test holds that none is.
fn read((id, text): &(&'static str, &str)) -> Option<Rule> {
    let File { sentence, breaks, instead } = serde_json::from_str(text).ok()?;
    Some(Rule { id, sentence, breaks, instead })
}

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
