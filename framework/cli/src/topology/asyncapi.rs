//! `choreograph topology asyncapi`.

use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use choreograph_contracts::compat::MAX_DOCUMENT_BYTES;
use choreograph_topology::{Choreography, Manifest, asyncapi};
use serde::Serialize;
use serde_json::{Value, json};

use super::inputs::Inputs;
use super::printed::printed;
use crate::args::{Asyncapi, Format};
use crate::input::read_regular;
use crate::{Failure, MAX_FOLDER_ENTRIES, MAX_SHOWN_CHANGES, Output, format as forms};

/// How many services are named to somebody who asks for another.
const MAX_NAMED: usize = 20;

/// What follows the service in a document's name.
const SUFFIX: &str = ".asyncapi.json";

/// What it is called in reports.
const COMMAND: &str = "topology asyncapi";

pub(super) fn run(args: &Asyncapi, format: Format) -> Result<Output, Failure> {
    let inputs = Inputs::read(&args.manifests)?;
    let choreography = Choreography::new(&inputs.manifests);
    if let Some(folder) = &args.into {
        let written = write(&choreography, folder)?;
        let text = if format == Format::Json { written.json()? } else { written.text(folder) };
        return Ok(printed(COMMAND, text, "text", format));
    }
    let document = |document: &Value| Ok(printed(COMMAND, pretty(document)?, "json", format));
    let Some(name) = &args.service else { return document(&asyncapi::of_choreography(&choreography)) };
    if let Some(service) = choreography.services().iter().find(|service| service.service == *name) {
        return document(&asyncapi::of_service(service));
    }
    let names: Vec<&str> =
        choreography.services().iter().map(|it| it.service.as_str()).take(MAX_NAMED).collect();
    Err(Failure::usage(format!("no manifest is of a service named {name:?}"))
        .help(format!("there are {}", names.join(", "))))
}

/// What became of a folder of documents.
#[derive(Debug)]
struct Written {
    documents: Vec<PathBuf>,
    /// Documents of services that are gone.
    removed: Vec<PathBuf>,
}

impl Written {
    fn json(&self) -> Result<String, Failure> {
        let paths = |all: &[PathBuf]| all.iter().map(|path| path.display().to_string()).collect::<Vec<_>>();
        pretty(&json!({ "written": paths(&self.documents), "removed": paths(&self.removed) }))
    }

    fn text(&self, folder: &Path) -> String {
        let mut lines = vec![format!("{} documents written into {}", self.documents.len(), folder.display())];
        let shown = self.removed.iter().take(MAX_SHOWN_CHANGES);
        lines.extend(shown.map(|path| format!("{} removed: no manifest is of its service", path.display())));
        match self.removed.len().saturating_sub(MAX_SHOWN_CHANGES) {
            0 => {}
            more => lines.push(format!("and {more} more")),
        }
        lines.join("\n") + "\n"
    }
}

/// Makes every document before it writes the first, and writes all of them before one takes its name: where there is no room for
/// all, those of before stay as they are. Those of services that are gone go last.
fn write(choreography: &Choreography<'_>, folder: &Path) -> Result<Written, Failure> {
    let mut documents = vec![("asyncapi.json".to_owned(), pretty(&asyncapi::of_choreography(choreography))?)];
    for service in choreography.services() {
        documents.push((file_name(service)?, pretty(&asyncapi::of_service(service))?));
    }
    let failed = |error| Failure::incomplete(format!("cannot write into {}: {error}", folder.display()));
    fs::create_dir_all(folder).map_err(failed)?;
    let part = |name: &str| folder.join(format!(".{name}.part"));
    let written = documents
        .iter()
        .try_for_each(|(name, text)| fs::write(part(name), text))
        .and_then(|()| documents.iter().try_for_each(|(name, _)| fs::rename(part(name), folder.join(name))));
    if written.is_err() {
        // What was not written cannot be taken away.
        for (name, _) in &documents {
            drop(fs::remove_file(part(name)));
        }
    }
    written.map_err(failed)?;
    let names: BTreeSet<&str> = documents.iter().map(|(name, _)| name.as_str()).collect();
    let removed = stale(folder, &names).map_err(failed)?;
    for path in &removed {
        fs::remove_file(path).map_err(failed)?;
    }
    Ok(Written { documents: names.iter().map(|name| folder.join(name)).collect(), removed })
}

/// The documents of a folder that this command wrote once and that are none of `names`.
fn stale(folder: &Path, names: &BTreeSet<&str>) -> io::Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder)?.take(MAX_FOLDER_ENTRIES) {
        let path = entry?.path();
        let Some(name) = path.file_name().and_then(|name| name.to_str()) else { continue };
        let Some(service) = name.strip_suffix(SUFFIX) else { continue };
        if !names.contains(name) && is_own(&path, service) {
            found.push(path);
        }
    }
    found.sort();
    Ok(found)
}

/// Whether a file is a document of `service` that this command wrote. Another tool's is not, whatever it is called.
fn is_own(path: &Path, service: &str) -> bool {
    let Ok(text) = read_regular(path, MAX_DOCUMENT_BYTES) else { return false };
    serde_json::from_slice::<Value>(&text).is_ok_and(|document| asyncapi::is_of_service(&document, service))
}

/// A name from a manifest becomes a file's only if it is one of a service.
fn file_name(service: &Manifest) -> Result<String, Failure> {
    let legal = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    let name = &service.service;
    if name.len() <= 63
        && name.starts_with(|first: char| first.is_ascii_lowercase())
        && name.bytes().all(legal)
    {
        return Ok(format!("{name}{SUFFIX}"));
    }
    Err(Failure::usage(format!("a service is named {name:?}, which cannot be a file's name"))
        .help("names of services match [a-z][a-z0-9-]{0,62}; `--service` prints a document under any name"))
}

/// JSON, with a line's end after it.
pub(super) fn pretty(value: &impl Serialize) -> Result<String, Failure> {
    let text = serde_json::to_string_pretty(value)
        .map_err(|error| Failure::incomplete(format!("the document cannot be written as JSON: {error}")))?;
    Ok(forms::json_text(&text) + "\n")
}
