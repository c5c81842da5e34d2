//! What the manifests of services say of contracts.

use std::path::PathBuf;

use choreograph_topology::{Consumed, Emitted, Manifest};

use crate::Failure;
use crate::topology::inputs::Inputs;

/// Reads manifests, in the order of their files.
///
/// # Errors
///
/// Every file that is none, or one of a form that this program does not know.
pub(crate) fn read(paths: &[PathBuf]) -> Result<Vec<Manifest>, Failure> {
    Inputs::read(paths).map(|inputs| inputs.manifests)
}

/// Everything that a service consumes, with the step that does.
pub(super) fn consumed(manifest: &Manifest) -> impl Iterator<Item = (&str, &Consumed)> {
    manifest.steps.iter().flat_map(|step| step.consumes.iter().map(|event| (step.name.as_str(), event)))
}

/// Every event that a service declares to emit, as often as it does.
pub(crate) fn declared(manifest: &Manifest) -> impl Iterator<Item = &Emitted> {
    let of_steps = manifest.steps.iter().flat_map(|step| step.emits.iter().chain(&step.starts));
    of_steps.chain(&manifest.publishes)
}

/// Everything that a service emits, once each: steps that emit one version by different schemas do not say the same.
pub(super) fn emitted(manifest: &Manifest) -> Vec<&Emitted> {
    let mut all: Vec<&Emitted> = declared(manifest).collect();
    all.sort_by_cached_key(|event| (event.event_type.as_str(), event.version, event.schema.to_string()));
    all.dedup_by_key(|event| (event.event_type.as_str(), event.version, &event.schema));
    all
}
