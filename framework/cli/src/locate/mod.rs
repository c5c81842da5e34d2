//! `choreograph where`: where one instance is, asked of a running observer, or found out from Kafka.

mod alone;
mod watch;

use choreograph_observer::answer::{AsOf, Count, Instance, InstanceState, InstanceSummary, Instances};
use serde::Serialize;

use crate::args::{Format, Where};
use crate::format::json_text;
use crate::observer::{self, Ask, Said};
use crate::{Console, Failure, MAX_WHERE, Output};

/// What was found of an id or a key.
#[derive(Debug, Serialize)]
struct Found {
    as_of: AsOf,
    /// How many instances the text names.
    total: u64,
    /// Whether one of them is stuck, told below or not; `None` where none is seen to be, and not enough is seen to say so.
    stuck: Option<bool>,
    /// The first [`MAX_WHERE`] of them, those that are stuck before the others.
    instances: Vec<Instance>,
    /// Whether all of them came to their end.
    #[serde(skip)]
    over: bool,
}

/// Says where an instance is.
///
/// # Errors
///
/// A [`Failure`] if no observer answers and this command cannot find out by itself, or if nobody knows the text.
pub fn run(args: &Where, format: Format, console: &mut Console<'_>) -> Result<Output, Failure> {
    let json = is_json(format, "where")?;
    if !args.manifests.is_empty() {
        return answer(args, json, &alone::find(args, console)?, None);
    }
    let ask = Ask::new(&args.asked)?;
    if args.watch {
        return watch::run(&ask, &args.text, json, console);
    }
    match of_observer(&ask, &args.text) {
        Ok(found) => answer(args, json, &found, Some(&ask)),
        Err(Said::Away(failure)) => {
            let help = "or let this command find out by itself: `--manifests FOLDER`, with KAFKA_BOOTSTRAP_SERVERS set";
            Err(failure.help(help))
        }
        Err(other) => Err(other.into()),
    }
}

fn answer(args: &Where, json: bool, found: &Found, ask: Option<&Ask>) -> Result<Output, Failure> {
    if found.instances.is_empty() {
        return Err(unknown(&args.text, found.as_of));
    }
    let text = if json { pretty(found)? } else { told(found) };
    Ok(observer::answer(text, found.is_stuck(), found.as_of, ask))
}

/// Asks an observer for all that a text names.
fn of_observer(ask: &Ask, text: &str) -> Result<Found, Said> {
    let page: Instances = ask.get(&["api", "where", text], &[])?;
    let mut instances = Vec::new();
    for item in first(&page) {
        match ask.get(&["api", "instances", &item.id], &[]) {
            Ok(instance) => instances.push(instance),
            // It has aged out between the two questions.
            Err(Said::Unknown(_)) => {}
            Err(other) => return Err(other),
        }
    }
    Ok(Found::of(&page, instances))
}

impl Found {
    /// `instances` are the [`first`] of a page that counts all.
    fn of(page: &Instances, instances: Vec<Instance>) -> Self {
        let stuck = observer::has_stuck(page)
            || instances.iter().any(|it| observer::is_stuck(&it.summary) || observer::is_unexplained(it));
        // What failed and is not stuck was given up.
        let ended = |of: &Count| {
            let state = observer::state_of(&of.name);
            matches!(state, Some(InstanceState::Completed | InstanceState::Failed))
        };
        let over = !stuck && page.by_state.iter().all(ended);
        let stuck = (stuck || page.as_of.is_current()).then_some(stuck);
        Self { as_of: page.as_of, total: page.total, stuck, instances, over }
    }

    fn is_stuck(&self) -> bool {
        self.stuck == Some(true)
    }
}

/// The instances of a page that are told: those that are stuck before the others.
fn first(page: &Instances) -> impl Iterator<Item = &InstanceSummary> {
    let (stuck, others): (Vec<_>, Vec<_>) = page.items.iter().partition(|item| observer::is_stuck(item));
    stuck.into_iter().chain(others).take(MAX_WHERE)
}

fn told(found: &Found) -> String {
    let mut told: Vec<String> = found.instances.iter().map(observer::instance).collect();
    if found.total > found.instances.len() as u64 {
        told.push(format!("{} in all, and the first {} are told\n", found.total, found.instances.len()));
    }
    told.join("\n")
}

fn unknown(text: &str, as_of: AsOf) -> Failure {
    let failure = Failure::incomplete(format!(
        "nobody knows `{text}`: no instance has this id or key, and no event this id"
    ));
    if !as_of.caught_up {
        return failure.help("the observer still reads what is there: ask again when it has caught up");
    }
    let failure = failure
        .help("instances that ended long ago are forgotten; one that starts now is seen a second later");
    if as_of.is_current() {
        return failure;
    }
    let behind = observer::age(as_of.behind_ms);
    failure.help(format!(
        "the observer last saw topics and groups {behind} ago: see its /ready for what hinders it"
    ))
}

/// Whether JSON is asked for; only that and text are to be had.
pub(crate) fn is_json(format: Format, command: &str) -> Result<bool, Failure> {
    match format {
        Format::Text => Ok(false),
        Format::Json => Ok(true),
        _ => Err(Failure::usage(format!("`{command}` is printed as text or as json"))
            .help("--format text or json")),
    }
}

/// JSON for a person too: nothing in it means anything to a terminal.
pub(crate) fn pretty(value: &impl Serialize) -> Result<String, Failure> {
    let text = serde_json::to_string_pretty(value);
    text.map(|text| json_text(&text) + "\n")
        .map_err(|error| Failure::incomplete(format!("no JSON can be written: {error}")))
}

#[cfg(test)]
mod tests {
    #[test]
    fn a_terminal_obeys_no_json() {
        let text = super::pretty(&"\u{9b}31m\u{202e}\u{7f}").unwrap();
        assert_eq!(text, "\"\\u009b31m\\u202e\\u007f\"\n");
    }
}
