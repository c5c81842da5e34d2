//! Instructions and allocations a record, of the whole way and of its parts.
//!
//! ```text
//! cargo run --release -p benchmarks --bin cost              # print the table
//! cargo run --release -p benchmarks --bin cost -- --check   # compare with the committed one: 2 % worse fails
//! cargo run --release -p benchmarks --bin cost -- --write   # commit new figures
//! ```
//!
//! Instructions are counted by Valgrind (Debian's package `valgrind`), as the difference between `N` and `2 N`
//! records, so that start-up costs nothing.

use std::{fmt::Write as _, path::PathBuf, process::Command, process::ExitCode};

use benchmarks::events::{self, OrderPlaced, PaymentConfirmed};
use choreograph::cost::{self, Sample};
use choreograph_contracts::{ContractId, views};
use clap::Parser;

/// Records of the shorter run; the longer one has twice as many.
const RECORDS: usize = 20_000;
/// Records before allocations are counted: buffers have their size by then.
const WARM_UP: usize = 2_000;
/// How much worse than the committed figure a part may be.
const TOLERANCE: f64 = 1.02;

#[derive(Debug, Parser)]
struct Arguments {
    /// Compare with the committed table and fail where a part is more than 2 % worse.
    #[arg(long)]
    check: bool,
    /// Write the committed table.
    #[arg(long, conflicts_with = "check")]
    write: bool,
    /// Do the work of one part, for Valgrind to count.
    #[arg(long, hide = true, requires = "records")]
    part: Option<String>,
    #[arg(long, hide = true)]
    records: Option<usize>,
    /// Do what is not to be counted of it instead.
    #[arg(long, hide = true, requires = "part")]
    without: bool,
}

/// A part of a record's way: its name in the table and its work.
struct Part {
    name: &'static str,
    what: &'static str,
    work: fn(usize),
    /// What is in the work and is not to be counted.
    without: Option<fn(usize)>,
}

const PARTS: [Part; 15] = [
    Part {
        name: "whole",
        what: "the whole way: 440 bytes in, 141 out, unsampled",
        work: whole,
        without: None,
    },
    Part {
        name: "whole-in-rehearsal",
        what: "the same through the rehearsal's driver, with what is drawn, its log and its journal, without the test's publish",
        work: whole_in_rehearsal,
        without: Some(published_in_rehearsal),
    },
    Part { name: "decode", what: "parse into the consumed type", work: decode, without: None },
    Part {
        name: "decode-and-check",
        what: "the same, and the reader's contract, in one pass",
        work: decode_and_check,
        without: None,
    },
    Part { name: "engine", what: "ledger, lanes, commit", work: engine, without: None },
    Part { name: "envelope", what: "headers in and out, metadata, identity", work: envelope, without: None },
    Part { name: "encode", what: "write the emit as JSON", work: encode, without: None },
    Part {
        name: "encode-and-check",
        what: "the same, and the writer's contract, in one pass",
        work: encode_and_check,
        without: None,
    },
    Part {
        name: "check-again",
        what: "the reader's contract alone, for what the pass finds suspect",
        work: check_again,
        without: None,
    },
    Part {
        name: "spans-at-0",
        what: "what is told of a record that is not traced: metrics, and the context passed on",
        work: spans_at_0,
        without: None,
    },
    Part {
        name: "spans-at-100",
        what: "the same of one that is: three spans, to an exporter that drops them",
        work: spans_at_100,
        without: None,
    },
    Part {
        name: "engine-1-key",
        what: "the engine with 64 records under way, of 1 key and 1 partition",
        work: engine_1_key,
        without: None,
    },
    Part {
        name: "engine-100000-keys",
        what: "the same, of 100,000 keys",
        work: engine_100_000_keys,
        without: None,
    },
    Part {
        name: "engine-1-partition",
        what: "the same, of 256 keys",
        work: engine_1_partition,
        without: None,
    },
    Part {
        name: "engine-64-partitions",
        what: "the same, of 256 keys and 64 partitions",
        work: engine_64_partitions,
        without: None,
    },
];

fn sample(n: u64) -> Sample {
    let order = events::order(n);
    Sample {
        key: order.order_id.clone().into_bytes(),
        value: serde_json::to_vec(&order).expect("an order is JSON"),
        headers: events::headers(n),
    }
}

fn whole(n: usize) {
    let samples: Vec<_> = (0..256).map(sample).collect();
    std::hint::black_box(cost::whole_way(events::service(), &samples, n));
}

fn whole_in_rehearsal(n: usize) {
    let samples: Vec<_> = (0..256).map(sample).collect();
    cost::whole_in_rehearsal(events::service(), &samples, n);
}

fn published_in_rehearsal(n: usize) {
    let samples: Vec<_> = (0..256).map(sample).collect();
    cost::published_in_rehearsal(&samples, n);
}

