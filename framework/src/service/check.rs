//! Names and values, checked before anything runs.

use std::collections::{BTreeMap, HashSet};
use std::fmt::{self, Display};

use crate::consumes::ConsumedEvent;
use crate::emits::EmittedEvent;
use crate::runner::plan::majors_text;
use crate::service::{ServiceDef, key_check};
use crate::step::StepDef;
use crate::upcast;

/// The most bytes that the majors of one fact may have in the header `wf`, joined by commas.
const MAX_MAJORS: usize = 32;

/// The longest name of a service or a step, in bytes.
const MAX_NAME: usize = 63;

/// What is wrong with a service's declaration: every problem, each with the step it is about.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub struct ServiceError {
    service: String,
    problems: Vec<String>,
}

impl ServiceError {
    /// The problems, one line each.
    pub fn problems(&self) -> &[String] {
        &self.problems
    }
}

impl Display for ServiceError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "the service {:?} cannot run: {}", self.service, self.problems.join("; "))
    }
}

impl ServiceDef {
    /// Checks names and values.
    pub(crate) fn check(&self) -> Result<(), ServiceError> {
        let mut problems = Vec::new();
        if !is_name(&self.name) {
            problems.push(format!("its name is {:?}, but names match [a-z][a-z0-9-]{{0,62}}", self.name));
        }
        if self.steps.is_empty() {
            problems.push("it has no steps: add one with `.step(step(\"name\", function))`".to_owned());
        }
        let (mut names, mut groups) = (HashSet::new(), HashSet::new());
        for step in &self.steps {
            let mut add = |problem: String| problems.push(format!("step {:?}: {problem}", step.name));
            let new_group = groups.insert(&step.group);
            if !names.insert(&step.name) {
                add("another step has the same name".to_owned());
            } else if !new_group {
                add(format!("another step has the same group {:?}", step.group));
            }
            step_problems(step).into_iter().for_each(add);
        }
        problems.extend(self.owned_problems());
        if problems.is_empty() {
            return Ok(());
        }
        Err(ServiceError { service: self.name.clone(), problems })
    }

    /// What is wrong with the events that the service owns.
    fn owned_problems(&self) -> Vec<String> {
        let of_steps = self.steps.iter().flat_map(|step| step.emits.iter().chain(&step.starts));
        let mut known: BTreeMap<(&str, u32), &EmittedEvent> = BTreeMap::new();
        let mut problems = Vec::new();
        for event in of_steps.chain(&self.publishes) {
            let EmittedEvent { name, major, rust_type, .. } = event;
            match known.insert((name, *major), event) {
                Some(other) if other.type_id != event.type_id => problems.push(format!(
                    "`{}` and `{rust_type}` are both {name}.v{major}: an event type has one Rust type",
                    other.rust_type
                )),
                Some(_) => {}
                None if majors_text(&(event.majors)()).len() > MAX_MAJORS => problems.push(format!(
                    "`{rust_type}` is written in too many majors at once: end the oldest ones"
                )),
                None => problems.extend(field_problems(event)),
            }
        }
        problems
    }
}

/// What is wrong with the fields that an event calls its key and its subject.
fn field_problems(event: &EmittedEvent) -> Vec<String> {
    let schema = (event.writer_schema)();
    let key = key_check::unfit(&schema, event.key_field).map(|kind| ("key", event.key_field, kind));
    let subject = event.subject_field.and_then(|field| {
        let kind = key_check::unfit(&schema, field).filter(|kind| *kind != key_check::ABSENT)?;
        Some(("subject", field, kind))
    });
    let problem = |(role, field, kind)| {
        let rust_type = event.rust_type;
        format!(
            "the {role} `{field}` of `{rust_type}` is {kind}, but a {role} is a text, a whole number or a boolean"
        )
    };
    key.into_iter().chain(subject).map(problem).collect()
}

fn step_problems(step: &StepDef) -> Vec<String> {
    let mut problems = Vec::new();
    if !is_name(&step.name) {
        problems.push("names match [a-z][a-z0-9-]{0,62}".to_owned());
    }
    if !step.group.split_once('.').is_some_and(|(service, step)| is_name(service) && is_name(step)) {
        problems.push(format!("its group is {:?}, but a group is two names joined by a dot", step.group));
    }
    problems.extend(step.policy.problems().into_iter().map(|(what, problem)| format!("{what} is {problem}")));
    let mut consumed = HashSet::new();
    for event in &step.consumes {
        // A record is told by its type, wherever it was read: also those of the retry topic.
        if !consumed.insert((event.name, event.major)) {
            problems.push(format!("it consumes {}.v{} twice", event.name, event.major));
        }
        problems.extend(upcast_problems(event, &step.consumes));
    }
    problems
}

/// What is wrong with the upcasters of an event: the derive refuses a gap, an impl by hand may have one.
fn upcast_problems(event: &ConsumedEvent, consumed: &[ConsumedEvent]) -> Vec<String> {
    let mut problems: Vec<String> = upcast::problems(event.name, event.major, event.upcasts).collect();
    for link in event.upcasts {
        let twice = consumed.iter().find(|other| other.name == event.name && other.major == link.from());
        problems.extend(twice.map(|other| {
            format!(
                "it reads {}.v{} twice: as `{}`, and by the upcasters of `{}`",
                event.name, other.major, other.rust_type, event.rust_type
            )
        }));
    }
    problems
}

