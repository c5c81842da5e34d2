//! Names in filters that nobody has.

use super::filter::{FailureFilter, InstanceFilter};
use super::list::UNKNOWN_WORKFLOW;
use super::names::Names;
use super::state::Model;

/// The most names that are offered instead of one that nobody has.
const MAX_NEAR: usize = 3;

impl Model {
    /// What is said of a name in `filter` that nobody declares and no record has; `None` where there is none.
    pub fn unknown_of_instances(&self, filter: &InstanceFilter) -> Option<String> {
        let workflow = filter.workflow.as_deref().filter(|name| *name != UNKNOWN_WORKFLOW);
        let step = || unknown("step", filter.step.as_deref(), &self.names.steps);
        unknown("workflow", workflow, &self.names.workflows).or_else(step)
    }

    /// The same of a filter of dead letters.
    pub fn unknown_of_failures(&self, filter: &FailureFilter) -> Option<String> {
        unknown("step", filter.step.as_deref(), &self.names.steps)
    }
}

fn unknown(what: &str, asked: Option<&str>, known: &Names) -> Option<String> {
    let name = asked.filter(|name| known.find(name).is_none())?;
    let near = near_names(name, known.all());
    let meant = if near.is_empty() { String::new() } else { format!(": did you mean {}?", near.join(", ")) };
    Some(format!("no {what} `{name}` is declared or was seen{meant}"))
}

/// Those of `names` that share at least half of their letters with `asked` at both ends together, the nearest first.
pub fn near_names<'n>(asked: &str, names: impl Iterator<Item = &'n str>) -> Vec<&'n str> {
    let letters = |text: &str| text.chars().count();
    let mut near: Vec<(usize, &str)> = names
        .map(|name| (shared(asked, name), name))
        .filter(|(shared, name)| 2 * shared >= letters(name).max(letters(asked)))
        .collect();
    near.sort_by_key(|(shared, name)| (std::cmp::Reverse(*shared), *name));
    near.into_iter().map(|(_, name)| name).take(MAX_NEAR).collect()
}

/// How many letters two names share at their beginnings and, of what is left, at their ends.
fn shared(one: &str, other: &str) -> usize {
    let same = |(a, b): &(char, char)| a == b;
    let begin = one.chars().zip(other.chars()).take_while(same).count();
    let left = |text: &str| text.chars().count() - begin;
    let end = one.chars().rev().zip(other.chars().rev()).take_while(same).count();
    begin + end.min(left(one)).min(left(other))
}

#[cfg(test)]
mod tests {
    use super::near_names;

    #[test]
    fn near_is_what_begins_and_ends_alike() {
        let names = ["payment/charge", "payment/refund", "mail/tell", "warehouse/charge"];
        let near = |asked: &str| near_names(asked, names.into_iter());
        assert_eq!(near("payment/chrage"), ["payment/charge", "payment/refund"]);
        assert_eq!(near("mail/tel"), ["mail/tell"]);
        assert_eq!(near("shipping"), [""; 0]);
        assert_eq!(near_names("aa", ["aaa", "a"].into_iter()), ["aaa", "a"], "no letter counts twice");
    }
}
