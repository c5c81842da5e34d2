//! Mistakes in a step do not compile, and the message names the type at fault and what to write instead.
//!
//! Each file under `tests/ui` is one mistake; the `.stderr` beside it is what the compiler says of it, without what
//! changes from one compiler to the next: the error, where it stands, and the notes written in this project. After a
//! change of the messages write them anew with `UI=overwrite cargo test -p choreograph --test compile_fail`, and read
//! them.
//!
//! The cases are compiled against the libraries that this test itself was linked with, so that nothing is built twice.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::Value;

/// The crates that a case may use.
const CRATES: [&str; 3] = ["choreograph", "schemars", "serde"];

/// Notes that speak of the compiler's own ways, and change with it.
const COMPILERS_OWN: [&str; 3] = ["full name for the type", "--verbose", "redundant requirement"];

#[test]
fn mistakes_are_told_of_the_type_at_fault() {
    let libraries = libraries();
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/ui");
    let scratch = tempfile::tempdir().expect("a folder for what the compiler writes");
    let mut cases: Vec<PathBuf> = fs::read_dir(&folder)
        .expect("tests/ui is there")
        .map(|entry| entry.expect("tests/ui can be read").path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "rs"))
        .collect();
    cases.sort();
    assert!(cases.len() > 10, "the cases of tests/ui are gone");
    let wrong: Vec<String> = cases
        .iter()
        .filter_map(|case| judge(case, &compile(case, &libraries, scratch.path())).err())
        .collect();
    assert!(wrong.is_empty(), "{} cases differ:\n\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn the_guide_quotes_what_the_compiler_says() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let guide = fs::read_to_string(root.join("docs/compile-errors.md")).expect("the guide");
    let said: String = fs::read_dir(root.join("tests/ui"))
        .expect("tests/ui is there")
        .map(|entry| entry.expect("tests/ui can be read").path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "stderr"))
        .map(|path| fs::read_to_string(path).expect("it can be read"))
        .collect();
    let blocks = guide.split("```text\n").skip(1).filter_map(|rest| rest.split("```").next());
    let quotes: Vec<&str> = blocks.flat_map(str::lines).map(str::trim).collect();
    assert!(quotes.len() >= 4, "{quotes:?}");
    for quote in quotes {
        assert!(said.contains(quote), "nothing in tests/ui says {quote:?}");
    }
}

/// Compares what the compiler says with the file beside the case.
fn judge(case: &Path, output: &Output) -> Result<(), String> {
    let name = case.file_name().unwrap_or_default().to_string_lossy();
    let said = condensed(&String::from_utf8_lossy(&output.stderr));
    if output.status.success() {
        return Err(format!("{name} compiles, and must not\n"));
    }
    let expected_at = case.with_extension("stderr");
    if std::env::var_os("UI").is_some_and(|it| it == "overwrite") {
        return fs::write(&expected_at, &said).map_err(|error| format!("{name}: {error}"));
    }
    let expected = fs::read_to_string(&expected_at).unwrap_or_default();
    if expected == said {
        return Ok(());
    }
    Err(format!("{name}\n--- expected\n{expected}\n--- the compiler says\n{said}"))
}

/// The errors of one compilation: message, place, label, and notes without a place.
fn condensed(stderr: &str) -> String {
    let mut text = String::new();
    for line in stderr.lines() {
        let Ok(diagnostic) = serde_json::from_str::<Value>(line) else {
            writeln!(text, "{line}").expect("a string takes all");
            continue;
        };
        if diagnostic["level"] != "error" || diagnostic["spans"].as_array().is_none_or(Vec::is_empty) {
            continue;
        }
        let error = diagnostic["message"].as_str().unwrap_or_default();
        writeln!(text, "error: {error}").expect("a string takes all");
        for span in list(&diagnostic["spans"]).iter().filter(|span| span["is_primary"] == true) {
            let source =
                list(&span["text"]).first().map_or("", |it| it["text"].as_str().unwrap_or("").trim());
            let label = span["label"].as_str().map(|label| format!("  <- {label}")).unwrap_or_default();
            writeln!(text, "  at line {}: {source}{label}", span["line_start"]).expect("a string takes all");
        }
        for note in list(&diagnostic["children"]).iter().filter(|it| it["level"] == "note") {
            push_note(&mut text, note);
        }
        text.push('\n');
    }
    text
}

