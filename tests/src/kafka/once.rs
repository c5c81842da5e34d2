//! Folders that are made once, by whichever process comes first, and are whole when they are there.

use std::env;
use std::fs::{self, File};
use std::path::{Path, PathBuf};

use super::KafkaError;
use super::error::Doing;

/// The folder `name` in the target folder, filled by `make` when it is not there.
///
/// A file lock makes one process fill it while others wait, and it gets its name only when it is whole.
pub(crate) fn once(
    name: &str,
    make: impl FnOnce(&Path) -> Result<(), KafkaError>,
) -> Result<PathBuf, KafkaError> {
    let target = env::var_os("CARGO_TARGET_DIR")
        .map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../target"), PathBuf::from);
    once_in(&target, name, make)
}

fn once_in(
    target: &Path,
    name: &str,
    make: impl FnOnce(&Path) -> Result<(), KafkaError>,
) -> Result<PathBuf, KafkaError> {
    let folder = target.join(name);
    if folder.exists() {
        return Ok(folder);
    }
    fs::create_dir_all(target).doing("make the target folder")?;
    let lock = File::create(target.join(format!("{name}.lock"))).doing("make a lock file")?;
    lock.lock().doing("take a file lock")?; // Freed when the file closes, thus also when a process dies.
    if folder.exists() {
        return Ok(folder);
    }
    let partial = target.join(format!("{name}.partial"));
    if partial.exists() {
        fs::remove_dir_all(&partial).doing("remove what was left half made")?;
    }
    fs::create_dir(&partial).doing("make a folder")?;
    make(&partial)?;
    fs::rename(&partial, &folder).doing("name a folder that is whole")?;
    Ok(folder)
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::*;

    #[test]
    fn makes_once_and_takes_nothing_half_made() {
        let target = tempfile::tempdir().expect("a folder");
        let failed = |folder: &Path| {
            fs::write(folder.join("half.jar"), "ha").doing("write")?;
            Err(KafkaError::Fetch { folder: folder.to_owned(), log: String::new() })
        };
        once_in(target.path(), "jars", failed).expect_err("it failed");

        let times = Cell::new(0);
        let make = |folder: &Path| {
            times.set(times.get() + 1);
            fs::write(folder.join("whole.jar"), "whole").doing("write")
        };
        let folder = once_in(target.path(), "jars", make).expect("made");
        assert!(folder.join("whole.jar").exists());
        assert!(!folder.join("half.jar").exists());
        once_in(target.path(), "jars", make).expect("found");
        assert_eq!(times.get(), 1);
    }
}
