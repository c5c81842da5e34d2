//! `choreograph dlq replay` and `dlq discard`.

use std::io::{self, BufRead as _, IsTerminal as _};

use choreograph_dead_letters::{Chosen, DeadLetters, Filter, Order, Report, What};

use super::open::{dead_letters, failure, settings, to_replay};
use super::progress::Bar;
use super::text::counted;
use super::{Told, json, text, which};
use crate::args::{DlqDiscard, DlqReplay, Format, How, Overruled};
use crate::{Console, Exit, Failure, Output};

pub(super) fn replay(args: &DlqReplay, format: Format, console: &mut Console<'_>) -> Result<Output, Failure> {
    let filter = which::to_act_upon(&args.which, args.open)?;
    let order = to_replay_so(args)?;
    let letters = to_replay(&args.declared.manifests, args.overruled.unchecked)?;
    carry_out(&letters, &filter, &order, &args.how, args.yes, format, console)
}

/// The order that the arguments of a replay give.
fn to_replay_so(args: &DlqReplay) -> Result<Order, Failure> {
    let order = order(&args.how, What::Replay { force: args.overruled.force })?;
    let Overruled { unchecked, forgetful, .. } = args.overruled;
    Ok(Order { rate: args.rate, unchecked, forgetful, ..order })
}

pub(super) fn discard(
    args: &DlqDiscard,
    format: Format,
    console: &mut Console<'_>,
) -> Result<Output, Failure> {
    if args.because.trim().is_empty() {
        return Err(Failure::usage("--because says nothing: why are they given up?"));
    }
    let filter = which::to_act_upon(&args.which, args.open)?;
    let order = order(&args.how, What::Discard { reason: args.because.clone() })?;
    let letters = dead_letters(&args.declared.manifests)?;
    carry_out(&letters, &filter, &order, &args.how, args.yes, format, console)
}

/// What is to be done, by whom.
pub(super) fn order(how: &How, what: What) -> Result<Order, Failure> {
    let user = || std::env::var("USER").ok();
    let by = how.by.clone().or_else(user).filter(|by| !by.trim().is_empty());
    let by = by.ok_or_else(|| {
        Failure::usage("who asks for it? The environment has no USER").help("say it: --by NAME")
    })?;
    Ok(Order { by, what, dry_run: how.dry_run, rate: None, unchecked: false, forgetful: false })
}

fn carry_out(
    letters: &DeadLetters,
    filter: &Filter,
    order: &Order,
    how: &How,
    yes: bool,
    format: Format,
    console: &mut Console<'_>,
) -> Result<Output, Failure> {
    let chosen = letters.choose(filter, &mut Bar::on(console)).map_err(failure)?;
    let asked_one_by_one = !filter.ids.is_empty();
    if chosen.len() > 1 && !yes && !asked_one_by_one && !order.dry_run {
        confirm(&chosen, order, console)?;
    }
    act(letters, &chosen, order, how, format, console)
}

/// Acts, and says what came of it.
pub(super) fn act(
    letters: &DeadLetters,
    chosen: &Chosen,
    order: &Order,
    how: &How,
    format: Format,
    console: &mut Console<'_>,
) -> Result<Output, Failure> {
    let told = Told::begin(&settings()?)?;
    if how.create_topics && !how.dry_run {
        letters.create_audit_topic().map_err(failure)?;
    }
    let report = letters.act(chosen, order, &mut Bar::on(console)).map_err(failure)?;
    drop(told);
    let text = match format {
        Format::Json => json::text(&json::report(&report)),
        _ => text::report(&report),
    };
    Ok(Output::Answer(text, exit(&report)))
}

fn exit(report: &Report) -> Exit {
    match (report.cancelled, report.is_complete()) {
        (true, _) => Exit::Incomplete,
        (false, true) => Exit::Holds,
        (false, false) => Exit::Findings,
    }
}

/// Asks the person at the terminal; where there is none, `--yes` must be said.
fn confirm(chosen: &Chosen, order: &Order, console: &mut Console<'_>) -> Result<(), Failure> {
    let verb = if matches!(order.what, What::Discard { .. }) { "discard" } else { "replay" };
    let where_ =
        chosen.topics().map(|(topic, count)| format!("{count} of {topic}")).collect::<Vec<_>>().join(", ");
    let count = counted(chosen.len() as u64, "dead letter");
    let stdin = io::stdin();
    if !(console.terminal && stdin.is_terminal()) {
        return Err(Failure::usage(format!("this would {verb} {count} ({where_})"))
            .help("say --yes to do it, or --dry-run to see what would be done"));
    }
    let mut answer = String::new();
    let asked =
        write!(console.errors, "{verb} {count} ({where_})? [y/N] ").and_then(|()| console.errors.flush());
    let answered = asked.and_then(|()| stdin.lock().read_line(&mut answer));
    match answered {
        Ok(_) if matches!(answer.trim(), "y" | "Y" | "yes") => Ok(()),
        Ok(_) => Err(Failure::incomplete("nothing was done")),
        Err(error) => Err(Failure::incomplete(format!("no answer can be read: {error}"))),
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser as _;

    use super::*;
    use crate::args::{Cli, Command, DlqCommand};

    fn ordered(more: &[&str]) -> Order {
        let words = ["choreograph", "dlq", "replay", "--open", "--by", "ada"];
        let parsed = Cli::try_parse_from(words.iter().chain(more)).expect("arguments");
        let Command::Dlq(dlq) = parsed.command else { panic!("another command") };
        let DlqCommand::Replay(args) = dlq.command else { panic!("another command") };
        to_replay_so(&args).expect("an order")
    }

    #[test]
    fn what_is_asked_for_is_ordered() {
        let plain = ordered(&[]);
        assert_eq!(
            (plain.by.as_str(), plain.rate, plain.unchecked, plain.dry_run),
            ("ada", None, false, false)
        );
        assert_eq!(ordered(&["--rate", "50"]).rate.map(u32::from), Some(50));
        assert!(ordered(&["--unchecked"]).unchecked && ordered(&["--dry-run"]).dry_run);
        assert!(ordered(&["--forgetful"]).forgetful && !plain.forgetful);
        assert_eq!(ordered(&["--force"]).what, What::Replay { force: true });
    }
}
