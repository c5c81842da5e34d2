//! What a rehearsal cannot do, said so that the test can be mended.

/// Why a rehearsal could not do what the test asked.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The services never come to rest: each handled event leads to another one without time passing.
    #[error(
        "the rehearsal never settles: after {moves} moves at the same time things still move ({circle}); \
         look for events that lead back to themselves"
    )]
    NeverSettles {
        /// How many moves were made before it was given up.
        moves: u64,
        /// Which steps took which events over and over.
        circle: String,
    },
    /// A handler or a task of its own wakes up all the time without ever waiting for anything.
    #[error(
        "the rehearsal never settles: something was still at work after {ticks} looks; a handler that works \
         in small steps for long has to be waited for with `advance`"
    )]
    NeverQuiet {
        /// How often it was looked.
        ticks: u64,
    },
    /// A service did not leave in time.
    #[error("the service {service:?} did not stop within {seconds} s: a handler neither ends nor lets go")]
    NeverStops {
        /// The service's name.
        service: String,
        /// How long it was waited, in seconds of the rehearsal's clock.
        seconds: u64,
    },
    /// The test names a service that the rehearsal does not have.
    #[error("there is no service {service:?} in this rehearsal, which has: {known}")]
    UnknownService {
        /// The name that was asked for.
        service: String,
        /// The names there are.
        known: String,
    },
    /// The test adds a service which is there already, or restarts one that runs.
    #[error("the service {service:?} runs already")]
    RunsAlready {
        /// The service's name.
        service: String,
    },
    /// The service cannot run at all.
    #[error("the service {service:?} cannot run: {problem}")]
    Unusable {
        /// The service's name.
        service: String,
        /// What is wrong with it.
        problem: String,
    },
    /// The event cannot be started.
    #[error("the event {event_type} cannot be started: {problem}")]
    Start {
        /// The event's type.
        event_type: String,
        /// What is wrong with it.
        problem: String,
    },
}
