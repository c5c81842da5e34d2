//! Which step's handler runs on this thread right now, so that starting a workflow inside a handler can be
//! refused where the step does not declare it.

use std::{
    cell::{Cell, RefCell},
    sync::{Arc, Weak},
};

use super::Plan;

thread_local! {
    /// Whether a handler is polled on this thread.
    static INSIDE: Cell<bool> = const { Cell::new(false) };
    /// Of which step the last one was. It stays when the handler is left: mostly the next one is of the same step, and
    /// then entering costs a comparison. It keeps no plan alive.
    static LAST: RefCell<Weak<Plan>> = const { RefCell::new(Weak::new()) };
}

/// The plan of the step whose handler is being polled on this thread.
pub(crate) fn current() -> Option<Arc<Plan>> {
    if INSIDE.get() { LAST.with_borrow(Weak::upgrade) } else { None }
}

/// Says that a handler of `plan` is being polled until the guard is dropped.
pub(crate) fn enter(plan: &Arc<Plan>) -> Guard {
    let within = INSIDE.replace(true);
    let last = LAST.with_borrow_mut(|last| {
        let is_it = std::ptr::eq(last.as_ptr(), Arc::as_ptr(plan));
        (!is_it).then(|| std::mem::replace(last, Arc::downgrade(plan)))
    });
    // One that is polled within another one's poll gives it its place back.
    Guard { within, last: last.filter(|_| within) }
}

/// Ends what [`enter`] began.
#[derive(Debug)]
pub(crate) struct Guard {
    within: bool,
    last: Option<Weak<Plan>>,
}

impl Drop for Guard {
    fn drop(&mut self) {
        INSIDE.set(self.within);
        if let Some(last) = self.last.take() {
            LAST.set(last);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{super::plan::tests::plan_reading, *};

    #[test]
    fn a_handler_within_a_handler_gives_its_place_back_and_no_plan_is_kept() {
        let (outer, inner) = (Arc::new(plan_reading(&[])), Arc::new(plan_reading(&[])));
        let is = |plan: &Arc<Plan>| current().is_some_and(|current| Arc::ptr_eq(&current, plan));
        {
            let _outer = enter(&outer);
            for plan in [&inner, &outer] {
                let _within = enter(plan);
                assert!(is(plan));
            }
            assert!(is(&outer));
        }
        assert!(current().is_none());
        drop(enter(&inner));
        assert!(current().is_none());
        assert!(Arc::into_inner(inner).is_some());
    }
}
