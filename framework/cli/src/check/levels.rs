//! What must hold between the versions of a major.

use std::collections::HashSet;

use choreograph_contracts::compat::{Bump, Direction};
use serde_json::Value;

use super::catalogue::Catalogue;
use super::change::next;
use super::history::{self, Bumps, History};
use super::known::Known;
use super::{compared, fingerprint, parallel};
use crate::Failure;
use crate::Problem;
use crate::args::Level;
use crate::diff::Sides;
use crate::past::{Key, Past};
use crate::report::{Finding, Place};
use crate::rules::files;

/// What comparing the versions came to.
#[derive(Debug)]
pub(super) struct Levels {
    pub(super) findings: Vec<Finding>,
    /// How many pairs were compared.
    pub(super) compared: usize,
    /// The version step between the two of each pair.
    pub(super) bumps: Bumps,
}

/// Compares each version that changed with the others of its major.
pub(super) fn check(
    known: &Known<'_>,
    history: &History,
    level: Level,
    past: Option<&Past>,
) -> Result<Levels, Failure> {
    if level == Level::None {
        return Ok(Levels { findings: Vec::new(), compared: 0, bumps: Bumps::new() });
    }
    let pairs = pairs(known, history, level);
    let found = parallel::map(&pairs, |(owner, old, new)| breaks(owner, (*old, *new), known, level))?;
    let mut bumps = Bumps::new();
    let mut broken: Vec<Broken<'_>> = Vec::new();
    for ((_, old, new), (bump, breaks)) in pairs.iter().zip(found) {
        bumps.insert(((*old).clone(), (*new).clone()), bump);
        broken.extend(breaks);
    }
    // Those of one version stand together, the nearest other version first.
    broken.sort_by(|left, right| left.owner.cmp(right.owner).then(right.other.cmp(left.other)));
    let groups = broken.chunk_by_mut(|left, right| left.owner == right.owner);
    let findings = groups.map(|group| finding(group, known, history, past)).collect();
    Ok(Levels { findings, compared: pairs.len(), bumps })
}

/// What versions break of each other, whatever of it is new: what was approved and merged is compared no more.
pub(super) fn standing(
    catalogue: &Catalogue,
    level: Level,
    past: Option<&Past>,
) -> Result<Vec<Finding>, Failure> {
    let history = History::default();
    Ok(check(&Known::new(catalogue, &history), &history, level, past)?.findings)
}

/// The pairs to compare: the version that answers for a break, the older one, the newer one.
fn pairs<'a>(known: &Known<'a>, history: &History, level: Level) -> Vec<(&'a Key, &'a Key, &'a Key)> {
    let mut pairs = Vec::new();
    for new in known.keys() {
        let before: Vec<&Key> = known.before(new).collect();
        let reach = if level.is_transitive() { before.len() } else { 1 };
        for old in before.into_iter().rev().take(reach) {
            // A published version does not answer for one that was put in before it.
            let owner = if history.changes(new) { new } else { old };
            if history.changes(owner) {
                pairs.push((owner, old, new));
            }
        }
    }
    pairs
}

/// What one version breaks of another.
struct Broken<'a> {
    owner: &'a Key,
    other: &'a Key,
    causes: Vec<Finding>,
    /// Whether there may be more of them.
    is_bounded: bool,
}

fn breaks<'a>(
    owner: &'a Key,
    (old, new): (&'a Key, &'a Key),
    known: &Known<'_>,
    level: Level,
) -> Result<(Bump, Option<Broken<'a>>), Problem> {
    let (Some(before), Some(after)) = (known.get(old), known.get(new)) else {
        return Ok((Bump::None, None));
    };
    let comparison = compared(before, after)?;
    let sides = Sides { old: before, new: after };
    let causes = history::breaks(&comparison, &sides, level.directions());
    let other = if owner == new { old } else { new };
    let broken =
        (!causes.is_empty()).then_some(Broken { owner, other, causes, is_bounded: comparison.is_bounded() });
    Ok((comparison.bump, broken))
}

/// One finding for everything that one version breaks.
fn finding(group: &mut [Broken<'_>], known: &Known<'_>, history: &History, past: Option<&Past>) -> Finding {
    let owner = group.first().map(|broken| broken.owner.clone());
    let Some(owner) = owner else { return Finding::error(files::MISSING_BUMP, "a version breaks another") };
    let mut others: Vec<String> = group.iter().map(|broken| broken.other.version()).collect();
    others.reverse();
    let is_bounded = group.iter().any(|broken| broken.is_bounded);
    let mut causes: Vec<Finding> =
        group.iter_mut().flat_map(|broken| std::mem::take(&mut broken.causes)).collect();
    // The same break of an older version adds nothing.
    let mut told = HashSet::new();
    causes.retain(|cause| told.insert(identity(cause)));
    let published = past.into_iter().flat_map(|past| past.versions.keys());
    let publish = next(&owner, Bump::Major, known.keys().chain(published));
    let message = format!(
        "`{owner}` breaks {} and is published as a minor; it is a change for a new major",
        listed(&others)
    );
    let mut finding = Finding::error(files::MISSING_BUMP, message);
    let file = known.get(&owner).map_or_else(|| owner.path(), |source| source.name().to_owned());
    let place = causes.iter().flat_map(|cause| &cause.places).find(|place| place.file == file).cloned();
    finding.places.push(place.unwrap_or_else(|| Place::file(file)));
    let compared = std::iter::once(&owner).chain(group.iter().map(|broken| broken.other));
    let schemas: Vec<&Value> =
        compared.filter_map(|key| known.get(key)).map(|source| source.document().value()).collect();
    finding.fingerprint = Some(fingerprint::of(files::MISSING_BUMP, &owner.uri(), &schemas, &causes));
    finding.causes = causes;
    finding.bounded = is_bounded;
    let finding = finding.help(format!(
        "publish it as {} {}, or change it so that it breaks nobody",
        owner.name,
        publish.version()
    ));
    let only_there =
        group.iter().map(|broken| broken.other).filter(|key| history.meanwhile.contains_key(*key));
    let mut only_there: Vec<String> = only_there.map(Key::version).collect();
    only_there.reverse();
    match past {
        Some(past) if !only_there.is_empty() => {
            let (label, versions) = (&past.label, listed(&only_there));
            finding.help(format!(
                "only {label} has {versions}: bring this line of work up to date to see it here"
            ))
        }
        _ => finding,
    }
}

/// What makes two causes the same: another pointer on one side is another field.
fn identity(cause: &Finding) -> (String, Option<Direction>, Vec<Option<String>>) {
    let pointers = cause.places.iter().map(|place| place.pointer.clone());
    (cause.rule.clone(), cause.direction, pointers.collect())
}

fn listed(versions: &[String]) -> String {
    match versions.split_last() {
        Some((last, [])) => last.clone(),
        Some((last, others)) => format!("{} and {last}", others.join(", ")),
        None => String::new(),
    }
}
