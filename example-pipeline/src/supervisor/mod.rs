//! One command that runs a day of the shop: it starts the services, feeds the orders and sees what becomes of them.
//!
//! The supervisor directs nobody. It starts each service as a process of its own (by executing itself again), publishes what
//! customers and suppliers would, and watches the topics like anybody could; without it the services dance all the same.
//!
//! Threads and tasks: the `Run` alone decides; it is told by the feed (a task, fed in turn by a thread that reads
//! files), by the watch (a thread that reads topics) and by the groups (a thread that asks how far each group has committed).
//! All channels are bounded.

mod broker;
mod children;
mod declared;
mod feed;
mod interrupts;
mod kafka;
mod options;
mod progress;
mod run;
mod seen;
mod start;
mod tally;
mod telemetry;
mod watch;
mod window;

pub use self::children::{Ended, SUPERVISED, leave_with_the_supervisor};
pub use self::feed::{Error as FeedError, MAX_CUSTOMERS};
pub use self::kafka::Error as KafkaError;
pub use self::options::Options;
pub use self::run::{DRAIN, STALLED};
pub use self::seen::{Raw, Seen, What};
pub use self::start::{Error, start};
pub use self::tally::{MAX_ENDED, MAX_UNKNOWN, Started, Tally, mails};
pub use self::watch::{PACE, watch};
pub use self::window::{EMBEDDED_KIB, KAFKA_KIB};
