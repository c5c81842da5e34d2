//! What changed since the contracts were published.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use choreograph_contracts::Contract;
use choreograph_contracts::compat::{Bump, Comparison, Direction};
use serde_json::Value;

use super::catalogue::Catalogue;
use super::change::{Change, Kind, next};
use super::known::{self, Known};
use super::{compared, fingerprint, parallel};
use crate::diff::{self, Sides};
use crate::input::Source;
use crate::past::{Key, Past, Text};
use crate::report::{Finding, Place};
use crate::rules::files;
use crate::{Failure, Problem};

/// The version steps between versions that were compared, the older one first.
pub(super) type Bumps = BTreeMap<(Key, Key), Bump>;

/// What happened since then.
#[derive(Debug, Default)]
pub(super) struct History {
    /// Whether there is a past to compare with.
    pub(super) known: bool,
    /// The versions that are new or edited.
    pub(super) touched: Vec<Key>,
    /// Those of them that say in other words what they said.
    reworded: BTreeSet<Key>,
    /// How many published versions are somebody else's, by the type of their event.
    pub(super) elsewhere: usize,
    /// The versions that are new.
    added: Vec<Key>,
    /// What the other line of work has published since this one left it.
    pub(super) meanwhile: BTreeMap<Key, Source>,
    pub(super) changes: Vec<Change>,
    pub(super) findings: Vec<Finding>,
}

impl History {
    /// Of versions that are to be published beside others.
    pub(super) fn of_pending(mut pending: Vec<Key>, meanwhile: BTreeMap<Key, Source>) -> Self {
        pending.sort_unstable();
        Self { known: true, touched: pending, meanwhile, ..Self::default() }
    }

    /// Whether a version is to be checked: all are, if nothing is known of the past.
    pub(super) fn concerns(&self, key: &Key) -> bool {
        !self.known || self.touched.binary_search(key).is_ok()
    }

    /// Whether a version may say something else than it said. Annotations need no version, whatever was between versions before.
    pub(super) fn changes(&self, key: &Key) -> bool {
        self.concerns(key) && !self.reworded.contains(key)
    }

    /// Adds what the new versions are.
    pub(super) fn add(&mut self, additions: Vec<Change>) {
        self.changes.extend(additions);
        self.changes.sort_by_cached_key(|change| Key::of_version(&change.contract, &change.version));
    }
}

/// Compares the contracts of now with those of then.
pub(super) fn compare(catalogue: &Catalogue, past: Option<&Past>, root: &Path) -> Result<History, Failure> {
    let Some(past) = past else { return Ok(History::default()) };
    let mut history = History { known: true, ..History::default() };
    let edited = past.versions.iter().filter_map(|(key, then)| match catalogue.get(key) {
        Some(now) if past.is_untouched(key, Some(now.text())) => None,
        Some(now) => Some((key, then, now)),
        None => {
            if past.shared && !is_own(key, then, catalogue) {
                history.elsewhere += 1;
            } else if !past.is_untouched(key, None) {
                history.changes.push(change(key, Kind::Deleted));
                history.findings.push(deleted(key, then, root, past));
            }
            None
        }
    });
    let edited: Vec<(&Key, &Text, &Source)> = edited.collect();
    for (key, ..) in &edited {
        history.touched.push((*key).clone());
    }
    let edits = parallel::map(&edited, |(key, then, now)| edit(key, then, now, catalogue, past))?;
    for ((key, ..), (change, finding)) in edited.iter().zip(edits) {
        if change.bump.is_some_and(|bump| bump <= Bump::Patch) {
            history.reworded.insert((*key).clone());
        }
        // Blanks and the order of members are no change.
        history.changes.extend(Some(change).filter(|change| change.bump != Some(Bump::None)));
        history.findings.extend(finding);
    }
    let added = catalogue.sources.keys().filter(|key| !past.versions.contains_key(*key));
    history.added = added.cloned().collect();
    history.touched.extend(history.added.iter().cloned());
    history.touched.sort_unstable();
    history.meanwhile = known::meanwhile(catalogue, past, &history.touched);
    Ok(history)
}

/// What the new versions are, compared with those before them; `bumps` holds what was compared already.
pub(super) fn additions(
    history: &History,
    known: &Known<'_>,
    past: Option<&Past>,
    bumps: &Bumps,
) -> Result<Vec<Change>, Failure> {
    let taken = || known.keys().chain(past.into_iter().flat_map(|past| past.versions.keys()));
    parallel::map(&history.added, |key| addition(key, known, bumps, |bump| next(key, bump, taken())))
}

/// Whether what others publish to as well has a version of this folder, and one that a service could assert: what is no contract is
/// not missed.
fn is_own(key: &Key, then: &Text, catalogue: &Catalogue) -> bool {
    let is_contract = || {
        Source::parse(&then.name, then.bytes.clone())
            .is_ok_and(|source| Contract::compile(source.document().value()).is_ok())
    };
    catalogue.has(&key.name) && is_contract()
}

fn change(key: &Key, kind: Kind) -> Change {
    let (contract, version) = (key.name.clone(), key.version());
    Change { contract, version, change: kind, since: None, bump: None, publish: None }
}

