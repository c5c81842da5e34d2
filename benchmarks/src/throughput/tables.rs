//! Medians and ratios, as Markdown.

use std::fmt::Write as _;

use super::suite::{EngineCost, Results, Run, Steady};
use super::variant::Variant;

/// All tables, as far as there are figures for them.
pub fn markdown(results: &Results) -> String {
    let mut text = String::new();
    throughput(&mut text, results);
    if !results.steady.is_empty() {
        steady(&mut text, &results.steady);
    }
    if !results.flat.is_empty() {
        flat(&mut text, &results.flat);
        engine(&mut text, &results.engine);
    }
    text
}

fn throughput(text: &mut String, results: &Results) {
    let (records, rounds) = (results.size.records, results.size.rounds);
    line(
        text,
        &format!("## Throughput\n\n{records} records a run, medians of {rounds} interleaved rounds.\n"),
    );
    line(
        text,
        "| loop | msg/s | × (a) | × (a′) | client CPU µs/msg | × (a) | × (a′) | switches/1000 | peak MiB | spans received |",
    );
    line(text, "|---|--:|--:|--:|--:|--:|--:|--:|--:|--:|");
    for variant in variants(&results.runs) {
        let of = |figure: fn(&Run) -> f64| median(of(&results.runs, variant).map(figure).collect());
        let rate = |to| cell(ratio(&results.runs, variant, to, |run| run.per_second), 2);
        let cpu = |to| cell(ratio(&results.runs, variant, to, |run| run.cpu_us), 2);
        let cells = [
            variant.label().to_owned(),
            thousands(of(|run| run.per_second)),
            rate(Variant::Expert),
            rate(Variant::ExpertChecked),
            format!("{:.2}", of(|run| run.cpu_us)),
            cpu(Variant::Expert),
            cpu(Variant::ExpertChecked),
            format!("{:.1}", of(|run| run.switches)),
            format!("{:.0}", of(|run| run.peak_mib)),
            thousands(of(|run| run.spans as f64)),
        ];
        row(text, &cells);
    }
    let waits = ratio(&results.runs, Variant::Waiting, Variant::ExpertWaiting, |run| run.per_second);
    let rate = ratio(&results.runs, Variant::Away, Variant::Traced, |run| run.per_second);
    let cpu = ratio(&results.runs, Variant::Away, Variant::Traced, |run| run.cpu_us);
    if let (Some(rate), Some(cpu)) = (rate, cpu) {
        let said = "Where everything is traced and the collector is away, the step has";
        line(text, &format!("\n{said} {rate:.2} of the throughput at {cpu:.2} times the CPU time."));
    }
    if let Some(waits) = waits {
        let said = "Where each record waits 1 ms, the step has";
        line(text, &format!("\n{said} {waits:.2} of the throughput of the loop that waits as well."));
    }
}

fn steady(text: &mut String, all: &[Steady]) {
    line(
        text,
        "\n## Latency at 500 records a second\n\nFrom the moment an order is due until its payment is read.\n",
    );
    line(text, "| loop | linger ms | p50 ms | p99 ms | p99.9 ms |\n|---|--:|--:|--:|--:|");
    for Steady { variant, linger_ms, latency } in all {
        let percentiles = [latency.p50, latency.p99, latency.p999].map(|figure| format!("{figure:.2}"));
        let [p50, p99, p999] = percentiles;
        row(text, &[variant.label().to_owned(), linger_ms.to_string(), p50, p99, p999]);
    }
}

fn flat(text: &mut String, all: &[Run]) {
    line(text, "\n## Keys and partitions\n");
    line(text, "| partitions | keys | (a) msg/s | (b) msg/s | × | (a) CPU µs/msg | (b) CPU µs/msg | × |");
    line(text, "|--:|--:|--:|--:|--:|--:|--:|--:|");
    let mut places: Vec<_> = all.iter().map(|run| (run.partitions, run.keys)).collect();
    places.dedup();
    for (partitions, keys) in places {
        let here = all.iter().filter(|run| (run.partitions, run.keys) == (partitions, keys)).cloned();
        let here: Vec<_> = here.collect();
        let of = |variant, figure: fn(&Run) -> f64| median(of(&here, variant).map(figure).collect());
        let times = |figure: fn(&Run) -> f64| cell(ratio(&here, Variant::Step, Variant::Expert, figure), 2);
        let rate: fn(&Run) -> f64 = |run| run.per_second;
        let cpu: fn(&Run) -> f64 = |run| run.cpu_us;
        row(
            text,
            &[
                partitions.to_string(),
                keys.to_string(),
                thousands(of(Variant::Expert, rate)),
                thousands(of(Variant::Step, rate)),
                times(rate),
                format!("{:.2}", of(Variant::Expert, cpu)),
                format!("{:.2}", of(Variant::Step, cpu)),
                times(cpu),
            ],
        );
    }
}

