//! `choreograph observe`: an observer with its page, for as long as it runs.

mod letters;

use std::collections::BTreeSet;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use choreograph_observer::model::ModelSettings;
use choreograph_observer::{Observer, Options, StartError};

use crate::args::Observe;
use crate::dlq::{Told, settings};
use crate::format::one_line;
use crate::observer::token;
use crate::{Console, Failure, Output};

use letters::Letters;

/// How often it is looked whether there is something to tell.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// Observes until it is told to end, by SIGINT or SIGTERM.
///
/// # Errors
///
/// A [`Failure`] if it cannot be started with these settings, or if it failed on the way.
pub fn run(args: &Observe, console: &mut Console<'_>) -> Result<Output, Failure> {
    let options = options(args)?;
    // Of what is done with dead letters through the page.
    let _told = Told::begin(&options.settings)?;
    let observer = Observer::start(&options).map_err(failure)?;
    if let Err(error) = announce(console, &observer) {
        say(console, &format!("the output cannot be written: {error}"));
    }
    let mut told = BTreeSet::new();
    if let Some(notice) = observer.notice() {
        say(console, notice);
    }
    while !observer.wait(LOOK_EVERY) {
        told = tell(console, &told, observer.problems());
    }
    let alive = observer.is_alive();
    observer.stop();
    if alive {
        Ok(Output::Text(String::new()))
    } else {
        Err(Failure::incomplete("the observer failed: start it again"))
    }
}

/// Says where it answers, at once: who started it waits for that.
fn announce(console: &mut Console<'_>, observer: &Observer) -> io::Result<()> {
    writeln!(console.out, "the observer answers at http://{}", observer.address())?;
    console.out.flush()
}

fn options(args: &Observe) -> Result<Options, Failure> {
    let mut options = Options::new(settings()?);
    options.manifests.clone_from(&args.manifests);
    options.listen = args.listen;
    options.hosts.clone_from(&args.hosts);
    options.token = token()?;
    options.state.clone_from(&args.state);
    options.payloads = args.payloads;
    if args.allow_actions {
        let operator = Letters::new(options.settings.clone(), args.manifests.clone());
        options.operator = Some(Arc::new(operator));
    }
    options.model = ModelSettings {
        keep_finished_ms: u64::try_from(args.keep_finished.as_millis()).unwrap_or(u64::MAX),
        trace_url: args.trace_url.clone(),
        ..ModelSettings::default()
    };
    Ok(options)
}

fn failure(error: StartError) -> Failure {
    match error {
        StartError::Thread(_) => Failure::incomplete(error.to_string()),
        other => Failure::usage(other.to_string()),
    }
}

/// Says what is wrong now and was not before.
fn tell(console: &mut Console<'_>, before: &BTreeSet<String>, problems: Vec<String>) -> BTreeSet<String> {
    let now: BTreeSet<String> = problems.into_iter().collect();
    now.difference(before).for_each(|problem| say(console, problem));
    before.difference(&now).for_each(|problem| say(console, &format!("mended: {problem}")));
    now
}

fn say(console: &mut Console<'_>, text: &str) {
    // Where errors cannot be written, `/ready` and the page say the same.
    drop(writeln!(console.errors, "{}", one_line(text)));
}
