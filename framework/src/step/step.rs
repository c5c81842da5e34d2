//! A function with its name and policy: where its types are checked, and erased.

use std::fmt;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use crate::consumes::ConsumedEvent;
use crate::emits::{Declared, Emits, EmittedEvent, Shape};
use crate::event::StartingEvent;
use crate::step::definition::StepDef;
use crate::step::erased::{ErasedStep, erase};
use crate::step::handler::consumed;
use crate::step::{Extract, Handler, Input, Policy, Retry, Returns, StartFrom};

/// A step of a service whose state is `S`, made by [`step`]; its policy stands beside it.
///
/// Values are checked when the service is: [`Service::check`](crate::Service::check) names the step and the legal values.
#[must_use = "a step does nothing until a service has it: `Service::step`"]
pub struct Step<S> {
    name: String,
    group: Option<String>,
    policy: Policy,
    consumes: Vec<ConsumedEvent>,
    emits: Vec<EmittedEvent>,
    shape: Shape,
    starts: Vec<EmittedEvent>,
    bind: Box<dyn FnOnce(Arc<S>) -> Arc<dyn ErasedStep> + Send>,
}

/// Makes a step of an async function: its first argument says what it consumes, its return type what it may emit.
///
/// ```
/// use choreograph::{Event, In, Service, StepError, step};
/// use schemars::JsonSchema;
/// use serde::{Deserialize, Serialize};
///
/// #[derive(Event, Deserialize, JsonSchema)]
/// #[event(view, type = "order.placed", major = 1, topic = "orders")]
/// struct OrderPlaced { order_id: String, cents: u64 }
///
/// #[derive(Event, Serialize, Deserialize, JsonSchema)]
/// #[event(type = "payment.confirmed", version = "1.0", topic = "payments", key = "order_id")]
/// struct PaymentConfirmed { order_id: String }
///
/// async fn charge(order: In<OrderPlaced>) -> Result<PaymentConfirmed, StepError> {
///     if order.cents == 0 {
///         return Err(StepError::reject("nothing_to_pay", "the order's total is zero"));
///     }
///     Ok(PaymentConfirmed { order_id: order.into_inner().order_id })
/// }
///
/// let service = Service::new("payment", ()).step(step("charge", charge).concurrency(16));
/// assert!(service.check().is_ok());
/// ```
///
/// The name matches `[a-z][a-z0-9-]{0,62}` and is unique in its service.
pub fn step<S, H, Args>(name: impl Into<String>, handler: H) -> Step<S>
where
    S: Send + Sync + 'static,
    Args: 'static,
    H: Handler<Args> + Send + Sync + 'static,
    H::Input: Input,
    H::Extractors: Extract<S>,
    // The compiler shows the line of a bound that is not kept, and `Send` has no message of ours: it says what to write.
    H::Future: Send, // hold `Arc` for `Rc`, a lock of `tokio::sync` for one of `std`, or drop it before the `.await`
    H::Future: Future<Output: Returns> + 'static,
{
    let mut declared = Declared::default();
    let shape = <<H::Future as Future>::Output as Returns>::Emits::declare(&mut declared);
    Step {
        name: name.into(),
        group: None,
        policy: Policy::default(),
        consumes: consumed::<H::Input>(),
        emits: declared.into_events(),
        shape,
        starts: Vec::new(),
        bind: Box::new(move |state| erase(handler, state)),
    }
}

impl<S> Step<S> {
    /// The step's deadline: how soon after an event its consequence is expected. It is declared for whoever watches,
    /// and never enforced; without one, watchers go by what the step usually takes.
    pub fn within(mut self, deadline: Duration) -> Self {
        self.policy.within = Some(deadline);
        self
    }

    /// How a transient failure is tried again. Default: 5 attempts, 100 ms doubling, cap 10 s.
    pub fn retry(mut self, retry: Retry) -> Self {
        self.policy.retry = retry;
        self
    }

    /// How many records may be in the handler at once, 1 to 10,000, each of another key. Default: 64.
    pub fn concurrency(mut self, concurrency: usize) -> Self {
        self.policy.concurrency = concurrency;
        self
    }

    /// How long one attempt may take before it is dropped and counts as a transient failure. Default: 60 s.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.policy.timeout = timeout;
        self
    }

    /// Where the step begins to read when its consumer group has no commits. Default: [`StartFrom::Earliest`].
    pub fn from(mut self, from: StartFrom) -> Self {
        self.policy.from = from;
        self
    }

    /// Keeps a consumer group over a rename of the service or step: `payment.charge`. The step's retry and
    /// dead-letter topics keep their names with it.
    pub fn group(mut self, group: impl Into<String>) -> Self {
        self.group = Some(group.into());
        self
    }

    /// Lets the handler start workflows with this event, through a [`Publisher`](crate::Publisher) in the service's state.
    /// Each is a new workflow, in a trace of its own that is linked to the handler's. Without this line, starting one in a
    /// handler is [`StartError::Undeclared`](crate::StartError::Undeclared).
    ///
    /// What belongs to the present workflow is returned by the handler, not started. A start stays, whatever becomes of the
    /// handler afterwards, and the same record may be handled again: start with an id that derives from the record's, and it
    /// is one workflow all the same.
    ///
    /// ```
    /// use choreograph::{Event, In, Publisher, Service, State, StepError, step};
    /// # use schemars::JsonSchema;
    /// # use serde::{Deserialize, Serialize};
    ///
    /// #[derive(Event, Deserialize, JsonSchema)]
    /// #[event(view, type = "subscription.ending", major = 1, topic = "subscriptions")]
    /// struct SubscriptionEnding { customer: String }
    ///
    /// #[derive(Event, Serialize, Deserialize, JsonSchema)]
    /// #[event(type = "order.placed", version = "1.0", topic = "orders", key = "order_id", starts = "order")]
    /// struct OrderPlaced { order_id: String, customer: String }
    ///
    /// async fn renew(ending: In<SubscriptionEnding>, State(publisher): State<Publisher>) -> Result<(), StepError> {
    ///     let cause = ending.metadata().id().to_owned();
    ///     let customer = ending.into_inner().customer;
    ///     let order = OrderPlaced { order_id: format!("renewal-{cause}"), customer };
    ///     publisher.start_with_id(&cause, &order).await?;
    ///     Ok(())
    /// }
    ///
    /// fn service(publisher: Publisher) -> Service<Publisher> {
    ///     Service::new("renewals", publisher).step(step("renew", renew).starts::<OrderPlaced>())
    /// }
    /// ```
    pub fn starts<E: StartingEvent>(mut self) -> Self {
        self.starts = Declared::with::<E>(self.starts);
        self
    }

    /// Binds the function to its service's state.
    pub(crate) fn define(self, service: &str, state: Arc<S>) -> StepDef {
        let group = self.group.unwrap_or_else(|| format!("{service}.{}", self.name));
        StepDef {
            name: self.name,
            group,
            policy: self.policy,
            consumes: self.consumes,
            emits: self.emits,
            shape: self.shape,
            starts: self.starts,
            erased: (self.bind)(state),
        }
    }
}

impl<S> fmt::Debug for Step<S> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Step")
            .field("name", &self.name)
            .field("policy", &self.policy)
            .finish_non_exhaustive()
    }
}
