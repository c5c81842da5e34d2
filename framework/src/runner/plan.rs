//! A step made ready to run: names with the namespace, contracts compiled, what never changes from one record
//! to the next.

use std::{fmt, sync::Arc, time::Duration};

use choreograph_contracts::{CompileError, Contract, ContractId, EventVersion, NameError};

use crate::{
    consumes::ConsumedEvent,
    emits::{EmittedEvent, Outbox},
    engine,
    envelope::{names, write::EventHeaders},
    event::Deprecation,
    settings::Settings,
    step::{ErasedStep, StartFrom, StepDef},
    upcast::Chain,
    wire::namespaced,
};

/// One event that the step consumes.
pub(crate) struct Route {
    /// The event type without its major.
    pub(crate) name: String,
    pub(crate) major: u32,
    /// The type with its major, `order.placed.v1`.
    pub(crate) event_type: String,
    /// The version as telemetry names it: `1` for a view, `1.2` for an event of the service's own.
    pub(crate) version: String,
    /// The minor the step was built with; `None` for a view, which has none.
    pub(crate) minor: Option<u32>,
    /// The workflow which a stranger's record of this type starts.
    pub(crate) starts: Option<String>,
    /// What is asserted, as dead letters name it.
    pub(crate) contract_name: String,
    /// The reader's view.
    pub(crate) contract: Arc<Contract>,
    /// How a record of this major is read where the step reads a later one; `None` where it reads this one.
    pub(crate) older: Option<Older>,
}

/// A major that the step reads through upcasters.
pub(crate) struct Older {
    /// What leads to the major which the step reads.
    pub(crate) chain: Chain,
    /// The route of that major.
    pub(crate) to: usize,
}

/// One event that the step emits.
pub(crate) struct Emitted {
    /// The topic with the namespace.
    pub(crate) topic: String,
    /// `1.2`.
    pub(crate) version: String,
    pub(crate) headers: EventHeaders,
    /// The majors in which a fact is written that is emitted as this event, as the header `wf` says them: `1,2`. Empty
    /// where there is one.
    pub(crate) majors: String,
    /// Whether a workflow owes nothing after it.
    pub(crate) terminal: bool,
    /// The writer's view.
    pub(crate) contract: Arc<Contract>,
}

/// A step made ready to run. Made once when the service starts, shared from then on.
pub(crate) struct Plan {
    pub(crate) service: String,
    pub(crate) step: String,
    /// `service/step`, as `ce_source` and telemetry write it.
    pub(crate) source: String,
    /// The consumer group with the namespace.
    pub(crate) group: String,
    /// The topics of the consumed events with the namespace, each once.
    pub(crate) inputs: Vec<String>,
    /// The step's own retry topic with the namespace, read beside the inputs.
    pub(crate) retry_topic: String,
    /// The step's dead-letter topic with the namespace.
    pub(crate) dead_letter_topic: String,
    /// The topics of the emitted events with the namespace, each once.
    pub(crate) outputs: Vec<String>,
    pub(crate) routes: Vec<Route>,
    pub(crate) emits: Vec<Emitted>,
    /// The event types (`order.placed.v1`) which handlers of this step may start.
    pub(crate) starts: Vec<String>,
    /// Where a group without commits begins.
    pub(crate) from: StartFrom,
    /// How long one attempt may take.
    pub(crate) timeout: Duration,
    /// How long leaving may take.
    pub(crate) drain_deadline: Duration,
    /// The most bytes of a value that is read or emitted.
    pub(crate) max_event_bytes: usize,
    pub(crate) engine: engine::Settings,
    pub(crate) erased: Arc<dyn ErasedStep>,
    declared: Vec<EmittedEvent>,
}

/// A step cannot be made ready.
#[derive(Debug, thiserror::Error)]
pub(crate) enum PlanError {
    /// The contract of an event cannot be compiled.
    #[error("the contract of {event} ({rust_type}) cannot be used")]
    Contract {
        /// The event type with its major.
        event: String,
        rust_type: &'static str,
        #[source]
        source: CompileError,
    },
    /// The event's type has no legal name.
    #[error("`{event}` ({rust_type}) is no legal event type")]
    Name {
        event: String,
        rust_type: &'static str,
        #[source]
        source: NameError,
    },
}

