//! Whether a choreography fits together.
//!
//! Each rule is a file of this module and a text of `rules/`. A finding names who must talk to whom, and what to
//! do; [`rule`](crate::rule) explains the rule.

mod cover;
mod emitted;
mod ends;
mod finding;
mod groups;
mod keys;
mod topics;
mod twice;
mod upcasts;

pub(crate) use cover::{Cover, gaps_text, required};
pub use cover::{Gap, MAX_COMPARISONS};
pub use finding::{Finding, Party};

use crate::choreography::Choreography;

/// How many findings are told: a set with more has one fault that shows everywhere.
pub const MAX_FINDINGS: usize = 10_000;

/// What does not fit, ordered by rule and event: at most [`MAX_FINDINGS`], none if the choreography holds.
pub fn check(choreography: &Choreography<'_>) -> Vec<Finding> {
    let mut findings = Vec::new();
    twice::check(choreography, &mut findings);
    upcasts::check(choreography, &mut findings);
    emitted::check(choreography, &mut findings);
    topics::check(choreography, &mut findings);
    keys::check(choreography, &mut findings);
    groups::check(choreography, &mut findings);
    ends::check(choreography, &mut findings);
    cover::check(choreography, &mut findings);
    sorted(findings)
}

pub(crate) fn sorted(mut findings: Vec<Finding>) -> Vec<Finding> {
    findings.sort_by_cached_key(|finding| (finding.rule, finding.fingerprint()));
    findings.truncate(MAX_FINDINGS);
    findings
}

#[cfg(test)]
mod tests;
