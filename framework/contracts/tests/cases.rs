//! Pairs of schemas, each with what it comes to in both semantics: `tests/cases/`, a file a theme.
//!
//! `"plain"` and `"contract"` say in which directions the change is compatible: `both`, `backward`, `forward` or
//! `none`. Every break must come with a witness, and every pair turned round must come to the same, turned round.

use std::fmt::Write as _;
use std::io::Write as _;

use choreograph_contracts::compat::{Document, Options, Semantics, Verdict, compare};
use serde_json::Value;

const FOLDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/cases");

/// Fewer would mean that a file was not read.
const LEAST: usize = 500;

/// Every case, with the name of its file.
#[expect(clippy::unwrap_used, reason = "a file of the test that cannot be read fails it")]
fn cases() -> Vec<(String, Value)> {
    let mut files: Vec<_> = std::fs::read_dir(FOLDER).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    let read = |path: &std::path::PathBuf| -> Vec<(String, Value)> {
        let theme = path.file_stem().unwrap().to_string_lossy().into_owned();
        let cases: Vec<Value> = serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
        cases.into_iter().map(|case| (format!("{theme}: {}", case["name"].as_str().unwrap()), case)).collect()
    };
    files.iter().flat_map(read).collect()
}

fn expected(told: &Value) -> [bool; 2] {
    match told.as_str() {
        Some("both") => [true, true],
        Some("backward") => [true, false],
        Some("forward") => [false, true],
        Some("none") => [false, false],
        other => panic!("no verdict: {other:?}"),
    }
}

#[derive(Debug, Default)]
struct Score {
    verdicts: usize,
    unsound: usize,
    too_strict: usize,
    unproven: usize,
    /// False alarms that the cases tell of.
    known: usize,
    wrong: String,
}

impl Score {
    fn count(&mut self, what: &str, expected: bool, verdict: &Verdict) {
        self.verdicts += 1;
        let unproven =
            !verdict.compatible && verdict.findings.iter().all(|finding| finding.witness.is_none());
        self.unsound += usize::from(verdict.compatible && !expected);
        self.too_strict += usize::from(!verdict.compatible && expected);
        self.unproven += usize::from(unproven);
        if unproven || verdict.compatible != expected {
            let found: Vec<_> =
                verdict.findings.iter().map(|finding| (finding.rule, &finding.witness)).collect();
            // Writing to a text cannot fail.
            _ = writeln!(self.wrong, "{what}: expected {expected}, found {} {found:?}", verdict.compatible);
        }
    }
}

#[test]
fn every_case_has_its_verdict() {
    let cases = cases();
    assert!(cases.len() >= LEAST, "{} cases", cases.len());
    let mut score = Score::default();
    for (name, case) in &cases {
        let document = |side: &str| Document::from_value(side, case[side].clone());
        let (old, new) = (document("old"), document("new"));
        for (semantics, key) in [(Semantics::Plain, "plain"), (Semantics::Contract, "contract")] {
            let [backward, forward] = expected(&case[key]);
            let options = Options::new(semantics);
            let found = compare(&old, &new, &options).unwrap_or_else(|error| panic!("{name}: {error}"));
            let turned = compare(&new, &old, &options).unwrap_or_else(|error| panic!("{name}: {error}"));
            for (way, direction, expected, verdict) in [
                ("backward", "backward", backward, &found.backward),
                ("forward", "forward", forward, &found.forward),
                ("turned backward", "forward", forward, &turned.backward),
                ("turned forward", "backward", backward, &turned.forward),
            ] {
                // Where nobody has found a proof yet, the case says so; it must go as soon as there is one.
                if case["unproven"] == format!("{key} {direction}") {
                    assert!(!verdict.compatible, "{name}: `unproven` can go");
                    score.known += 1;
                    continue;
                }
                score.count(&format!("{name} ({key}, {way})"), expected, verdict);
            }
        }
    }
    let Score { verdicts, unsound, too_strict, unproven, known, wrong } = score;
    let told = format!(
        "{} pairs, {verdicts} verdicts: unsound {unsound}, too strict {too_strict}, unproven {unproven}; known false alarms \
         {known}",
        cases.len()
    );
    writeln!(std::io::stdout(), "{told}").unwrap();
    assert!(wrong.is_empty(), "{told}\n{wrong}");
}
