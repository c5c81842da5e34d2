//! Finding out without an observer: everything is read once, and then answered from.

use std::time::Duration;

use choreograph_observer::{Options, look_once};
use time::OffsetDateTime;

use super::Found;
use crate::args::Where;
use crate::dlq::settings;
use crate::{Failure, MAX_WHERE};

/// How long reading may take.
const WITHIN: Duration = Duration::from_mins(5);

pub(super) fn find(args: &Where) -> Result<Found, Failure> {
    let mut options = Options::new(settings()?);
    options.manifests.clone_from(&args.manifests);
    let known = look_once(&options, WITHIN).map_err(|error| Failure::usage(error.to_string()))?;
    let now = u64::try_from(OffsetDateTime::now_utc().unix_timestamp_nanos() / 1_000_000).unwrap_or(0);
    let (overview, page) = known.read(|model| (model.overview(now), model.find(&args.text, now)));
    if !overview.as_of.caught_up {
        let failure = Failure::incomplete(format!("not everything could be read within {WITHIN:?}"));
        return Err(overview.problems.iter().fold(failure, |failure, problem| failure.help(problem.clone())));
    }
    let instances = known.read(|model| {
        page.items.iter().take(MAX_WHERE).filter_map(|item| model.instance(&item.id, now)).collect()
    });
    Ok(Found::of(page.as_of, page.total, instances))
}
