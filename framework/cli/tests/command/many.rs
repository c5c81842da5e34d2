//! Ten thousand findings: a person is shown a few and told how many there are, a program gets all of them.

use serde_json::{Value, json};

use crate::support::{Run, choreograph, folder, write};

const MANY: usize = 10_000;

/// How much a person is shown at most, in bytes: a job's summary at GitHub may have a mebibyte.
const FOR_PEOPLE: usize = 100_000;

/// How much a finding may take in a report for programs, in bytes.
const A_FINDING: usize = 2_500;

/// A folder of contracts with one good file and ten thousand that are none.
fn strays() -> tempfile::TempDir {
    let files = folder(&[("schemas/a.b/1.0.json", &crate::support::contract("a.b/1.0", ""))]);
    for number in 0..MANY {
        write(files.path(), &format!("schemas/a.b/stray-{number}.txt"), "");
    }
    files
}

/// Manifests that wait for twelve thousand events which nobody emits.
fn waiting() -> (tempfile::TempDir, Vec<String>) {
    let files = folder(&[]);
    let names = (0..12).map(|service| {
        let step = |number: usize| {
            let event = json!({ "type": format!("e{service}.x{number}"), "major": 1, "topic": "t", "schema": true });
            json!({ "name": format!("s{number}"), "group": format!("g{service}-{number}"), "consumes": [event] })
        };
        let steps: Vec<Value> = (0..1_000).map(step).collect();
        let name = format!("m{service}.json");
        let manifest = json!({ "manifest": 1, "service": format!("s{service}"), "steps": steps });
        write(files.path(), &name, manifest.to_string());
        name
    });
    let names = names.collect();
    (files, names)
}

/// What each format makes of a command with [`MANY`] findings. Gives its JSON.
fn assert_bounded(run: impl Fn(&str) -> Run, last: &str) -> Run {
    let more = format!("and {} findings more", MANY - 50);
    for format in ["text", "markdown", "github"] {
        let run = run(format);
        assert_eq!((run.code, run.errors.as_str()), (1, ""), "{format}");
        assert!(run.out.len() < FOR_PEOPLE, "{format}: {} bytes", run.out.len());
        assert!(run.out.contains(&more) && run.out.contains(last), "{format}: {}", run.out);
        let annotations = run.out.lines().filter(|line| line.starts_with("::")).count();
        assert_eq!(annotations, if format == "github" { 50 + 1 } else { 0 });
    }
    let whole = |format: &str| {
        let run = run(format);
        assert_eq!((run.code, run.errors.as_str()), (1, ""), "{format}");
        assert!(run.out.len() < MANY * A_FINDING, "{format}: {} bytes", run.out.len());
        run
    };
    let text = whole("junit").out;
    let document = roxmltree::Document::parse(&text).expect("XML");
    let named = |name: &str| document.descendants().filter(|node| node.has_tag_name(name)).count();
    assert_eq!((named("testcase"), named("failure")), (MANY, MANY));
    assert!(text.contains(&format!("tests=\"{MANY}\" failures=\"{MANY}\"")) && text.contains(last));

    let log: Value = serde_json::from_str(&whole("sarif").out).expect("JSON");
    assert_eq!(log["runs"][0]["results"].as_array().map(Vec::len), Some(MANY));
    assert_eq!(log["runs"][0]["tool"]["driver"]["rules"].as_array().map(Vec::len), Some(1));
    whole("json")
}

#[test]
fn a_folder_with_ten_thousand_faults_is_told_in_every_format() {
    let files = strays();
    let check = |format: &str| choreograph(files.path(), ["check", "--format", format]);
    let json = assert_bounded(check, "10000 errors").json("check");
    assert_eq!(json["findings"].as_array().map(Vec::len), Some(MANY));
}

#[test]
fn a_choreography_with_more_faults_than_are_told_says_so() {
    let (files, names) = waiting();
    let check = |format: &str| {
        let args = ["topology", "check", "--format", format];
        choreograph(files.path(), args.iter().copied().chain(names.iter().map(String::as_str)))
    };
    let json = assert_bounded(check, "there may be more").json("topology");
    assert_eq!((json["findings"].as_array().map(Vec::len), &json["bounded"]), (Some(MANY), &json!(true)));
}

/// A whole schema may stand on one line, and a name may be as long as a file: a person is shown the start of it.
#[test]
fn one_finding_that_is_as_long_as_its_file_is_cut() {
    let name = "n".repeat(500_000);
    let schema = |kind: &str| {
        let long: serde_json::Map<String, Value> =
            (0..3).map(|n| (format!("{name}{n}"), json!({ "type": kind }))).collect();
        json!({ "type": "object", "properties": long }).to_string()
    };
    let files = folder(&[("old.json", &schema("string")), ("new.json", &schema("integer"))]);
    for format in ["text", "markdown", "github"] {
        let run = choreograph(files.path(), ["diff", "old.json", "new.json", "--format", format]);
        assert_eq!(run.code, 1, "{format}");
        assert!(run.out.len() < FOR_PEOPLE, "{format}: {} bytes", run.out.len());
    }
}
