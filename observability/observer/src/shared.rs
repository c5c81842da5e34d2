use std::fmt;
use std::sync::{Arc, PoisonError, RwLock};

use crate::model::Model;

/// The model, shared by the threads that fill it and those that ask it. Every clone is the same model.
#[derive(Clone)]
pub struct Shared(Arc<RwLock<Model>>);

impl Shared {
    /// Shares `model`.
    pub fn new(model: Model) -> Self {
        Self(Arc::new(RwLock::new(model)))
    }

    /// Asks the model; others may ask at the same time.
    pub fn read<T>(&self, ask: impl FnOnce(&Model) -> T) -> T {
        ask(&self.0.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Tells the model something, while nobody asks.
    pub fn write<T>(&self, tell: impl FnOnce(&mut Model) -> T) -> T {
        tell(&mut self.0.write().unwrap_or_else(PoisonError::into_inner))
    }
}

impl fmt::Debug for Shared {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Shared").finish_non_exhaustive()
    }
}
