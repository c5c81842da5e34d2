//! `choreograph dlq …`: what steps set aside, and what becomes of it. Straight on Kafka.

mod act;
mod edit;
mod export;
mod json;
mod look;
mod open;
mod progress;
mod text;
mod told;
mod which;

pub use open::{dead_letters, settings};

pub(crate) use json::report;
pub(crate) use told::Told;

use crate::args::{Dlq, DlqCommand, Format};
use crate::{Console, Failure, Output};

/// Does what is asked with dead letters.
///
/// # Errors
///
/// A [`Failure`] if an argument, a setting or a manifest cannot be used, or Kafka gives no answer.
pub fn run(args: &Dlq, format: Format, console: &mut Console<'_>) -> Result<Output, Failure> {
    if !matches!(format, Format::Text | Format::Json) {
        return Err(Failure::usage("dead letters are told as `--format text` or `--format json`"));
    }
    match &args.command {
        DlqCommand::List(args) => look::list(args, format, console),
        DlqCommand::Show(args) => look::show(args, format, console),
        DlqCommand::Replay(args) => act::replay(args, format, console),
        DlqCommand::Edit(args) => edit::run(args, format, console),
        DlqCommand::Discard(args) => act::discard(args, format, console),
        DlqCommand::Export(args) => export::run(args, console),
    }
}
