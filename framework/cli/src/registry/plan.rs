//! What is to be registered, and what the registry says to it, before anything is written.

use std::collections::BTreeMap;

use serde::Serialize;

use super::Client;
use super::subjects::Naming;
use crate::args::Contracts;
use crate::input::Source;
use crate::past::{self, Key};
use crate::report::{Finding, Place};
use crate::rules::files;
use crate::{Failure, Problem};

/// One version and its place in the registry.
#[derive(Debug, Serialize)]
pub(super) struct Entry {
    pub(super) subject: String,
    #[serde(skip)]
    pub(super) key: Key,
    pub(super) contract: String,
    pub(super) version: String,
    pub(super) state: State,
    /// The schema's number in the registry.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) id: Option<u32>,
    #[serde(skip)]
    pub(super) source: Source,
}

/// Where a version stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum State {
    /// The registry had it before.
    Registered,
    /// The registry would take it.
    Pending,
    /// The registry has taken it.
    Written,
    /// The registry does not take it.
    Refused,
}

impl Entry {
    /// The text that is registered: the file, as it is.
    pub(super) fn text(&self) -> String {
        // It has been parsed as JSON, which is UTF-8.
        String::from_utf8_lossy(self.source.text()).into_owned()
    }
}

/// The contracts of a folder in the order of their versions, and what the registry says to each.
pub(super) fn make(client: &Client, args: &Contracts) -> Result<(Vec<Entry>, Vec<Finding>), Failure> {
    let mut entries = entries(args)?;
    let mut findings = Vec::new();
    for entry in &mut entries {
        if let Some(stored) = client.lookup(&entry.subject, &entry.text())? {
            entry.state = State::Registered;
            entry.id = stored.id;
        }
    }
    for entry in entries.iter_mut().filter(|entry| entry.state == State::Pending) {
        let answer = client.compatibility(&entry.subject, &entry.text())?;
        if !answer.is_compatible {
            entry.state = State::Refused;
            findings.push(refused(client, entry, &answer.messages));
        }
    }
    Ok((entries, findings))
}

/// The finding of a schema that the registry does not take.
pub(super) fn refused(client: &Client, entry: &Entry, messages: &[String]) -> Finding {
    let message = format!("the registry does not take `{}` as a version of `{}`", entry.key, entry.subject);
    let finding = Finding::error(files::REGISTRY_REFUSES, message).at(Place::file(entry.source.name()));
    if messages.is_empty() {
        return finding
            .help("the registry gives no reason; `choreograph diff` with the version before it does");
    }
    messages.iter().fold(finding, |finding, said| finding.help(format!("it says: {}", client.hidden(said))))
}

fn entries(args: &Contracts) -> Result<Vec<Entry>, Failure> {
    let naming = Naming::new(args)?;
    let mut entries = Vec::new();
    let mut problems = Vec::new();
    for (key, text) in past::load(&args.schemas)?.versions {
        match entry(&naming, key, &text.name, text.bytes) {
            Ok(entry) => entries.push(entry),
            Err(problem) => problems.push(problem),
        }
    }
    problems.extend(shared(&entries));
    if !problems.is_empty() {
        return Err(Failure::inputs(problems));
    }
    if entries.is_empty() {
        let problem = Problem::of_file(args.schemas.display().to_string(), "holds no contract");
        return Err(Failure::input(problem).help("contracts are files `<event type>/<major>.<minor>.json`"));
    }
    Ok(entries)
}

fn entry(naming: &Naming, key: Key, name: &str, bytes: Vec<u8>) -> Result<Entry, Problem> {
    let source = Source::parse(name, bytes)?;
    let subject = naming.subject(&key, &source)?;
    let (contract, version) = (key.name.clone(), key.version());
    Ok(Entry { subject, key, contract, version, state: State::Pending, id: None, source })
}

/// Event types that would share a subject, where a registry would take one for a version of the other.
fn shared(entries: &[Entry]) -> Vec<Problem> {
    let mut owners: BTreeMap<&str, &str> = BTreeMap::new();
    let mut problems = Vec::new();
    for entry in entries {
        let owner = *owners.entry(&entry.subject).or_insert(&entry.contract);
        if owner != entry.contract {
            let text =
                format!("would be registered as `{}`, as `{owner}` is: give it another title", entry.subject);
            problems.push(Problem::of_file(entry.source.name(), text));
        }
    }
    problems
}
