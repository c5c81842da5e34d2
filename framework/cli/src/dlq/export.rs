//! `choreograph dlq export`.

use std::fs::File;
use std::io::{self, BufWriter, Write};

use choreograph_dead_letters::{DeadLetter, DeadLetters, Error, Filter};

use super::open::{dead_letters, failure};
use super::progress::Bar;
use super::text::counted;
use super::{json, which};
use crate::args::DlqExport;
use crate::format::json_text;
use crate::{Console, Exit, Failure, Output};

pub(super) fn run(args: &DlqExport, console: &mut Console<'_>) -> Result<Output, Failure> {
    let letters = dead_letters(&args.declared.manifests)?;
    let filter = which::filter(&args.which, &args.state);
    if !filter.ids.is_empty() {
        // Of those that are named every one is there, or nothing is written.
        letters.choose(&filter, &mut ()).map_err(failure)?;
    }
    let Some(path) = &args.into else {
        write(&letters, &filter, args.which.payloads, &mut *console.out, &mut ())?;
        return Ok(Output::Answer(String::new(), Exit::Holds));
    };
    let refuse = |error: io::Error| Failure::incomplete(format!("{}: {error}", path.display()));
    let mut file = BufWriter::new(File::create_new(path).map_err(refuse)?);
    let count = write(&letters, &filter, args.which.payloads, &mut file, &mut Bar::on(console))?;
    file.flush().map_err(refuse)?;
    let text = format!("{} written into {}\n", counted(count, "dead letter"), path.display());
    Ok(Output::Answer(text, Exit::Holds))
}

/// Writes a line for each; returns how many.
fn write(
    letters: &DeadLetters,
    filter: &Filter,
    payloads: bool,
    out: &mut dyn Write,
    watch: &mut dyn choreograph_dead_letters::Watch,
) -> Result<u64, Failure> {
    let mut count = 0;
    let mut broken = None;
    let each = &mut |letter: DeadLetter| {
        if broken.is_none() {
            broken = writeln!(out, "{}", json_text(&json::whole(&letter, payloads).to_string())).err();
            count += 1;
        }
        Ok::<(), Error>(())
    };
    letters.look(filter, watch, each).map_err(failure)?;
    match broken {
        // Whoever reads the output has seen enough of it.
        Some(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            Err(Failure::incomplete(format!("the dead letters cannot be written: {error}")))
        }
        _ => Ok(count),
    }
}
