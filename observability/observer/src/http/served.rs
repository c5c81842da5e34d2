use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use tokio::sync::Mutex;

use super::guard::Guard;
use super::operator::Operator;
use crate::Shared;
use crate::follow::Values;

/// What the routes stand on. Every clone is the same.
#[derive(Debug, Clone)]
pub(super) struct Served {
    pub(super) shared: Shared,
    /// Reads records.
    pub(super) records: Values,
    /// Whether values of events may be shown.
    pub(super) payloads: bool,
    pub(super) operator: Option<Arc<dyn Operator>>,
    /// Held while a record is read.
    pub(super) reading: Arc<Mutex<()>>,
    /// Held while an action is carried out.
    pub(super) acting: Arc<Mutex<()>>,
    pub(super) alive: Alive,
    pub(super) guard: Guard,
}

/// Whether whoever fills the model still does.
#[derive(Debug, Clone)]
pub(crate) struct Alive(Arc<AtomicBool>);

impl Alive {
    pub(crate) fn new() -> Self {
        Self(Arc::new(AtomicBool::new(true)))
    }

    pub(crate) fn is(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }

    pub(crate) fn is_not(&self) {
        self.0.store(false, Ordering::Relaxed);
    }
}
