//! Closing a consumer within a deadline.

use std::sync::Arc;
use std::time::Duration;

use rdkafka::consumer::Consumer;

use super::context::StepConsumer;
use crate::clock;

/// One wait for the group's farewell.
const FAREWELL_POLL: Duration = Duration::from_millis(20);

/// Leaves the group and ends the consumer, by `deadline` on the steady clock. `unanswered` says that the group
/// waits for an answer to a rebalance.
///
/// librdkafka's own close has no deadline. A consumer that is late is left to the end of the process: its
/// threads go on, and the group finds it gone when the session times out.
///
/// Nothing that borrows from the consumer may be alive, and no other handle of it.
pub(super) fn close(consumer: Arc<StepConsumer>, unanswered: bool, deadline: u64) {
    let Some(consumer) = Arc::into_inner(consumer) else {
        debug_assert!(false, "the loop holds the last handle of its consumer");
        return;
    };
    consumer.context().close();
    if let Err(error) = consumer.close_queue() {
        tracing::warn!(%error, "the consumer could not begin to close");
    }
    if unanswered {
        super::revoke::give_up(&consumer, &[]);
    }
    while !consumer.closed() && clock::millis() < deadline {
        drop(consumer.poll(FAREWELL_POLL));
    }
    if consumer.closed() {
        drop(consumer);
    } else {
        tracing::warn!("the consumer did not leave its group in time; the group will notice by itself");
        std::mem::forget(consumer);
    }
}
