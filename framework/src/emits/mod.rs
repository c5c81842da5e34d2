//! What a step may emit, read off its return type.

pub(crate) mod outbox;
mod shape;

pub use outbox::{EmitError, Outbox, Twins};
pub(crate) use shape::EmittedEvent;
pub use shape::{Declared, Shape};

/// What a step emits: its return type says so, and it is declared nowhere else.
///
/// | type | meaning |
/// |---|---|
/// | `()` | nothing |
/// | an owned event | exactly that |
/// | `Option<E>` | that or nothing |
/// | `Vec<E>` | any number, in order |
/// | `(A, B, ..)`, up to 8 | all of them (fan-out), in order |
/// | an enum with `#[derive(Emits)]` | one of its variants (alternatives) |
///
/// They nest: `(Audited, Option<Vec<Shipment>>)`. An event that says `also = ..` is written in an older major too.
///
/// An event's id derives from its place among those of its type in one run. A record may be handled again, so return the
/// events of a type in the same order each time: sort a `Vec` that comes from a `HashMap` or from a query without an order.
/// Else an id that stood for one event stands for another, and whoever keeps ids drops it.
///
/// An event that the return type does not name does not compile: in a function that returns `Result<Payment, StepError>`,
/// the compiler says of `Ok(PaymentRefunded { .. })` that it *expected `Payment`, found `PaymentRefunded`*. Give the enum a
/// variant that holds the event, and return that, or `Payment::from(event)`: see [`Alternative`].
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not something a step can emit",
    label = "cannot be emitted",
    note = "a step emits `()`, an event of its own service, an `Option`, `Vec` or tuple of these, or an enum with `#[derive(Emits)]`",
    note = "a view (`#[event(view, ..)]`) describes somebody else's event, which only its owner emits",
    note = "an event of your own derives `Event` and `Serialize` and says `#[event(type = \"..\", version = \"1.0\", topic = \"..\", key = \"..\")]`"
)]
pub trait Emits: Sized + Send + 'static {
    /// Declares the event types, and how they belong together.
    fn declare(declared: &mut Declared) -> Shape;

    /// Encodes the events into the outbox, in order.
    ///
    /// # Errors
    ///
    /// Where an event cannot be written, or there are too many.
    fn emit(self, outbox: &mut Outbox) -> Result<(), EmitError>;
}

/// An event that a variant of the enum `Of` holds, and no other variant of it: `#[derive(Emits)]` says so, and gives the enum
/// a `From` of each.
///
/// ```
/// use choreograph::{Emits, Event};
/// use schemars::JsonSchema;
/// use serde::{Deserialize, Serialize};
///
/// /// An order was paid.
/// #[derive(Event, Serialize, Deserialize, JsonSchema)]
/// #[event(type = "payment.confirmed", version = "1.0", topic = "payments", key = "order_id")]
/// struct PaymentConfirmed {
///     order_id: String,
/// }
///
/// #[derive(Emits)]
/// enum Payment {
///     Confirmed(PaymentConfirmed),
/// }
///
/// let Payment::Confirmed(paid) = Payment::from(PaymentConfirmed { order_id: "o-17".to_owned() });
/// assert_eq!(paid.order_id, "o-17");
/// ```
#[diagnostic::on_unimplemented(
    message = "a step that returns `{Of}` does not emit `{Self}`",
    label = "no variant of `{Of}` holds a `{Self}`",
    note = "what a step emits is what its return type says: give `{Of}` a variant that holds a `{Self}`"
)]
pub trait Alternative<Of> {
    /// The variant that holds it.
    fn alternative(self) -> Of;
}

impl Emits for () {
    fn declare(_: &mut Declared) -> Shape {
        Shape::Nothing
    }

    fn emit(self, _: &mut Outbox) -> Result<(), EmitError> {
        Ok(())
    }
}

impl<E: Emits> Emits for Option<E> {
    fn declare(declared: &mut Declared) -> Shape {
        Shape::Optional(Box::new(E::declare(declared)))
    }

    fn emit(self, outbox: &mut Outbox) -> Result<(), EmitError> {
        self.map_or(Ok(()), |emits| emits.emit(outbox))
    }
}

impl<E: Emits> Emits for Vec<E> {
    fn declare(declared: &mut Declared) -> Shape {
        Shape::Many(Box::new(E::declare(declared)))
    }

    fn emit(self, outbox: &mut Outbox) -> Result<(), EmitError> {
        self.into_iter().try_for_each(|emits| emits.emit(outbox))
    }
}

macro_rules! fan_out {
    ($($name:ident),*) => {
        impl<$($name: Emits),*> Emits for ($($name,)*) {
            fn declare(declared: &mut Declared) -> Shape {
                Shape::All(vec![$($name::declare(declared)),*])
            }

            #[expect(non_snake_case, reason = "a type parameter names its value")]
            fn emit(self, outbox: &mut Outbox) -> Result<(), EmitError> {
                let ($($name,)*) = self;
                $($name.emit(outbox)?;)*
                Ok(())
            }
        }
    };
}

fan_out!(A);
fan_out!(A, B);
fan_out!(A, B, C);
fan_out!(A, B, C, D);
fan_out!(A, B, C, D, E);
fan_out!(A, B, C, D, E, F);
fan_out!(A, B, C, D, E, F, G);
fan_out!(A, B, C, D, E, F, G, H);
