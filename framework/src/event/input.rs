//! The first argument of every step.

use std::ops::Deref;

use crate::envelope::Metadata;

/// The event that a step handles, with what its envelope says.
///
/// `E` is an event or a `#[derive(Consumes)]` enum of events. `In` dereferences to it.
///
/// ```
/// # use choreograph::{Event, In};
/// # #[derive(Event, serde::Deserialize, schemars::JsonSchema)]
/// # #[event(view, type = "order.placed", major = 1, topic = "orders")]
/// # struct OrderPlaced { order_id: String }
/// async fn note(order: In<OrderPlaced>) {
///     let _id = &order.order_id;
///     let order = order.into_inner();
///     drop(order);
/// }
/// ```
#[derive(Debug, Clone)]
pub struct In<E> {
    event: E,
    metadata: Metadata,
}

impl<E> In<E> {
    pub(crate) fn new(event: E, metadata: Metadata) -> Self {
        Self { event, metadata }
    }

    /// The event itself.
    pub fn into_inner(self) -> E {
        self.event
    }

    /// What the envelope says: id, source, time, workflow, position.
    pub fn metadata(&self) -> &Metadata {
        &self.metadata
    }

    /// Event and envelope.
    pub fn into_parts(self) -> (E, Metadata) {
        (self.event, self.metadata)
    }
}

impl<E> Deref for In<E> {
    type Target = E;

    fn deref(&self) -> &E {
        &self.event
    }
}
