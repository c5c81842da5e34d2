//! From the environment and files to dead letters.

use std::ffi::OsString;
use std::path::PathBuf;

use choreograph::settings::Settings;
use choreograph_dead_letters::{DeadLetters, Error};
use choreograph_observer::model::near_names;
use choreograph_topology::MAX_MANIFESTS;

use crate::topology::inputs::Inputs;
use crate::{Failure, Problem};

/// What the names of this command's own variables begin with: they are not a service's.
const OWN: [&str; 2] = ["CHOREOGRAPH_REGISTRY_", "CHOREOGRAPH_OBSERVER"];

/// Reads the environment as services do.
///
/// # Errors
///
/// A [`Failure`] that names every variable which cannot be used.
pub fn settings() -> Result<Settings, Failure> {
    let is_own = |name: &OsString| OWN.iter().any(|own| name.to_string_lossy().starts_with(own));
    Settings::read(std::env::vars_os().filter(|(name, _)| !is_own(name))).map_err(|error| {
        Failure::inputs(error.problems.iter().map(|problem| Problem::new(problem.to_string())).collect())
    })
}

/// The dead letters of where the environment says.
///
/// # Errors
///
/// A [`Failure`] if a setting or a manifest cannot be used.
pub fn dead_letters(manifests: &[PathBuf]) -> Result<DeadLetters, Failure> {
    let inputs = Inputs::read(&files(manifests)?)?;
    DeadLetters::open(&settings()?, &inputs.manifests).map_err(failure)
}

/// The same, of which some are to be replayed: with manifests that say what the steps read, unless nothing is to be
/// checked.
///
/// # Errors
///
/// Besides a [`Failure`] if there is nothing to check with.
pub(super) fn to_replay(manifests: &[PathBuf], unchecked: bool) -> Result<DeadLetters, Failure> {
    let letters = dead_letters(manifests)?;
    if unchecked || letters.can_check() { Ok(letters) } else { Err(failure(Error::Unchecked)) }
}

/// The files that are named, and the `*.json` of the folders that are.
fn files(paths: &[PathBuf]) -> Result<Vec<PathBuf>, Failure> {
    let mut files = Vec::new();
    for path in paths {
        if !path.is_dir() {
            files.push(path.clone());
            continue;
        }
        let refuse = |error: std::io::Error| {
            Failure::input(Problem::of_file(path.display().to_string(), format!("cannot be read: {error}")))
        };
        let mut found = Vec::new();
        for entry in std::fs::read_dir(path).map_err(refuse)? {
            let file = entry.map_err(refuse)?.path();
            // Of more than may be read one more is kept, so that they are refused.
            if file.extension().is_some_and(|extension| extension == "json") && found.len() <= MAX_MANIFESTS {
                found.push(file);
            }
        }
        found.sort_unstable();
        files.extend(found);
    }
    Ok(files)
}

/// What a person is told of an error.
pub(super) fn failure(error: Error) -> Failure {
    let text = error.to_string();
    match error {
        Error::Setting(_) | Error::Contract { .. } | Error::Cursor(_) | Error::TooMany { .. } => {
            Failure::usage(text)
        }
        Error::Unchecked => Failure::usage(text).help(
            "name the services' manifests: --manifests PATH; or say --unchecked to replay without a check",
        ),
        Error::UnknownName { name, known, .. } => {
            let near = near_names(&name, known.iter().map(String::as_str));
            let failure = Failure::usage(text);
            if near.is_empty() { failure } else { failure.help(format!("did you mean {}?", near.join(", "))) }
        }
        Error::MissingTopic { topic, .. } if topic.ends_with(choreograph::wire::AUDIT_TOPIC) => {
            Failure::incomplete(text).help("or let this command create it: --create-topics")
        }
        Error::NoTopics { .. } => Failure::incomplete(text)
            .help("is CHOREOGRAPH_NAMESPACE the environment's in which the services run? None is ready before its topics are there"),
        Error::Forgets { .. } => Failure::incomplete(text).help(
            "let it keep everything: cleanup.policy=delete, retention.ms=-1, retention.bytes=-1; what is known to be open is replayed with --forgetful",
        ),
        _ => Failure::incomplete(text),
    }
}

#[cfg(test)]
mod tests {
    use choreograph_topology::MAX_MANIFESTS;

    #[test]
    fn what_else_lies_in_a_folder_pushes_no_manifest_out() {
        let folder = tempfile::tempdir().unwrap();
        for number in 0..=MAX_MANIFESTS {
            std::fs::write(folder.path().join(format!("{number}.txt")), "").unwrap();
        }
        let manifest = folder.path().join("z.json");
        std::fs::write(&manifest, "{}").unwrap();
        assert_eq!(super::files(&[folder.path().to_owned()]).unwrap(), [manifest]);
    }
}
