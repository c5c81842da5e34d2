//! What an event is: a fact of a type, on a topic, with a contract.

mod deprecation;
mod input;
mod key;

use schemars::JsonSchema;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::emits::{Declared, EmitError, Shape, Twins};
use crate::upcast::Upcast;

pub use deprecation::Deprecation;
pub use input::In;
pub use key::{KeyError, write_key, write_subject};

/// A fact of a type, on a topic. Derive it: `#[derive(Event)]`.
///
/// An event is either *owned*, that is emitted by this service ([`OwnedEvent`]), or a *view*: this service's own
/// struct for the part it needs of somebody else's event. A view can be consumed and never emitted.
///
/// ```
/// use choreograph::Event;
/// use schemars::JsonSchema;
/// use serde::{Deserialize, Serialize};
///
/// #[derive(Event, Serialize, Deserialize, JsonSchema)]
/// #[event(type = "payment.confirmed", version = "1.0", topic = "payments", key = "order_id")]
/// struct PaymentConfirmed { order_id: String, cents: u64 }
///
/// #[derive(Event, Deserialize, JsonSchema)]
/// #[event(view, type = "order.placed", major = 1, topic = "orders")]
/// struct OrderPlaced { order_id: String }
///
/// assert_eq!(PaymentConfirmed::NAME, "payment.confirmed");
/// assert_eq!(OrderPlaced::TOPIC, "orders");
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not an event",
    label = "not an event",
    note = "derive it: `#[derive(Event, Serialize, Deserialize, JsonSchema)]` with `#[event(type = \"order.placed\", version = \"1.0\", topic = \"orders\", key = \"order_id\")]`",
    note = "or, for somebody else's event: `#[derive(Event, Deserialize, JsonSchema)]` with `#[event(view, type = \"order.placed\", major = 1, topic = \"orders\")]`"
)]
pub trait Event: DeserializeOwned + JsonSchema + Send + 'static {
    /// The type without its major, such as `order.placed`.
    const NAME: &'static str;
    /// The major of the contract, from 1.
    const MAJOR: u32;
    /// The topic it is on, without a namespace.
    const TOPIC: &'static str;
    /// The workflow that it starts. Only owners say so.
    const STARTS: Option<&'static str> = None;
    /// The minor that the type was written against; `None` for a view, which knows none.
    const KNOWN_MINOR: Option<u32> = None;
    /// Whether it comes from outside the choreography.
    const EXTERNAL: bool = false;
    /// The steps from older majors to this one, in order and without a gap: see [`upcast`](crate::upcast).
    const UPCASTS: &'static [Upcast] = &[];
}

/// An event that this service emits: it says version and key, and owns a contract file.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not an event that this service owns, so it cannot be emitted",
    label = "not an event of this service",
    note = "a view (`#[event(view, ..)]`) describes somebody else's event, which only its owner emits",
    note = "an event of your own says `#[event(type = \"..\", version = \"1.0\", topic = \"..\", key = \"..\")]` and derives `Serialize`"
)]
pub trait OwnedEvent: Event + Serialize {
    /// The minor of the contract.
    const MINOR: u32;
    /// The field that is the record's key, by its name in JSON.
    const KEY_FIELD: &'static str;
    /// The field that is the event's subject, by its name in JSON.
    const SUBJECT_FIELD: Option<&'static str> = None;
    /// Whether a workflow owes nothing after it.
    const TERMINAL: bool;
    /// Whether it is read outside the choreography, so that nobody in it needs to consume it.
    const OUTBOUND: bool = false;
    /// Whether readers are to move to another event or major.
    const DEPRECATED: Option<Deprecation> = None;

    /// Appends the text of the record's key.
    ///
    /// # Errors
    ///
    /// Where the field's value has no text of one line's meaning: a map, a list, a float or nothing at all.
    fn write_key(&self, out: &mut Vec<u8>) -> Result<(), KeyError>;

    /// Appends the event's subject and answers `true`, or answers `false` where the event has none: it declares no such
    /// field, or the field's value is absent or empty.
    ///
    /// # Errors
    ///
    /// As [`write_key`](Self::write_key), and where it is longer than 256 bytes.
    fn write_subject(&self, out: &mut Vec<u8>) -> Result<bool, KeyError> {
        let _ = out;
        Ok(false)
    }

    /// Declares the older major in which the same fact is written too: `#[event(.., also = PaymentConfirmedV1)]`.
    fn declare_also(declared: &mut Declared) -> Option<Shape> {
        let _ = declared;
        None
    }

    /// Encodes the same fact in that older major.
    ///
    /// # Errors
    ///
    /// Where that event cannot be written, or has another key.
    fn write_also(&self, twins: &mut Twins<'_>) -> Result<(), EmitError> {
        let _ = twins;
        Ok(())
    }
}

/// An event that starts a workflow: it says `#[event(.., starts = "order")]`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` starts no workflow",
    label = "starts no workflow",
    note = "say which workflow the event starts: `#[event(.., starts = \"order\")]`"
)]
pub trait StartingEvent: OwnedEvent {}
