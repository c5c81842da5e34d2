//! From arguments to an exit code.

use std::ffi::OsString;
use std::io::{self, BufWriter, Write};
use std::process::ExitCode;

use clap::error::ErrorKind;
use clap::{Parser, ValueEnum};

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
    /// What is known, and why it does not come to an answer: both are told, and the failure's code is the end.
    Doubtful(Box<Output>, Failure),
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
    let args: Vec<OsString> = args.into_iter().map(Into::into).collect();
    let cli = match Cli::try_parse_from(&args) {
        Ok(cli) => cli,
        Err(error) => return usage(&error, asked_form(&args), console),
    };
    let name = cli.command.name();
    let mut out = Begun { out: &mut *console.out, begun: false };
    let inner = &mut Console { out: &mut out, errors: &mut *console.errors, ..*console };
    let done = execute(cli.command, cli.format, inner);
    let begun = out.begun;
    let (exit, printed) = match done {
        Ok(output) => print(&output, name, cli.format, console),
        Err(failure) => refuse(&failure, name, cli.format, begun, console),
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

fn print(output: &Output, command: &str, form: Format, console: &mut Console<'_>) -> (Exit, io::Result<()>) {
    match output {
        Output::Report(report) => {
            (report.exit(), format::write(report, form, console.colour, &mut *console.out))
        }
        Output::Text(text) => (Exit::Holds, console.out.write_all(text.as_bytes())),
        Output::Answer(text, exit) => (*exit, console.out.write_all(text.as_bytes())),
        Output::Doubtful(known, failure) => {
            // Where a document has no room for how far the observer sees, it tells of the failure alone.
            let has_room = matches!(form, Format::Text | Format::Json);
            let printed = if has_room { print(known, command, form, console).1 } else { Ok(()) };
            let (exit, told) = refuse(failure, command, form, has_room, console);
            (exit, printed.and(told))
        }
    }
}

/// An output of which it is known whether anything was written to it.
struct Begun<'a> {
    out: &'a mut dyn Write,
    begun: bool,
}

impl Write for Begun<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.begun |= !bytes.is_empty();
        self.out.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

/// Says on standard error what is wrong, and, in a format for programs, as a document on standard output: whoever reads the one
/// finds a document there. Unless the command has `begun` to print one: two are none.
fn refuse(
    failure: &Failure,
    command: &str,
    form: Format,
    begun: bool,
    console: &mut Console<'_>,
) -> (Exit, io::Result<()>) {
    let told = writeln!(console.errors, "{failure}");
    let noted = if begun { Ok(()) } else { format::failure(failure, command, form, &mut *console.out) };
    (failure.exit(), told.and(noted))
}

/// The format that arguments ask for which make no sense otherwise.
fn asked_form(args: &[OsString]) -> Format {
    let mut args = args.iter().filter_map(|arg| arg.to_str()).take_while(|arg| *arg != "--");
    let mut form = Format::Text;
    while let Some(arg) = args.next() {
        let value = if arg == "--format" { args.next() } else { arg.strip_prefix("--format=") };
        form = value.and_then(|value| Format::from_str(value, false).ok()).unwrap_or(form);
    }
    form
}

const HELP: &str = "`choreograph --help` lists what can be asked";

/// What clap says is wrong, in one line: what follows is the usage.
fn of_clap(error: &clap::Error) -> Failure {
    if error.kind() == ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand {
        return Failure::usage("no command is given").help(HELP);
    }
    let text = error.render().to_string();
    let first: Vec<&str> = text.lines().map(str::trim).take_while(|line| !line.is_empty()).collect();
    let said = first.join(" ");
    Failure::usage(said.strip_prefix("error: ").unwrap_or(&said)).help(HELP)
}

/// Help and version are answers; everything else that clap says is wrong usage.
fn usage(error: &clap::Error, form: Format, console: &mut Console<'_>) -> Exit {
    let text = error.render();
    let noted = if error.use_stderr() {
        format::failure(&of_clap(error), "", form, &mut *console.out).and_then(|()| console.out.flush())
    } else {
        Ok(())
    };
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
    match printed.and_then(|()| stream.flush()).and(noted) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Exit::Incomplete,
        _ => exit,
    }
}
