//! `--watch`: the same question once a second, told whenever the answer is another.

use std::io;
use std::thread::sleep;
use std::time::Duration;

use choreograph_observer::answer::Instance;

use super::{of_observer, pretty, unknown};
use crate::observer::{Ask, answer, exit};
use crate::{Console, Failure, Output};

/// How often the observer is asked.
const EVERY: Duration = Duration::from_secs(1);

/// Questions in a row to which nobody answers, or an observer that does not see, before it is given up.
const MAX_UNANSWERED: u32 = 10;

/// Watches until every instance that `text` names has ended, or one is stuck.
pub(super) fn run(ask: &Ask, text: &str, json: bool, console: &mut Console<'_>) -> Result<Output, Failure> {
    let (mut told, mut unanswered) = (String::new(), 0);
    loop {
        let found = match of_observer(ask, text) {
            Ok(found) => found,
            Err(said) if told.is_empty() || unanswered == MAX_UNANSWERED => return Err(said.into()),
            Err(_) => {
                unanswered += 1;
                sleep(EVERY);
                continue;
            }
        };
        unanswered = if found.stuck.is_some() { 0 } else { unanswered + 1 };
        if found.instances.is_empty() {
            return Err(unknown(text, found.as_of));
        }
        let now: String = found.instances.iter().map(stand).collect();
        if now != told {
            told = now;
            let shown = if json { pretty(&found)? } else { super::told(&found) };
            match write(console, &shown) {
                // Whoever reads the output has seen enough of it.
                Err(error) if error.kind() == io::ErrorKind::BrokenPipe => {
                    return Ok(Output::Answer(String::new(), exit(found.is_stuck())));
                }
                Err(error) => return Err(Failure::incomplete(format!("cannot write the output: {error}"))),
                Ok(()) => {}
            }
        }
        if found.is_stuck() || found.over || unanswered == MAX_UNANSWERED {
            return Ok(answer(String::new(), found.is_stuck(), found.as_of, Some(ask)));
        }
        sleep(EVERY);
    }
}

/// What is told anew when it changes: not the time that passes.
fn stand(instance: &Instance) -> String {
    let summary = &instance.summary;
    let owed: Vec<_> =
        instance.frontier.iter().map(|owing| (&owing.event, &owing.step, &owing.state)).collect();
    let steps = instance.events.iter().flat_map(|event| &event.steps);
    let attempts: u64 = steps.map(|at| at.attempts.len() as u64 + at.attempts_left_out).sum();
    format!(
        "{:?} {:?} {} {attempts} {owed:?} {observed}\n",
        summary.state,
        summary.reason,
        summary.attempts,
        observed = summary.events
    )
}

fn write(console: &mut Console<'_>, text: &str) -> io::Result<()> {
    console.out.write_all(text.as_bytes())?;
    console.out.write_all(b"\n")?;
    console.out.flush()
}