/// Whether a service or a step can be called so.
pub(crate) fn is_name(text: &str) -> bool {
    let legal = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    let begins = text.bytes().next().is_some_and(|byte| byte.is_ascii_lowercase());
    begins && text.len() <= MAX_NAME && text.bytes().all(legal)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use schemars::JsonSchema;
    use serde::{Deserialize, Serialize};

    use crate::{Event, In, Retry, Service, step};

    #[derive(Event, Serialize, Deserialize, JsonSchema)]
    #[event(type = "order.placed", version = "1.0", topic = "orders", key = "order_id")]
    struct OrderPlaced {
        order_id: String,
    }

    #[derive(Event, Serialize, Deserialize, JsonSchema)]
    #[event(type = "order.placed", version = "1.0", topic = "orders", key = "total")]
    struct Twin {
        total: f64,
    }

    async fn nothing(_: In<OrderPlaced>) {}

    async fn placed(order: In<OrderPlaced>) -> OrderPlaced {
        order.into_inner()
    }

    async fn twin(_: In<OrderPlaced>) -> Twin {
        Twin { total: 1.5 }
    }

    #[derive(Event, Serialize, Deserialize, JsonSchema)]
    #[event(type = "order.placed", version = "1.1", topic = "orders", key = "order_id")]
    struct Later {
        order_id: String,
        note: Option<String>,
    }

    async fn later(order: In<OrderPlaced>) -> Later {
        Later { order_id: order.into_inner().order_id, note: None }
    }

    #[derive(Event, Serialize, Deserialize, JsonSchema)]
    #[event(type = "order.invoiced", version = "1.0", topic = "orders", key = "order_id", subject = "rows")]
    struct Invoiced {
        order_id: String,
        rows: Option<Vec<u32>>,
    }

    async fn invoiced(_: In<OrderPlaced>) -> Option<Invoiced> {
        None
    }

    #[derive(Event, Deserialize, JsonSchema)]
    #[event(view, type = "order.placed", major = 1, topic = "old-orders")]
    struct OldOrder {}

    #[derive(crate::Consumes)]
    #[expect(dead_code, reason = "the check looks at the types")]
    enum Either {
        New(OrderPlaced),
        Old(OldOrder),
    }

    async fn either(_: In<Either>) {}

    fn problems<S: Send + Sync + 'static>(service: &Service<S>) -> Vec<String> {
        service.check().map_or_else(|error| error.problems().to_vec(), |()| Vec::new())
    }

    #[test]
    fn every_problem_is_told_with_its_step_and_the_legal_values() {
        let service = Service::new("Mail", ())
            .step(step("send", nothing).concurrency(0).within(Duration::ZERO))
            .step(step("send", nothing).group("mail.other").retry(Retry::exponential(0)))
            .step(step("Not Legal", nothing).group("mail"))
            .step(step("again", nothing).group("mail.other"));
        assert_eq!(
            problems(&service),
            [
                "its name is \"Mail\", but names match [a-z][a-z0-9-]{0,62}",
                "step \"send\": its group is \"Mail.send\", but a group is two names joined by a dot",
                "step \"send\": concurrency is 0, but 1 to 10000 is legal",
                "step \"send\": within is 0ns, but 1 ms to 365 days is legal",
                "step \"send\": another step has the same name",
                "step \"send\": retry is 0 attempts, but 1 to 1000 are legal",
                "step \"Not Legal\": names match [a-z][a-z0-9-]{0,62}",
                "step \"Not Legal\": its group is \"mail\", but a group is two names joined by a dot",
                "step \"again\": another step has the same group \"mail.other\"",
            ]
        );
    }

    #[test]
    fn an_event_type_has_one_rust_type_and_a_fit_key() {
        let service = Service::new("mail", ()).step(step("a", placed)).step(step("b", twin));
        let found = problems(&service);
        assert_eq!(found.len(), 1, "{found:?}");
        assert!(found[0].contains("Twin` are both order.placed.v1"), "{found:?}");
        let service = Service::new("mail", ()).step(step("a", placed)).step(step("b", later));
        let found = problems(&service);
        assert_eq!(found.len(), 1, "one major has one way of counting positions: {found:?}");
        let service = Service::new("mail", ()).step(step("b", twin));
        let found = problems(&service);
        assert_eq!(found.len(), 1, "{found:?}");
        assert!(found[0].contains("the key `total`"), "{found:?}");
        let service = Service::new("mail", ()).step(step("b", invoiced));
        let found = problems(&service);
        assert_eq!(found.len(), 1, "{found:?}");
        assert!(found[0].contains("the subject `rows` of") && found[0].contains("is a list"), "{found:?}");
    }

    #[test]
    fn a_type_is_consumed_as_one_rust_type_whatever_topic_it_is_on() {
        let found = problems(&Service::new("mail", ()).step(step("read", either)));
        assert_eq!(found, ["step \"read\": it consumes order.placed.v1 twice"]);
    }

    #[test]
    fn a_service_has_steps() {
        assert_eq!(problems(&Service::new("mail", ())).len(), 1);
        assert!(problems(&Service::new("mail", ()).step(step("send", nothing))).is_empty());
    }
}
