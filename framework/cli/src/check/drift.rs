//! What services emit, by their manifests, and what the contract files say.

use std::path::{Path, PathBuf};

use choreograph_contracts::compat::{Bump, Direction};
use choreograph_contracts::{ContractFile, ContractId, first_difference};
use serde::Deserialize;
use serde_json::Value;

use super::catalogue::Catalogue;
use super::change::next;
use super::{compared, fingerprint, history, parallel};
use crate::diff::Sides;
use crate::input::{Source, read_bytes};
use crate::past::Key;
use crate::report::{Finding, Place};
use crate::rules::files;
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
    schema: Value,
}

impl Manifest {
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

/// Compares what is emitted with the files.
pub(super) fn check(
    catalogue: &Catalogue,
    manifests: &[Manifest],
    root: &Path,
) -> Result<Vec<Finding>, Failure> {
    let emitted: Vec<(&str, &Emitted)> = manifests
        .iter()
        .flat_map(|manifest| manifest.emitted().into_iter().map(|event| (manifest.service.as_str(), event)))
        .collect();
    let found = parallel::map(&emitted, |(service, event)| event_drift(service, event, catalogue, root))?;
    Ok(found.into_iter().flatten().collect())
}

fn event_drift(
    service: &str,
    event: &Emitted,
    catalogue: &Catalogue,
    root: &Path,
) -> Result<Option<Finding>, Problem> {
    let (name, version) = (&event.event_type, &event.version);
    let Some(key) = Key::of_version(name, version) else {
        return Err(Problem::new(format!(
            "service `{service}` emits `{name}` {version}, which names no contract"
        )));
    };
    let Some(file) = catalogue.get(&key) else { return Ok(Some(missing(service, &key, event, root))) };
    match first_difference(&event.schema, file.document().value()) {
        Some(pointer) if pointer != "/$id" => {
            drifted(service, &key, event, file, &pointer, catalogue).map(Some)
        }
        _ => Ok(None),
    }
}

fn missing(service: &str, key: &Key, event: &Emitted, root: &Path) -> Finding {
    let path = root.join(key.path()).display().to_string();
    let message = format!("service `{service}` emits `{key}`, and no such contract is written");
    let mut finding = Finding::error(files::DRIFT, message).at(Place::file(path));
    finding.fingerprint = Some(subject(service, key, event));
    finding.help(format!("run `contracts write` of `{service}`"))
}

fn drifted(
    service: &str,
    key: &Key,
    event: &Emitted,
    file: &Source,
    pointer: &str,
    catalogue: &Catalogue,
) -> Result<Finding, Problem> {
    let message =
        format!("service `{service}` emits `{key}` otherwise than its contract says, first at `{pointer}`");
    let mut finding = Finding::error(files::DRIFT, message);
    let place =
        file.document().line(pointer).map_or_else(|| Place::file(file.name()), |_| file.at("", pointer));
    finding.places.push(place);
    finding.fingerprint = Some(subject(service, key, event));
    let code = in_text(service, key, event)?;
    let comparison = compared(file, &code)?;
    let sides = Sides { old: file, new: &code };
    finding.causes = history::breaks(&comparison, &sides, &[Direction::Backward, Direction::Forward]);
    let publish = next(key, comparison.bump.max(Bump::Minor), catalogue, None);
    Ok(finding
        .help(format!("undo the change, or publish it: raise the event's version to {}", publish.version())))
}

/// What the code says as a text, so that findings have lines.
fn in_text(service: &str, key: &Key, event: &Emitted) -> Result<Source, Problem> {
    let id =
        ContractId::new(&key.name, key.major, key.minor).map_err(|error| Problem::new(error.to_string()))?;
    let text = ContractFile { id, schema: event.schema.clone() }.to_text();
    Source::parse(&format!("{key} as {service} emits it"), text.into_bytes())
}

fn subject(service: &str, key: &Key, event: &Emitted) -> String {
    fingerprint::of(files::DRIFT, &format!("{service} {} {}", key.uri(), event.schema), &[])
}
