//! Names of subjects.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use crate::args::{Contracts, SubjectNames};
use crate::check::manifests;
use crate::input::Source;
use crate::past::Key;
use crate::topology::inputs::Inputs;
use crate::{Failure, Problem};

/// Gives each contract its subject.
#[derive(Debug)]
pub(super) struct Naming {
    names: SubjectNames,
    /// The topics of each major of an event type, by the manifests.
    topics: BTreeMap<String, BTreeMap<u32, BTreeSet<String>>>,
}

impl Naming {
    pub(super) fn new(args: &Contracts) -> Result<Self, Failure> {
        let read = Inputs::read(&args.manifests)?.manifests;
        let mut topics: BTreeMap<String, BTreeMap<u32, BTreeSet<String>>> = BTreeMap::new();
        for event in read.iter().flat_map(manifests::declared) {
            let majors = topics.entry(event.event_type.clone()).or_default();
            majors.entry(event.version.0).or_default().insert(event.topic.clone());
        }
        Ok(Self { names: args.subjects, topics })
    }

    /// The subjects of a contract: its `title`, behind each of its topics if so asked for. None if its major is written to no topic
    /// any more, and another is.
    pub(super) fn subjects(&self, key: &Key, source: &Source) -> Result<Vec<String>, Problem> {
        let title = title(source);
        if title.is_empty() {
            let text = "has no `title`, which is the name of the record in a registry";
            return Err(Problem::of_file(source.name(), text));
        }
        match self.names {
            SubjectNames::RecordName => Ok(vec![title.to_owned()]),
            SubjectNames::TopicRecordName => {
                let majors = self.topics.get(&key.name).ok_or_else(|| unknown_topic(key, source))?;
                let topics = majors.get(&key.major).into_iter().flatten();
                Ok(topics.map(|topic| format!("{topic}-{title}")).collect())
            }
        }
    }
}

/// What a registry calls the record.
pub(super) fn title(source: &Source) -> &str {
    source.document().value().get("title").and_then(Value::as_str).unwrap_or_default()
}

fn unknown_topic(key: &Key, source: &Source) -> Problem {
    let name = &key.name;
    let text = format!("no manifest says the topic of `{name}`: name that of its emitter with `--manifests`");
    Problem::of_file(source.name(), text)
}