fn decode(n: usize) {
    cost::decode::<OrderPlaced>(&sample(1), n);
}

fn decode_and_check(n: usize) {
    cost::decode_and_check::<OrderPlaced>(&views::reader_schema::<OrderPlaced>(), &sample(1), n);
}

fn check_again(n: usize) {
    cost::check(&views::reader_schema::<OrderPlaced>(), &sample(1).value, n);
}

fn engine(n: usize) {
    cost::engine(256, n);
}

fn engine_1_key(n: usize) {
    cost::engine_under_way(1, 1, n);
}

fn engine_100_000_keys(n: usize) {
    cost::engine_under_way(100_000, 1, n);
}

fn engine_1_partition(n: usize) {
    cost::engine_under_way(256, 1, n);
}

fn engine_64_partitions(n: usize) {
    cost::engine_under_way(256, 64, n);
}

fn spans_at_0(n: usize) {
    cost::spans(0.0, &sample(1), n);
}

fn spans_at_100(n: usize) {
    cost::spans(1.0, &sample(1), n);
}

fn envelope(n: usize) {
    cost::envelope(&sample(1), n);
}

fn encode(n: usize) {
    cost::encode(&events::pay(&events::order(1)), None, n);
}

fn encode_and_check(n: usize) {
    let id = ContractId::new("payment.confirmed", 1, 0).expect("a legal name");
    let schema = views::writer_schema::<PaymentConfirmed>(id);
    cost::encode(&events::pay(&events::order(1)), Some(&schema), n);
}

/// What [`PARTS`] of the whole way are measured by themselves; the way of an event that keeps its contracts and is not
/// traced.
const OF_THE_WHOLE: [&str; 5] = ["decode-and-check", "engine", "envelope", "encode-and-check", "spans-at-0"];
/// The name of what is left of the whole.
const REST: &str = "rest";
/// What that is.
const WHAT_REST_IS: &str = "what is left of the whole without decode-and-check, engine, envelope, encode-and-check and \
                            spans-at-0: routes, seats, the handler and its future, the outbox, what is under way, the clock, \
                            and the log in memory";

/// What is left of the whole way without its parts; a part by itself costs about what it does within the whole.
fn rest(measured: &[Figures]) -> Option<Figures> {
    let find = |name: &str| measured.iter().find(|figures| figures.name == name);
    let mut rest = Figures { name: REST.to_owned(), ..find("whole")?.clone() };
    for part in OF_THE_WHOLE {
        let part = find(part)?;
        rest.instructions -= part.instructions;
        rest.allocations -= part.allocations;
    }
    Some(rest)
}

/// The figures of one part, a record.
#[derive(Debug, Clone, PartialEq)]
struct Figures {
    name: String,
    instructions: f64,
    allocations: f64,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    if let (Some(part), Some(records)) = (&arguments.part, arguments.records) {
        return match PARTS.iter().find(|known| known.name == part) {
            Some(part) => {
                let work = if arguments.without { part.without } else { Some(part.work) };
                work.inspect(|work| work(records));
                ExitCode::SUCCESS
            }
            None => failed(&format!("no part {part:?}")),
        };
    }
    let mut measured = Vec::new();
    for part in &PARTS {
        match measure(part) {
            Ok(figures) => measured.push(figures),
            Err(error) => return failed(&error),
        }
    }
    print!("{}", table(&measured));
    let path = committed_path();
    if arguments.write {
        return match std::fs::write(&path, table(&measured)) {
            Ok(()) => ExitCode::SUCCESS,
            Err(error) => failed(&format!("cannot write {}: {error}", path.display())),
        };
    }
    if arguments.check {
        let committed = match std::fs::read_to_string(&path) {
            Ok(text) => parse(&text),
            Err(error) => return failed(&format!("cannot read {}: {error}", path.display())),
        };
        let worse = compare(&committed, &measured);
        if !worse.is_empty() {
            return failed(&format!("worse than {}:\n{}", path.display(), worse.join("\n")));
        }
    }
    ExitCode::SUCCESS
}

fn failed(message: &str) -> ExitCode {
    eprintln!("error: {message}");
    ExitCode::FAILURE
}

fn measure(part: &Part) -> Result<Figures, String> {
    let (mut instructions, mut allocations) = count(&["--part", part.name], part.work)?;
    if let Some(without) = part.without {
        let rest = count(&["--part", part.name, "--without"], without)?;
        instructions -= rest.0;
        allocations -= rest.1;
    }
    Ok(Figures { name: part.name.to_owned(), instructions, allocations })
}

/// Instructions and allocations a record of `work`, which this program does when it is told `arguments`.
fn count(arguments: &[&str], work: fn(usize)) -> Result<(f64, f64), String> {
    let once = instructions(arguments, RECORDS)?;
    let twice = instructions(arguments, 2 * RECORDS)?;
    work(WARM_UP);
    let short = allocation_counter::measure(|| work(RECORDS)).count_total;
    let long = allocation_counter::measure(|| work(2 * RECORDS)).count_total;
    let a_record = |short: u64, long: u64| long.saturating_sub(short) as f64 / RECORDS as f64;
    Ok((a_record(once, twice), a_record(short, long)))
}

