//! The rules of compatibility, as data: one file each under `rules/`.

use std::sync::LazyLock;

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// The name of a rule: `FIELD_REQUIRED_ADDED`.
pub type RuleId = &'static str;

/// One rule: what changes, whom it breaks, and what to do instead.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Rule {
    /// Its name.
    pub id: RuleId,
    /// What changed, in one sentence.
    pub sentence: String,
    /// How such a change breaks a team: a worked example.
    pub breaks: String,
    /// What to do instead.
    pub instead: String,
    /// A schema before such a change.
    pub old: Value,
    /// The same schema after it.
    pub new: Value,
}

/// A rule's file.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    sentence: String,
    breaks: String,
    instead: String,
    old: Value,
    new: Value,
}

/// The files, by rule.
const FILES: [(RuleId, &str); 1] =
    [("COMBINATOR_CHANGED", include_str!("../../rules/COMBINATOR_CHANGED.json"))];

static RULES: LazyLock<Vec<Rule>> = LazyLock::new(|| FILES.iter().filter_map(read).collect());

/// The rule of one file. A file that cannot be read is missing from the list; a test holds that none is.
fn read((id, text): &(RuleId, &str)) -> Option<Rule> {
    let File { sentence, breaks, instead, old, new } = serde_json::from_str(text).ok()?;
    Some(Rule { id, sentence, breaks, instead, old, new })
}

/// Every rule, ordered by name.
pub fn rules() -> &'static [Rule] {
    &RULES
}

/// The rule named `id`.
///
/// ```
/// use choreograph_contracts::compat::rule;
///
/// assert!(rule("COMBINATOR_CHANGED").is_some_and(|rule| rule.sentence.ends_with('.')));
/// assert!(rule("NO_SUCH_RULE").is_none());
/// ```
pub fn rule(id: &str) -> Option<&'static Rule> {
    rules().iter().find(|rule| rule.id == id)
}

#[cfg(test)]
mod tests {
    use super::{FILES, rules};

    #[test]
    fn every_file_is_a_rule() {
        assert_eq!(rules().len(), FILES.len());
    }
}
