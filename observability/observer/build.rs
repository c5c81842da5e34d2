//! Lists the files of the page, so that the observer carries them in itself and needs no folder at run time.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::{env, fs, io};

/// Folders within folders that are looked into.
const MAX_DEPTH: usize = 4;

fn main() -> io::Result<()> {
    let crate_folder = env::var_os("CARGO_MANIFEST_DIR").map(PathBuf::from).unwrap_or_default();
    let dist = crate_folder.join("../page/dist");
    println!("cargo::rerun-if-changed={}", dist.display());
    let mut files = Vec::new();
    collect(&dist, "", MAX_DEPTH, &mut files)?;
    files.sort();
    let mut table = String::from("[\n");
    for (name, path) in files {
        println!("cargo::rerun-if-changed={}", path.display());
        let path = path.canonicalize()?;
        // Both as literals of Rust.
        let path = path.to_string_lossy();
        let _infallible = writeln!(table, "    Asset {{ name: {name:?}, bytes: include_bytes!({path:?}) }},");
    }
    table.push_str("]\n");
    let out = env::var_os("OUT_DIR").map(PathBuf::from).unwrap_or_default();
    fs::write(out.join("page.rs"), table)
}

/// Every file below `folder`, with its name from there on.
fn collect(folder: &Path, under: &str, depth: usize, files: &mut Vec<(String, PathBuf)>) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        let Some(name) = path.file_name().and_then(|name| name.to_str()) else { continue };
        let name = format!("{under}{name}");
        if path.is_dir() && depth > 0 {
            collect(&path, &format!("{name}/"), depth - 1, files)?;
        } else if path.is_file() {
            files.push((name, path));
        }
    }
    Ok(())
}