fn deleted(key: &Key, then: &Text, root: &Path, past: &Past) -> Finding {
    let path = root.join(key.path()).display().to_string();
    let message = format!("`{key}` was published as {}, and its file is gone", then.name);
    let mut finding = Finding::error(files::DELETED, message).at(Place::file(path.clone()));
    finding.fingerprint = Some(fingerprint::of(files::DELETED, &key.uri(), &[], &[]));
    let source = past.label.split_once(':').unwrap_or_default();
    finding.help.push(match source {
        ("git", reference) => {
            let was = then.name.rsplit_once(" (").map_or(path.as_str(), |(was, _)| was);
            if was == path {
                format!("restore it: `git restore --source {reference} -- {path}`")
            } else {
                // It is told from the top of the repository where it lay before the others were moved.
                format!("restore it: `git restore --source {reference} -- :/{was}`, and move it to {path}")
            }
        }
        ("registry", url) => {
            let folder = root.display();
            format!("restore it: `choreograph registry pull --url {url} --schemas {folder}`")
        }
        _ => format!("restore {path}"),
    });
    finding.help.extend(past.doubt.clone());
    finding
}

/// What became of a published version.
fn edit(
    key: &Key,
    then: &Text,
    now: &Source,
    catalogue: &Catalogue,
    past: &Past,
) -> Result<(Change, Option<Finding>), Problem> {
    let mut change = change(key, Kind::Edited);
    let before = Source::parse(&then.name, then.bytes.clone());
    let (before, comparison) = match before.and_then(|before| Ok((compared(&before, now)?, before))) {
        Ok((comparison, before)) => (before, comparison),
        Err(problem) => {
            // It may be the file of now that is no contract.
            compared(now, now)?;
            return Ok((change, Some(mended(key, then, now, &problem))));
        }
    };
    change.since = Some(key.version());
    change.bump = Some(comparison.bump);
    if comparison.bump <= Bump::Patch {
        return Ok((change, None));
    }
    let publish = next(key, comparison.bump, catalogue.sources.keys().chain(past.versions.keys()));
    change.publish = Some(publish.version());
    let sides = Sides { old: &before, new: now };
    let mut finding = mutated(key, &publish, &comparison, &sides);
    finding.help.extend(past.doubt.clone());
    Ok((change, Some(finding)))
}

/// A published version that nobody can compare with anything.
fn mended(key: &Key, then: &Text, now: &Source, problem: &Problem) -> Finding {
    let message =
        format!("`{key}` was published as what is no contract, and its file says something else now");
    let mut finding = Finding::error(files::MUTATED, message).at(Place::file(now.name()));
    let published = Value::String(String::from_utf8_lossy(&then.bytes).into_owned());
    let schemas = [&published, now.document().value()];
    finding.fingerprint = Some(fingerprint::of(files::MUTATED, &key.uri(), &schemas, &[]));
    finding.help(format!("what was published: {problem}")).help(
        "if no service has asserted it, approve this finding once; otherwise publish the contract as a new version",
    )
}

pub(super) fn mutated(key: &Key, publish: &Key, comparison: &Comparison, sides: &Sides<'_>) -> Finding {
    let message = format!("`{key}` is published, and its file says something else now than it said");
    let mut finding = Finding::error(files::MUTATED, message);
    finding.causes = breaks(comparison, sides, &[Direction::Backward, Direction::Forward]);
    finding.bounded = comparison.is_bounded();
    let of_changes = comparison.changes.iter().map(|change| diff::finding(change, None, sides));
    // A change that breaks nobody is shown where nothing else says what was edited.
    if finding.causes.is_empty() {
        finding.causes.extend(of_changes);
    }
    finding.places.extend(finding.causes.first().and_then(|cause| cause.places.first().cloned()));
    if finding.places.is_empty() {
        finding.places.push(Place::file(sides.new.name()));
    }
    // Another edit is another finding, whatever it breaks.
    let schemas = [sides.old, sides.new].map(|side| side.document().value());
    finding.fingerprint = Some(fingerprint::of(files::MUTATED, &key.uri(), &schemas, &[]));
    let path = sides.new.name();
    finding.help(format!("restore {path}, and publish the change as {}", publish.version()))
}

/// The breaks of a comparison in `directions`.
pub(super) fn breaks(comparison: &Comparison, sides: &Sides<'_>, directions: &[Direction]) -> Vec<Finding> {
    let found = directions.iter().flat_map(|direction| {
        comparison.verdict(*direction).findings.iter().map(|one| diff::finding(one, Some(*direction), sides))
    });
    found.collect()
}

/// What a new version is, compared with the one before it.
fn addition(
    key: &Key,
    known: &Known<'_>,
    bumps: &Bumps,
    next: impl Fn(Bump) -> Key,
) -> Result<Change, Problem> {
    let mut change = change(key, Kind::Added);
    let Some(before) = known.last_before(key) else {
        change.publish = Some(key.version());
        return Ok(change);
    };
    let (Some(old), Some(new)) = (known.get(before), known.get(key)) else { return Ok(change) };
    let bump = match bumps.get(&(before.clone(), key.clone())) {
        Some(bump) => *bump,
        None => compared(old, new)?.bump,
    };
    let wrong = bump == Bump::Major && before.is_beside(key);
    let publish = if wrong { next(bump) } else { key.clone() };
    change.since = Some(before.version());
    change.bump = Some(bump);
    change.publish = (bump != Bump::None).then(|| publish.version());
    Ok(change)
}
