//! The one command, as a person runs it: every service a process of its own, on the broker inside the process.

use std::ffi::OsStr;
use std::fmt::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use choreograph_tests::eventually;
use choreograph_tests::process::Service;
use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value, json};

/// How long anything that a test waits for may take on a busy machine.
const WITHIN: Duration = Duration::from_mins(3);

#[test]
fn one_command_runs_the_sample_to_its_end() {
    let folder = tempfile::TempDir::new().expect("a temporary folder");
    let run = shop(folder.path(), &[]).output().expect("the shop's command starts");
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

/// The shop's command with these arguments, in this folder.
fn shop(folder: &Path, arguments: &[&OsStr]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_example-pipeline"));
    command.arg("--json").args(arguments).arg("--folder").arg(folder);
    command.env_remove("KAFKA_BOOTSTRAP_SERVERS").stdin(Stdio::null());
    command
}

/// Starts the shop, which ends with the test however that ends, and waits until it is open.
fn open(command: Command) -> Service {
    let shop = Service::start("shop", command).expect("the shop's command starts");
    says(&shop, "the shop is open");
    shop
}

/// Waits until the shop has said so.
fn says(shop: &Service, text: &str) {
    eventually(text, WITHIN, || {
        let log = shop.log().expect("its log");
        if log.contains(text) { Ok(()) } else { Err(log) }
    });
}

/// The one JSON object that it printed.
fn report(shop: &Service) -> Value {
    let log = shop.log().expect("its log");
    let report = log.lines().find(|line| line.starts_with('{')).expect("one JSON object");
    serde_json::from_str(report).expect("JSON")
}

const HEADER: &str = "InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID,Country\n";

/// Rows of one order, one for each code.
fn order(invoice: u32, description: &str, codes: impl Iterator<Item = u32>) -> String {
    let mut rows = String::new();
    for code in codes {
        writeln!(rows, "{invoice},{code},{description},1,2010-12-01 08:26:00,1.00,17850,United Kingdom")
            .expect("memory takes everything");
    }
    rows
}

#[test]
fn orders_of_any_length_are_fed_or_refused_and_the_runs_own_files_are_no_orders() {
    /// More than the window holds with a delivery for each.
    const WIDE: u32 = 900;
    /// More than fits one event, at the longest description.
    const FAT: u32 = 4_000;
    let folder = tempfile::TempDir::new().expect("a temporary folder");
    let small = |invoices: std::ops::Range<u32>| {
        invoices.map(|invoice| order(invoice, "THING", 1..3)).collect::<String>()
    };
    let (wide, fat) = (
        order(700_000, "WIDE", 10..10 + WIDE),
        order(800_000, &"x".repeat(200), std::iter::repeat_n(1, FAT as usize)),
    );
    let orders = [HEADER, &small(600_000..600_003), &wide, &fat, &small(600_003..600_006)].concat();
    std::fs::write(folder.path().join("orders.csv"), orders).expect("written");
    // Read as orders, it would grow by every row that is read of it.
    std::fs::write(folder.path().join("refused.csv"), "of an earlier run\n".repeat(2_000)).expect("written");

    let run =
        shop(folder.path(), &["--orders".as_ref(), folder.path().as_os_str()]).output().expect("starts");
    let told = String::from_utf8_lossy(&run.stderr);
    assert!(run.status.success(), "{}: {told}", run.status);
    let report: Value = serde_json::from_slice(&run.stdout).expect("one JSON object on standard output");
    let count =
        |field: &str| report[field].as_u64().unwrap_or_else(|| panic!("{field} is a number: {report}"));
    assert_eq!(count("rows_read"), u64::from(12 + WIDE + FAT), "{report}");
    assert_eq!(
        report["refused_by_reason"],
        json!({ "invoice_too_long": report["rows_refused"] }),
        "{report}"
    );
    assert!((1..u64::from(FAT)).contains(&count("rows_refused")), "{report}");
    assert_eq!((count("rows_not_fed"), count("orders"), count("unfinished")), (0, 8, 0), "{report}");
}

#[test]
fn orders_that_cannot_be_read_to_their_end_fail_with_a_report_of_the_others() {
    let folder = tempfile::TempDir::new().expect("a temporary folder");
    let orders = folder.path().join("orders");
    std::fs::create_dir(&orders).expect("a folder");
    std::fs::write(orders.join("a.csv"), [HEADER, &order(600_000, "THING", 1..3)].concat()).expect("written");
    // It opens, and nothing can be read of its beginning.
    std::os::unix::fs::symlink("/proc/self/mem", orders.join("b.csv")).expect("linked");

    let run = shop(folder.path(), &["--orders".as_ref(), orders.as_os_str()]).output().expect("starts");
    let told = String::from_utf8_lossy(&run.stderr);
    assert_eq!(run.status.code(), Some(3), "{told}");
    assert!(told.contains("error: the orders could not be read to their end"), "{told}");
    let report: Value = serde_json::from_slice(&run.stdout).expect("one JSON object on standard output");
    assert!(report["failure"].as_str().is_some_and(|failure| failure.contains("b.csv")), "{report}");
    assert_eq!((&report["orders"], &report["unfinished"]), (&json!(1), &json!(0)), "{report}");
}

#[test]
fn a_service_that_ends_fails_the_run_with_a_report() {
    let folder = tempfile::TempDir::new().expect("a temporary folder");
    let orders = folder.path().join("orders.csv");
    std::fs::write(&orders, many_orders()).expect("the folder takes it");
    let mut run = open(shop(folder.path(), &["--orders".as_ref(), orders.as_os_str()]));
    let children =
        std::fs::read_to_string(format!("/proc/{0}/task/{0}/children", run.id())).expect("children");
    let service = children.split_whitespace().next().and_then(|id| id.parse().ok()).and_then(Pid::from_raw);
    kill_process(service.expect("a service"), Signal::KILL).expect("killed");

    let ended = run.wait(WITHIN).expect("it ends");
    assert_eq!(ended.code(), Some(3), "{}", run.log().expect("its log"));
    let report = report(&run);
    assert!(
        report["failure"].as_str().is_some_and(|failure| failure.contains("the service site ended")),
        "{report}"
    );
    assert_eq!(report["interrupted"], false, "{report}");
    assert!(report["rows_not_fed"].as_u64().is_some_and(|rows| rows > 0), "{report}");
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
    let mut shop = open(shop(folder.path(), &["--orders".as_ref(), orders.as_os_str()]));
    shop.interrupt().expect("interrupted");
    says(&shop, "interrupted: ");

    assert!(shop.wait(WITHIN).expect("it ends").success());
    let report = report(&shop);
    assert_eq!(report["interrupted"], true, "{report}");
    let count =
        |field: &str| report[field].as_u64().unwrap_or_else(|| panic!("{field} is a number: {report}"));
    assert_eq!(count("unfinished"), 0, "what is under way ends: {report}");
    assert_eq!(count("orders"), count("delivered") + count("cancelled"), "{report}");
    assert_eq!(count("unexpected"), 0, "{report}");
}
