//! The value that tests and `main` share.

use std::fmt;
use std::sync::Arc;

use crate::emits::Declared;
use crate::event::StartingEvent;
use crate::manifest::Manifest;
use crate::service::{ServiceDef, ServiceError};
use crate::step::Step;

/// Some steps under one name, with the state that they share. It does nothing until it is run.
///
/// `S` is the state's type; a step's `State<T>` takes itself or a part out of it ([`FromRef`](crate::FromRef)). A
/// service without state has `()`, and is written `Service`.
#[must_use = "a service does nothing until it is run: `Service::main`"]
pub struct Service<S = ()> {
    definition: ServiceDef,
    state: Arc<S>,
}

impl<S: Send + Sync + 'static> Service<S> {
    /// A service without steps. The name matches `[a-z][a-z0-9-]{0,62}`.
    pub fn new(name: impl Into<String>, state: S) -> Self {
        let definition = ServiceDef {
            name: name.into(),
            owner: None,
            version: None,
            steps: Vec::new(),
            publishes: Vec::new(),
        };
        Self { definition, state: Arc::new(state) }
    }

    /// Says which team answers for the service: whoever breaks it, or is broken by it, learns whom to talk to.
    pub fn owner(mut self, team: impl Into<String>) -> Self {
        self.definition.owner = Some(team.into());
        self
    }

    /// Says the service's own version, as its team counts: `.version(env!("CARGO_PKG_VERSION"))`. It is a label in the
    /// manifest, so that a finding in CI says which of two builds it is about, and the `service.version` of spans and
    /// metrics, unless `OTEL_RESOURCE_ATTRIBUTES` says another; nothing is compared by it.
    pub fn version(mut self, version: impl Into<String>) -> Self {
        self.definition.version = Some(version.into());
        self
    }

    /// Adds a step.
    pub fn step(mut self, step: Step<S>) -> Self {
        let defined = step.define(&self.definition.name, Arc::clone(&self.state));
        self.definition.steps.push(defined);
        self
    }

    /// Declares that code of this service outside of any step (an HTTP handler, a batch job) starts workflows with `E`, so that
    /// the manifest says it and the service owns the event's contract.
    pub fn publishes<E: StartingEvent>(mut self) -> Self {
        self.definition.publishes = Declared::with::<E>(self.definition.publishes);
        self
    }

    /// The service's name.
    pub fn name(&self) -> &str {
        &self.definition.name
    }

    /// Checks names and values of the service and its steps.
    ///
    /// # Errors
    ///
    /// [`ServiceError`] lists every problem, each with the step it is about and the legal values.
    pub fn check(&self) -> Result<(), ServiceError> {
        self.definition.check()
    }

    /// What the service declares, for CI and for whoever watches.
    pub fn manifest(&self) -> Manifest {
        self.definition.manifest()
    }

    /// The service without its state's type.
    pub(crate) fn into_definition(self) -> ServiceDef {
        self.definition
    }
}

impl<S> fmt::Debug for Service<S> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_tuple("Service").field(&self.definition).finish()
    }
}
