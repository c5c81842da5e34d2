//! Which step's handler runs on this thread right now, so that starting a workflow inside a handler can be
//! refused where the step does not declare it.

use std::{cell::RefCell, sync::Arc};

use super::Plan;

thread_local! {
    static CURRENT: RefCell<Option<Arc<Plan>>> = const { RefCell::new(None) };
}

/// The plan of the step whose handler is being polled on this thread.
pub(crate) fn current() -> Option<Arc<Plan>> {
    CURRENT.with_borrow(Clone::clone)
}

/// Says that a handler of `plan` is being polled until the guard is dropped.
pub(crate) fn enter(plan: &Arc<Plan>) -> Guard {
    Guard { before: CURRENT.replace(Some(Arc::clone(plan))) }
}

/// Ends what [`enter`] began.
#[derive(Debug)]
pub(crate) struct Guard {
    before: Option<Arc<Plan>>,
}

impl Drop for Guard {
    fn drop(&mut self) {
        CURRENT.set(self.before.take());
    }
}
