//! Whom a change breaks.

mod eased;
mod gaps;
mod moved;
mod renamed;
mod schemas;
mod then;

use std::collections::BTreeSet;

use crate::check::{Finding, all, sorted};
use crate::choreography::Choreography;
use crate::manifest::Manifest;

/// The rule of what is found between a set and the one before it.
const RULE: &str = "BREAKS_CONSUMER";

/// The answer to "whom do I break?".
#[derive(Debug, Clone, PartialEq)]
pub struct Against {
    /// What the change breaks: nobody, if there are none.
    pub breaks: Vec<Finding>,
    /// What was amiss before, and still is.
    pub known: usize,
    /// Services that only the previous set has: they are taken to go on as they are.
    pub unchanged: Vec<String>,
}

/// Compares the choreography as it would be with the one before.
///
/// `changed` are the manifests of a change, `before` those of what runs now. A service that only `before` has goes on
/// as it is, so that a team needs no manifests but its own and those that are deployed.
///
/// Found is what [`check`](crate::check()) finds after the change and did not find before; and, as services are
/// not deployed in one moment and topics keep what was written,
///
/// - a new or changed writer that a reader of before does not read, or reads less of than before;
/// - a new or changed reader that does not read what a writer of before wrote, or from where it wrote it;
/// - a writer that gives an event another key.
///
/// What could not be compared, because there is too much of it, is a finding too, and never known from before. Where a set has
/// two manifests of a service, both run, and each of them counts. A step that keeps its group is the same under another name.
pub fn against(changed: &[Manifest], before: &[Manifest]) -> Against {
    let before = renamed::steps(changed, before);
    let names: BTreeSet<&str> = changed.iter().map(|manifest| manifest.service.as_str()).collect();
    let rest: Vec<&Manifest> = before.iter().filter(|it| !names.contains(it.service.as_str())).collect();
    let after = Choreography::of_all(changed.iter().chain(rest.iter().copied()));
    let unchanged: BTreeSet<String> = rest.into_iter().map(|manifest| manifest.service.clone()).collect();
    let before = Choreography::of_all(before.iter());

    let then = all(&before);
    let gaps: BTreeSet<String> = then.iter().flat_map(gaps::names).collect();
    let old: BTreeSet<String> = then.into_iter().flat_map(Finding::into_faults).collect();
    let (mut known, new): (Vec<Finding>, Vec<Finding>) =
        all(&after).into_iter().partition(|finding| finding.is_known(&old));
    let (eased, new) = gaps::eased(&before, &after, new);
    known.extend(eased);
    let mut breaks = schemas::changed(&before, &after);
    let told: BTreeSet<String> = breaks.iter().flat_map(gaps::names).collect();
    breaks.extend(moved::majors(&before, &after, &new));
    breaks.extend(moved::topics_and_keys(&before, &after));
    breaks.extend(new.into_iter().filter_map(|finding| gaps::untold(finding, &gaps, &told)));
    Against { breaks: sorted(breaks), known: known.len(), unchanged: unchanged.into_iter().collect() }
}
