//! What is to be registered, and what the registry says to it, before anything is written.

use std::collections::{BTreeMap, BTreeSet, btree_map};

use serde::Serialize;

use super::Client;
use super::past::{contracts, key_of, means_the_same, text};
use super::subjects::{Naming, title};
use crate::args::Contracts;
use crate::check::before_publishing;
use crate::input::Source;
use crate::past::{self, Key, Past, Text, Versions};
use crate::report::{Finding, Place, Severity};
use crate::rules::files;
use crate::{Failure, MAX_CONTRACTS_BYTES, MAX_REGISTRY_REASONS, Problem};

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
    /// The newest version that the registry has, if it is newer: what it calls the latest is then this one all the same.
    #[serde(skip)]
    pub(super) behind: Option<Key>,
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

/// The contracts of a folder.
#[derive(Debug)]
pub(super) struct Plan {
    /// Each version and its place, in the order of versions.
    pub(super) entries: Vec<Entry>,
    /// What the registry does not take, and what it is not to be given.
    pub(super) findings: Vec<Finding>,
    /// Versions that have no place: nobody writes their major to a topic any more.
    pub(super) unwritten: Vec<Key>,
}

/// The contracts of a folder in the order of their versions, and what the registry says to each.
pub(super) fn make(client: &Client, args: &Contracts) -> Result<Plan, Failure> {
    let (mut entries, unwritten) = entries(args)?;
    let mut findings = Vec::new();
    for entry in &mut entries {
        if let Some(stored) = client.lookup(&entry.subject, &entry.text())? {
            entry.state = State::Registered;
            entry.id = stored.id;
        }
    }
    let mut held = BTreeMap::new();
    findings.extend(published(client, &mut entries, &mut held)?);
    findings.extend(broken(client, args, &mut entries, held)?);
    for entry in entries.iter_mut().filter(|entry| entry.state == State::Pending) {
        let answer = client.compatibility(&entry.subject, &entry.text())?;
        if !answer.is_compatible {
            entry.state = State::Refused;
            findings.push(refused(client, entry, &answer.messages));
        }
    }
    Ok(Plan { entries, findings, unwritten })
}

/// Refuses every version that the registry has already, and that says something else there: to a registry it would be one version
/// more, and whoever reads its `$id` could mean either. And every version that another subject would take than the one before it
/// has, where it would be compared with nothing.
///
/// `known` is given what each subject has.
fn published(
    client: &Client,
    entries: &mut [Entry],
    known: &mut BTreeMap<String, Vec<(Key, Text)>>,
) -> Result<Vec<Finding>, Failure> {
    let mut findings = Vec::new();
    let mut everywhere = None;
    let titles = titles(entries);
    for entry in entries.iter_mut().filter(|entry| entry.state == State::Pending) {
        let held = match known.entry(entry.subject.clone()) {
            btree_map::Entry::Occupied(known) => known.into_mut(),
            btree_map::Entry::Vacant(free) => free.insert(of_subject(client, &entry.subject)?),
        };
        let found = if held.iter().any(|(key, _)| *key == entry.key) {
            held.iter()
                .find(|(key, text)| *key == entry.key && says_else(entry, text))
                .map(|(_, then)| edited(entry, then))
        } else {
            // It is not there: it may be under another name.
            let all = match everywhere.take() {
                Some(all) => all,
                None => contracts(client)?.versions,
            };
            let all = everywhere.insert(all);
            if held.iter().any(|(key, _)| key.is_beside(&entry.key)) {
                edited_elsewhere(entry, all)
            } else {
                retitled_elsewhere(entry, all).or_else(|| renamed(entry, &titles))
            }
        };
        if let Some(finding) = found {
            entry.state = State::Refused;
            findings.push(finding);
        } else {
            let newer = held.iter().map(|(key, _)| key).filter(|key| key.name == entry.key.name);
            entry.behind = newer.max().filter(|newest| **newest > entry.key).cloned();
        }
    }
    Ok(findings)
}

/// Refuses every version that breaks another of its major, be that registered or to be written before it: a registry asked now knows
/// nothing of those, and one without a rule takes anything.
fn broken(
    client: &Client,
    args: &Contracts,
    entries: &mut [Entry],
    held: BTreeMap<String, Vec<(Key, Text)>>,
) -> Result<Vec<Finding>, Failure> {
    let pending: BTreeSet<Key> =
        entries.iter().filter(|it| it.state == State::Pending).map(|it| it.key.clone()).collect();
    if pending.is_empty() {
        return Ok(Vec::new());
    }
    let versions = held.into_values().flatten().collect();
    let past = Past { label: client.url().to_owned(), versions, ..Past::default() };
    let findings = before_publishing(&args.schemas, pending.into_iter().collect(), &past, args.level)?;
    let errors = findings.iter().filter(|finding| finding.severity == Severity::Error);
    let files: BTreeSet<&str> =
        errors.filter_map(|it| it.places.first()).map(|it| it.file.as_str()).collect();
    for entry in
        entries.iter_mut().filter(|it| it.state == State::Pending && files.contains(it.source.name()))
    {
        entry.state = State::Refused;
    }
    Ok(findings)
}

/// The title of each version of the folder.
fn titles(entries: &[Entry]) -> BTreeMap<Key, String> {
    entries.iter().map(|entry| (entry.key.clone(), title(&entry.source).to_owned())).collect()
}

