//! Which functions are steps.

use crate::consumes::{ConsumedEvent, Consumes, Routes};
use crate::envelope::Metadata;
use crate::event::In;

/// A function of one to six arguments: the shape of a step. Nothing but the number of arguments is asked here; what
/// the types must be is asked by [`step`](crate::step()), so that a mistake is told of the type at fault.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a function that can be a step",
    label = "not a step",
    note = "a step is `async fn(In<Event>, State<T>, ..) -> Result<impl Emits, StepError>`: the event first, then up to five extractors"
)]
pub trait Handler<Args> {
    /// The first argument.
    type Input;
    /// The arguments after it, as a tuple.
    type Extractors;
    /// What calling it gives.
    type Future;

    /// Calls the function.
    fn call(&self, input: Self::Input, extractors: Self::Extractors) -> Self::Future;
}

macro_rules! handler {
    ($($name:ident $value:ident),*) => {
        impl<Function, Future, First, $($name),*> Handler<(First, $($name,)*)> for Function
        where
            Function: Fn(First, $($name),*) -> Future,
        {
            type Input = First;
            type Extractors = ($($name,)*);
            type Future = Future;

            fn call(&self, input: First, ($($value,)*): Self::Extractors) -> Future {
                self(input, $($value),*)
            }
        }
    };
}

handler!();
handler!(A a);
handler!(A a, B b);
handler!(A a, B b, C c);
handler!(A a, B b, C c, D d);
handler!(A a, B b, C c, D d, E e);

/// The first argument of a step: [`In`] of what it consumes.
#[diagnostic::on_unimplemented(
    message = "the first argument of a step is its event, `In<Event>`, but here it is `{Self}`",
    label = "its first argument is not `In<..>`",
    note = "write `async fn charge(order: In<OrderPlaced>, State(gateway): State<Gateway>) -> ..`"
)]
pub trait Input: Sized + Send + 'static {
    /// What the step consumes.
    type Consumes: Consumes;

    /// Puts event and envelope together.
    fn receive(event: Self::Consumes, metadata: Metadata) -> Self;
}

impl<C: Consumes> Input for In<C> {
    type Consumes = C;

    fn receive(event: C, metadata: Metadata) -> Self {
        Self::new(event, metadata)
    }
}

/// What a step with this first argument consumes.
pub(crate) fn consumed<I: Input>() -> Vec<ConsumedEvent> {
    Routes::of::<I::Consumes>()
}
