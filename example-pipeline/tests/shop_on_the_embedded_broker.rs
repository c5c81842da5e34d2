//! The one command, as a person runs it: every service a process of its own, on the broker inside the process.

use std::fmt::Write as _;
use std::io::{BufRead as _, BufReader, Read as _};
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

/// The sample again and again, each time under new invoice numbers: more than is through before somebody interrupts.
fn many_orders() -> String {
    const TIMES: u32 = 50;
    let mut sample = Vec::new();
    example_pipeline::sample::write(&mut sample).expect("memory takes everything");
    // Its bytes that are no UTF-8 stand in the text of lines, not in numbers.
    let sample = String::from_utf8_lossy(&sample);
    let (header, rows) = sample.split_once('\n').expect("a line of names");
    let mut orders = format!("{header}\n");
    for time in 1..=TIMES {
        for row in rows.lines() {
            let (invoice, rest) = row.split_once(',').unwrap_or((row, ""));
            let (letters, number) =
                invoice.split_at(invoice.find(|c: char| c.is_ascii_digit()).unwrap_or(invoice.len()));
            // What is no invoice's row is refused as often as it comes.
            match number.parse::<u32>() {
                Ok(number) => writeln!(orders, "{letters}{},{rest}", number + 1_000 * time),
                Err(_) => writeln!(orders, "{row}"),
            }
            .expect("memory takes everything");
        }
    }
    orders
}

#[test]
fn interrupted_it_lets_what_is_under_way_end_and_says_how_far_it_came() {
    let folder = tempfile::TempDir::new().expect("a temporary folder");
    let orders = folder.path().join("orders.csv");
    std::fs::write(&orders, many_orders()).expect("the folder takes it");
    let mut shop = Command::new(env!("CARGO_BIN_EXE_example-pipeline"))
        .args(["--json", "--orders"])
        .arg(&orders)
        .arg("--folder")
        .arg(folder.path())
        .env_remove("KAFKA_BOOTSTRAP_SERVERS")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the shop's command starts");
    let mut told = BufReader::new(shop.stderr.take().expect("piped")).lines();
    told.by_ref().map_while(Result::ok).find(|line| line.contains("the shop is open")).expect("it opens");
    let signal = Command::new("kill").args(["-INT", &shop.id().to_string()]).status();
    assert!(signal.is_ok_and(|status| status.success()));
    told.map_while(Result::ok).find(|line| line.starts_with("interrupted: ")).expect("it says so");

    let mut report = String::new();
    shop.stdout.take().expect("piped").read_to_string(&mut report).expect("a report");
    assert!(shop.wait().expect("it ends").success());
    let report: Value = serde_json::from_str(&report).expect("one JSON object on standard output");
    assert_eq!(report["interrupted"], true, "{report}");
    let count =
        |field: &str| report[field].as_u64().unwrap_or_else(|| panic!("{field} is a number: {report}"));
    assert_eq!(count("unfinished"), 0, "what is under way ends: {report}");
    assert_eq!(count("orders"), count("delivered") + count("cancelled"), "{report}");
    assert_eq!(count("unexpected"), 0, "{report}");
}
