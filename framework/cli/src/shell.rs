//! What a shell and `man` want to know of the command, made from its arguments.

use std::io;

use clap::{Command, CommandFactory};

use crate::Failure;
use crate::args::{Cli, Completions};

/// A script that completes the command's arguments.
pub(crate) fn completions(args: &Completions) -> String {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut Cli::command(), "choreograph", &mut script);
    String::from_utf8_lossy(&script).into_owned()
}

/// The manual page, with every command.
///
/// # Errors
///
/// A [`Failure`] if it cannot be written into memory.
pub(crate) fn manual() -> Result<String, Failure> {
    let mut command = Cli::command();
    command.build();
    let mut page = Vec::new();
    write(&command, &mut page).map_err(|error| Failure::incomplete(format!("no manual page: {error}")))?;
    Ok(String::from_utf8_lossy(&page).into_owned())
}

/// The page of the command as a whole, and then the sections of each command that does something.
fn write(command: &Command, page: &mut Vec<u8>) -> io::Result<()> {
    let man = clap_mangen::Man::new(command.clone());
    man.render_title(page)?;
    man.render_name_section(page)?;
    man.render_synopsis_section(page)?;
    man.render_description_section(page)?;
    man.render_options_section(page)?;
    man.render_extra_section(page)?;
    for one in leaves(command) {
        let name = one.get_display_name().unwrap_or(one.get_name()).replace('-', " ");
        page.extend(format!(".SH \"{}\"\n", name.to_uppercase()).bytes());
        page.extend(format!("{}\n", one.get_about().map(ToString::to_string).unwrap_or_default()).bytes());
        clap_mangen::Man::new(one.clone()).render_options_section(page)?;
    }
    Ok(())
}

/// The commands that have none below them, but for those that are hidden.
fn leaves(command: &Command) -> Vec<&Command> {
    let below = command.get_subcommands().filter(|one| !one.is_hide_set() && one.get_name() != "help");
    below.flat_map(|one| if one.has_subcommands() { leaves(one) } else { vec![one] }).collect()
}
