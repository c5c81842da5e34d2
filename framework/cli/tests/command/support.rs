//! Runs the binary, and says what came of it.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::Value;

/// One run of the binary.
#[derive(Debug)]
pub(crate) struct Run {
    pub(crate) code: i32,
    pub(crate) out: String,
    pub(crate) errors: String,
}

/// Runs `choreograph` in `folder`, with nothing of the environment that would change what it does.
pub(crate) fn choreograph<A: AsRef<OsStr>>(folder: &Path, args: impl IntoIterator<Item = A>) -> Run {
    of(&binary(folder).args(args).output().expect("the binary starts"))
}

/// The binary, in `folder`.
pub(crate) fn binary(folder: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_choreograph"));
    command.current_dir(folder).env("NO_COLOR", "1");
    command
}

pub(crate) fn of(output: &Output) -> Run {
    Run {
        code: output.status.code().expect("ended by itself"),
        out: String::from_utf8(output.stdout.clone()).expect("UTF-8"),
        errors: String::from_utf8(output.stderr.clone()).expect("UTF-8"),
    }
}

impl Run {
    /// Its standard output as JSON, which keeps the committed schema `formats/<name>.schema.json`.
    pub(crate) fn json(&self, name: &str) -> Value {
        let value: Value =
            serde_json::from_str(&self.out).unwrap_or_else(|error| panic!("{error}: {self:?}"));
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("formats").join(format!("{name}.schema.json"));
        let schema: Value = serde_json::from_slice(&std::fs::read(path).expect("committed")).expect("JSON");
        let validator = jsonschema::options().should_validate_formats(true).build(&schema).expect("a schema");
        let errors: Vec<String> = validator
            .iter_errors(&value)
            .map(|error| format!("{}: {error}", error.instance_path()))
            .collect();
        assert!(errors.is_empty(), "{errors:?} in {value:#}");
        value
    }
}

/// A folder with `files` in it.
pub(crate) fn folder(files: &[(&str, &str)]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    for (path, text) in files {
        write(folder.path(), path, text);
    }
    folder
}

pub(crate) fn write(folder: &Path, path: &str, text: impl AsRef<[u8]>) -> PathBuf {
    let path = folder.join(path);
    std::fs::create_dir_all(path.parent().expect("below the folder")).expect("can be made");
    std::fs::write(&path, text).expect("can be written");
    path
}

/// The text of a contract of an order: a required `id`, and `more` properties. `$id` is in line 3.
pub(crate) fn contract(id: &str, more: &str) -> String {
    let text = r#"{
  "$schema": "https://json-schema.org/draft/2020-12/schema",
  "$id": "urn:contract:ID",
  "description": "An order.",
  "type": "object",
  "additionalProperties": false,
  "properties": { "id": { "type": "string" }MORE },
  "required": ["id"]
}
"#;
    text.replace("ID", id).replace("MORE", more)
}

/// Compares `text` with a file of this crate, or of the workspace above it, that is committed. With `UPDATE=1` the
/// file is written anew.
pub(crate) fn committed(path: &str, text: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(path);
    if std::env::var_os("UPDATE").is_some_and(|value| !value.is_empty()) {
        write(Path::new("/"), path.to_str().expect("UTF-8").trim_start_matches('/'), text);
    }
    let found = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(found == text, "{} is not what the command says now: run with UPDATE=1\n{text}", path.display());
}
