//! What changed since the contracts were published.

use std::collections::BTreeMap;
use std::path::Path;

use choreograph_contracts::compat::{Bump, Comparison, Direction};

use super::catalogue::Catalogue;
use super::change::{Change, Kind, next};
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
    /// The versions that are new.
    added: Vec<Key>,
    pub(super) changes: Vec<Change>,
    pub(super) findings: Vec<Finding>,
}

impl History {
    /// Whether a version is to be checked: all are, if nothing is known of the past.
    pub(super) fn concerns(&self, key: &Key) -> bool {
        !self.known || self.touched.binary_search(key).is_ok()
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
            if !past.is_untouched(key, None) {
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
    for (change, finding) in parallel::map(&edited, |(key, then, now)| edit(key, then, now, catalogue, past))?
    {
        // Blanks and the order of members are no change.
        history.changes.extend(Some(change).filter(|change| change.bump != Some(Bump::None)));
        history.findings.extend(finding);
    }
    let added = catalogue.sources.keys().filter(|key| !past.versions.contains_key(*key));
    history.added = added.cloned().collect();
    history.touched.extend(history.added.iter().cloned());
    history.touched.sort_unstable();
    Ok(history)
}

/// Adds what the new versions are, compared with those before them; `known` holds what was compared already.
pub(super) fn add_additions(
    history: &mut History,
    catalogue: &Catalogue,
    past: Option<&Past>,
    known: &Bumps,
) -> Result<(), Failure> {
    let Some(past) = past else { return Ok(()) };
    history.changes.extend(parallel::map(&history.added, |key| addition(key, catalogue, past, known))?);
    history.changes.sort_by_cached_key(|change| Key::of_version(&change.contract, &change.version));
    Ok(())
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
        ("git", reference) => format!("restore it: `git restore --source {reference} -- {path}`"),
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
    let before = Source::parse(&then.name, then.bytes.clone())?;
    let comparison = compared(&before, now)?;
    let mut change = change(key, Kind::Edited);
    change.since = Some(key.version());
    change.bump = Some(comparison.bump);
    if comparison.bump <= Bump::Patch {
        return Ok((change, None));
    }
    let publish = next(key, comparison.bump, catalogue, Some(past));
    change.publish = Some(publish.version());
    let sides = Sides { old: &before, new: now };
    let mut finding = mutated(key, &publish, &comparison, &sides);
    finding.help.extend(past.doubt.clone());
    Ok((change, Some(finding)))
}

fn mutated(key: &Key, publish: &Key, comparison: &Comparison, sides: &Sides<'_>) -> Finding {
    let message = format!("`{key}` is published, and its file says something else now than it said");
    let mut finding = Finding::error(files::MUTATED, message);
    finding.causes = breaks(comparison, sides, &[Direction::Backward, Direction::Forward]);
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
fn addition(key: &Key, catalogue: &Catalogue, past: &Past, known: &Bumps) -> Result<Change, Problem> {
    let mut change = change(key, Kind::Added);
    let of_type = || catalogue.sources.keys().filter(|other| other.name == key.name && *other < key);
    let Some(before) = of_type().next_back() else {
        change.publish = Some(key.version());
        return Ok(change);
    };
    let (Some(old), Some(new)) = (catalogue.get(before), catalogue.get(key)) else { return Ok(change) };
    let bump = match known.get(&(before.clone(), key.clone())) {
        Some(bump) => *bump,
        None => compared(old, new)?.bump,
    };
    let wrong = bump == Bump::Major && before.is_beside(key);
    let publish = if wrong { next(key, bump, catalogue, Some(past)) } else { key.clone() };
    change.since = Some(before.version());
    change.bump = Some(bump);
    change.publish = (bump != Bump::None).then(|| publish.version());
    Ok(change)
}