impl Plan {
    /// Whether the event at this index is also emitted in other majors.
    pub(crate) fn has_other_majors(&self, event: usize) -> bool {
        let name = |emitted: &Emitted| {
            emitted.headers.event_type().rsplit_once('.').map(|(name, _)| name.to_owned())
        };
        let own = name(&self.emits[event]);
        self.emits.iter().enumerate().any(|(index, other)| index != event && name(other) == own)
    }

    /// Makes a step of `service` ready.
    pub(crate) fn new(service: &str, step: &StepDef, settings: &Settings) -> Result<Self, PlanError> {
        let topic = |name: &str| namespaced(settings.namespace.as_deref(), name);
        let source = format!("{service}/{}", step.name);
        let mut routes = step.consumes.iter().map(route).collect::<Result<Vec<_>, _>>()?;
        for (to, event) in step.consumes.iter().enumerate() {
            let older = event.upcasts.iter().filter_map(|link| older(&routes[to], to, event, link.from()));
            routes.extend(older.collect::<Vec<_>>());
        }
        let emits =
            step.emits.iter().map(|event| emitted(event, &source, topic)).collect::<Result<Vec<_>, _>>()?;
        let mut outputs: Vec<_> =
            step.emits.iter().chain(&step.starts).map(|event| topic(event.topic)).collect();
        let mut inputs: Vec<_> = step.consumes.iter().map(|event| topic(event.topic)).collect();
        for topics in [&mut outputs, &mut inputs] {
            topics.sort();
            topics.dedup();
        }
        Ok(Self {
            service: service.to_owned(),
            step: step.name.clone(),
            group: topic(&step.group),
            inputs,
            retry_topic: topic(&step.retry_topic()),
            dead_letter_topic: topic(&step.dead_letter_topic()),
            outputs,
            routes,
            emits,
            starts: step.starts.iter().map(|event| format!("{}.v{}", event.name, event.major)).collect(),
            from: step.policy.from,
            timeout: step.policy.timeout,
            drain_deadline: settings.drain_deadline,
            max_event_bytes: settings.max_event_bytes,
            engine: engine_settings(step, settings, &source),
            erased: Arc::clone(&step.erased),
            declared: step.emits.clone(),
            source,
        })
    }

    /// An outbox for the step's emits, which asserts their contracts as far as that is possible in passing.
    pub(crate) fn new_outbox(&self) -> Outbox {
        let contracts = self.emits.iter().map(|emitted| Arc::clone(&emitted.contract)).collect();
        Outbox::asserting(&self.declared, contracts, self.max_event_bytes)
    }
}

fn route(event: &ConsumedEvent) -> Result<Route, PlanError> {
    let version = EventVersion::new(event.name, event.major).map_err(|source| PlanError::Name {
        event: event.name.to_owned(),
        rust_type: event.rust_type,
        source,
    })?;
    let contract = Contract::compile(&(event.reader_schema)()).map_err(|source| PlanError::Contract {
        event: version.to_string(),
        rust_type: event.rust_type,
        source,
    })?;
    Ok(Route {
        name: event.name.to_owned(),
        major: event.major,
        event_type: version.to_string(),
        version: event.major.to_string(),
        minor: event.minor,
        starts: event.starts.map(str::to_owned),
        contract_name: format!("the reader's view of {version}"),
        contract: Arc::new(contract),
        older: None,
    })
}

/// The route of an older major which the upcasters of an event lead on.
fn older(route: &Route, to: usize, event: &ConsumedEvent, major: u32) -> Option<Route> {
    let chain = Chain::of(event.name, event.major, event.upcasts, major)?;
    Some(Route {
        name: route.name.clone(),
        major,
        event_type: format!("{}.v{major}", route.name),
        version: major.to_string(),
        minor: None,
        starts: route.starts.clone(),
        contract_name: route.contract_name.clone(),
        contract: Arc::clone(&route.contract),
        older: Some(Older { chain, to }),
    })
}

