//! What the manifests of services say of contracts.

use choreograph_topology::{Consumed, Emitted, Manifest, Step};

/// Everything that a service consumes, with the step that does and the event's number there.
pub(crate) fn consumed(manifest: &Manifest) -> impl Iterator<Item = (&Step, usize, &Consumed)> {
    manifest
        .steps
        .iter()
        .flat_map(|step| step.consumes.iter().enumerate().map(move |(number, event)| (step, number, event)))
}

/// Every event that a service declares to emit, as often as it does.
pub(crate) fn declared(manifest: &Manifest) -> impl Iterator<Item = &Emitted> {
    let of_steps = manifest.steps.iter().flat_map(|step| step.emits.iter().chain(&step.starts));
    of_steps.chain(&manifest.publishes)
}

/// Where a manifest declares an event, as a JSON Pointer.
pub(super) fn pointer(manifest: Option<&Manifest>, event: &Emitted) -> String {
    let at = |list: &[Emitted]| list.iter().position(|one| std::ptr::eq(one, event));
    let of_step = |(step, declared): (usize, &Step)| {
        let emitted = at(&declared.emits).map(|at| format!("/steps/{step}/emits/{at}"));
        emitted.or_else(|| at(&declared.starts).map(|at| format!("/steps/{step}/starts/{at}")))
    };
    let found = manifest.and_then(|manifest| {
        let published = at(&manifest.publishes).map(|at| format!("/publishes/{at}"));
        published.or_else(|| manifest.steps.iter().enumerate().find_map(of_step))
    });
    found.unwrap_or_default()
}

/// Everything that a service emits, once each: steps that emit one version by different schemas do not say the same.
pub(super) fn emitted(manifest: &Manifest) -> Vec<&Emitted> {
    let mut all: Vec<&Emitted> = declared(manifest).collect();
    all.sort_by_cached_key(|event| (event.event_type.as_str(), event.version, event.schema.to_string()));
    all.dedup_by_key(|event| (event.event_type.as_str(), event.version, &event.schema));
    all
}
