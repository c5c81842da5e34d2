//! Manifests of services, as far as they are about contracts.

use std::path::{Path, PathBuf};

use choreograph_topology::Consumed;
use serde::Deserialize;
use serde_json::Value;

use crate::input::read_bytes;
use crate::{Failure, MAX_MANIFEST_BYTES, Problem};

/// The newest form of a manifest that is read.
const FORM: u32 = 1;

/// A manifest, as far as it is about contracts.
#[derive(Debug, Deserialize)]
pub(crate) struct Manifest {
    pub(crate) service: String,
    #[serde(default)]
    steps: Vec<Step>,
    #[serde(default)]
    publishes: Vec<Emitted>,
}

#[derive(Debug, Deserialize)]
struct Step {
    #[serde(default)]
    name: String,
    #[serde(default)]
    consumes: Vec<Consumed>,
    #[serde(default)]
    emits: Vec<Emitted>,
    #[serde(default)]
    starts: Vec<Emitted>,
}

/// One event that a service emits.
#[derive(Debug, Deserialize)]
pub(crate) struct Emitted {
    #[serde(rename = "type")]
    pub(crate) event_type: String,
    pub(crate) version: String,
    pub(crate) topic: String,
    pub(crate) schema: Value,
}

impl Manifest {
    /// Everything that the service consumes, with the step that does.
    pub(crate) fn consumed(&self) -> impl Iterator<Item = (&str, &Consumed)> {
        self.steps.iter().flat_map(|step| step.consumes.iter().map(|event| (step.name.as_str(), event)))
    }

    /// Everything that the service emits, once each.
    pub(crate) fn emitted(&self) -> Vec<&Emitted> {
        let of_steps = self.steps.iter().flat_map(|step| step.emits.iter().chain(&step.starts));
        let mut all: Vec<&Emitted> = of_steps.chain(&self.publishes).collect();
        all.sort_by_key(|event| (event.event_type.as_str(), event.version.as_str()));
        all.dedup_by_key(|event| (event.event_type.as_str(), event.version.as_str()));
        all
    }
}

/// Reads manifests.
///
/// # Errors
///
/// Every file that is none, or one of a form that this program does not know.
pub(crate) fn read(paths: &[PathBuf]) -> Result<Vec<Manifest>, Failure> {
    let (read, problems): (Vec<_>, Vec<_>) = paths.iter().map(|path| one(path)).partition(Result::is_ok);
    if problems.is_empty() {
        return Ok(read.into_iter().filter_map(Result::ok).collect());
    }
    Err(Failure::inputs(problems.into_iter().filter_map(Result::err).collect()))
}

fn one(path: &Path) -> Result<Manifest, Problem> {
    /// What tells the form, before anything else of it is believed.
    #[derive(Deserialize)]
    struct Form {
        manifest: u32,
    }
    let bytes = read_bytes(path, MAX_MANIFEST_BYTES)?;
    let wrong = |error: &serde_json::Error| Problem {
        file: Some(path.display().to_string()),
        line: u32::try_from(error.line()).ok().filter(|line| *line > 0),
        text: format!("is no manifest: {error}; `<service> manifest` prints one"),
    };
    let Form { manifest } = serde_json::from_slice(&bytes).map_err(|error| wrong(&error))?;
    if manifest == 0 || manifest > FORM {
        let text =
            format!("is a manifest of form {manifest}, and this program reads form {FORM}: take a newer one");
        return Err(Problem::of_file(path.display().to_string(), text));
    }
    serde_json::from_slice(&bytes).map_err(|error| wrong(&error))
}
