//! What a step takes besides its event.

/// An argument of a step after the first: made from the service's state for each run.
///
/// [`State`] is the extractor that teams use; implement this for one of your own.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be an argument of a step after its first, in a service whose state is `{S}`",
    label = "not an extractor",
    note = "the first argument is the event, `In<Event>`; those after it are `State<T>`, where `T` is the service's state or a part of it"
)]
pub trait Extract<S> {
    /// Makes the argument.
    fn extract(state: &S) -> Self;
}

/// A part of a service's state, cloned for each run: make it cheap to clone, such as an `Arc` or a pool.
///
/// ```
/// use choreograph::{FromRef, State};
///
/// #[derive(Clone)]
/// struct Gateway;
/// #[derive(Clone)]
/// struct Shop { gateway: Gateway }
///
/// impl FromRef<Shop> for Gateway {
///     fn from_ref(shop: &Shop) -> Self { shop.gateway.clone() }
/// }
/// ```
#[derive(Debug, Clone, Copy)]
pub struct State<T>(pub T);

/// How a part is taken out of a service's state. Every `Clone` state is a part of itself.
#[diagnostic::on_unimplemented(
    message = "the service's state `{S}` has no `{Self}`",
    label = "not in the service's state",
    note = "give `Service::new` a state of that type, or say how to take it out: `impl FromRef<{S}> for {Self}`"
)]
pub trait FromRef<S> {
    /// Takes the part.
    fn from_ref(state: &S) -> Self;
}

impl<S: Clone> FromRef<S> for S {
    fn from_ref(state: &S) -> Self {
        state.clone()
    }
}

/// A state that no service has. That `FromRef` is implemented for it too keeps the compiler from guessing a service's state
/// from the one blanket impl, so that a missing part is told as such, and not as two kinds of step that differ.
enum NoService {}

impl<T> FromRef<NoService> for T {
    fn from_ref(state: &NoService) -> Self {
        match *state {}
    }
}

impl<S, T: FromRef<S>> Extract<S> for State<T> {
    fn extract(state: &S) -> Self {
        Self(T::from_ref(state))
    }
}

impl<S> Extract<S> for () {
    fn extract(_: &S) -> Self {}
}

macro_rules! extract_all {
    ($($name:ident),*) => {
        impl<S, $($name: Extract<S>),*> Extract<S> for ($($name,)*) {
            fn extract(state: &S) -> Self {
                ($($name::extract(state),)*)
            }
        }
    };
}

extract_all!(A);
extract_all!(A, B);
extract_all!(A, B, C);
extract_all!(A, B, C, D);
extract_all!(A, B, C, D, E);
