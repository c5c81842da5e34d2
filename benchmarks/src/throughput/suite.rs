//! Which runs are made, and in which order.

use std::net::{Ipv4Addr, TcpListener};
use std::thread;
use std::time::{Duration, Instant};

use choreograph_tests::topics::Group;
use serde::Serialize;

use super::bed::Bed;
use super::child::Work;
use super::count::{Counted, Shape};
use super::sink::Sink;
use super::steady::{self, Latency, Pace};
use super::variant::Variant;
use super::{Doing as _, Failure};

/// How often the output's end is looked at.
const LOOK_EVERY: Duration = Duration::from_millis(50);
/// A run that brings nothing for so long is given up.
const STUCK_AFTER: Duration = Duration::from_mins(1);
/// What the producer gathers for, where throughput is measured: the framework's default, in milliseconds.
const LINGER_MS: u32 = 5;
/// Partitions and keys, where neither is what is varied.
const PARTITIONS: i32 = 4;
const KEYS: u64 = 100_000;
/// Partitions and keys between which the cost of a record must stay flat.
const FLAT: [(i32, u64); 6] = [(1, 1), (1, 1_000), (1, 100_000), (4, 100_000), (16, 100_000), (64, 100_000)];
/// Whose latency is measured, and what its producer gathers for, in milliseconds: what lingering does is seen by two.
const STEADY: [(Variant, u32); 7] = [
    (Variant::Expert, 0),
    (Variant::ExpertChecked, 0),
    (Variant::Step, 0),
    (Variant::Tenth, 0),
    (Variant::Traced, 0),
    (Variant::Expert, LINGER_MS),
    (Variant::Step, LINGER_MS),
];
/// Keys between which the cost of the engine alone must stay flat.
const ENGINE_KEYS: [u64; 4] = [1, 100, 10_000, 100_000];
/// Records through the engine alone.
const ENGINE_RECORDS: usize = 2_000_000;

/// How much is measured.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct Size {
    /// Orders of one run.
    pub records: u64,
    /// How often each variant is run, all of them in turn.
    pub rounds: u32,
    /// Orders of one run at a steady rate, at 500 a second.
    pub steady: u64,
    /// Whether the cost over keys and partitions is measured.
    pub flat: bool,
}

/// One run over orders that lay ready.
#[derive(Debug, Clone, Serialize)]
pub struct Run {
    /// Who did the work.
    pub variant: Variant,
    /// In which round.
    pub round: u32,
    /// Partitions of input and output.
    pub partitions: i32,
    /// Different keys.
    pub keys: u64,
    /// Records a second, from the first to the last that came out.
    pub per_second: f64,
    /// CPU time of the client, in microseconds a record.
    pub cpu_us: f64,
    /// Context switches of the client, for each thousand records.
    pub switches: f64,
    /// The most memory of the client, in MiB.
    pub peak_mib: f64,
    /// Spans that arrived.
    pub spans: u64,
}

/// Latency of one variant, over all rounds.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct Steady {
    /// Who did the work.
    pub variant: Variant,
    /// How long its producer gathered, in milliseconds.
    pub linger_ms: u32,
    /// In milliseconds.
    pub latency: Latency,
}

/// The engine alone.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct EngineCost {
    /// Different keys.
    pub keys: u64,
    /// Nanoseconds a record.
    pub nanoseconds: f64,
}

/// Everything that was measured.
#[derive(Debug, Clone, Serialize)]
pub struct Results {
    /// How much was measured.
    pub size: Size,
    /// Throughput, CPU time and memory.
    pub runs: Vec<Run>,
    /// Latency at a steady rate.
    pub steady: Vec<Steady>,
    /// Throughput and CPU time over partitions and keys.
    pub flat: Vec<Run>,
    /// The engine over keys.
    pub engine: Vec<EngineCost>,
}

/// Makes all runs of `variants` on the broker at `bootstrap`; tells on standard error how far it is.
///
/// # Errors
///
/// When a run cannot be made, or what came out is not what should have.
pub fn measure(bootstrap: &str, size: Size, variants: &[Variant]) -> Result<Results, Failure> {
    let runs = throughput(bootstrap, size, variants)?;
    let steady = if size.steady > 0 { latency(bootstrap, size, variants)? } else { Vec::new() };
    let flat = if size.flat { flatness(bootstrap, size, variants)? } else { Vec::new() };
    let engine = if size.flat { ENGINE_KEYS.map(engine).to_vec() } else { Vec::new() };
    Ok(Results { size, runs, steady, flat, engine })
}

fn throughput(bootstrap: &str, size: Size, variants: &[Variant]) -> Result<Vec<Run>, Failure> {
    eprintln!("{} orders are written", size.records);
    let bed = Bed::prepare(bootstrap, PARTITIONS, KEYS.min(size.records), size.records)?;
    let mut runs = Vec::new();
    let mut shape = None;
    for round in 0..size.rounds {
        for variant in in_turn(variants, round) {
            let (run, written) = run(&bed, variant, round)?;
            runs.push(run);
            let first = shape.get_or_insert_with(|| written.clone());
            if variant.traced() == 0.0 && *first != written {
                let text = format!("{} writes {written:?}, others {first:?}", variant.label());
                return Err(Failure::Wrong(text));
            }
        }
    }
    Ok(runs)
}