/// Runs this program on `records` records under Valgrind and reads how many instructions that took.
fn instructions(arguments: &[&str], records: usize) -> Result<u64, String> {
    let program = std::env::current_exe().map_err(|error| error.to_string())?;
    let output = Command::new("valgrind")
        .args(["--tool=callgrind", "--callgrind-out-file=/dev/null"])
        .arg(program)
        .args(arguments)
        .args(["--records", &records.to_string()])
        .output()
        .map_err(|error| {
            format!("valgrind cannot be started ({error}): install it, on Debian `apt-get install valgrind`")
        })?;
    let report = String::from_utf8_lossy(&output.stderr);
    report
        .lines()
        .find_map(|line| line.split_once("Collected : ")?.1.trim().parse().ok())
        .ok_or_else(|| format!("valgrind counted nothing for {arguments:?}:\n{report}"))
}

fn table(figures: &[Figures]) -> String {
    let mut text = String::from(
        "# What a record costs\n\nInstructions and heap allocations a record in steady state, measured by\n\
         `cargo run --release -p benchmarks --bin cost -- --write`.\n\n\
         | part | instructions | allocations | what it is |\n|---|--:|--:|---|\n",
    );
    for figure in figures.iter().chain(&rest(figures)) {
        let known = PARTS.iter().map(|part| (part.name, part.what)).chain([(REST, WHAT_REST_IS)]);
        let what = known.into_iter().find(|(name, _)| *name == figure.name).map_or("", |(_, what)| what);
        // Writing to a `String` cannot fail.
        let _ignored = writeln!(
            text,
            "| {} | {:.0} | {:.2} | {what} |",
            figure.name, figure.instructions, figure.allocations
        );
    }
    text
}

fn parse(text: &str) -> Vec<Figures> {
    text.lines()
        .filter_map(|line| {
            let mut cells = line.split('|').map(str::trim).skip(1);
            Some(Figures {
                name: cells.next()?.to_owned(),
                instructions: cells.next()?.parse().ok()?,
                allocations: cells.next()?.parse().ok()?,
            })
        })
        .collect()
}

fn compare(committed: &[Figures], measured: &[Figures]) -> Vec<String> {
    let mut worse = Vec::new();
    for figure in measured {
        let Some(before) = committed.iter().find(|known| known.name == figure.name) else {
            worse.push(format!("{}: not in the committed table; run with --write", figure.name));
            continue;
        };
        // The table is rounded: half a digit is no change.
        if figure.instructions > before.instructions * TOLERANCE + 0.5 {
            worse.push(format!(
                "{}: {:.0} instructions, were {:.0}",
                figure.name, figure.instructions, before.instructions
            ));
        }
        if figure.allocations > before.allocations * TOLERANCE + 0.005 {
            worse.push(format!(
                "{}: {:.2} allocations, were {:.2}",
                figure.name, figure.allocations, before.allocations
            ));
        }
    }
    worse
}

fn committed_path() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("COST.md")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn figures(instructions: f64, allocations: f64) -> Vec<Figures> {
        vec![Figures { name: "engine".to_owned(), instructions, allocations }]
    }

    #[test]
    fn a_written_table_reads_back() {
        assert_eq!(parse(&table(&figures(100.0, 1.0))), figures(100.0, 1.0));
    }

    #[test]
    fn the_parts_and_the_rest_are_the_whole() {
        let measured = PARTS.iter().zip(1..).map(|(part, n)| {
            let of = if part.name == "whole" { 1_000.0 } else { f64::from(n) };
            Figures { name: part.name.to_owned(), instructions: 10.0 * of, allocations: of }
        });
        let measured: Vec<_> = measured.collect();
        let told = parse(&table(&measured));
        assert_eq!(told.len(), PARTS.len() + 1);
        let cost = |name: &str| told.iter().find(|it| it.name == name).expect("it is told").instructions;
        let parts: f64 = OF_THE_WHOLE.into_iter().chain([REST]).map(cost).sum();
        assert!((parts - cost("whole")).abs() < 0.5, "{told:?}");
    }

    #[test]
    fn two_per_cent_worse_is_told_and_less_is_not() {
        assert_eq!(compare(&figures(1_000.0, 1.0), &figures(1_019.0, 1.0)), Vec::<String>::new());
        assert_eq!(compare(&figures(1_000.0, 1.0), &figures(1_030.0, 1.0)).len(), 1);
        assert_eq!(compare(&figures(1_000.0, 1.0), &figures(1_000.0, 1.1)).len(), 1);
        assert_eq!(compare(&[], &figures(1.0, 1.0)).len(), 1);
    }
}
