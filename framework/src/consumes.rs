//! What a step may consume: one event type, or an enum of several.

use std::any::type_name;
use std::marker::PhantomData;

use serde::Deserializer;
use serde::de::DeserializeSeed;
use serde_json::Value;

use crate::event::Event;
use crate::upcast::Upcast;

/// What a step consumes: an [`Event`], or an enum of events with `#[derive(Consumes)]`.
///
/// With an enum all its types share one consumer group, and the order of a key is kept across the types of one
/// topic. Between topics there is no order.
///
/// ```
/// use choreograph::{Consumes, Event, In};
/// # use schemars::JsonSchema;
/// # use serde::Deserialize;
///
/// #[derive(Event, Deserialize, JsonSchema)]
/// #[event(view, type = "order.placed", major = 1, topic = "orders")]
/// struct OrderPlaced { order_id: String }
///
/// #[derive(Event, Deserialize, JsonSchema)]
/// #[event(view, type = "order.cancelled", major = 1, topic = "orders")]
/// struct OrderCancelled { order_id: String }
///
/// #[derive(Consumes)]
/// enum OrderEvent { Placed(OrderPlaced), Cancelled(OrderCancelled) }
///
/// async fn mail(event: In<OrderEvent>) {
///     let _order = match event.into_inner() {
///         OrderEvent::Placed(placed) => placed.order_id,
///         OrderEvent::Cancelled(cancelled) => cancelled.order_id,
///     };
/// }
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not an event, so no step can consume it",
    label = "not an event",
    note = "derive it: `#[derive(Event, Deserialize, JsonSchema)]` with `#[event(view, type = \"order.placed\", major = 1, topic = \"orders\")]` for somebody else's event",
    note = "for several event types in one step: `#[derive(Consumes)] enum OrderEvent {{ Placed(OrderPlaced), Paid(PaymentConfirmed) }}`"
)]
pub trait Consumes: Sized + Send + 'static {
    /// Declares the event types, in the order of their routes.
    fn routes(routes: &mut Routes);

    /// Reads the value of a record whose type is that of the route's index. The runtime asserts the contract in the
    /// same pass, and may read a value twice.
    ///
    /// # Errors
    ///
    /// What serde says of the value. Its text may quote the value: the runtime keeps only category and position.
    fn decode<'de, D: Deserializer<'de>>(route: usize, deserializer: D) -> Result<Self, D::Error>;
}

/// Reads what `C` consumes on one of its routes.
pub(crate) struct OnRoute<C> {
    route: usize,
    consumes: PhantomData<C>,
}

impl<C> OnRoute<C> {
    pub(crate) fn new(route: usize) -> Self {
        Self { route, consumes: PhantomData }
    }
}

impl<C> Clone for OnRoute<C> {
    fn clone(&self) -> Self {
        Self::new(self.route)
    }
}

impl<'de, C: Consumes> DeserializeSeed<'de> for OnRoute<C> {
    type Value = C;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<C, D::Error> {
        C::decode(self.route, deserializer)
    }
}

/// The event types of a step, collected from its argument's type.
#[derive(Debug, Default)]
pub struct Routes(Vec<ConsumedEvent>);

impl Routes {
    /// Adds an event type. Its route is the number of those before it.
    pub fn event<E: Event>(&mut self) {
        self.0.push(ConsumedEvent::of::<E>());
    }

    /// What a type consumes.
    pub(crate) fn of<C: Consumes>() -> Vec<ConsumedEvent> {
        let mut routes = Self::default();
        C::routes(&mut routes);
        routes.0
    }
}

/// One event type that a step consumes.
#[derive(Debug, Clone, Copy)]
pub(crate) struct ConsumedEvent {
    /// The type without its major.
    pub(crate) name: &'static str,
    /// The major that the step reads.
    pub(crate) major: u32,
    /// The minor that the type was written against; `None` for a view.
    pub(crate) minor: Option<u32>,
    /// The topic, without a namespace.
    pub(crate) topic: &'static str,
    /// The workflow that it starts, where this service owns it: the name of a stranger's workflow.
    pub(crate) starts: Option<&'static str>,
    /// Whether it comes from outside the choreography.
    pub(crate) external: bool,
    /// The steps from older majors to this one.
    pub(crate) upcasts: &'static [Upcast],
    /// The Rust type's name, for errors.
    pub(crate) rust_type: &'static str,
    /// The open schema of what the step reads.
    pub(crate) reader_schema: fn() -> Value,
}

impl ConsumedEvent {
    fn of<E: Event>() -> Self {
        Self {
            name: E::NAME,
            major: E::MAJOR,
            minor: E::KNOWN_MINOR,
            topic: E::TOPIC,
            starts: E::STARTS,
            external: E::EXTERNAL,
            upcasts: E::UPCASTS,
            rust_type: type_name::<E>(),
            reader_schema: crate::schema::reader::<E>,
        }
    }
}
