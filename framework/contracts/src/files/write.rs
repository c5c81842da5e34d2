//! Writing contract files, without ever changing what a published one means.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

use super::{ContractFile, Finding, Problem, SchemaDir, read};
use crate::{Contract, first_difference};

/// Why nothing was written, or not all.
#[derive(Debug, thiserror::Error)]
pub enum WriteError {
    /// What the code has cannot be published. Nothing was written.
    #[error("nothing written: {}", list(.0))]
    Refused(Vec<Finding>),
    /// A file could not be written. Those before it are.
    #[error("cannot write `{}`", .path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// What the system says.
        #[source]
        source: std::io::Error,
    },
}

fn list(findings: &[Finding]) -> String {
    findings.iter().map(Finding::to_string).collect::<Vec<_>>().join("; ")
}

/// What [`SchemaDir::write`] or [`SchemaDir::add`] did.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Written {
    /// Files that are new, or whose annotations changed.
    pub files: Vec<PathBuf>,
    /// How many were as they should be.
    pub unchanged: usize,
}

impl SchemaDir {
    /// Writes the versions that are missing. A published file keeps its meaning; its annotations (titles,
    /// descriptions, examples) follow the code.
    ///
    /// Each file appears whole or not at all: it is written beside its place and then renamed.
    ///
    /// # Errors
    ///
    /// [`WriteError::Refused`] if a version is published with another meaning, or cannot be compiled;
    /// [`WriteError::Io`] if the folder cannot be written.
    pub fn write(&self, files: &[ContractFile<'_>]) -> Result<Written, WriteError> {
        self.put(files, |path, text| fs::read(path).is_ok_and(|published| published == text.as_bytes()))
    }

    /// Writes the versions that are missing, and leaves alone those that are there, whatever their annotations and their blanks.
    ///
    /// # Errors
    ///
    /// As for [`SchemaDir::write`].
    pub fn add(&self, files: &[ContractFile<'_>]) -> Result<Written, WriteError> {
        self.put(files, |path, _| path.exists())
    }

    /// Writes those files that do not stay as they are, unless one of all must not be written.
    fn put(
        &self,
        files: &[ContractFile<'_>],
        stays: impl Fn(&Path, &str) -> bool,
    ) -> Result<Written, WriteError> {
        let refused: Vec<Finding> = files.iter().filter_map(|file| self.refusal(file)).collect();
        if !refused.is_empty() {
            return Err(WriteError::Refused(refused));
        }
        let mut written = Written::default();
        for file in files {
            let path = self.root().join(file.id.relative_path());
            let text = file.to_text();
            if stays(&path, &text) {
                written.unchanged += 1;
                continue;
            }
            match replace(&path, &text) {
                Ok(()) => written.files.push(path),
                Err(source) => return Err(WriteError::Io { path, source }),
            }
        }
        Ok(written)
    }

    /// Why `file` must not be written over what is there.
    fn refusal(&self, file: &ContractFile<'_>) -> Option<Finding> {
        let path = self.root().join(file.id.relative_path());
        if let Err(error) = Contract::compile(&file.schema) {
            return Some(Finding::new(&path, Problem::Unusable(error.to_string())));
        }
        match read(&path) {
            Err(Problem::Missing) => None,
            Err(problem) => Some(Finding::new(&path, problem)),
            Ok(published) => {
                let at = first_difference(&file.schema, &published)?;
                Some(Finding::new(&path, Problem::Drift { at }))
            }
        }
    }
}

/// Writes `text` beside `path` and puts it there in one step.
fn replace(path: &Path, text: &str) -> std::io::Result<()> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)?;
    }
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let beside = path.with_file_name(format!(".{name}.{}", std::process::id()));
    let written = fs::File::create(&beside)
        .and_then(|mut file| file.write_all(text.as_bytes()).and_then(|()| file.sync_all()))
        .and_then(|()| fs::rename(&beside, path));
    if written.is_err() {
        // The first error is the one to tell; a file left behind is hidden and harms nothing.
        drop(fs::remove_file(&beside));
    }
    written
}
