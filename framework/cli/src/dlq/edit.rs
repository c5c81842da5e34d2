//! `choreograph dlq edit`.

use std::io::{Read as _, Seek as _, SeekFrom, Write as _};
use std::path::Path;
use std::process::Command;

use choreograph_dead_letters::{Chosen, DeadLetter, Filter, Order, What};

use super::act::{act, order};
use super::open::{failure, to_replay};
use super::progress::Bar;
use crate::args::{DlqEdit, Format};
use crate::input::read_bytes;
use crate::{Console, Failure, MAX_EDITED_BYTES, Output};

pub(super) fn run(args: &DlqEdit, format: Format, console: &mut Console<'_>) -> Result<Output, Failure> {
    let letters = to_replay(&args.declared.manifests, args.overruled.unchecked)?;
    let filter = Filter::id(args.id);
    let letter = letters.one(args.id, &mut Bar::on(console)).map_err(failure)?;
    let value = match &args.value {
        Some(path) => read_bytes(path, MAX_EDITED_BYTES).map_err(Failure::input)?,
        None if !letter.is_open() => Vec::new(),
        None => edited(&letter)?,
    };
    let order = order(&args.how, What::Edit { value, force: args.overruled.force })?;
    let order = Order { unchecked: args.overruled.unchecked, forgetful: args.overruled.forgetful, ..order };
    let chosen: Chosen = letters.choose(&filter, &mut Bar::on(console)).map_err(failure)?;
    act(&letters, &chosen, &order, &args.how, format, console)
}

/// What the person's editor makes of the value.
fn edited(letter: &DeadLetter) -> Result<Vec<u8>, Failure> {
    let set = |name: &str| std::env::var(name).ok().filter(|editor| !editor.trim().is_empty());
    let Some(editor) = set("VISUAL").or_else(|| set("EDITOR")) else {
        return Err(Failure::usage("there is no editor: neither VISUAL nor EDITOR is set")
            .help("set one, or give the new value in a file: --value FILE"));
    };
    let Some(value) = &letter.record.value else {
        return Err(Failure::usage("the dead letter has no value to edit")
            .help("give the new value in a file: --value FILE"));
    };
    let refuse = |error: std::io::Error| Failure::incomplete(format!("the value cannot be edited: {error}"));
    let mut file =
        tempfile::Builder::new().prefix("dead-letter-").suffix(".json").tempfile().map_err(refuse)?;
    file.write_all(value).and_then(|()| file.flush()).map_err(refuse)?;
    open(&editor, file.path())?;
    let mut new = Vec::new();
    // Editors that put a new file in place of the old one are met too.
    let mut reopened = std::fs::File::open(file.path()).map_err(refuse)?;
    reopened.seek(SeekFrom::Start(0)).map_err(refuse)?;
    reopened.take(MAX_EDITED_BYTES as u64 + 1).read_to_end(&mut new).map_err(refuse)?;
    if new.len() > MAX_EDITED_BYTES {
        return Err(Failure::usage(format!("the new value has more than {MAX_EDITED_BYTES} bytes")));
    }
    // Most editors end the last line; the value that came had no such end.
    if !value.ends_with(b"\n") && new.ends_with(b"\n") {
        new.pop();
    }
    if new == *value {
        return Err(Failure::incomplete("the value was not changed, so nothing was done")
            .help("`dlq replay --id …` replays it as it is"));
    }
    Ok(new)
}

/// Runs the editor, whose name may carry arguments, as shells do it.
fn open(editor: &str, path: &Path) -> Result<(), Failure> {
    let ended = Command::new("sh").arg("-c").arg(format!("{editor} \"$1\"")).arg("sh").arg(path).status();
    match ended {
        Ok(status) if status.success() => Ok(()),
        Ok(status) => {
            Err(Failure::incomplete(format!("the editor ended with {status}, so nothing was done")))
        }
        Err(error) => Err(Failure::incomplete(format!("the editor cannot be started: {error}"))),
    }
}
