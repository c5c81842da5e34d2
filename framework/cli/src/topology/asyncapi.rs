//! `choreograph topology asyncapi`.

use std::fs;
use std::path::Path;

use choreograph_topology::{Choreography, Manifest, asyncapi};
use serde::Serialize;

use super::inputs::Inputs;
use crate::args::Asyncapi;
use crate::{Failure, format};

/// How many services are named to somebody who asks for another.
const MAX_NAMED: usize = 20;

pub(super) fn run(args: &Asyncapi) -> Result<String, Failure> {
    let inputs = Inputs::read(&args.manifests)?;
    let choreography = Choreography::new(&inputs.manifests);
    if let Some(folder) = &args.into {
        return write(&choreography, folder);
    }
    let Some(name) = &args.service else { return pretty(&asyncapi::of_choreography(&choreography)) };
    if let Some(service) = choreography.services().iter().find(|service| service.service == *name) {
        return pretty(&asyncapi::of_service(service));
    }
    let names: Vec<&str> =
        choreography.services().iter().map(|it| it.service.as_str()).take(MAX_NAMED).collect();
    Err(Failure::usage(format!("no manifest is of a service named {name:?}"))
        .help(format!("there are {}", names.join(", "))))
}

/// Makes every document before it writes the first, and writes all of them before one takes its name: where there is no room for
/// all, those of before stay as they are.
fn write(choreography: &Choreography<'_>, folder: &Path) -> Result<String, Failure> {
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
    Ok(format!("{} documents written into {}\n", documents.len(), folder.display()))
}

/// A name from a manifest becomes a file's only if it is one of a service.
fn file_name(service: &Manifest) -> Result<String, Failure> {
    let legal = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    let name = &service.service;
    if name.len() <= 63
        && name.starts_with(|first: char| first.is_ascii_lowercase())
        && name.bytes().all(legal)
    {
        return Ok(format!("{name}.asyncapi.json"));
    }
    Err(Failure::usage(format!("a service is named {name:?}, which cannot be a file's name"))
        .help("names of services match [a-z][a-z0-9-]{0,62}; `--service` prints a document under any name"))
}

/// JSON, with a line's end after it.
pub(super) fn pretty(value: &impl Serialize) -> Result<String, Failure> {
    let text = serde_json::to_string_pretty(value)
        .map_err(|error| Failure::incomplete(format!("the document cannot be written as JSON: {error}")))?;
    Ok(format::json_text(&text) + "\n")
}
