//! The pairs as they came, each taken at most once, with the problems found on the way.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::io::Read;

use super::error::Problem;
use super::secret::Secret;

/// A file named by a `…_FILE` variable is read up to this size.
const MAX_FILE_BYTES: u64 = 1024 * 1024;

/// What a variable's name ends in when its value is the path of a file that holds the value.
const FILE: &str = "_FILE";

/// The pairs that concern this crate, and what was wrong with those already taken.
pub(super) struct Source {
    /// Values by name; what is left in the end is unknown.
    pairs: BTreeMap<String, OsString>,
    /// The names asked for: these are the settings there are.
    pub(super) asked: Vec<&'static str>,
    /// What was wrong so far.
    pub(super) problems: Vec<Problem>,
}

/// A value, and whether it stood in a file: then somebody wanted it hidden, whatever it is for.
pub(super) struct Given {
    pub(super) value: String,
    pub(super) from_file: bool,
}

/// What a variable that names a file has for its value.
#[derive(Clone, Copy)]
enum Named {
    /// A path.
    Path,
    /// By mistake it may be what the file should hold, and that is shown nowhere.
    MayBeTheValue,
}

impl Source {
    /// Keeps the pairs whose name is UTF-8; no setting has another.
    pub(super) fn new<K, V>(pairs: impl IntoIterator<Item = (K, V)>) -> Self
    where
        K: Into<OsString>,
        V: Into<OsString>,
    {
        let pairs = pairs
            .into_iter()
            .filter_map(|(name, value)| Some((name.into().into_string().ok()?, value.into())))
            .collect();
        Self { pairs, asked: Vec::new(), problems: Vec::new() }
    }

    /// The value of `name`. An empty one counts as absent, as the OpenTelemetry specification has it and
    /// as deployment templates leave it.
    pub(super) fn take(&mut self, name: &'static str) -> Option<String> {
        self.asked.push(name);
        self.remove(name)
    }

    /// The value of `name`, which is no setting of ours.
    fn remove(&mut self, name: &str) -> Option<String> {
        match self.pairs.remove(name)?.into_string() {
            Ok(value) if value.is_empty() => None,
            Ok(value) => Some(value),
            Err(_) => {
                self.problem(name, "its value is not UTF-8", "set it to text");
                None
            }
        }
    }

    /// The value of `name`, or the content of the file named by `name` with `_FILE`, without the line end
    /// that editors add.
    pub(super) fn take_or_file(&mut self, name: &str) -> Option<Given> {
        let file_name = format!("{name}{FILE}");
        let direct = self.remove(name);
        let Some(path) = self.remove(&file_name) else {
            return direct.map(|value| Given { value, from_file: false });
        };
        if direct.is_some() {
            self.problem(&file_name, format!("{name} is set too"), "set only one of the two");
            return None;
        }
        let text = self.read(&file_name, &path, Named::MayBeTheValue)?;
        if text.contains('\0') {
            // An environment cannot hold it, and no client takes it.
            self.problem(
                &file_name,
                "there is a NUL in the file",
                "name a file of text with the value in it",
            );
            return None;
        }
        Some(Given { value: text.trim_end_matches(['\r', '\n']).to_owned(), from_file: true })
    }

    /// A setting of ours that must not be seen: the value of `name`, or the content of the file that `file` names,
    /// which is `name` with `_FILE`.
    pub(super) fn secret(&mut self, name: &'static str, file: &'static str) -> Option<Secret> {
        self.given(name, file).map(|given| Secret::new(given.value))
    }

    /// The same, and where it stood.
    pub(super) fn given(&mut self, name: &'static str, file: &'static str) -> Option<Given> {
        self.asked.extend([name, file]);
        self.take_or_file(name)
    }

    /// The content of the file that `name` names.
    pub(super) fn content(&mut self, name: &'static str) -> Option<String> {
        let path = self.take(name)?;
        self.read(name, &path, Named::Path)
    }

    /// The content of the file at `path`, which the variable `name` names.
    fn read(&mut self, name: &str, path: &str, named: Named) -> Option<String> {
        read_bounded(path)
            .map_err(|problem| {
                let what = match named {
                    Named::Path => shown(path),
                    Named::MayBeTheValue => "the file".to_owned(),
                };
                let problem = format!("{what} cannot be read: {problem}");
                self.problem(name, problem, "name a readable file of text with the value in it");
            })
            .ok()
    }

    /// The names that are left and begin with `prefix`.
    pub(super) fn left(&self, prefix: &str) -> Vec<String> {
        self.pairs.keys().filter(|name| name.starts_with(prefix)).cloned().collect()
    }

    /// Notes a problem.
    pub(super) fn problem(&mut self, name: &str, problem: impl Into<String>, legal: impl Into<String>) {
        self.problems.push(Problem::new(name, problem, legal));
    }

    /// Takes `name` and reads it with `parse`, which gives back the legal values when it cannot.
    pub(super) fn parsed<T>(
        &mut self,
        name: &'static str,
        parse: impl FnOnce(&str) -> Result<T, String>,
    ) -> Option<T> {
        let value = self.take(name)?;
        match parse(&value) {
            Ok(parsed) => Some(parsed),
            Err(legal) => {
                self.problem(name, format!("{} cannot be used", shown(&value)), legal);
                None
            }
        }
    }
}

/// A value as an error may show it: quoted, on one line, cut.
pub(super) fn shown(value: &str) -> String {
    /// More of a value than this helps nobody.
    const MAX_SHOWN: usize = 60;
    let cut: String = value.chars().take(MAX_SHOWN).collect();
    let more = if cut.len() < value.len() { "…" } else { "" };
    format!("{cut:?}{more}")
}

/// Reads a file of text no longer than [`MAX_FILE_BYTES`].
fn read_bounded(path: &str) -> Result<String, String> {
    let file = std::fs::File::open(path).map_err(|error| error.to_string())?;
    let mut text = String::new();
    let read = file.take(MAX_FILE_BYTES + 1).read_to_string(&mut text).map_err(|error| error.to_string())?;
    if read as u64 > MAX_FILE_BYTES {
        return Err(format!("it is longer than {MAX_FILE_BYTES} bytes"));
    }
    Ok(text)
}
