//! Whether what services read of older majors is led to the major that they read, without a gap.

use choreograph_topology::{Consumed, Step};

use super::catalogue::Catalogue;
use super::fingerprint;
use super::manifests::consumed;
use crate::report::Finding;
use crate::topology::inputs::Inputs;

/// The rule, which `choreograph-topology` explains.
const MISSING: &str = "UPCASTER_MISSING";

/// A finding for each step with a gap in its upcasters, with some that lead elsewhere, or with none from a major that was
/// published before those that they lead from.
pub(super) fn check(catalogue: &Catalogue, services: &Inputs) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (at, manifest) in services.manifests.iter().enumerate() {
        for (step, number, event) in consumed(manifest) {
            let place = format!("{}.{}", manifest.service, step.name);
            let Some(mut finding) = finding(&place, step, event, catalogue) else { continue };
            let step = manifest.steps.iter().position(|it| std::ptr::eq(it, step)).unwrap_or_default();
            finding.places.extend(services.at(at, &format!("/steps/{step}/consumes/{number}")));
            findings.push(finding);
        }
    }
    findings
}

fn finding(place: &str, step: &Step, event: &Consumed, catalogue: &Catalogue) -> Option<Finding> {
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
    } else if let Some(missing) = event.missing_link() {
        let to = missing.saturating_add(1);
        (
            format!("{place} has upcasters of `{name}` to major {major}, and none from {missing} to {to}"),
            format!("add the upcaster from {missing}, or take away those before it"),
        )
    } else {
        let published = published_below(step, event, catalogue)?;
        let to = published.saturating_add(1);
        (
            format!(
                "{place} has upcasters of `{name}` to major {major}, and none from {published}, which is published"
            ),
            format!(
                "add the upcaster from {published} to {to}; or, if no event of major {published} is left on a topic, in an outbox \
                 or among dead letters, approve this finding"
            ),
        )
    };
    let mut finding = Finding::error(MISSING, message);
    let subject = format!("{place} {name} {major} {:?}", event.upcasts);
    finding.fingerprint = Some(fingerprint::of(MISSING, &subject, &[], &[]));
    Some(finding.help(help))
}

/// The highest published major below those that the upcasters of `event` lead from, unless the step reads it otherwise.
fn published_below(step: &Step, event: &Consumed, catalogue: &Catalogue) -> Option<u32> {
    let lowest = event.upcasts.iter().min()?;
    let mut below: Vec<u32> =
        catalogue.majors(&event.event_type).into_iter().filter(|major| major < lowest).collect();
    let others = step.consumes.iter().filter(|other| other.event_type == event.event_type);
    let read: Vec<u32> = others.flat_map(|it| it.upcasts.iter().copied().chain([it.major])).collect();
    below.retain(|major| !read.contains(major));
    below.into_iter().max()
}