/// Makes an event ready that somebody named `source` emits or starts.
pub(crate) fn emitted(
    event: &EmittedEvent,
    source: &str,
    topic: impl Fn(&str) -> String,
) -> Result<Emitted, PlanError> {
    let id = ContractId::new(event.name, event.major, event.minor).map_err(|source| PlanError::Name {
        event: event.name.to_owned(),
        rust_type: event.rust_type,
        source,
    })?;
    let contract = Contract::compile(&(event.writer_schema)()).map_err(|source| PlanError::Contract {
        event: id.event_version().to_string(),
        rust_type: event.rust_type,
        source,
    })?;
    Ok(Emitted {
        topic: topic(event.topic),
        version: format!("{}.{}", event.major, event.minor),
        headers: EventHeaders::new(
            source.to_owned(),
            id.event_version().to_string(),
            id.to_string(),
            extensions(event.deprecated),
        ),
        majors: majors_text(&(event.majors)()),
        terminal: event.terminal,
        contract: Arc::new(contract),
    })
}

/// The attributes of `CloudEvents`' deprecation extension.
fn extensions(deprecated: Option<Deprecation>) -> Vec<(&'static str, Vec<u8>)> {
    let Some(Deprecation { from, sunset, migration }) = deprecated else { return Vec::new() };
    let midnight = |day: &str| format!("{day}T00:00:00Z").into_bytes();
    let mut headers = vec![(names::CE_DEPRECATED, b"true".to_vec())];
    headers.extend(from.map(|day| (names::CE_DEPRECATIONFROM, midnight(day))));
    headers.extend(sunset.map(|day| (names::CE_DEPRECATIONSUNSET, midnight(day))));
    headers.extend(migration.map(|address| (names::CE_DEPRECATIONMIGRATION, address.as_bytes().to_vec())));
    headers
}

/// Majors as the header `wf` says them; nothing where there is one.
pub(crate) fn majors_text(majors: &[u32]) -> String {
    if majors.len() < 2 {
        return String::new();
    }
    let majors: Vec<String> = majors.iter().map(u32::to_string).collect();
    majors.join(",")
}

fn engine_settings(step: &StepDef, settings: &Settings, source: &str) -> engine::Settings {
    engine::Settings {
        concurrency: step.policy.concurrency,
        retry: step.policy.retry.for_engine(),
        attempt_timeout: Some(step.policy.timeout),
        drain_deadline: settings.drain_deadline,
        seed: rapidhash::v3::rapidhash_v3(source.as_bytes()),
        ..engine::Settings::default()
    }
}

impl fmt::Debug for Plan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Plan")
            .field("source", &self.source)
            .field("group", &self.group)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::{In, Service, StepError, step};

    #[derive(Debug, serde::Deserialize, schemars::JsonSchema, crate::Event)]
    #[event(view, type = "any.event", major = 1, topic = "any")]
    struct AnyEvent {}

    /// A plan that reads these types, for tests which look at headers only.
    pub(crate) fn plan_reading(types: &[(&str, u32)]) -> Plan {
        async fn nothing(_: In<AnyEvent>) -> Result<(), StepError> {
            Ok(())
        }
        let mut plan = plan_of(Service::new("shop", ()).step(step("read", nothing)));
        let contract = || Arc::new(Contract::compile(&serde_json::json!(true)).expect("it accepts anything"));
        plan.routes = types
            .iter()
            .map(|(name, major)| Route {
                name: (*name).to_owned(),
                major: *major,
                event_type: format!("{name}.v{major}"),
                version: major.to_string(),
                minor: None,
                starts: None,
                contract_name: String::new(),
                contract: contract(),
                older: None,
            })
            .collect();
        plan
    }

    /// The plan of a service's only step, in the namespace `test`.
    pub(crate) fn plan_of<S: Send + Sync + 'static>(service: Service<S>) -> Plan {
        let service = service.into_definition();
        service.check().expect("the service is well-formed");
        let settings = Settings::read([("CHOREOGRAPH_NAMESPACE", "test")]).expect("legal settings");
        Plan::new(&service.name, &service.steps[0], &settings).expect("the step can be made ready")
    }

    #[test]
    fn names_carry_the_namespace() {
        let plan = plan_reading(&[]);
        assert_eq!((plan.group.as_str(), plan.source.as_str()), ("test.shop.read", "shop/read"));
        assert_eq!(plan.inputs, ["test.any"]);
        assert_eq!(
            (plan.retry_topic.as_str(), plan.dead_letter_topic.as_str()),
            ("test.shop.read.retry", "test.shop.read.dlq")
        );
    }
}
