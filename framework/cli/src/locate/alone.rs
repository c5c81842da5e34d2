//! Finding out without an observer: everything is read, and then answered from. Where an instance waits longer than it
//! may, it is watched for a while, since one look does not tell what stands still from what moves.

use std::collections::BTreeSet;
use std::time::Duration;

use choreograph_observer::answer::{Instance, InstanceState, Owing};
use choreograph_observer::model::Model;
use choreograph_observer::{Options, look_until};
use time::OffsetDateTime;

use super::Found;
use crate::args::Where;
use crate::dlq::settings;
use crate::format::one_line;
use crate::{Console, Failure};

/// How long reading and watching may take.
const WITHIN: Duration = Duration::from_mins(5);

/// How long an instance is watched that waits longer than it may, at least: longer than a group rebalances.
const WATCHED_MS: u64 = 40_000;

/// How much longer than a step may take: so much later a stall shows.
const SHOWS_AFTER_MS: u64 = 10_000;

/// How long an instance is watched at the longest, however long its step may take.
const MAX_WATCHED_MS: u64 = 120_000;

/// How long an instance is watched of which something may still be on its way: a few looks at the groups.
const SETTLED_MS: u64 = 8_000;

/// Finds out, and tells on standard error what hinders it and for what it waits.
pub(super) fn find(args: &Where, console: &mut Console<'_>) -> Result<Found, Failure> {
    let mut options = Options::new(settings()?);
    options.manifests.clone_from(&args.manifests);
    let (mut begun, mut told) = (None, BTreeSet::new());
    let mut say_once = |said: String| {
        if !told.contains(&said) {
            // Where errors cannot be written, the answer says as much.
            drop(writeln!(console.errors, "{}", one_line(&said)));
            told.insert(said);
        }
    };
    let enough = |model: &Model, now: u64| {
        let overview = model.overview(now);
        overview.problems.into_iter().for_each(&mut say_once);
        if !overview.as_of.caught_up {
            return false;
        }
        let watched = now.saturating_sub(*begun.get_or_insert(now));
        let instances = instances(model, &args.text, now);
        let until = instances.iter().filter_map(watched_for).max().unwrap_or(0);
        let watch = watched < until;
        if watch {
            let seconds = until / 1_000;
            say_once(format!("it waits longer than it may: watching for up to {seconds} s to find out why"));
        }
        !watch && (watched >= SETTLED_MS || !instances.iter().any(is_open))
    };
    let known = look_until(&options, WITHIN, enough).map_err(|error| Failure::usage(error.to_string()))?;
    let now = u64::try_from(OffsetDateTime::now_utc().unix_timestamp_nanos() / 1_000_000).unwrap_or(0);
    let (overview, page) = known.read(|model| (model.overview(now), model.find(&args.text, now)));
    if !overview.as_of.caught_up {
        let failure = Failure::incomplete(format!("not everything could be read within {WITHIN:?}"));
        return Err(overview.problems.iter().fold(failure, |failure, problem| failure.help(problem.clone())));
    }
    let instances = known.read(|model| instances(model, &args.text, now));
    Ok(Found::of(&page, instances))
}

/// The instances that a text names, the first [`MAX_WHERE`] of them.
fn instances(model: &Model, text: &str, now: u64) -> Vec<Instance> {
    let page = model.find(text, now);
    super::first(&page).filter_map(|item| model.instance(&item.id, now)).collect()
}

/// For how long it is watched; `None` where it does not wait longer than it may, or something says already why. What
/// stands still shows once it was watched for as long as the step may take.
fn watched_for(instance: &Instance) -> Option<u64> {
    let is_late = |owing: &&Owing| instance.as_of.now.saturating_sub(owing.since) > owing.deadline_ms;
    let late = instance.frontier.iter().filter(|owing| owing.path).filter(is_late);
    let longest = late.map(|owing| owing.deadline_ms).max()?;
    let is_open = instance.summary.state == InstanceState::Running;
    is_open.then(|| longest.saturating_add(SHOWS_AFTER_MS).clamp(WATCHED_MS, MAX_WATCHED_MS))
}

/// Whether nothing is known that it owes, and no end either: what belongs to it may not be read yet.
fn is_open(instance: &Instance) -> bool {
    instance.summary.state == InstanceState::Running && instance.summary.step.is_none()
}
