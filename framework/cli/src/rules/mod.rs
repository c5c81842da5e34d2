//! Every rule that a finding can name: those of schemas, which the crate `choreograph-contracts` knows, those
//! of manifests, which `choreograph-topology` knows, and those of files and of what an observer sees, which are
//! this command's.

pub mod drift;
pub mod files;

use choreograph_contracts::compat;
use serde_json::Value;

/// What is to be said of a rule.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Rule {
    /// Its name: `CONTRACT_MUTATED`.
    pub id: &'static str,
    /// What it finds, in one sentence.
    pub sentence: &'static str,
    /// How that breaks a team.
    pub breaks: &'static str,
    /// What to do instead.
    pub instead: &'static str,
    /// A schema before and after such a change.
    pub example: Option<(&'static Value, &'static Value)>,
}

impl Rule {
    /// Why it matters, for somebody who has such a finding: of a change, a story of others.
    pub fn why(&self) -> String {
        let is_story = self.example.is_some() || choreograph_topology::rule(self.id).is_some();
        if is_story { format!("for example: {}", self.breaks) } else { self.breaks.to_owned() }
    }
}

/// Every rule, ordered by name.
pub fn all() -> Vec<Rule> {
    let mut rules: Vec<Rule> = files::RULES.to_vec();
    rules.extend(drift::RULES);
    rules.extend(choreograph_topology::rules().iter().map(of_manifests));
    rules.extend(compat::rules().iter().map(of_schemas).filter(|rule| files::find(rule.id).is_none()));
    rules.sort_by_key(|rule| rule.id);
    rules
}

/// The rule named `id`.
pub fn find(id: &str) -> Option<Rule> {
    files::find(id)
        .or_else(|| drift::find(id))
        .or_else(|| compat::rule(id).map(of_schemas))
        .or_else(|| choreograph_topology::rule(id).map(of_manifests))
}

fn of_manifests(rule: &'static choreograph_topology::Rule) -> Rule {
    Rule {
        id: rule.id,
        sentence: &rule.sentence,
        breaks: &rule.breaks,
        instead: &rule.instead,
        example: None,
    }
}

fn of_schemas(rule: &'static compat::Rule) -> Rule {
    Rule {
        id: rule.id,
        sentence: &rule.sentence,
        breaks: &rule.breaks,
        instead: &rule.instead,
        example: Some((&rule.old, &rule.new)),
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn each_rule_has_one_name_and_every_sentence() {
        let rules = super::all();
        assert!(rules.windows(2).all(|pair| pair[0].id < pair[1].id));
        for rule in rules {
            assert_eq!(super::find(rule.id), Some(rule));
            for text in [rule.sentence, rule.breaks, rule.instead] {
                assert!(text.ends_with('.'), "{}: {text}", rule.id);
            }
        }
    }
}
