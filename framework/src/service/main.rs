//! What a service binary answers.

use std::ffi::OsString;
use std::io::{self, Write};
use std::process::ExitCode;

use clap::{CommandFactory, FromArgMatches, Parser, Subcommand};

use crate::service::{Service, ServiceDef, exit_codes, run};

/// The arguments of a service binary.
#[derive(Debug, Parser)]
#[command(disable_help_subcommand = true)]
struct Arguments {
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Run the service's steps on Kafka until SIGTERM or Ctrl-C (the default)
    Run,
    /// Print what the service declares, as JSON
    Manifest,
}

impl<S: Send + Sync + 'static> Service<S> {
    /// What a service's `main` calls: answers `run` (the default), `manifest`, `contracts write|check` and `--help`.
    ///
    /// ```no_run
    /// # use choreograph::Service;
    /// # fn service() -> Service { Service::new("mail", ()) }
    /// fn main() -> std::process::ExitCode {
    ///     service().main()
    /// }
    /// ```
    ///
    /// Exit codes are in [`exit`](crate::exit).
    pub fn main(self) -> ExitCode {
        self.main_from(std::env::args_os())
    }

    /// The same for arguments of the caller's; the first is the program's name, as in [`std::env::args_os`]. For a binary that
    /// holds several services.
    pub fn main_from(self, arguments: impl IntoIterator<Item = OsString>) -> ExitCode {
        let definition = self.into_definition();
        // Not locked: while the service runs, its threads log to the same standard error.
        let code = answer(definition, arguments, &mut io::stdout(), &mut io::stderr());
        ExitCode::from(code.unwrap_or(exit_codes::COULD_NOT_COMPLETE))
    }
}

/// Does what the arguments ask for. An error is that of writing to the streams.
fn answer(
    service: ServiceDef,
    arguments: impl IntoIterator<Item = OsString>,
    out: &mut dyn Write,
    errors: &mut dyn Write,
) -> io::Result<u8> {
    let command = Arguments::command().bin_name(service.name.as_str()).display_name(service.name.as_str());
    let parsed =
        command.try_get_matches_from(arguments).and_then(|found| Arguments::from_arg_matches(&found));
    let arguments = match parsed {
        Ok(arguments) => arguments,
        Err(refusal) if refusal.use_stderr() => {
            write!(errors, "{}", refusal.render())?;
            return Ok(exit_codes::USAGE);
        }
        Err(help) => {
            write!(out, "{}", help.render())?;
            return Ok(exit_codes::OK);
        }
    };
    if let Err(error) = service.check() {
        writeln!(errors, "error: {error}")?;
        return Ok(exit_codes::USAGE);
    }
    match arguments.command.unwrap_or(Command::Run) {
        Command::Run => run::run(&service, errors),
        Command::Manifest => {
            serde_json::to_writer_pretty(&mut *out, &service.manifest())?;
            writeln!(out)?;
            Ok(exit_codes::OK)
        }
    }
}
