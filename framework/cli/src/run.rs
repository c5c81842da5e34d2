//! From arguments to an exit code.

use std::ffi::OsString;
use std::io::{self, BufWriter};
use std::process::ExitCode;

use clap::Parser;

use crate::args::{Cli, Command, Format};
use crate::report::Report;
use crate::{
    Console, Exit, Failure, check, console, diff, dlq, explain, format, instances, locate, observe, registry,
    shell, topology,
};

/// What a command comes to.
#[derive(Debug)]
pub enum Output {
    /// Findings and a summary, printed in the format that was asked for.
    Report(Box<Report>),
    /// A text of its own form, printed as it is.
    Text(String),
    /// The same, with what the answer is.
    Answer(String, Exit),
}

/// Runs the command on the process's arguments and standard streams.
pub fn main() -> ExitCode {
    let mut out = BufWriter::new(io::stdout().lock());
    let mut errors = io::stderr().lock();
    let mut console = Console::new(&mut out, &mut errors)
        .colour(console::terminal_takes_colour())
        .terminal(console::is_watched());
    run(std::env::args_os(), &mut console).into()
}

/// Runs the command on `args`, the first of which is its own name.
pub fn run<A: Into<OsString> + Clone>(args: impl IntoIterator<Item = A>, console: &mut Console<'_>) -> Exit {
    let cli = match Cli::try_parse_from(args) {
        Ok(cli) => cli,
        Err(error) => return usage(&error, console),
    };
    let (exit, printed) = match execute(cli.command, cli.format, console) {
        Ok(output) => print(&output, cli.format, console),
        Err(failure) => refuse(&failure, cli.format, console),
    };
    match printed.and_then(|()| console.out.flush()) {
        // Whoever reads the output has seen enough of it: `choreograph … | head`.
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            // Where the output cannot be written, neither may the errors; the exit code says it all the same.
            drop(writeln!(console.errors, "error: cannot write the output: {error}"));
            Exit::Incomplete
        }
        _ => exit,
    }
}

fn execute(command: Command, format: Format, console: &mut Console<'_>) -> Result<Output, Failure> {
    let report = match command {
        Command::Diff(args) => diff::run(&args)?,
        Command::Check(args) => check::run(&args)?,
        Command::Registry(args) => registry::run(&args)?,
        Command::Topology(args) => return topology::run(&args, format),
        Command::Dlq(args) => return dlq::run(&args, format, console),
        Command::Observe(args) => return observe::run(&args, console),
        Command::Where(args) => return locate::run(&args, format, console),
        Command::Instances(args) => return instances::run(&args, format),
        Command::Explain(args) => explain::run(&args)?,
        Command::Completions(args) => return Ok(Output::Text(shell::completions(&args))),
        Command::Man => return shell::manual().map(Output::Text),
    };
    Ok(Output::Report(Box::new(report)))
}

fn print(output: &Output, form: Format, console: &mut Console<'_>) -> (Exit, io::Result<()>) {
    match output {
        Output::Report(report) => {
            (report.exit(), format::write(report, form, console.colour, &mut *console.out))
        }
        Output::Text(text) => (Exit::Holds, console.out.write_all(text.as_bytes())),
        Output::Answer(text, exit) => (*exit, console.out.write_all(text.as_bytes())),
    }
}

fn refuse(failure: &Failure, form: Format, console: &mut Console<'_>) -> (Exit, io::Result<()>) {
    let told = writeln!(console.errors, "{failure}");
    let noted = match form {
        Format::Github => format::github::failure(failure, &mut *console.out),
        _ => Ok(()),
    };
    (failure.exit(), told.and(noted))
}

/// Help and version are answers; everything else that clap says is wrong usage.
fn usage(error: &clap::Error, console: &mut Console<'_>) -> Exit {
    let text = error.render();
    let (stream, exit) = if error.use_stderr() {
        (&mut *console.errors, Exit::Usage)
    } else {
        (&mut *console.out, Exit::Holds)
    };
    // Colours are for a terminal, and the two streams may lead to different places.
    let colour = console.colour && (console.terminal || !error.use_stderr());
    let printed = if colour {
        write!(stream, "{}", text.ansi())
    } else {
        stream.write_all(format::clean_lines(&text.to_string()).as_bytes())
    };
    match printed.and_then(|()| stream.flush()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Exit::Incomplete,
        _ => exit,
    }
}
