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

    /// Waits until there is room for all of it, and takes it. What weighs more than the window goes alone.
    ///
    /// What is started together must enter together: whoever holds room and waits for more may wait for itself.
    pub(crate) async fn enter(&self, weight: u32) -> Room {
        let weight = weight.min(self.kib);
        if let Ok(permit) = self.free.acquire_many(weight).await {
            permit.forget();
        }
        Room { left: weight }
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

/// Room that was taken of a [`Window`], to be shared out among workflows; each gives its share back with [`Window::release`].
#[derive(Debug)]
pub(crate) struct Room {
    left: u32,
}

impl Room {
    /// A share of so much, or of what is left.
    pub(crate) fn share(&mut self, weight: u32) -> u32 {
        let share = weight.min(self.left);
        self.left -= share;
        share
    }

    /// All that is left.
    pub(crate) fn rest(self) -> u32 {
        self.left
    }
}

/// What an invoice weighs, in KiB, with so many small workflows that begin with it: an upper bound of what they write to any
/// one topic.
pub(crate) fn weight(invoice: &Invoice, small: usize) -> u32 {
    let bytes = EVENTS * EVENT_BYTES + invoice.rows as usize * LINE_BYTES;
    u32::try_from(bytes.div_ceil(1_024) + small * SMALL as usize).unwrap_or(u32::MAX)
}

/// What a workflow of one small event weighs, in KiB.
pub(crate) const SMALL: u32 = 4;

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn what_is_too_heavy_goes_alone_and_what_is_released_can_be_taken_again() {
        let window = Window::new(10);
        let all = window.enter(25).await.rest();
        assert_eq!((all, window.free.available_permits()), (10, 0));
        window.release(all);
        assert_eq!((window.enter(4).await.rest(), window.free.available_permits()), (4, 6));
    }

    #[tokio::test]
    async fn the_shares_of_a_room_come_to_what_was_taken() {
        let window = Window::new(10);
        let mut room = window.enter(25).await;
        assert_eq!([room.share(4), room.share(4), room.share(4), room.share(4)], [4, 4, 2, 0]);
        assert_eq!(room.rest(), 0);
        window.release(10);
        let mut room = window.enter(9).await;
        assert_eq!((room.share(SMALL), room.rest()), (SMALL, 9 - SMALL));
    }
}
