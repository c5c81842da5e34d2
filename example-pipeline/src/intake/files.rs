//! Which files a path means.

use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use super::Error;

/// The files that `path` stands for: itself, or the `.csv` files of a folder in the order of their names (subfolders are
/// left alone).
///
/// # Errors
/// [`Error::Read`] if there is no such path or it cannot be listed, [`Error::NoFiles`] if the folder holds no `.csv` file.
pub fn files(path: &Path) -> Result<Vec<PathBuf>, Error> {
    let failed = |source| Error::Read { path: path.to_owned(), source };
    if !fs::metadata(path).map_err(failed)?.is_dir() {
        return Ok(vec![path.to_owned()]);
    }
    let mut files = Vec::new();
    for entry in fs::read_dir(path).map_err(failed)? {
        let file = entry.map_err(failed)?.path();
        let is_csv = file.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("csv"));
        if is_csv && file.is_file() {
            files.push(file);
        }
    }
    files.sort();
    if files.is_empty() { Err(Error::NoFiles { path: path.to_owned() }) } else { Ok(files) }
}

/// Whether both paths lead to one file, by whatever links. Not, if one of them leads nowhere.
pub fn is_same(one: &Path, other: &Path) -> bool {
    let place = |path| fs::metadata(path).map(|file| (file.dev(), file.ino())).ok();
    place(one).is_some_and(|file| place(other) == Some(file))
}
