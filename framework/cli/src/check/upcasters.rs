//! Whether what services read of older majors is led to the major that they read, without a gap.

use choreograph_topology::Manifest;

use super::fingerprint;
use super::manifests::consumed;
use crate::report::Finding;

/// The rule, which `choreograph-topology` explains.
const MISSING: &str = "UPCASTER_MISSING";

/// A finding for each step with a gap in its upcasters.
pub(super) fn check(manifests: &[Manifest]) -> Vec<Finding> {
    let reading = manifests.iter().flat_map(|manifest| {
        consumed(manifest).map(|(step, event)| (format!("{}.{step}", manifest.service), event))
    });
    reading
        .filter_map(|(place, event)| {
            let missing = event.missing_link()?;
            let to = missing.saturating_add(1);
            let (name, major) = (&event.event_type, event.major);
            let message = format!(
                "{place} has upcasters of `{name}` to major {major}, and none from {missing} to {to}"
            );
            let mut finding = Finding::error(MISSING, message);
            let subject = format!("{place} {name} {major} {:?}", event.upcasts);
            finding.fingerprint = Some(fingerprint::of(MISSING, &subject, &[], &[]));
            Some(finding.help(format!("add the upcaster from {missing}, or take away those before it")))
        })
        .collect()
}
