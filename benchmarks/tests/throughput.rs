//! The benchmark of throughput still works: every variant, on real Kafka, on so few records that no figure says
//! anything.

use std::process::{Command, Stdio};

use benchmarks::throughput::variant::Variant;
use clap::ValueEnum as _;
use serde_json::Value;

/// Few, and no multiple of anything in the benchmark.
const RECORDS: &str = "307";

#[test]
fn every_variant_handles_its_records_and_says_what_that_took() {
    let output = Command::new(env!("CARGO_BIN_EXE_throughput"))
        .args(["--records", RECORDS, "--rounds", "1", "--steady", "20", "--no-flat", "--json"])
        .stdin(Stdio::null())
        .output()
        .expect("a process");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{}:\n{said}", output.status);
    let results: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    let runs = results["runs"].as_array().expect("runs");
    let variants: Vec<_> = runs.iter().map(|run| run["variant"].clone()).collect();
    let all: Vec<_> = Variant::value_variants().iter().map(|variant| serde_json::json!(variant)).collect();
    assert_eq!(variants, all, "{said}");
    for run in runs {
        for figure in ["per_second", "peak_mib"] {
            assert!(run[figure].as_f64().is_some_and(|figure| figure > 0.0), "{figure}: {run}");
        }
        // Who has a collector exports what it traced, and to nobody else anything is exported.
        let traced = run["variant"] == serde_json::json!(Variant::Traced);
        assert_eq!(traced, run["spans"].as_u64() >= Some(3 * 307), "{run}");
    }
    let steady = results["steady"].as_array().expect("latencies");
    assert_eq!(steady.len(), 7, "each loop that does not wait, and two with linger too");
    for latency in steady {
        assert!(latency["latency"]["p50"].as_f64().is_some_and(|p50| p50 > 0.0), "{latency}");
    }
}
