//! How long the command takes: `check` of many contracts, `diff` of two.
//!
//! Run with: `cargo build --release -p choreograph-cli && cargo run --release -p choreograph-cli --example speed`
//!
//! It makes 500 contracts with five versions each, every version with an optional field more, in a folder that is
//! gone afterwards, and runs the binary on it as a shell would.

use std::error::Error;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

const CONTRACTS: usize = 500;
const VERSIONS: usize = 5;
const RUNS: usize = 20;

fn main() -> Result<(), Box<dyn Error>> {
    let binary = binary()?;
    let folder = tempfile::tempdir()?;
    let (now, then) = (folder.path().join("now"), folder.path().join("then"));
    for number in 0..CONTRACTS {
        for minor in 0..VERSIONS {
            write(&now, number, minor)?;
            // What was published lacks the newest version.
            if minor + 1 < VERSIONS {
                write(&then, number, minor)?;
            }
        }
    }
    let (now, then) = (now.display().to_string(), then.display().to_string());
    let all = run(&binary, &["check", "--schemas", &now])?;
    println!("check, every pair of {CONTRACTS} x {VERSIONS}      {:>8.3} s", all.as_secs_f64());
    let changed = run(&binary, &["check", "--schemas", &now, "--against", &then])?;
    println!("check, one new version of each     {:>8.3} s", changed.as_secs_f64());
    let (old, new) = (format!("{now}/made.number0/1.0.json"), format!("{now}/made.number0/1.4.json"));
    let mut times: Vec<Duration> =
        (0..RUNS).map(|_| run(&binary, &["diff", &old, &new])).collect::<Result<_, _>>()?;
    times.sort_unstable();
    let millis = |index: usize| times.get(index).map_or(0.0, |time| time.as_secs_f64() * 1_000.0);
    println!("diff, {RUNS} runs: median {:.1} ms, longest {:.1} ms", millis(RUNS / 2), millis(RUNS - 1));
    Ok(())
}

/// The binary beside the folder of examples.
fn binary() -> Result<PathBuf, Box<dyn Error>> {
    let example = std::env::current_exe()?;
    let folder = example.parent().and_then(Path::parent).ok_or("this example has no folder")?;
    let binary = folder.join("choreograph");
    if binary.exists() {
        Ok(binary)
    } else {
        Err("build it first: cargo build --release -p choreograph-cli".into())
    }
}

fn run(binary: &Path, args: &[&str]) -> Result<Duration, Box<dyn Error>> {
    let began = Instant::now();
    let status = Command::new(binary).args(args).stdout(Stdio::null()).status()?;
    let took = began.elapsed();
    if status.success() { Ok(took) } else { Err(format!("{args:?} ended with {status}").into()) }
}

/// A contract of the size that teams write: a dozen fields, a list of objects, an enum, an optional object.
fn write(root: &Path, number: usize, minor: usize) -> Result<(), Box<dyn Error>> {
    let name = format!("made.number{number}");
    let mut fields = String::new();
    for field in 0..10 {
        write!(fields, r#""field_{field}": {{ "type": "string", "maxLength": {} }}, "#, 100 + number)?;
    }
    for field in 0..minor {
        write!(fields, r#""added_{field}": {{ "type": ["string", "null"] }}, "#)?;
    }
    let text = format!(
        r##"{{
  "$schema": "https://json-schema.org/draft/2020-12/schema",
  "$id": "urn:contract:{name}/1.{minor}",
  "title": "Made{number}",
  "type": "object",
  "$defs": {{
    "Line": {{
      "type": "object",
      "additionalProperties": false,
      "properties": {{
        "code": {{ "type": "string", "pattern": "^[A-Z0-9]+$" }},
        "pence": {{ "type": "integer", "format": "int64", "minimum": 0, "maximum": 9223372036854775807 }},
        "way": {{ "enum": ["card", "cash", "invoice"] }}
      }},
      "required": ["code", "pence"]
    }}
  }},
  "additionalProperties": false,
  "properties": {{
    {fields}
    "lines": {{ "type": "array", "items": {{ "$ref": "#/$defs/Line" }}, "minItems": 1 }},
    "first": {{ "anyOf": [{{ "$ref": "#/$defs/Line" }}, {{ "type": "null" }}] }}
  }},
  "required": ["field_0", "field_1", "field_2", "lines"]
}}
"##
    );
    let folder = root.join(&name);
    fs::create_dir_all(&folder)?;
    Ok(fs::write(folder.join(format!("1.{minor}.json")), text)?)
}
