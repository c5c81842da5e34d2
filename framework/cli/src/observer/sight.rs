//! Whether an observer sees enough to say that nothing is stuck.

use choreograph_observer::answer::{AsOf, MAX_BEHIND_MS, Overview};

use super::{Ask, age, exit};
use crate::{Failure, MAX_SHOWN_PROBLEMS, Output};

/// A text with its code: 1 where something is stuck; where nothing is seen to be, 3 if the observer does not see enough to
/// say so, else 0. `ask` is the observer that is asked for what hinders it.
pub(crate) fn answer(text: String, stuck: bool, as_of: AsOf, ask: Option<&Ask>) -> Output {
    let output = Output::Answer(text, exit(stuck));
    if stuck { output } else { unless_blind(output, as_of, ask) }
}

/// What finds nothing stuck, held against how far the observer sees.
pub(crate) fn unless_blind(output: Output, as_of: AsOf, ask: Option<&Ask>) -> Output {
    match blind(as_of) {
        None => output,
        Some(failure) => Output::Doubtful(Box::new(output), with_problems(failure, ask)),
    }
}

/// Why nothing follows from what an observer does not tell; `None` where it sees enough.
fn blind(as_of: AsOf) -> Option<Failure> {
    if as_of.is_current() {
        return None;
    }
    Some(if as_of.caught_up {
        let (behind, most) = (age(as_of.behind_ms), MAX_BEHIND_MS / 1_000);
        Failure::incomplete(format!(
            "that nothing is found proves nothing: the observer last saw topics and groups {behind} ago, and {most} s is the most"
        ))
        .help("look at its /ready and its log for what hinders it")
    } else {
        Failure::incomplete("that nothing is found proves nothing: the observer still reads what is there")
            .help("ask again when its /ready answers 200")
    })
}

/// What hinders the observer, as far as it says so.
fn with_problems(failure: Failure, ask: Option<&Ask>) -> Failure {
    let overview = ask.and_then(|ask| ask.get::<Overview>(&["api", "overview"], &[]).ok());
    let problems = overview.into_iter().flat_map(|overview| overview.problems);
    problems
        .take(MAX_SHOWN_PROBLEMS)
        .fold(failure, |failure, problem| failure.help(format!("it says: {problem}")))
}