fn engine(text: &mut String, all: &[EngineCost]) {
    line(
        text,
        "\nThe engine alone (ledger, lanes, commit), in this process:\n\n| keys | ns a record |\n|--:|--:|",
    );
    for EngineCost { keys, nanoseconds } in all {
        row(text, &[keys.to_string(), format!("{nanoseconds:.0}")]);
    }
}

/// The variants that were run, in the order of the tables.
fn variants(runs: &[Run]) -> Vec<Variant> {
    let first = runs.iter().filter(|run| run.round == 0);
    first.map(|run| run.variant).collect()
}

fn of(runs: &[Run], variant: Variant) -> impl Iterator<Item = &Run> {
    runs.iter().filter(move |run| run.variant == variant)
}

/// The median over the rounds of one variant's figure to another's in the same round.
fn ratio(runs: &[Run], variant: Variant, to: Variant, figure: impl Fn(&Run) -> f64) -> Option<f64> {
    let ratios: Vec<_> = of(runs, variant)
        .filter_map(|run| Some(figure(run) / figure(of(runs, to).find(|other| other.round == run.round)?)))
        .collect();
    (!ratios.is_empty()).then(|| median(ratios))
}

fn median(mut figures: Vec<f64>) -> f64 {
    figures.sort_by(f64::total_cmp);
    let middle = figures.len() / 2;
    match figures.get(middle) {
        None => 0.0,
        Some(upper) if figures.len() % 2 == 1 => *upper,
        Some(upper) => f64::midpoint(*upper, figures[middle - 1]),
    }
}

fn cell(figure: Option<f64>, digits: usize) -> String {
    figure.map_or_else(|| "–".to_owned(), |figure| format!("{figure:.digits$}"))
}

/// `12345.6` as `12,346`.
fn thousands(figure: f64) -> String {
    let digits = format!("{figure:.0}");
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

fn row(text: &mut String, cells: &[String]) {
    line(text, &format!("| {} |", cells.join(" | ")));
}

fn line(text: &mut String, what: &str) {
    // Writing to a `String` cannot fail.
    let _ignored = writeln!(text, "{what}");
}

#[cfg(test)]
mod tests {
    use super::super::suite::Size;
    use super::*;

    fn run(variant: Variant, round: u32, per_second: f64) -> Run {
        let (partitions, keys, cpu_us) = (4, 100, 1e6 / per_second);
        let switches = 1.0;
        Run { variant, round, partitions, keys, per_second, cpu_us, switches, peak_mib: 50.0, spans: 0 }
    }

    #[test]
    fn a_ratio_is_of_the_same_round() {
        let runs = [
            run(Variant::Expert, 0, 100.0),
            run(Variant::Step, 0, 90.0),
            run(Variant::Step, 1, 180.0),
            run(Variant::Expert, 1, 200.0),
        ];
        assert_eq!(ratio(&runs, Variant::Step, Variant::Expert, |run| run.per_second), Some(0.9));
        assert_eq!(ratio(&runs, Variant::Step, Variant::ExpertChecked, |run| run.per_second), None);
        let size = Size { records: 10, rounds: 2, steady: 0, flat: false };
        let results = Results { size, runs: runs.to_vec(), steady: vec![], flat: vec![], engine: vec![] };
        let text = markdown(&results);
        assert!(text.contains("| (b) step, contracts, no spans | 135 | 0.90 | – |"), "{text}");
    }

    #[test]
    fn a_collector_that_is_away_is_compared_with_one_that_is_there() {
        let runs = vec![run(Variant::Traced, 0, 100.0), run(Variant::Away, 0, 125.0)];
        let size = Size { records: 10, rounds: 1, steady: 0, flat: false };
        let results = Results { size, runs, steady: vec![], flat: vec![], engine: vec![] };
        let text = markdown(&results);
        assert!(text.contains("is away, the step has 1.25 of the throughput at 0.80 times"), "{text}");
    }

    #[test]
    fn numbers_read_well() {
        assert_eq!([999.4, 1_000.0, 1_234_567.0].map(thousands), ["999", "1,000", "1,234,567"]);
        assert_eq!(median(vec![3.0, 1.0, 2.0]).to_string(), "2");
        assert_eq!(median(vec![4.0, 1.0, 2.0, 3.0]).to_string(), "2.5");
    }
}
