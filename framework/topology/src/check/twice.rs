//! `SERVICE_TWICE`: one name, two manifests.

use super::finding::{Finding, Party};
use crate::choreography::Choreography;

pub(super) fn check(choreography: &Choreography<'_>, findings: &mut Vec<Finding>) {
    for (first, second) in choreography.twice() {
        findings.push(Finding {
            rule: "SERVICE_TWICE",
            message: format!(
                "two manifests are of a service named {}, and they differ; the first one given is used here",
                first.service
            ),
            event: None,
            parties: vec![Party::service(first, "/service"), Party::service(second, "/service")],
            gaps: Vec::new(),
            topic: None,
            fix: "give one manifest for each service; to compare with an earlier one, use `--against`"
                .to_owned(),
        });
    }
}
