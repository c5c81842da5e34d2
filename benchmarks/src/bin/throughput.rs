//! Throughput, CPU time, memory and latency against a hand-written loop, on real Kafka.
//!
//! ```text
//! cargo run --profile production -p benchmarks --bin throughput             # everything: a quarter of an hour
//! cargo run --profile production -p benchmarks --bin throughput -- --quick  # does it work? No figures to be read
//! ```
//!
//! Kafka is started here, its logs in memory. `benchmarks/README.md` says how the tables are to be read.

use std::io::Write as _;
use std::process::ExitCode;

use benchmarks::throughput::child::Work;
use benchmarks::throughput::suite::{self, Results, Size};
use benchmarks::throughput::variant::Variant;
use benchmarks::throughput::{Failure, sink, tables};
use choreograph_tests::kafka::Setup;
use clap::{Parser, Subcommand, ValueEnum as _};

/// The same allocator for everyone who is compared.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

#[derive(Debug, Parser)]
struct Arguments {
    /// Records of one run.
    #[arg(long, default_value_t = 400_000)]
    records: u64,
    /// How often each variant is run.
    #[arg(long, default_value_t = 3)]
    rounds: u32,
    /// Records of one run at a steady rate of 500 a second; 0 leaves latency out.
    #[arg(long, default_value_t = 5_000)]
    steady: u64,
    /// Leave out the runs over keys and partitions.
    #[arg(long)]
    no_flat: bool,
    /// These variants only.
    #[arg(long, value_delimiter = ',')]
    only: Vec<Variant>,
    /// See whether it works: 10,000 records, one round.
    #[arg(long)]
    quick: bool,
    /// Print JSON in place of Markdown.
    #[arg(long)]
    json: bool,
    #[command(subcommand)]
    role: Option<Role>,
}

/// What this binary does when it has started itself.
#[derive(Debug, Subcommand)]
enum Role {
    #[command(hide = true)]
    Work(Work),
    #[command(hide = true)]
    Sink,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let done = match &arguments.role {
        Some(Role::Work(work)) => work.run(),
        Some(Role::Sink) => sink::run().map_err(|error| error.to_string()),
        None => measure(&arguments)
            .map_err(|error| error.to_string())
            .and_then(|results| print(&arguments, &results)),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

fn measure(arguments: &Arguments) -> Result<Results, Failure> {
    let Arguments { records, rounds, steady, .. } = *arguments;
    let size = if arguments.quick {
        Size { records: 10_000, rounds: 1, steady: 100, flat: false }
    } else {
        Size { records: records.max(1), rounds: rounds.max(1), steady, flat: !arguments.no_flat }
    };
    let all = Variant::value_variants().iter().copied();
    let variants: Vec<_> =
        all.filter(|variant| arguments.only.is_empty() || arguments.only.contains(variant)).collect();
    // What was counted is removed at once: it lies in memory.
    let cluster = Setup::nodes(1).roomy().property("log.retention.check.interval.ms", "1000").start()?;
    suite::measure(&cluster.bootstrap(), size, &variants)
}

fn print(arguments: &Arguments, results: &Results) -> Result<(), String> {
    let text = if arguments.json {
        serde_json::to_string_pretty(results).map_err(|error| error.to_string())?
    } else {
        tables::markdown(results)
    };
    writeln!(std::io::stdout(), "{text}").map_err(|error| error.to_string())
}
