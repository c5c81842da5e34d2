//! The folder of contracts.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use choreograph_contracts::compat::MAX_DOCUMENT_BYTES;
use choreograph_contracts::is_event_name;

use super::{Key, Text, Versions};
use crate::input::read_regular;
use crate::{Failure, MAX_CONTRACT_FILES, MAX_CONTRACTS_BYTES, MAX_FOLDER_ENTRIES, Problem};

/// What a folder of contracts holds.
#[derive(Debug, Default)]
pub struct Folder {
    /// Every version.
    pub versions: Versions,
    /// Files among versions that are none.
    pub strays: Vec<PathBuf>,
    /// How much text the versions have.
    bytes: usize,
}

/// Reads the folder `root`.
///
/// # Errors
///
/// A [`Failure`] if it is no folder of contracts, or if something in it cannot be read.
pub fn load(root: &Path) -> Result<Folder, Failure> {
    let mut folder = Folder::default();
    let mut problems = Vec::new();
    for entry in entries(root).map_err(|error| no_folder(root, &error))? {
        let Some(name) = entry.file_name().and_then(|name| name.to_str()).map(str::to_owned) else {
            problems.push(problem(&entry, "its name is not UTF-8: no event type is called so"));
            continue;
        };
        // Files beside the folders of types, such as a README or approvals, are nobody's versions.
        if !entry.is_dir() {
            continue;
        }
        if entry.is_symlink() {
            problems.push(problem(
                &entry,
                "is a symbolic link, and a folder is needed: put the folder itself there",
            ));
            continue;
        }
        if !is_event_name(&name) {
            problems.push(problem(&entry, "no event type is called so: is this the folder of contracts?"));
            continue;
        }
        event_type(&mut folder, &name, &entry, &mut problems);
        if folder.versions.len() > MAX_CONTRACT_FILES {
            let text = format!("holds more than {MAX_CONTRACT_FILES} versions, and no more are read");
            return Err(Failure::input(problem(root, &text)));
        }
        if folder.bytes > MAX_CONTRACTS_BYTES {
            let text =
                format!("holds more than {MAX_CONTRACTS_BYTES} bytes of contracts, and no more are read");
            return Err(Failure::input(problem(root, &text)));
        }
    }
    if problems.is_empty() { Ok(folder) } else { Err(Failure::inputs(problems)) }
}

/// Reads the folder of one event type.
fn event_type(folder: &mut Folder, name: &str, path: &Path, problems: &mut Vec<Problem>) {
    let files = match entries(path) {
        Ok(files) => files,
        Err(error) => return problems.push(problem(path, &format!("cannot be read: {error}"))),
    };
    for file in files {
        let version =
            file.file_name().and_then(|name| name.to_str()).and_then(|name| name.strip_suffix(".json"));
        match version.and_then(|version| Key::of_version(name, version)) {
            None => folder.strays.push(file),
            Some(key) => match read_regular(&file, MAX_DOCUMENT_BYTES) {
                Ok(bytes) => {
                    folder.bytes = folder.bytes.saturating_add(bytes.len());
                    folder.versions.insert(key, Text { name: shown(&file), bytes });
                }
                Err(problem) => problems.push(problem),
            },
        }
        if folder.bytes > MAX_CONTRACTS_BYTES {
            return;
        }
    }
}

/// What is in a folder, in order, but for what is hidden.
///
/// # Errors
///
/// What reading it says; and more than [`MAX_FOLDER_ENTRIES`].
fn entries(path: &Path) -> io::Result<Vec<PathBuf>> {
    let mut paths = Vec::new();
    for entry in fs::read_dir(path)? {
        let entry = entry?;
        if !entry.file_name().as_encoded_bytes().starts_with(b".") {
            paths.push(entry.path());
        }
        if paths.len() > MAX_FOLDER_ENTRIES {
            let text = format!("it holds more than {MAX_FOLDER_ENTRIES} files and folders");
            return Err(io::Error::other(text));
        }
    }
    paths.sort();
    Ok(paths)
}

fn problem(path: &Path, text: &str) -> Problem {
    Problem::of_file(shown(path), text)
}

fn shown(path: &Path) -> String {
    path.display().to_string()
}

fn no_folder(root: &Path, error: &io::Error) -> Failure {
    let text = match error.kind() {
        io::ErrorKind::NotFound => "there is no such folder".to_owned(),
        io::ErrorKind::NotADirectory => "is a file, and a folder of contracts is needed".to_owned(),
        _ => format!("cannot be read: {error}"),
    };
    Failure::input(problem(root, &text)).help("name the folder of contracts: `--schemas DIR`")
}