/// A note without a place, one about the case itself with what the compiler says of the places in it, or one about a line of
/// this project that says in its comment what to write.
fn push_note(text: &mut String, note: &Value) {
    let message = note["message"].as_str().unwrap_or_default();
    let spans = list(&note["spans"]);
    let lines = spans.iter().flat_map(|span| list(&span["text"])).filter_map(|line| line["text"].as_str());
    for (_, comment) in lines.filter_map(|line| line.split_once(", // ")) {
        writeln!(text, "  note: {message}\n    <- {comment}").expect("a string takes all");
    }
    let about_the_case = |span: &Value| span["file_name"].as_str().is_some_and(|it| it.contains("tests/ui/"));
    if COMPILERS_OWN.iter().any(|own| message.contains(own)) || !spans.iter().all(about_the_case) {
        return;
    }
    writeln!(text, "  note: {message}").expect("a string takes all");
    for label in spans.iter().filter_map(|span| span["label"].as_str()) {
        writeln!(text, "    <- {label}").expect("a string takes all");
    }
}

fn list(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}

/// Checks one case, without writing a program.
fn compile(case: &Path, libraries: &[(String, PathBuf)], scratch: &Path) -> Output {
    let mut rustc = Command::new(std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into()));
    // Where cargo runs it: what it knows of the libraries' sources it knows from there.
    rustc.current_dir(Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap_or(Path::new(".")));
    rustc.args([
        "--edition=2024",
        "--crate-type=bin",
        "--emit=metadata",
        "--error-format=json",
        "--cap-lints=allow",
    ]);
    rustc.arg("--out-dir").arg(scratch).arg(case);
    for (name, path) in libraries {
        rustc.arg("--extern").arg(format!("{name}={}", path.display()));
        let folder = path.parent().unwrap_or(path);
        for folder in [folder.to_owned(), folder.join("deps")] {
            rustc.arg("-L").arg(format!("dependency={}", folder.display()));
        }
    }
    rustc.output().expect("rustc runs")
}

/// The libraries that this test is linked with, as cargo tells them: with the workspace's selection of features they
/// are all built already.
fn libraries() -> Vec<(String, PathBuf)> {
    let mut cargo = Command::new(env!("CARGO"));
    // What cargo tells a test of its package is no setting: build scripts that look at it would be run again, and what
    // stands on them built again, here and by the next cargo.
    for (name, _) in std::env::vars_os() {
        if ["CARGO_MANIFEST_", "CARGO_PKG_"].iter().any(|told| name.to_string_lossy().starts_with(told)) {
            cargo.env_remove(name);
        }
    }
    let output = cargo
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .args(["test", "--workspace", "--no-run", "--test", "compile_fail", "--message-format=json"])
        .output()
        .expect("cargo runs");
    assert!(output.status.success(), "cargo: {}", String::from_utf8_lossy(&output.stderr));
    let artifacts = String::from_utf8_lossy(&output.stdout);
    let artifacts = artifacts.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
    let mut found = Vec::new();
    for artifact in artifacts {
        let name = artifact["target"]["name"].as_str().unwrap_or_default();
        let library = list(&artifact["filenames"])
            .iter()
            .filter_map(Value::as_str)
            .find(|it| Path::new(it).extension().is_some_and(|extension| extension == "rlib"));
        if let Some(library) = library.filter(|_| CRATES.contains(&name)) {
            found.push((name.to_owned(), PathBuf::from(library)));
        }
    }
    let names: Vec<&str> = found.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(found.len(), CRATES.len(), "cargo tells of {names:?}");
    found
}
