//! Manifests from files and folders, looked at again when they change.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use choreograph_topology::{MAX_MANIFEST_BYTES, MAX_MANIFESTS, Manifest};

/// The manifests that `paths` stand for now: files, and folders of them.
///
/// # Errors
///
/// What is wrong with files, each in a sentence.
pub fn read_manifests(paths: &[PathBuf]) -> Result<Vec<Manifest>, Vec<String>> {
    let mut manifests = Manifests::new(paths.to_vec());
    manifests.look();
    let problems: Vec<String> = manifests.problems().map(str::to_owned).collect();
    if problems.is_empty() { Ok(manifests.good().cloned().collect()) } else { Err(problems) }
}

/// Where manifests come from, and what was read there last.
#[derive(Debug, Default)]
pub(crate) struct Manifests {
    /// Files, and folders whose `*.json` are manifests.
    paths: Vec<PathBuf>,
    read: BTreeMap<PathBuf, Known>,
}

/// One file as it was read last.
#[derive(Debug, Default)]
struct Known {
    stamp: Option<Stamp>,
    /// The last good one.
    manifest: Option<Manifest>,
    problem: Option<String>,
}

/// What tells one state of a file from another.
type Stamp = (SystemTime, u64);

impl Manifests {
    pub(crate) fn new(paths: Vec<PathBuf>) -> Self {
        Self { paths, read: BTreeMap::new() }
    }

    /// Looks at every file again. Answers whether anything is otherwise than at the last look.
    pub(crate) fn look(&mut self) -> bool {
        let mut found = BTreeMap::new();
        let mut unread = Vec::new();
        for path in &self.paths {
            match files(path) {
                Ok(files) => found.extend(files),
                Err(error) => {
                    found.insert(path.clone(), Err(error.to_string()));
                    unread.push(path);
                }
            }
        }
        let before = self.read.len();
        // A file that a folder no longer has is withdrawn. One that was named is missing, and so is all that lies in a folder
        // which cannot be listed: their last good texts stay.
        self.read.retain(|path, _| {
            found.contains_key(path) || unread.iter().any(|folder| path.starts_with(folder))
        });
        let mut changed = self.read.len() != before;
        for (path, stamp) in found.into_iter().take(MAX_MANIFESTS) {
            let known = self.read.entry(path.clone()).or_default();
            changed |= known.look(&path, stamp);
        }
        changed
    }

    /// The last good manifest of each file, by the file's name.
    pub(crate) fn good(&self) -> impl Iterator<Item = &Manifest> {
        self.read.values().filter_map(|known| known.manifest.as_ref())
    }

    /// What is wrong with files, each in a sentence.
    pub(crate) fn problems(&self) -> impl Iterator<Item = &str> {
        self.read.values().filter_map(|known| known.problem.as_deref())
    }
}

impl Known {
    /// Reads the file if it is not as it was. Answers whether it was read.
    fn look(&mut self, path: &Path, stamp: Result<Stamp, String>) -> bool {
        let read = match stamp {
            Ok(stamp) if self.stamp == Some(stamp) => return false,
            Ok(stamp) => {
                self.stamp = Some(stamp);
                read(path)
            }
            Err(why) => {
                self.stamp = None;
                Err(format!("{}: cannot be read: {why}", path.display()))
            }
        };
        match read {
            Ok(manifest) => {
                self.manifest = Some(manifest);
                self.problem = None;
                true
            }
            Err(why) => {
                let kept = if self.manifest.is_some() { "; its last good text holds" } else { "" };
                let told = Some(format!("manifest {why}{kept}"));
                let new = self.problem != told;
                self.problem = told;
                new
            }
        }
    }
}

