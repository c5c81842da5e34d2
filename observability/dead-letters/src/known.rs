//! The names that a filter may say: a misspelt one would find nothing, as if there were nothing.

use std::collections::BTreeSet;

use choreograph::wire::DEAD_LETTER_REASONS;
use choreograph_topology::Manifest;

use crate::error::Error;
use crate::filter::{Filter, is_type};
use crate::letter::DeadLetter;

/// The steps and event types that manifests declare, and the reasons that there are.
#[derive(Debug, Clone, Default)]
pub(crate) struct Known {
    steps: BTreeSet<String>,
    types: BTreeSet<String>,
    reasons: BTreeSet<String>,
    /// Whether the types are all that there are.
    all_types: bool,
}

impl Known {
    /// What `manifests` declare. Without any, nothing is known of types.
    pub(crate) fn of(manifests: &[Manifest]) -> Self {
        let reasons = DEAD_LETTER_REASONS.map(str::to_owned).into();
        let mut known = Self { all_types: !manifests.is_empty(), reasons, ..Self::default() };
        for manifest in manifests {
            for step in &manifest.steps {
                known.steps.insert(format!("{}/{}", manifest.service, step.name));
                let consumed = step.consumes.iter().map(|one| one.event_type.clone());
                known.types.extend(consumed);
            }
        }
        known
    }

    /// Adds a step that a topic is named after.
    pub(crate) fn add_step(&mut self, step: String) {
        self.steps.insert(step);
    }

    /// Adds what a dead letter names, where `filter` asks for it: it may be older than the manifests, and of a newer version
    /// of the framework.
    pub(crate) fn see(&mut self, letter: &DeadLetter, filter: &Filter) {
        if !filter.reasons.is_empty() && !self.reasons.contains(&letter.reason) {
            self.reasons.insert(letter.reason.clone());
        }
        if !filter.steps.is_empty() {
            self.steps.insert(letter.source());
        }
        let asked = filter.types.iter().find(|asked| is_type(letter.event_type.as_deref(), asked));
        if let Some(asked) = asked.filter(|asked| !self.types.contains(*asked)) {
            self.types.insert(asked.clone());
        }
    }

    /// Refuses a filter that names a step, a reason or a type which nobody has.
    pub(crate) fn check(&self, filter: &Filter) -> Result<(), Error> {
        let unknown = |what, name: &String, known: &BTreeSet<String>| {
            Err(Error::UnknownName { what, name: name.clone(), known: known.iter().cloned().collect() })
        };
        if let Some(step) = filter.steps.iter().find(|step| !self.steps.contains(*step)) {
            return unknown("step", step, &self.steps);
        }
        if let Some(reason) = filter.reasons.iter().find(|reason| !self.reasons.contains(*reason)) {
            return unknown("reason", reason, &self.reasons);
        }
        let is_known = |asked: &str| self.types.contains(asked) || self.types.contains(without_major(asked));
        match filter.types.iter().find(|asked| self.all_types && !is_known(asked)) {
            Some(asked) => unknown("event type", asked, &self.types),
            None => Ok(()),
        }
    }
}

/// `order.placed` of `order.placed.v1`.
fn without_major(event_type: &str) -> &str {
    let is_major = |major: &str| !major.is_empty() && major.bytes().all(|byte| byte.is_ascii_digit());
    event_type.rsplit_once(".v").filter(|(_, major)| is_major(major)).map_or(event_type, |(name, _)| name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::letter::tests::letter;

    const MANIFEST: &[u8] =
        br#"{ "manifest": 1, "service": "mail", "steps": [{ "name": "tell", "group": "mail.tell",
        "consumes": [{ "type": "order.sent", "major": 1, "topic": "orders", "schema": true }] }] }"#;

    fn asks(steps: &[&str], types: &[&str]) -> Filter {
        let owned = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect();
        Filter { steps: owned(steps), types: owned(types), ..Filter::default() }
    }

    #[test]
    fn a_name_that_nobody_has_is_refused() {
        let known = Known::of(&[Manifest::read("mail.json", MANIFEST).unwrap()]);
        assert!(known.check(&asks(&["mail/tell"], &["order.sent", "order.sent.v9"])).is_ok());
        for (filter, told) in [
            (asks(&["mail/tel"], &[]), "there is no step `mail/tel`"),
            (asks(&["mail/tell", "mail"], &[]), "there is no step `mail`"),
            (asks(&[], &["order.snt"]), "there is no event type `order.snt`"),
            (asks(&[], &["order.sent.vx"]), "there is no event type `order.sent.vx`"),
        ] {
            assert_eq!(known.check(&filter).unwrap_err().to_string(), told);
        }
        let nobody = Known::of(&[]);
        assert!(nobody.check(&asks(&[], &["order.snt"])).is_ok(), "nobody says which types there are");
        assert!(nobody.check(&asks(&["mail/tell"], &[])).is_err());
    }

    #[test]
    fn what_a_dead_letter_names_is_known() {
        let mut known = Known::of(&[Manifest::read("mail.json", MANIFEST).unwrap()]);
        let filter = asks(&["payment/charge"], &["order.placed.v1"]);
        assert!(known.check(&filter).is_err());
        known.see(&letter(), &filter);
        assert!(known.check(&filter).is_ok());
    }

    #[test]
    fn a_reason_is_one_of_the_frameworks_or_of_a_dead_letter() {
        let asks = |reason: &str| Filter { reasons: vec![reason.to_owned()], ..Filter::default() };
        let mut known = Known::of(&[]);
        for reason in DEAD_LETTER_REASONS {
            assert!(known.check(&asks(reason)).is_ok(), "{reason}");
        }
        let told = known.check(&asks("too_late")).unwrap_err().to_string();
        assert_eq!(told, "there is no reason `too_late`");
        let mut newer = letter();
        newer.reason = "too_late".to_owned();
        known.see(&newer, &asks("too_late"));
        assert!(known.check(&asks("too_late")).is_ok());
    }
}
