//! Where replays go: the retry topics of steps.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use choreograph::wire::{DEAD_LETTER_SUFFIX, RETRY_SUFFIX};
use choreograph_topology::Manifest;

use crate::contracts::dead_letter_topic;

/// The retry topics that manifests name, by the topic of the dead letters and the step. All names are without the
/// namespace.
#[derive(Debug, Default)]
pub(crate) struct Retries(HashMap<String, BTreeMap<String, String>>);

impl Retries {
    /// The retry topics of all steps in `manifests`.
    pub(crate) fn of(manifests: &[Manifest]) -> Self {
        let mut retries: HashMap<String, BTreeMap<String, String>> = HashMap::new();
        for manifest in manifests {
            for step in &manifest.steps {
                let retry = step.retry_topic.clone();
                let retry = retry.unwrap_or_else(|| format!("{}{RETRY_SUFFIX}", step.group));
                let source = format!("{}/{}", manifest.service, step.name);
                retries.entry(dead_letter_topic(step)).or_default().insert(source, retry);
            }
        }
        Self(retries)
    }

    /// The topic from which the step `source` reads its replays, whose dead letters lie on `topic`; `None` where several
    /// steps set aside to that topic, each with a retry topic of its own, and `source` is none of them. A topic that no
    /// manifest names is named as the framework names it.
    pub(crate) fn to(&self, topic: &str, source: &str) -> Option<String> {
        if let Some(retry) = self.0.get(topic).and_then(|steps| steps.get(source)) {
            return Some(retry.clone());
        }
        let all = self.all(topic);
        if all.len() == 1 { all.into_iter().next() } else { None }
    }

    /// The step whose dead letters lie on `topic`: the first of those that manifests name, else the one after which the
    /// framework names such a topic, `<service>.<step>.dlq`.
    pub(crate) fn step(&self, topic: &str) -> String {
        if let Some(source) = self.0.get(topic).and_then(|steps| steps.keys().next()) {
            return source.clone();
        }
        let group = topic.strip_suffix(DEAD_LETTER_SUFFIX).unwrap_or(topic);
        group.replacen('.', "/", 1)
    }

    /// All topics that replays of the dead letters on `topic` may go to.
    pub(crate) fn all(&self, topic: &str) -> BTreeSet<String> {
        if let Some(steps) = self.0.get(topic) {
            return steps.values().cloned().collect();
        }
        let group = topic.strip_suffix(DEAD_LETTER_SUFFIX).unwrap_or(topic);
        BTreeSet::from([format!("{group}{RETRY_SUFFIX}")])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_step_has_the_retry_topic_that_its_manifest_names() {
        let manifest = br#"{ "manifest": 1, "service": "till", "steps": [
            { "name": "plain", "group": "till.plain", "consumes": [] },
            { "name": "own", "group": "till.own", "retry_topic": "own-again", "dead_letter_topic": "own-dlq", "consumes": [] },
            { "name": "a", "group": "till.a", "dead_letter_topic": "shared", "consumes": [] },
            { "name": "b", "group": "till.b", "dead_letter_topic": "shared", "consumes": [] }] }"#;
        let retries = Retries::of(&[Manifest::read("till.json", manifest).expect("a manifest")]);
        for (topic, source, retry) in [
            ("till.plain.dlq", "till/plain", Some("till.plain.retry")),
            ("own-dlq", "till/own", Some("own-again")),
            ("own-dlq", "another/name", Some("own-again")),
            ("shared", "till/a", Some("till.a.retry")),
            ("shared", "till/b", Some("till.b.retry")),
            ("shared", "till/c", None),
            ("mail.tell.dlq", "mail/tell", Some("mail.tell.retry")),
        ] {
            assert_eq!(retries.to(topic, source).as_deref(), retry, "{topic} {source}");
        }
        assert_eq!(retries.all("shared").len(), 2);
        for (topic, step) in [("own-dlq", "till/own"), ("shared", "till/a"), ("mail.tell.dlq", "mail/tell")] {
            assert_eq!(retries.step(topic), step);
        }
    }
}
