//! `SERVICE_TWICE`: one name, two manifests.

use super::finding::{Finding, Party};
use crate::choreography::Choreography;

pub(super) fn check(choreography: &Choreography<'_>, findings: &mut Vec<Finding>) {
    for (first, second) in choreography.twice() {
        let message = format!(
            "two manifests are of a service named {}, and they differ; the first one given is used here",
            first.service
        );
        let fix = "give one manifest for each service; to compare with an earlier one, use `--against`";
        let parties = vec![Party::service(first, "/service"), Party::service(second, "/service")];
        findings.push(Finding::new("SERVICE_TWICE", message, fix).together(parties));
    }
}