/// Forwards in one round and backwards in the next: what drifts on the machine hits all alike.
fn in_turn(variants: &[Variant], round: u32) -> Vec<Variant> {
    let forwards = variants.iter().copied();
    if round.is_multiple_of(2) { forwards.collect() } else { forwards.rev().collect() }
}

/// Lets `variant` handle all orders of `bed`, and counts what came out.
fn run(bed: &Bed, variant: Variant, round: u32) -> Result<(Run, Shape), Failure> {
    let group = format!("payment.{}-{round}", variant.word());
    bed.make_group(&group)?;
    let sink = Sink::start()?;
    let spans = if variant == Variant::Away { nobody()? } else { sink.address().to_owned() };
    let from = bed.ends()?;
    let mut working = work(bed, variant, &group, LINGER_MS, spans).start()?;
    let mut last = (0, Instant::now());
    loop {
        thread::sleep(LOOK_EVERY);
        working.check()?;
        let came = came(&from, &bed.ends()?);
        if came >= bed.records {
            break;
        }
        if came > last.0 {
            last = (came, Instant::now());
        } else if last.1.elapsed() >= STUCK_AFTER {
            let text = format!("{}: {came} of {} came out, then nothing", variant.label(), bed.records);
            return Err(Failure::Late(text));
        }
    }
    let usage = working.stop()?;
    let to = bed.ends()?;
    let counted = Counted::between(bed, &from, &to)?;
    counted.check(variant.label())?;
    let group = Group::of(&bed.bootstrap, &format!("{}.{group}", bed.namespace))?;
    let lag = group.lag(&bed.orders())?;
    if lag != 0 {
        return Err(Failure::Wrong(format!("{}: {lag} offsets were not committed", variant.label())));
    }
    bed.forget(&to)?;
    let run = Run {
        variant,
        round,
        partitions: bed.partitions,
        keys: bed.keys,
        per_second: bed.records as f64 / counted.seconds(),
        cpu_us: usage.cpu_seconds * 1e6 / bed.records as f64,
        switches: usage.switches as f64 * 1e3 / bed.records as f64,
        peak_mib: usage.peak_kib as f64 / 1_024.0,
        spans: sink.stop()?,
    };
    let Run { per_second, cpu_us, switches, .. } = run;
    let name = variant.label();
    eprintln!("{name}, round {}: {per_second:.0}/s, {cpu_us:.2} us, {switches:.1} switches", round + 1);
    Ok((run, counted.shape))
}

fn work(bed: &Bed, variant: Variant, group: &str, linger: u32, spans: String) -> Work {
    Work {
        variant,
        bootstrap: bed.bootstrap.clone(),
        namespace: bed.namespace.clone(),
        group: group.to_owned(),
        linger,
        spans,
    }
}

/// An address at which every connection is refused: the port was free a moment ago.
fn nobody() -> Result<String, Failure> {
    let port = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).and_then(|closes| closes.local_addr());
    Ok(format!("http://{}", port.doing("find a port on which nobody listens")?))
}

fn came(from: &[i64], to: &[i64]) -> u64 {
    from.iter().zip(to).map(|(from, to)| (to - from).max(0) as u64).sum()
}

/// Latency of the loops whose handlers do not wait.
fn latency(bootstrap: &str, size: Size, variants: &[Variant]) -> Result<Vec<Steady>, Failure> {
    let pace = Pace { rate: 500, warm_up: size.steady / 10, counted: size.steady };
    let asked = STEADY.into_iter().filter(|(variant, _)| variants.contains(variant));
    let mut all: Vec<_> = asked.map(|(variant, linger_ms)| (variant, linger_ms, Vec::new())).collect();
    for round in 0..size.rounds {
        for (variant, linger_ms, latencies) in &mut all {
            let bed = Bed::prepare(bootstrap, PARTITIONS, KEYS, 0)?;
            let group = format!("payment.{}-{round}", variant.word());
            bed.make_group(&group)?;
            let sink = Sink::start()?;
            let working = work(&bed, *variant, &group, *linger_ms, sink.address().to_owned()).start()?;
            let mut measured = steady::measure(&bed, pace)?;
            working.stop()?;
            let latency = Latency::of(&mut measured);
            eprintln!("{}, linger {linger_ms}, round {}: {latency:?}", variant.label(), round + 1);
            latencies.append(&mut measured);
        }
    }
    let of = |(variant, linger_ms, mut latencies): (_, _, Vec<_>)| Steady {
        variant,
        linger_ms,
        latency: Latency::of(&mut latencies),
    };
    Ok(all.into_iter().map(of).collect())
}

fn flatness(bootstrap: &str, size: Size, variants: &[Variant]) -> Result<Vec<Run>, Failure> {
    let mut runs = Vec::new();
    for (partitions, keys) in FLAT {
        eprintln!("{} orders are written: {partitions} partitions, {keys} keys", size.records);
        let bed = Bed::prepare(bootstrap, partitions, keys.min(size.records), size.records)?;
        for round in 0..size.rounds {
            for variant in in_turn(&[Variant::Expert, Variant::Step], round) {
                if variants.contains(&variant) {
                    runs.push(run(&bed, variant, round)?.0);
                }
            }
        }
        bed.remove()?;
    }
    Ok(runs)
}

fn engine(keys: u64) -> EngineCost {
    let began = Instant::now();
    choreograph::cost::engine(keys, ENGINE_RECORDS);
    EngineCost { keys, nanoseconds: began.elapsed().as_nanos() as f64 / ENGINE_RECORDS as f64 }
}
