//! The one command, as a person runs it: every service a process of its own, on the broker inside the process.

use std::process::{Command, Stdio};

use serde_json::Value;

#[test]
fn one_command_runs_the_sample_to_its_end() {
    let folder = tempfile::TempDir::new().expect("a temporary folder");
    let run = Command::new(env!("CARGO_BIN_EXE_example-pipeline"))
        .arg("--json")
        .arg("--folder")
        .arg(folder.path())
        .env_remove("KAFKA_BOOTSTRAP_SERVERS")
        .stdin(Stdio::null())
        .output()
        .expect("the shop's command starts");
    let told = String::from_utf8_lossy(&run.stderr);
    assert!(run.status.success(), "{}: {told}", run.status);

    let report: Value = serde_json::from_slice(&run.stdout).expect("one JSON object on standard output");
    let count =
        |field: &str| report[field].as_u64().unwrap_or_else(|| panic!("{field} is a number: {report}"));
    assert_eq!(count("orders"), u64::from(example_pipeline::sample::ORDERS));
    assert_eq!(count("orders"), count("delivered") + count("cancelled") + count("unfinished"));
    assert_eq!(count("rows_read"), count("rows_ordered") + count("rows_returned") + count("rows_refused"));
    assert_eq!((count("unfinished"), count("unexpected")), (0, 0), "{report}");
    assert_eq!(count("dead_letters"), count("dead_letters_expected"));
    assert!(count("mails") > count("orders"));

    let refused = std::fs::read_to_string(folder.path().join("refused.csv")).expect("the refused rows");
    assert_eq!(refused.lines().count() as u64, 1 + count("rows_refused"));
}
