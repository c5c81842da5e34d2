//! Sleeping until there is something to do.

use std::future::poll_fn;
use std::pin::pin;
use std::task::Poll;
use std::time::Duration;

use tokio::sync::Notify;

/// Sleeps until `wake` is notified, `longest` has passed, or anything else wakes this task: the handlers which
/// the runner polls share its waker.
pub(super) async fn nap(wake: &Notify, longest: Duration) {
    let mut notified = pin!(wake.notified());
    let mut timer = pin!(tokio::time::sleep(longest));
    let mut asleep = false;
    poll_fn(|cx| {
        let notified = notified.as_mut().poll(cx).is_ready();
        let due = timer.as_mut().poll(cx).is_ready();
        if notified || due || asleep {
            return Poll::Ready(());
        }
        asleep = true;
        Poll::Pending
    })
    .await;
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::task::{Context, Wake, Waker};

    use super::*;

    struct Nobody;

    impl Wake for Nobody {
        fn wake(self: Arc<Self>) {}
    }

    #[tokio::test(start_paused = true)]
    async fn a_nap_ends_with_the_first_wake_whoever_it_is_from() {
        let wake = Notify::new();
        let mut asleep = pin!(nap(&wake, Duration::from_hours(1)));
        let waker = Waker::from(Arc::new(Nobody));
        let mut cx = Context::from_waker(&waker);
        assert!(asleep.as_mut().poll(&mut cx).is_pending());
        assert!(asleep.as_mut().poll(&mut cx).is_ready(), "polled again, so a handler woke the task");
    }

    #[tokio::test(start_paused = true)]
    async fn a_wake_up_that_came_before_the_nap_is_not_slept_through() {
        let wake = Notify::new();
        wake.notify_one();
        let before = tokio::time::Instant::now();
        nap(&wake, Duration::from_hours(1)).await;
        assert_eq!(before.elapsed(), Duration::ZERO);
    }
}