/// What the registry has of the version in whatever subject, if that says something else.
fn edited_elsewhere(entry: &Entry, all: &Versions) -> Option<Finding> {
    all.get(&entry.key).filter(|then| says_else(entry, then)).map(|then| edited(entry, then))
}

/// What the registry has of the version's major in whatever subject, if that says something else or has another title.
fn retitled_elsewhere(entry: &Entry, all: &Versions) -> Option<Finding> {
    if let Some(edited) = edited_elsewhere(entry, all) {
        return Some(edited);
    }
    let (first, last) = (Key { minor: 0, ..entry.key.clone() }, Key { minor: u32::MAX, ..entry.key.clone() });
    let titled = |text: &Text| Source::parse(&text.name, text.bytes.clone()).map(|it| title(&it).to_owned());
    let mut beside = all.range(first..=last).rev().filter_map(|(key, text)| Some((key, titled(text).ok()?)));
    let (key, title) = beside.next()?;
    (title != self::title(&entry.source)).then(|| retitled(entry, key, &title))
}

/// The version before it in the folder, if that has another title.
fn renamed(entry: &Entry, titles: &BTreeMap<Key, String>) -> Option<Finding> {
    let (before, title) = titles.range(..&entry.key).next_back()?;
    (before.is_beside(&entry.key) && title != self::title(&entry.source))
        .then(|| retitled(entry, before, title))
}

/// Whether a registered text of the version says something else than its file.
fn says_else(entry: &Entry, then: &Text) -> bool {
    let now = Text { name: entry.source.name().to_owned(), bytes: entry.source.text().to_vec() };
    !means_the_same(then, &now)
}

fn retitled(entry: &Entry, other: &Key, title: &str) -> Finding {
    let message = format!(
        "`{}` would be registered as `{}`, and `{other}` has the title `{title}`: a registry would compare them with nothing",
        entry.key, entry.subject
    );
    Finding::error(files::MUTATED, message).at(Place::file(entry.source.name())).help(format!(
        "give it the title `{title}` again: a major keeps its title, and a new one needs a title of its own"
    ))
}

/// The contracts that a subject has.
fn of_subject(client: &Client, subject: &str) -> Result<Vec<(Key, Text)>, Failure> {
    let mut held = Vec::new();
    let mut left = MAX_CONTRACTS_BYTES;
    for number in client.versions_if_any(subject)? {
        let Some(stored) = client.version_if_any(subject, number)? else { continue };
        left = left.checked_sub(stored.schema.len()).ok_or_else(|| {
            Failure::incomplete(format!("`{subject}` has more than {MAX_CONTRACTS_BYTES} bytes of schemas"))
        })?;
        if let Some(key) = key_of(&stored) {
            held.push((key, text(subject, number, stored)));
        }
    }
    Ok(held)
}

fn edited(entry: &Entry, then: &Text) -> Finding {
    let message =
        format!("`{}` is registered already, and its file says something else now than it said", entry.key);
    let finding = Finding::error(files::MUTATED, message);
    finding
        .at(Place::file(entry.source.name()))
        .at(Place::file(then.name.clone()))
        .help("restore the file as it was published, and publish the change as a new version")
}

/// The finding of a schema that the registry does not take.
pub(super) fn refused(client: &Client, entry: &Entry, messages: &[String]) -> Finding {
    let message = format!("the registry does not take `{}` as a version of `{}`", entry.key, entry.subject);
    let finding = Finding::error(files::REGISTRY_REFUSES, message).at(Place::file(entry.source.name()));
    if messages.is_empty() {
        return finding
            .help("the registry gives no reason; `choreograph diff` with the version before it does");
    }
    let shown = messages.iter().take(MAX_REGISTRY_REASONS);
    let finding =
        shown.fold(finding, |finding, said| finding.help(format!("it says: {}", client.hidden(said))));
    match messages.len().saturating_sub(MAX_REGISTRY_REASONS) {
        0 => finding,
        more => finding.help(format!("it says {more} things more")),
    }
}

fn entries(args: &Contracts) -> Result<(Vec<Entry>, Vec<Key>), Failure> {
    let naming = Naming::new(args)?;
    let (mut entries, mut unwritten) = (Vec::new(), Vec::new());
    let mut problems = Vec::new();
    for (key, text) in past::load(&args.schemas)?.versions {
        match of_version(&naming, &key, &text) {
            Ok(none) if none.is_empty() => unwritten.push(key),
            Ok(of_version) => entries.extend(of_version),
            Err(problem) => problems.push(problem),
        }
    }
    problems.extend(shared(&entries));
    if !problems.is_empty() {
        return Err(Failure::inputs(problems));
    }
    if entries.is_empty() && unwritten.is_empty() {
        let problem = Problem::of_file(args.schemas.display().to_string(), "holds no contract");
        return Err(Failure::input(problem).help("contracts are files `<event type>/<major>.<minor>.json`"));
    }
    Ok((entries, unwritten))
}

/// One entry for each subject of a version.
fn of_version(naming: &Naming, key: &Key, text: &Text) -> Result<Vec<Entry>, Problem> {
    let source = || Source::parse(&text.name, text.bytes.clone());
    let entry = |subject: String| {
        let (contract, version) = (key.name.clone(), key.version());
        let (key, state, id, source, behind) = (key.clone(), State::Pending, None, source()?, None);
        Ok(Entry { subject, key, contract, version, state, id, source, behind })
    };
    naming.subjects(key, &source()?)?.into_iter().map(entry).collect()
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
