//! What a step may return.

use crate::emits::Emits;
use crate::step::StepError;

/// What a step returns: what it emits, or `Result<_, StepError>` of that.
#[diagnostic::on_unimplemented(
    message = "a step cannot return `{Self}`",
    label = "not what a step returns",
    note = "a step returns what it emits, or `Result<_, StepError>` of that: `()`, an event of its own service, an `Option`, `Vec` or tuple of these, or an enum with `#[derive(Emits)]`",
    note = "a view (`#[event(view, ..)]`) describes somebody else's event, which only its owner emits",
    note = "`?` turns any error into a `StepError`, which means retry"
)]
pub trait Returns {
    /// What is emitted when the run is done.
    type Emits: Emits;

    /// What the run came to.
    ///
    /// # Errors
    ///
    /// What the handler returned.
    fn outcome(self) -> Result<Self::Emits, StepError>;
}

impl<T: Emits> Returns for Result<T, StepError> {
    type Emits = T;

    fn outcome(self) -> Self {
        self
    }
}

/// Kinds of [`Emits`] that a step can return bare. Written out, and not for every `Emits`, so that an error tells of
/// the event inside a `Result` and not of the `Result`.
macro_rules! bare {
    ($([$($name:ident),*] $kind:ty),* $(,)?) => {
        $(impl<$($name: Emits),*> Returns for $kind {
            type Emits = Self;

            fn outcome(self) -> Result<Self, StepError> {
                Ok(self)
            }
        })*
    };
}

bare! {
    [] (),
    [A] Option<A>,
    [A] Vec<A>,
    [A] (A,),
    [A, B] (A, B),
    [A, B, C] (A, B, C),
    [A, B, C, D] (A, B, C, D),
    [A, B, C, D, E] (A, B, C, D, E),
    [A, B, C, D, E, F] (A, B, C, D, E, F),
    [A, B, C, D, E, F, G] (A, B, C, D, E, F, G),
    [A, B, C, D, E, F, G, H] (A, B, C, D, E, F, G, H),
}
