//! A service on Kafka: its steps, each on a thread of its own, until it is told to leave.

use std::{
    collections::BTreeMap,
    future::Future,
    hash::{BuildHasher, RandomState},
    io,
    io::Write,
    sync::Arc,
    time::Duration,
};

use choreograph_contracts::BufferedPlace;
use tokio::{
    signal::unix::{SignalKind, signal},
    time::Instant,
};

use crate::{
    kafka::{LoopError, RunningStep},
    ops::{self, Health},
    registry::{self, Ids},
    runner::{Plan, plan::PlanError},
    service::{Service, ServiceDef, ServiceError, exit_codes, panics},
    settings::{self, Settings},
    telemetry::{
        Telemetry,
        events::{PlacesBuffered, ServiceEnded, ServiceLeaving, ServiceStarted, UnknownSettings},
    },
};

/// How often a running service looks whether a step has ended by itself.
const LOOK_EVERY: Duration = Duration::from_millis(250);
/// How long the last spans and metrics may take to leave.
const TELEMETRY_DEADLINE: Duration = Duration::from_secs(5);

/// A service cannot run, or a step of it ended by itself.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RunError {
    /// The service's declaration is wrong.
    #[error(transparent)]
    Declaration(#[from] ServiceError),
    /// The settings name no broker.
    #[error(transparent)]
    Settings(#[from] settings::Error),
    /// A contract of a step cannot be used.
    #[error("the step `{step}` cannot be made ready")]
    #[non_exhaustive]
    Step {
        /// `service/step`.
        step: String,
        /// Why.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// A step's thread could not be started.
    #[error("no thread for the step `{step}`")]
    #[non_exhaustive]
    Thread {
        /// `service/step`.
        step: String,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// The drain deadline passed before everything was settled. Nothing is lost: what is not settled is read again.
    #[error("left with work unsettled: {}", .0.join("; "))]
    Unsettled(Vec<String>),
    /// Steps ended though nobody asked them to.
    #[error("ended by themselves: {}", .0.join("; "))]
    Ended(Vec<String>),
}

impl<S: Send + Sync + 'static> Service<S> {
    /// Runs the service on Kafka until `shutdown` is ready, then settles what is under way and leaves its groups.
    ///
    /// Unlike [`Service::main`] it reads no arguments, environment or signals and serves no HTTP, so that several
    /// services can share a process or a test.
    ///
    /// # Errors
    ///
    /// When the service's declaration is wrong, when the settings name no broker, when the drain deadline passed before everything was settled
    /// ([`RunError::Unsettled`]), or when a step ended by itself: its client was beyond help. The other steps then leave in
    /// order. Brokers that are away are no error: the steps wait for them.
    ///
    /// # Cancel safety
    ///
    /// Dropped before it is ready, it asks its steps to leave and does not wait for them: they settle what is under way on
    /// threads of their own, until the drain deadline at most.
    ///
    /// # Example
    ///
    /// ```no_run
    /// # async fn run(service: choreograph::Service) -> Result<(), Box<dyn std::error::Error>> {
    /// use choreograph::{settings::Settings, telemetry::Telemetry};
    ///
    /// let settings = Settings::read([("KAFKA_BOOTSTRAP_SERVERS", "localhost:9092")])?;
    /// let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    /// service.run(&settings, &Telemetry::quiet(), async { drop(stopped.await) }).await?;
    /// # drop(stop);
    /// # Ok(())
    /// # }
    /// ```
    pub async fn run(
        self,
        settings: &Settings,
        telemetry: &Telemetry,
        shutdown: impl Future<Output = ()>,
    ) -> Result<(), RunError> {
        let service = self.into_definition();
        service.check()?;
        settings.kafka.bootstrap_servers().map_err(settings::Error::from)?;
        let ids = registry::look_up(settings.registry.as_ref(), &service.owned_events()).await;
        let steps = Steps::start(&service, settings, telemetry, &Health::new(), &ids)?;
        steps.until(shutdown).await;
        steps.leave().await
    }
}

/// The contracts with places that are not checked in passing, each once.
fn buffered(plans: &[Plan]) -> BTreeMap<&str, &[BufferedPlace]> {
    let routes = plans.iter().flat_map(|plan| &plan.routes).filter(|route| route.older.is_none());
    let read = routes.map(|route| (route.contract_name.as_str(), route.contract.buffered()));
    let emits = plans.iter().flat_map(|plan| &plan.emits);
    let written = emits.map(|emit| (emit.headers.data_schema(), emit.contract.buffered()));
    read.chain(written).filter(|(_, places)| !places.is_empty()).collect()
}

/// The plan of every step.
fn plans(service: &ServiceDef, settings: &Settings, ids: &Ids) -> Result<Vec<Plan>, RunError> {
    let plans = service.steps.iter().map(|step| {
        Plan::new(&service.name, step, settings).map_err(|source: PlanError| RunError::Step {
            step: format!("{}/{}", service.name, step.name),
            source: Box::new(source),
        })
    });
    let mut plans = plans.collect::<Result<Vec<_>, _>>()?;
    for plan in &mut plans {
        plan.emits.iter_mut().for_each(|emitted| ids.add_to(&mut emitted.headers));
        // Instances that draw the same waits all come back together, which jitter is there to prevent.
        plan.engine.seed ^= RandomState::new().hash_one(&plan.source);
    }
    Ok(plans)
}

/// The steps of a service, running.
struct Steps(Vec<(String, RunningStep)>);

impl Steps {
    fn start(
        service: &ServiceDef,
        settings: &Settings,
        telemetry: &Telemetry,
        health: &Health,
        ids: &Ids,
    ) -> Result<Self, RunError> {
        // All plans before the first thread: what is wrong shows before anything is consumed.
        let plans = plans(service, settings, ids)?;
        for (contract, places) in buffered(&plans) {
            PlacesBuffered { contract, places }.emit();
        }
        let mut running = Self(Vec::new());
        for plan in plans {
            let step = plan.source.clone();
            match RunningStep::start(Arc::new(plan), settings, health, telemetry) {
                Ok(started) => running.0.push((step, started)),
                Err(source) => return Err(RunError::Thread { step, source }),
            }
        }
        Ok(running)
    }

    /// Waits until `shutdown` is ready, or a step ended by itself: what is left of a service is none.
    async fn until(&self, shutdown: impl Future<Output = ()>) {
        let mut shutdown = std::pin::pin!(shutdown);
        while !self.0.iter().any(|(_, step)| step.has_ended()) {
            if tokio::time::timeout(LOOK_EVERY, &mut shutdown).await.is_ok() {
                return;
            }
        }
    }

    fn stop(&self) {
        for (_, step) in &self.0 {
            step.stop();
        }
    }

    /// Asks every step to leave and waits for all.
    async fn leave(mut self) -> Result<(), RunError> {
        self.stop();
        let steps = std::mem::take(&mut self.0);
        let joined = tokio::task::spawn_blocking(move || {
            let ends = steps.into_iter().map(|(name, step)| (name, step.join()));
            ends.filter_map(|(name, end)| Some((name, end.err()?))).collect::<Vec<_>>()
        });
        match joined.await {
            Ok(failed) => ended(&failed),
            Err(panic) => Err(RunError::Ended(vec![panic.to_string()])),
        }
    }
}

/// What it means that these steps ended so.
fn ended(failed: &[(String, LoopError)]) -> Result<(), RunError> {
    let told = failed.iter().map(|(step, error)| format!("{step}: {}", with_causes(error))).collect();
    if failed.is_empty() {
        Ok(())
    } else if failed.iter().all(|(_, error)| matches!(error, LoopError::Unsettled)) {
        Err(RunError::Unsettled(told))
    } else {
        Err(RunError::Ended(told))
    }
}

impl Drop for Steps {
    /// Nobody could stop them any more.
    fn drop(&mut self) {
        self.stop();
    }
}

/// The command `run`: reads the environment, sets telemetry up, serves operators, and runs until SIGTERM or Ctrl-C.
/// Answers the exit code.
/// `beside` begins what else the process does.
pub(crate) fn run(
    service: &ServiceDef,
    beside: impl FnOnce(&Settings, &Telemetry) -> Result<(), Box<dyn std::error::Error + Send + Sync>>,
    errors: &mut dyn Write,
) -> io::Result<u8> {
    let refuse = |errors: &mut dyn Write, error: &dyn std::error::Error| {
        writeln!(errors, "error: {}", with_causes(error))?;
        Ok(exit_codes::USAGE)
    };
    let settings = match on_kafka() {
        Ok(settings) => settings,
        Err(error) => return refuse(errors, &error),
    };
    let telemetry = match Telemetry::setup(&settings, &service.name, service.told_version()) {
        Ok(telemetry) => telemetry,
        Err(error) => return refuse(errors, &error),
    };
    panics::tell();
    if let Err(error) = beside(&settings, &telemetry) {
        return refuse(errors, &*error);
    }
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
    let result = runtime.block_on(async {
        let result = serve(service, &settings, &telemetry).await;
        telemetry.shutdown(TELEMETRY_DEADLINE).await;
        result
    });
    runtime.shutdown_background();
    match result {
        Ok(()) => Ok(exit_codes::OK),
        Err(Failed::ToStart(error)) => refuse(errors, &*error),
        Err(Failed::Later(error)) => {
            writeln!(errors, "error: {}", with_causes(&error))?;
            Ok(exit_code(&error))
        }
    }
}

/// The environment's settings, which have to say where Kafka is.
fn on_kafka() -> Result<Settings, settings::Error> {
    let settings = Settings::from_env()?;
    settings.kafka.bootstrap_servers()?;
    Ok(settings)
}

/// The exit code of a service that did not run to its end.
fn exit_code(error: &RunError) -> u8 {
    match error {
        RunError::Unsettled(_) => exit_codes::COULD_NOT_COMPLETE,
        _ => exit_codes::FINDINGS,
    }
}

/// Why a service did not run, or did not run to its end.
enum Failed {
    ToStart(Box<dyn std::error::Error + Send + Sync>),
    Later(RunError),
}

async fn serve(service: &ServiceDef, settings: &Settings, telemetry: &Telemetry) -> Result<(), Failed> {
    let to_start = |error: Box<dyn std::error::Error + Send + Sync>| Failed::ToStart(error);
    let mut terminate = signal(SignalKind::terminate()).map_err(|error| to_start(error.into()))?;
    let mut interrupt = signal(SignalKind::interrupt()).map_err(|error| to_start(error.into()))?;
    let health = Health::new();
    let ids = registry::look_up(settings.registry.as_ref(), &service.owned_events()).await;
    let steps =
        Steps::start(service, settings, telemetry, &health, &ids).map_err(|error| to_start(error.into()))?;
    let server = match ops::serve(settings.ops, health.clone(), telemetry.metrics()).await {
        Ok(server) => server,
        Err(error) => {
            // The steps have hardly begun: they leave in order, and the start is refused all the same.
            drop(steps.leave().await);
            return Err(to_start(error.into()));
        }
    };
    if let Some(warning) = settings.kafka.warning() {
        UnknownSettings { warning: &warning }.emit();
    }
    let ops = server.as_ref().map(ops::Server::address);
    let version = service.told_version();
    ServiceStarted { service: &service.name, version, steps: steps.0.len(), ops }.emit();
    steps
        .until(async {
            tokio::select! {
                _ = terminate.recv() => {}
                _ = interrupt.recv() => {}
            }
        })
        .await;
    health.leave();
    let asked = Instant::now();
    ServiceLeaving { service: &service.name, deadline: settings.drain_deadline }.emit();
    let result = steps.leave().await;
    if let Some(server) = server {
        server.stop().await;
    }
    ServiceEnded { service: &service.name, after: asked.elapsed() }.emit();
    result.map_err(Failed::Later)
}

/// An error and what led to it, in one line.
fn with_causes(error: &dyn std::error::Error) -> String {
    let causes = std::iter::successors(error.source(), |cause| cause.source());
    causes.fold(error.to_string(), |text, cause| format!("{text}: {cause}"))
}

#[cfg(test)]
mod tests {
    use std::{
        future::pending,
        sync::mpsc::{RecvTimeoutError, Sender, channel},
    };

    use futures_util::future::poll_immediate;

    use super::*;
    use crate::{Event, In, State, step};

    /// Longer than leaving takes.
    const AT_LAST: Duration = Duration::from_mins(1);

    #[derive(serde::Deserialize, schemars::JsonSchema, Event)]
    #[event(view, type = "order.placed", major = 1, topic = "orders")]
    struct OrderPlaced {}

    async fn send(_: In<OrderPlaced>, State(_): State<Sender<()>>) {}

    fn settings() -> Settings {
        Settings::read([("KAFKA_BOOTSTRAP_SERVERS", "127.0.0.1:1")]).unwrap()
    }

    #[tokio::test]
    async fn a_service_without_brokers_does_not_run() {
        let service = Service::new("mail", channel().0).step(step("send", send));
        let settings = Settings::read([("KAFKA_CLIENT_ID", "mail")]).unwrap();
        let error = service.run(&settings, &Telemetry::quiet(), pending()).await.unwrap_err();
        assert!(error.to_string().contains("KAFKA_BOOTSTRAP_SERVERS: it is not set; legal: "), "{error}");
    }

    #[test]
    fn no_two_instances_draw_the_same_waits() {
        let service = Service::new("mail", channel().0).step(step("send", send)).into_definition();
        let seeds = [(); 2].map(|()| plans(&service, &settings(), &Ids::default()).unwrap()[0].engine.seed);
        assert_ne!(seeds[0], seeds[1]);
    }

    #[tokio::test]
    async fn a_step_that_has_ended_ends_the_service() {
        let service = Service::new("mail", channel().0).step(step("send", send)).step(step("again", send));
        let (service, telemetry) = (service.into_definition(), Telemetry::quiet());
        let steps = Steps::start(&service, &settings(), &telemetry, &Health::new(), &Ids::default()).unwrap();
        steps.0[0].1.stop();
        tokio::time::timeout(AT_LAST, steps.until(pending())).await.unwrap();
        assert!(steps.0[0].1.has_ended() && !steps.0[1].1.has_ended());
    }

    #[tokio::test]
    async fn steps_that_nobody_waits_for_any_more_leave() {
        let (held, gone) = channel();
        let service = Service::new("mail", held).step(step("send", send));
        let telemetry = Telemetry::quiet();
        assert!(poll_immediate(service.run(&settings(), &telemetry, pending())).await.is_none());
        // The step's thread holds the service's state as long as it runs.
        assert_eq!(gone.recv_timeout(AT_LAST), Err(RecvTimeoutError::Disconnected));
    }

    #[test]
    fn what_is_left_unsettled_is_no_failure_of_a_step() {
        let named = |error| vec![("mail/send".to_owned(), error)];
        let unsettled = ended(&named(LoopError::Unsettled)).unwrap_err();
        assert_eq!(exit_code(&unsettled), exit_codes::COULD_NOT_COMPLETE);
        let mut both = named(LoopError::Panicked);
        both.extend(named(LoopError::Unsettled));
        assert_eq!(exit_code(&ended(&both).unwrap_err()), exit_codes::FINDINGS);
        assert!(ended(&[]).is_ok());
    }

    #[cfg(feature = "embedded")]
    #[tokio::test]
    async fn a_handler_that_outlasts_the_drain_deadline_shows_in_how_the_service_ends() {
        #[derive(serde::Serialize, serde::Deserialize, schemars::JsonSchema, Event)]
        #[event(type = "order.placed", version = "1.0", topic = "orders", key = "id", starts = "order")]
        struct Placed {
            id: String,
        }

        async fn stay(_: In<OrderPlaced>, State(begun): State<Sender<()>>) {
            begun.send(()).unwrap();
            pending::<()>().await;
        }

        let broker = crate::EmbeddedBroker::start().unwrap();
        for topic in ["orders", "mail.stay.retry", "mail.stay.dlq"] {
            broker.create_topic(topic, 1).unwrap();
        }
        let environment = broker.environment().into_iter();
        let deadline = ("CHOREOGRAPH_DRAIN_DEADLINE", "100ms".to_owned());
        let settings = Settings::read(environment.chain([deadline])).unwrap();
        let publisher = crate::Publisher::connect("shop", &settings, &Telemetry::quiet()).unwrap();
        publisher.start(&Placed { id: "o-1".to_owned() }).await.unwrap();
        let (begun, begins) = channel();
        let service = Service::new("mail", begun).step(step("stay", stay));
        let asked = tokio::task::spawn_blocking(move || begins.recv_timeout(AT_LAST).unwrap());
        let shutdown = async { asked.await.unwrap() };
        let error = service.run(&settings, &Telemetry::quiet(), shutdown).await.unwrap_err();
        assert!(matches!(error, RunError::Unsettled(_)), "{error}");
        assert!(error.to_string().contains("mail/stay"), "{error}");
    }
}
