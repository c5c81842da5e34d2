//! Contracts as files: `schemas/<event type>/<major>.<minor>.json`.

mod finding;
mod print;
mod write;

pub use finding::{Finding, Gap, Problem};
pub use write::{WriteError, Written};

use std::fs;
use std::io::{ErrorKind, Read};
use std::path::{Path, PathBuf};

use schemars::JsonSchema;
use serde_json::Value;

use crate::compat::{self, Document, Options, Verdict};
use crate::meaning::first_difference;
use crate::version::number;
use crate::{Contract, ContractId, EventVersion, MAX_FILE_BYTES, schema, views};

/// How many gaps are reported of one view and one version.
pub const MAX_GAPS: usize = 20;

/// One version of a contract, as its owner's code has it.
#[derive(Debug, Clone, PartialEq)]
pub struct ContractFile<'a> {
    /// Which contract, and which version of it.
    pub id: ContractId<'a>,
    /// The writer view; its root `$id` is `id`.
    pub schema: Value,
}

impl<'a> ContractFile<'a> {
    /// The contract `id` as the type `T` has it: [`views::writer_schema`].
    pub fn of<T: JsonSchema + ?Sized>(id: ContractId<'a>) -> Self {
        Self { id, schema: views::writer_schema::<T>(id) }
    }

    /// The file's text: indented JSON with a fixed order of members, ending in a line break. The same schema is
    /// the same text, wherever it is written.
    pub fn to_text(&self) -> String {
        print::pretty(&self.schema)
    }
}

/// The folder `schemas/`: every published version of every contract.
///
/// ```
/// use choreograph_contracts::{ContractFile, ContractId, EventVersion, SchemaDir, views};
///
/// #[derive(schemars::JsonSchema)]
/// struct OrderPlaced {
///     order_id: String,
///     total: u32,
/// }
/// #[derive(schemars::JsonSchema)]
/// struct WhatMailNeeds {
///     order_id: String,
///     customer: String,
/// }
///
/// # let folder = tempfile::tempdir()?;
/// let schemas = SchemaDir::new(folder.path());
/// let placed = ContractFile::of::<OrderPlaced>(ContractId::new("order.placed", 1, 0)?);
///
/// assert_eq!(schemas.check(std::slice::from_ref(&placed)).len(), 1); // not written yet
/// schemas.write(std::slice::from_ref(&placed))?;
/// assert!(schemas.check(&[placed]).is_empty());
///
/// let reader = views::reader_schema::<WhatMailNeeds>();
/// let findings = schemas.check_view(&reader, EventVersion::new("order.placed", 1)?);
/// assert!(findings[0].to_string().contains("/customer"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SchemaDir {
    root: PathBuf,
}

impl SchemaDir {
    /// The folder at `root`. It need not exist yet.
    pub fn new(root: impl Into<PathBuf>) -> Self {
        Self { root: root.into() }
    }

