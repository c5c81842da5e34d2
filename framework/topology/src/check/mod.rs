//! Whether a choreography fits together.
//!
//! Each rule is a file of this module and a text of `rules/`. A finding names who must talk to whom, and what to
//! do; [`rule`](crate::rule) explains the rule.

mod begins;
mod compared;
mod cover;
mod deprecated;
mod emitted;
mod ends;
mod finding;
mod groups;
mod key_fields;
mod keys;
mod majors;
mod retries;
mod topics;
mod twice;
mod upcasts;

pub(crate) use compared::Cover;
pub use compared::{MAX_COMPARISONS, MAX_WORK};
pub use cover::Gap;
pub(crate) use cover::{RULE as NOT_COVERED, gaps_text, required, too_many};
pub use deprecated::deprecations;
pub use finding::{Finding, MAX_FINDINGS, MAX_PARTIES, Party};
pub(crate) use finding::{listed, quoted, sorted};
pub(crate) use majors::{Met, unreadable};

use crate::choreography::Choreography;

/// What does not fit, ordered by rule and event: at most [`MAX_FINDINGS`], none if the choreography holds. What is deprecated
/// fits still: see [`deprecations`].
pub fn check(choreography: &Choreography<'_>) -> Vec<Finding> {
    sorted(all(choreography))
}

/// The same, each of them and in no order.
pub(crate) fn all(choreography: &Choreography<'_>) -> Vec<Finding> {
    let mut findings = Vec::new();
    twice::check(choreography, &mut findings);
    begins::check(choreography, &mut findings);
    upcasts::check(choreography, &mut findings);
    emitted::check(choreography, &mut findings);
    majors::check(choreography, &mut findings);
    topics::check(choreography, &mut findings);
    keys::check(choreography, &mut findings);
    key_fields::check(choreography, &mut findings);
    groups::check(choreography, &mut findings);
    retries::check(choreography, &mut findings);
    ends::check(choreography, &mut findings);
    cover::check(choreography, &mut findings);
    findings
}

#[cfg(test)]
mod tests;
