//! Names of subjects.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::args::{Contracts, SubjectNames};
use crate::check::manifests;
use crate::input::Source;
use crate::past::Key;
use crate::{Failure, Problem};

/// Gives each contract its subject.
#[derive(Debug)]
pub(super) struct Naming {
    names: SubjectNames,
    /// The topic of each event type, by the manifests.
    topics: BTreeMap<String, String>,
}

impl Naming {
    pub(super) fn new(args: &Contracts) -> Result<Self, Failure> {
        let read = manifests::read(&args.manifests)?;
        let emitted = read.iter().flat_map(manifests::emitted);
        let topics = emitted.map(|event| (event.event_type.clone(), event.topic.clone())).collect();
        Ok(Self { names: args.subjects, topics })
    }

    /// The subject of a contract: its `title`, behind its topic if so asked for.
    pub(super) fn subject(&self, key: &Key, source: &Source) -> Result<String, Problem> {
        let title = source.document().value().get("title").and_then(Value::as_str).unwrap_or_default();
        if title.is_empty() {
            let text = "has no `title`, which is the name of the record in a registry";
            return Err(Problem::of_file(source.name(), text));
        }
        match self.names {
            SubjectNames::RecordName => Ok(title.to_owned()),
            SubjectNames::TopicRecordName => {
                let topic = self.topics.get(&key.name).ok_or_else(|| unknown_topic(key, source))?;
                Ok(format!("{topic}-{title}"))
            }
        }
    }
}

fn unknown_topic(key: &Key, source: &Source) -> Problem {
    let name = &key.name;
    let text = format!("no manifest says the topic of `{name}`: name that of its emitter with `--manifests`");
    Problem::of_file(source.name(), text)
}
