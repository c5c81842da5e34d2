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
    /// What it judges, before such a change: of these rules a schema.
    pub old: Value,
    /// The same after it.
    pub new: Value,
}

impl Rule {
    /// The rule `id`, whose file holds `text`; `None` if the file has another form. Other crates' rules have the same one.
    pub fn of_file(id: RuleId, text: &str) -> Option<Self> {
        let File { sentence, breaks, instead, old, new } = serde_json::from_str(text).ok()?;
        Some(Self { id, sentence, breaks, instead, old, new })
    }
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

/// One file, by the name of its rule.
macro_rules! file {
    ($id:literal) => {
        ($id, include_str!(concat!("../../rules/", $id, ".json")))
    };
}

/// The files, by rule.
const FILES: [(RuleId, &str); 41] = [
    file!("ANNOTATION_CHANGED"),
    file!("BOUND_LOOSENED"),
    file!("BOUND_TIGHTENED"),
    file!("COMBINATOR_CHANGED"),
    file!("CONST_CHANGED"),
    file!("CONTAINS_CHANGED"),
    file!("CONTENT_CHANGED"),
    file!("DEFS_RENAMED"),
    file!("DEPENDENCY_CHANGED"),
    file!("ENUM_VALUE_ADDED"),
    file!("ENUM_VALUE_REMOVED"),
    file!("FIELD_BECAME_OPTIONAL"),
    file!("FIELD_BECAME_REQUIRED"),
    file!("FIELD_OPTIONAL_ADDED"),
    file!("FIELD_OPTIONAL_REMOVED"),
    file!("FIELD_REQUIRED_ADDED"),
    file!("FIELD_REQUIRED_REMOVED"),
    file!("FORMAT_ADDED"),
    file!("FORMAT_CHANGED"),
    file!("FORMAT_REMOVED"),
    file!("IF_THEN_ELSE_CHANGED"),
    file!("INT_WIDTH_CHANGED"),
    file!("ITEMS_CHANGED"),
    file!("MAP_VALUE_CHANGED"),
    file!("MULTIPLE_OF_CHANGED"),
    file!("NOT_CHANGED"),
    file!("PATTERN_ADDED"),
    file!("PATTERN_CHANGED"),
    file!("PATTERN_PROPERTIES_CHANGED"),
    file!("PATTERN_REMOVED"),
    file!("PREFIX_ITEMS_CHANGED"),
    file!("PROPERTY_NAMES_CHANGED"),
    file!("READER_CLOSED"),
    file!("REF_MOVED"),
    file!("TYPE_CHANGED"),
    file!("TYPE_NARROWED"),
    file!("TYPE_WIDENED"),
    file!("UNIQUE_ITEMS_ADDED"),
    file!("UNIQUE_ITEMS_REMOVED"),
    file!("VARIANT_ADDED"),
    file!("VARIANT_REMOVED"),
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
