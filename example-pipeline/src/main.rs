//! The shop's command. `--help` says what it does.

use std::error::Error;
use std::ffi::OsString;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};
use example_pipeline::report::Report;
use example_pipeline::supervisor::{self, Options};
use example_pipeline::{sample, services};

/// It ended, and something is not as the rules say.
const NOT_AS_EXPECTED: u8 = 1;
/// It did not begin, for an argument or a setting is wrong.
const USAGE: u8 = 2;
/// It could not come to its end.
const COULD_NOT_COMPLETE: u8 = 3;

/// The shop: an order's dance from the click to the doorbell.
///
/// Starts every service as a process of its own, places the orders, and says what became of each. With
/// `KAFKA_BOOTSTRAP_SERVERS` set it uses that Kafka, else a broker inside this process.
///
/// Exit codes: 0 all is as the rules say, 1 it is not, 2 wrong arguments or settings, 3 it could not come to its end.
#[derive(Debug, Parser)]
#[command(version, args_conflicts_with_subcommands = true)]
struct Arguments {
    #[command(subcommand)]
    command: Option<Command>,
    /// Orders in the Online Retail format: a file, or a folder of .csv files [default: the sample that ships with the shop]
    #[arg(long, value_name = "FILE|FOLDER")]
    orders: Option<PathBuf>,
    /// Open the shop to be looked at: an order every 1.5 s until Ctrl-C, with a page for customers and the observer's page
    #[arg(long, conflicts_with = "json")]
    watch: bool,
    /// Print one JSON object on standard output instead of the table
    #[arg(long)]
    json: bool,
    /// The namespace of topics and groups [default: a fresh one]
    #[arg(long, value_name = "NAME")]
    namespace: Option<String>,
    /// Where the refused rows and the services' logs go [default: a fresh temporary folder]
    #[arg(long, value_name = "FOLDER")]
    folder: Option<PathBuf>,
    /// Write what the services of this run declare into this folder, for an observer elsewhere
    #[arg(long, value_name = "FOLDER")]
    manifests: Option<PathBuf>,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Be one service alone, as its own binary would be: `service mail`, `service mail manifest`
    Service {
        /// Which one
        #[arg(value_parser = services::NAMES)]
        name: String,
        /// Its own arguments; see `service NAME --help`
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        arguments: Vec<OsString>,
    },
    /// Write the made sample of orders to standard output
    #[command(hide = true)]
    Sample,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    match arguments.command {
        Some(Command::Service { name, arguments }) => service(&name, arguments),
        Some(Command::Sample) => answer(sample::write(std::io::stdout().lock())),
        None => shop(arguments),
    }
}

/// One service alone.
fn service(name: &str, arguments: Vec<OsString>) -> ExitCode {
    if std::env::var_os(supervisor::SUPERVISED).is_some()
        && let Err(error) = supervisor::leave_with_the_supervisor()
    {
        return failed(&error);
    }
    let arguments = std::iter::once(OsString::from(name)).chain(arguments).collect();
    services::main(name, arguments).unwrap_or_else(|| ExitCode::from(USAGE))
}

/// The whole shop.
fn shop(arguments: Arguments) -> ExitCode {
    let Arguments { orders, json, namespace, folder, manifests, watch, .. } = arguments;
    let options = Options { orders, namespace, folder, manifests };
    if watch {
        return match supervisor::watch(&options) {
            Ok(()) => ExitCode::SUCCESS,
            Err(error) => not_run(&error),
        };
    }
    match supervisor::start(&options) {
        Ok(report) => show(&report, json),
        Err(error) => not_run(&error),
    }
}

/// Why there is no report.
fn not_run(error: &supervisor::Error) -> ExitCode {
    let code = failed(error);
    if matches!(error, supervisor::Error::Settings(_)) { ExitCode::from(USAGE) } else { code }
}

fn show(report: &Report, json: bool) -> ExitCode {
    if json {
        match serde_json::to_string(report) {
            Ok(object) => println!("{object}"),
            Err(error) => return failed(&error),
        }
    } else {
        println!(
            "{report}see more: {} lists the refused rows, beside it lies each service's log",
            report.refused_file
        );
    }
    if let Some(failure) = &report.failure {
        eprintln!("error: {failure}");
        ExitCode::from(COULD_NOT_COMPLETE)
    } else if report.is_as_expected() || report.interrupted {
        ExitCode::SUCCESS
    } else {
        ExitCode::from(NOT_AS_EXPECTED)
    }
}

fn answer(done: std::io::Result<()>) -> ExitCode {
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => failed(&error),
    }
}

/// Says what went wrong, with its causes.
fn failed(error: &dyn Error) -> ExitCode {
    eprintln!("error: {error}");
    let mut cause = error.source();
    while let Some(source) = cause {
        eprintln!("  because {source}");
        cause = source.source();
    }
    ExitCode::from(COULD_NOT_COMPLETE)
}
