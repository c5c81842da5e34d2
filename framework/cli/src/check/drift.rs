//! What services emit, by their manifests, and what the contract files say.

use std::path::Path;

use super::catalogue::Catalogue;
use super::change::next;
use super::manifests::{emitted, pointer};
use super::{compared, fingerprint, history, parallel};
use crate::diff::Sides;
use crate::input::Source;
use crate::past::{Key, Past};
use crate::report::{Finding, Place};
use crate::rules::files;
use crate::topology::inputs::Inputs;
use crate::{Failure, Problem};
use choreograph_contracts::compat::{Bump, Direction};
use choreograph_contracts::{ContractFile, ContractId, first_difference};
use choreograph_topology::Emitted;
use serde_json::Value;

/// Compares what is emitted with the files. A version that is in `past` alone is taken as well.
pub(super) fn check(
    catalogue: &Catalogue,
    past: Option<&Past>,
    services: &Inputs,
    root: &Path,
) -> Result<Vec<Finding>, Failure> {
    let published = past.into_iter().flat_map(|past| past.versions.keys());
    let taken: Vec<&Key> = catalogue.sources.keys().chain(published).collect();
    let each = services.manifests.iter().enumerate();
    let events: Vec<(usize, &Emitted)> =
        each.flat_map(|(at, manifest)| emitted(manifest).into_iter().map(move |event| (at, event))).collect();
    let found = parallel::map(&events, |(at, event)| {
        let manifest = services.manifests.get(*at);
        let service = manifest.map_or("", |manifest| manifest.service.as_str());
        let nameless = || services.problem(*at, &pointer(manifest, event), no_contract(service, event));
        event_drift(service, event, (catalogue, &taken), root).unwrap_or_else(|| Err(nameless()))
    })?;
    Ok(found.into_iter().flatten().collect())
}

/// What is wrong with an event, or what is found; `None` if its type and version name no contract.
fn event_drift(
    service: &str,
    event: &Emitted,
    (catalogue, taken): (&Catalogue, &[&Key]),
    root: &Path,
) -> Option<Result<Option<Finding>, Problem>> {
    let (major, minor) = event.version;
    let key = Key::of_version(&event.event_type, &format!("{major}.{minor}"))?;
    let Some(file) = catalogue.get(&key) else { return Some(Ok(Some(missing(service, &key, event, root)))) };
    Some(match first_difference(&nameless(&event.schema), &nameless(file.document().value())) {
        Some(pointer) => drifted(service, &key, event, file, &pointer, taken).map(Some),
        None => Ok(titled(service, &key, event, file)),
    })
}

fn no_contract(service: &str, event: &Emitted) -> String {
    let (name, (major, minor)) = (&event.event_type, event.version);
    format!("service `{service}` emits `{name}` {major}.{minor}, which names no contract")
}

/// The title says nothing to a check, and names the record in a registry: what was pushed is not found under another one.
fn titled(service: &str, key: &Key, event: &Emitted, file: &Source) -> Option<Finding> {
    let (code, file_says) = (event.schema["title"].as_str()?, file.document().value()["title"].as_str()?);
    if code == file_says {
        return None;
    }
    let message = format!(
        "service `{service}` emits `{key}` under the title `{code}`, and its contract has `{file_says}`"
    );
    let mut finding = Finding::error(files::DRIFT, message).at(file.at("", "/title"));
    let schemas = [&event.schema, file.document().value()];
    finding.fingerprint = Some(fingerprint::of(files::DRIFT, &subject(service, key), &schemas, &[]));
    Some(finding.help("give both the title that is registered: it is the contract's name in a registry"))
}

/// A schema without its root's `$id`: the version says what it is, and files have one that code need not have.
fn nameless(schema: &Value) -> Value {
    let mut schema = schema.clone();
    if let Value::Object(members) = &mut schema {
        members.remove("$id");
    }
    schema
}

fn missing(service: &str, key: &Key, event: &Emitted, root: &Path) -> Finding {
    let path = root.join(key.path()).display().to_string();
    let message = format!("service `{service}` emits `{key}`, and no such contract is written");
    let mut finding = Finding::error(files::DRIFT, message).at(Place::file(path));
    finding.fingerprint = Some(fingerprint::of(files::DRIFT, &subject(service, key), &[&event.schema], &[]));
    finding.help(format!("run `contracts write` of `{service}`"))
}

fn drifted(
    service: &str,
    key: &Key,
    event: &Emitted,
    file: &Source,
    pointer: &str,
    taken: &[&Key],
) -> Result<Finding, Problem> {
    let message =
        format!("service `{service}` emits `{key}` otherwise than its contract says, first at `{pointer}`");
    let mut finding = Finding::error(files::DRIFT, message);
    let place =
        file.document().line(pointer).map_or_else(|| Place::file(file.name()), |_| file.at("", pointer));
    finding.places.push(place);
    let schemas = [&event.schema, file.document().value()];
    finding.fingerprint = Some(fingerprint::of(files::DRIFT, &subject(service, key), &schemas, &[]));
    let code = in_text(service, key, event)?;
    let comparison = compared(file, &code)?;
    let sides = Sides { old: file, new: &code };
    finding.causes = history::breaks(&comparison, &sides, &[Direction::Backward, Direction::Forward]);
    finding.bounded = comparison.is_bounded();
    let publish = next(key, comparison.bump.max(Bump::Minor), taken.iter().copied());
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

fn subject(service: &str, key: &Key) -> String {
    format!("{service} {}", key.uri())
}
