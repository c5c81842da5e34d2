//! How far a look or an action is, for whoever waits for it.

/// What is going on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stage {
    /// The audit topic is read.
    Actions,
    /// The dead-letter topics are read.
    Letters,
    /// Dead letters are replayed or discarded.
    Acting,
}

/// How far it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Progress {
    /// What is going on.
    pub stage: Stage,
    /// Records done.
    pub done: u64,
    /// Records in all, as far as it is known: of a log that lost records to compaction or aborted transactions there are
    /// fewer.
    pub total: u64,
}

/// Who waits.
pub trait Watch {
    /// It is so far. Called often: every record read, every batch acted upon.
    fn told(&mut self, progress: Progress);

    /// Whether to stop. What is done stays done, and the action can be run again.
    fn cancelled(&self) -> bool {
        false
    }
}

/// Nobody waits.
impl Watch for () {
    fn told(&mut self, _: Progress) {}
}
