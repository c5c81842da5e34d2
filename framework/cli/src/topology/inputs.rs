//! Manifests from files.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use choreograph_contracts::compat::MAX_DOCUMENT_BYTES;
use choreograph_topology::{MAX_MANIFEST_BYTES, MAX_MANIFESTS, Manifest, Party};

use crate::input::{Source, read_bytes};
use crate::report::Place;
use crate::{Failure, MAX_MANIFESTS_BYTES, Problem};

/// A set of manifests, with the files they came from.
#[derive(Debug, Default)]
pub(crate) struct Inputs {
    pub(crate) manifests: Vec<Manifest>,
    files: BTreeMap<String, Vec<File>>,
}

#[derive(Debug)]
struct File {
    name: String,
    /// For the lines of places; none where the text is larger than what lines are looked up in.
    source: Option<Source>,
}

impl Inputs {
    /// Reads every file, and tells all that cannot be read.
    pub(crate) fn read(paths: &[PathBuf]) -> Result<Self, Failure> {
        if paths.len() > MAX_MANIFESTS {
            let count = paths.len();
            return Err(Failure::usage(format!(
                "{count} manifests are given, and at most {MAX_MANIFESTS} are read"
            )));
        }
        let mut inputs = Self::default();
        let mut problems = Vec::new();
        let mut left = MAX_MANIFESTS_BYTES;
        for path in paths {
            match one(path, &mut left) {
                Ok((manifest, file)) => {
                    inputs.files.entry(manifest.service.clone()).or_default().push(file);
                    inputs.manifests.push(manifest);
                }
                Err(problem) => problems.push(problem),
            }
        }
        if problems.is_empty() { Ok(inputs) } else { Err(Failure::inputs(problems)) }
    }

    /// The file of the manifest with the number `at`.
    fn file(&self, at: usize) -> Option<&File> {
        let manifest = self.manifests.get(at)?;
        let before = self.manifests.iter().take(at);
        let nth = before.filter(|other| other.service == manifest.service).count();
        self.files.get(&manifest.service)?.get(nth)
    }

    /// A place of the manifest with the number `at`.
    pub(crate) fn at(&self, at: usize, pointer: &str) -> Option<Place> {
        self.file(at).map(|file| file.at("", pointer))
    }

    /// What is wrong at a place of the manifest with the number `at`.
    pub(crate) fn problem(&self, at: usize, pointer: &str, text: String) -> Problem {
        let Some(file) = self.file(at) else { return Problem::new(text) };
        let line = file.source.as_ref().and_then(|source| source.document().line(pointer));
        Problem { file: Some(file.name.clone()), line, text }
    }

    /// Where a party's declaration stands. `nth` tells apart files of one service.
    pub(super) fn place(&self, party: &Party, side: &str, nth: usize) -> Option<Place> {
        let files = self.files.get(&party.service)?;
        let file = files.get(nth).or(files.last())?;
        Some(file.at(side, &party.pointer))
    }
}

impl File {
    fn at(&self, side: &str, pointer: &str) -> Place {
        match &self.source {
            Some(source) => source.at(side, pointer),
            None => Place { pointer: Some(pointer.to_owned()), ..Place::file(&self.name).side(side) },
        }
    }
}

fn one(path: &Path, left: &mut usize) -> Result<(Manifest, File), Problem> {
    let name = path.display().to_string();
    let text = read_bytes(path, MAX_MANIFEST_BYTES)?;
    *left = left.checked_sub(text.len()).ok_or_else(|| {
        let problem =
            format!("with it the manifests have more than {MAX_MANIFESTS_BYTES} bytes, and no more are read");
        Problem::of_file(&name, problem)
    })?;
    let manifest = Manifest::read(&name, &text).map_err(|error| Problem {
        file: Some(error.name),
        line: u32::try_from(error.line).ok(),
        text: error.problem,
    })?;
    let small = text.len() <= MAX_DOCUMENT_BYTES;
    let source = small.then(|| Source::parse(&name, text).ok()).flatten();
    Ok((manifest, File { name, source }))
}
