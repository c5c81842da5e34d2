use std::collections::BTreeMap;

use crate::Shared;

/// Problems of one kind that are told; the rest is counted.
const MAX_TOLD: usize = 20;

/// What a problem is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum About {
    Brokers,
    Cluster,
    Client,
    Reading,
    Topics,
    Groups,
    Manifests,
    State,
}

/// What is wrong with the observer's own sight.
#[derive(Debug, Default)]
pub(super) struct Problems {
    by: BTreeMap<About, Vec<String>>,
}

impl Problems {
    /// Replaces what is wrong about one thing.
    pub(super) fn of(&mut self, about: About, sentences: impl IntoIterator<Item = String>) {
        let mut told: Vec<String> = sentences.into_iter().take(MAX_TOLD + 1).collect();
        if told.len() > MAX_TOLD {
            told.truncate(MAX_TOLD);
            told.push("and more of the kind".to_owned());
        }
        self.by.insert(about, told);
    }

    /// Tells the model all that is wrong.
    pub(super) fn tell(&self, shared: &Shared) {
        let all = self.by.values().flatten().cloned().collect();
        shared.write(|model| model.problems(all));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_mended_is_forgotten_and_there_is_a_bound() {
        let mut problems = Problems::default();
        problems.of(About::Topics, (0..100).map(|number| format!("topic {number} is missing")));
        problems.of(About::Brokers, ["away".to_owned()]);
        assert_eq!(problems.by[&About::Topics].len(), MAX_TOLD + 1);
        problems.of(About::Topics, []);
        let all: Vec<&String> = problems.by.values().flatten().collect();
        assert_eq!(all, ["away"]);
    }
}
