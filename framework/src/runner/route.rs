//! Stage *route*: what a record is to this step, from its headers alone.

use choreograph_contracts::EventVersion;

use super::{Plan, failure::Failure};
use crate::{
    engine::Reason,
    envelope::{
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
    let version = match head.text(Known::Type).map(EventVersion::parse) {
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
    let readable =
        |major: u32| plan.routes.iter().position(|route| route.major == major && route.name == name);
    let workflow = head.workflow();
    let Some(index) = readable(major) else {
        return route_unreadable(
            plan,
            name,
            major,
            workflow.is_some_and(|w| w.majors().any(|m| readable(m).is_some())),
        );
    };
    if let Some(workflow) = workflow {
        if workflow.hops() > MAX_HOPS {
            let text = format!(
                "{} events deep, the limit is {MAX_HOPS}: the choreography goes round",
                workflow.hops()
            );
            return refuse(Reason::HopLimit, "hop_limit", text);
        }
        // One fact in several majors: the highest that this step reads counts, its twins are settled.
        if workflow
            .majors()
            .filter(|&twin| readable(twin).is_some())
            .max()
            .is_some_and(|highest| highest > major)
        {
            return Routed::Skip;
        }
    }
    Routed::Handle(index)
}

/// A record of no route: another type, a twin of a readable one, or a major which the step cannot read.
fn route_unreadable(plan: &Plan, name: &str, major: u32, has_readable_twin: bool) -> Routed {
    let majors: Vec<_> =
        plan.routes.iter().filter(|route| route.name == name).map(|route| route.major).collect();
    if majors.is_empty() || has_readable_twin {
        return Routed::Skip;
    }
    let text = format!("`{name}` in major {major}: this step reads {majors:?}");
    refuse(Reason::UnsupportedVersion, "unsupported_version", text)
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
