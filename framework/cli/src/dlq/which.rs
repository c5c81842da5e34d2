//! Which dead letters the arguments mean.

use choreograph_dead_letters::Filter;

use crate::Failure;
use crate::args::{State, Which};

/// What to look at.
pub(super) fn filter(which: &Which, state: &State) -> Filter {
    Filter { closed: state.all || !which.ids.is_empty() && !state.open, ..of(which) }
}

/// What to act upon: something must be said, lest everything is meant by an oversight.
pub(super) fn to_act_upon(which: &Which, open: bool) -> Result<Filter, Failure> {
    let filter = of(which);
    if filter.is_empty() && !open {
        return Err(Failure::usage("which dead letters?").help(
            "name them by --id, by --step, --reason and the like, or say --open for all that are open",
        ));
    }
    // Those that are named are told of, if somebody was faster.
    Ok(Filter { closed: !which.ids.is_empty(), ..filter })
}

fn of(which: &Which) -> Filter {
    Filter {
        ids: which.ids.clone(),
        reasons: which.reasons.clone(),
        steps: which.steps.clone(),
        types: which.types.clone(),
        since: which.since.map(crate::args::Moment::millis),
        until: which.until.map(crate::args::Moment::millis),
        text: which.text.clone(),
        payloads: which.payloads,
        instance: which.instance.clone(),
        ..Filter::default()
    }
}
