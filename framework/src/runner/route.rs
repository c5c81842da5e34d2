//! Stage *route*: what a record is to this step, from its headers alone.

use choreograph_contracts::EventVersion;

use super::{Plan, failure::Failure};
use crate::{
    engine::Reason,
    envelope::{
        Workflow,
        head::{Head, Known},
        workflow::MAX_HOPS,
    },
};

/// What a record is to a step.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Routed {
    /// An event the step consumes: the index into [`Plan::routes`].
    Handle(usize),
    /// None of this step's business: settled and counted.
    Skip,
    /// A record that this step should be able to read and cannot.
    Refuse(Reason, Box<Failure>),
}

/// Routes a record. Its payload is not looked at.
pub(crate) fn route(plan: &Plan, head: &Head) -> Routed {
    let said = head.text(Known::Type);
    match plan.routes.iter().position(|route| said == Some(route.event_type.as_str())) {
        Some(index) => route_readable(plan, index, head),
        None => route_other(plan, said, head),
    }
}

/// A record of a type and major that the step reads.
fn route_readable(plan: &Plan, index: usize, head: &Head) -> Routed {
    let Some(workflow) = head.workflow() else { return Routed::Handle(index) };
    if workflow.hops() > MAX_HOPS {
        let text =
            format!("{} events deep, the limit is {MAX_HOPS}: the choreography goes round", workflow.hops());
        return refuse(Reason::HopLimit, "hop_limit", text);
    }
    let route = &plan.routes[index];
    // One fact in several majors: the highest that this step reads counts, its twins are settled.
    let mut readable = workflow.majors().filter(|&twin| is_readable(plan, &route.name, twin));
    if readable.any(|twin| twin > route.major) { Routed::Skip } else { Routed::Handle(index) }
}

/// A record whose type, as it says it, is none that the step reads.
fn route_other(plan: &Plan, said: Option<&str>, head: &Head) -> Routed {
    let version = match said.map(EventVersion::parse) {
        Some(Ok(version)) => version,
        Some(Err(error)) => {
            return refuse(Reason::UnknownEvent, "unknown_event", format!("ce_type: {error}"));
        }
        None => {
            let problem = if head.has(Known::Type) { "unusable" } else { "missing" };
            let text = format!("the header ce_type is {problem}: write one such as `order.placed.v1`");
            return refuse(Reason::UnknownEvent, "unknown_event", text);
        }
    };
    let (name, major) = (version.name(), version.major());
    let twins = |workflow: Workflow<'_>| workflow.majors().any(|twin| is_readable(plan, name, twin));
    let has_readable_twin = head.workflow().is_some_and(twins);
    let majors: Vec<_> =
        plan.routes.iter().filter(|route| route.name == name).map(|route| route.major).collect();
    if majors.is_empty() || has_readable_twin {
        return Routed::Skip;
    }
    let text = format!("`{name}` in major {major}: this step reads {majors:?}");
    refuse(Reason::UnsupportedVersion, "unsupported_version", text)
}

fn is_readable(plan: &Plan, name: &str, major: u32) -> bool {
    plan.routes.iter().any(|route| route.major == major && route.name == name)
}

fn refuse(reason: Reason, error_type: &'static str, text: String) -> Routed {
    Routed::Refuse(reason, Box::new(Failure::new(error_type, text)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{envelope::head::tests::TestRecord, runner::plan::tests::plan_reading};

    fn routed(headers: &[(&str, &str)]) -> Result<Option<usize>, Reason> {
        let plan = plan_reading(&[("order.placed", 1), ("order.placed", 2), ("payment.made", 1)]);
        let record = TestRecord::with(headers);
        match route(&plan, &record.head) {
            Routed::Handle(index) => Ok(Some(index)),
            Routed::Skip => Ok(None),
            Routed::Refuse(reason, _) => Err(reason),
        }
    }

    #[test]
    fn known_types_are_handled_and_others_skipped() {
        assert_eq!(routed(&[("ce_type", "payment.made.v1")]), Ok(Some(2)));
        assert_eq!(routed(&[("ce_type", "stock.counted.v1")]), Ok(None));
    }

    #[test]
    fn a_missing_or_malformed_type_is_unknown() {
        for headers in
            [&[][..], &[("ce_type", "order")], &[("ce_type", "")], &[("ce_type", "order.placed.v01")]]
        {
            assert_eq!(routed(headers), Err(Reason::UnknownEvent), "{headers:?}");
        }
    }

    #[test]
    fn a_major_nobody_reads_is_refused_unless_a_twin_is_read() {
        assert_eq!(routed(&[("ce_type", "order.placed.v3")]), Err(Reason::UnsupportedVersion));
        let twins = ("wf", "name=order;hops=0;majors=2,3");
        assert_eq!(routed(&[("ce_type", "order.placed.v3"), twins]), Ok(None));
        assert_eq!(routed(&[("ce_type", "order.placed.v2"), twins]), Ok(Some(1)));
    }

    #[test]
    fn of_twins_the_highest_readable_is_handled() {
        let twins = ("wf", "name=order;hops=0;majors=1,2");
        assert_eq!(routed(&[("ce_type", "order.placed.v1"), twins]), Ok(None));
        assert_eq!(routed(&[("ce_type", "order.placed.v2"), twins]), Ok(Some(1)));
    }

    #[test]
    fn what_goes_round_is_stopped() {
        let at =
            |hops: u32| routed(&[("ce_type", "order.placed.v1"), ("wf", &format!("name=o;hops={hops}"))]);
        assert_eq!(at(MAX_HOPS), Ok(Some(0)));
        assert_eq!(at(MAX_HOPS + 1), Err(Reason::HopLimit));
    }
}