/// The files that `path` stands for, each with its stamp.
fn files(path: &Path) -> io::Result<Vec<(PathBuf, Result<Stamp, String>)>> {
    if !fs::metadata(path)?.is_dir() {
        return Ok(vec![(path.to_owned(), stamp(path))]);
    }
    let mut files = Vec::new();
    for entry in fs::read_dir(path)?.take(MAX_MANIFESTS) {
        let path = entry?.path();
        if path.extension().is_some_and(|extension| extension == "json") && path.is_file() {
            let stamp = stamp(&path);
            files.push((path, stamp));
        }
    }
    Ok(files)
}

fn stamp(path: &Path) -> Result<Stamp, String> {
    let metadata = fs::metadata(path).map_err(|error| error.to_string())?;
    Ok((metadata.modified().map_err(|error| error.to_string())?, metadata.len()))
}

fn read(path: &Path) -> Result<Manifest, String> {
    let name = path.display().to_string();
    let failed = |error: io::Error| format!("{name}: cannot be read: {error}");
    let mut text = Vec::new();
    let limit = MAX_MANIFEST_BYTES as u64 + 1;
    File::open(path).map_err(failed)?.take(limit).read_to_end(&mut text).map_err(failed)?;
    Manifest::read(&name, &text).map_err(|error| error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn manifest(service: &str) -> String {
        format!(r#"{{ "manifest": 1, "service": "{service}", "steps": [] }}"#)
    }

    fn services(manifests: &Manifests) -> Vec<&str> {
        manifests.good().map(|manifest| manifest.service.as_str()).collect()
    }

    #[test]
    fn a_folder_is_followed_file_by_file() {
        let folder = tempfile::tempdir().unwrap();
        let file = |name: &str| folder.path().join(name);
        fs::write(file("a.json"), manifest("a")).unwrap();
        fs::write(file("notes.txt"), "no manifest").unwrap();
        let mut manifests = Manifests::new(vec![folder.path().to_owned()]);
        assert!(manifests.look());
        assert_eq!(services(&manifests), ["a"]);
        assert!(!manifests.look(), "nothing changed");

        fs::write(file("b.json"), manifest("bee")).unwrap();
        assert!(manifests.look());
        assert_eq!(services(&manifests), ["a", "bee"]);
        fs::remove_file(file("a.json")).unwrap();
        assert!(manifests.look());
        assert_eq!(services(&manifests), ["bee"]);
    }

    #[test]
    fn what_lies_in_a_folder_that_cannot_be_listed_is_not_withdrawn() {
        let place = tempfile::tempdir().unwrap();
        let (folder, aside) = (place.path().join("manifests"), place.path().join("aside"));
        fs::create_dir(&folder).unwrap();
        fs::write(folder.join("a.json"), manifest("a")).unwrap();
        let mut manifests = Manifests::new(vec![folder.clone()]);
        assert!(manifests.look());
        fs::rename(&folder, &aside).unwrap();
        assert!(manifests.look());
        assert_eq!((services(&manifests), manifests.problems().count()), (vec!["a"], 1));
        fs::rename(&aside, &folder).unwrap();
        assert!(manifests.look());
        assert_eq!((services(&manifests), manifests.problems().count()), (vec!["a"], 0));
    }

    #[test]
    fn of_a_torn_file_the_last_good_text_stays() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.json");
        fs::write(&path, manifest("a")).unwrap();
        let mut manifests = Manifests::new(vec![path.clone()]);
        assert!(manifests.look());
        fs::write(&path, "{\n\"manifest\": 1,").unwrap();
        assert!(manifests.look());
        assert_eq!(services(&manifests), ["a"]);
        let problems: Vec<&str> = manifests.problems().collect();
        assert!(
            problems[0].contains("a.json:2:") && problems[0].ends_with("its last good text holds"),
            "{problems:?}"
        );

        fs::remove_file(&path).unwrap();
        assert!(manifests.look());
        assert_eq!(services(&manifests), ["a"]);
        fs::write(&path, manifest("aa")).unwrap();
        assert!(manifests.look());
        assert_eq!((services(&manifests), manifests.problems().count()), (vec!["aa"], 0));
    }
}
