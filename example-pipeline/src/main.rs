//! The shop's command. `--help` says what it does.

use std::process::ExitCode;

use clap::{Parser, Subcommand};
use example_pipeline::sample;

/// The shop: an order's dance from the click to the doorbell.
#[derive(Debug, Parser)]
#[command(version)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Write the made sample of orders to standard output.
    #[command(hide = true)]
    Sample,
}

fn main() -> ExitCode {
    let Arguments { command: Command::Sample } = Arguments::parse();
    match sample::write(std::io::stdout().lock()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("the sample could not be written: {error}");
            ExitCode::FAILURE
        }
    }
}