    /// Where the folder is.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// Compares the folder with `files`, what the code has now. An empty list means that all is well.
    ///
    /// It finds versions that are not written, files whose meaning is not the code's (annotations may differ),
    /// and in the folders of these event types files that cannot be read, or whose `$id` or name is not that of
    /// a version. Versions that the code no longer has are no finding: published is published.
    pub fn check(&self, files: &[ContractFile<'_>]) -> Vec<Finding> {
        let mut findings: Vec<Finding> = files.iter().filter_map(|file| self.check_one(file)).collect();
        let mut names: Vec<&str> = files.iter().map(|file| file.id.name()).collect();
        names.sort_unstable();
        names.dedup();
        for name in names {
            let published = self.published(name);
            findings.extend(published.findings);
            findings
                .extend(published.versions.iter().filter_map(|version| self.check_published(name, *version)));
        }
        findings.sort_by(|left, right| left.path.cmp(&right.path));
        findings.dedup();
        findings
    }

    /// Checks that the reader view `reader` covers every published writer of `version`, as
    /// [`compat::covers`] decides it. An empty list means that it does; what cannot be decided is a finding.
    pub fn check_view(&self, reader: &Value, version: EventVersion<'_>) -> Vec<Finding> {
        let published = self.published(version.name());
        let mut findings = published.findings;
        let mut writers = 0;
        for (major, minor) in published.versions.into_iter().filter(|(major, _)| *major == version.major()) {
            writers += 1;
            let path = self.path_of(version.name(), major, minor);
            match read(&path) {
                Ok(writer) => match covered(reader, &path, writer) {
                    Ok(verdict) => {
                        let gaps = verdict.findings.into_iter().take(MAX_GAPS).map(Gap::new);
                        findings
                            .extend(gaps.map(|gap| Finding::new(&path, Problem::NotCovered(Box::new(gap)))));
                    }
                    Err(error) => findings.push(Finding::new(&path, Problem::Unusable(error.to_string()))),
                },
                Err(problem) => findings.push(Finding::new(&path, problem)),
            }
        }
        if writers == 0 {
            let path = self.root.join(version.name());
            findings.push(Finding::new(&path, Problem::NeverPublished { major: version.major() }));
        }
        findings
    }

    fn path_of(&self, name: &str, major: u32, minor: u32) -> PathBuf {
        self.root.join(name).join(format!("{major}.{minor}.json"))
    }

    /// What is wrong with the file of one version that the code has.
    fn check_one(&self, file: &ContractFile<'_>) -> Option<Finding> {
        let path = self.root.join(file.id.relative_path());
        let found = |problem| Some(Finding::new(&path, problem));
        if let Err(error) = Contract::compile(&file.schema) {
            return found(Problem::Unusable(error.to_string()));
        }
        match read(&path) {
            Ok(published) => match first_difference(&file.schema, &published) {
                Some(at) if at != "/$id" => found(Problem::Drift { at }),
                _ => None,
            },
            Err(problem) => found(problem),
        }
    }

    /// What is wrong with a published file by itself.
    fn check_published(&self, name: &str, (major, minor): (u32, u32)) -> Option<Finding> {
        let path = self.path_of(name, major, minor);
        let found = |problem| Some(Finding::new(&path, problem));
        let schema = match read(&path) {
            Ok(schema) => schema,
            Err(problem) => return found(problem),
        };
        let stated = schema.get("$id").and_then(Value::as_str);
        let expected = ContractId::new(name, major, minor).ok()?;
        if stated.and_then(|id| ContractId::parse(id).ok()) != Some(expected) {
            return found(Problem::IdMismatch { expected: expected.to_string() });
        }
        Contract::compile(&schema).err().and_then(|error| found(Problem::Unusable(error.to_string())))
    }

    /// The versions in the folder of `name`, in order.
    fn published(&self, name: &str) -> Published {
        let folder = self.root.join(name);
        let mut published = Published::default();
        let entries = match fs::read_dir(&folder) {
            Ok(entries) => entries,
            Err(error) if error.kind() == ErrorKind::NotFound => return published,
            Err(error) => {
                published.findings.push(Finding::new(&folder, Problem::Unreadable(error.to_string())));
                return published;
            }
        };
        for entry in entries.filter_map(Result::ok).filter(|entry| !is_hidden(&entry.file_name())) {
            match version_of(&entry.path()) {
                Some(version) => published.versions.push(version),
                None => published.findings.push(Finding::new(&entry.path(), Problem::Stray)),
            }
        }
        published.versions.sort_unstable();
        published
    }
}

#[derive(Default)]
struct Published {
    versions: Vec<(u32, u32)>,
    findings: Vec<Finding>,
}

fn is_hidden(name: &std::ffi::OsStr) -> bool {
    name.as_encoded_bytes().first() == Some(&b'.')
}

/// The version that a file's name says.
fn version_of(path: &Path) -> Option<(u32, u32)> {
    let name = path.file_name()?.to_str()?.strip_suffix(".json")?;
    let (major, minor) = name.split_once('.')?;
    let (major, minor) = (number(major).ok()?, number(minor).ok()?);
    (major > 0).then_some((major, minor))
}

/// Whether a view reads all that a published version allows.
fn covered(reader: &Value, path: &Path, writer: Value) -> Result<Verdict, compat::CompareError> {
    let reader = Document::from_value("the view", reader.clone());
    let writer = Document::from_value(&path.display().to_string(), writer);
    compat::covers(&reader, &writer, &Options::default())
}

/// Reads one contract file and makes sure that it is within the limits of a schema.
fn read(path: &Path) -> Result<Value, Problem> {
    let file = fs::File::open(path).map_err(|error| match error.kind() {
        ErrorKind::NotFound => Problem::Missing,
        _ => Problem::Unreadable(error.to_string()),
    })?;
    let mut bytes = Vec::new();
    let limit = MAX_FILE_BYTES as u64;
    file.take(limit + 1).read_to_end(&mut bytes).map_err(|error| Problem::Unreadable(error.to_string()))?;
    if bytes.len() > MAX_FILE_BYTES {
        return Err(Problem::Unreadable(format!("more than {MAX_FILE_BYTES} bytes")));
    }
    let schema = serde_json::from_slice(&bytes).map_err(|error| Problem::Unreadable(error.to_string()))?;
    // Comparing follows `$ref`s, so their limits come first.
    schema::examine(&schema).map_err(|error| Problem::Unusable(error.to_string()))?;
    Ok(schema)
}

#[cfg(test)]
mod tests;
