//! How much may be under way at once.

use std::sync::Arc;

use tokio::sync::Semaphore;

use crate::intake::Invoice;

/// What may be under way on the embedded broker, in KiB: it keeps 5 MB for each partition and then drops the oldest, read or
/// not. All that is under way may fall into one partition.
pub const EMBEDDED_KIB: u32 = 4 * 1024;
/// What may be under way on a real broker, in KiB: it bounds this process's memory.
pub const KAFKA_KIB: u32 = 64 * 1024;

/// What an event weighs beside its lines: headers, ids, names.
const EVENT_BYTES: usize = 1_024;
/// What a line of an order weighs over all its events on one topic.
const LINE_BYTES: usize = 1_024;
/// The most events of one order on one topic.
const EVENTS: usize = 8;

/// A bound for the bytes of everything that was started and that some group may not have read yet.
#[derive(Debug, Clone)]
pub(crate) struct Window {
    free: Arc<Semaphore>,
    kib: u32,
}

impl Window {
    /// A window of so many KiB.
    pub(crate) fn new(kib: u32) -> Self {
        Self { free: Arc::new(Semaphore::new(kib as usize)), kib }
    }

    /// Waits until there is room, and takes it. What weighs more than the window goes alone. Returns what was taken, to be
    /// given back with [`Window::release`].
    pub(crate) async fn enter(&self, weight: u32) -> u32 {
        let weight = weight.min(self.kib);
        if let Ok(permit) = self.free.acquire_many(weight).await {
            permit.forget();
        }
        weight
    }

    /// Lets everybody in from now on.
    pub(crate) fn open(&self) {
        self.free.close();
    }

    /// Gives back what was taken.
    pub(crate) fn release(&self, weight: u32) {
        self.free.add_permits(weight as usize);
    }
}

/// What an invoice weighs, in KiB: an upper bound of what its workflow writes to any one topic.
pub(crate) fn weight(invoice: &Invoice) -> u32 {
    let bytes = EVENTS * EVENT_BYTES + invoice.rows as usize * LINE_BYTES;
    u32::try_from(bytes.div_ceil(1_024)).unwrap_or(u32::MAX)
}

/// What a workflow of one small event weighs, in KiB.
pub(crate) const SMALL: u32 = 4;

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn what_is_too_heavy_goes_alone_and_what_is_released_can_be_taken_again() {
        let window = Window::new(10);
        let all = window.enter(25).await;
        assert_eq!((all, window.free.available_permits()), (10, 0));
        window.release(all);
        assert_eq!((window.enter(4).await, window.free.available_permits()), (4, 6));
    }
}
