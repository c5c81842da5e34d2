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
    /// A fact that the step takes in another major: counted, and settled with that one.
    Twin(Counts),
    /// A record that this step should be able to read and cannot.
    Refuse(Reason, Box<Failure>),
}

/// Where the record lies in which the step takes a fact. Who writes a fact in several majors writes the older ones first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Counts {
    Before,
    Later,
}

/// Routes a record of `topic`. Its payload is not looked at.
pub(crate) fn route(plan: &Plan, topic: &str, head: &Head) -> Routed {
    let said = head.text(Known::Type);
    match plan.routes.iter().position(|route| said == Some(route.event_type.as_str())) {
        Some(index) => route_readable(plan, index, topic, head),
        None => route_other(plan, said, topic, head),
    }
}

/// A record of a type and major that the step reads.
fn route_readable(plan: &Plan, index: usize, topic: &str, head: &Head) -> Routed {
    let Some(workflow) = head.workflow() else { return Routed::Handle(index) };
    if workflow.hops() > MAX_HOPS {
        let text =
            format!("{} events deep, the limit is {MAX_HOPS}: the choreography goes round", workflow.hops());
        return refuse(Reason::HopLimit, "hop_limit", text);
    }
    let route = &plan.routes[index];
    match taken_in(plan, &route.name, topic, workflow) {
        Some(major) if major > route.major => Routed::Twin(Counts::Later),
        _ => Routed::Handle(index),
    }
}

/// The major in which the step takes a fact that is written in several: the highest that it reads.
fn taken_in(plan: &Plan, name: &str, topic: &str, workflow: Workflow<'_>) -> Option<u32> {
    let highest = workflow.majors().filter(|&twin| is_readable(plan, name, twin)).max();
    // What was set aside is replayed alone: no twin of it comes.
    highest.filter(|_| topic != plan.retry_topic)
}

/// A record whose type, as it says it, is none that the step reads.
fn route_other(plan: &Plan, said: Option<&str>, topic: &str, head: &Head) -> Routed {
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
    if let Some(taken) = head.workflow().and_then(|workflow| taken_in(plan, name, topic, workflow)) {
        return Routed::Twin(if taken > major { Counts::Later } else { Counts::Before });
    }
    let majors: Vec<_> =
        plan.routes.iter().filter(|route| route.name == name).map(|route| route.major).collect();
    if majors.is_empty() {
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
        match routed_from("test.orders", headers) {
            Routed::Handle(index) => Ok(Some(index)),
            Routed::Skip | Routed::Twin(_) => Ok(None),
            Routed::Refuse(reason, _) => Err(reason),
        }
    }

    fn routed_from(topic: &str, headers: &[(&str, &str)]) -> Routed {
        let plan = plan_reading(&[("order.placed", 1), ("order.placed", 2), ("payment.made", 1)]);
        route(&plan, topic, &TestRecord::with(headers).head)
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
    fn a_twin_says_where_the_fact_is_taken() {
        let twin = |event_type| {
            let twins = ("wf", "name=order;hops=0;majors=1,2,3");
            routed_from("test.orders", &[("ce_type", event_type), twins])
        };
        assert_eq!(twin("order.placed.v1"), Routed::Twin(Counts::Later));
        assert_eq!(twin("order.placed.v2"), Routed::Handle(1));
        assert_eq!(twin("order.placed.v3"), Routed::Twin(Counts::Before));
        assert_eq!(twin("stock.counted.v1"), Routed::Skip);
    }

    #[test]
    fn what_is_replayed_has_no_twin() {
        let replayed = |event_type| {
            let twins = ("wf", "name=order;hops=0;majors=1,2,3");
            routed_from("test.shop.read.retry", &[("ce_type", event_type), twins])
        };
        assert_eq!(replayed("order.placed.v1"), Routed::Handle(0));
        assert!(matches!(replayed("order.placed.v3"), Routed::Refuse(Reason::UnsupportedVersion, _)));
    }

    #[test]
    fn what_goes_round_is_stopped() {
        let at =
            |hops: u32| routed(&[("ce_type", "order.placed.v1"), ("wf", &format!("name=o;hops={hops}"))]);
        assert_eq!(at(MAX_HOPS), Ok(Some(0)));
        assert_eq!(at(MAX_HOPS + 1), Err(Reason::HopLimit));
    }
}
