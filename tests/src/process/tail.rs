//! The end of a log file.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::path::Path;

/// Bytes of a log that a failure prints.
const TAIL: u64 = 4096;

/// The last lines of the file at `path`, or why it cannot be read.
pub(crate) fn tail(path: &Path) -> String {
    read(path).unwrap_or_else(|e| format!("(no log: {e})"))
}

fn read(path: &Path) -> io::Result<String> {
    let mut file = File::open(path)?;
    let size = file.metadata()?.len();
    file.seek(SeekFrom::Start(size.saturating_sub(TAIL)))?;
    let mut bytes = Vec::new();
    file.take(TAIL).read_to_end(&mut bytes)?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}
