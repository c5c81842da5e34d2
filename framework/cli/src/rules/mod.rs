//! Every rule that a finding can name: those of schemas, which the crate `choreograph-contracts` knows, those
//! of manifests, which `choreograph-topology` knows, and those of files and of what an observer sees, which are
//! this command's: one file each under `rules/`.

pub mod drift;
pub mod files;

use std::sync::LazyLock;

use choreograph_contracts::compat;
pub use choreograph_contracts::compat::Rule;

/// One file, by the name of its rule.
macro_rules! file {
    ($id:expr, $name:literal) => {
        ($id, include_str!(concat!("../../rules/", $name, ".json")))
    };
}

/// The files of this command's own rules.
const FILES: [(&str, &str); 12] = [
    file!(files::APPROVAL_EXPIRED, "APPROVAL_EXPIRED"),
    file!(files::APPROVAL_UNUSED, "APPROVAL_UNUSED"),
    file!(files::DELETED, "CONTRACT_DELETED"),
    file!(files::DRIFT, "CONTRACT_DRIFT"),
    file!(files::ID_MISMATCH, "CONTRACT_ID_MISMATCH"),
    file!(files::MISSING_BUMP, "CONTRACT_MISSING_BUMP"),
    file!(files::MUTATED, "CONTRACT_MUTATED"),
    file!(files::STRAY_FILE, "CONTRACT_STRAY_FILE"),
    file!(drift::SILENT, "DRIFT_SILENT"),
    file!(drift::UNDECLARED, "DRIFT_UNDECLARED"),
    file!(drift::VERSION_SKEW, "DRIFT_VERSION_SKEW"),
    file!(files::REGISTRY_REFUSES, "REGISTRY_REFUSES"),
];

/// A file that cannot be read is missing from the list; a test holds that none is.
static OWN: LazyLock<Vec<Rule>> =
    LazyLock::new(|| FILES.iter().filter_map(|(id, text)| Rule::of_file(id, text)).collect());

static RULES: LazyLock<Vec<&Rule>> = LazyLock::new(|| {
    let mut rules: Vec<&Rule> =
        OWN.iter().chain(choreograph_topology::rules()).chain(compat::rules()).collect();
    rules.sort_by_key(|rule| rule.id);
    rules
});

/// Every rule, ordered by name.
pub fn all() -> &'static [&'static Rule] {
    &RULES
}

/// The rule named `id`.
pub fn find(id: &str) -> Option<&'static Rule> {
    all().iter().find(|rule| rule.id == id).copied()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::path::Path;

    use serde_json::{Value, json};

    #[test]
    fn each_rule_has_one_name_every_sentence_and_an_example() {
        let rules = super::all();
        assert!(rules.windows(2).all(|pair| pair[0].id < pair[1].id), "a rule stands twice");
        for rule in rules {
            assert_eq!(super::find(rule.id), Some(*rule));
            for text in [&rule.sentence, &rule.breaks, &rule.instead] {
                assert!(text.ends_with('.'), "{}: {text}", rule.id);
            }
            let is_example = |value: &Value| ![Value::Null, json!([])].contains(value);
            assert!(is_example(&rule.old) && is_example(&rule.new) && rule.old != rule.new, "{}", rule.id);
        }
    }

    /// A file that nothing reads explains nothing, and a rule without a file of its own has no source.
    #[test]
    fn each_file_is_a_rule_and_each_rule_a_file() {
        let mut files = BTreeSet::new();
        for folder in ["rules", "../topology/rules", "../contracts/rules"] {
            let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join(folder);
            for file in folder.read_dir().unwrap() {
                let file = file.unwrap().file_name().into_string().unwrap();
                if let Some(name) = file.strip_suffix(".json") {
                    assert!(files.insert(name.to_owned()), "{name} stands twice");
                }
            }
        }
        let rules: BTreeSet<String> = super::all().iter().map(|rule| rule.id.to_owned()).collect();
        assert_eq!(files, rules);
    }
}
