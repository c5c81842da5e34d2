//! Whether what services read of older majors is led to the major that they read, without a gap.

use choreograph_topology::{Consumed, Manifest};

use super::fingerprint;
use super::manifests::consumed;
use crate::report::Finding;

/// The rule, which `choreograph-topology` explains.
const MISSING: &str = "UPCASTER_MISSING";

/// A finding for each step with a gap in its upcasters, or with some that lead elsewhere.
pub(super) fn check(manifests: &[Manifest]) -> Vec<Finding> {
    let reading = manifests.iter().flat_map(|manifest| {
        consumed(manifest).map(|(step, event)| (format!("{}.{step}", manifest.service), event))
    });
    reading.filter_map(|(place, event)| finding(&place, event)).collect()
}

fn finding(place: &str, event: &Consumed) -> Option<Finding> {
    let (name, major) = (&event.event_type, event.major);
    let beyond = event.upcasts_beyond();
    let (message, help) = if let Some(first) = beyond.first() {
        (
            format!(
                "{place} reads `{name}` in major {major}, and has upcasters from {first}: from there none leads to it"
            ),
            "say the older majors from which it has upcasters, or read the major to which they lead"
                .to_owned(),
        )
    } else {
        let missing = event.missing_link()?;
        let to = missing.saturating_add(1);
        (
            format!("{place} has upcasters of `{name}` to major {major}, and none from {missing} to {to}"),
            format!("add the upcaster from {missing}, or take away those before it"),
        )
    };
    let mut finding = Finding::error(MISSING, message);
    let subject = format!("{place} {name} {major} {:?}", event.upcasts);
    finding.fingerprint = Some(fingerprint::of(MISSING, &subject, &[], &[]));
    Some(finding.help(help))
}
