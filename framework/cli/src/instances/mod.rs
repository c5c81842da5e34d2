//! `choreograph instances`: a page of instances, as a running observer tells it.

use choreograph_observer::answer;

use crate::args::{Format, Instances};
use crate::observer::{self, Ask};
use crate::{Failure, Output, locate};

/// Lists instances.
///
/// # Errors
///
/// A [`Failure`] if no observer answers, or it does not take a filter.
pub fn run(args: &Instances, format: Format) -> Result<Output, Failure> {
    let json = locate::is_json(format, "instances")?;
    let ask = Ask::new(&args.asked)?;
    let page: answer::Instances = ask.get(&["api", "instances"], &query(args))?;
    let stuck = observer::has_stuck_step(&page);
    let text = if json { locate::pretty(&page)? } else { observer::instances(&page) };
    Ok(observer::answer(text, stuck, page.as_of, Some(&ask)))
}

/// The filters as the observer takes them.
fn query(args: &Instances) -> Vec<(&'static str, String)> {
    let states = (!args.state.is_empty()).then(|| args.state.join(","));
    let pairs = [
        ("workflow", args.workflow.clone()),
        ("state", states),
        ("step", args.step.clone()),
        ("reason", args.reason.clone()),
        ("attempt", args.attempt.map(|attempt| attempt.to_string())),
        ("error", args.error.clone()),
        ("older", args.older.map(|older| older.as_millis().to_string())),
        ("key", args.key.clone()),
        ("cursor", args.cursor.clone()),
        ("limit", Some(args.limit.to_string())),
    ];
    pairs.into_iter().filter_map(|(name, value)| Some((name, value?))).collect()
}
