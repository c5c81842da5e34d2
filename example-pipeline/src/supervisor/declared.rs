//! What the services of a run declare, as files for an observer elsewhere.

use std::path::Path;
use std::{fs, io};

use choreograph::Manifest;

/// Writes each manifest into `folder`. The site's and the catalogue's groups have new names at each run: a manifest of an
/// earlier one is replaced, at once, for observers look at any moment.
pub(super) fn write(manifests: &[Manifest], folder: &Path) -> io::Result<()> {
    fs::create_dir_all(folder)?;
    manifests.iter().try_for_each(|manifest| {
        let path = folder.join(&manifest.service).with_extension("json");
        let new = path.with_extension("json.new");
        fs::write(&new, serde_json::to_vec_pretty(manifest)?)?;
        fs::rename(new, path)
    })
}
