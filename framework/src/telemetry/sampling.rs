//! Which records are traced, and how a trace hangs together: pure functions, decided before a span is built.

use std::time::Duration;

use opentelemetry::trace::TraceId;
use rapidhash::v3::{RapidSecrets, rapidhash_v3_seeded};

use super::trace_parent::TraceParent;
use crate::settings::Sampler;

/// A trace with more hops than this is not continued but linked, so that none outgrows what a trace store takes.
pub(crate) const MAX_TRACE_HOPS: u32 = 32;

/// Seeds of the hashes of a workflow's id. All services must agree on them, so they never change.
static TRACE_ID_HIGH: RapidSecrets = RapidSecrets::seed(1);
static TRACE_ID_LOW: RapidSecrets = RapidSecrets::seed(2);
static SHARE: RapidSecrets = RapidSecrets::seed(3);

/// What decides whether a record is traced.
#[derive(Debug, Clone, Copy)]
pub(super) struct Question<'a> {
    /// The workflow's id.
    pub(super) workflow_id: &'a str,
    /// The trace context that came with the record.
    pub(super) parent: Option<TraceParent>,
    /// Whether this is a later attempt or a replay: always worth a trace, unless tracing is off.
    pub(super) again: bool,
}

/// Whether the record is traced.
pub(super) fn is_sampled(sampler: Sampler, question: &Question<'_>) -> bool {
    let again = question.again && sampler.ratio > 0.0;
    match question.parent {
        Some(parent) if sampler.parent_based => parent.is_sampled() || again,
        _ => again || in_share(sampler.ratio, question.workflow_id),
    }
}

/// Whether the workflow is in the share `ratio` of all: the same answer in every service.
fn in_share(ratio: f64, workflow_id: &str) -> bool {
    if ratio <= 0.0 || ratio >= 1.0 {
        return ratio >= 1.0;
    }
    let place = rapidhash_v3_seeded(workflow_id.as_bytes(), &SHARE);
    place as f64 / (u64::MAX as f64) < ratio
}

/// The id of a workflow's first trace: every service derives the same one.
pub(super) fn trace_id_of(workflow_id: &str) -> TraceId {
    let high = rapidhash_v3_seeded(workflow_id.as_bytes(), &TRACE_ID_HIGH);
    let low = rapidhash_v3_seeded(workflow_id.as_bytes(), &TRACE_ID_LOW);
    // An id of zeros would be invalid.
    TraceId::from((u128::from(high) << 64 | u128::from(low)).max(1))
}

/// How a span stands to the context that came with its record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Relation {
    /// Nothing to refer to: the span is a root, in the trace of this id.
    Root,
    /// The span continues the trace.
    Child,
    /// The span begins a new trace, linked to the old one.
    Linked,
}

/// What decides how a span stands to the context that came with its record.
#[derive(Debug, Clone, Copy)]
pub(super) struct Past {
    /// The context that came with the record.
    pub(super) parent: Option<TraceParent>,
    /// Whether the sender asked for a new trace: after a wait.
    pub(super) link: bool,
    /// How old the trace is.
    pub(super) age: Duration,
    /// How many hops the trace has.
    pub(super) hops: u32,
}

impl Past {
    /// Whether the trace has become too old or too long to be continued.
    pub(super) fn is_overdue(&self, max_age: Duration) -> bool {
        self.age > max_age || self.hops > MAX_TRACE_HOPS
    }

    /// How the span stands to its context. A context that was not sampled has no span to refer to.
    pub(super) fn relation(&self, max_age: Duration) -> Relation {
        match self.parent {
            Some(parent) if parent.is_sampled() => {
                if self.link || self.is_overdue(max_age) {
                    Relation::Linked
                } else {
                    Relation::Child
                }
            }
            _ => Relation::Root,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MAX_AGE: Duration = Duration::from_mins(15);

    fn parent(sampled: bool) -> Option<TraceParent> {
        let flags = if sampled { "01" } else { "00" };
        TraceParent::parse(&format!("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-{flags}"))
    }

    fn sampler(ratio: f64, parent_based: bool) -> Sampler {
        Sampler { ratio, parent_based }
    }

    fn asked(sampler: Sampler, parent: Option<TraceParent>, again: bool) -> bool {
        is_sampled(sampler, &Question { workflow_id: "w", parent, again })
    }

    #[test]
    fn a_decision_that_came_with_the_record_is_followed_where_the_sampler_says_so() {
        for ratio in [0.0, 0.5, 1.0] {
            assert!(asked(sampler(ratio, true), parent(true), false));
            assert!(!asked(sampler(ratio, true), parent(false), false));
        }
        assert!(!asked(sampler(0.0, false), parent(true), false));
        assert!(asked(sampler(1.0, false), parent(false), false));
        assert!(asked(sampler(1.0, true), None, false));
    }

    #[test]
    fn later_attempts_are_traced_unless_tracing_is_off() {
        assert!(asked(sampler(0.001, true), parent(false), true));
        assert!(asked(sampler(0.001, false), None, true));
        assert!(!asked(sampler(0.0, true), parent(false), true));
        assert!(!asked(sampler(0.0, false), None, true));
    }

    #[test]
    fn the_share_is_near_its_ratio_and_nested() {
        let ids: Vec<String> = (0..10_000).map(|number| format!("workflow-{number}")).collect();
        let in_tenth = ids.iter().filter(|id| in_share(0.1, id)).count();
        assert!((900..1_100).contains(&in_tenth), "{in_tenth}");
        assert!(ids.iter().all(|id| !in_share(0.1, id) || in_share(0.5, id)));
    }

    #[test]
    fn every_service_derives_the_same_ids_for_ever() {
        // Written down: another value would split the traces of services of different versions.
        let trace_id = trace_id_of("0197f6a0-0000-7000-8000-000000000001").to_string();
        assert_eq!(trace_id, "9a8c02d09c6fdac00c392ddd2c8a44f2");
    }

    #[test]
    fn a_trace_is_continued_linked_or_begun() {
        let fresh = Past { parent: parent(true), link: false, age: Duration::ZERO, hops: 0 };
        let cases = [
            (fresh, Relation::Child),
            (Past { age: MAX_AGE, hops: MAX_TRACE_HOPS, ..fresh }, Relation::Child),
            (Past { link: true, ..fresh }, Relation::Linked),
            (Past { age: MAX_AGE + Duration::from_secs(1), ..fresh }, Relation::Linked),
            (Past { hops: MAX_TRACE_HOPS + 1, ..fresh }, Relation::Linked),
            (Past { parent: None, ..fresh }, Relation::Root),
            (Past { parent: None, link: true, ..fresh }, Relation::Root),
            (Past { parent: parent(false), ..fresh }, Relation::Root),
            (Past { parent: parent(false), link: true, ..fresh }, Relation::Root),
        ];
        for (past, expected) in cases {
            assert_eq!(past.relation(MAX_AGE), expected, "{past:?}");
        }
    }
}
