//! What steps read now, from manifests: a replay is checked against it before it goes out.

use std::collections::HashMap;

use choreograph::wire::unframed;
use choreograph_contracts::{CheckError, Contract, EventVersion, Tape};
use choreograph_topology::Manifest;

use crate::error::Error;
use crate::refusal::Refusal;

/// The contracts of every step's reading, by its dead-letter topic (without the namespace).
#[derive(Debug)]
pub(crate) struct Contracts {
    steps: HashMap<String, Vec<Read>>,
    max_event_bytes: usize,
}

/// One event type that a step reads.
#[derive(Debug)]
struct Read {
    event_type: String,
    major: u32,
    /// Majors that it reads through upcasters, which are its own code: only the step itself can say what it takes.
    older: Vec<u32>,
    contract: Contract,
}

impl Contracts {
    /// Compiles what the manifests' steps read; `None` where there are no manifests.
    pub(crate) fn of(manifests: &[Manifest], max_event_bytes: usize) -> Result<Option<Self>, Error> {
        if manifests.is_empty() {
            return Ok(None);
        }
        let mut steps: HashMap<String, Vec<Read>> = HashMap::new();
        for (manifest, step) in
            manifests.iter().flat_map(|manifest| manifest.steps.iter().map(move |step| (manifest, step)))
        {
            let reads = steps.entry(dead_letter_topic(step)).or_default();
            for consumed in &step.consumes {
                let contract = Contract::compile(&consumed.schema).map_err(|source| Error::Contract {
                    step: format!("{}/{}", manifest.service, step.name),
                    event_type: format!("{}.v{}", consumed.event_type, consumed.major),
                    source,
                })?;
                let older = consumed.older_majors().collect();
                reads.push(Read {
                    event_type: consumed.event_type.clone(),
                    major: consumed.major,
                    older,
                    contract,
                });
            }
        }
        Ok(Some(Self { steps, max_event_bytes }))
    }

    /// A tape for [`check`](Self::check).
    pub(crate) fn tape(&self) -> Tape {
        Tape::with_max_bytes(self.max_event_bytes)
    }

    /// Whether the step whose dead letters are on `topic` would take `value` as an event of the type `ce_type`.
    pub(crate) fn check(
        &self,
        tape: &mut Tape,
        topic: &str,
        ce_type: Option<&str>,
        value: Option<&[u8]>,
    ) -> Result<(), Refusal> {
        let reads = self.steps.get(topic).ok_or_else(|| Refusal::StepUnknown(topic.to_owned()))?;
        let version = ce_type.and_then(|text| EventVersion::parse(text).ok());
        let read = version.and_then(|version| {
            let reads = reads.iter().filter(|read| read.event_type == version.name());
            let is_read =
                |read: &&Read| read.major == version.major() || read.older.contains(&version.major());
            Some((reads.into_iter().find(is_read)?, version.major()))
        });
        let Some((read, major)) = read else {
            let what = ce_type.map_or_else(|| "records without a ce_type".to_owned(), str::to_owned);
            return Err(Refusal::NotConsumed(what));
        };
        let value = value.ok_or_else(|| Refusal::Violates("there is no value".to_owned()))?;
        if major != read.major {
            // What its upcasters make of it only the step knows.
            return is_json(value);
        }
        let refused = |error: CheckError| Refusal::Violates(error.to_string());
        match (read.contract.check(tape, value), unframed(value)) {
            // As the step does: only what is no JSON is looked at again.
            (Err(_), Some(json)) => read.contract.check(tape, json).map_err(refused),
            (checked, _) => checked.map_err(refused),
        }
    }
}

/// Whether a value is JSON at all, with the frame of another team's serializer or without: no step reads anything else.
pub(crate) fn is_json(value: &[u8]) -> Result<(), Refusal> {
    let json = unframed(value).unwrap_or(value);
    serde_json::from_slice::<serde::de::IgnoredAny>(json)
        .map(drop)
        .map_err(|error| Refusal::Violates(format!("it is no JSON: {error}")))
}

/// The topic of a step's dead letters, without the namespace.
pub(crate) fn dead_letter_topic(step: &choreograph_topology::Step) -> String {
    let derived = || format!("{}{}", step.group, choreograph::wire::DEAD_LETTER_SUFFIX);
    step.dead_letter_topic.clone().unwrap_or_else(derived)
}

#[cfg(test)]
mod tests {
    use super::*;

    const MANIFEST: &[u8] = br#"{ "manifest": 1, "service": "payment", "steps": [{
        "name": "charge", "group": "payment.charge", "consumes": [{
            "type": "order.placed", "major": 3, "upcasts": [2], "topic": "orders",
            "schema": { "type": "object", "properties": { "total": { "type": "integer" } }, "required": ["total"] }
        }] }] }"#;

    fn check(topic: &str, ce_type: Option<&str>, value: Option<&str>) -> Option<&'static str> {
        let manifest = Manifest::read("payment.json", MANIFEST).expect("a manifest");
        let contracts = Contracts::of(&[manifest], 1_024).expect("sound").expect("one");
        let checked = contracts.check(&mut contracts.tape(), topic, ce_type, value.map(str::as_bytes));
        checked.err().map(|refusal| refusal.word())
    }

    #[test]
    fn a_value_is_held_against_what_the_step_reads_now() {
        let topic = "payment.charge.dlq";
        let order = Some("order.placed.v3");
        assert_eq!(check(topic, order, Some(r#"{"total":1}"#)), None);
        assert_eq!(check(topic, order, Some(r#"{"total":"1"}"#)), Some("still_violates"));
        assert_eq!(check(topic, order, Some("{")), Some("still_violates"));
        assert_eq!(check(topic, order, None), Some("still_violates"));
        assert_eq!(check(topic, order, Some("\0\0\0\0\u{7}{\"total\":1}")), None, "framed");
        assert_eq!(check(topic, order, Some("\0\0\0\0\u{7}{}")), Some("still_violates"));
        assert_eq!(check(topic, Some("order.placed.v2"), Some("{}")), None, "its upcaster knows");
        assert_eq!(
            check(topic, Some("order.placed.v2"), Some("{")),
            Some("still_violates"),
            "no upcaster sees it"
        );
        assert_eq!(check(topic, Some("order.placed.v1"), Some("{}")), Some("not_consumed"));
        assert_eq!(check(topic, None, Some("{}")), Some("not_consumed"));
        assert_eq!(check("mail.send.dlq", order, Some("{}")), Some("step_unknown"));
    }

    #[test]
    fn without_manifests_nothing_is_checked() {
        assert!(Contracts::of(&[], 1_024).expect("sound").is_none());
    }
}
