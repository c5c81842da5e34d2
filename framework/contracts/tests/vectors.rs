//! Verdicts on the vectors of another project, as a committed scoreboard.
//!
//! They lie in the folder that `CONTRACT_VECTORS` names: `apicurio.json`, pairs of schemas, each with what that
//! project expects in both directions, under plain JSON Schema semantics. The test is ignored until somebody asks for it.

use std::fmt::Write as _;
use std::io::Write as _;
use std::path::Path;

use choreograph_contracts::compat::{Comparison, Document, Options, Proof, Semantics, Verdict, compare};
use serde_json::Value;

const SCOREBOARD: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/vectors.txt");

#[derive(Debug, Default)]
struct Score {
    assertions: usize,
    agreed: usize,
    /// Compatible where a break is expected: a proof says so, and no search found an event against it.
    proved_safe: usize,
    /// A break where none is expected, with a witness.
    proved_break: usize,
    /// A break where none is expected, without one.
    too_strict: usize,
    /// A break, expected, without a witness.
    unproven: usize,
    table: String,
}

impl Score {
    fn count(&mut self, name: &str, expected: bool, verdict: &Verdict) {
        self.assertions += 1;
        let witness = verdict.findings.iter().find_map(|finding| finding.witness.as_ref());
        let unproven = verdict.findings.iter().all(|finding| finding.proof == Proof::Unproven);
        let what = match (expected, verdict.compatible) {
            (true, false) if witness.is_some() => {
                self.proved_break += 1;
                format!("breaks, witness {}", witness.unwrap_or(&Value::Null))
            }
            (true, false) => {
                self.too_strict += 1;
                "breaks, unproven: too strict".to_owned()
            }
            (false, true) => {
                self.proved_safe += 1;
                "compatible, proved, though a break is expected".to_owned()
            }
            (false, false) if unproven => {
                self.agreed += 1;
                self.unproven += 1;
                "breaks as expected, unproven".to_owned()
            }
            _ => {
                self.agreed += 1;
                return;
            }
        };
        // Writing to a text cannot fail.
        _ = writeln!(self.table, "{name}: {what}");
    }
}

fn expected(case: &Value) -> (bool, bool) {
    match case["compatibility"].as_str() {
        Some("both") => (true, true),
        Some("backward") => (true, false),
        _ => (false, false),
    }
}

#[test]
#[ignore = "needs other projects' pairs of schemas in CONTRACT_VECTORS: see CONTRIBUTING.md"]
fn the_scoreboard_is_as_committed() {
    let folder = std::env::var("CONTRACT_VECTORS").expect("the folder of the vectors");
    let text = std::fs::read_to_string(Path::new(&folder).join("apicurio.json")).unwrap();
    let file: Value = serde_json::from_str(&text).unwrap();
    let mut score = Score::default();
    for (index, case) in file["tests"].as_array().unwrap().iter().enumerate() {
        let old = Document::from_value("original", case["original"].clone());
        let new = Document::from_value("updated", case["updated"].clone());
        let Comparison { backward, forward, .. } =
            compare(&old, &new, &Options::new(Semantics::Plain)).unwrap();
        let (reads_old, reads_new) = expected(case);
        let name = format!("{index} {}", case["id"].as_str().unwrap());
        score.count(&format!("{name}, backward"), reads_old, &backward);
        score.count(&format!("{name}, forward"), reads_new, &forward);
    }
    let summary = format!(
        "{} assertions, {} agreed\ncompatible against expectation, each proved {}\n\
         too strict {}\nbreaks against expectation, each with a witness {}\nunproven {}\n\n",
        score.assertions,
        score.agreed,
        score.proved_safe,
        score.too_strict,
        score.proved_break,
        score.unproven
    );
    let found = format!("{summary}{}", score.table);
    writeln!(
        std::io::stdout(),
        "vectors: {} of Apicurio Registry's expectations, {} agreed; compatible against them, each proved {}; a break against \
         them, each shown {}; too strict {}, unproven {}; the last ones in tests/vectors.txt",
        score.assertions,
        score.agreed,
        score.proved_safe,
        score.proved_break,
        score.too_strict,
        score.unproven
    )
    .unwrap();
    if std::env::var_os("UPDATE_SNAPSHOTS").is_some() {
        std::fs::write(SCOREBOARD, &found).unwrap();
    }
    let committed = std::fs::read_to_string(SCOREBOARD).unwrap_or_default();
    assert_eq!(found, committed, "set UPDATE_SNAPSHOTS to write {SCOREBOARD} anew");
}
